"""Streams of small frames for the tests of stages that change time."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np

import cvkit as library
from cvkit.core.frame import Frame
from cvkit.core.spool import Held
from cvkit.core.stage import Stage, stage_name
from cvkit.core.time import Time
from cvkit.core.values import Image
from cvkit.engine.bind import Bound
from tests.conftest import Command


def stream(
    count: int, fps: Fraction | int = 25, *, start: int = 0, lengths: Iterable[int] = ()
) -> list[Frame]:
    """Frames whose grey level is their number, in ticks of 1 / fps; of such lengths if given."""
    ticks, spans, out = start, list(lengths), []
    for i in range(count):
        picture = Image.of(np.full((4, 6), i, np.uint8))
        out.append(Frame.of(picture, index=i, time=Time(ticks, 1 / Fraction(fps))))
        ticks += spans[i] if spans else 1
    return out


def run(stage: Stage, frames: Sequence[Frame]) -> list[Frame]:
    """The stage over a whole stream, with a spool of its own."""
    step = Bound(stage_name(type(stage)), stage, 1)
    state = step.start(Held())
    out = [f for frame in frames for f in step.frames(frame, None, state)]
    return [*out, *step.flush(state)]


def levels(frames: Iterable[Frame]) -> list[int]:
    return [int(f.raster.array[0, 0]) for f in frames if f.raster is not None]


def starts(frames: Iterable[Frame]) -> list[Fraction]:
    return [f.time.exact for f in frames]


def spelled(cvkit: Command, folder: Path, source: str, words: str, stage: Stage) -> bytes:
    """The stage and then `gray` as one command, after it as a pipe, a spec and in Python; the
    bytes that all of them write."""
    name, *options = words.split()
    done = cvkit(name, source, *options, "then", "gray", "-o", "one.mp4")
    assert done.code == 0, done.err
    program = " ".join(cvkit.argv())
    line = f"{program} {name} {source} {' '.join(options)} -o - | {program} gray - -o pipe.mp4"
    subprocess.run(["bash", "-c", f"set -o pipefail; {line}"], cwd=folder, env=cvkit.env(),
                   check=True, capture_output=True)  # fmt: skip
    pipeline = library.Pipeline([stage, library.Gray()])
    (folder / "s.yml").write_text(pipeline.to_yaml())
    assert cvkit("run", "s.yml", source, "-o", "spec.mp4").code == 0
    assert pipeline.run(folder / source, folder / "python.mp4").exit_code == 0
    one = (folder / "one.mp4").read_bytes()
    for other in ("pipe", "spec", "python"):
        assert (folder / f"{other}.mp4").read_bytes() == one, other
    return one
