"""EfficientDet's outputs: a finished list, or anchors.

AutoML's exports give [b, n, 7]: picture, y1 x1 y2 x2 in pixels of the input, score, class from 1.
PyTorch's give `regression` [b, n, 4] (dy dx dh dw against anchors) and `classification`
[b, n, classes], over levels 3 to 7 with nine anchors a cell: scales 2^(0, 1/3, 2/3) of four
strides, each 1:1, 1.4:0.7 and 0.7:1.4. Scores that are not 0–1 yet get the sigmoid. Exports of
TensorFlow's object detection API are `ssd`'s.

Source: Tan et al. 2020; google/automl, `anchors.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np

from cvkit.core.warp import Array, Size
from cvkit.models.decode.layout import Boxes, Candidates, Seen, floats, grids, sigmoid
from cvkit.models.prepare import Preparation
from cvkit.models.wanted import Usual

STRIDES = (8, 16, 32, 64, 128)
_SCALES = (1.0, 2 ** (1 / 3), 2 ** (2 / 3))
_RATIOS = ((1.0, 1.0), (1.4, 0.7), (0.7, 1.4))
_EACH = len(_SCALES) * len(_RATIOS)
_ANCHOR = 4
_TOP_LEFT = Preparation(
    "top-left", mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225), fill=114.0
)
_XYXY = [2, 1, 4, 3]


@dataclass(frozen=True, slots=True)
class Listed:
    preparation: Preparation = _TOP_LEFT
    classes: int | None = None
    first: int = 1
    overlap: bool = False
    usual: ClassVar[Usual] = Usual(0.4, 0.5)
    sparse: ClassVar[bool] = True

    def candidates(self, outputs: Sequence[Array], size: Size, score: float) -> list[Candidates]:
        tables = floats(outputs[0])
        if tables.ndim != 3 or tables.shape[2] != 7:
            raise ValueError("it is not a table of seven columns")
        found = [table[table[:, 5] > score] for table in tables]
        return [Candidates(f[:, _XYXY], f[:, 5], f[:, 6].astype(np.int32)) for f in found]


@dataclass(frozen=True, slots=True)
class Anchored:
    boxes: int
    scores: int
    classes: int
    logits: bool
    preparation: Preparation = _TOP_LEFT
    first: int = 0
    overlap: bool = True
    usual: ClassVar[Usual] = Usual(0.4, 0.5)
    sparse: ClassVar[bool] = True

    def candidates(self, outputs: Sequence[Array], size: Size, score: float) -> list[Candidates]:
        boxes, scores = floats(outputs[self.boxes]), floats(outputs[self.scores])
        if scores.shape[1:] != (count(size), self.classes) or boxes.shape[1:] != (count(size), 4):
            raise ValueError(f"it has not {count(size)} anchors")
        with np.errstate(divide="ignore"):  # everything is above 0, nothing above 1
            level = (
                float(np.log(np.float64(score) / np.float64(1 - score))) if self.logits else score
            )
        return [
            self._picture(b, s, anchors(size), score, level)
            for b, s in zip(boxes, scores, strict=True)
        ]

    def _picture(
        self, deltas: Array, scores: Array, places: Boxes, score: float, level: float
    ) -> Candidates:
        best = scores.max(1)
        rows = np.flatnonzero(best > level)
        found = sigmoid(best[rows]) if self.logits else best[rows]
        y, x, height, width = places[rows].T
        dy, dx, dh, dw = deltas[rows].T
        cy, cx = dy * height + y, dx * width + x
        h, w = np.exp(dh) * height / 2, np.exp(dw) * width / 2
        boxes = np.stack([cx - w, cy - h, cx + w, cy + h], 1)
        stay = found > score
        return Candidates(boxes[stay], found[stay], scores[rows][stay].argmax(1))


def count(size: Size) -> int:
    """How many anchors an input of (width, height) `size` has."""
    return _EACH * sum(columns * rows for columns, rows in grids(size, STRIDES))


@lru_cache(maxsize=4)
def anchors(size: Size) -> Boxes:
    """(n, 4) float32: centre y, centre x, height, width."""
    levels = []
    for (columns, rows), stride in zip(grids(size, STRIDES), STRIDES, strict=True):
        y, x = (np.mgrid[:rows, :columns] + 0.5) * stride
        base = _ANCHOR * stride
        sides = [(base * s * h, base * s * w) for s in _SCALES for w, h in _RATIOS]
        centres = np.repeat(np.stack([y, x], -1).reshape(-1, 1, 2), _EACH, 1)
        shapes = np.broadcast_to(np.array(sides), centres.shape)
        levels.append(np.concatenate([centres, shapes], -1).reshape(-1, 4))
    return np.concatenate(levels).astype(np.float32)


def read(seen: Seen) -> Listed | Anchored | str:
    if len(seen.shapes) == 1:
        return _listed(seen)
    if seen.size is None:
        return "the size of its input is free"
    n = count(seen.size)
    tables = [i for i, shape in enumerate(seen.shapes) if len(shape) == 3 and shape[1] == n]
    boxes = [i for i in tables if seen.shapes[i][2] == 4]
    scores = [i for i in tables if i not in boxes]
    if len(boxes) != 1 or len(scores) != 1:
        return f"it has not two tables of {n} anchors"
    classes = seen.shapes[scores[0]][2]
    if classes is None or seen.outputs is None:
        return "whether its scores are 0 to 1 only a run shows"
    table = seen.outputs[scores[0]]
    logits = bool((table < 0).any() or (table > 1).any())
    return Anchored(boxes[0], scores[0], classes, logits)


def _listed(seen: Seen) -> Listed | str:
    shape = seen.shapes[0]
    if len(shape) != 3 or shape[2] != 7:
        return "it is not a table of seven columns"
    if seen.named or "detections" in seen.facts.outputs[0].name.lower():
        return Listed()
    if seen.outputs is None:
        return "whether it is a finished list only a run shows"
    table = seen.outputs[0]
    whole = (table[..., [0, 6]] == np.rint(table[..., [0, 6]])).all()
    falls = (np.diff(table[..., 5], axis=1) <= 0).all()
    some = (table[..., 5] > 0).any()
    return (
        Listed() if whole and falls and some else "its rows are not picture, box, score and class"
    )
