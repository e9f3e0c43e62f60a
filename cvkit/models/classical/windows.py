"""What all detectors share that slide a window over the picture."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from cvkit.core.algo.nms import kept
from cvkit.core.errors import ParameterError
from cvkit.core.grid import Grid
from cvkit.core.objects import Objects
from cvkit.core.warp import Array
from cvkit.models.classical.search import Search
from cvkit.models.detector import Picture, Sharing
from cvkit.models.wanted import DEFAULTS, Usual, Wanted

Boxes = NDArray[np.float32]
Margins = NDArray[np.float64]


class Windows(ABC):
    """Slides a window over the picture in many sizes. One a thread, as OpenCV's cascades must be.

    A `Detector` by its shape. `takes` are the options of `Search` that it follows, as the command
    line writes them; `margin` is what its own measure of being sure is called.
    """

    sharing: Sharing = "per_thread"
    batch = 1
    takes: ClassVar[frozenset[str]] = frozenset({"scale-factor", "min-neighbors", "min-size"})
    margin: ClassVar[str] = "margin"
    usual = Usual()

    def __init__(self, label: str, ran_on: str) -> None:
        self.labels: tuple[str, ...] = (label,)
        self.ran_on = ran_on

    def detect(self, images: Sequence[Picture], wanted: Wanted = DEFAULTS) -> list[Objects]:
        """See `cvkit.models.detector.Detector.detect`."""
        return [self._picture(image, wanted) for image in images]

    @abstractmethod
    def windows(self, image: Picture, search: Search) -> tuple[Boxes, Margins]:
        """(n, 4) boxes and (n,) margins of all that is found in a (h, w, 3) BGR picture."""

    def measure(self, margins: Margins) -> Array:
        """(n,) what the objects carry as `margin`."""
        return margins.astype(np.float32)

    def _picture(self, image: Picture, wanted: Wanted) -> Objects:
        label = self.labels[0]
        boxes, margins = self.windows(image, wanted.search)
        # Threads report in any order: the best first, then from the top left.
        order = np.lexsort((boxes[:, 0], boxes[:, 1], -margins))
        boxes, margins = boxes[order], margins[order]
        scores = (1 / (1 + np.exp(-margins))).astype(np.float32)
        rows = np.flatnonzero(scores > wanted.score)
        if wanted.labels and label not in wanted.labels:
            rows = rows[:0]
        rows = rows[kept(boxes[rows], scores[rows], wanted.iou, most=wanted.most)]
        return Objects.of(
            boxes[rows],
            Grid.of((image.shape[1], image.shape[0])),
            scores=scores[rows],
            classes=np.zeros(len(rows), np.int32),
            labels=(label,) * len(rows),
            attributes={self.margin: self.measure(margins[rows])},
        ).clipped()


def boxes_of(rectangles: Sequence[object] | Array) -> Boxes:
    """(n, 4) x1 y1 x2 y2 from OpenCV's x, y, width, height."""
    rows = np.asarray(rectangles, np.float32).reshape(-1, 4)
    return np.hstack([rows[:, :2], rows[:, :2] + rows[:, 2:]])


def check_search(model: str, detector: object, search: Search) -> None:
    """Raises ParameterError for an option of the search that the detector does not follow."""
    takes = detector.takes if isinstance(detector, Windows) else frozenset[str]()
    for name in search.given():
        if name not in takes:
            others = ", ".join(f"--{other}" for other in sorted(takes))
            raise ParameterError(
                f"{model} has no --{name}",
                why="" if takes else "it is a network: no window slides over the picture",
                remedy=f"it has {others}" if takes else "for small things, --tile 640",
            )
