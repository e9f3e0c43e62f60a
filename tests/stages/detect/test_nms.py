"""`nms` on boxes whose overlaps are arithmetic."""

from __future__ import annotations

import numpy as np

from cvkit.core.grid import Grid
from cvkit.core.objects import Objects
from cvkit.stages.detect.nms import Nms

GRID = Grid.of((100, 100))
BOXES = [(0, 0, 10, 10), (1, 0, 11, 10), (20, 20, 30, 30), (5, 0, 15, 10)]


def found(**columns: object) -> Objects:
    return Objects.of(BOXES, GRID, **columns)  # type: ignore[arg-type]


def test_overlaps_of_nine_elevenths_go_and_of_a_third_stay() -> None:
    stay = Nms(iou=0.5).apply(found(scores=[0.9, 0.8, 0.7, 0.6], labels=["a"] * 4))
    np.testing.assert_array_equal(stay.boxes, np.array(BOXES, np.float32)[[0, 2, 3]])
    assert len(Nms(iou=0.82).apply(found(scores=[0.9, 0.8, 0.7, 0.6]))) == 4
    assert len(Nms(iou=0.33).apply(found(scores=[0.9, 0.8, 0.7, 0.6]))) == 2


def test_a_box_goes_for_one_that_stays_and_not_for_one_that_went() -> None:
    # The second covers the last by 6/14 and is the best, so that the first goes, not the last.
    stay = Nms(iou=0.5).apply(found(scores=[0.8, 0.9, 0.7, 0.6]))
    np.testing.assert_array_equal(stay.boxes, np.array(BOXES, np.float32)[[1, 2, 3]])


def test_classes_are_compared_only_where_it_is_said() -> None:
    both = found(scores=[0.9, 0.8, 0.7, 0.6], labels=["car", "truck", "car", "car"])
    assert len(Nms(iou=0.5).apply(both)) == 4
    stay = Nms(iou=0.5, agnostic=True).apply(both)
    assert stay.labels == ("car", "car", "car")


def test_of_boxes_without_scores_the_first_stays() -> None:
    np.testing.assert_array_equal(Nms().apply(found()).boxes[0], BOXES[0])
    assert len(Nms().apply(found())) == 3
    assert len(Nms().apply(Objects.none(GRID))) == 0


def test_all_columns_go_with_their_box() -> None:
    columns = {"ids": [4, 5, 6, 7], "attributes": {"speed": [1.0, 2.0, 3.0, 4.0]}}
    stay = Nms().apply(found(scores=[0.6, 0.7, 0.8, 0.9], **columns))
    assert stay.ids is not None
    assert stay.ids.tolist() == [7, 6, 5]
    assert np.asarray(stay.attributes["speed"]).tolist() == [4, 3, 2]
