"""YOLOv8's output, as v8, v9, 11 and 12 export it: [b, 4 + classes, n].

A column is centre x, centre y, width, height in pixels of the network's input, then one score a
class (already 0–1; there is no objectness). Of each column only the best class counts. Some
exporters turn the table: [b, n, 4 + classes].
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cvkit.core.warp import Array, Size
from cvkit.models.decode.layout import Candidates, Seen, corners, floats, scaled
from cvkit.models.prepare import ULTRALYTICS, Preparation
from cvkit.models.wanted import Usual

_POSE = 56
"""Rows of a network for people's 17 points: box, score, 17 times x, y, visibility."""


@dataclass(frozen=True, slots=True)
class Yolov8:
    classes: int
    turned: bool = False
    relative: bool = False
    preparation: Preparation = ULTRALYTICS
    first: int = 0
    overlap: bool = True
    usual: ClassVar[Usual] = Usual()
    sparse: ClassVar[bool] = False

    def candidates(self, outputs: Sequence[Array], size: Size, score: float) -> list[Candidates]:
        tables = next(output for output in outputs if output.ndim == 3)
        if self.turned:
            tables = tables.transpose(0, 2, 1)
        if tables.shape[1] != 4 + self.classes:
            raise ValueError(f"a table has {tables.shape[1]} rows")
        return [self._picture(floats(table), size, score) for table in tables]

    def _picture(self, table: Array, size: Size, score: float) -> Candidates:
        best = table[4:].max(0)
        found = np.flatnonzero(best > score)
        boxes = corners(table[:4, found].T)
        if self.relative:
            boxes = scaled(boxes, size)
        return Candidates(boxes, best[found], table[4:, found].argmax(0))


def read(seen: Seen) -> Yolov8 | str:
    table = seen.table()
    if table is None:
        return "it has not one table a picture"
    _, rows, columns = table
    if seen.labels and (rows == 4 + seen.labels) != (columns == 4 + seen.labels):
        turned = columns == 4 + seen.labels
        if turned and not seen.named and seen.cells(rows) is None:
            return "its rows are not those of a grid of cells"
        return Yolov8(seen.labels, turned, seen.relative)
    if rows is None or columns is None:
        return "its sides are free"
    turned = columns < rows
    rows, columns = (columns, rows) if turned else (rows, columns)
    if turned and not seen.named:  # YOLOX's table looks the same with a class less
        return "a table with a row a box is only read with the names of its classes"
    if not seen.named and (seen.cells(columns) or (0,))[0] != 1:
        return "its columns are not those of a grid of cells"
    if rows == _POSE and not seen.labels:
        return "56 rows are those of a network for poses, too, and its classes have no names"
    classes = seen.count(rows, 4)
    return classes if isinstance(classes, str) else Yolov8(classes, turned, seen.relative)
