"""Bad input: a clear error with the right exit code, and nothing lost."""

from __future__ import annotations

import json
import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.conftest import Command
from tests.invariant.media import photo


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    """A folder with good pictures and one of each kind of bad one."""
    folder = tmp_path / "in"
    folder.mkdir()
    cv2.imwrite(str(folder / "good.jpg"), photo())
    cv2.imwrite(str(folder / "other.png"), photo((40, 30)))
    whole = (folder / "good.jpg").read_bytes()
    (folder / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    (folder / "empty.jpg").write_bytes(b"")
    (folder / "text.png").write_text("This is no picture.\n" * 20)
    (folder / "page.jpg").write_text("<!DOCTYPE html><html><body>404</body></html>")
    (folder / "notes.txt").write_text("not media")
    (folder / "png_named.jpg").write_bytes((folder / "other.png").read_bytes())
    return folder


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("cut.jpg", "cut"),
        ("empty.jpg", "empty"),
        ("text.png", "text"),
        ("page.jpg", "HTML"),
        ("notes.txt", "text"),
        ("missing.jpg", "does not exist"),
    ],
)
def test_one_bad_file_is_exit_3_and_says_why(cvkit: Command, bad: Path, name: str, says: str):
    done = cvkit("threshold", bad / name, "-o", "out.png")
    assert done.code == 3, done.err
    assert says in done.err
    assert name in done.err
    assert "Traceback" not in done.err
    assert done.out == ""
    assert not (cvkit.folder / "out.png").exists()


def test_a_folder_does_what_it_can_and_counts_the_rest(cvkit: Command, bad: Path):
    done = cvkit("threshold", bad, "-o", "out/", "--json")
    assert done.code == 6
    told = json.loads(done.out)
    states = {Path(i["input"]).name: i["state"] for i in told["items"]}
    assert states == {
        "cut.jpg": "failed",
        "empty.jpg": "failed",
        "good.jpg": "done",
        "other.png": "done",
        "page.jpg": "failed",
        "png_named.jpg": "done",
        "text.png": "failed",
    }
    assert sorted(os.listdir(cvkit.folder / "out")) == ["good.png", "other.png", "png_named.png"]


def test_stopping_leaves_the_rest_pending(cvkit: Command, bad: Path):
    done = cvkit("gray", bad, "-o", "out/", "--json", "--on-error", "stop", "--jobs", "1")
    counts = json.loads(done.out)["counts"]
    assert counts["pending"] > 0
    total = counts["done"] + counts["skipped"] + counts["failed"] + counts["pending"]
    assert total == counts["inputs"] == 7


def test_a_corrupt_file_may_be_skipped(cvkit: Command, bad: Path):
    done = cvkit("gray", bad / "cut.jpg", bad / "good.jpg", "--on-corrupt", "skip", "-o", "out/")
    assert done.code == 0, done.err
    assert os.listdir(cvkit.folder / "out") == ["good.jpg"]


@pytest.mark.parametrize(
    "name", ["a b.png", "line\nbreak.png", "grün 画像.png", "x" * 251 + ".png"]
)
def test_any_name_is_read_and_written(cvkit: Command, tmp_path: Path, name: str):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / name).write_bytes(cv2.imencode(".png", photo())[1].tobytes())
    done = cvkit("flip", "in", "-o", "out/")
    assert done.code == 0, done.err
    assert os.listdir(tmp_path / "out") == [name]


def test_inputs_that_would_write_one_file_are_refused_before_any_is_written(
    cvkit: Command, tmp_path: Path
):
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        cv2.imwrite(str(tmp_path / folder / "a.png"), photo())
    done = cvkit("gray", "one/a.png", "two/a.png", "-o", "out/")
    assert done.code == 2
    assert "one/a.png" in done.err
    assert "two/a.png" in done.err
    assert not (tmp_path / "out").exists()
    assert cvkit("gray", "one", "two", "-o", "out/").code == 0
    assert (tmp_path / "out" / "one" / "a.png").exists()
    cv2.imwrite(str(tmp_path / "one" / "a.jpg"), photo())
    done = cvkit("threshold", "one", "-o", "masks/")
    assert done.code == 2
    assert "{name}" in done.err


def test_an_input_is_never_overwritten(cvkit: Command, tmp_path: Path):
    cv2.imwrite(str(tmp_path / "a.png"), photo())
    before = (tmp_path / "a.png").read_bytes()
    for words in (["-o", "a.png"], ["-o", "a.png", "--overwrite"], ["-o", "./"]):
        assert cvkit("gray", "a.png", *words).code == 2
        assert (tmp_path / "a.png").read_bytes() == before
    assert cvkit("gray", "a.png", "--in-place").code == 0
    assert cv2.imread(str(tmp_path / "a.png"), cv2.IMREAD_UNCHANGED).ndim == 2


def test_a_target_that_cannot_be_written_is_exit_5(cvkit: Command, tmp_path: Path):
    cv2.imwrite(str(tmp_path / "a.png"), photo())
    (tmp_path / "file").write_text("in the way")
    done = cvkit("gray", "a.png", "-o", "file/out.png")
    assert done.code == 5, done.err
    assert "file/out.png" in done.err


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_folder_is_said(cvkit: Command, tmp_path: Path):
    (tmp_path / "in").mkdir(mode=0)
    done = cvkit("gray", "in")
    assert done.code == 3
    assert "in" in done.err


def test_every_verdict_on_a_jpeg_png_gif_or_webp_holds(cvkit: Command, shared: Path):
    told = json.loads((shared / "corrupt" / "expected.json").read_text())["files"]
    for name, file in told.items():
        if not name.endswith((".jpg", ".png", ".gif", ".webp")):
            continue
        done = cvkit("gray", shared / "corrupt" / name, "-o", f"out_{name}")
        readable = file["verdict"] == "good" or name in ("png_named.jpg", "gif_named.png")
        assert done.code == (0 if readable else 3), f"{name}: {done.err}"
        assert "Traceback" not in done.err
        assert (cvkit.folder / f"out_{name}").exists() == readable


def test_orientation_is_applied_and_the_tag_reset(cvkit: Command, shared: Path):
    upright = None
    for number in range(1, 9):
        source = shared / "formats" / f"exif_orientation_{number}.jpg"
        assert cvkit("convert", source, "-o", f"{number}.png").code == 0
        picture = cv2.imread(str(cvkit.folder / f"{number}.png"))
        upright = picture if upright is None else upright
        assert picture.shape == upright.shape
        assert np.abs(picture.astype(int) - upright).mean() < 4


def test_four_people_and_a_bus(cvkit: Command, shared: Path, models: Path):
    network = models / "detect" / "yolov8n_640_fp32_from_uint8.onnx"
    source = shared / "images" / "street_bus.jpg"
    done = cvkit("detect", source, "--model", network, "-o", "bus.jpg", "-o", "bus.jsonl")
    assert done.code == 0, done.err
    record = json.loads((cvkit.folder / "bus.jsonl").read_text())
    labels = sorted(one["label"] for one in record["objects"])
    assert labels == ["bus", "person", "person", "person", "person"]
    assert record["cvkit"] == 1
    assert record["size"] == [810, 1080]
