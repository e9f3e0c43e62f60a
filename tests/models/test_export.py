"""Checkpoints of every family of ultralytics, made and exported here, against its own `predict`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

ROOT = Path(__file__).resolve().parents[2]
ULTRALYTICS = ROOT / ".venv-yolo/bin/python"
MAKER = ROOT / "tests/models/make_checkpoint.py"
PICTURE = ROOT / "samples/cat.jpg"  # 451 by 300: the input is no square
FAMILIES = "yolov3-tiny yolov5n yolov8n yolov9t yolov10n yolo11n yolo12n yolo26n rtdetr-l".split()
REAL = "detect/yolov8n_640_fp32_from_uint8.onnx"

pytestmark = pytest.mark.slow

Boxes = list[list[float]]
Make = Callable[[str], Path]


@pytest.fixture(scope="module")
def python() -> str:
    """The interpreter of an environment with cvkit's extra `yolo`."""
    if not ULTRALYTICS.exists():
        pytest.skip("needs an environment with ultralytics: make yolo")
    return str(ULTRALYTICS)


@pytest.fixture(scope="module")
def make(python: str, tmp_path_factory: pytest.TempPathFactory) -> Make:
    """`make("yolov8n")` gives a checkpoint of random weights; its boxes lie beside it."""
    folder = tmp_path_factory.mktemp("checkpoints")

    def made(name: str) -> Path:
        path = folder / f"{name}.pt"
        if not path.exists():
            checkpoint(python, name, path, PICTURE, "160")
        return path

    return made


def checkpoint(python: str, name: str, path: Path, *more: str | Path) -> None:
    done = subprocess.run(
        [python, MAKER, name, path, *more], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CVKIT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def detect(python: str, model: Path, picture: Path, out: Path, *more: str) -> str:
    """Run the command; gives what it said."""
    words = ["detect", picture, "--model", model, "-o", out, "--overwrite", "--score", 0.1, *more]
    done = subprocess.run(
        [python, "-m", "cvkit", *map(str, words)], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stderr


def boxes(out: Path) -> Boxes:
    """x1 y1 x2 y2, score, class of the only frame."""
    (line,) = out.read_text().splitlines()
    return [[*one["box"], one["score"], one["class"]] for one in json.loads(line)["objects"]]


def check_same(found: Boxes, expected: Boxes) -> None:
    """Within a tenth of a pixel and 0.005; at the edge of 0.1 a box may be in one list only."""
    a, b = np.array(found), np.array(expected)
    apart = np.abs(a[:, None, :4] - b[:, :4]).max(-1) + 1e6 * (a[:, None, 5] != b[:, 5])
    worse = np.abs(a[:, None, 4] - b[:, 4])
    rows, columns = linear_sum_assignment(apart + 100 * worse)
    same = (apart[rows, columns] <= 0.1) & (worse[rows, columns] <= 0.005)
    for scores, paired in ((a[:, 4], rows[same]), (b[:, 4], columns[same])):
        assert set(np.flatnonzero(scores > 0.11)) <= set(paired)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_finds_what_ultralytics_finds(
    python: str, make: Make, cache: Path, tmp_path: Path, family: str
):
    model, out = make(family), tmp_path / "found.jsonl"
    expected = json.loads(model.with_suffix(".json").read_text())
    assert len(expected) > 1
    said = detect(python, model, PICTURE, out, "--trust", "--imgsz", "160")
    assert "exported to ONNX, once" in said
    check_same(boxes(out), expected)
    assert [p.name for p in cache.glob("exports/*/*")] == [f"{family}.onnx"]

    # Once exported it is no pickle any more, so it needs neither trust nor PyTorch.
    first = out.read_bytes()
    again = detect(sys.executable, model, PICTURE, out, "--imgsz", "160", "--backend", "onnx")
    assert "export" not in again
    check_same(boxes(out), expected)
    assert not cache.joinpath("exports", ".making").exists()
    assert first.startswith(b'{"cvkit":1')


def test_later_runs_import_neither_torch_nor_ultralytics(
    python: str, make: Make, cache: Path, tmp_path: Path
):
    model = make("yolov8n")
    detect(python, model, PICTURE, tmp_path / "a.jsonl", "--trust")
    words = ["cvkit", "detect", str(PICTURE), "--model", str(model), "-o", "b.jsonl"]
    words += ["--score", "0.1"]
    script = (
        f"import sys\nfrom cvkit.cli.app import main\nsys.argv = {words}\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code, end.code\n"
        "print(sorted({'torch', 'ultralytics', 'torchvision'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [python, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip().endswith("[]")
    assert (tmp_path / "a.jsonl").read_bytes() == (tmp_path / "b.jsonl").read_bytes()


def test_two_runs_at_once_export_once(python: str, make: Make, cache: Path, tmp_path: Path):
    model = make("yolov8n")
    started = [
        subprocess.Popen(
            [python, "-m", "cvkit", "detect", PICTURE, "--model", model, "--trust", "-o", f"{i}/"],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stderr=subprocess.PIPE,
            text=True,
        )
        for i in range(3)
    ]
    said = [process.communicate()[1] for process in started]
    assert [process.returncode for process in started] == [0, 0, 0], said
    assert sum("is exported to ONNX" in text for text in said) == 1
    assert len(list(cache.glob("exports/*/*.onnx"))) == 1
    assert not list(cache.glob("exports/.making*"))


def test_an_export_that_was_killed_leaves_nothing_in_the_way(
    python: str, make: Make, cache: Path, tmp_path: Path
):
    model, copy = make("yolov8n"), tmp_path / "mine.pt"
    shutil.copyfile(model, copy)
    detect(python, copy, PICTURE, tmp_path / "a.jsonl", "--trust")
    (home,) = cache.glob("exports/*ultralytics*")
    left = home.with_name(f".making-{home.name.partition('-')[0]}")
    home.rename(left)  # as if it had been cut off before the last rename
    detect(python, copy, PICTURE, tmp_path / "b.jsonl", "--trust")
    assert not left.exists()
    assert (tmp_path / "a.jsonl").read_bytes() == (tmp_path / "b.jsonl").read_bytes()


@pytest.mark.parametrize("family", ["yolov8n", "yolo26n", "rtdetr-l"])
def test_the_torch_backend_keeps_the_checkpoint(
    python: str, make: Make, cache: Path, tmp_path: Path, family: str
):
    model, out = make(family), tmp_path / "found.jsonl"
    said = detect(
        python, model, PICTURE, out, "--trust", "--imgsz", "160", "--backend", "torch", "-v"
    )
    assert "on torch 2" in said
    assert not list(cache.glob("exports/*/*.onnx"))
    check_same(boxes(out), json.loads(model.with_suffix(".json").read_text()))


@pytest.mark.parametrize("family", ["yolov10n", "yolo26n"])
def test_a_head_without_suppression_is_read_where_somebody_exported_it(
    python: str, make: Make, cache: Path, tmp_path: Path, family: str
):
    copy = tmp_path / f"{family}.pt"
    shutil.copyfile(make(family), copy)
    script = (
        "import json, sys, ultralytics\n"
        "model = ultralytics.YOLO(sys.argv[1])\n"
        "file = model.export(format='onnx', nms=False, dynamic=True, imgsz=160)\n"
        "model = ultralytics.YOLO(file, task='detect')\n"
        "(found,) = model.predict(sys.argv[2], imgsz=160, conf=0.1)\n"
        "open('expected.json', 'w').write(json.dumps(found.boxes.data.tolist()))\n"
    )
    quiet = {"YOLO_OFFLINE": "true", "YOLO_AUTOINSTALL": "false", "YOLO_CONFIG_DIR": str(tmp_path)}
    subprocess.run(
        [python, "-c", script, copy, PICTURE],
        cwd=tmp_path,
        env={**os.environ, **quiet},
        check=True,
        capture_output=True,
    )
    out = tmp_path / "found.jsonl"
    onnx = copy.with_suffix(".onnx")
    said = detect(sys.executable, onnx, PICTURE, out, "--imgsz", "160", "--backend", "onnx")
    assert "export" not in said
    expected = json.loads((tmp_path / "expected.json").read_text())
    assert len(expected) > 5
    check_same(boxes(out), expected)


@pytest.mark.parametrize("name", ["street_bus.jpg", "sign_parking.jpg", "faces_seven.jpg"])
def test_real_weights_find_what_ultralytics_finds_in_rectangles(
    python: str, shared: Path, models: Path, cache: Path, tmp_path: Path, name: str
):
    picture, model = shared / "images" / name, tmp_path / "yolov8n.pt"
    checkpoint(python, "yolov8n", model, picture, "640", models / REAL)
    out = tmp_path / "found.jsonl"
    detect(python, model, picture, out, "--trust", "--backend", "onnx")
    expected = json.loads(model.with_suffix(".json").read_text())
    assert len(expected) > 1
    check_same(boxes(out), expected)
    labels = [one["label"] for one in json.loads(out.read_text())["objects"]]
    assert "person" in labels


def test_what_ultralytics_cannot_load_is_one_line(python: str, cache: Path, tmp_path: Path):
    from tests.models.test_checkpoint import DETECTION, pickled, saved

    path = saved(tmp_path / "hollow.pt", pickled(*DETECTION))
    done = subprocess.run(
        [python, "-m", "cvkit", "detect", PICTURE, "--model", path, "--trust"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 4
    assert "hollow.pt cannot be exported to ONNX" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(cache.glob("exports/.making*"))
    assert not list(cache.glob("exports/*/*.onnx"))
