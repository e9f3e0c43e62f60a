"""Time two ways of doing one thing in turns, so that a busy machine slows both."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

Side = Callable[[], float]
"""Does the work once and gives the seconds that count."""


@dataclass(frozen=True)
class Result:
    """One line of the report."""

    budget: int
    work: str
    against: str
    figures: Sequence[float]
    """One a round: a ratio, or what `unit` says."""
    limit: float
    at_least: bool = False
    unit: str = "×"
    seconds: tuple[float, float] | None = None
    """Medians of cvkit's side and the other's."""

    @property
    def met(self) -> bool:
        middle = median(self.figures)
        return middle >= self.limit if self.at_least else middle <= self.limit

    def __str__(self) -> str:
        low, middle, high = min(self.figures), median(self.figures), max(self.figures)
        figure = f"{middle:.2f} ({low:.2f}–{high:.2f}) {self.unit}"
        limit = f"{'≥' if self.at_least else '≤'} {self.limit:g}"
        text = f"{self.budget}  {self.work:<42} {self.against:<38} {figure:<24} {limit:<7}"
        text += "met " if self.met else "OVER" if not self.at_least else "UNDER"
        if self.seconds:
            text += "  " + " / ".join(spelled(seconds) for seconds in self.seconds)
        return text


def spelled(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 2 else f"{seconds * 1000:.3g} ms"


def in_turns(runs: int, *sides: Side) -> list[tuple[float, ...]]:
    """Seconds of each side for each round, after one round that warms disk and caches.

    Every second round goes backwards, so that being first favours nobody.
    """
    for side in sides:
        side()
    rounds = []
    for number in range(runs):
        order = list(enumerate(sides))
        if number % 2:
            order.reverse()
        rounds.append(tuple(seconds for _, seconds in sorted((i, side()) for i, side in order)))
    return rounds


def compared(
    rounds: Sequence[tuple[float, ...]], ours: int = 0, other: int = 1, *, speed: bool = False
) -> tuple[list[float], tuple[float, float]]:
    """Ratios (our time over the other's, or with `speed` the inverse) and the two medians."""
    pairs = [(times[ours], times[other]) for times in rounds]
    ratios = [theirs / our if speed else our / theirs for our, theirs in pairs]
    return ratios, (median(our for our, _ in pairs), median(theirs for _, theirs in pairs))


def environment(**more: str) -> dict[str, str]:
    """The caller's, but compiled Python files are kept, as on a user's machine."""
    inherited = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return {**inherited, **more}


def command() -> str:
    """The console script of this environment."""
    return str(Path(sys.executable).parent / "cvkit")


def process(
    *argv: str | Path, cwd: Path, env: dict[str, str] | None = None, shell: bool = False
) -> float:
    """Seconds of a whole process; what it says is shown only when it fails."""
    words = list(map(str, argv))
    start = time.perf_counter()
    done = subprocess.run(
        " ".join(words) if shell else words,
        shell=shell,
        executable="/bin/bash" if shell else None,
        cwd=cwd,
        env=env or environment(),
        capture_output=True,
        stdin=subprocess.DEVNULL,
        text=True,
        errors="replace",
        check=False,
    )
    seconds = time.perf_counter() - start
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)} ended with {done.returncode}:\n{done.stderr}")
    return seconds


def told(*argv: str | Path, cwd: Path) -> float:
    """The seconds that a warmed script prints of its own work."""
    done = subprocess.run(
        list(map(str, argv)), cwd=cwd, env=environment(), capture_output=True, text=True, check=True
    )
    return float(done.stdout)


def emptied(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    return folder
