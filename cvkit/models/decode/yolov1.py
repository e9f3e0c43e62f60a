"""YOLOv1's output, [b, S·S·(B·5 + C)] with S = 7: a grid, not cells that slide.

As Darknet's `[detection]` layer has it: first C probabilities P(class | object) for each cell, then
B objectnesses for each cell, then B boxes for each cell: centre within the cell, square roots of
the sides as shares of the input. The score is P(class | object) · P(object).

Source: Redmon et al. 2016; pjreddie/darknet, `detection_layer.c`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cvkit.core.warp import Array, Size
from cvkit.models.decode.layout import Candidates, Seen, corners, floats, scaled
from cvkit.models.prepare import Preparation
from cvkit.models.wanted import Usual

SIDE = 7
_INPUT = (448, 448)
_BOXES = (2, 3)
_STRETCHED = Preparation("stretch")


@dataclass(frozen=True, slots=True)
class Yolov1:
    classes: int
    boxes: int = 2
    preparation: Preparation = _STRETCHED
    first: int = 0
    overlap: bool = True
    usual: ClassVar[Usual] = Usual(0.2, 0.4)
    sparse: ClassVar[bool] = False

    def candidates(self, outputs: Sequence[Array], size: Size, score: float) -> list[Candidates]:
        flat = floats(outputs[0]).reshape(len(outputs[0]), -1)
        if flat.shape[1] != length(self.classes, self.boxes):
            raise ValueError(f"it has {flat.shape[1]} numbers")
        return [self._picture(numbers, size, score) for numbers in flat]

    def _picture(self, numbers: Array, size: Size, score: float) -> Candidates:
        cells = SIDE * SIDE
        ends = np.cumsum([cells * self.classes, cells * self.boxes])
        per_class, objects, places = np.split(numbers, ends)
        scores = per_class.reshape(cells, 1, -1) * objects.reshape(cells, self.boxes, 1)
        cell, box = np.nonzero(scores.max(2) > score)
        found = places.reshape(cells, self.boxes, 4)[cell, box]
        centre = (found[:, :2] + np.stack([cell % SIDE, cell // SIDE], 1)) / SIDE
        boxes = np.concatenate([centre, found[:, 2:] ** 2], 1).astype(np.float32)
        kept = scores[cell, box]
        return Candidates(scaled(corners(boxes), size), kept.max(1, initial=0), kept.argmax(1))


def length(classes: int, boxes: int = 2, side: int = SIDE) -> int:
    """How many numbers the output has: S·S·(B·5 + C)."""
    return side * side * (boxes * 5 + classes)


def read(seen: Seen) -> Yolov1 | str:
    if len(seen.shapes) != 1:
        return "it has more than one output"
    sides = seen.shapes[0][1:]
    known = [side for side in sides if side is not None]
    if len(known) != len(sides) or not known:
        return "its sides are free"
    numbers = int(np.prod(known))
    if not seen.named and (seen.size != _INPUT or len(sides) != 1):
        return "it is not one list of numbers for 448 by 448 pixels"
    for boxes in _BOXES:
        classes = numbers / SIDE**2 - 5 * boxes
        if classes >= 1 and classes.is_integer() and classes == (seen.labels or 20):
            return Yolov1(int(classes), boxes)
    return f"{numbers} numbers are not 7·7·(B·5 + classes) for the labels that are known"
