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
