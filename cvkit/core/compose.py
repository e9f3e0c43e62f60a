"""Laying colours and pictures over a picture, in any depth, with alpha.

Source: Porter and Duff 1984, the operator "over", on colours that are not multiplied with alpha.
"""

from __future__ import annotations

import cv2
import numpy as np

from cvkit.core.units import Color
from cvkit.core.values import DEPTHS, at_depth
from cvkit.core.warp import Array


def channelled(picture: Array, color: Color) -> Array:
    """The picture with channels for this colour: a grey one becomes BGR where it has a hue."""
    if picture.ndim == 2 and not is_grey(color):
        return np.asarray(cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR))
    return picture


def is_grey(color: Color) -> bool:
    return color.red == color.green == color.blue


def paint(picture: Array, stencil: Array, color: Color, opacity: float = 1) -> Array:
    """A copy of (h, w), (h, w, 3) or (h, w, 4) with the colour where the stencil covers it.

    The stencil is (h, w) uint8, 0 to 255. On grey the colour is its BT.601 luma.
    """
    x, y, w, h = cv2.boundingRect(stencil)
    cover = stencil[y : y + h, x : x + w].astype(np.float32) * np.float32(opacity / 255)
    ink = np.full((max(1, h), max(1, w), 3), color.bgr, np.uint8)
    return lay(picture, ink[:h, :w], cover, (x, y))


def lay(picture: Array, above: Array, cover: Array, at: tuple[int, int]) -> Array:
    """A copy of (h, w), (h, w, 3) or (h, w, 4) with `above` laid over it at pixel `at`.

    `above` is (k, m) grey or (k, m, 3) BGR of any depth, `cover` (k, m) float32, 0 to 1; what hangs
    over is cut. On grey colours are their BT.601 luma.
    """
    out = picture.copy()
    (x, y), (h, w) = at, picture.shape[:2]
    inside = (slice(max(0, -y), max(0, h - y)), slice(max(0, -x), max(0, w - x)))
    above, cover = above[inside], cover[inside]
    if not cover.size:
        return out
    if (above.ndim == 2) != (picture.ndim == 2):
        code = cv2.COLOR_GRAY2BGR if above.ndim == 2 else cv2.COLOR_BGR2GRAY
        above = cv2.cvtColor(above, code)
    above = at_depth(above, picture.dtype.name)
    x, y = max(0, x), max(0, y)
    part = (slice(y, y + cover.shape[0]), slice(x, x + cover.shape[1]))
    out[part] = over(out[part], above.astype(np.float32), cover)
    return out


def over(below: Array, above: Array, cover: Array) -> Array:
    """`above` over `below`, in the depth of `below`.

    `below` is (h, w), (h, w, 3) or (h, w, 4); `above` float32 the same without alpha, in the same
    levels; `cover` (h, w) float32, 0 to 1.
    """
    if below.ndim == 2:
        return _rounded(below + (above - below.astype(np.float32)) * cover, below)
    share = cover[..., None]
    colours = below[..., :3].astype(np.float32)
    if below.shape[2] == 3:
        return _rounded(colours + (above - colours) * share, below)
    top = np.float32(DEPTHS[below.dtype.name])
    under = below[..., 3:].astype(np.float32) / top * (1 - share)
    alpha = share + under
    mixed = above * share + colours * under
    mixed = np.divide(mixed, alpha, out=colours.copy(), where=alpha > 0)
    return _rounded(np.concatenate([mixed, alpha * top], -1), below)


def _rounded(levels: Array, like: Array) -> Array:
    if like.dtype == np.float32:
        return np.asarray(levels, np.float32)
    return np.asarray(np.rint(np.clip(levels, 0, DEPTHS[like.dtype.name])).astype(like.dtype))
