"""Boxes placed in a table of YOLOv8's, and what is wanted of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from cvkit.models.decode.decoder import Decoder
from cvkit.models.decode.yolov8 import Yolov8
from cvkit.models.wanted import Wanted


def placed(
    boxes: Sequence[tuple[float, ...]], names: int, columns: int = 20
) -> NDArray[np.float32]:
    """An output tensor that holds (cx, cy, w, h, class, score), each in a column of its own."""
    table = np.zeros((1, 4 + names, columns), np.float32)
    for i, (cx, cy, w, h, number, score) in enumerate(boxes):
        table[0, :4, 3 * i] = cx, cy, w, h
        table[0, 4 + int(number), 3 * i] = score
    return table


def decoder() -> Decoder:
    return Decoder.of("a.onnx", Yolov8(3), ("cat", "dog", "cow"))


def test_boxes_are_read_off_their_columns_best_first() -> None:
    output = placed([(10, 20, 4, 8, 1, 0.5), (40, 30, 10, 20, 2, 0.75)], 3)
    (found,) = decoder().decode([output], (64, 64), Wanted())
    np.testing.assert_array_equal(found.boxes, [[35, 20, 45, 40], [8, 16, 12, 24]])
    assert found.labels == ("cow", "dog")
    assert found.scores is not None
    assert found.scores.tolist() == [0.75, 0.5]
    assert found.classes is not None
    assert found.classes.tolist() == [2, 1]


@pytest.mark.parametrize(
    ("wanted", "labels"),
    [
        (Wanted(score=0.25), ("dog", "dog", "cat")),  # a score at the limit is not above it
        (Wanted(score=0.2, iou=1.0), ("dog", "dog", "dog", "cat", "cow")),
        (Wanted(score=0.2, iou=0.1), ("dog", "cat", "cow")),
        (Wanted(score=0.2, most=1), ("dog",)),
        (Wanted(score=0.2, labels=("cow", "cat")), ("cat", "cow")),
        (Wanted(score=0.2, labels=("cat",), most=1), ("cat",)),
    ],
)
def test_what_is_wanted_decides_what_is_given(wanted: Wanted, labels: tuple[str, ...]) -> None:
    boxes = [
        (20, 20, 10, 10, 1, 0.9),
        (20, 20, 10, 9, 1, 0.7),  # IoU .9 with the first
        (24, 20, 10, 10, 1, 0.8),  # IoU .43 with it
        (20, 20, 10, 10, 0, 0.5),  # another class in its place
        (50, 50, 10, 10, 2, 0.25),
    ]
    (found,) = decoder().decode([placed(boxes, 3)], (64, 64), wanted)
    assert found.labels == labels
