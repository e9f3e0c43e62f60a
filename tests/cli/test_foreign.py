"""Other tools' spellings: every answer must be a command that cvkit takes."""

from __future__ import annotations

import pytest

from cvkit.cli import foreign, group
from cvkit.cli.arguments import parse
from cvkit.cli.parameters import parameters
from cvkit.core import catalog


@pytest.mark.parametrize("option", sorted(foreign._MAGICK))
def test_what_is_offered_for_an_option_of_imagemagick_is_a_command(option: str):
    values = {
        "quality": "90",
        "rotate": "30",
        "crop": "9x9+1+1",
        "depth": "16",
        "colorspace": "HSV",
        "morphology": "Erode",
    }
    answer = foreign.magick(f"-{option}", values.get(option, "50%"))
    words = answer.removeprefix("cvkit writes it: cvkit ").replace("INPUT", "a.png").split()
    for step in parse(words).spec.steps:
        catalog.make(step.stage, step.params)


@pytest.mark.parametrize(
    ("option", "value", "answer"),
    [
        ("resize", "50%", "resize INPUT --to 50%"),
        ("resize", "640x480!", "resize INPUT --to 640x480 --fit stretch"),
        ("resize", "640x480^", "resize INPUT --to 640x480 --fit cover"),
        ("resize", "640x>", "resize INPUT --to 640x --no-upscale"),
        ("rotate", "30", "rotate INPUT --angle -30"),  # clockwise there, counter-clockwise here
        ("rotate", "-90", "rotate INPUT --angle 90"),
        ("crop", "100x80+10+20", "crop INPUT --box 10,20,100,80"),
        ("colorspace", "Gray", "colorspace INPUT --to gray"),
        ("morphology", "Erode", "morph INPUT --op erode"),
        ("vf", "scale=640:-1", "resize INPUT --to 640x"),
        ("vf", "scale=-2:480", "resize INPUT --to x480"),
        ("vf", "crop=100:80:10:20", "crop INPUT --box 10,20,100,80"),
        ("vf", "transpose=1", "rotate INPUT --angle -90"),
        ("vf", "hflip", "flip INPUT --direction horizontal"),
        ("vf", "format=gray,scale=640:-1", "gray INPUT"),
        ("vf", "fps=10", "convert INPUT --fps 10"),
    ],
)
def test_values_are_answered_as_cvkit_writes_them(option: str, value: str, answer: str):
    assert foreign.magick(f"-{option}", value) == f"cvkit writes it: cvkit {answer}"
    for step in parse(answer.replace("INPUT", "a.png").split()).spec.steps:
        catalog.make(step.stage, step.params)


@pytest.mark.parametrize("name", sorted(foreign._FILTERS))
def test_what_is_offered_for_a_filter_of_ffmpeg_is_a_command(name: str):
    answer = foreign.magick("-vf", f"{name}=25" if name == "fps" else name)
    words = answer.removeprefix("cvkit writes it: cvkit ").replace("INPUT", "a.png").split()
    for step in parse(words).spec.steps:
        catalog.make(step.stage, step.params)


@pytest.mark.parametrize(
    ("word", "command"),
    [
        ("cv2.THRESH_OTSU", "threshold --method otsu"),
        ("THRESH_BINARY_INV", "threshold --method binary-inv"),
        ("ADAPTIVE_THRESH_MEAN_C", "threshold --method adaptive-mean"),
        ("cv2.THRESH_TRIANGLE", "threshold --method triangle"),
        ("cv2.COLOR_BGR2GRAY", "gray"),
        ("cv2.COLOR_BGR2HSV", "colorspace --to hsv"),
        ("COLOR_RGB2Lab", "colorspace --to lab"),
        ("rgb2hsv", "colorspace --to hsv"),
        ("rgb2gray", "gray"),
        ("cv2.INTER_CUBIC", "resize --interpolation cubic"),
        ("cv2.INTER_LANCZOS4", "resize --interpolation lanczos"),
        ("cv2.RETR_TREE", "contours --mode tree"),
        ("cv2.CHAIN_APPROX_TC89_L1", "contours --approximation tc89-l1"),
        ("cv2.MORPH_OPEN", "morph --op open"),
        ("cv2.MORPH_HITMISS", "morph --op hit-or-miss"),
        ("cv2.MORPH_ELLIPSE", "morph --shape ellipse"),
        ("threshold_sauvola", "threshold --method sauvola"),
        ("filters.threshold_mean", "threshold --method mean"),
        ("threshold_multiotsu", "threshold --method multi-otsu"),
        ("filters.laplace", "edges --method laplacian"),
        ("mean", ""),
    ],
)
def test_names_of_libraries_lead_to_a_stage(word: str, command: str):
    assert foreign.command(word) == command


@pytest.mark.parametrize("word", sorted(foreign._NAMES))
def test_what_is_offered_for_a_name_is_a_stage_or_a_command(word: str):
    name, *words = foreign.command(word).split()
    if name in (*group.COMMANDS, "STAGE"):
        return
    (step,) = parse([name, "a.png", *words]).spec.steps  # knows the options
    fields = {p.spec: p for p in parameters(catalog.load(name)).values()}
    for key, given in step.params.items():
        assert not fields[key].choices or fields[key].free or given in fields[key].choices


@pytest.mark.parametrize(
    ("constant", "ours"),
    [
        ("cv2.THRESH_TOZERO_INV", "tozero-inv"),
        ("ADAPTIVE_THRESH_GAUSSIAN_C", "adaptive-gaussian"),
        ("otsu", ""),
        ("THRESH_MASK", ""),
        ("cv2.COLOR_BGR2HSV", "hsv"),
        ("INTER_LANCZOS4", "lanczos"),
        ("cv2.MORPH_HITMISS", "hit-or-miss"),
    ],
)
def test_constants_as_values_are_answered_with_the_choice(constant: str, ours: str):
    choices = ("otsu", "tozero-inv", "adaptive-gaussian", "hsv", "lanczos", "hit-or-miss")
    assert foreign.constant(constant, choices) == ours


def test_an_answer_that_would_fail_too_is_not_given():
    assert foreign.option("--conf", "0.3", {"score"}) == "cvkit writes it --score"
    assert foreign.option("--conf", "0.3", {"level"}) == ""
    assert foreign.option("--width", "320", {"to"}) == "cvkit writes it --to 320x"
