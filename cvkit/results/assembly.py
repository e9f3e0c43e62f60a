"""Results of a run put together from those of its inputs, in their order."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal, TextIO

from cvkit.results.csv import BOX, Cell, CsvWriter, Layout
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


def table(parts: Iterable[Path], *, trimmed: bool = False) -> tuple[list[str], list[list[Cell]]]:
    """Columns and rows as CSV has them, to be printed; no columns where there is no row.

    Trimmed, for people: without columns that are empty throughout, without `source` where there
    is only one, without `index` and `time` where there is only one frame; boxes in whole pixels.
    """
    paths = list(parts)
    layout = _layout(paths)
    rows: list[list[Cell]] = []
    frames: set[tuple[Cell, Cell]] = set()
    for record in _records(paths):
        frames.add((record["source"], record["index"]))
        rows += layout.rows(record)
    if not rows:
        return [], []
    return _trimmed(layout, rows, frames) if trimmed else (layout.columns, rows)


def _trimmed(
    layout: Layout, rows: list[list[Cell]], frames: set[tuple[Cell, Cell]]
) -> tuple[list[str], list[list[Cell]]]:
    names = layout.columns
    idle = {"source"} if len({source for source, _ in frames}) < 2 else set()
    idle |= {"index", "time"} if len(frames) < 2 else set()
    told = [
        at
        for at, name in enumerate(names)
        if name not in idle and any(row[at] not in (None, "") for row in rows)
    ]
    whole = BOX if layout.kind == "objects" else ()
    shown = [[_whole(row[at]) if names[at] in whole else row[at] for at in told] for row in rows]
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
