"""YOLOv8's output, as v8, v9, 11 and 12 export it: [b, 4 + classes, n].

A column is centre x, centre y, width, height in pixels of the network's input, then one score a
class (already 0–1; there is no objectness). Of each column only the best class counts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cvkit.core.algo.nms import kept
from cvkit.core.errors import ParameterError
from cvkit.core.grid import Grid
from cvkit.core.objects import Objects
from cvkit.core.warp import Array, Size
from cvkit.models.network import Facts
from cvkit.models.wanted import Wanted


@dataclass(frozen=True, slots=True)
class Yolov8:
    """Decodes the outputs of a network whose classes are `names`, in order."""

    names: tuple[str, ...]
    facts: Facts

    @classmethod
    def of(cls, facts: Facts) -> Yolov8:
        """For the network that `facts` describes; ParameterError where its layout is another."""
        if facts.task not in ("", "detect"):
            raise ParameterError(
                f"{facts.file} does not detect", why=f"its metadata says task {facts.task}"
            )
        refusal = _refusal(facts)
        if refusal:
            raise _unknown(facts, refusal)
        return cls(facts.names, facts)

    def decode(self, outputs: list[Array], size: Size, wanted: Wanted) -> list[Objects]:
        """One Objects a picture, best first, on the network's input of (width, height) `size`."""
        tables = outputs[0]
        if tables.ndim != 3 or tables.shape[1] != 4 + len(self.names):
            shape = "×".join(map(str, tables.shape))
            raise _unknown(self.facts, f"its output is {shape}")  # its file left the shape free
        return [self._picture(table, size, wanted) for table in tables]

    def _picture(self, table: Array, size: Size, wanted: Wanted) -> Objects:
        floats = table.astype(np.float32, copy=False)
        best = floats[4:].max(0)
        found = np.flatnonzero(best > wanted.score)
        classes = floats[4:, found].argmax(0).astype(np.int32)
        if wanted.labels:
            numbers = [i for i, name in enumerate(self.names) if name in wanted.labels]
            chosen = np.isin(classes, numbers)
            found, classes = found[chosen], classes[chosen]
        boxes, scores = _corners(floats[:4, found]), best[found]
        rows = kept(boxes, scores, wanted.iou, classes, wanted.most)
        return Objects(
            Grid.of(size),
            boxes[rows],
            scores=scores[rows],
            classes=classes[rows],
            labels=tuple(self.names[i] for i in classes[rows]),
        )


def _corners(columns: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n, 4) x1 y1 x2 y2 from (4, n) centre and sides."""
    half = columns[2:] / 2
    return np.concatenate([columns[:2] - half, columns[:2] + half]).T


def _refusal(facts: Facts) -> str:
    """Why the network is not of this layout; empty where it is."""
    if len(facts.inputs) != 1 or len(facts.inputs[0].shape) != 4:
        return "it does not take one batch of pictures"
    entry = facts.inputs[0]
    if entry.shape[1] != 3 or entry.dtype not in ("float32", "float16"):
        return "its input is not [batch, 3, height, width] of floats"
    if len(facts.outputs) != 1 or len(facts.outputs[0].shape) != 3:
        return "its output is not one table a picture"
    _, rows, columns = facts.outputs[0].shape
    if facts.names and columns == 5 + len(facts.names):
        return "its columns are YOLOv5's (with objectness)"
    if not facts.names:
        return "its metadata has no names, so its classes are not known"
    if rows not in (None, 4 + len(facts.names)):  # exports of free size leave every side free
        return "its table is not [4 + classes, boxes]"
    return ""


def _unknown(facts: Facts, why: str) -> ParameterError:
    return ParameterError(
        f"{facts.file} has a layout that cvkit cannot decode",
        why=f"{why}; seen: {facts.ports()}, {len(facts.names)} names",
        remedy="use a YOLOv8 detector as ultralytics exports it to ONNX",
    )
