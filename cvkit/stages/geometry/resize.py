"""Make a picture larger or smaller.

The size is `640x480`, one side (`640x`, `x480`) or a share of the present size (`50%`). Where both
sides are given, `--fit` says what becomes of another shape: `contain` stays within them, `cover`
fills them and cuts what hangs over, `pad` stays within them and adds a border, `stretch` distorts.

Of the interpolations, `auto` takes `area` to shrink, which keeps thin lines, and `cubic` to
enlarge. Masks and labels are always moved by the nearest pixel. Things found move along.

Example: cvkit resize samples/cat.jpg --to 50% -o small.jpg
Example: cvkit resize samples/cat.jpg --to 300x300 --fit cover -o square.jpg

Source: OpenCV resize.
"""

from __future__ import annotations

from typing import Literal

from cvkit.core import warp
from cvkit.core.errors import InputError
from cvkit.core.stage import Size, Stage
from cvkit.core.units import Color, Extent

_LONGEST = 65535


class Resize(Stage):
    to: Extent
    """The size to reach: 640x480, 640x, x480 or 50%."""
    fit: Literal["contain", "cover", "pad", "stretch"] = "contain"
    """What becomes of another shape: stay within, fill and cut, stay within a border, distort."""
    interpolation: Literal["auto", "nearest", "linear", "cubic", "area", "lanczos"] = "auto"
    """How pixels in between are found."""
    fill: Color = Color(0, 0, 0)
    """Colour of the border of pad."""

    def apply(self, size: Size) -> warp.Warp:
        to = self.to.on(size)
        ratios = (to[0] / size[0], to[1] / size[1])
        if self.fit == "stretch" or self.to.width is None or self.to.height is None:
            return self._scale(size, to)
        ratio = max(ratios) if self.fit == "cover" else min(ratios)
        inner = (max(1, round(size[0] * ratio)), max(1, round(size[1] * ratio)))
        scale = self._scale(size, inner)
        x, y = abs(to[0] - inner[0]) // 2, abs(to[1] - inner[1]) // 2
        if self.fit == "contain" or inner == to:
            return scale
        if self.fit == "cover":
            return warp.Series((scale, warp.Crop(inner, x, y, *to)))
        right, bottom = to[0] - inner[0] - x, to[1] - inner[1] - y
        return warp.Series((scale, warp.Pad(inner, x, y, right, bottom, self.fill.bgr)))

    def _scale(self, size: Size, to: Size) -> warp.Scale:
        if max(to) > _LONGEST:
            raise InputError(
                f"a picture of {size[0]}×{size[1]} would become {to[0]}×{to[1]};"
                f" a side has at most {_LONGEST} pixels",
                remedy=f"ask for less than {self.to}",
            )
        if self.interpolation != "auto":
            return warp.Scale(size, to, self.interpolation)
        shrinks = to[0] * to[1] <= size[0] * size[1]
        return warp.Scale(size, to, "area" if shrinks else "cubic")
