"""Networks that need no suppression, or carry it: [b, n, 6], a row x1 y1 x2 y2, score, class.

So YOLOv10 and 26 write their boxes with `end2end=True`, and any network that ultralytics exports
with `nms=True`: in pixels of the network's input, best first, rows of score 0 where there are less.
YOLOv7's `--end2end` gives one list for the batch, [n, 7]: picture, x1 y1 x2 y2, class, score.
TensorRT's EfficientNMS gives four outputs: `num_dets`, `det_boxes`, `det_scores`, `det_classes`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cvkit.core.warp import Array, Size
from cvkit.models.decode.layout import Candidates, Seen, floats
from cvkit.models.network import Facts
from cvkit.models.prepare import ULTRALYTICS, Preparation
from cvkit.models.wanted import Usual

MOST = 1000
"""More rows than this are a grid of cells."""
RTDETR_HEAD = "RTDETRDecoder"
"""What ultralytics calls it in its metadata."""
_EFFICIENT_NMS = ("num_dets", "det_boxes", "det_scores", "det_classes")


@dataclass(frozen=True, slots=True)
class End2end:
    ports: tuple[int, ...] = ()
    """Where EfficientNMS's four outputs are; empty for one table."""
    preparation: Preparation = ULTRALYTICS
    classes: int | None = None
    first: int = 0
    overlap: bool = False
    usual: ClassVar[Usual] = Usual()
    sparse: ClassVar[bool] = False

    def candidates(self, outputs: Sequence[Array], size: Size, score: float) -> list[Candidates]:
        if self.ports:
            counts, boxes, scores, classes = (outputs[port] for port in self.ports)
            rows = [np.arange(boxes.shape[1]) < count for count in counts.reshape(-1)]
            parts = zip(boxes, scores, classes, rows, strict=True)
            return [_above(b[r], s[r], c[r], score) for b, s, c, r in parts]
        table = floats(outputs[0])
        if table.ndim == 2 and table.shape[1] == 7:
            pictures = int(table[:, 0].max(initial=0)) + 1
            lists = [table[table[:, 0] == i] for i in range(pictures)]
            return [_above(rows[:, 1:5], rows[:, 6], rows[:, 5], score) for rows in lists]
        if table.ndim != 3 or table.shape[2] != 6:
            raise ValueError("it is not a table of six columns")
        return [_above(rows[:, :4], rows[:, 4], rows[:, 5], score) for rows in table]


def _above(boxes: Array, scores: Array, classes: Array, score: float) -> Candidates:
    rows = np.flatnonzero(scores > score)
    numbers = np.rint(classes[rows]).astype(np.int32)
    return Candidates(floats(boxes[rows]), floats(scores[rows]), numbers)


def read(seen: Seen) -> End2end | str:
    ports = seen.named_as(*_EFFICIENT_NMS)
    if ports is not None:
        return End2end(tuple(ports))
    if len(seen.shapes) != 1:
        return "it has more than one output"
    (shape,) = seen.shapes
    if len(shape) == 2 and shape[1] == 7 and seen.facts.inputs[0].shape[0] == 1:
        return End2end()
    if len(shape) != 3 or shape[2] != 6:
        return "it is not a table of six columns"
    if not seen.named and (shape[1] is None or shape[1] > MOST or seen.cells(shape[1])):
        return "its rows are those of a grid of cells, or too many"
    if seen.named or finished(seen.facts) or _are_pixels(seen):
        return End2end()
    return "its boxes are shares of the input, or only a run shows whether they are"


def finished(facts: Facts) -> bool:
    """Whether ultralytics' metadata say that nothing is to be suppressed."""
    told = facts.metadata
    return told.get("end2end", "").lower() == "true" or "'nms': True" in told.get("args", "")


def _are_pixels(seen: Seen) -> bool:
    """RT-DETR's table has six columns, too; its boxes are shares, and never 0."""
    if seen.outputs is None or seen.facts.metadata.get("head") == RTDETR_HEAD:
        return False
    boxes = seen.outputs[0][..., :4]
    return bool((boxes > 2).any() or not boxes.any())
