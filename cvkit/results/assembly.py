"""Results of a run put together from those of its inputs, in their order."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal, TextIO

from cvkit.results.csv import BOX, FRAME, Cell, CsvWriter, Layout
from cvkit.results.jsonl import headed
from cvkit.results.record import Record


def assemble(parts: Iterable[Path], fmt: Literal["jsonl", "csv"], file: TextIO) -> int:
    """Write the records of these `Part`s to one file; how many rows it has. Memory stays flat.

    For CSV the parts are read twice: the columns depend on every one.
    """
    paths = list(parts)
    if fmt == "jsonl":
        count = 0
        for text in _lines(paths):
            file.write(text if count else headed(text))
            count += 1
        return count
    layout = _layout(paths)
    table = CsvWriter(file, layout.columns)
    for record in _records(paths):
        table.add(layout.rows(record))
    return table.rows


def table(parts: Iterable[Path]) -> tuple[list[str], list[list[Cell]]]:
    """Columns and rows as CSV has them, for people; no columns where there is no row.

    Columns that are empty throughout are left out, `source` where there is only one, `index` and
    `time` where there is only one frame. Boxes are whole pixels.
    """
    paths = list(parts)
    layout = _layout(paths)
    names, rows = layout.columns, []
    sources: set[Cell] = set()
    frames: set[tuple[Cell, Cell]] = set()
    for record in _records(paths):
        sources.add(record["source"])
        frames.add((record["source"], record["index"]))
        rows += layout.rows(record)
    idle = {"source"} if len(sources) < 2 else set()
    idle |= {"index", "time"} if len(frames) < 2 else set()
    told = [
        at
        for at, name in enumerate(names)
        if not (at < len(FRAME) and name in idle) and any(r[at] not in (None, "") for r in rows)
    ]
    whole = set(range(len(FRAME), len(FRAME) + len(BOX))) if layout.kind == "objects" else set()
    shown = [[_whole(row[at]) if at in whole else row[at] for at in told] for row in rows]
    return [names[at] for at in told], shown


def _whole(cell: Cell) -> Cell:
    return round(cell) if isinstance(cell, float) else cell


def _layout(paths: list[Path]) -> Layout:
    layout = Layout()
    for record in _records(paths):
        layout.see(record)
    return layout


def _records(paths: list[Path]) -> Iterator[Record]:
    for text in _lines(paths):
        yield json.loads(text)


def _lines(paths: list[Path]) -> Iterator[str]:
    for path in paths:
        with open(path, encoding="utf-8", newline="\n") as part:
            yield from part
