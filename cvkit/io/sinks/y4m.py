"""Write YUV4MPEG2: a line of text, then each frame's planes as they are; for others in a pipe."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, Protocol, cast

import numpy as np

from cvkit.core.errors import OutputError
from cvkit.core.time import Time
from cvkit.core.values import Image, Mask, Raster, eight_bit
from cvkit.core.warp import Size
from cvkit.io.codecs.writing import laid_over
from cvkit.io.planes import Bytes, Layout, Matrix, Planes, matrix_of

_TAGS: dict[Layout, str] = {"gray": "mono", "420": "420jpeg", "422": "422", "444": "444"}
_RATE = Fraction(25)


class Writes(Protocol):
    def write(self, data: Any, /) -> int: ...  # noqa: ANN401 - whatever has bytes


class Y4mWriter:
    """One raw video. `write` each frame; `notes` holds what the user should know of the result.

    Masks and grey pictures are written as grey of full range, colours in the range and with the
    chroma that the first frame came in: limited 4:2:0 where it was no video's. The format knows no
    matrix: it is 709 from 720 lines on, else 601. Frames have no times of their own.
    """

    def __init__(
        self,
        file: Writes,
        *,
        rate: Fraction | None,
        aspect: Fraction = Fraction(1),
        layout: Layout | None = None,
        background: tuple[int, int, int] = (255, 255, 255),
    ) -> None:
        """`aspect` is a pixel's width by its height; `background` (B, G, R) lies below
        transparency."""
        self.notes: list[str] = []
        self.frames = 0
        self._file, self._rate, self._aspect = file, rate or _RATE, aspect
        self._asked, self._background = layout, background
        self._size: Size = (0, 0)
        self._layout: Layout = "420"
        self._full = False
        self._start = Fraction(0)

    def write(self, time: Time, raster: Raster) -> None:
        """Add an Image or a Mask of the first one's size. Raises OutputError."""
        if not isinstance(raster, (Image, Mask)):
            raise TypeError(f"{type(raster).__name__} is no picture; draw it first")
        if not self.frames:
            self._begin(time, raster)
        elif raster.size != self._size:
            had, has = (f"{w}×{h}" for w, h in (self._size, raster.size))
            raise OutputError(
                f"frame {self.frames} is {has}",
                why=f"the video began as {had}",
                remedy="add resize or crop with a fixed size",
            )
        self._keep_time(time)
        self._file.write(b"FRAME\n")
        self._file.write(np.ascontiguousarray(self._planes(raster)))
        self.frames += 1

    def _begin(self, time: Time, first: Image | Mask) -> None:
        self._size, self._start = first.size, time.pts * time.base
        self._layout = self._asked or _layout(first)
        pixels = first.pixels if isinstance(first, Image) else None
        full = isinstance(pixels, Planes) and pixels.full_range
        self._full = full or self._layout == "gray"
        (w, h), rate, aspect = first.size, self._rate, self._aspect
        span = "FULL" if self._full else "LIMITED"
        self._file.write(
            f"YUV4MPEG2 W{w} H{h} F{rate.numerator}:{rate.denominator} Ip "
            f"A{aspect.numerator}:{aspect.denominator} C{_TAGS[self._layout]} "
            f"XCOLORRANGE={span}\n".encode()
        )

    def _keep_time(self, time: Time) -> None:
        late = (time.pts * time.base - self._start) * self._rate - self.frames
        if abs(late) > 1:
            self._say(f"y4m has no times: its frames are shown {float(self._rate):.4g} a second")

    def _planes(self, raster: Image | Mask) -> Bytes:
        matrix, layout = matrix_of(2, self._size[1]), self._layout
        if isinstance(raster, Mask):
            gray = cast(Bytes, raster.values)
        else:
            if raster.depth != "uint8":
                self._say("reduced to 8 bits for y4m")
            pixels = raster.pixels
            if raster.alpha is not None:
                self._say("transparency laid over the background: y4m has none")
                raster = Image.of(laid_over(raster, self._background), raster.grid)
            elif isinstance(pixels, Planes) and _fits(pixels, layout, matrix):
                return pixels.ranged(full=self._full).buffer
            if raster.space != "gray" and layout != "gray":
                bgr = cast(Bytes, eight_bit(raster.bgr))
                made = Planes.from_bgr(bgr, layout=layout, matrix=matrix)
                return made.ranged(full=self._full).buffer
            gray = cast(Bytes, eight_bit(raster.gray))
        if layout == "gray":
            return gray
        return Planes.from_gray(gray, layout=layout, matrix=matrix).ranged(full=self._full).buffer

    def _say(self, note: str) -> None:
        if note not in self.notes:
            self.notes.append(note)


def _layout(first: Image | Mask) -> Layout:
    if isinstance(first, Mask) or first.space == "gray":
        return "gray"
    pixels = first.pixels
    own: Layout = pixels.layout if isinstance(pixels, Planes) else "420"
    return own if own in _TAGS else "444"


def _fits(pixels: Planes, layout: Layout, matrix: Matrix) -> bool:
    """Whether they can be written as they are; grey goes through its full range."""
    return (pixels.layout, pixels.matrix) == (layout, matrix) and layout != "gray"
