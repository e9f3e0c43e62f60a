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
from cvkit.models.wanted import Wanted


@dataclass(frozen=True, slots=True)
class Decoder:
    """Reads the outputs of the network `file`, whose layout is `layout`.

    `names` are its labels in class order (empty: not known, and numbers stand for them).
    """

    file: str
    layout: Layout
    names: tuple[str, ...] = ()

    @property
    def labels(self) -> tuple[str, ...]:
        """What it can find, in class order; empty where neither names nor their count are known."""
        return self.names or tuple(label_of(i) for i in range(self.layout.classes or 0))

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
        names = self.labels
        stay = classes >= 0
        if wanted.labels:
            stay &= np.isin(classes, [i for i, name in enumerate(names) if name in wanted.labels])
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
            labels=tuple(names[i] if i < len(names) else label_of(i) for i in classes[rows]),
        )

    def _numbered(self, classes: NDArray[np.integer]) -> NDArray[np.int32]:
        numbers: NDArray[np.int32] = classes.astype(np.int32) - self.layout.first
        return np.maximum(numbers, -1)


def label_of(number: int) -> str:
    """What stands for the name of a class that has none."""
    return f"class {number}"
