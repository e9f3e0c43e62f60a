"""Warps and grids move coordinates exactly as they move pixels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cvkit.core import warp
from cvkit.core.grid import Grid
from cvkit.core.objects import Objects

SIZE = (61, 47)


def field() -> warp.Field:
    y, x = np.mgrid[0:47, 0:61].astype(np.float32)
    return warp.Field(SIZE, x + 2 * np.sin(y / 9), y + 1.5)


WARPS = {
    "scale": warp.Scale(SIZE, (122, 94)),
    "flip": warp.Flip(SIZE),
    "both": warp.Flip(SIZE, vertical=True),
    "quarter": warp.Quarter(SIZE, 1),
    "half": warp.Quarter(SIZE, 2),
    "three": warp.Quarter(SIZE, 3),
    "pad": warp.Pad(SIZE, 3, 5, 7, 0),
    "crop": warp.Crop(SIZE, 9, 8, 40, 30),
    "matrix": warp.Matrix(SIZE, (80, 70), ((1.1, 0.2, 3), (-0.1, 1.2, 8), (0.0005, 0, 1))),
    "field": field(),
    "letterbox": warp.letterbox(SIZE, (96, 96)),
}


@pytest.mark.parametrize("name", WARPS)
def test_a_painted_square_moves_as_its_corners_do(name: str):
    one = WARPS[name]
    canvas = np.zeros((47, 61), np.uint8)
    canvas[14:32, 20:40] = 255
    moved = one.pixels(canvas, nearest=True)
    assert moved.shape[1::-1] == one.after
    rows, columns = np.nonzero(moved)
    corners = one.points(np.array([[20, 14], [40, 14], [40, 32], [20, 32]], float))
    low, high = corners.min(0), corners.max(0)
    np.testing.assert_allclose(low, [columns.min(), rows.min()], atol=1.6)
    np.testing.assert_allclose(high, [columns.max() + 1, rows.max() + 1], atol=1.6)


@pytest.mark.parametrize("name", WARPS)
def test_a_grid_leads_back_to_the_source(name: str):
    points = np.array([[22.5, 15.25], [40, 30], [30, 20]])
    grid = Grid.of(SIZE).then(WARPS[name])
    np.testing.assert_allclose(grid.points_to_source(WARPS[name].points(points)), points, atol=0.05)
    np.testing.assert_allclose(grid.points_from_source(points), WARPS[name].points(points))


@pytest.mark.parametrize("name", [n for n in WARPS if n not in ("field", "crop")])
def test_there_and_back_is_the_same_grid(name: str):
    grid = Grid.of(SIZE)
    assert grid.then(WARPS[name]).then(WARPS[name].inverse()) == grid


def test_quarter_turns_are_counter_clockwise():
    array = np.array([[1, 2], [3, 4]])
    np.testing.assert_array_equal(warp.Quarter((2, 2), 1).pixels(array), [[2, 4], [1, 3]])


@given(
    st.tuples(st.integers(0, 50), st.integers(0, 40)),
    st.tuples(st.integers(1, 30), st.integers(1, 30)),
)
def test_a_crop_clips_objects_and_drops_the_empty(at: tuple[int, int], size: tuple[int, int]):
    window = warp.Crop((100, 100), *at, *size)
    boxes = np.array([[10, 10, 30, 30], [60, 60, 90, 95], [0, 0, 100, 100]], np.float32)
    moved = Objects.of(boxes, Grid.of((100, 100)), labels="abc").moved(window)
    expected = []
    for label, (x1, y1, x2, y2) in zip("abc", boxes, strict=True):
        inside = [max(x1 - at[0], 0), max(y1 - at[1], 0), min(x2 - at[0], size[0])]
        inside.append(min(y2 - at[1], size[1]))
        if inside[2] > inside[0] and inside[3] > inside[1]:
            expected.append((label, inside))
    assert list(moved.labels or ()) == [label for label, _ in expected]
    np.testing.assert_allclose(
        moved.boxes.reshape(-1, 4), np.array([b for _, b in expected]).reshape(-1, 4)
    )


def test_joining_fills_what_one_side_lacks():
    grid = Grid.of((10, 10))
    a = Objects.of([[0, 0, 1, 1]], grid, scores=[0.5], attributes={"area": [3.0]})
    b = Objects.of([[1, 1, 2, 2]], grid, labels=["x"])
    both = a.joined(b)
    assert len(both) == 2
    assert both.labels == ("", "x")
    assert np.isnan(both.scores[1])
    assert np.isnan(both.attributes["area"][1])


def test_letterbox_rounds_as_ultralytics():
    box = warp.letterbox((810, 1080), (640, 640))
    assert box.warps[0].after == (480, 640)
    assert box.points(np.array([[0.0, 0.0]])).tolist() == [[80.0, 0.0]]
