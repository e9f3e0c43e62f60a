"""Cascades of local binary patterns as scikit-image reads them (Liao et al. 2007).

Its trained file of faces is one that OpenCV cannot load. It tells windows but no margins: what
counts is how many windows agree. The score of n is n / (n + 1), the logistic of their logarithm,
and n is the attribute `neighbors`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import cv2
import numpy as np

from cvkit.core.errors import ParameterError
from cvkit.core.warp import Array
from cvkit.models.classical.search import Search
from cvkit.models.classical.windows import Boxes, Margins, Windows, boxes_of
from cvkit.models.detector import Picture

_APART = 1.5
"""As the share of two windows in each other that counts as one thing: none is joined."""


class LbpDetector(Windows):
    """scikit-image's `feature.Cascade`. Slower than OpenCV's: pictures are shrunk until the
    smallest thing looked for is as large as the cascade's window.
    """

    margin: ClassVar[str] = "neighbors"
    scale_factor = 1.1
    min_neighbors = 4
    min_share = 0.05

    def __init__(self, file: Path, label: str) -> None:
        """Raises ParameterError where scikit-image cannot read the file."""
        from importlib.metadata import version

        from skimage.feature import Cascade

        super().__init__(label, f"scikit-image {version('scikit-image')} cascade CPU")
        try:
            self._cascade = Cascade(str(file))
        except Exception as error:  # whatever its reader of XML runs into
            raise ParameterError(
                f"{file} is no cascade that can be read",
                why=f"neither OpenCV nor scikit-image reads it ({type(error).__name__})",
                remedy="give a cascade as opencv_traincascade writes it",
            ) from error
        self._window = (int(self._cascade.window_width), int(self._cascade.window_height))

    def windows(self, image: Picture, search: Search) -> tuple[Boxes, Margins]:
        height, width = image.shape[:2]
        least = search.least((width, height), self.min_share, min(self._window))
        by = min(4.0, min(self._window) / least)
        size = (max(1, round(width * by)), max(1, round(height * by)))
        if size[0] < self._window[0] or size[1] < self._window[1]:
            return boxes_of(()), np.zeros(0)
        how = cv2.INTER_LINEAR if by >= 1 else cv2.INTER_AREA
        gray = cv2.cvtColor(cv2.resize(image, size, interpolation=how), cv2.COLOR_BGR2GRAY)
        found = self._cascade.detect_multi_scale(
            gray,
            scale_factor=search.scale_factor or self.scale_factor,
            step_ratio=1,
            min_size=self._window,
            max_size=size,
            min_neighbor_number=0,
            intersection_score_threshold=_APART,
        )
        # Its threads report in any order, which grouping must not see.
        rows = sorted((f["c"], f["r"], f["width"], f["height"]) for f in found)
        asked = search.min_neighbors
        boxes, counts = _grouped(rows, self.min_neighbors if asked is None else asked)
        return boxes / np.float32(by), np.log(np.maximum(counts, 1))

    def measure(self, margins: Margins) -> Array:
        return np.rint(np.exp(margins)).astype(np.int32)


def _grouped(rows: Sequence[tuple[int, ...]], neighbors: int) -> tuple[Boxes, Margins]:
    """OpenCV's grouping of windows that cover one thing, and how many each group has."""
    if not rows or neighbors == 0:
        return boxes_of(rows), np.ones(len(rows))
    grouped, counts = cv2.groupRectangles(rows, neighbors, 0.2)
    return boxes_of(grouped), np.asarray(counts, np.float64).ravel()
