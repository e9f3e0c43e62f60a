"""Budget 5: a folder of photographs to masks."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from tests.bench import media
from tests.bench.measure import (
    Result,
    Side,
    command,
    compared,
    emptied,
    in_turns,
    process,
    told,
)

BARE = Path(__file__).parent / "bare"
COUNT = 500
SAMPLE = 50
"""So many go through ImageMagick, which would take minutes for all."""


def to_masks(runs: int) -> Iterator[Result]:
    pictures, one = media.jpegs(COUNT)[0].parent, media.jpeg().parent
    threads = os.cpu_count() or 1
    with TemporaryDirectory() as folder:
        here = Path(folder)

        def ours(source: Path) -> float:
            words = ("threshold", source, "-o", f"{emptied(here / 'out')}/", "--jobs", threads)
            return process(command(), *map(str, words), cwd=here)

        def pool() -> float:
            script = BARE / "threshold_folder.py"
            out = emptied(here / "bare")
            return told(sys.executable, script, pictures, out, str(threads), cwd=here)

        sides: list[Side] = [lambda: ours(pictures), lambda: ours(one), pool]
        otsu = magick_options()
        if otsu is not None:
            sides.append(lambda: magick(here, pictures, otsu))
        rounds = in_turns(runs, *sides)

    # Start-up is what one picture takes; its own few milliseconds stay in the 500.
    started = median(times[1] for times in rounds)
    worked = [(times[0] - started, *times[2:]) for times in rounds]
    work = f"folder of {COUNT} JPEGs (2 MP) to Otsu PNGs"
    ratios, seconds = compared(worked)
    yield Result(5, work, f"thread pool of {threads}, no checks", ratios, 1.25, seconds=seconds)
    if otsu is None:
        print(
            "5  without ImageMagick's mogrify on this machine, the folder is not compared with it"
        )
        return
    whole = [(times[0], times[3] * COUNT / SAMPLE) for times in rounds]
    ratios, seconds = compared(whole, speed=True)
    against = f"mogrify {otsu[0]}, {SAMPLE} files × {COUNT // SAMPLE}"
    yield Result(5, work, against, ratios, 6, at_least=True, seconds=seconds)


def magick_options() -> list[str] | None:
    """How this ImageMagick makes a mask: version 6 has no Otsu, and cuts at a level instead."""
    if not shutil.which("mogrify"):
        return None
    modern = shutil.which("magick") is not None
    return ["-auto-threshold", "OTSU"] if modern else ["-threshold", "50%"]


def magick(here: Path, pictures: Path, otsu: list[str]) -> float:
    out = emptied(here / "magick")
    out.mkdir()
    files = sorted(pictures.iterdir())[:SAMPLE]
    words = ["-path", str(out), "-format", "png", "-colorspace", "Gray", *otsu, "-type", "bilevel"]
    return process("mogrify", *words, *files, cwd=here)
