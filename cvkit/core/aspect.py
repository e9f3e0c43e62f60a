"""Aspect: the shape of a rectangle, its width to its height."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from cvkit.core.units import Unit, number
from cvkit.core.warp import Size


@dataclass(frozen=True, slots=True)
class Aspect(Unit):
    """Width to height: `16:9`, `1:1`."""

    across: float
    down: float
    expected: ClassVar[str] = "width to height (16:9, 1:1)"

    @classmethod
    def parse(cls, text: str) -> Aspect:
        match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*[:/]\s*(\d+(?:\.\d+)?)", text)
        sides = (float(match[1]), float(match[2])) if match else (0.0, 0.0)
        if min(sides) <= 0 or not 0.001 <= sides[0] / sides[1] <= 1000:
            raise ValueError(f"expected {cls.expected}, got {text!r}")
        return cls(*sides)

    def within(self, size: Size) -> Size:
        """The largest rectangle of this shape in a picture of this size."""
        w, h = size
        if w * self.down > h * self.across:
            return max(1, round(h * self.across / self.down)), h
        return w, max(1, round(w * self.down / self.across))

    def __str__(self) -> str:
        return f"{number(self.across)}:{number(self.down)}"
