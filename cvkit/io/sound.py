"""The sound of a moving input, carried through as encoded packets; decoded only where its codec
cannot be copied from one file to another.

A header, a tiny Matroska file with every sound stream and its first packet, says what the packets
are, so that they can be written on the other side of a pipe.
"""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, cast

from cvkit.core.errors import DamagedError, InputError
from cvkit.io.plain_sound import Samples, described

if TYPE_CHECKING:
    import av
    from av.audio.stream import AudioStream
    from av.container import InputContainer, OutputContainer


# A step back of more than so many seconds is a clock that was set anew.
_NEW_CLOCK = 1
# Reading that fails so often in a row does not get anywhere any more.
_FAILURES = 1000


@dataclass(frozen=True, slots=True)
class SoundPacket:
    """One encoded packet. Times are ticks of `time_base` seconds; `stream` counts from 0."""

    stream: int
    pts: int | None
    dts: int | None
    duration: int
    time_base: Fraction
    keyframe: bool
    data: bytes

    @property
    def begin(self) -> Fraction | None:
        """When it begins to be heard, in seconds; None where it has no time."""
        start = self.pts if self.pts is not None else self.dts
        return None if start is None else start * self.time_base

    @property
    def end(self) -> Fraction | None:
        """When it has been heard, in seconds; None where it has no time."""
        start = self.dts if self.dts is not None else self.pts
        return None if start is None else (start + self.duration) * self.time_base


class Sound:
    """All sound streams of one input."""

    def __init__(
        self,
        *,
        path: Path | None,
        header: bytes,
        packets: Iterator[SoundPacket],
        origin: Fraction = Fraction(0),
        salvage: bool = False,
    ) -> None:
        self._path = path
        self._header = header
        self._packets = packets
        self._origin, self._salvage = origin, salvage
        self._plain: frozenset[int] = frozenset()

    @classmethod
    def of_file(
        cls, path: str | Path, *, origin: Fraction = Fraction(0), salvage: bool = False
    ) -> Sound | None:
        """The sound of a local file, read when it is asked for; None where there is none.

        `origin` is the instant of the file's clock, in seconds, that counts as 0. With `salvage`
        what cannot be read of it is left out. Raises InputError where the file cannot be opened.
        """
        path = Path(path)
        with _opened(path) as container:
            if not container.streams.audio:
                return None
            header, plain = _header(container)
        sound = cls(path=path, header=header, packets=iter(()), origin=origin, salvage=salvage)
        sound._plain = plain
        return sound

    @classmethod
    def from_parts(cls, header: bytes, packets: Iterator[SoundPacket]) -> Sound:
        """From what `header` and `packets` gave elsewhere; the packets can be read once."""
        return cls(path=None, header=header, packets=packets)

    def header(self) -> bytes:
        """A Matroska file that holds each stream's description and first packet."""
        return self._header

    def packets(self) -> Iterator[SoundPacket]:
        """Every packet in the order of the file, a few at a time.

        Of a file, each call reads it anew. Raises DamagedError where it cannot be read to its end.
        """
        if self._path is None:
            return self._packets
        return _read(self._path, self._origin, self._plain, salvage=self._salvage)


class Stretches:
    """The sound of one input handed out one stretch of time after the other, each from 0 on.

    A packet belongs to the stretch in which it begins. `reach` is how far the open one goes as far
    as is known, in seconds of the input: packets that begin later are kept back; None is to the end
    of the sound.
    """

    def __init__(self, sound: Sound, *, moved: bool = True) -> None:
        """With `moved` False all keep the times of the input."""
        self._header, self._packets = sound.header(), iter(sound.packets())
        self._start, self._moved = Fraction(0), moved
        self._ahead: SoundPacket | None = None
        self.reach: Fraction | None = Fraction(0)

    def begin(self, start: Fraction) -> Sound:
        """The stretch from `start` seconds on; the one before has none of the sound any more."""
        self._start = start
        return Sound.from_parts(self._header, self)

    def __iter__(self) -> Iterator[SoundPacket]:
        return self

    def __next__(self) -> SoundPacket:
        """Stops where nothing within reach has come yet; it may be asked again."""
        while True:
            packet = self._ahead or next(self._packets)
            self._ahead = packet
            begin, end = packet.begin, packet.end
            if self.reach is not None and begin is not None and begin >= self.reach:
                raise StopIteration
            self._ahead = None
            if end is None or end > self._start:
                return later(packet, -self._start) if self._moved else packet


@contextmanager
def templates(header: bytes) -> Iterator[list[AudioStream]]:
    """The streams that a header describes, for `add_stream_from_template`."""
    import av

    try:
        container = av.open(io.BytesIO(header), "r", format="matroska")
    except av.FFmpegError as error:
        raise DamagedError("the header of the sound cannot be read", why=str(error)) from error
    with container:
        yield list(container.streams.audio)


def alike(one: bytes, two: bytes) -> bool:
    """Whether the streams that two headers describe can follow each other in one file."""
    with templates(one) as first, templates(two) as second:
        return [_kind(stream) for stream in first] == [_kind(stream) for stream in second]


def _kind(stream: AudioStream) -> tuple[object, ...]:
    context = stream.codec_context
    return (context.name, context.sample_rate, context.layout.name, context.extradata)


@contextmanager
def _opened(path: Path) -> Iterator[InputContainer]:
    import av

    try:
        # `file:` keeps a name with a colon from being taken for a protocol.
        container = av.open(f"file:{path}", "r", options={"protocol_whitelist": "file"})
    except (av.FFmpegError, ValueError) as error:
        raise InputError(f"{path.name}: its sound cannot be read", why=str(error)) from error
    with container:
        yield container


def _read(
    path: Path, origin: Fraction, plain: frozenset[int], *, salvage: bool
) -> Iterator[SoundPacket]:
    import av
    from av.stream import Discard

    failures, clocks = 0, defaultdict[int, _Clock](_Clock)
    with _opened(path) as container:
        streams = container.streams.audio
        numbers = {stream.index: number for number, stream in enumerate(streams)}
        samples = {number: Samples(streams[number]) for number in plain}
        for stream in container.streams:
            if stream.index not in numbers:  # its bytes are not even read
                stream.discard = Discard.all
        while True:
            try:
                for packet in container.demux(streams):
                    if packet.size and not (salvage and packet.is_corrupt):
                        failures, number = 0, numbers[packet.stream_index]
                        for one in _made(packet, number, origin, samples.get(number)):
                            yield clocks[number].advancing(one)
                break
            except av.FFmpegError as error:
                failures += 1
                if not salvage:
                    raise DamagedError(
                        f"{path.name}: its sound is damaged", why=str(error)
                    ) from error
                if failures > _FAILURES:
                    break
        for number, decoder in samples.items():
            with suppress(av.FFmpegError):  # what is left of the last packet
                for one in _made(None, number, origin, decoder):
                    yield clocks[number].advancing(one)


def _made(
    packet: av.Packet[AudioStream] | None, number: int, origin: Fraction, samples: Samples | None
) -> Iterator[SoundPacket]:
    """What goes on of a packet: itself, or the samples in it."""
    if samples is None:
        if packet is not None:
            yield _packet(packet, number, origin)
        return
    base, late = Fraction(1, samples.rate), round(origin * samples.rate)
    for start, count, data in samples.of(packet):
        at = start - late
        yield SoundPacket(number, at, at, count, base, keyframe=True, data=data)


@dataclass
class _Clock:
    """That of one stream, which goes on where files were joined and begins anew."""

    end: Fraction | None = None
    late: Fraction = Fraction(0)

    def advancing(self, packet: SoundPacket) -> SoundPacket:
        """A packet at its time after those before."""
        moved = later(packet, self.late) if self.late else packet
        begin, end = moved.begin, moved.end
        if begin is None or end is None:
            return packet
        if self.end is not None and self.end - begin > _NEW_CLOCK:
            self.late += self.end - begin
            moved = later(packet, self.late)
            end = moved.end
        self.end = end
        return moved


def later(packet: SoundPacket, seconds: Fraction) -> SoundPacket:
    """The packet, heard so many seconds later."""
    ticks = round(seconds / packet.time_base)
    pts = None if packet.pts is None else packet.pts + ticks
    return replace(packet, pts=pts, dts=None if packet.dts is None else packet.dts + ticks)


def _packet(
    packet: av.Packet[AudioStream], number: int, origin: Fraction = Fraction(0)
) -> SoundPacket:
    ticks = round(origin / packet.time_base) if origin else 0
    return SoundPacket(
        stream=number,
        pts=None if packet.pts is None else packet.pts - ticks,
        dts=None if packet.dts is None else packet.dts - ticks,
        duration=packet.duration or 0,
        time_base=packet.time_base,
        keyframe=packet.is_keyframe,
        data=bytes(packet),
    )


def _header(container: InputContainer) -> tuple[bytes, frozenset[int]]:
    """With the numbers of the streams whose samples are carried.

    Raises ValueError where one can be neither copied nor decoded.
    """
    import av
    from av.container import Flags

    streams = container.streams.audio
    buffer, plain = io.BytesIO(), set()
    with av.open(buffer, "w", format="matroska") as out:
        out.flags |= cast(int, Flags.bitexact.value)
        missing, silent = {}, []
        for number, stream in enumerate(streams):
            try:
                copy = missing[stream.index] = out.add_stream_from_template(stream)
            except ValueError:  # PyAV knows no container that takes it from one file to another
                copy = described(out, stream)
                plain.add(number)
                silent.append((copy, bytes(2 * stream.codec_context.channels)))
            if "language" in stream.metadata:
                copy.metadata["language"] = stream.metadata["language"]
        for copy, data in silent:  # one sample of it
            mux(
                out, copy, SoundPacket(0, 0, 0, 1, Fraction(1, copy.rate), keyframe=True, data=data)
            )
        for packet in container.demux(streams) if missing else ():
            found = missing.pop(packet.stream_index, None) if packet.size else None
            if found is not None:
                mux(out, found, _packet(packet, 0), start=0)
            if not missing:
                break
        out.start_encoding()
    return buffer.getvalue(), frozenset(plain)


def mux(
    out: OutputContainer, stream: AudioStream, packet: SoundPacket, *, start: int | None = None
) -> None:
    """Write a packet to a stream of `out`, at its own time or at tick `start`."""
    import av

    copy = av.Packet(packet.data)
    copy.stream = stream
    copy.time_base = packet.time_base
    copy.pts = packet.pts if start is None else start
    copy.dts = packet.dts if start is None else start
    copy.duration = packet.duration
    copy.is_keyframe = packet.keyframe
    out.mux_one(copy)
