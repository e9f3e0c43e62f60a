"""Drawing on pictures: colours, outlines, tags and captions by pixel."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from cvkit.core.color import distinct
from cvkit.core.draw import Style, paint, shown
from cvkit.core.grid import Grid
from cvkit.core.lettering import Lettering
from cvkit.core.objects import Objects
from cvkit.core.values import Depth, Features, Flow, Measures, Scores, Text

SIZE = (300, 200)
GRID = Grid.of(SIZE)
PLAIN = Style(line=2, text=9, labels=False, scores=False)


def canvas(level: int = 255) -> np.ndarray:
    return np.full((SIZE[1], SIZE[0], 3), level, np.uint8)


def painted(value: object, style: Style = PLAIN, level: int = 255) -> np.ndarray:
    out = canvas(level)
    paint(out, value, style)
    return out


def holds(picture: np.ndarray, colour: tuple[int, int, int]) -> bool:
    return bool((picture == colour).all(-1).any())


def square(x: float, y: float, side: float = 40) -> np.ndarray:
    return np.array([[x, y], [x + side, y], [x + side, y + side], [x, y + side]], np.float32)


def outlines(*labels: str, step: str = "contours") -> Objects:
    places = [20 + 70 * i for i in range(len(labels))]
    found = Objects.of(
        [[x, 60, x + 40, 100] for x in places],
        GRID,
        labels=labels,
        polygons=[square(x, 60) for x in places],
    )
    return replace(found, step=(step,) * len(labels))


def test_a_label_has_one_colour_whatever_its_number_in_a_network() -> None:
    found = Objects.of([[50, 50, 150, 150]], GRID, classes=[3], labels=["person"])
    for other in (
        replace(found, classes=None),
        replace(found, classes=np.array([17], np.int32)),
        replace(found, labels=("Person",)),
    ):
        np.testing.assert_array_equal(painted(other), painted(found))
    unnamed = replace(found, labels=None)
    assert holds(painted(unnamed), distinct(3))


def test_what_is_found_most_has_colours_of_its_own() -> None:
    names = ["person", "bus", "car", "bicycle", "truck", "motorcycle", "kite", "skis", "tie"]
    colours = []
    for name in names:
        out = painted(Objects.of([[50, 50, 150, 150]], GRID, labels=[name]))
        colours.append(tuple(out[100, 50].tolist()))
    assert len(set(colours[:6])) == 6
    assert not set(colours[:6]) & set(colours[6:])


def test_a_tiny_thing_is_framed_and_not_covered() -> None:
    out = painted(Objects.of([[100, 100, 106, 108]], GRID, labels=["kite"]), replace(PLAIN, line=9))
    assert (out[100:108, 100:106] == 255).all()
    assert holds(out[96:112, 96:110], distinct(0)) or (out[96:112, 96:110] != 255).any()


def test_lines_stand_out_on_white_on_black_and_on_their_own_colour() -> None:
    found = Objects.of([[50, 50, 150, 150]], GRID, classes=[3])
    for level in (0, 255):
        assert holds(painted(found, level=level), distinct(3))
    own = canvas()
    own[:] = distinct(3)
    paint(own, found, PLAIN)
    assert np.abs(own[100].astype(int) - distinct(3)).max() > 60


def test_a_dark_colour_stands_out_in_the_dark() -> None:
    found = Objects.of([[50, 50, 150, 150]], GRID)
    navy = painted(found, replace(PLAIN, color=(80, 0, 0)), level=0)
    assert holds(navy, (80, 0, 0))
    assert navy[100].max() > 200


def test_outlines_of_a_stage_without_names_differ_by_place_and_have_no_tags() -> None:
    found = outlines("contour", "contour", "contour")
    with_words = painted(found, replace(PLAIN, labels=True))
    np.testing.assert_array_equal(with_words, painted(found))
    assert all(holds(with_words[:, 15 + 70 * i : 65 + 70 * i], distinct(i)) for i in range(3))


def test_outlines_with_names_of_their_own_have_tags_and_the_names_colour() -> None:
    found = outlines("leaf", "leaf", step="segment")
    bare, tagged = painted(found), painted(found, replace(PLAIN, labels=True))
    assert (tagged[40:58] != bare[40:58]).any()
    np.testing.assert_array_equal(bare[:, 15:65], bare[:, 85:135])


def test_a_turned_box_is_drawn_by_its_corners() -> None:
    diamond = np.array([[[100, 50], [150, 100], [100, 150], [50, 100]]], np.float32)
    found = replace(Objects.of([[50, 50, 150, 150]], GRID, classes=[0]), corners=diamond)
    touched = (painted(found) != 255).any(-1)
    assert not touched[50:60, 50:60].any()
    assert touched[74:77, 74:77].any()  # halfway along the upper left side


def test_half_a_tint_is_halfway_between() -> None:
    full = np.full((40, 40), 255, np.uint8)
    found = replace(Objects.of([[20, 20, 60, 60]], GRID, classes=[0]), masks=(full,))
    style = replace(PLAIN, boxes=False, fill=0.5, color=(0, 0, 200))
    out = painted(found, style, level=100)
    assert (out[20:60, 20:60] == [50, 50, 150]).all()
    assert (out == 100).all(-1).sum() == 300 * 200 - 1600


def test_keypoints_that_a_model_guesses_are_left_out() -> None:
    points = np.array([[[60, 60, 0.9], [100, 60, 0.1]]], np.float32)
    found = replace(Objects.of([[50, 50, 150, 150]], GRID, classes=[0]), keypoints=points)
    touched = (painted(found, replace(PLAIN, boxes=False)) != 255).any(-1)
    assert touched[60, 60]
    assert not touched[50:70, 90:110].any()


def test_a_feature_is_a_dot_round_its_point() -> None:
    out = painted(Features(GRID, np.array([[100.5, 50.5]], np.float32)))
    rows, columns = (out != 255).any(-1).nonzero()
    assert (rows.mean(), columns.mean()) == (50, 100)


def test_tags_of_things_in_one_place_do_not_lie_on_each_other() -> None:
    found = Objects.of([[100, 80, 200, 150]] * 3, GRID, labels=["person", "bus", "car"])
    alone = [found.take([i]) for i in range(3)]
    style = replace(PLAIN, labels=True)
    out = painted(found, style)
    for one in alone:
        colour = np.array(painted(one, style)[115, 100])
        ground = (out == colour).all(-1)
        ground[80:150, 100:200] = False
        assert ground.sum() > 0.5 * np.prod(Lettering(9).size("car"))


def test_rows_of_a_count_are_said_as_people_say_them() -> None:
    counted = painted(Measures(({"label": "person", "count": 4},)), PLAIN)
    np.testing.assert_array_equal(counted, painted(Measures(({"person": 4},)), PLAIN))


def test_a_name_too_long_for_the_picture_loses_its_end_not_its_height() -> None:
    small = np.full((40, 60, 3), 255, np.uint8)
    letters = Lettering(6)
    kept = letters.cut("a very long name", 60)
    assert kept
    assert "a very long name".startswith(kept)
    assert letters.size(kept)[0] <= 60
    assert letters.cut("plate 0.71", letters.size("plate 0.7")[0]) == "plate"  # no wrong number
    assert letters.cut("plates", letters.size("pla")[0]) == "pla"
    paint(small, Objects.of([[0, 0, 30, 30]], Grid.of((60, 40)), labels=["é" * 40]), Style(1, 8))
    assert (small != 255).any()


@pytest.mark.parametrize(("value", "row"), [(Scores(("cat",), (0.91,)), 1), (Text("cat"), -2)])
def test_captions_are_legible_on_white(value: object, row: int) -> None:
    out = painted(value, replace(PLAIN, labels=True, scores=True))
    part = out[row, :30].max(-1)
    assert part.max() < 120  # the panel
    assert (out[:, :60] == 255).all(-1)[: 3 if row > 0 else None].sum() < out[:, :60].size
    lines = out[:40] if row > 0 else out[-40:]
    assert lines[:, :40].max() > 240


def test_sizes_follow_the_picture() -> None:
    small, large = Style.fitting((1280, 960)), Style.fitting((12800, 9600))
    assert (large.line, large.text) == pytest.approx((10 * small.line, 10 * small.text), rel=0.2)
    assert (Style.fitting((1, 1)).line, Style.fitting((1, 1)).text) == (1, 7)
    assert Style.fitting((640, 480)).text == 10
    assert Style.fitting((8000, 500)).text < 60


def test_nearest_and_farthest_depth_have_the_ends_of_the_scale() -> None:
    picture = shown(Depth.of(np.array([[2.0, 3.0, 4.0, np.nan]])))
    scale = cv2.applyColorMap(np.array([[0, 127, 255]], np.uint8), cv2.COLORMAP_TURBO)
    np.testing.assert_array_equal(picture[0, :3], scale[0])
    assert picture[0, 3].tolist() == [0, 0, 0]


def test_flow_has_its_direction_as_hue_and_its_speed_as_strength() -> None:
    ways = [(2, 0), (0, 2), (-2, 0), (0, -2), (0, 0)]
    picture = shown(Flow.of(np.array([ways], np.float32)))
    hues = cv2.cvtColor(picture, cv2.COLOR_BGR2HSV)[0, :4, 0]
    # Middlebury's wheel: right is red, down nearly yellow, left past cyan, up violet.
    assert hues.tolist() == pytest.approx([0, 27, 97, 132], abs=2)
    half = shown(Flow.of(np.array([[[1, 0]]], np.float32), top=2))
    assert half[0, 0].tolist() == pytest.approx([128, 128, 255], abs=6)
    assert picture[0, 4].tolist() == [255, 255, 255]
