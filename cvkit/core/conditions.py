"""Conditions on what was found: `score=0.5:`, `speed=1:3`, `label!=person`, `area>400`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from cvkit.core.algo.iou import areas
from cvkit.core.errors import InputError
from cvkit.core.objects import Column, Objects
from cvkit.core.units import Unit

_COMPARE = {
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "=": np.equal,
    "!=": np.not_equal,
}


@dataclass(frozen=True, slots=True)
class Condition(Unit):
    """A column by its name, how it compares, and with what: a value, or a range A:B whose ends
    count and may be left out (a shell takes `>` for itself, where it is not quoted).
    """

    name: str
    sign: str
    value: str
    expected: ClassVar[str] = (
        "a range (circularity=0.8:), a value (label=person) or a quoted comparison ('area>400')"
    )

    @classmethod
    def parse(cls, text: str) -> Condition:
        match = re.fullmatch(r"\s*([\w.-]+)\s*(<=|>=|==|!=|=|<|>)\s*(.+?)\s*", text)
        ranged = match and ":" in match[3]
        if not match or (ranged and match[2] in ("<", "<=", ">", ">=")):
            raise ValueError(f"expected {cls.expected}, got {text!r}")
        return cls(match[1], "=" if match[2] == "==" else match[2], match[3])

    def holds(self, objects: Objects) -> NDArray[np.bool_]:
        """(n,) of which it is true; InputError where the objects have no such column, or words are
        to be compared as numbers."""
        column = column_of(objects, self.name)
        if isinstance(column, tuple):
            if self.sign not in ("=", "!="):
                raise InputError(
                    f"words cannot be compared by {self.sign}",
                    why=f"{self.name} holds words",
                    remedy="use = or !=",
                )
            same = np.array([word == self.value for word in column], bool)
            return ~same if self.sign == "!=" else same
        low, colon, high = self.value.partition(":")
        if not colon:
            return np.asarray(_COMPARE[self.sign](column, self._number(low)), bool)
        inside = np.isfinite(column)
        inside &= column >= self._number(low) if low else inside
        inside &= column <= self._number(high) if high else inside
        return inside if self.sign == "=" else ~inside

    def _number(self, text: str) -> float:
        try:
            return float(text)
        except ValueError:
            raise InputError(f"{text!r} is no number", why=f"{self.name} holds numbers") from None

    def __str__(self) -> str:
        return f"{self.name}{self.sign}{self.value}"


def column_of(objects: Objects, name: str) -> Column:
    """(n,) an attribute, or score, label, id, area (of the box), width, height, x and y (of its
    middle); InputError where the objects have none of this name.
    """
    x1, y1, x2, y2 = objects.boxes.T
    columns: dict[str, Column | None] = {
        "score": objects.scores,
        "label": objects.labels,
        "id": objects.ids,
        "class": objects.classes,
        "area": areas(objects.boxes),
        "width": x2 - x1,
        "height": y2 - y1,
        "x": (x1 + x2) / 2,
        "y": (y1 + y2) / 2,
        **objects.attributes,
    }
    column = columns.get(name)
    if column is not None:
        return column
    if not len(objects):
        return np.zeros(0)
    known = ", ".join(key for key, value in columns.items() if value is not None)
    raise InputError(f"the things found have no {name}", remedy=f"they have {known}")
