"""`cvkit doctor --model`: which backends run a network here, how fast and how exactly."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from cvkit.core.grid import Grid
from cvkit.core.objects import Objects
from cvkit.models.comparing import _pairs, _row
from tests.conftest import Command

YOLO = "detect/yolov8n_640_fp32_from_uint8.onnx"


def found(*rows: tuple[float, float, float, float, str]) -> Objects:
    boxes = np.array([row[:4] for row in rows], np.float32).reshape(-1, 4)
    scores = np.linspace(0.9, 0.5, len(rows), dtype=np.float32)
    return Objects(Grid.of((99, 99)), boxes, scores=scores, labels=tuple(r[4] for r in rows))


def test_boxes_are_counted_as_lost_new_or_moved() -> None:
    truth = found((0, 0, 10, 10, "cat"), (20, 0, 30, 10, "cat"), (50, 50, 90, 90, "dog"))
    other = found((20, 0, 30, 12, "cat"), (0.5, 0, 10, 10, "cat"), (50, 50, 90, 90, "cow"))
    assert sorted(_pairs(other, truth)) == [(0, 1), (1, 0)]
    row = _row("onnx", "", 1.0, [other, truth], [truth, truth])
    assert (row.boxes, row.lost, row.new, row.moved, row.pixels) == (6, 1, 1, 1, 2.0)
    empty = _row("onnx", "", 1.0, [found()], [truth])
    assert (empty.boxes, empty.lost, empty.new, empty.pixels) == (0, 3, 0, 0.0)


@pytest.mark.slow
def test_backends_are_compared_on_a_picture(cvkit: Command, shared: Path, models: Path) -> None:
    picture = shared / "images/street_bus.jpg"
    told = cvkit("doctor", "--model", models / YOLO, picture, "--json")
    rows = {row["ran_on"].split()[0]: row for row in json.loads(told.out) if row["why"] is None}
    truth = rows["onnxruntime"]
    assert (truth["boxes"], truth["moved"], truth["ran_on"].split()[-1]) == (5, 0, "float32")
    assert rows["opencv"]["lost"] == rows["opencv"]["new"] == rows["opencv"]["moved"] == 0
    table = cvkit("doctor", "--model", models / YOLO, picture).out
    assert "onnxruntime" in table
    assert "px" in table.splitlines()[0]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("a.jpg",), 2, "only with --model"),
        (("--model", "haar-face"), 2, "haar-face is no network"),
        (("--model", "nowhere/none.onnx"), 4, "there is no model file nowhere/none.onnx"),
    ],
)
def test_what_cannot_be_compared_is_said(
    cvkit: Command, words: tuple[str, ...], code: int, said: str
) -> None:
    told = cvkit("doctor", *words)
    assert told.code == code
    assert said in told.err
