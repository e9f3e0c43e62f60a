"""Grids in a row: matrices as JSON, the maps of a Field as bytes; each grid and map once."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from cvkit.core.grid import Grid
from cvkit.core.warp import INTERPOLATIONS, Array, Field, Matrix, Size, Warp
from cvkit.io.stream.packing import view

_MOST_MAPS = 1000


class GridsOut:
    """Numbers the grids of one row; equal grids get one number."""

    def __init__(self) -> None:
        self._grids: list[Grid] = []
        self._fields: list[Field] = []

    def number(self, grid: Grid) -> int:
        for number, known in enumerate(self._grids):
            if known is grid or known == grid:
                return number
        self._grids.append(grid)
        return len(self._grids) - 1

    def packed(self) -> tuple[str, list[Array]]:
        """The JSON text, and for each Field its two maps as (2, h, w) float32."""
        text = json.dumps(
            [
                {"size": g.size, "source": g.source, "maps": [self._warp(w) for w in g.maps]}
                for g in self._grids
            ]
        )
        return text, [np.stack([f.map_x, f.map_y]) for f in self._fields]

    def _warp(self, warp: Warp) -> dict[str, object]:
        if isinstance(warp, Field):
            # A Field equals only itself, so it has to be one object on the other side too.
            for number, known in enumerate(self._fields):
                if known is warp:
                    return {"field": number}
            self._fields.append(warp)
            return {"field": len(self._fields) - 1, "after": warp.after, **_common(warp)}
        if isinstance(warp, Matrix):
            return {"rows": warp.rows, "after": warp.to, **_common(warp)}
        raise TypeError(f"a grid holds no {type(warp).__name__}")


def _common(warp: Matrix | Field) -> dict[str, object]:
    return {"before": warp.before, "interpolation": warp.interpolation, "fill": warp.fill}


def unpacked(text: str, maps: list[Array]) -> list[Grid]:
    """Of `GridsOut.packed`; `maps` are (n,) uint8. Raises ValueError, TypeError or KeyError."""
    fields: list[Field] = []
    grids = []
    for node in json.loads(text):
        if len(node["maps"]) > _MOST_MAPS:
            raise ValueError("a grid went through too many warps")
        warps = tuple(_warp(n, maps, fields) for n in node["maps"])
        grids.append(Grid(_size(node["size"]), _size(node["source"]), warps))
    return grids


def _warp(node: dict[str, Any], maps: list[Array], fields: list[Field]) -> Warp:
    number: int | None = node.get("field")
    if number is not None and 0 <= number < len(fields):
        return fields[number]
    interpolation = node["interpolation"]
    if interpolation not in INTERPOLATIONS:
        raise ValueError(f"{interpolation!r:.40} is no interpolation")
    before, after = _size(node["before"]), _size(node["after"])
    fill = tuple(_number(v) for v in node["fill"])
    if number is None:
        rows = tuple(tuple(_number(v) for v in row) for row in node["rows"])
        if [len(row) for row in rows] != [3, 3, 3]:
            raise ValueError("a matrix is 3×3")
        return Matrix(before, after, rows, interpolation, fill)  # type: ignore[arg-type]
    if number != len(fields):
        raise ValueError("maps are not in their order")
    both = view(maps[number], np.dtype("<f4"), (2, after[1], after[0]))
    fields.append(Field(before, both[0], both[1], interpolation, fill))
    return fields[-1]


def _size(node: object) -> Size:
    if not isinstance(node, list) or [type(v) for v in node] != [int, int] or min(node) < 0:
        raise ValueError(f"{node!r:.40} is no size")
    return (node[0], node[1])


def _number(value: object) -> float:
    if type(value) not in (int, float):
        raise TypeError(f"{value!r:.40} is no number")
    return value  # type: ignore[return-value]
