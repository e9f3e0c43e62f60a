"""The command as people and scripts meet it: whole outputs and exit codes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import cv2
import numpy as np
import pytest

import cvkit as package
from cvkit.cli import app
from tests.conftest import Command

BLUE_OVER_RED = np.zeros((8, 6, 3), np.uint8)
BLUE_OVER_RED[:4] = (255, 0, 0)
BLUE_OVER_RED[4:] = (0, 0, 255)


def shape(path: Path) -> tuple[int, ...]:
    picture = cv2.imread(str(path))
    assert picture is not None
    return tuple(picture.shape)


@pytest.fixture
def glowing(cvkit: Command, outside: Path) -> dict[str, str]:
    """The environment in which the stages of another package are installed."""
    cv2.imwrite(str(cvkit.folder / "a.png"), BLUE_OVER_RED)
    return {"PYTHONPATH": str(outside), "XDG_CACHE_HOME": str(cvkit.folder / ".cache")}


def test_one_picture_is_written_beside_where_one_stands(cvkit: Command, glowing: dict[str, str]):
    ran = cvkit("stretch", "a.png", "--to", "50%", env=glowing)
    assert (ran.code, ran.out, ran.err) == (0, "a.stretch.png\n", "a.png → a.stretch.png\n")
    assert shape(cvkit.folder / "a.stretch.png") == (4, 3, 3)


def test_quiet_says_nothing_for_people(cvkit: Command, glowing: dict[str, str]):
    ran = cvkit("stretch", "a.png", "--to", "50%", "-q", env=glowing)
    assert (ran.code, ran.out, ran.err) == (0, "a.stretch.png\n", "")


def test_a_folder_with_a_bad_file_does_the_rest_and_exits_6(
    cvkit: Command, glowing: dict[str, str]
):
    folder = cvkit.folder / "in"
    folder.mkdir()
    (cvkit.folder / "a.png").rename(folder / "a.png")
    (folder / "b.png").write_bytes(b"this is no picture")
    ran = cvkit("stretch", "in", "--to", "50%", env=glowing)
    first, second = ran.err.splitlines()
    assert (ran.code, ran.out) == (6, "in.stretch/a.png\n")
    assert first == "1 of 2 done → in.stretch/a.png; 1 failed"
    assert second.startswith("  in/b.png cannot be read: ")
    assert "Traceback" not in ran.err


def test_json_is_one_object_on_stdout(cvkit: Command, glowing: dict[str, str]):
    ran = cvkit("stretch", "a.png", "--to", "50%", "--json", env=glowing)
    told = json.loads(ran.out)
    assert told["counts"] == {"inputs": 1, "done": 1, "skipped": 0, "failed": 0, "pending": 0}
    assert told["spec"]["steps"] == [{"stretch": {"to": "50%"}}]
    assert told["items"][0]["outputs"] == ["a.stretch.png"]
    assert told["exit_code"] == ran.code == 0


def test_json_tells_a_refusal_too(cvkit: Command, glowing: dict[str, str]):
    ran = cvkit("stretch", "a.png", "--json", env=glowing)
    told = json.loads(ran.out)
    assert told["error"]["what"] == "stretch needs to"
    assert told["exit_code"] == ran.code == 2


def test_save_writes_what_run_repeats(cvkit: Command, glowing: dict[str, str]):
    saved = cvkit("stretch", "--to", "50%", "-j", "2", "--save", "half.yml", env=glowing)
    assert (saved.code, saved.out) == (0, "")
    text = (cvkit.folder / "half.yml").read_text()
    assert text.startswith("cvkit: 1\nsteps:\n- stretch:\n    to: 50%\n")
    again = cvkit("run", "half.yml", "a.png", "--set", "stretch.to=25%", env=glowing)
    assert (again.code, again.out) == (0, "a.stretch.png\n")
    assert shape(cvkit.folder / "a.stretch.png") == (2, 2, 3)


def test_save_does_not_replace_another_file(cvkit: Command, glowing: dict[str, str]):
    (cvkit.folder / "half.yml").write_text("mine")
    ran = cvkit("stretch", "--to", "50%", "--save", "half.yml", env=glowing)
    assert ran.code == 5
    assert (cvkit.folder / "half.yml").read_text() == "mine"


def test_dry_run_prints_the_plan_and_writes_nothing(cvkit: Command, glowing: dict[str, str]):
    ran = cvkit("stretch", "a.png", "--to", "50%", "--dry-run", env=glowing)
    assert ran.code == 0
    assert "stretch --to 50%" in ran.out
    assert "a.png → a.stretch.png" in ran.out
    assert not (cvkit.folder / "a.stretch.png").exists()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["stretch", "a.png", "50%"], 2, "cvkit: there is no file 50%\n  did you mean --to 50%?\n"),
        (["stretch", "--to", "50%"], 2, "cvkit stretch needs an input"),
        (["stretch", "a.png", "--to", "big"], 2, "expected a size"),
        (["stretch", "none.png", "--to", "50%"], 3, "none.png"),
        (["broken-glow", "a.png"], 4, "the stage broken-glow of glow cannot be loaded"),
        (["stages", "zebra"], 2, "no stage says 'zebra'"),
        (["stages", "--jsn"], 2, "no such option: --jsn"),
        (["help", "strech"], 2, "did you mean stretch?"),
        (["info", "none.png"], 3, "none.png"),
        (["completion", "tcsh"], 2, "tcsh"),
        (["-q", "stretch"], 2, "-q is no stage"),
        (["frobnicate"], 2, "there is no stage frobnicate"),
    ],
)
def test_errors_have_one_form_and_their_code(
    cvkit: Command, glowing: dict[str, str], words: list[str], code: int, said: str
):
    ran = cvkit(*words, env=glowing)
    assert (ran.code, ran.out) == (code, "")
    assert said in ran.err
    assert ran.err.startswith("cvkit: ")
    assert "Traceback" not in ran.err


def test_debug_shows_where_an_error_came_from(cvkit: Command, glowing: dict[str, str]):
    ran = cvkit("stretch", "a.png", "--to", "big", "--debug", env=glowing)
    assert ran.code == 2
    assert "Traceback" in ran.err


def test_without_words_the_list_goes_to_stderr_and_is_no_success(cvkit: Command):
    ran = cvkit()
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == cvkit("--help").out


def test_version(cvkit: Command):
    assert cvkit("--version").out == f"cvkit {package.__version__}\n"


def test_a_fault_of_cvkit_says_where_its_report_is(
    glow: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    def fail(words: list[str]) -> NoReturn:
        raise ZeroDivisionError("a sum")

    monkeypatch.setenv("XDG_STATE_HOME", str(glow / "state"))
    monkeypatch.setattr(app, "_dispatch", fail)
    assert app.main(["tune", "a.png"]) == 1
    (report,) = (glow / "state" / "cvkit").iterdir()
    said = capsys.readouterr().err
    assert "a fault of cvkit itself" in said
    assert str(report) in said
    assert "Traceback" not in said
    assert "ZeroDivisionError: a sum" in report.read_text()


def test_a_missing_package_is_named_with_what_brings_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    def fail(words: list[str]) -> NoReturn:
        raise ModuleNotFoundError("No module named 'pyarrow'", name="pyarrow.ipc")

    monkeypatch.setattr(app, "_dispatch", fail)
    assert app.main(["tune", "a.png"]) == 4
    assert "the package pyarrow is not installed" in capsys.readouterr().err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_exits_130_and_leaves_no_traceback(
    number: signal.Signals, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    def wait(words: list[str]) -> int:
        os.kill(os.getpid(), number)
        return 0

    monkeypatch.setattr(app, "_dispatch", wait)
    assert app.main(["tune", "a.png"]) == 130
    assert capsys.readouterr().err == "cvkit: interrupted\n"
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


@pytest.mark.parametrize("words", [["--help"], ["help", "run"], ["schema"]])
def test_a_reader_that_goes_away_hears_nothing(cvkit: Command, words: list[str]):
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        cvkit.argv(*words), env=cvkit.env(), stdout=write, stderr=subprocess.PIPE, check=False
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (5, b"")


def test_a_name_cannot_drive_the_terminal(cvkit: Command, glowing: dict[str, str]):
    ran = cvkit("stretch", "\x1bc\n.png", "--to", "50%", env=glowing)
    assert ran.code == 3
    assert "\x1b" not in ran.err
    assert "\\x1bc\\n.png" in ran.err


def test_one_picture_loads_neither_typer_nor_rich(cvkit: Command, glowing: dict[str, str]):
    code = (
        "import sys; from cvkit.cli.app import main; "
        "code = main(['stretch', 'a.png', '--to', '50%', '-q']); "
        "heavy = {'typer', 'rich', 'av', 'pyarrow', 'PIL'}; "
        "print(code, heavy & set(sys.modules))"
    )
    ran = [
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=cvkit.folder,
            env=cvkit.env(glowing),
            capture_output=True,
            text=True,
            check=True,
        ).stdout.splitlines()[-1]
        # The first run scans what is installed and keeps that; the folder then gets a __pycache__.
        for _ in range(3)
    ]
    assert ran[2] == "0 set()"
