"""Find where brightness changes: thin outlines, or how steep the change is.

`canny` gives outlines one pixel thin. Its two levels are found from the picture: the upper is
Otsu's level of the grey values, the lower half of it; `--low` and `--high` say them otherwise.

`sobel` and `laplacian` give steepness as coverage, scaled so that a sharp step of n grey levels
gives n; what is over 255 saturates, and nothing is ever stretched to the picture's own range.

Example: cvkit edges samples/coins.jpg -o outlines.png

Source: Canny 1986; Fang, Yue and Yu 2009 (levels by Otsu); OpenCV Canny, Sobel, Laplacian.
"""

from __future__ import annotations

from typing import Literal

import cv2
import numpy as np
from pydantic import model_validator

from cvkit.core import values
from cvkit.core.errors import ParameterError
from cvkit.core.stage import Gray, Stage
from cvkit.core.units import Level


class Edges(Stage):
    method: Literal["canny", "sobel", "laplacian"] = "canny"
    """Outlines (canny), the first derivative (sobel) or the second (laplacian)."""
    low: Level | None = None
    """Canny: a weaker edge counts where it joins a strong one; left out: half of high."""
    high: Level | None = None
    """Canny: an edge this strong always counts; left out: Otsu's level of the picture."""

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
        if self.method == "canny":
            return values.Mask.of(cv2.Canny(gray, *self._levels(gray)), binary=True)
        if self.method == "laplacian":
            change = cv2.Laplacian(gray, cv2.CV_16S, ksize=1)
            return values.Mask.of(cv2.convertScaleAbs(change))
        x = cv2.Sobel(gray, cv2.CV_32F, 1, 0)
        y = cv2.Sobel(gray, cv2.CV_32F, 0, 1)
        # The kernel's weights add up to 4 on either side of the edge.
        return values.Mask.of(cv2.convertScaleAbs(cv2.magnitude(x, y), alpha=0.25))

    def _levels(self, gray: Gray) -> tuple[float, float]:
        if self.high is not None:
            high = self.high.on(255)
        elif self.low is not None:
            high = 2 * self.low.on(255)
        else:
            high = cv2.threshold(gray, 0, 255, cv2.THRESH_OTSU)[0]
        low = high / 2 if self.low is None else self.low.on(255)
        return float(np.float32(low)), float(np.float32(high))
