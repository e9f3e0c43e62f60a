"""Grow, shrink and clean shapes: erode, dilate, open, close, fill holes, find the skeleton.

Of a mask and of a picture, grey or colour: `erode` and `dilate` take the darkest and the lightest
neighbour; `open` (erode, then dilate) removes light specks, `close` dark ones; `gradient` keeps the
outlines; `tophat` and `blackhat` the light and the dark things that are smaller than the
neighbourhood, whatever the light.

Of a mask only, which `threshold` makes where a picture comes in: `hit-or-miss` marks where the
pattern lies; `skeleton` and `thin` leave lines one pixel wide; `fill-holes` covers what is
enclosed; `remove-small` drops what is smaller than an area. Of soft masks, what is covered at
least by half counts. `skeleton` is far quicker than `thin`, which can stop on the way.

Example: cvkit morph samples/coffee.jpg -o outlines.png
Example: cvkit morph samples/coins.jpg --op tophat --size 50% then threshold then contours

Source: OpenCV morphologyEx, connectedComponents; skimage.morphology skeletonize (Zhang and Suen
1984), thin (Guo and Hall 1989); scipy.ndimage.binary_fill_holes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

import cv2
import numpy as np
from pydantic import Field, model_validator

from cvkit.core import kernel, values
from cvkit.core.area import Area
from cvkit.core.errors import InputError, ParameterError
from cvkit.core.stage import Picture, Stage
from cvkit.core.units import Angle, Length
from cvkit.core.warp import Array

_OPS = {
    "erode": cv2.MORPH_ERODE,
    "dilate": cv2.MORPH_DILATE,
    "open": cv2.MORPH_OPEN,
    "close": cv2.MORPH_CLOSE,
    "gradient": cv2.MORPH_GRADIENT,
    "tophat": cv2.MORPH_TOPHAT,
    "blackhat": cv2.MORPH_BLACKHAT,
}
_OF = {
    "shape": tuple(_OPS),
    "size": tuple(_OPS),
    "angle": tuple(_OPS),
    "iterations": (*_OPS, "thin"),
    "pattern": ("hit-or-miss",),
    "area": ("fill-holes", "remove-small"),
}
"""The operations that a parameter belongs to."""
_MOST = 1023
"""Of the element's side: OpenCV looks at every pixel of one that is no rectangle."""


class Morph(Stage):
    depths: ClassVar[frozenset[str]] = frozenset({"uint8", "uint16", "float32"})

    op: Literal[
        "erode", "dilate", "open", "close", "gradient", "tophat", "blackhat",
        "hit-or-miss", "skeleton", "thin", "fill-holes", "remove-small",
    ] = "gradient"  # fmt: skip
    """What is done."""
    shape: kernel.Shape = "ellipse"
    """The neighbourhood's shape; a line keeps or removes strokes of its direction."""
    size: kernel.Side | None = None
    """Its side: odd pixels, or of the picture's shorter side; 1% (tophat and blackhat: 10%)."""
    angle: Angle = Angle(0)
    """The direction of a line, in degrees counter-clockwise from the horizontal."""
    iterations: Annotated[int, Field(ge=1, le=1000)] | None = None
    """How often erode and dilate are done; left out: once, and thin until nothing changes."""
    pattern: kernel.Pattern = kernel.Pattern("000/010/000")
    """Rows of 1 (covered), 0 (not covered) and . (either): a lone pixel is 000/010/000."""
    area: Area | None = None
    """What is smaller is removed, 0.1%; what is larger is not filled, else every hole is."""

    @model_validator(mode="after")
    def _fits(self) -> Morph:
        for name in self.model_fields_set & set(_OF):
            if self.op not in _OF[name] and getattr(self, name) != Morph.model_fields[name].default:
                others = ", ".join(_OF[name])
                raise ParameterError(
                    f"morph: {name} has no meaning for {self.op}; it is for {others}"
                )
        if self.angle.degrees and self.shape != "line":
            raise ParameterError(f"morph: {self.shape} has no angle", remedy="use --shape line")
        return self

    def asks(self) -> Mapping[str, str]:
        return {} if self.op in _OPS else {"picture": "mask"}

    def gives(self, taken: Mapping[str, values.Kind]) -> values.Kind | None:
        return None if self.op in _OPS else values.Mask

    def apply(self, picture: Picture) -> Picture:
        if self.op in _OPS:
            element = self._element((picture.shape[1], picture.shape[0]))
            return cv2.morphologyEx(
                picture, _OPS[self.op], element, iterations=self.iterations or 1
            )
        return self._of_mask(picture >= 128)

    def _element(self, size: tuple[int, int]) -> Array:
        hat = self.op in ("tophat", "blackhat")
        side = kernel.pixels(self.size or Length(10 if hat else 1, "%"), size)
        if side > _MOST:
            raise InputError(
                f"a neighbourhood is at most {_MOST} pixels wide, not {side}",
                remedy="use several --iterations of a smaller one",
            )
        return kernel.element(self.shape, side, self.angle)

    def _of_mask(self, covered: Array) -> Array:
        """(h, w) bool → (h, w) bool."""
        if self.op == "hit-or-miss":
            levels = covered.view(np.uint8)
            return cv2.morphologyEx(levels, cv2.MORPH_HITMISS, self.pattern.kernel) > 0
        if self.op in ("skeleton", "thin"):
            from skimage import morphology

            if self.op == "skeleton":
                return np.asarray(morphology.skeletonize(covered))  # type: ignore[no-untyped-call]
            thinned = morphology.thin(  # type: ignore[no-untyped-call]
                covered, max_num_iter=self.iterations
            )
            return np.asarray(thinned)
        size = (covered.shape[1], covered.shape[0])
        if self.op == "remove-small":
            return _without_smaller(covered, (self.area or Area(0.1, "%")).pixels(size), 8)
        from scipy.ndimage import binary_fill_holes

        filled = np.asarray(binary_fill_holes(covered))
        if self.area is None:
            return filled
        # The ground is connected through sides only, as binary_fill_holes has it.
        return filled & ~_without_smaller(filled & ~covered, self.area.pixels(size) + 1, 4)


def _without_smaller(covered: Array, least: float, connectivity: int) -> Array:
    """Without the connected parts that have fewer pixels."""
    _, parts, measures, _ = cv2.connectedComponentsWithStats(
        covered.view(np.uint8), connectivity=connectivity
    )
    stays = measures[:, cv2.CC_STAT_AREA] >= least
    stays[0] = False  # the ground
    return np.asarray(stays[parts])
