"""Make a drawing of a photograph or a film: pencil, crayons, hatching or plain outlines.

`pencil` draws what is darker than all around it, on white paper; `color` does so with crayons;
`hatched` shades with strokes. `edges` draws thin outlines only: grey, blurred, Canny's edges with
the levels that `edges` finds, inverted.

`--size` is how far around a pixel is looked, so how broad the strokes get; outlines get fewer with
it. Drawings have 8 bits.

Example: cvkit sketch samples/astronaut.jpg -o drawing.jpg
Example: cvkit sketch samples/portrait.mp4 --style color -o drawn.mp4

Source: colour dodge of a blurred negative; OpenCV pencilSketch (Gastal and Oliveira 2011), Canny.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import cv2
import numpy as np
from pydantic import AfterValidator

from cvkit.core.stage import Image, Picture, Stage
from cvkit.core.units import Length
from cvkit.core.values import eight_bit
from cvkit.core.warp import Array

_REACH = {"pencil": Length(2, "%"), "color": Length(2, "%"), "edges": Length(0.4, "%")}
_LEAST_LIGHT = np.float32(24)
"""Levels added to both sides of the ratio: blacks without any structure stay paper."""
_PALE = np.float32(0.75)
"""How much of the photograph's colour a crayon leaves on the paper."""


def _positive(size: Length) -> Length:
    if not 0 < size.value <= 500:
        raise ValueError(f"must be above 0 and at most 500, got {size}")
    return size


class Sketch(Stage):
    depths: ClassVar[frozenset[str]] = frozenset({"uint8", "uint16", "float32"})

    style: Literal["pencil", "color", "hatched", "edges"] = "pencil"
    """What it is drawn with."""
    size: Annotated[Length, AfterValidator(_positive)] | None = None
    """How far around is looked: pixels or a share; left out, 2%, for edges 0.4%."""

    def depth(self) -> str:
        return "uint8"

    def apply(self, picture: Picture) -> Image:
        picture = eight_bit(picture)
        if self.style == "hatched":
            return cv2.pencilSketch(_colored(picture), sigma_s=60, sigma_r=0.07, shade_factor=0.05)[
                0
            ]
        gray = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY) if picture.ndim == 3 else picture
        size = self.size or _REACH[self.style]
        reach = max(0.3, size.pixels(gray.shape[1::-1]))
        if self.style == "edges":
            return _outlines(gray, reach)
        lightness = _dodged(gray, reach)
        if self.style == "pencil":
            return np.round(lightness * 255).astype(np.uint8)
        smooth = cv2.bilateralFilter(_colored(picture), 9, 60, 5).astype(np.float32)
        on_paper = 255 - (255 - smooth) * _PALE
        return np.round(on_paper * lightness[..., None]).astype(np.uint8)


def _colored(picture: Array) -> Array:
    return cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR) if picture.ndim == 2 else picture


def _dodged(gray: Array, reach: float) -> Array:
    """(h, w) float32, 0 to 1: how much lighter than its surroundings, squared for contrast."""
    level = gray.astype(np.float32)
    around = cv2.GaussianBlur(level, (0, 0), reach)
    light: Array = np.minimum((level + _LEAST_LIGHT) / (around + _LEAST_LIGHT), 1) ** 2
    return light


def _outlines(gray: Array, reach: float) -> Array:
    smooth = cv2.GaussianBlur(gray, (0, 0), reach)
    high = cv2.threshold(smooth, 0, 255, cv2.THRESH_OTSU)[0]
    return cv2.bitwise_not(cv2.Canny(smooth, high / 2, high))
