"""Find where brightness changes: thin outlines, or how steep the change is.

`canny` gives outlines one pixel thin. Its two levels are found from the picture: the upper is
Otsu's level of the grey values, the lower half of it; `--low` and `--high` say them otherwise.

The others give steepness as coverage, scaled so that a sharp step of n grey levels gives n; what
is over 255 saturates, and nothing is ever stretched to the picture's own range. `sobel`, `scharr`
(alike in all directions), `prewitt` and `roberts` (2×2 pixels, the finest) are first derivatives;
`laplacian` is the second, `log` that of a picture smoothed by a Gaussian: less grain.

A larger `--aperture` sees past fine grain. Canny's levels are steepness as OpenCV's 3-pixel
kernel measures it, and mean the same at each aperture.

Example: cvkit edges samples/coins.jpg -o outlines.png

Source: Canny 1986; Fang, Yue and Yu 2009 (levels by Otsu); OpenCV Canny, Sobel, Scharr, Laplacian;
Prewitt 1970; Roberts 1963; Marr and Hildreth 1980 (log).
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
from cvkit.core.warp import Array

_REAL = cv2.CV_32F
_BORDER = cv2.BORDER_REFLECT  # as scikit-image has it
_APERTURES = ("canny", "sobel", "laplacian")
_SOBEL = {3: 4, 5: 48, 7: 640}
"""What a step of one level gives at most, by aperture: the kernel's weights on one side."""
_LAPLACIAN = {3: 4, 5: 16, 7: 192}

_STEP = np.array([-1.0, 0.0, 1.0])
_CROSS = np.array([[1.0, 0.0], [0.0, -1.0]])


class Edges(Stage):
    method: Literal[
        "canny", "sobel", "scharr", "prewitt", "roberts", "laplacian", "log"
    ] = "canny"  # fmt: skip
    """Outlines (canny), a first derivative, or the second (laplacian, log)."""
    low: Level | None = None
    """Canny: a weaker edge counts where it joins a strong one; left out: half of high."""
    high: Level | None = None
    """Canny: an edge this strong always counts; left out: Otsu's level of the picture."""
    aperture: Annotated[int, Field(ge=3, le=7)] = 3
    """Side of the kernel of canny, sobel and laplacian: 3, 5 or 7 pixels."""
    sigma: Annotated[float, Field(ge=0.5, le=100)] | None = None
    """Spread in pixels of the Gaussian that smooths first (log); left out: 2."""

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
        if self.sigma is not None and self.method != "log":
            raise ParameterError(f"edges: sigma is log's; {self.method} smooths nothing")
        if self.aperture != 3 and self.method not in _APERTURES:
            raise ParameterError(
                f"edges: {self.method} has one aperture",
                remedy="leave --aperture away" + (", or set --sigma" * (self.method == "log")),
            )
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
            return _coverage(change, _LAPLACIAN[side])
        if self.method == "log":
            return _coverage(*_laplacian_of_gaussian(gray, self.sigma or 2))
        x, y, weight = self._slopes(gray)
        # Not cv2.magnitude: its last bits depend on where the result lies in memory.
        return _coverage(np.sqrt(x * x + y * y), weight)

    def _slopes(self, gray: Gray) -> tuple[Array, Array, float]:
        """Slopes in two directions, and what a step of one level gives."""
        side = self.aperture
        if self.method == "scharr":
            return cv2.Scharr(gray, _REAL, 1, 0), cv2.Scharr(gray, _REAL, 0, 1), 16
        if self.method == "prewitt":
            even = np.ones(3)
            x = cv2.sepFilter2D(gray, _REAL, _STEP, even, borderType=_BORDER)
            y = cv2.sepFilter2D(gray, _REAL, even, _STEP, borderType=_BORDER)
            return x, y, 3
        if self.method == "roberts":
            x = cv2.filter2D(gray, _REAL, _CROSS, anchor=(0, 0), borderType=_BORDER)
            y = cv2.filter2D(gray, _REAL, _CROSS[:, ::-1], anchor=(0, 0), borderType=_BORDER)
            return x, y, 2**0.5
        x, y = (cv2.Sobel(gray, _REAL, dx, 1 - dx, ksize=side) for dx in (1, 0))
        return x, y, _SOBEL[side]

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


def _coverage(steepness: Array, weight: float) -> values.Mask:
    return values.Mask.of(cv2.convertScaleAbs(steepness, alpha=1 / weight))


def _laplacian_of_gaussian(gray: Gray, sigma: float) -> tuple[Array, float]:
    """As `scipy.ndimage.gaussian_laplace`, and the most that a step of one level gives."""
    reach = int(4 * sigma + 0.5)
    at = np.arange(-reach, reach + 1.0)
    smooth = np.exp(-(at**2) / (2 * sigma**2))
    smooth /= smooth.sum()
    bend = smooth * (at**2 / sigma**4 - 1 / sigma**2)
    across = cv2.sepFilter2D(gray, _REAL, bend, smooth, borderType=_BORDER)
    down = cv2.sepFilter2D(gray, _REAL, smooth, bend, borderType=_BORDER)
    return across + down, float(np.abs(np.cumsum(bend + smooth * bend.sum())).max())
