"""Write YUV4MPEG2: a line of text, then each frame's planes as they are; for others in a pipe."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, Protocol

import numpy as np

from cvkit.core.errors import InputError, ParameterError
from cvkit.core.time import Time
from cvkit.core.values import Image, Mask, Raster
from cvkit.core.warp import Size
from cvkit.io.planes import Bytes, Planes, matrix_of
from cvkit.io.sinks.aspects import aspect_on
from cvkit.io.sinks.forms import Form, form_of, pictured
from cvkit.io.sources.y4m import FORMATS, shapes

_RATE = Fraction(25)
_TAGS = {form: tag for tag, form in FORMATS.items()}
_TAGS |= {"yuv420p": "420jpeg", "yuvj420p": "420jpeg", "yuvj422p": "422", "yuvj444p": "444"}


class Writes(Protocol):
    def write(self, data: Any, /) -> int: ...  # noqa: ANN401 - whatever has bytes


class Y4mWriter:
    """One raw video. `write` each frame; `notes` holds what the user should know of the result.

    Masks and grey pictures are written as grey of full range, colours in the range and with the
    chroma that the first frame came in: limited 4:2:0 where it was no video's. Deep ones have 16
    bits of grey, or 10 of colour. The format knows no matrix: it is 709 from 720 lines on, else
    601. Frames have no times of their own.
    """

    def __init__(
        self,
        file: Writes,
        *,
        rate: Fraction | None,
        aspect: Fraction = Fraction(1),
        pix_fmt: str | None = None,
        background: tuple[int, int, int] = (255, 255, 255),
    ) -> None:
        """`aspect` is the width of the source's pixels by their height; `background` (B, G, R)
        lies below transparency. Raises ParameterError for a format that y4m does not hold."""
        self.notes: list[str] = []
        self.frames = 0
        self._file, self._rate, self._aspect = file, rate or _RATE, aspect
        self._form = None if pix_fmt is None else held(pix_fmt)
        self._background = background
        self._size: Size = (0, 0)
        self._start = Fraction(0)

    def write(self, time: Time, raster: Raster) -> None:
        """Add an Image or a Mask of the first one's size. Raises InputError for another one."""
        if not isinstance(raster, (Image, Mask)):
            raise TypeError(f"{type(raster).__name__} is no picture; draw it first")
        if not self.frames:
            self._begin(time, raster)
        elif raster.size != self._size:
            w, h = self._size
            raise InputError(  # the next one may be well
                f"frame {self.frames} is {raster.size[0]}×{raster.size[1]}",
                why=f"the video began as {w}×{h}",
                remedy=f"add resize {w}x{h}",
            )
        self._keep_time(time)
        self._file.write(b"FRAME\n")
        for plane in self._planes(raster):
            self._file.write(np.ascontiguousarray(plane))
        self.frames += 1

    def _begin(self, time: Time, first: Image | Mask) -> None:
        self._size, self._start = first.size, time.pts * time.base
        form = self._form = self._form or _form_for(first)
        (w, h), rate, aspect = first.size, self._rate, aspect_on(first.grid, self._aspect)
        self._file.write(
            f"YUV4MPEG2 W{w} H{h} F{rate.numerator}:{rate.denominator} Ip "
            f"A{aspect.numerator}:{aspect.denominator} C{_TAGS[form.name]} "
            f"XCOLORRANGE={'FULL' if form.full else 'LIMITED'}\n".encode()
        )

    def _keep_time(self, time: Time) -> None:
        late = (time.pts * time.base - self._start) * self._rate - self.frames
        if abs(late) > 1:
            self._say(f"y4m has no times: its frames are shown {float(self._rate):.4g} a second")

    def _planes(self, raster: Image | Mask) -> list[Bytes]:
        form, matrix = self._form, matrix_of(2, self._size[1])
        assert form is not None
        if isinstance(raster, Image) and raster.alpha is None:
            pixels = raster.pixels
            same = isinstance(pixels, Planes) and pixels.layout == form.layout != "gray"
            if same and form.bits == 8 and pixels.matrix == matrix:  # type: ignore[attr-defined]
                return [pixels.ranged(full=form.full).buffer]  # type: ignore[attr-defined]
        frame = pictured(raster, form, matrix, self._size, self._background, self._say)
        return [
            np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[:h, :w]  # type: ignore[call-overload]
            for plane, (h, w) in zip(frame.planes, shapes(form.name, self._size), strict=True)
        ]

    def _say(self, note: str) -> None:
        if note not in self.notes:
            self.notes.append(note)


def held(pix_fmt: str) -> Form:
    """Raises ParameterError for a pixel format that y4m does not hold."""
    known = pix_fmt if pix_fmt in _TAGS else f"{pix_fmt}le"
    if known not in _TAGS:
        raise ParameterError(
            f"y4m holds no {pix_fmt!r}", remedy="try yuv420p, yuv422p, yuv444p, yuv420p10 or gray"
        )
    return form_of(known)


def _form_for(first: Image | Mask) -> Form:
    deep = isinstance(first, Image) and first.depth != "uint8"
    if isinstance(first, Mask) or first.space == "gray":
        return form_of("gray16le" if deep else "gray")
    pixels = first.pixels
    if deep or not isinstance(pixels, Planes):
        return form_of("yuv420p10le" if deep else "yuv420p")
    layout = "444" if pixels.layout == "440" else pixels.layout
    return form_of(f"yuv{'j' if pixels.full_range else ''}{layout}p")
