"""Intersection over union of boxes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Boxes = NDArray[np.float32]


def areas(boxes: Boxes) -> NDArray[np.float32]:
    """(n,) float32 areas of (n, 4) x1 y1 x2 y2; 0 where a box is turned inside out."""
    sides = np.maximum(boxes[:, 2:] - boxes[:, :2], 0)
    out: NDArray[np.float32] = sides[:, 0] * sides[:, 1]
    return out


def iou(a: Boxes, b: Boxes) -> NDArray[np.float32]:
    """(n, m) float32 from (n, 4) and (m, 4) boxes x1 y1 x2 y2; 0 where neither has an area."""
    a = np.asarray(a, np.float32).reshape(-1, 4)
    b = np.asarray(b, np.float32).reshape(-1, 4)
    corner = np.maximum(a[:, None, :2], b[None, :, :2])
    sides = np.maximum(np.minimum(a[:, None, 2:], b[None, :, 2:]) - corner, 0)
    both = sides[..., 0] * sides[..., 1]
    either = areas(a)[:, None] + areas(b)[None] - both
    share: NDArray[np.float32] = np.zeros_like(both)
    np.divide(both, either, out=share, where=either > 0)
    return share


def paired(
    a: NDArray[np.float64], b: NDArray[np.float64], crowd: NDArray[np.bool_] | None = None
) -> NDArray[np.float64]:
    """(n,) float64, of each row of (n, 4) boxes `a` with the same row of `b`.

    Where `crowd` is true, `b` is a region of many things: intersection over the area of `a` alone.

    Source: COCO's `maskApi.c`, `bbIou`.
    """
    sides = np.maximum(np.minimum(a[:, 2:], b[:, 2:]) - np.maximum(a[:, :2], b[:, :2]), 0)
    both = sides[:, 0] * sides[:, 1]
    own, other = (np.prod(np.maximum(boxes[:, 2:] - boxes[:, :2], 0), axis=1) for boxes in (a, b))
    either = own + other - both
    if crowd is not None:
        either = np.where(crowd, own, either)
    share: NDArray[np.float64] = np.zeros(len(a))
    np.divide(both, either, out=share, where=either > 0)
    return share
