"""YOLOv5's own output, as YOLOv7 and YOLOv6 have it too: [b, n, 5 + classes].

A row is centre x, centre y, width, height in pixels of the network's input (anchors are worked in
by the graph), objectness and a probability a class; the score is their product. YOLOv5 and v7 have
three rows a cell, YOLOv6 one, whose objectness is always 1. Exports that keep training's raw heads
beside the table are read, too.

Source: ultralytics/yolov5, `models/yolo.py`, `Detect`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from cvkit.core.warp import Array, Size
from cvkit.models.decode.layout import Candidates, Seen, corners, floats, scaled, with_objectness
from cvkit.models.prepare import ULTRALYTICS, Preparation
from cvkit.models.wanted import Usual


@dataclass(frozen=True, slots=True)
class Yolov5:
    classes: int
    relative: bool = False
    preparation: Preparation = ULTRALYTICS
    first: int = 0
    overlap: bool = True
    usual: ClassVar[Usual] = Usual(0.25, 0.45)
    sparse: ClassVar[bool] = False

    def candidates(self, outputs: Sequence[Array], size: Size, score: float) -> list[Candidates]:
        tables = next(output for output in outputs if output.ndim == 3)
        if tables.shape[2] != 5 + self.classes:
            raise ValueError(f"a table has {tables.shape[2]} columns")
        return [self._picture(floats(table), size, score) for table in tables]

    def _picture(self, table: Array, size: Size, score: float) -> Candidates:
        found = with_objectness(table, score)
        boxes = corners(found.boxes)
        return replace(found, boxes=scaled(boxes, size) if self.relative else boxes)


def read(seen: Seen) -> Yolov5 | str:
    table = seen.table()
    if table is None:
        return "it has not one table a picture"
    _, rows, columns = table
    if columns is None:
        return "its sides are free"
    classes = seen.count(columns, 5)
    if isinstance(classes, str):
        return classes
    if not seen.named:
        cells = seen.cells(rows)
        if cells is None:
            return "its rows are not those of a grid of cells"
        if cells[0] == 1 and not _sure(seen):
            return "a cell has one row, and its objectness is not always 1"
    return Yolov5(classes, seen.relative)


def _sure(seen: Seen) -> bool:
    """YOLOv6: the column is there only so that YOLOv5's programs can read it."""
    table = next((output for output in seen.outputs or () if output.ndim == 3), None)
    return table is not None and bool((table[..., 4] == 1).all())
