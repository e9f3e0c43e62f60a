"""dlib's detector of frontal faces: HOG and five linear machines, one a way the head is turned.

King 2015 (max-margin object detection). dlib itself comes as source that compiles for ten minutes
and more; `dlib-bin` is the same, built.
"""

from __future__ import annotations

from typing import ClassVar

import cv2
import numpy as np

from cvkit.core.errors import MissingError
from cvkit.models.classical.search import Search
from cvkit.models.classical.windows import Boxes, Margins, Windows
from cvkit.models.detector import Picture

_SMALLEST = 80
"""Side in pixels of the smallest face that it finds."""


class DlibFaceDetector(Windows):
    """Faces from the front, some turned aside. The margin is the distance from the plane.

    Pictures are enlarged or shrunk until the smallest face looked for has 80 pixels: a twentieth
    of the shorter side, at least 30 pixels, where the user does not say.
    """

    takes: ClassVar[frozenset[str]] = frozenset({"min-size"})
    min_share = 0.05
    min_pixels = 30

    def __init__(self) -> None:
        """Raises MissingError where dlib is not installed."""
        try:
            import dlib
        except ImportError as error:
            raise MissingError(
                "dlib-face needs dlib",
                remedy='pip install "cvkit-cli[faces]", or --model haar-face, which needs nothing',
            ) from error
        super().__init__("face", f"dlib {dlib.__version__} HOG CPU")
        self._detector = dlib.get_frontal_face_detector()

    def windows(self, image: Picture, search: Search) -> tuple[Boxes, Margins]:
        height, width = image.shape[:2]
        by = min(4.0, _SMALLEST / search.least((width, height), self.min_share, self.min_pixels))
        size = (max(1, round(width * by)), max(1, round(height * by)))
        how = cv2.INTER_LINEAR if by >= 1 else cv2.INTER_AREA
        rgb = cv2.cvtColor(cv2.resize(image, size, interpolation=how), cv2.COLOR_BGR2RGB)
        rectangles, margins, _ = self._detector.run(rgb, 0, 0.0)
        # dlib counts the last pixel in.
        edges = [(r.left(), r.top(), r.right() + 1, r.bottom() + 1) for r in rectangles]
        boxes = np.array(edges, np.float32).reshape(-1, 4) / np.float32(by)
        return boxes, np.array(margins, np.float64)
