"""Results of a run put together from those of its inputs, in their order."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal, TextIO

from cvkit.results.csv import Cell, CsvWriter, Layout
from cvkit.results.jsonl import JsonlWriter
from cvkit.results.record import Record


def assemble(parts: Iterable[Path], fmt: Literal["jsonl", "csv"], file: TextIO) -> int:
    """Write the records of these `Part`s to one file; how many rows it has. Memory stays flat.

    For CSV the parts are read twice: the columns depend on every one.
    """
    paths = list(parts)
    if fmt == "jsonl":
        lines = JsonlWriter(file)
        for record in _records(paths):
            lines.add(record)
        return lines.rows
    layout = _layout(paths)
    table = CsvWriter(file, layout.columns)
    for record in _records(paths):
        table.add(layout.rows(record))
    return table.rows


def table(parts: Iterable[Path]) -> tuple[list[str], list[list[Cell]]]:
    """Columns and rows as CSV has them, to be printed; no columns where there is no row."""
    paths = list(parts)
    layout = _layout(paths)
    rows = [row for record in _records(paths) for row in layout.rows(record)]
    return (layout.columns, rows) if rows else ([], [])


def _layout(paths: list[Path]) -> Layout:
    layout = Layout()
    for record in _records(paths):
        layout.see(record)
    return layout


def _records(paths: list[Path]) -> Iterator[Record]:
    for path in paths:
        with open(path, encoding="utf-8") as part:
            for text in part:
                yield json.loads(text)
