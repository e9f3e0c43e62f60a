"""`cvkit doctor --model M [PICTURE...]`: what runs this network here, how fast and how exactly."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from cvkit.cli import terminal
from cvkit.core.frame import Frame
from cvkit.core.options import RunOptions
from cvkit.core.values import Image

if TYPE_CHECKING:
    from cvkit.models.comparing import Row
    from cvkit.models.detector import Picture

_SAMPLES = ("walkers.mp4", "astronaut.jpg", "cat.jpg", "coffee.jpg")
_NOTE = """\
lost, new: boxes that the first row has and this one has not, and the other way round; moved: by
more than a pixel; px, score: the greatest differences of those that both have."""


def show(model: str, names: Sequence[str], options: RunOptions, *, as_json: bool) -> int:
    """Print the comparison; 4 where nothing ran."""
    from cvkit.models.comparing import compare
    from cvkit.models.settings import Settings

    pictures = list(_pictures(names))
    rows = list(compare(model, pictures, Settings.of(options)))
    if as_json:
        terminal.data(json.dumps([asdict(row) for row in rows], indent=2))
    else:
        for line in _table(rows):
            terminal.data(line)
        terminal.people(terminal.styled(_NOTE, "dim", sys.stderr))
    return 0 if any(row.why is None for row in rows) else 4


def _pictures(names: Sequence[str]) -> Iterator[Picture]:
    """(h, w, 3) uint8 BGR of each picture, or of the first frame of a video."""
    import numpy as np

    import cvkit
    from cvkit.cli.samples import sample_files

    if not names:
        names = [str(path) for path in sample_files() if path.name in _SAMPLES]
    for name in names:
        opened = cvkit.open(name)
        frame = opened if isinstance(opened, Frame) else next(iter(opened))
        image = frame.get(Image)
        assert image is not None
        yield np.ascontiguousarray(image.bgr, np.uint8)


def _table(rows: Sequence[Row]) -> Iterator[str]:
    head = ("backend", "ran on", "ms", "boxes", "lost", "new", "moved", "px", "score")
    told = [
        (
            *(row.backend, row.ran_on, f"{row.milliseconds:.1f}", str(row.boxes), str(row.lost)),
            *(str(row.new), str(row.moved), f"{row.pixels:.2f}", f"{row.score:.4f}"),
        )
        for row in rows
        if row.why is None
    ]
    widths = [max(map(len, column)) for column in zip(head, *told, strict=True)]
    for number, cells in enumerate((head, *told)):
        placed = [
            cell.ljust(width) if i < 2 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        text = "  ".join(placed).rstrip()
        yield terminal.styled(text, "bold", sys.stdout) if not number else text
    for row in rows:
        if row.why is not None:
            yield f"{row.backend}: {row.why}"
            if row.remedy.startswith("pip "):
                yield "  " + terminal.styled(row.remedy, "bold", sys.stdout)
