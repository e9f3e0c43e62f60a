"""Tell light from dark: a mask of what is brighter than a level.

`otsu` (the default) and `triangle` find the level from the histogram; `binary` takes the one
given; `adaptive-mean` and `adaptive-gaussian` compare each pixel with its neighbourhood, for
uneven light. These give a mask, and so does `binary-inv`, its opposite.

`trunc` lowers what is brighter to the level, `tozero` blackens what is not brighter, `tozero-inv`
what is: these give a grey picture of the input's depth. A pixel at the level counts as dark.

Example: cvkit threshold samples/coins.jpg -o mask.png
Example: cvkit threshold samples/page.jpg --method adaptive-gaussian -o page.png

Source: OpenCV threshold, adaptiveThreshold; Otsu 1979; Zack, Rogers and Latt 1977 (triangle).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

import cv2
import numpy as np
from pydantic import Field, model_validator

from cvkit.core import kernel, values
from cvkit.core.errors import ParameterError
from cvkit.core.stage import Gray, Image, Stage
from cvkit.core.units import Length, Level

_LEVELLED = ("binary", "binary-inv", "trunc", "tozero", "tozero-inv")
_PICTURES = {
    "trunc": cv2.THRESH_TRUNC,
    "tozero": cv2.THRESH_TOZERO,
    "tozero-inv": cv2.THRESH_TOZERO_INV,
}
_FOUND = {"otsu": cv2.THRESH_OTSU, "triangle": cv2.THRESH_TRIANGLE}
_ADAPTIVE = {
    "adaptive-mean": cv2.ADAPTIVE_THRESH_MEAN_C,
    "adaptive-gaussian": cv2.ADAPTIVE_THRESH_GAUSSIAN_C,
}


class Threshold(Stage):
    depths: ClassVar[frozenset[str]] = frozenset({"uint8", "uint16", "float32"})

    method: Literal[
        "otsu", "triangle", "binary", "binary-inv", "trunc", "tozero", "tozero-inv",
        "adaptive-mean", "adaptive-gaussian",
    ] = "otsu"  # fmt: skip
    """How the level is chosen and what becomes of the pixels."""
    level: Level | None = None
    """The level of binary, trunc and tozero, in the picture's units or as a share; 50%."""
    block: kernel.Side = Length(10, "%")
    """Side of the neighbourhood of the adaptive methods: odd pixels, or of the shorter side."""
    offset: Annotated[float, Field(ge=-255, le=255)] = 10
    """How much darker than its neighbourhood is dark, in 8-bit levels (adaptive methods)."""
    invert: bool = False
    """Make the mask of what is dark."""

    @model_validator(mode="after")
    def _fits(self) -> Threshold:
        if self.level is not None and self.method not in _LEVELLED:
            raise ParameterError(
                f"threshold: {self.method} takes no level", remedy="use --method binary, or trunc"
            )
        if self.invert and self.method in _PICTURES:
            raise ParameterError(f"threshold: {self.method} gives no mask to invert")
        return self

    def gives(self, taken: Mapping[str, values.Kind]) -> values.Kind:
        return values.Image if self.method in _PICTURES else values.Mask

    def apply(self, gray: Gray) -> values.Mask | Image:
        level = (self.level or Level(50, "%")).on(values.DEPTHS[gray.dtype.name])
        if self.method in _PICTURES:
            if gray.dtype == np.uint16:
                level = int(level)  # as OpenCV floors it at 8 bits
            return cv2.threshold(gray, level, 0, _PICTURES[self.method])[1]
        dark_is_white = self.invert != (self.method == "binary-inv")
        rule = cv2.THRESH_BINARY_INV if dark_is_white else cv2.THRESH_BINARY
        if self.method in _FOUND:
            eight = values.eight_bit(gray)
            mask = cv2.threshold(eight, 0, 255, rule | _FOUND[self.method])[1]
        elif self.method in _ADAPTIVE:
            h, w = gray.shape
            side = kernel.pixels(self.block, (w, h))
            how, eight = _ADAPTIVE[self.method], values.eight_bit(gray)
            mask = cv2.adaptiveThreshold(eight, 255, how, rule, side, self.offset)
        elif gray.dtype == np.uint8:
            mask = cv2.threshold(gray, level, 255, rule)[1]
        else:
            light = gray > level
            return values.Mask.of(~light if dark_is_white else light)
        return values.Mask.of(mask, binary=True)
