"""`draw` and `redact`: where they paint, where not, and what stays hidden."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
import skimage.data

from cvkit.core.draw import shown
from cvkit.core.errors import ParameterError
from cvkit.core.grid import Grid
from cvkit.core.values import Cell, Features, Labels, Mask, Measures, Objects, Scores, Text
from cvkit.stages.draw.draw import Draw
from cvkit.stages.draw.redact import Redact


def draw(**parameters: object) -> Draw:
    return Draw.model_validate(parameters)


def redact(**parameters: object) -> Redact:
    return Redact.model_validate(parameters)


CAT = np.ascontiguousarray(skimage.data.cat()[..., ::-1])
CAT.flags.writeable = False
GRID = Grid.of((451, 300))
BARE = draw(labels=False, scores=False)


def boxes(*rows: list[float], labels: list[str] | None = None) -> Objects:
    return Objects.of(list(rows), GRID, labels=labels or ["cat"] * len(rows))


def changed(stage: Draw, *marks: object) -> np.ndarray:
    return np.asarray((stage.apply(CAT, marks) != CAT).any(-1))  # type: ignore[arg-type]


def test_a_box_is_drawn_on_its_edge_and_nowhere_else() -> None:
    touched = changed(BARE, boxes([100, 50, 200, 150]))
    rows, columns = touched.nonzero()
    assert (columns.min(), columns.max()) == pytest.approx((100, 199), abs=3)
    assert (rows.min(), rows.max()) == pytest.approx((50, 149), abs=3)
    assert not touched[60:140, 110:190].any()


def test_a_class_has_its_colour_whatever_else_is_there() -> None:
    one = BARE.apply(CAT, (boxes([100, 50, 200, 150], labels=["dog"]),))
    two = BARE.apply(CAT, (boxes([300, 50, 400, 150], [100, 50, 200, 150], labels=["cat", "dog"]),))
    np.testing.assert_array_equal(one[40:160, 90:210], two[40:160, 90:210])
    assert (two[100, 300] != two[100, 100]).any()


def test_a_tag_stays_inside_the_picture() -> None:
    corner = boxes([440, 0, 451, 10], labels=["a long name at the edge"])
    touched = changed(draw(), corner)
    rows, columns = touched.nonzero()
    assert touched[13:20, 370:448].mean() > 0.8  # below, and moved in from the edge
    assert (columns.min() < 370, columns.max(), rows.max() < 30) == (True, 450, True)


def test_an_outline_is_drawn_instead_of_its_box() -> None:
    triangle = np.array([[100, 150], [200, 150], [150, 60]], np.float32)
    found = Objects.of([[100, 60, 200, 150]], GRID, labels=["contour"], polygons=[triangle])
    touched = changed(draw(), replace(found, step=("contours",)))
    assert not touched[60:80, 100:120].any()  # the box's corner, and no tag above it
    assert not touched[40:55].any()
    assert touched[148:153, 110:190].any(0).all()


def test_a_mask_tints_what_it_covers() -> None:
    bitmap = np.zeros((40, 60), np.uint8)
    bitmap[:, :30] = 255
    found = replace(boxes([-20, 100, 40, 140]), masks=(bitmap,))
    touched = changed(draw(labels=False, boxes=False), found)
    assert touched[100:140, :10].mean() > 0.95
    assert touched.sum() <= 400


def test_letters_beyond_ascii_are_written() -> None:
    plain = draw().apply(CAT, (boxes([100, 50, 200, 150], labels=["Katze"]),))
    umlaut = draw().apply(CAT, (boxes([100, 50, 200, 150], labels=["Kätzchen"]),))
    assert (plain != umlaut).any()
    assert len(np.unique(umlaut[30:50, 100:180].reshape(-1, 3), axis=0)) > 10


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1), (7, 5)])
def test_every_kind_fits_on_any_picture(size: tuple[int, int]) -> None:
    photo = np.full((*size, 3), 90, np.uint8)
    grid = Grid.of((size[1], size[0]))
    row: dict[str, Cell] = {"share": 0.12345, "name": "x"}
    marks = (
        Objects.of([[-5, -5, 400, 400], [0, 0, 0, 0]], grid, labels=["é", "b"], scores=[0.5, 1]),
        Features(grid, np.array([[0, 0], [1e9, -1e9]], np.float32)),
        Scores(("a very long label",), (0.5,)),
        Text("lines\nand lines"),
        Measures((row,) * 20),
    )
    assert draw().apply(photo, marks).shape == photo.shape


def test_sizes_must_be_above_nothing() -> None:
    with pytest.raises(ParameterError, match="line: must be above 0"):
        draw(line=0)


def test_labels_are_shown_in_colours_of_their_own() -> None:
    picture = shown(Labels.of(np.arange(6).reshape(2, 3)))
    assert picture[0, 0].tolist() == [0, 0, 0]
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) == 6
    assert shown(Mask.of(np.array([[0, 200]], np.uint8)))[0, 1].tolist() == [200] * 3


@pytest.mark.parametrize("method", ["blur", "pixelate", "fill"])
@pytest.mark.parametrize("box", [[150.0, 40, 300, 200], [200.0, 80, 212, 92], [150.0, 40, 175, 60]])
def test_nothing_fine_is_left_in_a_hidden_box(method: str, box: list[float]) -> None:
    hidden = redact(method=method, grow=0).apply(CAT, boxes(box))
    x1, y1, x2, y2 = (int(v) for v in box)
    inside, before = hidden[y1:y2, x1:x2], CAT[y1:y2, x1:x2]
    side = max(4, min(x2 - x1, y2 - y1) // 5)
    soft = cv2.blur(before.astype(np.float32), (side, side))
    fine = before - soft
    left = inside.astype(np.float32) - cv2.blur(inside.astype(np.float32), (side, side))
    core = (slice(2, -2), slice(2, -2))
    if method != "pixelate":
        assert left[core].std() < 0.5 * fine[core].std()
    assert len(np.unique(inside[:, :, 1])) <= (25 * 2 if method == "pixelate" else 256)
    outside = np.ones(CAT.shape[:2], bool)
    outside[y1:y2, x1:x2] = False
    np.testing.assert_array_equal(hidden[outside], CAT[outside])


def test_an_ellipse_leaves_the_corners_and_an_outline_the_rest() -> None:
    cover = redact(method="fill", fill="red", shape="ellipse", grow=0)
    hidden = cover.apply(CAT, boxes([100, 50, 200, 150]))
    area = (hidden == [0, 0, 255]).all(-1).sum()
    assert area == pytest.approx(np.pi * 50**2, rel=0.02)
    square = np.array([[110, 60], [150, 60], [150, 100], [110, 100]], np.float32)
    found = Objects.of([[100, 50, 200, 150]], GRID, polygons=[square])
    outline = redact(method="fill", fill="red", shape="outline", grow=0).apply(CAT, found)
    assert (outline == [0, 0, 255]).all(-1).sum() == pytest.approx(40 * 40, rel=0.08)


def test_boxes_partly_or_wholly_outside_are_fine() -> None:
    found = boxes([-50, -50, 20, 20], [500, 10, 600, 50], [10, 10, 10, 10])
    hidden = redact(method="fill", fill="red", grow=0).apply(CAT, found)
    assert (hidden == [0, 0, 255]).all(-1).sum() == 400


def test_a_redact_of_nothing_gives_the_picture_itself() -> None:
    assert redact().apply(CAT, Objects.none(GRID)) is CAT


def test_growing_adds_its_percent_of_the_box_all_told() -> None:
    cover = redact(method="fill", fill="red", grow=20)
    hidden = (cover.apply(CAT, boxes([100, 50, 200, 150])) == [0, 0, 255]).all(-1)
    assert hidden.sum() == 120 * 120
    assert hidden[40:160, 90:210].all()
