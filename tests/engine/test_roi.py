"""--roi: the chain works on one region, and everything outside it is unchanged."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.conftest import Command
from tests.invariant.media import photo


@pytest.fixture
def picture(tmp_path: Path) -> np.ndarray:
    made = photo((120, 90))
    cv2.imwrite(str(tmp_path / "a.png"), made)
    return made


def result(cvkit: Command, *words: str) -> np.ndarray:
    done = cvkit(*words, "-o", "out.png", "--overwrite")
    assert done.code == 0, done.err
    read = cv2.imread(str(cvkit.folder / "out.png"))
    assert read is not None
    return read


def test_a_box_is_worked_on_and_the_rest_stays(cvkit: Command, picture: np.ndarray):
    out = result(cvkit, "blur", "a.png", "--size", "9px", "--roi", "20,10,50,40")
    expected = picture.copy()
    expected[10:50, 20:70] = cv2.GaussianBlur(picture[10:50, 20:70], (9, 9), 0)
    np.testing.assert_array_equal(out, expected)


def test_a_mask_file_is_worked_on_and_the_rest_stays(cvkit: Command, picture: np.ndarray):
    mask = np.zeros((90, 120), np.uint8)
    cv2.circle(mask, (60, 40), 20, 255, -1)
    cv2.imwrite(str(cvkit.folder / "m.png"), mask)
    out = result(cvkit, "gray", "a.png", "--roi", "m.png")
    np.testing.assert_array_equal(out[mask < 128], picture[mask < 128])
    inside = out[mask >= 128]
    assert (inside[:, 0] == inside[:, 1]).all()
    assert (inside != picture[mask >= 128]).any()


def test_a_kept_mask_is_a_region(cvkit: Command, picture: np.ndarray):
    words = ["keep", "a.png", "--name", "photo", "then", "threshold", "then", "keep", "light"]
    words += ["then", "use", "photo", "then", "gray", "--roi", "light"]
    out = result(cvkit, *words)
    light = result(cvkit, "threshold", "a.png")[..., 0] == 255
    np.testing.assert_array_equal(out[~light], picture[~light])
    grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    np.testing.assert_array_equal(out[light][:, 1], grey[light])


def test_found_things_lie_where_they_are_in_the_whole(cvkit: Command, tmp_path: Path):
    canvas = np.zeros((100, 100), np.uint8)
    canvas[60:81, 50:71] = 255
    canvas[5:15, 5:15] = 255
    cv2.imwrite(str(tmp_path / "c.png"), canvas)
    assert cvkit("contours", "c.png", "--roi", "40,40,50,50", "-o", "c.csv").code == 0
    rows = (tmp_path / "c.csv").read_text().splitlines()
    assert len(rows) == 2
    assert rows[1].split(",")[3:7] == ["50.0", "60.0", "71.0", "81.0"]


def test_a_region_outside_or_a_chain_that_moves_is_refused(cvkit: Command, picture: np.ndarray):
    assert cvkit("gray", "a.png", "--roi", "500,0,9,9").code == 3
    done = cvkit("resize", "a.png", "--to", "50%", "--roi", "0,0,9,9")
    assert done.code == 2
    assert "keeps the size" in done.err
