"""How runs end when they do not end well: nothing is lost, nothing broken is left."""

from __future__ import annotations

import os
import resource
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

import cvkit as library
from cvkit.core import catalog
from cvkit.core.catalog import Entry
from cvkit.core.spec import Spec, Step
from cvkit.engine.run import run
from tests.conftest import Command
from tests.invariant.media import folder, photo, video

STAGE = '''"""Raise at one frame."""
from cvkit.core.stage import Frame, Image, Picture, Stage


class Boom(Stage):
    at: int = 57
    """Where."""

    def apply(self, picture: Picture, frame: Frame) -> Image:
        if frame.index == self.at:
            raise RuntimeError("boom")
        return picture
'''


@pytest.fixture
def boom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A stage of somebody else's that raises at frame 57."""
    (tmp_path / "boom_stage.py").write_text(STAGE)
    monkeypatch.syspath_prepend(str(tmp_path))
    file = str(tmp_path / "boom_stage.py")
    entry = Entry("boom", "test", "boom_stage", "Boom", file, "somebody")
    catalog._others.cache_clear()
    catalog.load.cache_clear()
    monkeypatch.setattr(catalog, "_others", lambda: {"boom": entry})
    yield
    catalog.load.cache_clear()
    sys.modules.pop("boom_stage", None)


@pytest.mark.usefixtures("boom")
def test_a_stage_that_raises_at_frame_57_leaves_no_video(tmp_path: Path):
    video(tmp_path / "v.mp4", frames=70, sound=False)
    threads = threading.active_count()
    out = tmp_path / "out.mp4"
    report = run(Spec((Step("boom"),), (str(tmp_path / "v.mp4"),), (str(out),)))
    assert report.exit_code == 1
    assert report.failed == 1
    assert "frame 57" in report.outcomes[0].error
    assert "stage boom" in report.outcomes[0].error
    assert not out.exists()
    assert fragments(tmp_path) == []
    assert threading.active_count() == threads


def test_a_reader_that_goes_leaves_no_traceback(cvkit: Command, tmp_path: Path):
    video(tmp_path / "v.mp4", frames=60)
    line = f"{shlex.join(cvkit.argv('gray', 'v.mp4', '-o', '-'))} | head -c 1000 >/dev/null"
    done = subprocess.run(
        ["bash", "-c", line], cwd=tmp_path, env=cvkit.env(), capture_output=True, check=False,
        timeout=60,
    )  # fmt: skip
    assert b"Traceback" not in done.stderr
    assert b"report" not in done.stderr


@pytest.mark.serial
@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_with_130_and_leaves_whole_files(
    cvkit: Command, tmp_path: Path, signum: signal.Signals
):
    (tmp_path / "in").mkdir()
    for i in range(150):
        cv2.imwrite(str(tmp_path / "in" / f"{i:03}.png"), photo((800, 600)))
    running = cvkit.start("blur", "in", "--method", "bilateral", "-o", "out/")
    deadline = time.monotonic() + 30
    while not list(tmp_path.glob("out/*.png")) and time.monotonic() < deadline:
        time.sleep(0.02)
    running.send_signal(signum)
    _, err = running.communicate(timeout=30)
    assert running.returncode == 130, err.decode()
    assert b"Traceback" not in err
    written = list(tmp_path.glob("out/*.png"))
    assert 0 < len(written) < 150
    assert all(cv2.imread(str(p)) is not None for p in written)
    assert fragments(tmp_path) == []


@pytest.mark.serial
def test_a_killed_run_leaves_a_video_absent(cvkit: Command, tmp_path: Path):
    video(tmp_path / "v.mp4", frames=200, sound=False)
    running = cvkit.start("blur", "v.mp4", "--method", "bilateral", "-o", "out.mp4")
    deadline = time.monotonic() + 30
    while not fragments(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.01)
    running.kill()
    running.communicate()
    assert not (tmp_path / "out.mp4").exists()
    assert cvkit("gray", "v.mp4", "-o", "out.mp4").code == 0
    assert fragments(tmp_path) == []  # what the dead run left is cleaned away


def test_a_full_disk_is_exit_5_and_leaves_nothing(cvkit: Command, tmp_path: Path):
    target = tmp_path / "small"
    target.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(target)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount a small disk")
    try:
        noise = np.random.default_rng(0).integers(0, 255, (900, 900, 3), np.uint8)
        cv2.imwrite(str(tmp_path / "n.png"), noise)
        (target / "stranger.txt").write_text("mine")
        done = cvkit("blur", "n.png", "--size", "3px", "-o", "small/out.png")
        assert done.code == 5, done.err
        assert "small/out.png" in done.err
        assert "Traceback" not in done.err
        assert [p.name for p in target.iterdir()] == ["stranger.txt"]
    finally:
        subprocess.run(["umount", str(target)], check=True)


@pytest.mark.serial
def test_two_hundred_runs_leave_threads_and_handles_as_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    folder(tmp_path / "in")
    video(tmp_path / "in" / "v.mp4", frames=3, sound=False)
    monkeypatch.chdir(tmp_path)
    chain = library.Pipeline([library.Gray(), library.Threshold()])
    chain.run("in", "out/", overwrite=True)
    before = (threading.active_count(), len(os.listdir("/proc/self/fd")))
    for _ in range(200):
        assert chain.run("in", "out/", overwrite=True).exit_code == 0
    assert (threading.active_count(), len(os.listdir("/proc/self/fd"))) == before


def test_a_strangers_file_is_not_touched(cvkit: Command, tmp_path: Path):
    cv2.imwrite(str(tmp_path / "a.png"), photo())
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.png").write_text("mine")
    done = cvkit("threshold", "a.png", "-o", "out/")
    assert done.code == 2
    assert "--overwrite" in done.err
    assert (tmp_path / "out" / "a.png").read_text() == "mine"


@pytest.mark.serial
def test_a_bomb_takes_no_memory(cvkit: Command, tmp_path: Path, shared: Path):
    for name in ("bomb_header.png", "bomb_real.png"):
        code = (
            "import resource, sys; resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30));"
            "from cvkit.cli.app import main; sys.exit(main())"
        )
        words = ["gray", str(shared / "corrupt" / name), "-o", "out.png"]
        done = subprocess.run(
            [sys.executable, "-c", code, *words], cwd=tmp_path, env=cvkit.env(),
            capture_output=True, check=False,
        )  # fmt: skip
        assert done.returncode == 3, done.stderr
        assert b"--max-pixels" in done.stderr
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    assert peak < 1 << 20  # KiB


def fragments(path: Path) -> list[str]:
    return [str(p.relative_to(path)) for p in path.rglob(".cvkit-*")]


@pytest.mark.parametrize(
    ("words", "end"),
    [
        (["gray", "a.png", "-o", "q.png", "--json"], "> /dev/full"),
        (["gray", "a.png", "-o", "-"], "> /dev/full"),
        (["dominant-colors", "a.png"], "> /dev/full"),
        (["gray", "a.png", "-o", "q.png"], "> /dev/full"),
        (["stages"], "> /dev/full"),
        (["gray", "a.png", "-o", "-"], ">&-"),
        (["gray", "a.png", "-o", "q.png", "--json"], ">&-"),
    ],
)
def test_a_full_or_closed_stdout_is_exit_5(cvkit: Command, words: list[str], end: str):
    cv2.imwrite(str(cvkit.folder / "a.png"), np.zeros((20, 30, 3), np.uint8))
    line = f"{shlex.join(cvkit.argv(*words))} {end}"
    done = subprocess.run(
        ["bash", "-c", line], cwd=cvkit.folder, env=cvkit.env(), capture_output=True, check=False,
        text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 5, done.stderr
    assert "stdout" in done.stderr or "frame stream" in done.stderr
    assert "Traceback" not in done.stderr
    assert "fault" not in done.stderr


def test_the_stream_and_json_do_not_mix(cvkit: Command):
    cv2.imwrite(str(cvkit.folder / "a.png"), np.zeros((20, 30, 3), np.uint8))
    done = cvkit("gray", "a.png", "-o", "-", "--json")
    assert done.code == 2
    assert "choose one" in done.err


def test_devices_are_refused_and_pipes_are_read(cvkit: Command):
    cv2.imwrite(str(cvkit.folder / "a.png"), np.zeros((20, 30, 3), np.uint8))
    done = cvkit("gray", "/dev/zero", "-o", "z.png", timeout=20)
    assert done.code == 3
    assert "a device" in done.err
    line = f"{shlex.join(cvkit.argv('gray'))} <(cat a.png) -o z.png"
    ran = subprocess.run(["bash", "-c", line], cwd=cvkit.folder, env=cvkit.env(), check=False)
    assert ran.returncode == 0
