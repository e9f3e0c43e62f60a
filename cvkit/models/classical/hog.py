"""OpenCV's people detector (Dalal and Triggs 2005): people upright and whole."""

from __future__ import annotations

import cv2
import numpy as np

from cvkit.models.classical.search import Search
from cvkit.models.classical.windows import Boxes, Margins, Windows, boxes_of
from cvkit.models.detector import Picture


class HogDetector(Windows):
    """HOG and a linear support vector machine; the margin is the distance from its plane.

    It looks through a window of 64 by 128 pixels, in which a person is 51 wide and 102 high, so
    the picture is enlarged, at most twice, or shrunk until its shorter side is within
    `shorter_side`: on the square of `vtest.avi` enlarging found 48 of 62 people instead of 17,
    with as many false ones. On close-ups and crowded streets it finds little.
    """

    shorter_side = (864, 1728)
    window = (64, 128)
    person = 51.2
    """Width of a person in the window."""
    scale_factor = 1.1
    min_neighbors = 2
    stride = (8, 8)
    padding = (8, 8)

    def __init__(self) -> None:
        super().__init__("person", f"opencv {cv2.__version__} HOG CPU")
        self._hog = cv2.HOGDescriptor()
        plane = np.asarray(cv2.HOGDescriptor.getDefaultPeopleDetector(), np.float32)
        self._hog.setSVMDetector(plane)

    def windows(self, image: Picture, search: Search) -> tuple[Boxes, Margins]:
        height, width = image.shape[:2]
        by = self._enlarged((width, height), search)
        size = (round(width * by), round(height * by))
        if size[0] < self.window[0] or size[1] < self.window[1]:
            return boxes_of(()), np.zeros(0)
        how = cv2.INTER_LINEAR if by >= 1 else cv2.INTER_AREA
        asked = search.min_neighbors
        rectangles, weights = self._hog.detectMultiScale(
            cv2.resize(image, size, interpolation=how),  # of the same size: a copy
            winStride=self.stride,
            padding=self.padding,
            scale=search.scale_factor or self.scale_factor,
            groupThreshold=self.min_neighbors if asked is None else asked,
        )
        boxes = boxes_of(rectangles) * np.float32(width / size[0])
        # The window holds a margin around the person; OpenCV's peopledetect sample cuts it so.
        sides = boxes[:, 2:] - boxes[:, :2]
        shares = np.array([[0.1, 0.07], [0.9, 0.87]], np.float32)
        boxes = np.hstack([boxes[:, :2] + sides * share for share in shares])
        return boxes, np.asarray(weights, np.float64).ravel()

    def _enlarged(self, size: tuple[int, int], search: Search) -> float:
        if search.min_size is not None:
            return min(4.0, self.person / search.least(size, 0))
        low, high = self.shorter_side
        return min(2.0, max(1.0, low / min(size)), high / min(size))
