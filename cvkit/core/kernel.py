"""Sides of square neighbourhoods: odd, so that there is a pixel in the middle."""

from __future__ import annotations

from cvkit.core.units import Length
from cvkit.core.warp import Size


def check_side(name: str, side: Length | None, least: int = 1) -> None:
    """Raises ValueError where a side in pixels is no odd whole number from `least`."""
    if side is None:
        return
    if side.value <= 0:
        raise ValueError(f"{name} must be above 0, got {side}")
    if side.unit == "px" and (side.value % 2 != 1 or side.value < least):
        nearest = max(least, int(side.value) // 2 * 2 + 1)
        raise ValueError(f"{name} must be odd, got {side}; try {nearest}")


def odd_side(side: Length, size: Size, least: int = 3) -> int:
    """The side in pixels in a picture of this size; of a share the nearest odd number."""
    pixels = side.pixels(size)
    return int(pixels) if side.unit == "px" else max(least, int(pixels) // 2 * 2 + 1)
