"""What decoders share: how a layout is recognised, and what it reads off an output."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from cvkit.core.warp import Array, Size
from cvkit.models.network import Facts
from cvkit.models.prepare import Preparation
from cvkit.models.wanted import Usual

Boxes = NDArray[np.float32]
PYRAMIDS = ((8, 16, 32), (8, 16, 32, 64), (16, 32), (4, 8, 16, 32))
"""Strides of the cells that networks look at, finest first."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """What may be in one picture, in any order: (n, 4) x1 y1 x2 y2 in pixels of the network's
    input, (n,) scores 0–1, (n,) class numbers as the network counts them."""

    boxes: Boxes
    scores: NDArray[np.float32]
    classes: NDArray[np.integer]


class Layout(Protocol):
    """How networks of one family write what they find.

    `preparation` is how they usually want pictures, `classes` how many numbers they have (None
    where the output does not tell), `first` the number of the first label (1 where 0 is the
    background), `sparse` whether one for COCO counts as that does, 90 numbers with ten for nothing,
    `overlap` whether boxes of one thing are still to be suppressed, `usual` the limits of the
    family's own programs.
    """

    @property
    def preparation(self) -> Preparation: ...
    @property
    def classes(self) -> int | None: ...
    @property
    def first(self) -> int: ...
    @property
    def sparse(self) -> bool: ...
    @property
    def overlap(self) -> bool: ...
    @property
    def usual(self) -> Usual: ...

    def candidates(self, outputs: Sequence[Array], size: Size, score: float) -> list[Candidates]:
        """For each picture what scores above `score`, on an input of (width, height) `size`.

        Raises ValueError where the outputs have another shape than those it was chosen for.
        """


@dataclass(frozen=True, slots=True)
class Seen:
    """What a layout may be recognised by.

    `shapes` of the outputs (None where the file leaves a side free), `size` of the input where it
    is fixed or was tried, `labels` how many are known, not counting a background that comes first
    (`background`), `outputs` of a run over a flat picture where one was made, `named` whether a
    person or a card chose the layout, so that only what it cannot be read without has to fit.
    """

    facts: Facts
    shapes: tuple[tuple[int | None, ...], ...]
    size: Size | None
    labels: int
    background: bool = False
    outputs: tuple[Array, ...] | None = None
    named: bool = False

    @property
    def relative(self) -> bool:
        """Whether boxes are shares of the input: so TensorFlow's exports of YOLO networks."""
        return self.facts.format in ("tflite", "tensorflow")

    def named_as(self, *words: str) -> list[int] | None:
        """Which outputs have these words in their names, in this order; None where one is none."""
        names = [port.name.lower() for port in self.facts.outputs]
        found = [[i for i, name in enumerate(names) if word in name] for word in words]
        return [rows[0] for rows in found] if all(len(rows) == 1 for rows in found) else None

    def table(self) -> tuple[int | None, ...] | None:
        """The one output of three axes; training's raw heads of five may stand beside it."""
        tables = [shape for shape in self.shapes if len(shape) == 3]
        others = [shape for shape in self.shapes if len(shape) not in (3, 5)]
        return tables[0] if len(tables) == 1 and not others else None

    def cells(self, rows: int | None) -> tuple[int, tuple[int, ...]] | None:
        """How many rows a cell has and the strides, where `rows` is a pyramid's number of cells
        once or three times (anchors); else None."""
        if self.size is None or rows is None:
            return None
        for strides in PYRAMIDS:
            count = sum(grid[0] * grid[1] for grid in grids(self.size, strides))
            if rows in (count, 3 * count):
                return rows // count, strides
        return None

    def count(self, columns: int, more: int) -> int | str:
        """How many classes `columns` hold beside `more` others, or why that cannot be."""
        classes = columns - more
        if classes < 1:
            return f"it has {columns} columns, too few"
        if self.labels and self.labels != classes:
            return f"it has room for {classes} classes, and {self.labels} names are known"
        return classes


def grids(size: Size, strides: Sequence[int]) -> list[Size]:
    """Columns and rows of cells at each stride."""
    return [(-(-size[0] // stride), -(-size[1] // stride)) for stride in strides]


def places(size: Size, strides: Sequence[int]) -> tuple[Boxes, NDArray[np.float32]]:
    """(n, 2) x y of every cell, counted in cells, and (n,) its stride, in the order of outputs."""
    xy, side = [], []
    for (columns, rows), stride in zip(grids(size, strides), strides, strict=True):
        y, x = np.mgrid[:rows, :columns]
        xy.append(np.stack([x, y], -1).reshape(-1, 2).astype(np.float32))
        side.append(np.full(rows * columns, stride, np.float32))
    return np.concatenate(xy), np.concatenate(side)


def corners(boxes: Boxes) -> Boxes:
    """(n, 4) x1 y1 x2 y2 from (n, 4) centre and sides."""
    half = boxes[:, 2:] / 2
    return np.concatenate([boxes[:, :2] - half, boxes[:, :2] + half], 1)


def scaled(boxes: Boxes, size: Size) -> Boxes:
    """(n, 4) shares of the input as pixels."""
    return boxes * np.array([*size, *size], np.float32)


def floats(array: Array) -> NDArray[np.float32]:
    return array.astype(np.float32, copy=False)


def sigmoid(x: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(1 / (1 + np.exp(-np.clip(x, -80, 80))), np.float32)


def softmax(x: NDArray[np.float32]) -> NDArray[np.float32]:
    """Over the last axis."""
    powers = np.exp(x - x.max(-1, keepdims=True))
    out: NDArray[np.float32] = powers / powers.sum(-1, keepdims=True)
    return out


def with_objectness(rows: NDArray[np.float32], score: float, boxes: int = 4) -> Candidates:
    """Candidates of (n, boxes + 1 + classes) rows, their boxes as the first four columns are.

    The score is objectness times the best class. Rows go by their objectness first: no class can
    raise it, and few rows are left.
    """
    found = rows[np.flatnonzero(rows[:, boxes] > score)]
    classes = found[:, boxes + 1 :].argmax(1) if len(found) else np.zeros(0, np.intp)
    scores = found[:, boxes] * found[np.arange(len(found)), boxes + 1 + classes]
    stay = np.flatnonzero(scores > score)
    return Candidates(found[stay, :4], scores[stay], classes[stay])
