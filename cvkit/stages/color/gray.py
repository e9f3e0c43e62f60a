"""Turn a picture into shades of grey.

`luma` weighs colours as bright as they look. Of an untouched JPEG or video frame it is the stored
luma, exactly as `cv2.IMREAD_GRAYSCALE` gives it; of anything else the weighted sum of BT.601
(0.299 red, 0.587 green, 0.114 blue): yellow gets 226. `average` is the mean of red, green and
blue (yellow: 170), `lightness` the middle between the largest and the least of them, as HLS has
it (yellow: 128).

The depth stays: 16 bits and floats too. A mask stays as it is, seen as a picture.

Example: cvkit gray samples/astronaut.jpg -o grey.png

Source: ITU-R BT.601-7; OpenCV cvtColor, transform.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

import cv2
import numpy as np

from cvkit.core.stage import Gray as GrayView
from cvkit.core.stage import Image, Stage


class Gray(Stage):
    depths: ClassVar[frozenset[str]] = frozenset({"uint8", "uint16", "float32"})

    method: Literal["luma", "average", "lightness"] = "luma"
    """As bright as it looks (luma), the mean of the channels, or the middle of their range."""

    def asks(self) -> Mapping[str, str]:
        return {} if self.method == "luma" else {"gray": "picture"}

    def apply(self, gray: GrayView) -> Image:
        """With `average` and `lightness` the picture comes as it is, in colour where it has any."""
        if gray.ndim == 2:
            return gray
        if self.method == "average":
            return cv2.transform(gray, np.full((1, 3), 1 / 3))
        blue, green, red = cv2.split(gray)
        least = cv2.min(cv2.min(blue, green), red)
        largest = cv2.max(cv2.max(blue, green), red)
        return cv2.addWeighted(least, 0.5, largest, 0.5, 0)
