"""Write a video with FFmpeg: every frame once, at its exact time, with the input's sound."""

from __future__ import annotations

import io
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self, cast

import numpy as np

from cvkit.core.errors import OutputError, ParameterError
from cvkit.core.time import Time
from cvkit.core.values import Image, Mask, Raster, eight_bit
from cvkit.core.warp import Array, Size
from cvkit.io.planes import SUBSAMPLING, Bytes, Matrix, Planes, frame_of, reformatted
from cvkit.io.sinks.encoding import (
    FORMATS,
    ODD_SIZES,
    Encoding,
    encoder_of,
    layout_of,
    muxing_of,
    options_of,
    threads_of,
)
from cvkit.io.sound import Sound, SoundPacket, mux, templates

if TYPE_CHECKING:
    import av
    from av.audio.stream import AudioStream
    from av.container import OutputContainer
    from av.video.stream import VideoStream

_MATRIX_TAGS: dict[Matrix, int] = {"601": 6, "709": 1, "2020": 9}  # H.273
_LIMITED_RANGE = 1  # AVCOL_RANGE_MPEG


class _File(io.FileIO):
    """An unbuffered file, since FFmpeg reads back what it wrote to move the index first."""

    def write(self, data: bytes) -> int:  # type: ignore[override]
        view = memoryview(data)
        done = 0
        while done < len(view):  # a full disk takes a part, then says so
            done += super().write(view[done:])
        return done


class VideoWriter:
    """One video file at a temporary path. `write` each frame, then `close`; or `abort`.

    `time_base` is the source's, in which times are kept exactly (Matroska and WebM keep whole
    milliseconds). `notes` holds what the user should know of the result.
    """

    def __init__(
        self,
        path: str | Path,
        container_format: str,
        *,
        rate: Fraction | None = None,
        time_base: Fraction = Fraction(1, 1000),
        sound: Sound | None = None,
        encoding: Encoding | None = None,
        background: tuple[int, int, int] = (255, 255, 255),
    ) -> None:
        """`background` (B, G, R) lies below pictures with alpha.

        Raises ParameterError where the encoding cannot be had.
        """
        if container_format not in FORMATS:
            raise ParameterError(
                f"video format {container_format!r} cannot be written",
                remedy=f"try {', '.join(FORMATS)}",
            )
        self.notes: list[str] = []
        self.frames = 0
        self._path = Path(path)
        self._format = container_format
        self._encoding = encoding or Encoding()
        self._encoder = encoder_of(self._encoding, container_format)
        self._pix_fmt = self._encoding.pix_fmt or "yuv420p"
        self._layout = layout_of(self._pix_fmt)
        fps = self._encoding.fps
        self._rate = fps or rate or Fraction(25)
        self._base = 1 / fps if fps else time_base
        self._background = background
        self._sound = sound
        if sound is not None and fps:
            self.notes.append("sound left out: --fps changes the frames' times")
            self._sound = None
        self._out: _Output | None = None
        self._last, self._shown = 0, Fraction(0)
        self._closed = False

    def write(self, time: Time, raster: Raster) -> None:
        """Add a picture: an Image or a Mask, of the first one's size, later than the one before.

        Raises OutputError where it cannot be written; then only `abort` is left to do.
        """
        if not isinstance(raster, (Image, Mask)):
            raise TypeError(f"{type(raster).__name__} is no picture; draw it first")
        ticks = self._ticks(time)
        if self._out is None:
            self._out = self._open(raster)
        out = self._out
        if raster.size != out.size:
            raise OutputError(
                f"frame {self.frames} is {raster.size[0]}×{raster.size[1]}",
                why=f"the video began as {out.size[0]}×{out.size[1]}",
                remedy="add resize or crop with a fixed size",
            )
        out.write(self._planes(raster, out.matrix), ticks)
        self._last, self._shown = ticks, time.length * time.base * (not self._encoding.fps)
        self.frames += 1

    def close(self) -> None:
        """Finish the file. Raises OutputError where it is not whole; then `abort` removes it."""
        if self._closed:
            return
        if self._out is None:
            raise OutputError("the video has no frame", why="none reached the output")
        muxed = self._out.finish(self._last + round((self._shown or 1 / self._rate) / self._base))
        self._out = None
        if muxed != self.frames:
            raise OutputError(f"the video holds {muxed} of {self.frames} frames")
        self._closed = True

    def abort(self) -> None:
        """Drop what was written and remove the file; harmless when repeated, or after `close`."""
        if self._closed:
            return
        self._closed = True
        out, self._out = self._out, None
        if out is not None:
            out.drop()
        self._path.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None:
            self.abort()
            return
        try:
            self.close()
        except BaseException:
            self.abort()
            raise

    def _ticks(self, time: Time) -> int:
        if self._encoding.fps:
            return self.frames
        ticks = round(time.pts * time.base / self._base)
        if self.frames and ticks <= self._last:
            raise OutputError(
                f"frame {self.frames} at {time.seconds:.3f} s does not come after the one before",
                why=f"that one is at {float(self._last * self._base):.3f} s",
                remedy="set --fps to give the frames new times",
            )
        return ticks

    def _open(self, first: Image | Mask) -> _Output:
        size = first.size
        matrix: Matrix = "709" if size[1] >= 720 else "601"
        if isinstance(first, Image) and isinstance(first.pixels, Planes):
            matrix = first.pixels.matrix
        across, down = SUBSAMPLING[self._layout]
        padded = (size[0] + -size[0] % across, size[1] + -size[1] % down)
        if self._encoder in ODD_SIZES:
            padded = size
        if padded != size:
            self.notes.append(
                f"{size[0]}×{size[1]} padded to {padded[0]}×{padded[1]}: {self._pix_fmt} "
                "needs even sides"
            )
        out = _Output(self._path, FORMATS[self._format], size, padded, matrix, self._base)
        try:
            with _said():
                out.add_video(self._encoder, self._encoding, self._pix_fmt, self._rate)
                if self._sound is not None:
                    self.notes += out.add_sound(self._sound, self._format)
        except BaseException:
            out.drop()
            raise
        return out

    def _planes(self, raster: Image | Mask, matrix: Matrix) -> Planes:
        if isinstance(raster, Mask):
            gray = cast(Bytes, raster.values)
            return Planes.from_gray(gray, layout=self._layout, matrix=matrix)
        pixels = raster.pixels
        if raster.alpha is not None:
            laid = _laid(eight_bit(raster.bgr), eight_bit(raster.alpha), self._background)
            self._say("transparency laid over the background: the video has none")
            return Planes.from_bgr(laid, layout=self._layout, matrix=matrix)
        if raster.space == "gray":
            gray = cast(Bytes, eight_bit(raster.gray))
            return Planes.from_gray(gray, layout=self._layout, matrix=matrix)
        if isinstance(pixels, Planes) and pixels.matrix == matrix:
            return pixels.limited()
        bgr = cast(Bytes, eight_bit(raster.bgr))
        return Planes.from_bgr(bgr, layout=self._layout, matrix=matrix)

    def _say(self, note: str) -> None:
        if note not in self.notes:
            self.notes.append(note)


class _Output:
    """The open container with its encoder; made for the first frame, whose size it takes."""

    def __init__(
        self, path: Path, muxer: str, size: Size, padded: Size, matrix: Matrix, base: Fraction
    ) -> None:
        import av
        from av.container import Flags

        self.size = size
        self.matrix = matrix
        self._padded = padded
        self._base = base
        with _said():
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
        self._sounds: dict[int, AudioStream] = {}
        self._packets: Iterator[SoundPacket] = iter(())
        self._waiting: SoundPacket | None = None
        self._held: av.Packet[VideoStream] | None = None
        self._first = (0, 0)
        self._muxed = 0

    def add_video(self, encoder: str, encoding: Encoding, pix_fmt: str, rate: Fraction) -> None:
        """Raises ParameterError for an option that the encoder does not know."""
        import av

        assert self._container is not None
        options, threads = options_of(encoder, encoding), threads_of(self.size)
        if encoder == "libx265":
            options["x265-params"] = f"log-level=none:pools={threads}:frame-threads=2"
        try:
            stream = cast(
                "VideoStream", self._container.add_stream(encoder, rate=rate, options=options)
            )
        except ValueError as error:
            raise ParameterError(
                f"{encoder} does not go into {self._container.format.name}", why=str(error)
            ) from error
        self._stream, context = stream, stream.codec_context
        context.width, context.height = self._padded
        context.pix_fmt, context.time_base = pix_fmt, self._base
        stream.time_base = self._base
        context.colorspace, context.color_range = _MATRIX_TAGS[self.matrix], _LIMITED_RANGE
        if encoder == "libx265" and self._holds_durations:
            context.codec_tag = "hvc1"  # what Apple's players ask for
        context.thread_count = threads
        context.thread_type = "FRAME"
        if encoding.bitrate:
            context.bit_rate = encoding.bitrate
        try:
            context.open()
        except av.FFmpegError as error:
            said = ", ".join(f"{k} {v}" for k, v in {**options, "pix-fmt": pix_fmt}.items())
            raise ParameterError(f"{encoder} refuses {said}", why=error.strerror or "") from error
        if context.options:  # what it left untouched
            raise ParameterError(f"{encoder} knows no {', '.join(context.options)}")

    def add_sound(self, sound: Sound, suffix: str) -> list[str]:
        """Streams for the sound; notes for those that the container cannot hold."""
        assert self._container is not None
        notes = []
        with templates(sound.header()) as streams:
            for number, template in enumerate(streams):
                try:
                    stream = self._container.add_stream_from_template(template)
                except ValueError:
                    name = template.codec_context.codec.canonical_name
                    notes.append(f"sound left out: {suffix} holds no {name}; mkv does")
                else:
                    self._sounds[number] = stream
        if self._sounds:
            self._packets = sound.packets()
        return notes

    def write(self, planes: Planes, ticks: int) -> None:
        assert self._stream is not None
        frame = frame_of(planes, self._padded)
        if frame.format.name != self._stream.codec_context.pix_fmt:
            name = cast(str, self._stream.codec_context.pix_fmt)
            frame = reformatted(frame, name, full_range=False)
        frame.pts = ticks
        frame.time_base = self._stream.codec_context.time_base
        with _said():
            for packet in self._stream.encode(frame):
                self._mux(packet)

    def finish(self, end: int) -> int:
        """Write what is left, the index, and give the number of frames in the file.

        `end` is the tick at which the last frame is no longer shown.
        """
        assert self._stream is not None
        assert self._container is not None
        with _said():
            for packet in self._stream.encode(None):
                self._mux(packet)
            held, self._held = self._held, None
            if held is not None:
                if self._holds_durations and held.dts is not None:
                    # The track is as long as its decoding times say, which run behind what is
                    # shown: the last one makes up for it.
                    shown, decoded = end - self._first[0], held.dts - self._first[1]
                    held.duration = max(shown - decoded, 1)
                self._container.mux_one(held)
                self._muxed += 1
            self._mux_sound(None)
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
        if isinstance(self._packets, Generator):
            self._packets.close()
        self._stream = self._container = self._held = None
        self._sounds, self._packets = {}, iter(())

    def _mux(self, packet: av.Packet[VideoStream]) -> None:
        assert self._container is not None
        held, self._held = self._held, packet
        if held is None:
            self._first = (packet.pts or 0, packet.dts or 0)
        else:
            if held.dts is not None:
                self._mux_sound(held.dts * held.time_base)
            self._container.mux_one(held)
            self._muxed += 1

    def _mux_sound(self, until: Fraction | None) -> None:
        """Sound that begins up to `until`, or all. Asks for a packet only when the one before has
        ended by then, so that a pipe which sends sound before its frame is never waited for.
        """
        assert self._container is not None
        last = self._waiting
        while last is None or until is None or last.end is None or last.end <= until:
            last = next(self._packets, None)
            if last is None:
                return
            self._waiting = last
            if last.stream in self._sounds:
                mux(self._container, self._sounds[last.stream], last)


@contextmanager
def _said() -> Iterator[None]:
    """Errors of FFmpeg and of the file, said as an OutputError."""
    import av

    try:
        yield
    except (av.FFmpegError, OSError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise OutputError("the video cannot be written", why=str(why)) from error


def _laid(bgr: Array, alpha: Array, background: tuple[int, int, int]) -> Bytes:
    """A picture over one colour: (h, w, 3) uint8."""
    cover = cast(Bytes, alpha)[:, :, None].astype(np.uint16)
    below = np.array(background, np.uint16)
    laid = (cast(Bytes, bgr) * cover + below * (255 - cover) + 127) // 255
    return laid.astype(np.uint8)
