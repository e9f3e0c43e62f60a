"""Errors by kind and confusion, each figure placed by hand or by ultralytics' own steps."""

from __future__ import annotations

import numpy as np
import pytest

from cvkit.core.algo.average_precision import counted
from cvkit.core.algo.detection_errors import ERRORS, confusion, errors
from cvkit.core.algo.iou import iou
from cvkit.core.algo.matching import Finds, Truths, as_coco, overlapping
from cvkit.core.labels import canonical, similar
from tests.core.algo.test_average_precision import scene

DOG, CAT, CAR = 0, 1, 2
ALIKE = np.array([[0, 1, 0], [1, 0, 0], [0, 0, 0]], bool)


def true(*rows: tuple[int, float, bool]) -> Truths:
    """Ten-pixel boxes: kind, left, difficult."""
    left = np.array([row[1] for row in rows], float)
    boxes = np.stack([left, 0 * left, left + 10, 0 * left + 10], 1)
    n = len(rows)
    return Truths(
        np.zeros(n, int), np.array([row[0] for row in rows]), boxes, np.full(n, 100.0),
        np.zeros(n, bool), np.array([row[2] for row in rows], bool),
    )  # fmt: skip


def seen(*rows: tuple[int, float, float]) -> Finds:
    """Ten-pixel boxes: kind, left, score."""
    left = np.array([row[1] for row in rows], float)
    boxes = np.stack([left, 0 * left, left + 10, 0 * left + 10], 1)
    kinds, scores = np.array([row[0] for row in rows]), np.array([row[2] for row in rows])
    return Finds(np.zeros(len(rows), int), kinds, boxes, scores)


def kinds_of(truths: Truths, found: Finds) -> dict[str, list[int]]:
    judged = as_coco(truths, found, overlapping(truths, found, 0.5), np.array([0.5]))
    near = overlapping(truths, found, 0.1, per_kind=False)
    table = errors(truths, found, judged, near, ALIKE, counted(truths, 3))
    return {name: table[:, i].tolist() for i, name in enumerate(ERRORS)}


def test_each_kind_of_error_is_told_from_the_others():
    truths = true(*((DOG, 100 * i, False) for i in range(6)), (CAT, 700, False), (CAR, 800, False))
    found = seen(
        (DOG, 1, 0.9),  # IoU 9/11
        (DOG, 2, 0.8),  # the same dog again
        (DOG, 106, 0.7),  # IoU 4/16
        (DOG, 706, 0.6),  # IoU 4/16 with a cat
        (DOG, 806, 0.5),  # IoU 4/16 with a car
        (DOG, 209, 0.4),  # IoU 1/19: less than a tenth
        (DOG, 300, 0.3),  # right, but the seventh of six
    )
    told = kinds_of(truths, found)
    assert {name: counts[DOG] for name, counts in told.items()} == {
        "correct": 1, "localisation": 1, "duplicate": 1, "similar": 1, "other": 1,
        "background": 1, "missed": 5,
    }  # fmt: skip
    assert told["missed"] == [5, 1, 1]


def test_what_lies_on_a_difficult_object_is_no_error():
    told = kinds_of(true((DOG, 0, True), (DOG, 100, False)), seen((DOG, 0, 0.9), (DOG, 100, 0.8)))
    assert sum(map(sum, told.values())) == told["correct"][DOG] == 1


def by_ultralytics(truths: Truths, found: Finds, kinds: int, share: float, score: float):
    """`ConfusionMatrix.process_batch`, a picture at a time."""
    matrix = np.zeros((kinds + 1, kinds + 1), int)
    for picture in np.unique(truths.picture):
        real = np.flatnonzero(truths.picture == picture)
        own = np.flatnonzero((found.picture == picture) & (found.scores >= score))
        boxes = (truths.boxes[real], found.boxes[own])
        table = iou(*(one.astype(np.float32) for one in boxes))
        rows = [(i, j, table[i, j]) for i, j in zip(*np.nonzero(table >= share), strict=True)]
        rows.sort(key=lambda row: -row[2])
        rows = [row for n, row in enumerate(rows) if row[1] not in [r[1] for r in rows[:n]]]
        rows = [row for n, row in enumerate(rows) if row[0] not in [r[0] for r in rows[:n]]]
        for i, j, _ in rows:
            matrix[found.kind[own[j]], truths.kind[real[i]]] += 1
        for i in set(range(len(real))) - {row[0] for row in rows}:
            matrix[kinds, truths.kind[real[i]]] += 1
        for j in set(range(len(own))) - {row[1] for row in rows}:
            matrix[found.kind[own[j]], kinds] += 1
    return matrix


@pytest.mark.parametrize(("share", "score"), [(0.45, 0.25), (0.5, 0.6)])
def test_the_confusion_matrix_is_that_of_ultralytics(share: float, score: float):
    truths, found = scene(7, pictures=30, aside=0)
    near = overlapping(truths, found, 0.1, per_kind=False)
    told = confusion(truths, found, near, 6, share, score)
    np.testing.assert_array_equal(told, by_ultralytics(truths, found, 6, share, score))
    assert told[:-1, :-1].trace() > told.sum() / 8
    assert told[:, :-1].sum() == len(truths.kind)  # each true object once


def test_a_dog_that_is_called_a_cat_is_in_the_row_of_cats():
    truths, found = true((DOG, 0, False), (CAR, 50, False)), seen((CAT, 1, 0.9), (CAT, 90, 0.8))
    near = overlapping(truths, found, 0.1, per_kind=False)
    told = confusion(truths, found, near, 3, 0.5, 0.25)
    assert told[CAT].tolist() == [1, 0, 0, 1]
    assert told[3].tolist() == [0, 0, 1, 0]


def test_classes_have_one_name_in_all_spellings():
    for spelling in ("motorbike", "Motorcycle", "motor-bike", "motor_bike"):
        assert canonical(spelling) == "motorcycle"
    assert canonical("tvmonitor") == canonical("TV") == "tv"
    assert canonical("Red_Panda") == "red panda"
    assert similar("sofa", "chair")
    assert similar("aeroplane", "bird")
    assert similar("horse", "person")
    assert not similar("sofa", "couch")
    assert not similar("dog", "car")
