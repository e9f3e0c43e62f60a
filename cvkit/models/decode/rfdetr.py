"""RF-DETR's outputs: `dets` [b, n, 4] and `labels` [b, n, classes], a row a query.

Centre and sides are shares of the input; each class has a sigmoid of its own, so that one query may
be several things. Nothing is suppressed. Deformable and Conditional DETR of transformers write the
same as `pred_boxes` and `logits`. Trained on COCO it has 91 numbers, COCO's own ids.

Source: roboflow/rf-detr, `rfdetr/models/lwdetr.py`, `PostProcess`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cvkit.core.warp import Array, Size
from cvkit.models.decode.detr import COCO_IDS, first_of, tables
from cvkit.models.decode.layout import Candidates, Seen, corners, floats, scaled, sigmoid
from cvkit.models.prepare import IMAGENET, Preparation
from cvkit.models.wanted import Usual


@dataclass(frozen=True, slots=True)
class Rfdetr:
    ports: tuple[int, int]
    numbers: int
    first: int
    preparation: Preparation = IMAGENET
    overlap: bool = False
    usual: ClassVar[Usual] = Usual(0.5, 0.7)
    sparse: ClassVar[bool] = True

    @property
    def classes(self) -> int:
        return self.numbers - self.first

    def candidates(self, outputs: Sequence[Array], size: Size, score: float) -> list[Candidates]:
        boxes, logits = (floats(outputs[port]) for port in self.ports)
        if logits.shape[2] != self.numbers:
            raise ValueError(f"it has {logits.shape[2]} scores a query")
        return [_picture(b, sigmoid(s), size, score) for b, s in zip(boxes, logits, strict=True)]


def _picture(boxes: Array, scores: Array, size: Size, score: float) -> Candidates:
    query, number = np.nonzero(scores > score)
    return Candidates(scaled(corners(boxes[query]), size), scores[query, number], number)


def read(seen: Seen) -> Rfdetr | str:
    found = tables(seen)
    if isinstance(found, str):
        return found
    ports, columns = found
    if columns < 1:
        return "it has no classes"
    own = "dets" in seen.facts.outputs[ports[0]].name
    if not seen.named and not own and columns != COCO_IDS:
        return "its logits are not COCO's 91"
    return Rfdetr(ports, columns, first_of(seen, columns))
