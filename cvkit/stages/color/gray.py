"""Turn a picture into shades of grey.

Of an untouched JPEG or video frame the grey is its own luma, exactly as `cv2.IMREAD_GRAYSCALE`
gives it; of anything else it is the weighted sum of BT.601 (0.299 red, 0.587 green, 0.114 blue).
The depth stays: 16 bits and floats too. A mask stays as it is, seen as a picture.

Example: cvkit gray samples/astronaut.jpg -o grey.png

Source: ITU-R BT.601-7.
"""

from __future__ import annotations

from typing import ClassVar

from cvkit.core.stage import Gray as GrayView
from cvkit.core.stage import Image, Stage


class Gray(Stage):
    depths: ClassVar[frozenset[str]] = frozenset({"uint8", "uint16", "float32"})

    def apply(self, gray: GrayView) -> Image:
        return gray
