"""FastestDet's output: [b, 5 + classes, rows, columns], one box a cell.

The channels of a cell are objectness, x, y, width, height and a probability a class (objectness and
classes already 0–1). The score is objectness^0.6 · class^0.4, the centre (tanh(xy) + cell) and the
sides sigmoid(wh), as shares of the input.

Source: dog-qiuqiu/FastestDet, `utils/tool.py`, `handle_preds`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cvkit.core.warp import Array, Size
from cvkit.models.decode.layout import Candidates, Seen, corners, floats, scaled, sigmoid
from cvkit.models.prepare import Preparation
from cvkit.models.wanted import Usual

_OBJECT, _CLASS = 0.6, 0.4
_STRIDE = 16
_STRETCHED_BGR = Preparation("stretch", "bgr")


@dataclass(frozen=True, slots=True)
class Fastestdet:
    classes: int
    preparation: Preparation = _STRETCHED_BGR
    first: int = 0
    overlap: bool = True
    usual: ClassVar[Usual] = Usual(0.65, 0.45)
    sparse: ClassVar[bool] = False

    def candidates(self, outputs: Sequence[Array], size: Size, score: float) -> list[Candidates]:
        maps = outputs[0]
        if maps.ndim != 4 or maps.shape[1] != 5 + self.classes:
            raise ValueError(f"a map has {maps.shape[1]} channels")
        return [_picture(floats(cells), size, score) for cells in maps]


def _picture(cells: Array, size: Size, score: float) -> Candidates:
    _, rows, columns = cells.shape
    y, x = np.nonzero(cells[0] > score ** (1 / _OBJECT))  # the best class could be 1
    found = cells[:, y, x]
    classes = found[5:].argmax(0) if len(x) else np.zeros(0, np.intp)
    scores = found[0] ** _OBJECT * found[5 + classes, np.arange(len(x))] ** _CLASS
    centre = (np.tanh(found[1:3]) + np.stack([x, y])) / [[columns], [rows]]
    boxes = np.concatenate([centre, sigmoid(found[3:5])]).T.astype(np.float32)
    stay = np.flatnonzero(scores > score)
    return Candidates(scaled(corners(boxes[stay]), size), scores[stay], classes[stay])


def read(seen: Seen) -> Fastestdet | str:
    if len(seen.shapes) != 1 or len(seen.shapes[0]) != 4:
        return "it has not one map a picture"
    _, channels, rows, columns = seen.shapes[0]
    if channels is None:
        return "its sides are free"
    if not seen.named and (
        seen.size is None or (columns, rows) != tuple(side // _STRIDE for side in seen.size)
    ):
        return "its map is not one cell for 16 by 16 pixels"
    classes = seen.count(channels, 5)
    return classes if isinstance(classes, str) else Fastestdet(classes)
