"""Make a picture larger or smaller.

The size is `640x480`, one side (`640x`, `x480`) or a share of the present size (`50%`). Where both
sides are given, `--fit` says what becomes of another shape: `contain` stays within them, `cover`
fills them and cuts what hangs over, `pad` stays within them and adds a border, `stretch` distorts.
With `--no-upscale` small pictures are not enlarged.

Of the interpolations, `auto` takes `area` to shrink, which keeps thin lines, and `cubic` to
enlarge. `nearest` is OpenCV's own, which takes the pixel at the left edge; `nearest-exact` takes
the one in the middle, as Pillow and scikit-image do; `linear-exact` gives the same bits on every
machine. Masks and labels are always moved by the exact nearest. Things found move along.

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
    interpolation: Literal["auto"] | warp.Interpolation = "auto"
    """How pixels in between are found."""
    upscale: bool = True
    """Enlarge pictures that are smaller; --no-upscale leaves these as they are."""
    fill: Color | None = None
    """Colour of the border of pad; left out, black, or transparent where there is alpha."""

    def apply(self, size: Size) -> warp.Warp:
        to = self.to.on(size)
        most = 65536.0 if self.upscale else 1.0
        across, down = (min(most, to[i] / size[i]) for i in (0, 1))
        if self.fit == "stretch" or self.to.width is None or self.to.height is None:
            return self._scale(size, to if self.upscale else _scaled(size, across, down))
        ratio = max(across, down) if self.fit == "cover" else min(across, down)
        inner = _scaled(size, ratio, ratio)
        scale = self._scale(size, inner)
        if self.fit == "cover":
            cut = (min(to[0], inner[0]), min(to[1], inner[1]))
            if cut == inner:
                return scale
            x, y = (inner[0] - cut[0]) // 2, (inner[1] - cut[1]) // 2
            return warp.Series((scale, warp.Crop(inner, x, y, *cut)))
        if self.fit == "contain" or inner == to:
            return scale
        _check(size, to, self.to)
        x, y = (to[0] - inner[0]) // 2, (to[1] - inner[1]) // 2
        right, bottom = to[0] - inner[0] - x, to[1] - inner[1] - y
        fill: tuple[float, ...] = (0,) if self.fill is None else (*self.fill.bgr, 255)
        return warp.Series((scale, warp.Pad(inner, x, y, right, bottom, fill)))

    def _scale(self, size: Size, to: Size) -> warp.Scale:
        _check(size, to, self.to)
        if self.interpolation != "auto":
            return warp.Scale(size, to, self.interpolation)
        shrinks = to[0] * to[1] <= size[0] * size[1]
        return warp.Scale(size, to, "area" if shrinks else "cubic")


def _scaled(size: Size, across: float, down: float) -> Size:
    return max(1, round(size[0] * across)), max(1, round(size[1] * down))


def _check(size: Size, to: Size, asked: Extent) -> None:
    if max(to) > _LONGEST:
        raise InputError(
            f"a picture of {size[0]}×{size[1]} would become {to[0]}×{to[1]};"
            f" a side has at most {_LONGEST} pixels",
            remedy=f"ask for less than {asked}",
        )
