"""Cut out a rectangle: a box, or the middle of the picture.

The box is x,y,w,h: its left and top edge, width and height, in pixels or percent of the picture's
width and height. `--center 300x200` keeps so much of the middle (`50%` of each side; of `300x` the
other side follows the picture's shape), `--aspect 16:9` the largest part of that shape.

What lies outside the picture is left away; a box wholly outside is an error. Things found are cut
to the rectangle, and those left without area are dropped.

Example: cvkit crop samples/cat.jpg --box 25%,10%,50%,60% -o face.jpg
Example: cvkit crop samples/cat.jpg --aspect 1:1 -o square.jpg
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import model_validator

from cvkit.core import warp
from cvkit.core.aspect import Aspect
from cvkit.core.errors import InputError, ParameterError
from cvkit.core.stage import Size, Stage
from cvkit.core.units import Box, Extent


class Crop(Stage):
    word: ClassVar[str] = "box"

    box: Box | None = None
    """What stays: left edge, top edge, width and height, each in pixels or percent."""
    center: Extent | None = None
    """How much of the middle stays."""
    aspect: Aspect | None = None
    """The shape of what stays, as large as it fits, in the middle."""

    @model_validator(mode="after")
    def _one(self) -> Crop:
        given = sum(v is not None for v in (self.box, self.center, self.aspect))
        if given != 1:
            raise ParameterError(
                "crop needs a box" if not given else "crop takes one of box, center and aspect",
                remedy="--box 25%,25%,50%,50%, or --center 300x200, or --aspect 16:9",
            )
        return self

    def apply(self, size: Size) -> warp.Crop:
        if self.center is not None:
            return _middle(size, self.center.on(size))
        if self.aspect is not None:
            return _middle(size, self.aspect.within(size))
        assert self.box is not None
        x, y, w, h = self.box.on(size)
        left, top = max(0, x), max(0, y)
        right, bottom = min(size[0], x + w), min(size[1], y + h)
        if right <= left or bottom <= top:
            raise InputError(
                f"the box {self.box} lies outside the picture, which is {size[0]}×{size[1]}",
                remedy="percent fit every size (25%,25%,50%,50%)",
            )
        return warp.Crop(size, left, top, right - left, bottom - top)


def _middle(size: Size, asked: Size) -> warp.Crop:
    w, h = min(asked[0], size[0]), min(asked[1], size[1])
    return warp.Crop(size, (size[0] - w) // 2, (size[1] - h) // 2, w, h)
