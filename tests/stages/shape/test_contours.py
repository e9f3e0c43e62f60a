"""`contours` of painted shapes whose measures are arithmetic, and of skimage's coins."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import skimage.data
import skimage.draw
import skimage.measure

import cvkit
from cvkit.core.errors import ParameterError
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


def test_all_24_coins_are_found_where_the_light_is_taken_out() -> None:
    quiet = cvkit.Blur(method="median", size="7px")(skimage.data.coins())
    mask = cvkit.Threshold(method="adaptive-mean", block="101px", offset=-10)(quiet)
    found = made(min_area=600, max_area=4000, sort="top-down").apply(mask)
    assert len(found) == 24
    assert column(found, "solidity").min() > 0.85
    assert column(found, "aspect_ratio").max() < 1.35
    assert column(found, "extent").mean() == pytest.approx(np.pi / 4, abs=0.05)  # of a disc
    rows = np.sort(column(found, "centroid_y")).reshape(4, 6)
    assert (np.ptp(rows, axis=1) < 20).all()  # four rows of six


def leaning(degrees: float) -> np.ndarray:
    """An ellipse of 80 × 30 whose long axis is turned counter-clockwise."""
    mask = np.zeros((200, 220), np.uint8)
    rows, columns = skimage.draw.ellipse(100, 110, 15, 40, rotation=np.deg2rad(degrees))
    mask[rows, columns] = 255
    return mask


@pytest.mark.parametrize("degrees", [-60, -20, 0, 35, 89])
def test_the_orientation_is_the_long_axis_counter_clockwise(degrees: float) -> None:
    mask = leaning(degrees)
    found = made().apply(mask)
    assert column(found, "orientation")[0] == pytest.approx(degrees, abs=0.7)
    assert column(found, "aspect_ratio")[0] == pytest.approx(80 / 30, rel=0.05)
    (region,) = skimage.measure.regionprops(skimage.measure.label(mask))
    theirs = np.rad2deg(region.orientation) + 90  # from the vertical, as they count
    assert (column(found, "orientation")[0] - theirs + 90) % 180 - 90 == pytest.approx(0, abs=0.3)
    assert column(found, "solidity")[0] == pytest.approx(region.solidity, abs=0.03)


def test_the_ratios_of_painted_shapes_are_arithmetic() -> None:
    mask = np.zeros((100, 100), np.uint8)
    mask[10:51, 10:31] = 255  # an L of outlines 40 × 20 and
    mask[30:51, 10:71] = 255  # 20 × 60
    found = made().apply(mask)
    area = 40 * 20 + 40 * 20
    hull = 60 * 40 - 20 * 40 / 2
    measures = {k: v[0] for k, v in found.attributes.items()}
    assert measures["area"] == pytest.approx(area, abs=1)  # the inner corner is cut by half
    assert measures["solidity"] == pytest.approx(area / hull, abs=0.001)
    assert measures["extent"] == pytest.approx(area / (61 * 41), abs=0.001)
    assert measures["aspect_ratio"] == pytest.approx(1.5)
    assert "hu_1" not in measures


def test_hu_moments_are_opencvs_and_know_a_shape_again() -> None:
    horse = (~skimage.data.horse()).astype(np.uint8) * 255
    turned = np.ascontiguousarray(np.rot90(cv2.resize(horse, None, fx=1.5, fy=1.5)))
    rows = []
    for mask in (horse, turned, painted()):
        found = made(moments=True, top=1).apply(mask)
        rows.append([float(column(found, f"hu_{i}")[0]) for i in range(1, 8)])
    halves = cv2.threshold(horse, 127, 255, cv2.THRESH_BINARY)[1]
    outlines, _ = cv2.findContours(halves, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    largest = max(outlines, key=cv2.contourArea)
    np.testing.assert_array_equal(rows[0], cv2.HuMoments(cv2.moments(largest)).ravel())
    np.testing.assert_allclose(rows[1][:3], rows[0][:3], rtol=0.03)
    assert abs(rows[2][0] / rows[0][0] - 1) > 0.3


def test_neighbours_and_children_are_numbered_as_the_rows_are() -> None:
    mask = painted()
    cv2.circle(mask, (150, 28), 3, 0, -1)  # a second hole in the disc
    found = made(mode="tree", sort="area", min_area=1).apply(mask)
    # disc, rectangle, hole, small hole, island
    order = column(found, "area").argsort()[::-1]
    assert order.tolist() == [0, 1, 2, 3, 4]
    columns = {k: column(found, k).tolist() for k in ("level", "parent", "child")}
    assert columns["level"] == [0, 0, 1, 1, 2]
    assert columns["parent"] == [-1, -1, 0, 0, 2]
    assert columns["child"] == [2, -1, 4, -1, -1]
    assert column(found, "next").tolist() == [1, -1, 3, -1, -1]
    assert column(found, "previous").tolist() == [-1, 0, -1, 2, -1]
    two = made(mode="ccomp", min_area=1).apply(mask)
    assert sorted(column(two, "level").tolist()) == [0, 0, 0, 1, 1]


def only(found: Objects) -> np.ndarray:
    assert found.polygons is not None
    return np.asarray(found.polygons[0])


def test_each_shape_is_opencvs_around_the_outline() -> None:
    mask = leaning(30)
    (all_points,), _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    (outline,), _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    expected = {
        "outline": outline,
        "hull": cv2.convexHull(outline),
        "min-rect": cv2.boxPoints(cv2.minAreaRect(outline)),
        "approx": cv2.approxPolyDP(outline, cv2.arcLength(outline, True) * 0.01, True),
    }
    for shape, points in expected.items():
        found = made(shape=shape).apply(mask)
        np.testing.assert_array_equal(only(found), points.reshape(-1, 2) + np.float32(0.5))
        assert column(found, "area")[0] == cv2.contourArea(outline)
    (x, y), axes, _ = cv2.fitEllipse(all_points)
    fitted = only(made(shape="ellipse").apply(mask))
    distance = np.linalg.norm(fitted - 0.5 - [x, y], axis=1)
    assert distance.max() == pytest.approx(max(axes) / 2, rel=1e-4)
    assert distance.min() == pytest.approx(min(axes) / 2, rel=1e-4)
    far = np.linalg.norm(fitted[:, None] - 0.5 - all_points.reshape(1, -1, 2), axis=2).min(0)
    assert far.max() < 2.5  # the ellipse lies on the outline
    circle = only(made(shape="circle").apply(mask))
    _, radius = cv2.minEnclosingCircle(outline)
    assert np.ptp(circle[:, 0]) == pytest.approx(2 * radius, rel=1e-3)
    box = made(shape="box").apply(mask)
    np.testing.assert_array_equal(only(box).min(0), box.boxes[0, :2])
    np.testing.assert_array_equal(only(box).max(0), box.boxes[0, 2:])


def test_a_square_has_four_corners_and_a_coarser_polygon_fewer() -> None:
    square = made(shape="approx", sort="left-right").apply(painted())
    vertices = column(square, "vertices")
    assert vertices[0] == 4
    disc = [
        column(made(shape="approx", epsilon=e, top=1).apply(painted()), "vertices")[0]
        for e in (0.5, 1, 3, 10)
    ]
    assert disc == sorted(disc, reverse=True)
    assert disc[0] > 10 > 4 >= disc[-1]


@pytest.mark.parametrize("shape", ["approx", "hull", "box", "min-rect", "circle", "ellipse"])
def test_lines_and_points_have_shapes_too(shape: str) -> None:
    mask = np.zeros((20, 30), np.uint8)
    mask[3, 4] = 255
    mask[10, 5:20] = 255
    found = made(shape=shape, min_area=0, sort="top-down", moments=True).apply(mask)
    assert len(found) == 2
    assert found.polygons is not None
    assert all(np.isfinite(p).all() and len(p) for p in found.polygons)
    assert np.isnan(column(found, "solidity")).all()
    assert np.isnan(column(found, "orientation")).all()


def test_what_does_not_go_together_is_refused() -> None:
    with pytest.raises(ParameterError, match="epsilon is for --shape approx"):
        made(epsilon=2)
    with pytest.raises(ParameterError, match="fitted to all points"):
        made(shape="ellipse", approximation="tc89-l1")
    with pytest.raises(ParameterError, match="did you mean hull"):
        made(shape="hul")
