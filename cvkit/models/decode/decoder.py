"""From a network's outputs to Objects: what a layout reads, less what is not wanted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cvkit.core.algo.nms import kept
from cvkit.core.errors import ParameterError
from cvkit.core.grid import Grid
from cvkit.core.objects import Objects
from cvkit.core.warp import Array, Size
from cvkit.models.decode.layout import Candidates, Layout
from cvkit.models.decode.naming import numbered
from cvkit.models.wanted import Wanted


@dataclass(frozen=True, slots=True)
class Decoder:
    """Reads the outputs of the network `file`, whose layout is `layout`.

    `labels` are what it can find, in class order (empty where neither names nor their count are
    known); `numbers` leads from the network's own number of a class to a row of them, -1 where it
    stands for nothing (empty: they are the same).
    """

    file: str
    layout: Layout
    labels: tuple[str, ...]
    numbers: NDArray[np.int32]

    @classmethod
    def of(cls, file: str, layout: Layout, names: Sequence[str] = ()) -> Decoder:
        """For labels in the network's own order; numbers stand for them where there are none."""
        found, numbers = numbered(names, layout.classes, layout.first, sparse=layout.sparse)
        if not found:
            found = tuple(label_of(i + layout.first) for i in range(layout.classes or 0))
        return cls(file, layout, found, numbers)

    def decode(self, outputs: Sequence[Array], size: Size, wanted: Wanted) -> list[Objects]:
        """One Objects a picture, best first, on the network's input of (width, height) `size`.

        Raises ParameterError where the outputs have another shape than the layout says.
        """
        try:
            found = self.layout.candidates(outputs, size, wanted.score)
        except (ValueError, IndexError) as error:
            shapes = ", ".join("×".join(map(str, output.shape)) for output in outputs)
            raise ParameterError(
                f"the outputs of {self.file} are not what its decoder reads",
                why=f"{error}; seen: {shapes}",
                remedy="name the layout with --decoder",
            ) from error
        return [self._picture(candidates, size, wanted) for candidates in found]

    def _picture(self, found: Candidates, size: Size, wanted: Wanted) -> Objects:
        classes = self._numbered(found.classes)
        stay = classes >= 0
        if wanted.labels:
            stay &= np.isin(
                classes, [i for i, name in enumerate(self.labels) if name in wanted.labels]
            )
        stay &= np.isfinite(found.boxes).all(1)  # a network run in half may overflow
        boxes, scores, classes = found.boxes[stay], found.scores[stay], classes[stay]
        if self.layout.overlap:
            groups = None if wanted.agnostic else classes
            rows = kept(boxes, scores, wanted.iou, groups, wanted.most)
        else:
            rows = np.argsort(-scores, kind="stable")[: wanted.most]
        return Objects(
            Grid.of(size),
            boxes[rows],
            scores=np.minimum(scores[rows], 1),
            classes=classes[rows],
            labels=tuple(self._label(i) for i in classes[rows].tolist()),
        )

    def _label(self, number: int) -> str:
        if number < len(self.labels):
            return self.labels[number]
        return label_of(number + self.layout.first)

    def _numbered(self, classes: NDArray[np.integer]) -> NDArray[np.int32]:
        if not len(self.numbers):
            return np.asarray(classes - self.layout.first, np.int32)
        inside = (classes >= 0) & (classes < len(self.numbers))
        rows = self.numbers[np.where(inside, classes, 0)]
        return np.asarray(np.where(inside, rows, classes - self.layout.first), np.int32)


def label_of(number: int) -> str:
    """What stands for the name of a class that has none."""
    return f"class {number}"
