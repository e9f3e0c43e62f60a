"""Budgets 1 and 2: how long a person waits for one picture, and for help."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import cvkit
from tests.bench import media
from tests.bench.measure import Result, command, compared, environment, in_turns, process

BARE = Path(__file__).parent / "bare"
PACKAGE = Path(cvkit.__file__).parent


def one_picture(runs: int) -> Iterator[Result]:
    picture = media.jpeg()
    with TemporaryDirectory() as folder:
        here = Path(folder)
        rounds = in_turns(
            runs,
            lambda: process(command(), "threshold", picture, cwd=here),
            lambda: process(
                sys.executable, BARE / "threshold_one.py", picture, "bare.png", cwd=here
            ),
        )
    ratios, seconds = compared(rounds)
    yield Result(
        1, "cvkit threshold img.jpg (2 MP)", "bare import cv2 script", ratios, 2.0, seconds=seconds
    )


def help_pages(runs: int) -> Iterator[Result]:
    with TemporaryDirectory() as folder:
        here = Path(folder)
        many, few = (with_stages(number, here / str(number)) for number in (150, 10))
        ask = [sys.executable, "-m", "cvkit", "--help"]
        rounds = in_turns(
            runs,
            lambda: process(*ask, cwd=here, env=environment(PYTHONPATH=str(many))),
            lambda: process(*ask, cwd=here, env=environment(PYTHONPATH=str(few))),
            lambda: process(sys.executable, BARE / "two_commands.py", "--help", cwd=here),
        )
    work = "cvkit --help, 150 stages"
    ratios, seconds = compared(rounds, 0, 2)
    yield Result(2, work, "Typer program with two commands", ratios, 1.2, seconds=seconds)
    ratios, seconds = compared(rounds, 0, 1)
    yield Result(2, work, "cvkit --help, 10 stages", ratios, 1.05, seconds=seconds)


def with_stages(count: int, folder: Path) -> Path:
    """A folder with a copy of the package that has `count` stages, copies of real ones."""
    package = folder / "cvkit"
    shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    files = sorted((package / "stages").glob("*/[!_]*.py"))
    texts = [(path.parent, path.read_text()) for path in files]
    for path in files:
        path.unlink()
    for number in range(count):
        topic, text = texts[number % len(texts)]
        (topic / f"operation_{number:03d}.py").write_text(text)
    return folder
