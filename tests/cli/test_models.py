"""`cvkit models`, and detectors by name, as they are typed."""

from __future__ import annotations

import hashlib
import json
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from cvkit.cli.app import main
from tests.conftest import ROOT, Command
from tests.models import server
from tests.models.conftest import blocks
from tests.models.server import Server

PHOTO = ROOT / "samples" / "astronaut.jpg"
NAME, FILE = "nanodet-plus-m-320", "nanodet-plus-m_320.onnx"
CONTENT = b"\x08\x08 some bytes" * 10_000
CHUNK = 1 << 16
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def web() -> Iterator[Server]:
    with server.serving() as ours:
        ours.add(f"{NAME}/{FILE}", CONTENT)
        yield ours


@pytest.fixture
def store(tmp_path: Path, web: Server) -> dict[str, str]:
    """The variables of an empty store and of a mirror on this machine."""
    return {"CVKIT_CACHE": str(tmp_path / "store"), "CVKIT_MIRROR": web.url}


@pytest.fixture
def red(tmp_path: Path) -> str:
    """A picture with a red block, which the network of `blocks` finds."""
    picture = np.zeros((64, 64, 3), np.uint8)
    picture[8:16, 24:32] = (0, 0, 255)
    cv2.imwrite(str(tmp_path / "red.png"), picture)
    return "red.png"


def test_the_list_says_where_how_large_and_under_which_licence(
    cvkit: Command, store: dict[str, str]
) -> None:
    told = cvkit("models", env=store)
    assert told.code == 0
    lines = [" ".join(line.split()) for line in told.out.splitlines()]
    assert "haar-face needs no download" in lines
    assert "yolo11n not fetched 5.6 MB AGPL-3.0-only" in lines
    assert "yolox-nano not fetched 3.7 MB Apache-2.0" in lines
    assert told.out == cvkit("models", "list", env=store).out
    assert max(map(len, told.out.splitlines())) <= 80
    few = cvkit("models", "list", "yolox", env=store).out
    assert few.splitlines()[0] == "YOLOX (detect)"
    assert len(few.splitlines()) == 7
    nothing = cvkit("models", "list", "unicorn", env=store)
    assert (nothing.code, nothing.out) == (2, "")
    assert "no model says 'unicorn'" in nothing.err


def test_the_list_as_json(cvkit: Command, store: dict[str, str]) -> None:
    rows = json.loads(cvkit("models", "list", "--json", env=store).out)
    by_name = {row["name"]: row for row in rows}
    assert by_name["yolov8s"] == {
        "name": "yolov8s",
        "aliases": ["yolov8"],
        "family": "YOLOv8",
        "task": "detect",
        "state": "not fetched",
        "megabytes": 22.6,
        "licence": "AGPL-3.0-only",
        "research_only": False,
    }
    assert by_name["hog"]["state"] == "needs no download"


def test_pull_verify_path_rm(cvkit: Command, store: dict[str, str], web: Server) -> None:
    pulled = cvkit("models", "pull", NAME, env=store)
    path = Path(store["CVKIT_CACHE"]) / NAME / FILE
    assert (pulled.code, pulled.out) == (0, f"{path}\n")
    assert "is by RangiLyu, under Apache-2.0: https://github.com/RangiLyu/nanodet" in pulled.err
    assert f"fetching {FILE}: 0.1 MB of 0.1 MB" in pulled.err
    again = cvkit("models", "path", NAME, env=store)
    assert (again.code, again.out, again.err) == (0, f"{path}\n", "")
    assert len(web.asked) == 1
    assert cvkit("models", "list", "--here", env=store).out.count("  here ") == 1
    good = cvkit("models", "verify", env=store)
    assert (good.code, good.out) == (0, f"✓ {NAME}/{FILE}  {DIGEST}\n")
    path.write_bytes(CONTENT + b"x")
    bad = cvkit("models", "verify", env=store)
    assert bad.code == 7
    assert f"✗ {NAME}/{FILE}" in bad.out
    assert f"cvkit models rm {NAME}" in bad.err
    gone = cvkit("models", "rm", NAME, env=store)
    assert gone.code == 0
    assert not path.exists()
    assert cvkit("models", "rm", NAME, env=store).err == f"{NAME} was not here\n"
    web.add(f"{NAME}/{FILE}", CONTENT[::-1])
    other = cvkit("models", "pull", NAME, env=store)
    assert other.code == 4
    assert "what came is another file" in other.err
    assert cvkit("models", "pull", NAME, "--again", env=store).code == 0


def test_one_that_fails_does_not_stop_the_others(cvkit: Command, store: dict[str, str]) -> None:
    ran = cvkit("models", "pull", "nonsense", NAME, env=store)
    assert ran.code == 4
    assert "there is no model 'nonsense'" in ran.err
    assert ran.out.endswith(f"{FILE}\n")


def test_info_tells_all_of_one(cvkit: Command, store: dict[str, str]) -> None:
    told = cvkit("models", "info", "yolov8", env=store).out
    for part in (
        "yolov8s",
        "22.6",
        "AGPL-3.0-only",
        "640×640 pixels",
        "coco80",
        "1f47a78bf100391c",
    ):
        assert part in told
    plain = json.loads(cvkit("models", "info", "yolov4-tiny", "--json", env=store).out)
    assert [Path(file["path"]).name for file in plain["files"]] == [
        *("yolov4-tiny.weights", "yolov4-tiny.cfg"),
    ]
    assert cvkit("models", "info", "yolov8q", env=store).code == 4


def test_an_own_network_is_used_by_its_name_and_named_in_results(
    cvkit: Command, store: dict[str, str], tmp_path: Path, red: str
) -> None:
    path = blocks(tmp_path / "net.onnx", 1)
    taken = cvkit("models", "import", path, "--as", "blocks", env=store)
    assert taken.code == 0
    assert "net.onnx → blocks: cvkit detect IMAGE --model blocks" in taken.err
    outputs = ("-o", "found.jsonl", "-o", "found.parquet")
    ran = cvkit("detect", red, "--model", "blocks", "--offline", *outputs, env=store)
    assert ran.code == 0, ran.err
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    models = [{"name": "blocks", "sha256": digest}]
    first = json.loads((tmp_path / "found.jsonl").read_text().splitlines()[0])
    assert first["cvkit"] == 1
    assert first["models"] == models
    assert [found["label"] for found in first["objects"]] == ["red"]
    from pyarrow.parquet import read_schema

    assert json.loads(read_schema(tmp_path / "found.parquet").metadata[b"models"]) == models
    told = cvkit("detect", red, "--model", path, "--json", "-o", "red.jpg", env=store)
    assert json.loads(told.out)["models"] == [{"name": "net.onnx", "sha256": digest}]
    line = cvkit("detect", red, "--model", "blocks", "-o", "jsonl:-", env=store).out
    assert json.loads(line)["models"] == models
    back = cvkit("objects", red, "--from", "found.jsonl", "-o", "again.jsonl", env=store)
    assert back.code == 0, back.err
    assert "models" not in json.loads((tmp_path / "again.jsonl").read_text().splitlines()[0])


def test_a_bundle_goes_to_a_machine_without_a_network(
    cvkit: Command, store: dict[str, str], tmp_path: Path
) -> None:
    made = cvkit("models", "bundle", NAME, "-o", "models.tar", env=store)
    assert made.code == 0
    assert f"{NAME} → models.tar" in made.err
    there = {"CVKIT_CACHE": str(tmp_path / "there"), "CVKIT_OFFLINE": "1"}
    assert cvkit("models", "path", NAME, env=there).code == 4
    taken = cvkit("models", "import", "models.tar", env=there)
    assert (taken.code, taken.out) == (0, "")
    here = cvkit("models", "path", NAME, env=there)
    assert (here.code, Path(here.out.strip()).read_bytes()) == (0, CONTENT)
    assert cvkit("models", "bundle", NAME, "-o", "models.tar", env=store).code == 5


def test_a_model_that_cannot_be_had_says_all_that_helps(
    cvkit: Command, store: dict[str, str], red: str
) -> None:
    plain = {"CVKIT_CACHE": store["CVKIT_CACHE"]}
    ran = cvkit("detect", red, "--model", "yolov8n", "--offline", "-o", "a.jpg", env=plain)
    assert ran.code == 4
    for part in (
        "the model yolov8n is not here and cannot be fetched: yolov8n.pt",
        "nothing is fetched offline",
        "https://github.com/ultralytics/assets/releases/download/v8.4.0/yolov8n.pt",
        "f59b3d833e2ff32e194b5bb8e08d211dc7c5bdf144b90d2c8412c47ccfc83b36",
        "cvkit models import yolov8n.pt",
        f"{store['CVKIT_CACHE']}/yolov8n/yolov8n.pt",
        "hog, haar-face",
    ):
        assert part in ran.err
    without = cvkit("detect", red, "-o", "a.jpg", env={**plain, "CVKIT_OFFLINE": "1"})
    assert without.code == 4
    assert "the model yolox-nano is not here" in without.err
    assert not Path(store["CVKIT_CACHE"]).exists()


def test_offline_opens_no_socket_in_the_whole_run(
    tmp_path: Path, red: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CVKIT_CACHE", str(tmp_path / "store"))
    monkeypatch.chdir(tmp_path)
    blocks(tmp_path / "net.onnx", 1)
    assert main(["models", "import", "net.onnx", "--as", "blocks"]) == 0

    def refuse(*arguments: object, **more: object) -> None:
        raise AssertionError("a socket was opened")

    for name in ("socket", "create_connection", "getaddrinfo"):
        monkeypatch.setattr(socket, name, refuse)
    here = ["detect", red, "--model", "blocks", "--offline", "-o", "found.jsonl"]
    assert main(here) == 0
    for absent in ("yolov8n", "yolox-nano", "yolov4-tiny", "nonsense"):
        assert main(["detect", red, "--model", absent, "--offline", "-o", "a.jpg"]) == 4
    assert main(["models", "path", "yolov8n", "--offline"]) == 4
    assert main(["models", "bundle", "yolov8n", "--offline", "-o", "a.tar"]) == 4
    assert "AssertionError" not in capfd.readouterr().err


def test_the_licence_is_said_when_a_run_fetches_and_not_again(
    cvkit: Command, store: dict[str, str], models: Path, shared: Path, web: Server
) -> None:
    content = (models / "detect/fastestdet_352.onnx").read_bytes()
    web.add("fastestdet/FastestDet.onnx", content)
    picture = shared / "images/street_bus.jpg"
    words = ("detect", picture, "--model", "fastestdet", "-o", "found.jsonl", "--overwrite")
    first = cvkit(*words, "--no-progress", env=store)
    assert first.code == 0, first.err
    assert "fastestdet is by dog-qiuqiu, under BSD-3-Clause: https://" in first.err
    record = json.loads((cvkit.folder / "found.jsonl").read_text().splitlines()[0])
    assert record["models"] == [
        {
            "name": "fastestdet",
            "sha256": hashlib.sha256(content).hexdigest(),
            "licence": "BSD-3-Clause",
        }
    ]
    assert sum(found["label"] == "person" for found in record["objects"]) >= 3
    assert "BSD-3-Clause" not in cvkit(*words, env=store).err
    assert len(web.asked) == 1


def test_ctrl_c_keeps_what_has_come(cvkit: Command, store: dict[str, str], web: Server) -> None:
    web.answers = [server.stall(CHUNK)]
    process = cvkit.start("models", "pull", NAME, env=store)
    part = Path(store["CVKIT_CACHE"]) / NAME / f"{FILE}.part"
    end = time.monotonic() + 30
    while not (part.exists() and part.stat().st_size) and time.monotonic() < end:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert said.endswith(b"cvkit: interrupted\n")
    assert part.stat().st_size == CHUNK
    assert cvkit("models", "pull", NAME, env=store).code == 0
    assert web.asked[-1]["Range"] == f"bytes={CHUNK}-"


@pytest.mark.parametrize(
    "words",
    [("--offline",), ("--trust",), ("--accept-license", "yolov8n")],
)
def test_options_of_models_are_refused_where_there_is_none(
    cvkit: Command, red: str, words: tuple[str, ...]
) -> None:
    ran = cvkit("gray", red, *words, "-o", "a.png")
    assert ran.code == 2
    assert f"{words[0]} has no meaning here: no step opens a model" in ran.err


def test_help_fits_a_screen(cvkit: Command) -> None:
    for words in ((), *((name,) for name in ("list", "pull", "import", "bundle", "verify", "rm"))):
        told = cvkit("models", *words, "--help", env={"COLUMNS": "80"})
        assert told.code == 0
        assert len(told.out.splitlines()) <= 40
        assert max(map(len, told.out.splitlines())) <= 80


def test_wrong_words_are_usage(cvkit: Command) -> None:
    assert cvkit("models", "pull").code == 2
    assert cvkit("models", "pul", "yolov8n").code == 2
    assert cvkit("models", "import", "a.onnx", "b.onnx", "--as", "c").code == 2


def test_completion_knows_models(cvkit: Command) -> None:
    def offered(*words: str) -> list[str]:
        return [
            line.partition("\t")[0] for line in cvkit("__complete", "--", *words).out.split("\n")
        ]

    assert offered("models", "v")[0] == "verify"
    assert "yolo11n" in offered("models", "pull", "yolo11")
    assert "yolov8n" in offered("detect", "a.jpg", "--model", "yolov8")
    assert ":files" in offered("models", "import", "")


def test_doctor_says_where_models_are(cvkit: Command, store: dict[str, str]) -> None:
    rows = json.loads(cvkit("doctor", "--json", env=store).out)
    (found,) = [row for row in rows if row["name"] == "models"]
    assert store["CVKIT_CACHE"] in found["told"]


@pytest.mark.parametrize("option", [("--backend", "onnx"), ("--half",)])
def test_options_of_networks_are_refused_where_none_runs(
    cvkit: Command, option: tuple[str, ...]
) -> None:
    ran = cvkit("detect", PHOTO, "--model", "haar-face", *option)
    assert ran.code == 2
    assert f"{option[0]} has no meaning here: haar-face searches windows" in ran.err


def test_a_wrong_device_or_backend_is_answered_with_those_there_are(cvkit: Command) -> None:
    words = ("detect", PHOTO, "--model", "haar-face")
    ran = cvkit(*words, "--device", "gpu")
    assert (ran.code, ran.err) == (
        2, "cvkit: --device: must be auto, cpu, cuda or cuda:N, got 'gpu'\n",
    )  # fmt: skip
    assert "must be 'auto', 'onnx'" in cvkit(*words, "--backend", "wrong").err
