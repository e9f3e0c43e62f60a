"""Sound of a codec that cannot be copied from one file to another, as its samples."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import av
    from av.audio.stream import AudioStream
    from av.container import OutputContainer

CODEC = "pcm_s16le"
WAS = "CVKIT_WAS"
"""The tag of a stream that says which codec its samples came in."""
_LAYOUTS = {"1 channels": "mono", "2 channels": "stereo", "6 channels": "5.1", "8 channels": "7.1"}
"""What channels are that a file does not name."""
# Samples that come later than this after the ones before leave silence between.
_GAP = Fraction(1, 50)


def layout_of(stream: AudioStream) -> str:
    """The layout of its channels, the usual one for so many where it is not named."""
    name = stream.codec_context.layout.name
    return _LAYOUTS.get(name, name)


def described(out: OutputContainer, stream: AudioStream) -> AudioStream:
    """A stream of samples in `out`. Raises ValueError where FFmpeg cannot decode it."""
    if stream.codec_context is None:
        raise ValueError("there is no decoder for it")
    made: AudioStream = out.add_stream(CODEC, rate=stream.codec_context.sample_rate)  # type: ignore[assignment]
    made.codec_context.layout = layout_of(stream)
    made.metadata[WAS] = stream.codec_context.codec.canonical_name
    return made


class Samples:
    """The samples of one stream: 16 bits, channels in turn, each stretch at its time in seconds."""

    def __init__(self, stream: AudioStream) -> None:
        import av

        self._decoder = stream.codec_context
        self.rate = self._decoder.sample_rate
        self._resampler = av.AudioResampler("s16", layout_of(stream), self.rate)
        self._next = 0

    def of(self, packet: av.Packet[AudioStream] | None) -> Iterator[tuple[int, int, bytes]]:
        """What a packet, or the end, gives: the number of its first sample, how many, and their
        bytes. Raises av.FFmpegError where it is broken."""
        for frame in self._decoder.decode(packet):
            at = None
            if frame.pts is not None and frame.time_base:
                at = round(frame.pts * frame.time_base * self.rate)
            if at is not None and abs(at - self._next) > _GAP * self.rate:
                self._next = at
            frame.pts = None
            for part in self._resampler.resample(frame):
                yield self._part(part)
        if packet is None:
            for part in self._resampler.resample(None):
                yield self._part(part)

    def _part(self, part: av.AudioFrame) -> tuple[int, int, bytes]:
        start, self._next = self._next, self._next + part.samples
        size = part.samples * part.layout.nb_channels * 2
        return start, part.samples, bytes(part.planes[0])[:size]
