"""Keep the levels in 8 bits, 16 bits or floats.

The whole range of one depth becomes the whole range of the other, rounded to the nearest level:
255 in 8 bits is 65535 in 16 and 1.0 in floats, and 8 bits come back from either unchanged. Floats
below 0 and above 1 are clipped on their way to whole numbers. A picture of that depth already is
left alone. Alpha gets the same depth, and a mask becomes a grey picture.

`--stretch` makes the darkest level of the picture black and the lightest white, whatever the depth:
microscopes and depth cameras fill only a small part of 16 bits, which else looks black.

Example: cvkit bit-depth samples/coins.jpg --to 16 -o coins16.png
"""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import field_validator

from cvkit.core.stage import Image, Picture, Stage
from cvkit.core.values import DEPTHS, at_depth
from cvkit.core.warp import Array

_DEPTH = {"8": "uint8", "16": "uint16", "float": "float32"}


class BitDepth(Stage):
    depths: ClassVar[frozenset[str]] = frozenset(DEPTHS)

    to: Literal["8", "16", "float"] = "8"
    """Bits a channel, or floats from 0 to 1."""
    stretch: bool = False
    """Make the darkest level black and the lightest white; all channels alike."""

    @field_validator("to", mode="before")
    @classmethod
    def _worded(cls, to: object) -> object:
        return str(to) if isinstance(to, int) and not isinstance(to, bool) else to

    def depth(self) -> str:
        return _DEPTH[self.to]

    def apply(self, picture: Picture) -> Image:
        return at_depth(_stretched(picture) if self.stretch else picture, self.depth())


def _stretched(picture: Array) -> Array:
    """Floats 0–1 of the levels between the least and the largest; one level alone stays itself."""
    finite = picture[np.isfinite(picture)] if picture.dtype.kind == "f" else picture
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    if low == high:
        return picture
    # Floats of 32 bits hold every level of 16 bits exactly, and so does their difference.
    return np.asarray((picture.astype(np.float32) - np.float32(low)) / np.float32(high - low))
