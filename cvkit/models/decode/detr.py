"""DETR's outputs: `pred_boxes` [b, n, 4] and `logits` [b, n, classes + 1], a row a query.

Centre and sides are shares of the input; the softmax over the classes has "no object" as its last
one, which is left out. Nothing is suppressed. YOLOS writes the same; Conditional and Deformable
DETR, which have a sigmoid, are read by `rfdetr`. Trained on COCO it has 91 numbers, COCO's own ids,
of which 0 and ten others stand for nothing.

Source: Carion et al. 2020.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from cvkit.core.warp import Array, Size
from cvkit.models.decode.layout import Candidates, Seen, floats, softmax
from cvkit.models.decode.rtdetr import best
from cvkit.models.prepare import IMAGENET, Preparation
from cvkit.models.wanted import Usual

COCO_IDS = 91
_NAMES = (("pred_boxes", "logits"), ("dets", "labels"), ("boxes", "scores"))


@dataclass(frozen=True, slots=True)
class Detr:
    ports: tuple[int, int]
    numbers: int
    first: int
    preparation: Preparation = IMAGENET
    overlap: bool = False
    usual: ClassVar[Usual] = Usual(0.7, 0.7)
    sparse: ClassVar[bool] = True

    @property
    def classes(self) -> int:
        return self.numbers - self.first

    def candidates(self, outputs: Sequence[Array], size: Size, score: float) -> list[Candidates]:
        boxes, logits = (floats(outputs[port]) for port in self.ports)
        if logits.shape[2] != self.numbers + 1:
            raise ValueError(f"it has {logits.shape[2]} scores a query")
        scores = softmax(logits)[..., :-1]
        return [best(b, s, size, score) for b, s in zip(boxes, scores, strict=True)]


def tables(seen: Seen) -> tuple[tuple[int, int], int] | str:
    """Where boxes and scores are, and how many numbers a query has; or why they are not there."""
    boxes = [i for i, shape in enumerate(seen.shapes) if len(shape) == 3 and shape[2] == 4]
    for names in _NAMES:
        ports = seen.named_as(*names)
        if ports is not None and ports[0] in boxes:
            columns = seen.shapes[ports[1]][-1]
            if columns is None or len(seen.shapes[ports[1]]) != 3:
                return "its sides are free"
            return (ports[0], ports[1]), columns
    others = [i for i, shape in enumerate(seen.shapes) if len(shape) == 3 and i not in boxes]
    if len(boxes) == 1 and len(others) == 1 and seen.named:
        return (boxes[0], others[0]), seen.shapes[others[0]][2] or 0
    return "it has not boxes and logits of queries"


def first_of(seen: Seen, numbers: int) -> int:
    """1 where the numbers are COCO's ids, whose 0 is nothing, or the labels begin with nothing."""
    coco = seen.labels in (0, 80, COCO_IDS - 1) and numbers == COCO_IDS
    return int(coco or (seen.background and numbers == seen.labels + 1))


def read(seen: Seen) -> Detr | str:
    found = tables(seen)
    if isinstance(found, str):
        return found
    ports, columns = found
    if columns < 2:
        return f"it has {columns} columns, too few"
    fits = columns == COCO_IDS + 1 or columns == seen.labels + 1
    if not seen.named and (not fits or "dets" in seen.facts.outputs[ports[0]].name):
        return "its logits are not one more than its labels"
    return Detr(ports, columns - 1, first_of(seen, columns - 1))
