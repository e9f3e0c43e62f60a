"""RT-DETR's output: a row a query, no suppression.

Ultralytics exports one table: centre and sides as shares of the input, then score and class
([b, n, 6], since 8.4) or a score a class ([b, n, 4 + classes]), already 0–1. Transformers exports
two, `pred_boxes` [b, n, 4] and `logits` [b, n, classes], to which the sigmoid is still to be
applied. Pictures are stretched.

Source: Zhao et al. 2024; ultralytics, `models/rtdetr/predict.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cvkit.core.warp import Array, Size
from cvkit.models.decode.end2end import MOST, RTDETR_HEAD
from cvkit.models.decode.layout import Candidates, Seen, corners, floats, scaled, sigmoid
from cvkit.models.prepare import Preparation
from cvkit.models.wanted import Usual

_STRETCHED = Preparation("stretch")


@dataclass(frozen=True, slots=True)
class Rtdetr:
    classes: int | None
    """None where each row has its score and class."""
    ports: tuple[int, ...] = ()
    """Where boxes and logits are; empty for one table."""
    preparation: Preparation = _STRETCHED
    first: int = 0
    overlap: bool = False
    usual: ClassVar[Usual] = Usual()
    sparse: ClassVar[bool] = False

    def candidates(self, outputs: Sequence[Array], size: Size, score: float) -> list[Candidates]:
        if self.classes is None:
            return [_finished(floats(table), size, score) for table in outputs[0]]
        if self.ports:
            boxes, logits = (floats(outputs[port]) for port in self.ports)
            scores = sigmoid(logits)
        else:
            boxes, scores = floats(outputs[0])[..., :4], floats(outputs[0])[..., 4:]
        if scores.shape[2] != self.classes:
            raise ValueError(f"it has {scores.shape[2]} scores a query")
        return [best(b, s, size, score) for b, s in zip(boxes, scores, strict=True)]


def _finished(table: Array, size: Size, score: float) -> Candidates:
    if table.shape[1] != 6:
        raise ValueError("it is not a table of six columns")
    found = table[table[:, 4] > score]
    boxes = scaled(corners(found[:, :4]), size)
    return Candidates(boxes, found[:, 4], np.rint(found[:, 5]).astype(np.int32))


def best(boxes: Array, scores: Array, size: Size, score: float) -> Candidates:
    """A query's best class, as ultralytics and transformers have it, from centre and sides as
    shares."""
    highest = scores.max(1)
    rows = np.flatnonzero(highest > score)
    found = scaled(corners(boxes[rows]), size)
    return Candidates(found, highest[rows], scores[rows].argmax(1))


def read(seen: Seen) -> Rtdetr | str:
    ports = seen.named_as("pred_boxes", "logits")
    if ports is not None:
        columns = seen.shapes[ports[1]][-1]
        if columns is None or (not seen.named and columns != seen.labels):
            return "its classes are not as many as its labels"
        return Rtdetr(columns, tuple(ports))
    if len(seen.shapes) != 1 or len(seen.shapes[0]) != 3:
        return "it has not one table a picture"
    _, rows, columns = seen.shapes[0]
    if columns == 6 and seen.facts.metadata.get("head") == RTDETR_HEAD:
        return Rtdetr(None)
    if rows is None or columns is None:
        return "its sides are free"
    if not seen.named and (rows > MOST or seen.cells(rows) or columns < 6):
        return "its rows are not queries"
    return _one_table(seen, columns)


def _one_table(seen: Seen, columns: int) -> Rtdetr | str:
    classes = seen.count(columns, 4)
    if columns != 6 and (isinstance(classes, str) or seen.named):
        return classes if isinstance(classes, str) else Rtdetr(classes)
    if seen.outputs is None:
        return "whether its boxes are shares only a run shows"
    table = seen.outputs[0]
    if (table[..., :5] <= 0).any() or (table[..., :5] > 1.5).any():
        return "its boxes are no shares of the input, or its scores not 0 to 1"
    if columns == 6 and (table[..., 5] == np.rint(table[..., 5])).all():
        return Rtdetr(None)
    if isinstance(classes, str):
        return classes
    return Rtdetr(classes) if (table <= 1).all() else "its scores are not 0 to 1"
