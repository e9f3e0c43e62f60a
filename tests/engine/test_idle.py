"""Options that would change nothing are refused, whatever the number of inputs."""

from __future__ import annotations

import cv2
import pytest

from tests.conftest import Command
from tests.invariant.media import photo, video


@pytest.fixture(autouse=True)
def media(cvkit: Command) -> None:
    cv2.imwrite(str(cvkit.folder / "a.png"), photo((40, 30)))
    video(cvkit.folder / "v.mp4")


@pytest.mark.parametrize(
    "line",
    [
        "gray a.png --device cpu",
        "gray a.png --seed 3",
        "gray a.png --background red",
        "gray a.png --quality 50",
        "threshold a.png -o x.png --quality 50",
        "gray a.png --crf 9",
        "gray v.mp4 -o k{index}.png --crf 9",
        "gray v.mp4 -o k{index}.png --no-audio",
        "contours v.mp4 -o c.csv --codec hevc",
        "gray a.png --frames 0:3",
        "gray a.png --only image",
        "gray a.png --include *.png",
        "gray a.png --coords output",
        "gray a.png -o x.bmp --strip",
        "montage a.png --strip",
        "gray v.mp4 --keep-icc",
    ],
)
def test_an_option_without_meaning_is_exit_2(cvkit: Command, line: str):
    before = sorted(p.name for p in cvkit.folder.iterdir())
    done = cvkit(*line.split())
    assert done.code == 2, done.err
    assert "has no meaning here" in done.err
    assert sorted(p.name for p in cvkit.folder.iterdir()) == before


@pytest.mark.parametrize(
    "line",
    [
        "gray a.png -o x.jpg --background red --quality 50",
        "gray a.png --strip --keep-icc",
        "gray v.mp4 --crf 30 --no-audio",
        "gray v.mp4 -o k{index}.jpg --quality 30 --frames 0:2",
        "detect a.png --model hog --device cpu -o x.png",
        "contours v.mp4 -o c.csv --coords output --duration 3f",
    ],
)
def test_an_option_with_a_meaning_is_taken(cvkit: Command, line: str):
    done = cvkit(*line.split())
    assert done.code == 0, done.err


def test_dots_an_inch_are_for_pages_and_drawings(cvkit: Command):
    done = cvkit("gray", "a.png", "--dpi", "100")
    assert done.code == 2
    assert "no input is a page or a drawing" in done.err


def test_what_the_plan_adds_is_said(cvkit: Command):
    done = cvkit("contours", "a.png", "-o", "c.csv")
    assert done.code == 0
    assert "note: threshold was added: contours needs a mask" in done.err
