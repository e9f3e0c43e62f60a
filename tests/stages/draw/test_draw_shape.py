"""`draw-shape` against OpenCV's own drawing, and what becomes of grey, depth and alpha."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import skimage.data

from cvkit.core.errors import ParameterError
from cvkit.core.frame import Frame
from cvkit.core.values import Image, Mask
from cvkit.stages.draw.draw_shape import DrawShape

CAT = np.ascontiguousarray(skimage.data.cat()[..., ::-1])  # 451 × 300
RED, AA = (0, 0, 255), cv2.LINE_AA


def made(**parameters: object) -> DrawShape:
    return DrawShape.model_validate(parameters)


def points(*pairs: tuple[int, int]) -> np.ndarray:
    return np.array(pairs, np.int32)


def opencv(shape: str, width: int) -> np.ndarray:
    out = CAT.copy()
    if shape == "line":
        cv2.polylines(out, [points((20, 30), (400, 200), (60, 280))], False, RED, width, AA)
    elif shape == "arrow":
        head = (8 + 6 * width) / float(np.hypot(380, 170))
        cv2.arrowedLine(out, (320, 480), (6400, 3200), RED, width, AA, 4, head)  # sixteenths
    elif shape == "rectangle":
        cv2.rectangle(out, (20, 30), (400, 200), RED, width)
    elif shape == "circle":
        cv2.circle(out, (200, 150), 60, RED, width, AA)
    elif shape == "ellipse":
        cv2.ellipse(out, (210, 115), (190, 85), -20, 0, 360, RED, width, AA)
    else:
        cv2.polylines(out, [points((20, 30), (400, 200), (60, 280))], True, RED, width, AA)
    return out


AT = {
    "line": "20,30 400,200 60,280",
    "arrow": "20,30 400,200",
    "rectangle": "20,30 400,200",
    "circle": "200,150",
    "ellipse": "20,30 400,200",
    "polygon": "20,30 400,200 60,280",
}


@pytest.mark.parametrize("shape", AT)
@pytest.mark.parametrize("width", [1, 2, 7])
def test_it_is_opencvs_drawing(shape: str, width: int) -> None:
    more = {"radius": 60} if shape == "circle" else {"angle": 20} if shape == "ellipse" else {}
    stage = made(shape=shape, points=AT[shape].split(), line=width, **more)
    ours = stage(CAT).astype(int)
    theirs = opencv(shape, width).astype(int)
    # Antialiased pixels are mixed in other roundings; whole ones are the same.
    np.testing.assert_allclose(ours, theirs, atol=4)
    assert ((theirs == RED).all(-1) == (ours == RED).all(-1)).mean() > 0.9995
    assert (theirs != CAT).any(-1).sum() > 300


def test_filled_shapes_have_the_area_of_their_formula() -> None:
    black = np.zeros((300, 400), np.uint8)

    def area(**parameters: object) -> float:
        return float(made(color="white", filled=True, **parameters)(black).sum()) / 255

    assert area(shape="circle", radius=80) == pytest.approx(np.pi * 80**2, rel=0.02)
    corners = ["100,100", "300,200"]
    assert area(shape="rectangle", points=corners) == 201 * 101
    assert area(shape="rectangle", points=corners, angle=30) == pytest.approx(20000, rel=0.02)
    assert area(shape="ellipse", points=corners) == pytest.approx(np.pi * 100 * 50, rel=0.02)
    triangle = ["0,0", "200,0", "0,200"]
    assert area(shape="polygon", points=triangle) == pytest.approx(20000, rel=0.02)


def test_percent_run_from_the_first_pixel_to_the_last() -> None:
    drawn = made(shape="line", points=["0%,100%", "100%,100%"], line=3, color="white")(CAT)
    assert (drawn[-1] == 255).all()
    np.testing.assert_array_equal(drawn[:-4], CAT[:-4])


def test_positive_angles_are_counter_clockwise() -> None:
    black = np.zeros((300, 300), np.uint8)
    box = ["50,140", "250,160"]
    for shape in ("rectangle", "ellipse"):
        drawn = made(shape=shape, points=box, angle=30, color="white", filled=True)(black)
        rows, columns = np.nonzero(drawn)
        assert rows[columns.argmax()] < 120  # its right end is up


@pytest.mark.parametrize(("depth", "red"), [("uint8", 255), ("uint16", 65535), ("float32", 1.0)])
def test_a_colour_on_grey_makes_a_colour_picture_of_the_same_depth(depth: str, red: float) -> None:
    grey = np.zeros((50, 60), depth)
    drawn = made(line=3)(grey)
    assert (drawn.dtype, drawn.shape) == (np.dtype(depth), (50, 60, 3))
    assert drawn.reshape(-1, 3).max(0).tolist() == [0, 0, red]
    assert made(color="white")(grey).shape == (50, 60)


def test_on_a_mask_white_stays_a_mask_and_red_makes_a_picture() -> None:
    frame = Frame.of(Mask.of(np.zeros((50, 60), bool)))
    assert isinstance(made(color="white")(frame).raster, Mask)
    assert isinstance(made()(frame).raster, Image)


def test_it_is_seen_where_the_picture_was_transparent() -> None:
    clear = np.zeros((100, 120, 4), np.uint8)
    drawn = made(shape="circle", filled=True, opacity=0.5)(clear)
    assert drawn[50, 60].tolist() == [0, 0, 255, 128]
    assert drawn[0, 0].tolist() == [0, 0, 0, 0]


def test_what_does_not_fit_is_refused() -> None:
    for shape, at, words in (
        ("line", ["1,1"], "two points or more, got 1"),
        ("rectangle", ["1,1", "2,2", "3,3"], "two opposite corners, got 3"),
        ("polygon", ["1,1", "2,2"], "three points or more"),
        ("circle", ["1,1", "2,2"], "its centre, got 2"),
    ):
        with pytest.raises(ParameterError, match=words):
            made(shape=shape, points=at)
    with pytest.raises(ParameterError, match="no inside"):
        made(shape="arrow", filled=True)
    with pytest.raises(ParameterError, match="angle turns"):
        made(shape="line", angle=5)
    with pytest.raises(ParameterError, match="above 0"):
        made(line=0)
