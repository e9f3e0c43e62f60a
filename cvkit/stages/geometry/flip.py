"""Mirror a picture, left to right or top to bottom.

What was found moves along: boxes, outlines and points stay on the things they mark.

Example: cvkit flip samples/cat.jpg -o mirrored.jpg
"""

from __future__ import annotations

from typing import Literal

from cvkit.core import warp
from cvkit.core.stage import Size, Stage


class Flip(Stage):
    direction: Literal["horizontal", "vertical", "both"] = "horizontal"
    """Swap left and right (horizontal), top and bottom (vertical), or both."""

    def apply(self, size: Size) -> warp.Flip:
        return warp.Flip(size, self.direction != "vertical", self.direction != "horizontal")
