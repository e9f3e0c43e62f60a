"""Neighbourhoods: square, their sides odd, so that there is a pixel in the middle; and shaped."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import cv2
import numpy as np
from pydantic import AfterValidator

from cvkit.core.units import Angle, Length, Unit
from cvkit.core.warp import Array, Size

_LEAST = 3
_MOST = 32767  # OpenCV counts a neighbourhood's pixels in 32 bits


def _odd(side: Length) -> Length:
    """Raises ValueError where a side in pixels is no odd whole number from 3, or is too large."""
    if side.value <= 0:
        raise ValueError(f"must be above 0, got {side}")
    if side.unit == "px" and side.value < _LEAST:
        raise ValueError(f"must be at least {_LEAST} pixels, got {side}")
    if side.unit == "px" and side.value % 2 != 1:
        nearest = int(side.value) // 2 * 2 + 1
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


Shape = Literal["ellipse", "rect", "cross", "diamond", "line"]
_SHAPES = {"rect": cv2.MORPH_RECT, "cross": cv2.MORPH_CROSS, "ellipse": cv2.MORPH_ELLIPSE}


def element(shape: Shape, side: int, angle: Angle) -> Array:
    """A structuring element: (side, side) uint8 of 0 and 1. `angle` is that of a line."""
    if shape in _SHAPES:
        return cv2.getStructuringElement(_SHAPES[shape], (side, side))
    half = side // 2
    if shape == "diamond":
        away = np.abs(np.arange(-half, half + 1))
        return (away[:, None] + away <= half).astype(np.uint8)
    turned = np.radians(angle.degrees)
    # Counter-clockwise, where y counts down.
    x, y = round(half * float(np.cos(turned))), round(-half * float(np.sin(turned)))
    line = np.zeros((side, side), np.uint8)
    cv2.line(line, (half - x, half - y), (half + x, half + y), (1,))
    return line | line[::-1, ::-1]  # as far to one side as to the other


@dataclass(frozen=True, slots=True)
class Pattern(Unit):
    """What a pixel and its neighbours have to be: rows of 1 (covered), 0 (not) and . (either)."""

    rows: str
    expected: ClassVar[str] = "rows of one odd length, of 1, 0 and . (000/010/000)"

    @classmethod
    def parse(cls, text: str) -> Pattern:
        rows = re.split(r"[/,]", text)
        sides = {len(row) for row in rows}
        good = all(re.fullmatch("[01.]+", row) for row in rows) and len(sides) == 1
        if not good or len(rows) % 2 == 0 or sides.pop() % 2 == 0 or not set(text) & {"0", "1"}:
            raise ValueError(f"expected {cls.expected}, got {text!r}")
        return cls("/".join(rows))

    @property
    def kernel(self) -> Array:
        """As `cv2.MORPH_HITMISS` takes it: 1, -1 and 0 where either is right."""
        levels = {"1": 1, "0": -1, ".": 0}
        return np.array([[levels[c] for c in row] for row in self.rows.split("/")], np.int32)

    def __str__(self) -> str:
        return self.rows
