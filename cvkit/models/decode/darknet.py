"""Darknet's networks as OpenCV runs them: YOLOv2, v3, v4, their tiny ones, YOLO-Fastest.

Each `[region]` or `[yolo]` layer is an output [b, n, 5 + classes]: centre and sides as shares of
the input, objectness, and a score a class that objectness is already worked into. A class that
scores below the layer's own `thresh` (0.2 where the cfg does not say) is 0.

Source: OpenCV, `region_layer.cpp`.
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

_STRETCHED = Preparation("stretch")


@dataclass(frozen=True, slots=True)
class Darknet:
    classes: int
    preparation: Preparation = _STRETCHED
    first: int = 0
    overlap: bool = True
    usual: ClassVar[Usual] = Usual(0.25, 0.45)
    sparse: ClassVar[bool] = False

    def candidates(self, outputs: Sequence[Array], size: Size, score: float) -> list[Candidates]:
        layers = [output[None] if output.ndim == 2 else output for output in outputs]
        tables = floats(np.concatenate(layers, 1))
        if tables.ndim != 3 or tables.shape[2] != 5 + self.classes:
            raise ValueError(f"a table has {tables.shape[-1]} columns")
        return [_picture(table, size, score) for table in tables]


def _picture(table: Array, size: Size, score: float) -> Candidates:
    table = table[table[:, 4] > score]  # no class scores above its objectness
    scores = table[:, 5:].max(1, initial=0)
    table, scores = table[scores > score], scores[scores > score]
    classes = table[:, 5:].argmax(1) if len(table) else np.zeros(0, np.intp)
    return Candidates(scaled(corners(table[:, :4]), size), scores, classes)


def read(seen: Seen) -> Darknet | str:
    if not seen.named and seen.facts.format != "darknet":
        return "it is no Darknet network"
    columns = {shape[-1] for shape in seen.shapes if len(shape) in (2, 3)}
    if len(columns) != 1 or any(len(shape) not in (2, 3) for shape in seen.shapes):
        return "its outputs are not tables of one width"
    (width,) = columns
    if width is None:
        return "its sides are free"
    classes = seen.count(width, 5)
    return classes if isinstance(classes, str) else Darknet(classes)
