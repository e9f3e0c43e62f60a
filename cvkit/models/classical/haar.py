"""Haar cascades (Viola and Jones 2001; Lienhart and Maydt 2002), those of OpenCV's wheel by name.

Scores are the logistic of the weight of a cascade's last level. Eyes and smiles are looked for
inside faces, where they can be, at most two and one a face: on the whole picture most of what
these cascades find is none.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from cvkit.core.algo.nms import kept
from cvkit.core.errors import MissingError
from cvkit.models.classical.search import AS_IT_LIKES, Search
from cvkit.models.classical.windows import Boxes, Margins, Windows, boxes_of
from cvkit.models.detector import Picture

Gray = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Haar:
    """A cascade file of OpenCV's wheel and what it finds.

    neighbors  windows that must agree where the user does not say
    within     the part of a face (x1 y1 x2 y2, shares of its box) in which it is looked for
    most       at most so many a face
    mirrored   also in the mirrored picture, since it was trained on one side only
    """

    file: str
    label: str
    neighbors: int = 3
    within: tuple[float, float, float, float] | None = None
    most: int = 2
    mirrored: bool = False


HAARS = {
    "haar-face": Haar("haarcascade_frontalface_default.xml", "face"),
    "haar-eye": Haar("haarcascade_eye.xml", "eye", within=(0, 0.15, 1, 0.6)),
    "haar-smile": Haar("haarcascade_smile.xml", "smile", 15, within=(0, 0.5, 1, 1.1), most=1),
    "haar-fullbody": Haar("haarcascade_fullbody.xml", "person"),
    "haar-upperbody": Haar("haarcascade_upperbody.xml", "upper body"),
    "haar-lowerbody": Haar("haarcascade_lowerbody.xml", "lower body"),
    "haar-profile": Haar("haarcascade_profileface.xml", "face", mirrored=True),
    "haar-plate": Haar("haarcascade_russian_plate_number.xml", "plate"),
    "haar-cat": Haar("haarcascade_frontalcatface_extended.xml", "cat face"),
}
_FACE_WIDTH = 160
"""Faces are enlarged to so many pixels, at most four times, before something is sought in them."""


class Cascade:
    """OpenCV's cascade of Haar or LBP features. One a thread: shared, it gives wrong boxes."""

    scale_factor = 1.1
    min_share = 0.03
    """Things smaller than this share of the picture's shorter side are not looked for."""

    def __init__(self, file: Path) -> None:
        """`loaded` is False where OpenCV cannot read the file."""
        self._classifier = cv2.CascadeClassifier()
        try:
            self.loaded = bool(self._classifier.load(str(file)))
        except cv2.error:
            self.loaded = False

    def windows(
        self, gray: Gray, search: Search, neighbors: int, share: float = min_share
    ) -> tuple[Boxes, Margins]:
        least = round(search.least((gray.shape[1], gray.shape[0]), share))
        asked = search.min_neighbors
        rectangles, _, weights = self._classifier.detectMultiScale3(
            gray,
            scaleFactor=search.scale_factor or self.scale_factor,
            minNeighbors=neighbors if asked is None else asked,
            minSize=(least, least),
            outputRejectLevels=True,
        )
        return boxes_of(rectangles), np.asarray(weights, np.float64).ravel()


class CascadeDetector(Windows):
    """A cascade over the whole picture, and over its mirror image where that helps."""

    def __init__(
        self, cascade: Cascade, label: str, *, neighbors: int = 3, mirrored: bool = False
    ) -> None:
        super().__init__(label, f"opencv {cv2.__version__} cascade CPU")
        self._cascade, self._neighbors, self._mirrored = cascade, neighbors, mirrored

    def windows(self, image: Picture, search: Search) -> tuple[Boxes, Margins]:
        gray = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY).astype(np.uint8, copy=False)
        boxes, margins = self._cascade.windows(gray, search, self._neighbors)
        if not self._mirrored:
            return boxes, margins
        mirror = cv2.flip(gray, 1).astype(np.uint8, copy=False)
        others, more = self._cascade.windows(mirror, search, self._neighbors)
        others[:, [0, 2]] = gray.shape[1] - others[:, [2, 0]]
        boxes, margins = np.vstack([boxes, others]), np.hstack([margins, more])
        # A face that is seen from the front is found on both sides.
        stay = kept(boxes, margins.astype(np.float32), 0.4)
        return boxes[stay], margins[stay]


class PartDetector(Windows):
    """What is in faces: eyes, smiles. Where no face is found, nothing is."""

    def __init__(self, haar: Haar, cascade: Cascade, faces: CascadeDetector) -> None:
        super().__init__(haar.label, faces.ran_on)
        self._haar, self._cascade, self._faces = haar, cascade, faces

    def windows(self, image: Picture, search: Search) -> tuple[Boxes, Margins]:
        faces, _ = self._faces.windows(image, AS_IT_LIKES)
        found = [self._in_face(image, face, search) for face in faces]
        boxes = [part[0] for part in found] or [np.zeros((0, 4), np.float32)]
        margins = [part[1] for part in found] or [np.zeros(0)]
        return np.vstack(boxes), np.hstack(margins)

    def _in_face(self, image: Picture, face: Boxes, search: Search) -> tuple[Boxes, Margins]:
        assert self._haar.within is not None
        sides = np.tile(face[2:] - face[:2], 2)
        edges = np.tile(face[:2], 2) + sides * np.array(self._haar.within, np.float32)
        h, w = image.shape[:2]
        x1, y1, x2, y2 = np.clip(np.rint(edges), 0, [w, h, w, h]).astype(int).tolist()
        if x2 <= x1 or y2 <= y1:
            return np.zeros((0, 4), np.float32), np.zeros(0)
        by = float(np.clip(_FACE_WIDTH / max(1, x2 - x1), 1, 4))
        size = (max(1, round((x2 - x1) * by)), max(1, round((y2 - y1) * by)))
        part = cv2.cvtColor(image[y1:y2, x1:x2], cv2.COLOR_BGR2GRAY)
        gray = cv2.resize(part, size, interpolation=cv2.INTER_CUBIC).astype(np.uint8, copy=False)
        enlarged = search.scaled(by, (w, h))
        boxes, margins = self._cascade.windows(gray, enlarged, self._haar.neighbors, 0.12)
        stay = kept(boxes, margins.astype(np.float32), 0.2, most=self._haar.most)
        placed = boxes[stay] / np.float32(by) + np.array([x1, y1, x1, y1], np.float32)
        return placed.astype(np.float32), margins[stay]


def named(name: str) -> Windows:
    """The detector of this name in HAARS; MissingError where this OpenCV has no such file."""
    haar = HAARS[name]
    cascade = _carried(haar.file)
    if haar.within is not None:
        faces = HAARS["haar-face"]
        return PartDetector(haar, cascade, CascadeDetector(_carried(faces.file), faces.label))
    return CascadeDetector(cascade, haar.label, neighbors=haar.neighbors, mirrored=haar.mirrored)


def _carried(file: str) -> Cascade:
    cascade = Cascade(Path(cv2.__file__).parent / "data" / file)
    if not cascade.loaded:  # OpenCV 5 has none
        raise MissingError(
            f"this OpenCV has no {file}", remedy='pip install "opencv-contrib-python>=4.12,<5"'
        )
    return cascade
