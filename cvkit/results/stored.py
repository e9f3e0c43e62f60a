"""Objects as records hold them: checked, and as columns again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from cvkit.core.grid import Grid
from cvkit.core.objects import Objects
from cvkit.results.bitmaps import bitmap_of, check_mask
from cvkit.results.record import FIELDS, Record

FAULTS = (
    ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError, ArithmeticError,
)  # fmt: skip
"""What code that takes a record apart raises where it is none."""

LARGEST = 3.4e38
"""What a float32 holds."""


def check(found: Record) -> None:
    """Raises ValueError, TypeError or KeyError where an object is none."""
    box = found["box"]
    if len(box) != 4 or not all(is_number(v) for v in box):
        raise ValueError(f"{box!r:.60} is no box")
    if "score" in found and not is_number(found["score"]):
        raise TypeError(f"{found['score']!r:.60} is no score")
    for name, bits in (("class", 31), ("id", 63)):
        if type(found.get(name, 0)) is not int:
            raise TypeError(f"{found[name]!r:.60} is no {name}")
        if abs(found.get(name, 0)) >= 2**bits:
            raise ValueError(f"a {name} is too large")
    for name in ("label", "text"):
        if not isinstance(found.get(name, ""), str):
            raise TypeError(f"{found[name]!r:.60} is no {name}")
    for name, shape in (("polygon", (-1, 2)), ("corners", (4, 2)), ("keypoints", (-1, 3))):
        if name in found:
            _points(found[name], shape)
    if "mask" in found:
        check_mask(found["mask"], box)
    for name, value in found.items():
        if name not in FIELDS and not (isinstance(value, str | bool) or is_number(value)):
            raise TypeError(f"{value!r:.60} is no {name}")


def objects_of(found: list[Record], grid: Grid) -> Objects:
    """These as columns; what some lack is unknown of them."""
    if not found:
        return Objects.none(grid)
    names = dict.fromkeys(key for one in found for key in one)
    objects = Objects.of(
        [one["box"] for one in found],
        grid,
        scores=[one.get("score", np.nan) for one in found] if "score" in names else None,
        classes=[one.get("class", -1) for one in found] if "class" in names else None,
        labels=[one.get("label", "") for one in found] if "label" in names else None,
        ids=[one.get("id", -1) for one in found] if "id" in names else None,
        polygons=[one.get("polygon", []) for one in found] if "polygon" in names else None,
        attributes={key: _column(key, found) for key in names if key not in FIELDS},
    )
    more: dict[str, Any] = {}
    if "text" in names:
        more["texts"] = tuple(one.get("text", "") for one in found)
    if "corners" in names:
        none = np.zeros((4, 2), np.float32)
        rows = [_points(one["corners"], (4, 2)) if "corners" in one else none for one in found]
        more["corners"] = np.stack(rows)
    if "keypoints" in names:
        skeletons = [_points(one.get("keypoints", []), (-1, 3)) for one in found]
        longest = max(len(points) for points in skeletons)
        more["keypoints"] = np.stack(
            [np.pad(points, [(0, longest - len(points)), (0, 0)]) for points in skeletons]
        )
    if "mask" in names:
        more["masks"] = tuple(
            bitmap_of(one.get("mask"), box) for one, box in zip(found, objects.boxes, strict=True)
        )
    return replace(objects, **more) if more else objects


def _points(rows: Any, shape: tuple[int, int]) -> Any:  # noqa: ANN401 - what JSON holds
    array = np.array(rows, np.float64)
    if array.size and (array.ndim != 2 or array.shape[1] != shape[1]):
        raise ValueError(f"{rows!r:.60} are no points")
    if not (np.abs(array) < LARGEST).all():
        raise ValueError(f"{rows!r:.60} is out of range")
    return array.reshape(shape).astype(np.float32)


def is_number(value: object) -> bool:
    """One that JSON has and a column can hold."""
    return isinstance(value, int | float) and type(value) is not bool and abs(value) < LARGEST


def are_numbers(values: list[Any]) -> bool:
    """Whether each is one; of long lists, which would take their time one by one."""
    return not values or (
        set(map(type, values)) <= {int, float} and max(map(abs, values)) < LARGEST
    )


def _column(key: str, found: list[Record]) -> Any:  # noqa: ANN401 - numbers or words
    cells = [one.get(key) for one in found]
    known = [cell for cell in cells if cell is not None]
    if all(isinstance(cell, bool) for cell in known) and len(known) == len(cells):
        return cells
    if all(isinstance(cell, int | float) for cell in known):
        large = any(abs(cell) >= 2**63 for cell in known)
        return [np.nan if c is None else float(c) if large else c for c in cells]
    return ["" if cell is None else str(cell) for cell in cells]
