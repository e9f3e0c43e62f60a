"""`contours` of painted shapes whose measures are arithmetic, and of skimage's coins."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import skimage.data

from cvkit.core.values import Objects
from cvkit.stages.segment.threshold import Threshold
from cvkit.stages.shape.contours import Contours


def made(**parameters: object) -> Contours:
    return Contours.model_validate(parameters)


def column(found: Objects, name: str) -> np.ndarray:
    return np.asarray(found.attributes[name])


def painted() -> np.ndarray:
    mask = np.zeros((100, 200), np.uint8)
    mask[10:31, 20:61] = 255  # 41 × 21 pixels
    cv2.circle(mask, (150, 50), 30, 255, -1)
    cv2.circle(mask, (150, 50), 10, 0, -1)  # a hole,
    mask[48:53, 148:153] = 255  # and an island in it
    return mask


def test_a_rectangle_has_the_measures_of_its_outline() -> None:
    found = made(sort="left-right").apply(painted())
    assert len(found) == 2
    np.testing.assert_array_equal(found.boxes[0], [20, 10, 61, 31])
    measures = {k: v[0] for k, v in found.attributes.items()}
    assert measures["area"] == 40 * 20
    assert measures["perimeter"] == 120
    assert (measures["centroid_x"], measures["centroid_y"]) == (40.5, 20.5)
    assert measures["circularity"] == pytest.approx(4 * np.pi * 800 / 120**2)
    assert found.polygons is not None
    np.testing.assert_array_equal(found.polygons[0].min(0), [20.5, 10.5])


def test_a_disc_is_rounder_than_a_rectangle() -> None:
    disc, rectangle = column(made().apply(painted()), "circularity")
    assert 0.85 < disc < 1
    assert rectangle < 0.72


def test_a_tree_says_what_lies_in_what() -> None:
    found = made(mode="tree", sort="area").apply(painted())
    # disc, rectangle, hole, island
    assert column(found, "parent").tolist() == [-1, -1, 0, 2]
    without_hole = made(mode="tree", sort="area", max_area=200).apply(painted())
    assert column(without_hole, "parent").tolist() == [-1]
    assert "parent" not in made(mode="list").apply(painted()).attributes


def test_order_limits_and_filters() -> None:
    areas = column(made(mode="list").apply(painted()), "area")
    assert (np.diff(areas) <= 0).all()
    tops = made(mode="list", sort="top-down").apply(painted()).boxes[:, 1]
    assert (np.diff(tops) >= 0).all()
    assert len(made(mode="list", top=2).apply(painted())) == 2
    assert len(made(mode="list", min_area=500).apply(painted())) == 2
    assert len(made(mode="list", min_area="5%").apply(painted())) == 1
    assert len(made(mode="list", min_perimeter=100).apply(painted())) == 2


def test_half_covered_pixels_count() -> None:
    mask = np.zeros((9, 9), np.uint8)
    mask[2:5, 2:5], mask[6:8, 6:8] = 128, 127
    found = made(min_area=0).apply(mask)
    np.testing.assert_array_equal(found.boxes, [[2, 2, 5, 5]])


def test_a_single_pixel_and_nothing_at_all() -> None:
    one = made(min_area=0).apply(np.full((1, 1), 255, np.uint8))
    np.testing.assert_array_equal(one.boxes, [[0, 0, 1, 1]])
    assert column(one, "centroid_x")[0] == 0.5
    assert column(one, "circularity")[0] == 0
    assert len(made(mode="tree").apply(np.zeros((5, 7), np.uint8))) == 0


def test_the_coins_are_found() -> None:
    mask = Threshold().apply(skimage.data.coins())
    found: Objects = made(min_area=400, max_area=5000).apply(mask.values)
    assert len(found) == 23  # of 24: one melts into the light corner
    assert (column(found, "circularity") > 0.6).sum() > 15
