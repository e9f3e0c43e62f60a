"""Write a video with FFmpeg: every frame once, at its exact time, with the input's sound."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

from cvkit.core.errors import InputError, OutputError, ParameterError
from cvkit.core.time import Time
from cvkit.core.values import Image, Mask, Raster
from cvkit.core.warp import Size
from cvkit.io.about import UNSAID, About
from cvkit.io.planes import NATIVE, SUBSAMPLING, Matrix, Planes
from cvkit.io.sinks.aspects import aspect_on
from cvkit.io.sinks.encoders import Encoder, formats_of
from cvkit.io.sinks.encoding import FORMATS, Encoding, checked
from cvkit.io.sinks.forms import Form, form_of, is_written, pictured
from cvkit.io.sinks.muxing import VideoFile, said
from cvkit.io.sound import Sound

_LONG = 1.5
"""A frame that is shown for more than so many of the usual length says so in the file."""


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
        aspect: Fraction = Fraction(1),
        about: About = UNSAID,
    ) -> None:
        """`background` (B, G, R) lies below pictures with alpha where the video has none; `aspect`
        is the width of the source's pixels by their height; `about` holds title and chapters.

        Raises ParameterError where the encoding cannot be had.
        """
        if container_format not in FORMATS:
            raise ParameterError(
                f"video format {container_format!r} cannot be written",
                remedy=f"try {', '.join(FORMATS)}",
            )
        self.notes: list[str] = []
        self.frames = 0
        self.end: Fraction | None = None
        """When the last frame is no longer shown, in seconds, where that is known; else it is shown
        for as long as its time says, or as one of `rate`."""
        self._path = Path(path)
        self._muxer = FORMATS[container_format]
        self._encoding = encoding or Encoding()
        self._encoder = checked(self._encoding, container_format)
        fps = self._encoding.fps
        self._rate = fps or rate or Fraction(25)
        self._base = 1 / fps if fps else time_base
        self._background, self._aspect = background, aspect
        self._sound, self._about = sound, about
        if fps and not _alike(fps, rate):
            if sound is not None:
                self.notes.append("sound left out: --fps changes the frames' times")
            self._sound, self._about = None, about.untimed()
        self._out: VideoFile | None = None
        self._size: Size = (0, 0)
        self._form = form_of("yuv420p")
        self._matrix: Matrix = "601"
        self._last, self._shown = 0, Fraction(0)
        self._closed = False

    def write(self, time: Time, raster: Raster) -> None:
        """Add a picture: an Image or a Mask, of the first one's size, later than the one before.

        Raises OutputError where it cannot be written, InputError for another size; then only
        `abort` is left to do.
        """
        if not isinstance(raster, (Image, Mask)):
            raise TypeError(f"{type(raster).__name__} is no picture; draw it first")
        ticks = self._ticks(time)
        if self._out is None:
            self._out = self._open(raster)
        out = self._out
        if raster.size != self._size:
            w, h = self._size
            raise InputError(  # the next one may be well
                f"frame {self.frames} is {raster.size[0]}×{raster.size[1]}",
                why=f"the video began as {w}×{h}",
                remedy=f"add resize {w}x{h}",
            )
        frame = pictured(raster, self._form, self._matrix, out.size, self._background, self._say)
        self._last, self._shown = ticks, time.length * time.base * (not self._encoding.fps)
        long = self._shown * self._rate > _LONG
        out.write(frame, ticks, round(self._shown / self._base) if long else 0)
        self.frames += 1

    def close(self) -> None:
        """Finish the file. Raises OutputError where it is not whole; then `abort` removes it."""
        if self._closed:
            return
        if self._out is None:
            raise OutputError("the video has no frame", why="none reached the output")
        ends = self._last + round((self._shown or 1 / self._rate) / self._base)
        if self.end is not None and not self._encoding.fps:
            ends = round(self.end / self._base)
        muxed = self._out.finish(ends)
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
            apart = time.exact - self.frames * self._base
            if self._sound is not None and abs(apart) > 2 * self._base:
                self._say("sound is out of step: the frames come at uneven times; leave out --fps")
            return self.frames
        ticks = round(time.pts * time.base / self._base)
        if self.frames and ticks <= self._last:
            raise OutputError(
                f"frame {self.frames} at {time.seconds:.3f} s does not come after the one before",
                why=f"that one is at {float(self._last * self._base):.3f} s",
                remedy="set --fps to give the frames new times",
            )
        return ticks

    def _open(self, first: Image | Mask) -> VideoFile:
        self._size = first.size
        self._matrix = "709" if first.size[1] >= 720 else "601"
        if isinstance(first, Image) and isinstance(first.pixels, Planes):
            self._matrix = first.pixels.matrix
        if self._encoder.name == "mjpeg":
            self._matrix = "601"  # a JPEG has no other
        self._form = _form(first, self._encoding.pix_fmt, self._encoder, self._muxer)
        padded = self._padded()
        aspect = aspect_on(first.grid, self._aspect)
        if aspect != 1 and not self._encoder.shapes and self._muxer in ("matroska", "webm"):
            self._say(
                f"pixels are {aspect.numerator}:{aspect.denominator}, which the file does not say:"
                f" {self._encoder.name} cannot here"
            )
        out = VideoFile(self._path, self._muxer, padded, self._base)
        try:
            with said():
                out.add_video(
                    *(self._encoder, self._encoding, self._form),
                    matrix=self._matrix,
                    rate=self._rate,
                    aspect=aspect,
                )
                out.add_about(self._about)
                if self._sound is not None:
                    self.notes += out.add_sound(self._sound)
        except BaseException:
            out.drop()
            raise
        if self._encoder.name == "libx264" and self._form.bits > 8 and not self._encoding.pix_fmt:
            self._say(
                "H.264 of 10 bits, which browsers and many players do not show;"
                " --pix-fmt yuv420p writes 8"
            )
        return out

    def _padded(self) -> Size:
        """The size in the file. H.264 and HEVC can crop in steps of a chroma sample only."""
        (w, h), encoder, form = self._size, self._encoder, self._form
        if min(w, h) < encoder.least:
            raise OutputError(
                f"{w}×{h} is too small for {self._encoding.codec}",
                why=f"its sides are {encoder.least} pixels or more",
                remedy="resize, or choose another --codec",
            )
        across, down = SUBSAMPLING.get(form.layout or "444", (1, 1))
        if encoder.known and encoder.odd:
            return self._size
        padded = (w + -w % across, h + -h % down)
        if padded != self._size:
            self._say(f"{w}×{h} padded to {padded[0]}×{padded[1]}: {form.name} needs even sides")
        return padded

    def _say(self, note: str) -> None:
        if note not in self.notes:
            self.notes.append(note)


def _alike(fps: Fraction, rate: Fraction | None) -> bool:
    """Whether they are the same as people write them: 29.97 is 30000/1001."""
    return rate is not None and abs(fps / rate - 1) < Fraction(1, 50_000)


def _form(first: Image | Mask, asked: str | None, encoder: Encoder, muxer: str) -> Form:
    """The pixel format: as asked, else what the encoder has for pictures like the first."""
    if asked is not None:
        return form_of(asked)
    if encoder.lossless:
        return _untouched(first)
    deep = isinstance(first, Image) and first.depth != "uint8"
    clear = isinstance(first, Image) and first.alpha is not None
    if clear and muxer in encoder.alpha_muxers:
        return form_of(encoder.alpha)
    if deep and encoder.deep:
        return form_of(encoder.deep)
    formats = [] if encoder.known else formats_of(encoder)
    if formats and encoder.plain not in formats:
        return form_of(next(filter(is_written, formats), encoder.plain))
    return form_of(encoder.plain)


def _untouched(first: Image | Mask) -> Form:
    """The format in which nothing of a picture like this is lost."""
    if isinstance(first, Mask):
        return form_of("gray")
    deep, pixels = first.depth != "uint8", first.pixels
    if first.alpha is not None:
        return form_of("rgba64le" if deep else "bgra")
    if first.space == "gray":
        return form_of("gray16le" if deep else "gray")
    if isinstance(pixels, Planes):
        name = next(name for name, layout in NATIVE.items() if layout == pixels.layout)
        return Form(name, pixels.layout, 8, alpha=False, full=pixels.full_range)
    return form_of("rgb48le" if deep else "bgr0")
