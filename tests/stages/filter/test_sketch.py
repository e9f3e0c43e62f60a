"""`sketch`: white paper, dark lines where the photograph has structure, on stills and films."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage import data

from cvkit.core.errors import ParameterError
from cvkit.stages.filter.sketch import Sketch
from tests.conftest import Command
from tests.invariant.media import decoded, heard, video

ASTRONAUT = np.ascontiguousarray(data.astronaut()[..., ::-1])
CAT = np.ascontiguousarray(data.chelsea()[..., ::-1])
STYLES = ["pencil", "color", "hatched", "edges"]


def drawn(picture: np.ndarray, **parameters: object) -> np.ndarray:
    made = Sketch.model_validate(parameters).apply(picture)
    assert isinstance(made, np.ndarray)
    return made


@pytest.mark.parametrize("picture", [ASTRONAUT, CAT], ids=["astronaut", "cat"])
def test_a_pencil_leaves_white_paper_and_dark_lines(picture: np.ndarray) -> None:
    sketch = drawn(picture)
    assert sketch.shape == picture.shape[:2]
    assert np.median(sketch) > 215
    assert (sketch < 110).mean() > 0.02


@pytest.mark.parametrize("level", [0, 3, 128, 255])
def test_where_nothing_is_seen_the_paper_stays_white(level: int) -> None:
    flat = np.full((60, 80, 3), level, np.uint8)
    for style in ("pencil", "edges"):
        assert (drawn(flat, style=style) == 255).all(), style


def test_the_dark_side_of_an_edge_is_drawn() -> None:
    step = np.full((60, 80), 200, np.uint8)
    step[:, 40:] = 60
    sketch = drawn(step, size="4px")
    assert (sketch[:, :40] == 255).all()
    assert sketch[30, 40] < 150 < sketch[30, 47] < sketch[30, 60]


def test_outlines_are_grey_blurred_canny_inverted() -> None:
    gray = cv2.GaussianBlur(cv2.cvtColor(CAT, cv2.COLOR_BGR2GRAY), (0, 0), 1.2)
    high = cv2.threshold(gray, 0, 255, cv2.THRESH_OTSU)[0]
    expected = 255 - cv2.Canny(gray, high / 2, high)
    np.testing.assert_array_equal(drawn(CAT, style="edges", size="0.4%"), expected)
    np.testing.assert_array_equal(drawn(CAT, style="edges"), expected)


def test_hatching_is_opencvs() -> None:
    expected = cv2.pencilSketch(CAT, sigma_s=60, sigma_r=0.07, shade_factor=0.05)[0]
    np.testing.assert_array_equal(drawn(CAT, style="hatched"), expected)


def test_crayons_keep_the_hue_and_are_paler() -> None:
    sketch = drawn(ASTRONAUT, style="color")
    suit = (slice(300, 330), slice(110, 150))
    hue = [np.median(cv2.cvtColor(p, cv2.COLOR_BGR2HSV)[suit][..., 0]) for p in (ASTRONAUT, sketch)]
    assert abs(hue[0] - hue[1]) <= 3
    assert sketch[suit].mean() > ASTRONAUT[suit].mean() + 20


@pytest.mark.parametrize("style", STYLES)
def test_depths_and_grey_pictures_are_drawn_alike(style: str) -> None:
    deep = drawn(CAT.astype(np.uint16) * 257, style=style)
    real = drawn(CAT.astype(np.float32) / 255, style=style)
    np.testing.assert_array_equal(deep, drawn(CAT, style=style))
    np.testing.assert_array_equal(real, drawn(CAT, style=style))
    gray = cv2.cvtColor(CAT, cv2.COLOR_BGR2GRAY)
    assert drawn(gray, style=style).shape[:2] == gray.shape


def test_no_reach_at_all_is_refused() -> None:
    with pytest.raises(ParameterError, match="above 0"):
        Sketch.model_validate({"size": "0px"})


def test_a_film_is_drawn_frame_by_frame_with_its_sound(cvkit: Command, tmp_path: Path) -> None:
    video(tmp_path / "v.mp4", frames=12)
    done = cvkit("sketch", "v.mp4", "-o", "drawn.mp4")
    assert done.code == 0, done.err
    frames = decoded(tmp_path / "drawn.mp4")
    assert [pts for pts, _ in frames] == [pts for pts, _ in decoded(tmp_path / "v.mp4")]
    luma = np.frombuffer(frames[5][1], np.uint8)[: 160 * 120]
    assert np.median(luma) > 200
    assert heard(tmp_path / "drawn.mp4") == heard(tmp_path / "v.mp4")
