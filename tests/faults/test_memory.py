"""A long video takes no more memory than a short one."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.conftest import Command
from tests.invariant.media import video

CHAINS = {
    "a picture a frame": ("edges", "v.mp4", "-o", "out.mp4"),
    "objects and records": (
        *("background", "v.mp4", "then", "contours", "--min-area", "1%"),
        *("-o", "out.mp4", "-o", "out.jsonl", "-o", "out.parquet"),
    ),
    "the last first": ("reverse", "v.mp4", "-o", "out.mp4"),
}


@pytest.mark.serial
@pytest.mark.parametrize("words", CHAINS.values(), ids=list(CHAINS))
def test_ten_times_the_frames_take_the_memory_of_one(
    words: tuple[str, ...], cvkit: Command, tmp_path: Path
):
    peaks = []
    for name, frames in (("short", 200), ("long", 2000)):
        (tmp_path / name).mkdir()
        video(tmp_path / name / "v.mp4", frames=frames)
        peaks.append(peak(cvkit, words, tmp_path / name))
    short, long = peaks
    assert long < short * 1.1


def peak(cvkit: Command, words: tuple[str, ...], folder: Path) -> int:
    """KiB that a run has in memory at most, as its own process counts them at its end."""
    tell = "import atexit; atexit.register(lambda: print(*[l for l in open('/proc/self/status') "
    tell += "if l.startswith('VmHWM')], file=open('peak', 'w')))"
    program = f"import sys; {tell}; from cvkit.cli.app import main; sys.exit(main())"
    python = cvkit.argv()[0]
    done = subprocess.run(
        [python, "-c", program, *words], cwd=folder, env=cvkit.env(), capture_output=True,
        check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
    return int((folder / "peak").read_text().split()[1])
