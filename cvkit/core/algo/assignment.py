"""Assignment: pairs of boxes of two lists that are most likely of the same things."""

from __future__ import annotations

import numpy as np

from cvkit.core.algo.iou import Boxes, iou
from cvkit.core.warp import Array


def pairs(a: Boxes, b: Boxes, least: float, fits: Array | None = None) -> list[tuple[int, int]]:
    """Rows of (n, 4) and (m, 4) boxes x1 y1 x2 y2 with the greatest intersection over union in
    all, each at least `least`; each row once. `fits` (n, m) bool says which may be a pair at all.

    Source: Crouse 2016, as scipy.optimize.linear_sum_assignment has it.
    """
    share = iou(a, b)
    share[share < least] = 0
    if fits is not None:
        share[~fits] = 0
    if not share.any():
        return []
    from scipy.optimize import linear_sum_assignment

    rows, columns = linear_sum_assignment(share, maximize=True)
    good = share[rows, columns] > 0
    return list(zip(rows[good].tolist(), columns[good].tolist(), strict=True))


def kinds(classes: Array | None, labels: tuple[str, ...] | None, count: int) -> Array:
    """(n,) words that are equal where two things may be the same: their labels, else classes."""
    if labels is not None:
        return np.array(labels, dtype=object)
    if classes is not None:
        return classes.astype(object)
    return np.full(count, "", dtype=object)
