"""Results of a run put together from those of its inputs, in their order."""

from __future__ import annotations

import json
import weakref
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import TextIO

from cvkit.results.csv import Cell, CsvWriter, Layout
from cvkit.results.jsonl import Models, headed
from cvkit.results.record import Record

_IN_MEMORY = 8 << 20
"""Bytes of a table to be printed that are kept in memory."""


def assemble(
    parts: Iterable[Path], fmt: str, path: Path, kind: str = "", models: Models = ()
) -> int:
    """Write the records of these `Part`s to one file; how many rows it has. Memory stays flat.

    `fmt` is jsonl, csv or parquet; tables hold what `kind` says, as `csv.Layout` has it. For CSV
    the parts are read twice: the columns depend on every one. The first line of JSONL, and the
    metadata of Parquet, say with which `models` they were made.
    """
    paths = list(parts)
    if fmt == "parquet":
        from cvkit.results.parquet import join

        return join(paths, kind, path, models)
    with open(path, "w", encoding="utf-8", newline="") as file:
        return _jsonl(paths, file, models) if fmt == "jsonl" else _csv(paths, file, kind)


def _jsonl(paths: list[Path], file: TextIO, models: Models) -> int:
    count = 0
    for text in _lines(paths):
        file.write(text if count else headed(text, models))
        count += 1
    return count


def _csv(paths: list[Path], file: TextIO, kind: str) -> int:
    layout = _layout(paths, kind)
    table = CsvWriter(file, layout.columns)
    for record in _records(paths):
        table.add(layout.rows(record))
    return table.rows


class Rows:
    """Rows of a table that are read again as often as one likes, on disk where they are many."""

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(  # noqa: SIM115 - closed when nobody knows them any more
            _IN_MEMORY, "w+", encoding="utf-8", newline="\n"
        )
        weakref.finalize(self, self._file.close)
        self._count = 0

    def add(self, row: Sequence[Cell]) -> None:
        self._file.write(json.dumps(row) + "\n")
        self._count += 1

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[list[Cell]]:
        self._file.seek(0)
        for line in self._file:
            yield json.loads(line)


def table(parts: Iterable[Path], kind: str = "") -> tuple[list[str], Rows]:
    """Columns and rows as CSV has them, to be printed; no columns where there is no row."""
    paths, rows = list(parts), Rows()
    layout = _layout(paths, kind)
    for record in _records(paths):
        for row in layout.rows(record):
            rows.add(row)
    return (layout.columns if rows else []), rows


def _layout(paths: list[Path], kind: str) -> Layout:
    layout = Layout(kind)
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
