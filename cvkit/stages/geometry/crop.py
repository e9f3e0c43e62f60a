"""Cut out a rectangle.

The box is x,y,w,h: its left and top edge, width and height, in pixels or percent of the picture's
width and height. What lies outside the picture is left away; a box wholly outside is an error.
Things found are cut to the rectangle, and those left without area are dropped.

Example: cvkit crop samples/cat.jpg --box 25%,10%,50%,60% -o face.jpg
"""

from __future__ import annotations

from cvkit.core import warp
from cvkit.core.errors import InputError
from cvkit.core.stage import Size, Stage
from cvkit.core.units import Box


class Crop(Stage):
    box: Box
    """What stays: left edge, top edge, width and height, each in pixels or percent."""

    def apply(self, size: Size) -> warp.Crop:
        x, y, w, h = self.box.on(size)
        left, top = max(0, x), max(0, y)
        right, bottom = min(size[0], x + w), min(size[1], y + h)
        if right <= left or bottom <= top:
            raise InputError(
                f"the box {self.box} lies outside the picture, which is {size[0]}×{size[1]}",
                remedy="percent fit every size (25%,25%,50%,50%)",
            )
        return warp.Crop(size, left, top, right - left, bottom - top)
