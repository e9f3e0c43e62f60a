"""The detectors that OpenCV's wheel carries: Haar cascades, and HOG for people.

Their scores are the logistic of the detector's own margin, which is the attribute `margin`: for
a cascade the weight of its last level, for HOG the distance from the support vector machine's
plane. They are no probabilities and do not compare between detectors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from cvkit.core.algo.nms import kept
from cvkit.core.errors import MissingError
from cvkit.core.grid import Grid
from cvkit.core.objects import Objects
from cvkit.core.warp import Array
from cvkit.models.detector import Picture, Sharing
from cvkit.models.wanted import DEFAULTS, Wanted


@dataclass(frozen=True, slots=True)
class Haar:
    """A cascade file of OpenCV's wheel and what it finds."""

    file: str
    label: str


HAARS = {
    "haar-face": Haar("haarcascade_frontalface_default.xml", "face"),
    "haar-plate": Haar("haarcascade_russian_plate_number.xml", "plate"),
}


class HaarDetector:
    """A Haar cascade (Viola and Jones 2001). One a thread: shared, it gives wrong boxes."""

    sharing: Sharing = "per_thread"
    batch = 1
    scale_step = 1.1
    min_neighbors = 3
    min_share = 0.03
    """Things smaller than this share of the picture's shorter side are not looked for."""

    def __init__(self, haar: Haar) -> None:
        """Raises MissingError where this OpenCV has no such file (OpenCV 5 has none)."""
        self._cascade = cv2.CascadeClassifier(str(Path(cv2.__file__).parent / "data" / haar.file))
        if self._cascade.empty():
            raise MissingError(
                f"this OpenCV has no {haar.file}",
                remedy='pip install "opencv-contrib-python>=4.12,<5"',
            )
        self.labels = (haar.label,)
        self.ran_on = f"opencv {cv2.__version__} cascade CPU"

    def detect(self, images: Sequence[Picture], wanted: Wanted = DEFAULTS) -> list[Objects]:
        """See `cvkit.models.detector.Detector.detect`."""
        return [self._picture(image, wanted) for image in images]

    def _picture(self, image: Picture, wanted: Wanted) -> Objects:
        gray = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
        least = round(min(gray.shape) * self.min_share)
        rectangles, _, weights = self._cascade.detectMultiScale3(
            gray,
            scaleFactor=self.scale_step,
            minNeighbors=self.min_neighbors,
            minSize=(least, least),
            outputRejectLevels=True,
        )
        return _objects(
            _boxes(rectangles), np.asarray(weights, np.float64), self.labels[0], image, wanted
        )


class HogDetector:
    """OpenCV's people detector (Dalal and Triggs 2005): people upright and whole, from 85 pixels.

    It looks through a window of 64 by 128 pixels. Pictures whose shorter side is less than
    `shorter_side` are enlarged, at most twice: on the square of `vtest.avi` that found 48 of 62
    people instead of 17, with as many false ones. On close-ups and crowded streets it finds little.
    """

    sharing: Sharing = "per_thread"
    batch = 1
    labels = ("person",)
    shorter_side = 864
    window = (64, 128)
    scale_step = 1.1
    stride = (8, 8)
    padding = (8, 8)

    def __init__(self) -> None:
        self._hog = cv2.HOGDescriptor()
        plane = np.asarray(cv2.HOGDescriptor.getDefaultPeopleDetector(), np.float32)
        self._hog.setSVMDetector(plane)
        self.ran_on = f"opencv {cv2.__version__} HOG CPU"

    def detect(self, images: Sequence[Picture], wanted: Wanted = DEFAULTS) -> list[Objects]:
        """See `cvkit.models.detector.Detector.detect`."""
        return [self._picture(image, wanted) for image in images]

    def _picture(self, image: Picture, wanted: Wanted) -> Objects:
        height, width = image.shape[:2]
        by = min(2.0, max(1.0, self.shorter_side / min(height, width)))
        size = (round(width * by), round(height * by))
        if size[0] < self.window[0] or size[1] < self.window[1]:
            return _objects(_boxes(()), np.zeros(0), self.labels[0], image, wanted)
        large = cv2.resize(image, size, interpolation=cv2.INTER_LINEAR)  # of the same size: a copy
        rectangles, weights = self._hog.detectMultiScale(
            large, winStride=self.stride, padding=self.padding, scale=self.scale_step
        )
        boxes = _boxes(rectangles) * np.float32(width / size[0])
        # The window holds a margin around the person; OpenCV's peopledetect sample cuts it so.
        sides = boxes[:, 2:] - boxes[:, :2]
        shares = np.array([[0.1, 0.07], [0.9, 0.87]], np.float32)
        boxes = np.hstack([boxes[:, :2] + sides * share for share in shares])
        return _objects(boxes, np.asarray(weights, np.float64), self.labels[0], image, wanted)


def _boxes(rectangles: Sequence[object] | Array) -> NDArray[np.float32]:
    """(n, 4) x1 y1 x2 y2 from OpenCV's x, y, width, height."""
    rows = np.asarray(rectangles, np.float32).reshape(-1, 4)
    return np.hstack([rows[:, :2], rows[:, :2] + rows[:, 2:]])


def _objects(
    boxes: NDArray[np.float32],
    margins: NDArray[np.float64],
    label: str,
    image: Picture,
    wanted: Wanted,
) -> Objects:
    margins = margins.ravel()
    # OpenCV's threads report in any order: the best first, then from the top left.
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
        attributes={"margin": margins[rows].astype(np.float32)},
    ).clipped()
