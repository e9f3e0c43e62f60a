"""The sound of a video that is written: packets as they came, or encoded anew where the container
does not hold them."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import ExitStack
from fractions import Fraction
from typing import TYPE_CHECKING, cast

import numpy as np

from cvkit.io.plain_sound import WAS, layout_of
from cvkit.io.sinks.encoders import SUFFIX_OF
from cvkit.io.sound import Sound, SoundPacket, mux, templates

if TYPE_CHECKING:
    import av
    from av.audio.codeccontext import AudioCodecContext
    from av.audio.stream import AudioStream
    from av.container import OutputContainer

# What players of each container can be expected to know; FFmpeg would write more.
_BOXES = {"aac", "mp3", "ac3", "eac3", "alac"}
_HOLDS: dict[str, set[str]] = {
    "mp4": _BOXES | {"opus", "flac"},
    "mov": _BOXES | {"pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s24be", "pcm_s32le", "pcm_f32le"},
    "webm": {"opus", "vorbis"},
}
_ENCODERS = {"webm": "libopus"}
_NAMES = {"libopus": "Opus", "aac": "AAC"}
_OPUS_RATE = 48000
_BIT_RATE = 80_000
"""A channel, at which neither can be told from the original by most."""
_GAP = Fraction(1, 50)
"""Packets that come later than this after the one before leave silence between."""


class Soundtrack:
    """The streams of `sound` in an opened container; `notes` says which are not as they were."""

    def __init__(self, container: OutputContainer, muxer: str, sound: Sound) -> None:
        """Raises DamagedError where the sound's header is broken."""
        self.notes: list[str] = []
        self._container = container
        self._copies: dict[int, AudioStream] = {}
        self._anew: dict[int, _Anew] = {}
        self._packets: Iterator[SoundPacket] = iter(())
        self._waiting: SoundPacket | None = None
        self._open = ExitStack()
        try:
            for number, template in enumerate(self._open.enter_context(templates(sound.header()))):
                self._add(number, template, muxer)
        except BaseException:
            self._open.close()
            raise
        if self._copies or self._anew:
            self._packets = iter(sound.packets())

    def write(self, until: Fraction | None) -> None:
        """Sound that begins up to `until` seconds, or all. Asks for a packet only when the one
        before has ended by then, so that a pipe which sends sound before its frame is never waited
        for."""
        last = self._waiting
        while last is None or until is None or last.end is None or last.end <= until:
            last = next(self._packets, None)
            if last is None:
                return
            self._waiting = last
            if last.stream in self._copies:
                mux(self._container, self._copies[last.stream], last)
            elif last.stream in self._anew:
                self._mux(self._anew[last.stream].encoded(last))

    def finish(self) -> None:
        """Sound that is left, and what encoders hold."""
        self.write(None)
        for anew in self._anew.values():
            self._mux(anew.rest())

    def close(self) -> None:
        """Let go of everything; harmless when repeated."""
        if isinstance(self._packets, Generator):
            self._packets.close()
        self._packets = iter(())
        self._copies, self._anew = {}, {}
        self._open.close()

    def _mux(self, packets: Iterator[av.Packet[AudioStream]]) -> None:
        for packet in packets:
            self._container.mux_one(packet)

    def _add(self, number: int, template: AudioStream, muxer: str) -> None:
        name = template.codec_context.codec.canonical_name
        language = template.metadata.get("language")
        was = template.metadata.get(WAS)
        if was is None and (muxer not in _HOLDS or name in _HOLDS[muxer]):
            try:
                stream = self._container.add_stream_from_template(template)
            except ValueError:
                pass
            else:
                self._copies[number] = stream
                _speak(stream, language)
                return
        encoder = _ENCODERS.get(muxer, "aac")
        suffix = SUFFIX_OF.get(muxer, muxer)
        try:
            anew = _Anew(self._container, template, encoder)
        except ValueError as error:  # so many channels, say
            self._say(
                f"sound left out: {suffix} holds no {was or name}, and {encoder} refuses it:"
                f" {error}"
            )
            return
        self._anew[number] = anew
        _speak(anew.stream, language)
        why = f"{was} cannot be copied" if was else f"{suffix} holds no {name}"
        self._say(f"sound encoded anew as {_NAMES[encoder]}: {why}")

    def _say(self, note: str) -> None:
        if note not in self.notes:
            self.notes.append(note)


class _Anew:
    """One stream decoded and encoded again, at the times of its packets."""

    def __init__(self, container: OutputContainer, template: AudioStream, encoder: str) -> None:
        import av

        source = template.codec_context
        self._decoder = source
        rate = source.sample_rate
        rates = av.Codec(encoder, "w").audio_rates
        if encoder == "libopus" or (rates and rate not in rates):
            rate = _OPUS_RATE
        options = {"flags": "+bitexact"}  # AAC would hold its encoder's version
        layout = layout_of(template)
        trial = cast("AudioCodecContext", av.CodecContext.create(encoder, "w"))
        for add in (False, True):  # what is refused must not be in the container
            if add:
                made = container.add_stream(encoder, rate=rate, options=options)
                self.stream = cast("AudioStream", made)
            context = self.stream.codec_context if add else trial
            context.sample_rate, context.layout = rate, layout
            context.bit_rate = _BIT_RATE * source.channels
            context.format = av.Codec(encoder, "w").audio_formats[0]  # type: ignore[index]
            context.open()
        self._rate = rate
        self._next: int | None = None
        self._resampler = av.AudioResampler(context.format, context.layout, rate)

    def encoded(self, packet: SoundPacket) -> Iterator[av.Packet[AudioStream]]:
        """Of one packet. What of it is damaged is left out, and silent."""
        import av

        coded = av.Packet(packet.data)
        coded.time_base = packet.time_base
        coded.pts, coded.dts = packet.pts, packet.dts
        try:
            frames = self._decoder.decode(coded)
        except av.FFmpegError:
            return
        begins = None if packet.pts is None else packet.pts * packet.time_base
        for frame in frames:
            frame.pts = None  # the resampler keeps the samples in a row; times are counted here
            for part in self._resampler.resample(frame):
                yield from self._put(part, begins)
                begins = None

    def rest(self) -> Iterator[av.Packet[AudioStream]]:
        """What decoder, resampler and encoder hold."""
        for frame in self._decoder.decode(None):
            frame.pts = None
            for part in self._resampler.resample(frame):
                yield from self._put(part, None)
        for part in self._resampler.resample(None):
            yield from self._put(part, None)
        if self._next is not None:
            yield from self.stream.encode(None)

    def _put(
        self, part: av.AudioFrame, begins: Fraction | None
    ) -> Iterator[av.Packet[AudioStream]]:
        """Encode samples at their place: after silence where those before ended long ago."""
        at = self._next if begins is None else round(begins * self._rate)
        if self._next is None:
            self._next = at or 0
        elif at is not None and at - self._next > _GAP * self._rate:
            yield from self._encode(_silence(part, at - self._next))
        yield from self._encode(part)

    def _encode(self, part: av.AudioFrame) -> Iterator[av.Packet[AudioStream]]:
        assert self._next is not None
        part.pts, part.time_base, part.sample_rate = self._next, Fraction(1, self._rate), self._rate
        self._next += part.samples
        yield from self.stream.encode(part)


def _silence(like: av.AudioFrame, samples: int) -> av.AudioFrame:
    import av

    shape = list(like.to_ndarray().shape)
    shape[1] = samples * (1 if like.format.is_planar else like.layout.nb_channels)
    quiet = np.zeros(shape, like.to_ndarray().dtype)
    return av.AudioFrame.from_ndarray(quiet, format=like.format.name, layout=like.layout.name)


def _speak(stream: AudioStream, language: str | None) -> None:
    if language:
        stream.metadata["language"] = language
