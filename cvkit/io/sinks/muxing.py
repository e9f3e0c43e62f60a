"""An open video file: a container with an encoder, its packets and those of the sound."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, cast

from cvkit.core.errors import OutputError, ParameterError
from cvkit.core.warp import Size
from cvkit.io.about import About
from cvkit.io.planes import FULL_RANGE, Matrix
from cvkit.io.sinks.encoders import Encoder
from cvkit.io.sinks.encoding import Encoding, muxing_of, options_of, threads_of
from cvkit.io.sinks.forms import Form
from cvkit.io.sinks.soundtrack import Soundtrack
from cvkit.io.sound import Sound

if TYPE_CHECKING:
    import av
    from av.bitstream import BitStreamFilterContext
    from av.container import OutputContainer
    from av.video.stream import VideoStream

_IN_ORDER = 2
"""So few frames are decoded in the order they are shown; x265 gives them random decoding times."""
_LIMITED_RANGE = 1  # AVCOL_RANGE_MPEG


class _File(io.FileIO):
    """An unbuffered file, since FFmpeg reads back what it wrote to move the index first."""

    def write(self, data: bytes) -> int:  # type: ignore[override]
        view = memoryview(data)
        done = 0
        while done < len(view):  # a full disk takes a part, then says so
            done += super().write(view[done:])
        return done


class VideoFile:
    """A container at a path, opened for frames of one size in ticks of `base` seconds."""

    def __init__(self, path: Path, muxer: str, size: Size, base: Fraction) -> None:
        """Raises OutputError where it cannot be written."""
        import av
        from av.container import Flags

        self._muxer = muxer
        self.size = size
        self._base = base
        with said():
            self._file = _File(path, "wb")
            self._container: OutputContainer | None = av.open(
                self._file,
                "w",
                format=muxer,
                container_options=muxing_of(muxer, base),
                buffer_size=1 << 18,
            )
        self._container.flags |= cast(int, Flags.bitexact.value)  # no clock, no version
        self._holds_durations = muxer in ("mp4", "mov")
        self._stream: VideoStream | None = None
        self._sound: Soundtrack | None = None
        self._filter: BitStreamFilterContext | None = None
        self._held: av.Packet[VideoStream] | None = None
        self._lasting: dict[int, int] = {}
        self._first = (0, 0)
        self._sent = self._muxed = 0

    def add_video(
        self,
        encoder: Encoder,
        encoding: Encoding,
        form: Form,
        *,
        matrix: Matrix,
        rate: Fraction,
        aspect: Fraction,
    ) -> None:
        """Raises ParameterError for an option that the encoder does not know."""
        assert self._container is not None
        if encoder.name == "libsvtav1":
            os.environ.setdefault("SVT_LOG", "1")  # errors only; it would tell of itself on stderr
        options = options_of(encoder, encoding, form.name, self.size)
        try:
            stream = cast(
                "VideoStream", self._container.add_stream(encoder.name, rate=rate, options=options)
            )
        except ValueError as error:
            raise ParameterError(
                f"{encoder.name} does not go into {self._muxer}", why=str(error)
            ) from error
        self._stream, context = stream, stream.codec_context
        context.width, context.height = self.size
        context.pix_fmt, context.time_base = form.name, self._base
        stream.time_base = self._base
        context.colorspace, context.color_primaries, context.color_trc = form.tags(matrix)
        context.color_range = FULL_RANGE if form.full else _LIMITED_RANGE
        if aspect != 1:
            context.sample_aspect_ratio = aspect
        if encoder.name == "libx265" and self._holds_durations:
            context.codec_tag = "hvc1"  # what Apple's players ask for
        # VP8's threads wait for each other in loops, and without a core each hardly get on.
        context.thread_count = 1 if encoder.name == "libvpx" else threads_of(self.size)
        context.thread_type = "SLICE" if encoder.name == "ffv1" else "FRAME"
        if encoding.bitrate:
            context.bit_rate = encoding.bitrate
        self._start(encoder, encoding, options)

    def _start(self, encoder: Encoder, encoding: Encoding, options: dict[str, str]) -> None:
        import av
        from av.bitstream import BitStreamFilterContext

        assert self._stream is not None
        context = self._stream.codec_context
        try:
            with _ordinary_priority():
                context.open()
        except (av.FFmpegError, NotImplementedError) as error:
            shown = {k: v for k, v in options.items() if k != "flags" and "params" not in k}
            if encoding.bitrate:
                shown["bitrate"] = str(encoding.bitrate)
            shown["pix-fmt"] = context.pix_fmt or ""
            told = ", ".join(f"{k} {v}" for k, v in shown.items())
            why = getattr(error, "strerror", "") or ""
            raise ParameterError(f"{encoder.name} refuses {told}", why=why) from error
        if context.options:  # what it left untouched
            raise ParameterError(f"{encoder.name} knows no {', '.join(context.options)}")
        if encoder.name == "libx264":  # its version, in every file
            self._filter = BitStreamFilterContext("filter_units=remove_types=6", self._stream)

    def add_about(self, about: About) -> None:
        """Title and chapters."""
        assert self._container is not None
        about.write(self._container)

    def add_sound(self, sound: Sound) -> list[str]:
        """Streams for the sound; notes on those that are not kept as they were."""
        assert self._container is not None
        self._sound = Soundtrack(self._container, self._muxer, sound)
        return self._sound.notes

    def write(self, frame: av.VideoFrame, ticks: int, lasts: int = 0) -> None:
        """`lasts` is how many ticks it is shown, where that is more than usual: the last shown may
        be written before others."""
        assert self._stream is not None
        self._sent += 1
        if lasts:
            self._lasting[ticks] = lasts
        frame.pts = ticks
        frame.time_base = self._stream.codec_context.time_base
        with said():
            for packet in self._stream.encode(frame):
                self._pass(packet)

    def finish(self, end: int) -> int:
        """Write what is left, the index, and give the number of frames in the file.

        `end` is the tick at which the last frame is no longer shown.
        """
        assert self._stream is not None
        assert self._container is not None
        with said():
            for packet in self._stream.encode(None):
                if self._sent <= _IN_ORDER:
                    packet.dts = packet.pts
                self._pass(packet)
            held, self._held = self._held, None
            if held is not None:
                if self._holds_durations and held.dts is not None:
                    # The track is as long as its decoding times say, which run behind what is
                    # shown: the last one makes up for it.
                    shown, decoded = end - self._first[0], held.dts - self._first[1]
                    held.duration = max(shown - decoded, 1)
                self._container.mux_one(held)
                self._muxed += 1
            if self._sound is not None:
                self._sound.finish()
            self._container.close()
            self._file.close()
        self._forget()
        return self._muxed

    def drop(self) -> None:
        """Free everything without writing more."""
        # With its file closed, the container writes no index.
        with suppress(OSError):
            self._file.close()
        if self._container is not None:
            with suppress(Exception):  # it is thrown away: what it says of its end is of no use
                self._container.close()
        self._forget()

    def _forget(self) -> None:
        if self._sound is not None:
            self._sound.close()
        self._stream = self._container = self._held = self._sound = self._filter = None

    def _pass(self, packet: av.Packet[VideoStream]) -> None:
        if self._filter is None:
            self._mux(packet)
            return
        for filtered in self._filter.filter(packet):
            self._mux(cast("av.Packet[VideoStream]", filtered))

    def _mux(self, packet: av.Packet[VideoStream]) -> None:
        assert self._container is not None
        held, self._held = self._held, packet
        if packet.pts is not None:
            packet.duration = self._lasting.pop(packet.pts, packet.duration or 0)
        if held is None:
            self._first = (packet.pts or 0, packet.dts or 0)
        else:
            if held.dts is not None and self._sound is not None:
                self._sound.write(held.dts * held.time_base)
            self._container.mux_one(held)
            self._muxed += 1


@contextmanager
def _ordinary_priority() -> Iterator[None]:
    """Threads that come out of it are scheduled as those that went in: SVT-AV1, run by root, makes
    the caller and its own threads real-time ones, which starve the machine and all children."""
    if not (hasattr(os, "sched_setscheduler") and os.path.isdir("/proc/self/task")):
        yield
        return
    before, values = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        yield
    finally:
        for task in map(int, os.listdir("/proc/self/task")):
            with suppress(OSError):  # it has ended
                if os.sched_getscheduler(task) in (os.SCHED_FIFO, os.SCHED_RR):
                    os.sched_setscheduler(task, before, values)


@contextmanager
def said() -> Iterator[None]:
    """Errors of FFmpeg and of the file, said as an OutputError."""
    import av

    try:
        yield
    except (av.FFmpegError, OSError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise OutputError("the video cannot be written", why=str(why)) from error
