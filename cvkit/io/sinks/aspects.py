"""The shape of pixels in a result, from that of its source's."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from cvkit.core.grid import Grid

_SAME_SHAPE = 0.01
"""Scales that differ by less differ by the rounding of sizes."""


def aspect_on(grid: Grid, aspect: Fraction) -> Fraction:
    """How wide a pixel of a grid is by its height, where those of its source are `aspect`: turned
    by quarters, and stretched as the picture is. Square pixels stay square whatever is done."""
    if aspect == 1:
        return aspect
    w, h = grid.size
    middle = np.array([[w / 2, h / 2], [w / 2 + 1, h / 2], [w / 2, h / 2 + 1]])
    at = grid.points_to_source(middle) * (float(aspect), 1.0)
    wide, high = np.hypot(*(at[1] - at[0])), np.hypot(*(at[2] - at[0]))
    if not np.isfinite(wide / high) or not 0.01 < wide / high < 100:
        return Fraction(1)
    for kept in (aspect, 1 / aspect, Fraction(1)):
        if abs(wide / high / float(kept) - 1) < _SAME_SHAPE:
            return kept
    return Fraction(wide / high).limit_denominator(1000)
