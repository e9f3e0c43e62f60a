"""The detectors that OpenCV carries, on photographs whose faces, plates and people are known."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import local

import cv2
import numpy as np
import pytest
import skimage.data
from numpy.typing import NDArray

from cvkit.core.algo.iou import iou
from cvkit.core.objects import Objects
from cvkit.models.opening import BUILT_IN, Models
from cvkit.models.wanted import Wanted


def read(path: Path) -> NDArray[np.uint8]:
    image = cv2.imread(str(path))
    assert image is not None
    return image.astype(np.uint8)


def astronaut() -> NDArray[np.uint8]:
    return np.ascontiguousarray(skimage.data.astronaut()[..., ::-1])


def best(found: Objects) -> list[float]:
    rows: list[float] = found.boxes[0].tolist()
    return rows


def overlap(found: Objects, *boxes: tuple[float, float, float, float]) -> NDArray[np.float32]:
    """The best IoU that each of the boxes has with one of the found."""
    most: NDArray[np.float32] = iou(np.array(boxes, np.float32), found.boxes).max(1)
    return most


def test_the_astronauts_face_is_found() -> None:
    (found,) = Models().open("haar-face").detect([astronaut()])
    assert found.labels == ("face",)
    assert found.grid.size == (512, 512)
    assert overlap(found, (177, 66, 272, 161)) > 0.8


def test_scores_are_the_logistic_of_the_margin() -> None:
    (found,) = Models().open("haar-face").detect([astronaut()])
    margin = np.asarray(found.attributes["margin"], np.float64)
    assert found.scores is not None
    np.testing.assert_allclose(found.scores, 1 / (1 + np.exp(-margin)), rtol=1e-5)
    assert (found.scores > 0.9).all()


def test_three_faces_and_no_fourth(shared: Path) -> None:
    (found,) = Models().open("haar-face").detect([read(shared / "images/faces_three.jpg")])
    assert len(found) == 3
    faces = ((97, 148, 188, 239), (224, 205, 301, 282), (348, 146, 448, 246))
    assert (overlap(found, *faces) > 0.7).all()


def test_a_plate_is_found(shared: Path) -> None:
    (found,) = Models().open("haar-plate").detect([read(shared / "images/plate_eu.jpg")])
    assert found.labels is not None
    assert set(found.labels) == {"plate"}
    assert overlap(found, (175, 197, 314, 243)) > 0.7
    assert overlap(found.take([0]), (175, 197, 314, 243)) > 0.7  # and has the best score


def test_hog_finds_most_people_on_a_square(shared: Path) -> None:
    rows = json.loads((Path(__file__).parent / "recorded/pedestrians.json").read_text())["frames"]
    detector = Models().open("hog")
    capture = cv2.VideoCapture(str(shared / "video/pedestrians.avi"))
    there = seen = false = 0
    for number in range(121):
        _, frame = capture.read()
        if number % 40:
            continue
        (found,) = detector.detect([frame.astype(np.uint8)])
        people = np.array([row[:4] for row in rows[number] if row[5] == 0], np.float32)
        matched = iou(people, found.boxes) > 0.4
        there += len(people)
        seen += int(matched.any(1).sum())
        false += int((~matched.any(0)).sum())
        assert set(found.labels or ()) == {"person"}
    capture.release()
    assert seen >= 0.6 * there
    assert false <= 0.2 * seen


@pytest.mark.parametrize("model", BUILT_IN)
@pytest.mark.parametrize("wh", [(1, 1), (1, 200), (200, 1), (63, 127), (64, 128), (97, 13)])
def test_any_size_of_picture_is_looked_at(model: str, wh: tuple[int, int]) -> None:
    image = np.full((wh[1], wh[0], 3), 90, np.uint8)
    image.flags.writeable = False
    (found,) = Models().open(model).detect([image])
    assert len(found) == 0
    assert found.grid.size == wh
    assert found.scores is not None
    assert found.labels == ()


@pytest.mark.parametrize("model", BUILT_IN)
def test_what_is_wanted_decides_what_is_given(model: str) -> None:
    image = astronaut()
    detector = Models().open(model)
    (found,) = detector.detect([image], Wanted(score=0))
    assert len(detector.detect([image], Wanted(score=1))[0]) == 0
    assert len(detector.detect([image], Wanted(score=0, labels=("zebra",)))[0]) == 0
    assert len(detector.detect([image], Wanted(score=0, most=1))[0]) == min(1, len(found))


def test_one_cascade_a_thread_finds_what_one_alone_finds(shared: Path) -> None:
    names = ("faces_three", "faces_seven", "two_men", "street_bus")
    images = [read(shared / f"images/{name}.jpg") for name in names]
    models, own = Models(), local()
    alone = models.open("haar-face").detect(images)

    def in_thread(i: int) -> Objects:
        if not hasattr(own, "detector"):
            own.detector = models.open("haar-face")
        found: list[Objects] = own.detector.detect([images[i % 4]])
        return found[0]

    with ThreadPoolExecutor(4) as pool:
        for i, found in enumerate(pool.map(in_thread, range(24))):
            np.testing.assert_array_equal(found.boxes, alone[i % 4].boxes)
            np.testing.assert_array_equal(
                found.attributes["margin"], alone[i % 4].attributes["margin"]
            )
