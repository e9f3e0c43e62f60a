"""Area: so many pixels, or a share of the picture."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar, Literal

from cvkit.core.units import Unit, number
from cvkit.core.warp import Size


@dataclass(frozen=True, slots=True)
class Area(Unit):
    """An area in the picture: square pixels, or a share of the whole picture."""

    value: float
    unit: Literal["px", "%"] = "px"
    expected: ClassVar[str] = "square pixels (400) or a share of the picture (0.1%)"

    @classmethod
    def parse(cls, text: str) -> Area:
        match = re.fullmatch(r"(\d+\.?\d*|\.\d+)\s*(px|%)?", text)
        if not match:
            raise ValueError(f"expected {cls.expected}, got {text!r}")
        return cls(float(match[1]), "%" if match[2] == "%" else "px")

    def pixels(self, size: Size) -> float:
        return self.value * size[0] * size[1] / 100 if self.unit == "%" else self.value

    def __str__(self) -> str:
        return number(self.value) + ("%" if self.unit == "%" else "")
