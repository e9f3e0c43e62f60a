"""Smooth a picture: with a Gaussian, a box, a median, or a bilateral filter that keeps edges.

`gaussian` softens evenly; `box` is the plain mean; `median` removes specks and keeps edges sharp;
`bilateral` averages only pixels of a like colour, so that surfaces get smooth and edges stay.
Each is OpenCV's own filter. A mask stays a mask, with soft edges.

A median of 16-bit and float pictures goes up to 5 pixels, which is OpenCV's limit. The
time that `bilateral` takes grows with the square of its size; the others hardly mind.

Example: cvkit blur samples/astronaut.jpg --size 5% -o soft.jpg

Source: OpenCV GaussianBlur, blur, medianBlur, bilateralFilter (Tomasi and Manduchi 1998).
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import cv2
import numpy as np
from pydantic import Field

from cvkit.core import kernel
from cvkit.core.errors import InputError
from cvkit.core.stage import Picture, Stage
from cvkit.core.units import Length, Level
from cvkit.core.values import DEPTHS


class Blur(Stage):
    depths: ClassVar[frozenset[str]] = frozenset({"uint8", "uint16", "float32"})

    method: Literal["gaussian", "box", "median", "bilateral"] = "gaussian"
    """How neighbours are averaged."""
    size: kernel.Side | None = None
    """Side of the neighbourhood, odd in pixels; left out: 2%, or what sigma needs."""
    sigma: Annotated[float, Field(gt=0, le=1000)] | None = None
    """Spread in pixels of gaussian and bilateral; left out, it follows from size."""
    sigma_color: Level = Level(30, "%")
    """How unlike in level pixels may be to be averaged (bilateral)."""

    def apply(self, picture: Picture) -> Picture:
        h, w = picture.shape[:2]
        side = kernel.pixels(self.size or Length(2, "%"), (w, h))
        if self.method == "gaussian":
            # OpenCV takes the side from sigma where it is 0, and sigma from the side.
            side = 0 if self.size is None and self.sigma else side
            return cv2.GaussianBlur(picture, (side, side), self.sigma or 0)
        if self.method == "box":
            return cv2.blur(picture, (side, side))
        if self.method == "median":
            return self._median(picture, side)
        return self._bilateral(picture, side)

    def _median(self, picture: Picture, side: int) -> Picture:
        if picture.dtype != np.uint8 and side > 5:
            raise InputError(
                f"a median of {side} pixels takes uint8 pictures, this one is {picture.dtype}",
                remedy="use --size 5px or less, or another method",
            )
        return cv2.medianBlur(picture, side)

    def _bilateral(self, picture: Picture, side: int) -> Picture:
        if picture.ndim == 3 and picture.shape[2] != 3:
            raise InputError(f"bilateral takes 1 or 3 channels, got {picture.shape[2]}")
        if self.size is None and self.sigma:
            side = 0  # OpenCV takes the side from sigma then
        top = DEPTHS[picture.dtype.name]
        levels, space = self.sigma_color.on(top), self.sigma or side / 3
        if picture.dtype != np.uint16:
            return cv2.bilateralFilter(picture, side, levels, space)
        # OpenCV has no 16-bit one; float32 holds 16 bits exactly.
        smooth = cv2.bilateralFilter(picture.astype(np.float32), side, levels, space)
        return np.rint(smooth).astype(np.uint16)
