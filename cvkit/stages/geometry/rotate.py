"""Turn a picture by any angle, counter-clockwise.

Quarter turns move pixels without interpolation. By any other angle the picture grows so that no
corner is cut; `--no-expand` keeps the size and cuts. Corners that become free are black, or
transparent where the picture has alpha; `--fill` gives them a colour.

With `--about` the picture keeps its size and the point stays where it is; else it turns about its
middle. `--scale` makes it larger or smaller as well. Boxes and outlines found move along.

Example: cvkit rotate samples/coffee.jpg --angle 90 -o turned.jpg
Example: cvkit rotate samples/cat.jpg --angle 15 --fill white -o tilted.jpg

Source: OpenCV rotate, getRotationMatrix2D, warpPerspective.
"""

from __future__ import annotations

from math import ceil
from typing import Annotated, Literal

import cv2
import numpy as np
from pydantic import Field, model_validator

from cvkit.core import warp
from cvkit.core.errors import InputError, ParameterError
from cvkit.core.stage import Size, Stage
from cvkit.core.units import Angle, Color, Point

_LONGEST = 32766
"""OpenCV's warps take no longer side."""


class Rotate(Stage):
    angle: Angle = Angle(90)
    """How far to turn, in degrees counter-clockwise; negative is clockwise."""
    expand: bool | None = None
    """Grow so that no corner is cut; yes, but no where the picture turns about a point."""
    about: Point | None = None
    """The point that stays where it is; left out, the middle."""
    scale: Annotated[float, Field(gt=0, le=100)] = 1
    """How much larger than before, 1 as it was."""
    fill: Color | None = None
    """Colour of free corners; left out, black, or transparent where there is alpha."""
    interpolation: Literal["nearest", "linear", "cubic", "lanczos"] = "cubic"
    """How pixels in between are found."""

    @model_validator(mode="after")
    def _fits(self) -> Rotate:
        if self.about is not None and self.expand:
            raise ParameterError(
                "rotate: a picture that grows shows the same about any point",
                remedy="give --about or --expand, not both",
            )
        return self

    def apply(self, size: Size) -> warp.Warp:
        expand = self.about is None if self.expand is None else self.expand
        turns, rest = divmod(self.angle.degrees, 90)
        exact = not rest and self.scale == 1 and self.about is None
        if exact and (expand or turns % 2 == 0):
            return warp.Quarter(size, int(turns) % 4)
        small = self._shrunk(size)
        matrix, to = self._matrix(size, small.after), size
        if expand:
            matrix, to = _grown(matrix, small.after)
        if max(*to, *small.after) > _LONGEST:
            raise InputError(
                f"a picture of {size[0]}×{size[1]} would become {to[0]}×{to[1]};"
                f" a side has at most {_LONGEST} pixels",
                remedy="shrink it first: resize --to 50%",
            )
        fill: tuple[float, ...] = (0,) if self.fill is None else (*self.fill.bgr, 255)
        rows = tuple((float(r[0]), float(r[1]), float(r[2])) for r in matrix)
        turned = warp.Matrix(small.after, to, rows, self.interpolation, fill)
        # The crop takes nothing off, but drops what was found outside.
        cut = warp.Crop(to, 0, 0, *to)
        return warp.Series((small, turned, cut) if small.after != size else (turned, cut))

    def _shrunk(self, size: Size) -> warp.Scale:
        """Smaller by area first: warps take single points, and thin lines would break."""
        if self.scale >= 1:
            return warp.Scale(size, size)
        sides = (max(1, round(size[0] * self.scale)), max(1, round(size[1] * self.scale)))
        return warp.Scale(size, sides, "area")

    def _matrix(self, size: Size, small: Size) -> warp.Floats:
        """3×3 on box coordinates, from the shrunk picture, about the point or the middle."""
        x, y = (self.about or Point("50%", "50%")).on(size)
        here = (x * small[0] / size[0], y * small[1] / size[1])
        turn = cv2.getRotationMatrix2D(here, self.angle.degrees, max(1.0, self.scale))
        matrix = np.vstack([turn, [0, 0, 1]])
        matrix[:2, 2] += np.subtract((x, y), here)
        return matrix


def _grown(matrix: warp.Floats, size: Size) -> tuple[warp.Floats, Size]:
    """The matrix into a picture that holds every corner around its middle, and its size."""
    w, h = size
    corners = warp.transform(matrix, np.array([[0, 0], [w, 0], [w, h], [0, h]], float))
    low, high = corners.min(0), corners.max(0)
    to = (ceil(high[0] - low[0] - 1e-6), ceil(high[1] - low[1] - 1e-6))
    shift = np.eye(3)
    shift[:2, 2] = np.array(to) / 2 - (low + high) / 2
    return shift @ matrix, to
