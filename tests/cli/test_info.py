"""`cvkit info` beyond the first line: pixels, levels, and what the camera wrote."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.conftest import ROOT, Command

CAT = ROOT / "samples" / "cat.jpg"


@pytest.fixture
def yellow(tmp_path: Path) -> str:
    cv2.imwrite(str(tmp_path / "yellow.png"), np.full((20, 30, 3), (0, 255, 255), np.uint8))
    return "yellow.png"


def test_a_pixel_is_told_in_both_orders(cvkit: Command, yellow: str) -> None:
    ran = cvkit("info", yellow, "--pixel", "3,4")
    assert ran.code == 0
    assert "pixel 3,4" in ran.out
    for words in ("B,G,R 0,255,255", "R,G,B 255,255,0", "#ffff00", "luma 226", "HSV 60°"):
        assert words in ran.out
    assert "OpenCV 30,255,255" in ran.out


def test_several_pixels_levels_and_the_camera_as_json(cvkit: Command, yellow: str) -> None:
    ran = cvkit(
        *("info", yellow, CAT, "--pixel", "0,0", "--pixel", "100%,100%"),
        *("--stats", "--exif", "--json"),
    )
    one, two = json.loads(ran.out)
    assert [(p["x"], p["y"]) for p in one["pixels"]] == [(0, 0), (29, 19)]
    assert one["stats"]["red"]["clipped_high"] == 1
    assert one["stats"]["blue"]["mean"] == 0
    assert one["exif"] == {}
    last = cv2.imread(str(CAT))[-1, -1]
    np.testing.assert_allclose(two["pixels"][1]["bgr"], last, atol=2)


def test_everything_fits_80_columns(cvkit: Command, shared: Path) -> None:
    files = [shared / "images" / n for n in ("plate_us.jpg", "nuclei_16bit.png")]
    files.append(shared / "formats" / "float32.tif")
    arguments = ("--pixel", "50%,50%", "--stats", "--exif")
    ran = cvkit("info", *files, *arguments, env={"COLUMNS": "80"})
    assert ran.code == 0
    indented = [line for line in ran.out.splitlines() if line.startswith(" ")]
    assert max(map(len, indented)) <= 80
    assert "1/320 s, f/3.5, ISO 80, 8.46 mm" in ran.out
    assert "no EXIF" in ran.out
    assert "at 65535" in ran.out


def test_of_a_video_the_first_frame_counts(cvkit: Command) -> None:
    ran = cvkit("info", ROOT / "samples" / "portrait.mp4", "--pixel", "5,5", "--stats", "--json")
    (told,) = json.loads(ran.out)
    assert len(told["pixels"][0]["bgr"]) == 3
    assert told["stats"]["green"]["max"] > told["stats"]["green"]["min"]


def test_a_pixel_outside_and_one_that_is_none(cvkit: Command, yellow: str) -> None:
    ran = cvkit("info", yellow, "--pixel", "30,0")
    assert ran.code == 3
    assert "yellow.png: the pixel 30,0 lies outside the picture, which is 30×20" in ran.err
    assert "the last one is 29,19" in ran.err
    ran = cvkit("info", yellow, "--pixel", "middle")
    assert ran.code == 2
    assert "a point x,y" in ran.err


def test_what_is_no_number_is_told_in_letters(cvkit: Command):
    levels = np.array([[np.nan, np.inf, 0.5]], np.float32)
    cv2.imwrite(str(cvkit.folder / "a.tif"), levels)
    done = cvkit("info", "a.tif", "--pixel", "0,0", "--pixel", "1,0", "--pixel", "2,0")
    assert done.code == 0, done.err
    lines = done.out.splitlines()
    assert [line.split()[-2:] for line in lines[1:3]] == [["grey", "nan"], ["grey", "inf"]]
    assert "luma 128" in done.out


def test_the_last_word_is_not_where_it_is_written(cvkit: Command):
    cv2.imwrite(str(cvkit.folder / "a.png"), np.zeros((4, 4, 3), np.uint8))
    done = cvkit("convert", "a.png", "out.jpg")
    assert done.code == 3
    assert "to write it: -o out.jpg" in done.err
