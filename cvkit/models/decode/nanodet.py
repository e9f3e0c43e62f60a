"""NanoDet's output: a row a cell, [b, n, classes + 4 · (reg_max + 1)].

Class scores (already 0–1) come first, then for each side of the box a distribution over 0 to
reg_max (7 as a rule) strides, whose expectation is the distance of the side from the cell: left,
top, right, bottom. NanoDet has cells of 8, 16, 32 pixels and measures from their centre; NanoDet-
Plus also of 64, and measures from their corner. Older exports give scores and distributions apart,
level by level.

Source: RangiLyu/nanodet, `gfl_head.py`, `nanodet_plus_head.py`; Li et al. 2020 (GFL).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cvkit.core.warp import Array, Size
from cvkit.models.decode.layout import Candidates, Seen, floats, grids, places, softmax
from cvkit.models.prepare import Preparation
from cvkit.models.wanted import Usual

_BGR = Preparation(
    "stretch", "bgr", scale=1.0, mean=(103.53, 116.28, 123.675), std=(57.375, 57.12, 58.395)
)
_BINS = (8, 11, 16, 17)
"""reg_max + 1 of the published networks, the usual one first."""


@dataclass(frozen=True, slots=True)
class Nanodet:
    classes: int
    bins: int
    strides: tuple[int, ...]
    preparation: Preparation = _BGR
    first: int = 0
    overlap: bool = True
    usual: ClassVar[Usual] = Usual(0.35, 0.6)
    sparse: ClassVar[bool] = False

    def candidates(self, outputs: Sequence[Array], size: Size, score: float) -> list[Candidates]:
        tables = floats(_joined(outputs, self.classes, self.bins))
        cells = sum(w * h for w, h in grids(size, self.strides))
        if tables.shape[1:] != (cells, self.classes + 4 * self.bins):
            raise ValueError(f"a table of {'×'.join(map(str, tables.shape[1:]))}")
        return [self._picture(table, size, score) for table in tables]

    def _picture(self, table: Array, size: Size, score: float) -> Candidates:
        best = table[:, : self.classes].max(1)
        rows = np.flatnonzero(best > score)
        xy, stride = (part[rows] for part in places(size, self.strides))
        centre = (xy + (0.5 if 64 not in self.strides else 0.0)) * stride[:, None]
        bins = softmax(table[rows, self.classes :].reshape(-1, 4, self.bins))
        sides = (bins @ np.arange(self.bins, dtype=np.float32)) * stride[:, None]
        boxes = np.concatenate([centre - sides[:, :2], centre + sides[:, 2:]], 1)
        return Candidates(floats(boxes), best[rows], table[rows, : self.classes].argmax(1))


def _joined(outputs: Sequence[Array], classes: int, bins: int) -> Array:
    """One table, from levels in any order whose scores and distributions may be apart."""
    if len(outputs) == 1:
        return outputs[0]
    levels = sorted(outputs, key=lambda output: -output.shape[1])
    scores = [level for level in levels if level.shape[2] == classes]
    sides = [level for level in levels if level.shape[2] == 4 * bins]
    if not scores:
        return np.concatenate(levels, 1)
    return np.concatenate([np.concatenate(scores, 1), np.concatenate(sides, 1)], 2)


def read(seen: Seen) -> Nanodet | str:
    if any(len(shape) != 3 or None in shape[1:] for shape in seen.shapes):
        return "its outputs are not tables of known sides"
    columns = sorted({shape[2] or 0 for shape in seen.shapes})
    if len(columns) == 1:
        return _one(seen, columns[0], sum(shape[1] or 0 for shape in seen.shapes))
    if len(columns) != 2 or len(seen.shapes) not in (6, 8):
        return "its outputs are not scores and distributions"
    for bins in _BINS:
        if 4 * bins in columns:
            classes = columns[0] if columns[1] == 4 * bins else columns[1]
            cells = sum(shape[1] or 0 for shape in seen.shapes) // 2
            return _layout(seen, classes, bins, cells)
    return "no output is a distribution"


def _one(seen: Seen, columns: int, cells: int) -> Nanodet | str:
    if seen.labels:
        fits = [bins for bins in _BINS if columns == seen.labels + 4 * bins]
        if not fits:
            return f"{columns} columns are not {seen.labels} classes and four distributions"
        return _layout(seen, seen.labels, fits[0], cells)
    classes = columns - 4 * _BINS[0]
    if classes < 1:
        return f"it has {columns} columns, too few"
    if not seen.named:
        if seen.outputs is None or len(seen.outputs) != 1:
            return "without names only a run shows which columns are scores"
        scores, sides = np.split(seen.outputs[0], [classes], 2)
        if scores.min() < 0 or scores.max() > 1 or (sides.min() >= 0 and sides.max() <= 1):
            return "its first columns are not scores"
    return _layout(seen, classes, _BINS[0], cells)


def _layout(seen: Seen, classes: int, bins: int, rows: int) -> Nanodet | str:
    if seen.labels and classes != seen.labels:
        return f"it has room for {classes} classes, and {seen.labels} names are known"
    cells = seen.cells(rows)
    if cells is None or cells[0] != 1:
        return "its rows are not one for each cell"
    return Nanodet(classes, bins, cells[1])
