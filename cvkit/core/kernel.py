"""Sides of square neighbourhoods: odd, so that there is a pixel in the middle."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from cvkit.core.units import Length
from cvkit.core.warp import Size

_LEAST = 3
_MOST = 32767  # OpenCV counts a neighbourhood's pixels in 32 bits


def _odd(side: Length) -> Length:
    """Raises ValueError where a side in pixels is no odd whole number from 3, or is too large."""
    if side.value <= 0:
        raise ValueError(f"must be above 0, got {side}")
    if side.unit == "px" and (side.value % 2 != 1 or side.value < _LEAST):
        nearest = max(_LEAST, int(side.value) // 2 * 2 + 1)
        raise ValueError(f"must be odd, got {side}; try {nearest}")
    if side.value > (100 if side.unit == "%" else _MOST):
        most = "100%" if side.unit == "%" else f"{_MOST} pixels"
        raise ValueError(f"must be at most {most}, got {side}")
    return side


Side = Annotated[Length, AfterValidator(_odd)]
"""A parameter: the side of a neighbourhood, odd pixels from 3 or a share of the shorter side."""


def pixels(side: Length, size: Size) -> int:
    """The side in pixels in a picture of this size; of a share the nearest odd number."""
    exact = side.pixels(size)
    return int(exact) if side.unit == "px" else max(_LEAST, int(exact) // 2 * 2 + 1)
