"""Find where brightness changes: thin outlines, or how steep the change is.

`canny` gives outlines one pixel thin. Its two levels are found from the picture: the upper is
Otsu's level of the grey values, the lower half of it; `--low` and `--high` say them otherwise.

`sobel` and `laplacian` give steepness as coverage, scaled so that a sharp step of n grey levels
gives n; what is over 255 saturates, and nothing is ever stretched to the picture's own range.

A larger `--aperture` sees past fine grain. Canny's levels are steepness as OpenCV's 3-pixel
kernel measures it, and mean the same at each aperture.

Example: cvkit edges samples/coins.jpg -o outlines.png

Source: Canny 1986; Fang, Yue and Yu 2009 (levels by Otsu); OpenCV Canny, Sobel, Laplacian.
"""

from __future__ import annotations

from typing import Annotated, Literal

import cv2
import numpy as np
from pydantic import Field, field_validator, model_validator

from cvkit.core import values
from cvkit.core.errors import ParameterError
from cvkit.core.stage import Gray, Stage
from cvkit.core.units import Level

_SOBEL = {3: 4, 5: 48, 7: 640}
"""What a step of one level gives at most, by aperture: the kernel's weights on one side."""
_LAPLACIAN = {3: 4, 5: 16, 7: 192}


class Edges(Stage):
    method: Literal["canny", "sobel", "laplacian"] = "canny"
    """Outlines (canny), the first derivative (sobel) or the second (laplacian)."""
    low: Level | None = None
    """Canny: a weaker edge counts where it joins a strong one; left out: half of high."""
    high: Level | None = None
    """Canny: an edge this strong always counts; left out: Otsu's level of the picture."""
    aperture: Annotated[int, Field(ge=3, le=7)] = 3
    """Side of the kernel that measures steepness: 3, 5 or 7 pixels."""

    @field_validator("aperture")
    @classmethod
    def _odd(cls, aperture: int) -> int:
        if aperture % 2 == 0:
            raise ValueError(f"must be odd, got {aperture}; try {aperture + 1}")
        return aperture

    @model_validator(mode="after")
    def _fits(self) -> Edges:
        if self.method != "canny" and (self.low or self.high):
            raise ParameterError(f"edges: low and high are canny's; {self.method} has no levels")
        if self.low and self.high and self.low.on(255) > self.high.on(255):
            raise ParameterError(
                f"edges: low must not be above high, got {self.low} and {self.high}"
            )
        return self

    def apply(self, gray: Gray) -> values.Mask:
        side = self.aperture
        if self.method == "canny":
            edges = cv2.Canny(gray, *self._levels(gray), apertureSize=side)
            return values.Mask.of(edges, binary=True)
        if self.method == "laplacian":
            change = cv2.Laplacian(gray, cv2.CV_32F, ksize=side)
            return values.Mask.of(cv2.convertScaleAbs(change, alpha=1 / _LAPLACIAN[side]))
        x = cv2.Sobel(gray, cv2.CV_32F, 1, 0, ksize=side)
        y = cv2.Sobel(gray, cv2.CV_32F, 0, 1, ksize=side)
        # Not cv2.magnitude: its last bits depend on where the result lies in memory.
        steepness = np.sqrt(x * x + y * y)
        return values.Mask.of(cv2.convertScaleAbs(steepness, alpha=1 / _SOBEL[side]))

    def _levels(self, gray: Gray) -> tuple[float, float]:
        if self.high is not None:
            high = self.high.on(255)
        elif self.low is not None:
            high = 2 * self.low.on(255)
        else:
            high = cv2.threshold(gray, 0, 255, cv2.THRESH_OTSU)[0]
        low = high / 2 if self.low is None else self.low.on(255)
        larger = _SOBEL[self.aperture] / _SOBEL[3]
        return float(np.float32(low * larger)), float(np.float32(high * larger))
