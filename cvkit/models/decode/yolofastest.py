"""Yolo-FastestV2's outputs, [b, rows, columns, 4·3 + 3 + classes] at strides 16 and 32.

A cell's numbers are four for each of three boxes, their objectnesses, and one probability a class
for all three (all already 0–1). The centre is (2 xy - 0.5 + cell) · stride, the sides (2 wh)² times
the anchor; the score is objectness times class. The anchors are those of the weights for COCO: of
a network that was trained with others the boxes have other sides. YOLO-Fastest (v1) is Darknet's.

Source: dog-qiuqiu/Yolo-FastestV2, `utils/utils.py`, `handel_preds`; `data/coco.data`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cvkit.core.warp import Array, Size
from cvkit.models.decode.layout import Candidates, Seen, corners, floats
from cvkit.models.prepare import Preparation
from cvkit.models.wanted import Usual

_STRIDES = (16, 32)
_ANCHORS = np.array(
    [
        [(12.64, 19.39), (37.88, 51.48), (55.71, 138.31)],
        [(126.91, 78.23), (131.57, 214.55), (279.92, 258.87)],
    ],
    np.float32,
)
_EACH = 3
_STRETCHED_BGR = Preparation("stretch", "bgr")


@dataclass(frozen=True, slots=True)
class Yolofastest:
    classes: int
    preparation: Preparation = _STRETCHED_BGR
    first: int = 0
    overlap: bool = True
    usual: ClassVar[Usual] = Usual(0.3, 0.4)
    sparse: ClassVar[bool] = False

    def candidates(self, outputs: Sequence[Array], size: Size, score: float) -> list[Candidates]:
        maps = sorted((floats(output) for output in outputs), key=lambda m: -m.shape[1])
        if len(maps) != len(_STRIDES) or maps[0].shape[3] != 5 * _EACH + self.classes:
            raise ValueError("it has not two maps of cells")
        return [_picture(cells, size, score) for cells in zip(*maps, strict=True)]


def _picture(maps: Sequence[Array], size: Size, score: float) -> Candidates:
    parts = [_level(m, a, size, score) for m, a in zip(maps, _ANCHORS, strict=True)]
    columns = zip(*((p.boxes, p.scores, p.classes) for p in parts), strict=True)
    return Candidates(*(np.concatenate(column) for column in columns))


def _level(cells: Array, anchors: Array, size: Size, score: float) -> Candidates:
    rows, columns, _ = cells.shape
    objects = cells[..., 4 * _EACH : 5 * _EACH]
    classes = cells[..., 5 * _EACH :]
    scores = objects * classes.max(2, keepdims=True)
    y, x, anchor = np.nonzero(scores > score)
    found = cells[y, x, : 4 * _EACH].reshape(-1, _EACH, 4)[np.arange(len(x)), anchor]
    stride = np.array([size[0] / columns, size[1] / rows], np.float32)
    centre = (found[:, :2] * 2 - 0.5 + np.stack([x, y], 1)) * stride
    boxes = np.concatenate([centre, (found[:, 2:] * 2) ** 2 * anchors[anchor]], 1)
    return Candidates(
        corners(boxes.astype(np.float32)), scores[y, x, anchor], classes[y, x].argmax(1)
    )


def read(seen: Seen) -> Yolofastest | str:
    shapes = sorted(seen.shapes, key=lambda shape: -(shape[1] or 0) if len(shape) == 4 else 0)
    if len(shapes) != len(_STRIDES) or any(len(shape) != 4 for shape in shapes):
        return "it has not two maps of cells"
    widths = {shape[3] for shape in shapes}
    if len(widths) != 1 or None in widths:
        return "its maps have not one width"
    if seen.size is None:
        return "the size of its input is free"
    for shape, stride in zip(shapes, _STRIDES, strict=True):
        if shape[1:3] != (seen.size[1] // stride, seen.size[0] // stride):
            return "its maps are not those of strides 16 and 32"
    classes = seen.count(shapes[0][3] or 0, 5 * _EACH)
    return classes if isinstance(classes, str) else Yolofastest(classes)
