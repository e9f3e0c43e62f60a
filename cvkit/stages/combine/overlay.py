"""Lay a second picture over this one: a logo with alpha, a watermark, a picture in the picture.

Where the second one is transparent, this one shows through. It keeps its own size, but is made
smaller where it would not fit; `--scale 0.2` makes it a fifth as wide as the picture. `--at` is a
corner, an edge or the `center`, or the point of its top left corner. `--tile` repeats it all over,
which with a low `--opacity` is a watermark. Both may be of any depth; the result has this one's.

Example: cvkit overlay samples/coffee.jpg samples/coin.png --at bottom-left -o tip.jpg
Example: cvkit overlay samples/cat.jpg samples/coin.png --tile --scale 0.12 --opacity 0.3

Source: Porter and Duff 1984, the operator "over".
"""

from __future__ import annotations

from typing import Annotated, ClassVar

import cv2
import numpy as np
from pydantic import AfterValidator, Field

from cvkit.core import compose
from cvkit.core.place import Place
from cvkit.core.stage import Image, Layer, Operand, Stage
from cvkit.core.units import Length
from cvkit.core.values import DEPTHS, at_depth
from cvkit.core.warp import Array, Size


def _outward(margin: Length) -> Length:
    if margin.value < 0:
        raise ValueError(f"must be 0 or more, got {margin}")
    return margin


class Overlay(Stage):
    depths: ClassVar[frozenset[str]] = frozenset({"uint8", "uint16", "float32"})

    with_: Operand[Layer]
    """The picture that is laid over this one."""
    at: Place = Place("bottom-right")
    """Where: an anchor, or the point of its top left corner."""
    scale: Annotated[float, Field(gt=0, le=10)] | None = None
    """Its width as a share of this picture's width; left out, it keeps its size if it fits."""
    opacity: Annotated[float, Field(ge=0, le=1)] = 1
    """How much it hides what lies below, 0 to 1."""
    margin: Annotated[Length, AfterValidator(_outward)] = Length(2, "%")
    """How far it stays from the edges that the anchor names, and of tiles from each other."""
    tile: bool = False
    """Repeat it all over the picture, every second row moved by half."""

    def apply(self, picture: Layer, with_: Layer) -> Image:
        size = (picture.shape[1], picture.shape[0])
        margin = min(max(size), round(self.margin.pixels(size)))
        above, cover = _apart(_resized(with_, self._sides(with_.shape[1::-1], size)))
        at = self.at.corner(above.shape[1::-1], size, margin)
        if self.tile:
            above, cover = (_tiled(a, size, at, margin) for a in (above, cover))
            at = (0, 0)
        if above.ndim == 3 and picture.ndim == 2:
            picture = cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR)
        return compose.lay(picture, above, cover * np.float32(self.opacity), at)

    def _sides(self, own: Size, size: Size) -> Size:
        """How large it is laid over a picture of this size."""
        ratio = min(1, size[0] / own[0], size[1] / own[1])
        if self.scale is not None:
            ratio = self.scale * size[0] / own[0]
        return max(1, round(own[0] * ratio)), max(1, round(own[1] * ratio))


def _resized(layer: Array, to: Size) -> Array:
    if layer.shape[1::-1] == to:
        return layer
    shrinks = to[0] < layer.shape[1]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    if layer.ndim == 2 or layer.shape[2] == 3:
        return np.asarray(cv2.resize(layer, to, interpolation=how))
    # Colours count by their alpha, or what is transparent would shine in at the edges.
    deep = at_depth(layer, "float32")
    alpha = cv2.resize(deep[..., 3], to, interpolation=how)
    weighed = cv2.resize(deep[..., :3] * deep[..., 3:], to, interpolation=how)
    share = np.maximum(alpha, np.float32(1e-6))[..., None]
    return np.dstack([np.minimum(weighed / share, 1), alpha])


def _apart(layer: Array) -> tuple[Array, Array]:
    """Its colours, and its cover (h, w) float32, 0 to 1."""
    if layer.ndim == 2 or layer.shape[2] == 3:
        return layer, np.ones(layer.shape[:2], np.float32)
    top = np.float32(DEPTHS[layer.dtype.name])
    return layer[..., :3], layer[..., 3].astype(np.float32) / top


def _tiled(array: Array, size: Size, at: tuple[int, int], gap: int) -> Array:
    """As large as the picture; one tile lies at `at`."""
    h, w = array.shape[0] + gap, array.shape[1] + gap
    cell = cv2.copyMakeBorder(array, 0, gap, 0, gap, cv2.BORDER_CONSTANT)
    pair = np.concatenate([cell, np.roll(cell, w // 2, axis=1)])
    left, top = -at[0] % w, -at[1] % (2 * h)
    many = (-(-(size[1] + top) // (2 * h)), -(-(size[0] + left) // w), *(1,) * (array.ndim - 2))
    return np.tile(pair, many)[top : top + size[1], left : left + size[0]]
