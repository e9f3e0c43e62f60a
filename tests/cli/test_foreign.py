"""Other tools' spellings: every answer must be a command that cvkit takes."""

from __future__ import annotations

import pytest

from cvkit.cli import foreign
from cvkit.cli.arguments import parse
from cvkit.core import catalog


@pytest.mark.parametrize("option", sorted(foreign._MAGICK))
def test_what_is_offered_for_an_option_of_imagemagick_is_a_command(option: str):
    values = {"quality": "90", "depth": "16", "colorspace": "HSV", "morphology": "Erode"}
    answer = foreign.magick(f"-{option}", values.get(option, "50%"))
    words = answer.removeprefix("cvkit writes it: cvkit ").replace("INPUT", "a.png").split()
    for step in parse(words).spec.steps:
        catalog.make(step.stage, step.params)


@pytest.mark.parametrize(
    ("word", "command"),
    [
        ("cv2.THRESH_OTSU", "threshold --method otsu"),
        ("THRESH_BINARY_INV", "threshold --method binary-inv"),
        ("ADAPTIVE_THRESH_MEAN_C", "threshold --method adaptive-mean"),
        ("cv2.COLOR_BGR2GRAY", "gray"),
        ("cv2.COLOR_BGR2HSV", "colorspace --to hsv"),
        ("COLOR_RGB2Lab", "colorspace --to lab"),
        ("cvtColor", "colorspace"),
        ("cv2.split", "channels --op split"),
        ("dilate", "morph --op dilate"),
        ("morphologyEx", "morph"),
        ("skeletonize", "morph --op skeleton"),
        ("Canny", "edges --method canny"),
        ("cv2.GaussianBlur", "blur --method gaussian"),
        ("findContours", "contours"),
    ],
)
def test_names_of_opencv_lead_to_a_stage(word: str, command: str):
    assert foreign.command(word) == command
    stage, *words = command.split()
    params = {words[0].removeprefix("--"): words[1]} if words else {}
    catalog.make(stage, params)


@pytest.mark.parametrize(
    ("constant", "ours"),
    [
        ("cv2.THRESH_TOZERO_INV", "tozero-inv"),
        ("ADAPTIVE_THRESH_GAUSSIAN_C", "adaptive-gaussian"),
        ("otsu", ""),
        ("THRESH_MASK", ""),
    ],
)
def test_constants_as_values_are_answered_with_the_choice(constant: str, ours: str):
    choices = ("otsu", "tozero-inv", "adaptive-mean", "adaptive-gaussian")
    assert foreign.constant(constant, choices) == ours


def test_an_answer_that_would_fail_too_is_not_given():
    assert foreign.option("--conf", "0.3", {"score"}) == "cvkit writes it --score"
    assert foreign.option("--conf", "0.3", {"level"}) == ""
