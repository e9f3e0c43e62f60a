"""`cvkit detect` with networks that do not say what they are."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.conftest import Command
from tests.models import files


def objects(path: Path) -> list[dict[str, object]]:
    lines = path.read_text().splitlines()
    found: list[dict[str, object]] = json.loads(lines[0])["objects"]
    return found


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A Darknet network for red, green and blue blocks, without a word about that."""
    return files.darknet(tmp_path)


@pytest.fixture
def blocks(tmp_path: Path) -> Path:
    image = np.zeros((96, 128, 3), np.uint8)
    image[24:48, 32:48] = (0, 0, 255)
    image[72:, 112:] = (255, 0, 0)
    path = tmp_path / "blocks.png"
    cv2.imwrite(str(path), image)
    return path


def test_classes_without_names_are_numbers(
    cvkit: Command, tmp_path: Path, model: Path, blocks: Path
) -> None:
    ran = cvkit("detect", blocks, "--model", model, "--score", "0.6", "-o", "found.jsonl")
    assert ran.code == 0, ran.err
    assert sorted(str(o["label"]) for o in objects(tmp_path / "found.jsonl")) == [
        "class 0",
        "class 2",
    ]
    some = cvkit(
        *("detect", blocks, "--model", model, "--score", "0.6", "--classes", "2"),
        *("-o", "some.jsonl"),
    )
    assert some.code == 0, some.err
    assert [o["class"] for o in objects(tmp_path / "some.jsonl")] == [2]


@pytest.mark.parametrize("given", ["words", "file"])
def test_labels_can_be_said(
    cvkit: Command, tmp_path: Path, model: Path, blocks: Path, given: str
) -> None:
    labels: str | Path = "red,green,blue"
    if given == "file":
        labels = tmp_path / "mine.yaml"
        labels.write_text("names:\n  0: red\n  1: green\n  2: blue\n")
    ran = cvkit(
        *("detect", blocks, "--model", model, "--labels", labels, "--score", "0.6"),
        *("--classes", "blue", "-o", "found.jsonl"),
    )
    assert ran.code == 0, ran.err
    (found,) = objects(tmp_path / "found.jsonl")
    assert (found["label"], found["class"]) == ("blue", 2)
    assert found["box"] == pytest.approx([112, 72, 128, 96], abs=0.02)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (
            ["--labels", "red,green"],
            2,
            "tiny.cfg has 3 classes, and 2 names are known give 3 --labels",
        ),
        (["--labels", "mine.txt"], 4, "there is no file of labels mine.txt"),
        (["--decoder", "yolo8"], 2, "did you mean yolov8?"),
        (["--decoder", "fastestdet"], 2, "as fastestdet: it has not one map"),
        (["--imgsz", "0"], 2, "a side (640) or width and height"),
        (["--classes", "3"], 2, "its numbers are 0 to 2"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(
    cvkit: Command, model: Path, blocks: Path, words: list[str], code: int, said: str
) -> None:
    ran = cvkit("detect", blocks, "--model", model, *words, "-o", "out.png")
    assert ran.code == code, ran.err
    assert said in " ".join(ran.err.split())
    assert "Traceback" not in ran.err


def test_a_family_has_limits_of_its_own(
    cvkit: Command, tmp_path: Path, shared: Path, models: Path
) -> None:
    """FastestDet's are 0.65 and 0.45."""
    photo, model = shared / "images" / "street_bus.jpg", models / "detect" / "fastestdet_352.onnx"
    words = ("detect", photo, "--model", model, "--labels", "coco80")
    assert cvkit(*words, "-o", "few.jsonl").code == 0
    assert cvkit(*words, "--score", "0.25", "--iou", "0.7", "-o", "many.jsonl").code == 0
    few, many = objects(tmp_path / "few.jsonl"), objects(tmp_path / "many.jsonl")
    assert [o["label"] for o in few].count("person") == 3
    assert len(few) <= 5 < 20 < len(many)
