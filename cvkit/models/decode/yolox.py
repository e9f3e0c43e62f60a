"""YOLOX's output: [b, n, 5 + classes], one row a cell.

A row is x, y, width, height, objectness and a probability a class; the score is their product. As
it is usually exported the box is raw: the centre is (xy + cell) · stride, the sides exp(wh) ·
stride, cells of stride 8, 16, 32 (and 64) after one another. Exports with `--decode_in_inference`
have pixels: which of both it is, a run over a flat picture shows, since raw centres are within a
few cells of 0 and decoded ones cover the input.

Source: Megvii-BaseDetection/YOLOX, `yolox/utils/demo_utils.py`, `demo_postprocess`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cvkit.core.warp import Array, Size
from cvkit.models.decode.layout import (
    Candidates,
    Seen,
    corners,
    floats,
    grids,
    places,
    with_objectness,
)
from cvkit.models.prepare import Preparation
from cvkit.models.wanted import Usual

_BGR = Preparation("top-left", "bgr", scale=1.0)


@dataclass(frozen=True, slots=True)
class Yolox:
    classes: int
    strides: tuple[int, ...]
    raw: bool = True
    preparation: Preparation = _BGR
    first: int = 0
    overlap: bool = True
    usual: ClassVar[Usual] = Usual(0.3, 0.45)
    sparse: ClassVar[bool] = False

    def candidates(self, outputs: Sequence[Array], size: Size, score: float) -> list[Candidates]:
        tables = outputs[0]
        cells = sum(w * h for w, h in grids(size, self.strides))
        if tables.shape[1:] != (cells, 5 + self.classes):
            raise ValueError(
                f"a table of {'×'.join(map(str, tables.shape[1:]))} is not {cells} cells"
            )
        return [self._picture(floats(table), size, score) for table in tables]

    def _picture(self, table: Array, size: Size, score: float) -> Candidates:
        rows = np.flatnonzero(table[:, 4] > score)
        table = table[rows]
        if self.raw:
            xy, stride = (part[rows] for part in places(size, self.strides))
            centre = (table[:, :2] + xy) * stride[:, None]
            sides = np.exp(table[:, 2:4]) * stride[:, None]
            table = np.concatenate([centre, sides, table[:, 4:]], 1)
        found = with_objectness(table, score)
        return Candidates(corners(found.boxes), found.scores, found.classes)


def read(seen: Seen) -> Yolox | str:
    if len(seen.shapes) != 1 or len(seen.shapes[0]) != 3:
        return "it has not one table a picture"
    _, rows, columns = seen.shapes[0]
    cells = seen.cells(rows)
    if columns is None or cells is None or cells[0] != 1:
        return "its rows are not one for each cell"
    classes = seen.count(columns, 5)
    if isinstance(classes, str):
        return classes
    if seen.outputs is None:
        return "whether its boxes are raw only a run shows"
    assert seen.size is not None
    table = floats(seen.outputs[0][0])
    raw = _raw(table, seen.size, cells[1])
    if not seen.named:
        if (table[:, 4] == 1).all():
            return "its objectness is always 1"
        if (table[:, 4:] < 0).any() or (table[:, 4:] > 1).any():
            return "its objectness or classes are not 0 to 1"
        if not (raw or seen.labels):  # YOLOv8's table, turned, looks the same with a class more
            return "its boxes are decoded, and its classes have no names"
    return Yolox(classes, cells[1], raw)


def _raw(table: Array, size: Size, strides: Sequence[int]) -> bool:
    """Whether the centres are nearer to their own cell, or to nothing, in the middle of them."""
    xy, stride = places(size, strides)
    cells = (xy + 0.5) * stride[:, None]
    decoded = np.median(np.abs(table[:, :2] - cells))
    return bool(np.median(np.abs(table[:, :2] - 0.5)) < decoded)
