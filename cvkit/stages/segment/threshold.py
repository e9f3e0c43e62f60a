"""Tell light from dark: a mask of what is brighter than a level.

`otsu` (the default), `triangle`, `li`, `yen`, `isodata`, `minimum` (the valley between two peaks)
and `mean` find the level from the histogram; `binary` takes the one given. For uneven light,
`adaptive-mean`, `adaptive-gaussian`, `sauvola` and `niblack` compare each pixel with its
neighbourhood: print on paper, or with a `--k` below 0 light things on a darker ground. These give
a mask, and so does `binary-inv`.

`multi-otsu` tells several shades apart and gives labels: 0 is the darkest. `trunc` lowers what is
brighter to the level, `tozero` blackens what is not brighter, `tozero-inv` what is: these give a
grey picture of the input's depth. A pixel at the level counts as dark.

Example: cvkit threshold samples/coins.jpg -o mask.png
Example: cvkit threshold samples/page.jpg --method sauvola -o page.png
Example: cvkit threshold samples/coins.jpg --method niblack --block 40% --k -0.4 then contours

Source: OpenCV threshold, adaptiveThreshold; scikit-image filters; Otsu 1979; Zack, Rogers and
Latt 1977 (triangle); Niblack 1986; Sauvola and Pietikäinen 2000; Liao, Chen and Chung 2001.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

import cv2
import numpy as np
from pydantic import Field, model_validator

from cvkit.core import kernel, values
from cvkit.core.algo import levels
from cvkit.core.errors import InputError, ParameterError
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
_SPREAD = {"sauvola": 0.2, "niblack": 0.8}
"""The methods that look at the spread, with the k that suits print."""


class Threshold(Stage):
    depths: ClassVar[frozenset[str]] = frozenset({"uint8", "uint16", "float32"})

    method: Literal[
        "otsu", "triangle", "li", "yen", "isodata", "minimum", "mean", "multi-otsu",
        "binary", "binary-inv", "trunc", "tozero", "tozero-inv",
        "adaptive-mean", "adaptive-gaussian", "sauvola", "niblack",
    ] = "otsu"  # fmt: skip
    """How the level is chosen and what becomes of the pixels."""
    level: Level | None = None
    """The level of binary, trunc and tozero, in the picture's units or as a share; 50%."""
    block: kernel.Side | None = None
    """Side of the neighbourhood: odd pixels, or of the shorter side; 10% (niblack: 25%)."""
    offset: Annotated[float, Field(ge=-255, le=255)] = 10
    """How much darker than its neighbourhood is dark, in 8-bit levels (adaptive methods)."""
    k: Annotated[float, Field(ge=-5, le=5)] | None = None
    """How many spreads darker is dark; below 0 lighter ones too; 0.2 (sauvola), 0.8 (niblack)."""
    classes: Annotated[int, Field(ge=2, le=5)] = 3
    """Shades to tell apart (multi-otsu); 5 take seconds."""
    invert: bool = False
    """Make the mask of what is dark."""

    @model_validator(mode="after")
    def _fits(self) -> Threshold:
        if self.level is not None and self.method not in _LEVELLED:
            raise ParameterError(
                f"threshold: {self.method} takes no level", remedy="use --method binary, or trunc"
            )
        if self.k is not None and self.method not in _SPREAD:
            raise ParameterError(f"threshold: k is sauvola's and niblack's; {self.method} has none")
        if self.invert and (self.method in _PICTURES or self.method == "multi-otsu"):
            raise ParameterError(f"threshold: {self.method} gives no mask to invert")
        return self

    def gives(self, taken: Mapping[str, values.Kind]) -> values.Kind:
        if self.method == "multi-otsu":
            return values.Labels
        return values.Image if self.method in _PICTURES else values.Mask

    def apply(self, gray: Gray) -> values.Mask | Image | values.Labels:
        if self.method in _PICTURES:
            level = self._level(gray)
            if gray.dtype == np.uint16:
                level = int(level)  # as OpenCV floors it at 8 bits
            return cv2.threshold(gray, level, 0, _PICTURES[self.method])[1]
        if self.method == "multi-otsu":
            return self._classes(values.eight_bit(gray))
        inverse = self.invert != (self.method == "binary-inv")
        if self.method in _LEVELLED and gray.dtype != np.uint8:
            light = gray > self._level(gray)
            return values.Mask.of(~light if inverse else light)
        rule = cv2.THRESH_BINARY_INV if inverse else cv2.THRESH_BINARY
        return values.Mask.of(self._cut(values.eight_bit(gray), rule), binary=True)

    def _cut(self, gray: Gray, rule: int) -> Gray:
        """What is above its level in (h, w) uint8: 255, or 0 where the rule is the inverse."""
        method, size = self.method, (gray.shape[1], gray.shape[0])
        if method in _FOUND:
            return cv2.threshold(gray, 0, 255, rule | _FOUND[method])[1]
        if method in _ADAPTIVE:
            side = kernel.pixels(self.block or Length(10, "%"), size)
            return cv2.adaptiveThreshold(gray, 255, _ADAPTIVE[method], rule, side, self.offset)
        if method == "sauvola" or method == "niblack":
            side = kernel.pixels(self.block or Length(10 if method == "sauvola" else 25, "%"), size)
            k = _SPREAD[method] if self.k is None else self.k
            light = gray > levels.local(gray, method, side, k)
            chosen = light if rule == cv2.THRESH_BINARY else ~light
            return np.asarray(chosen.view(np.uint8) * np.uint8(255))
        if method in _LEVELLED:
            level = self._level(gray)
        else:
            level = levels.found(gray, method)  # type: ignore[arg-type]
        return cv2.threshold(gray, level, 255, rule)[1]

    def _level(self, gray: Gray) -> float:
        top = values.DEPTHS[gray.dtype.name]
        level = (self.level or Level(50, "%")).on(top)
        if level > top and gray.dtype != np.float32:
            raise InputError(f"--level {self.level} is above {top:g}, this picture's lightest")
        return level

    def _classes(self, gray: Gray) -> values.Labels:
        table = np.digitize(np.arange(256), levels.between(gray, self.classes), right=True)
        return values.Labels.of(table.astype(np.int32)[gray])
