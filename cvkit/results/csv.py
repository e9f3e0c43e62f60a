"""Results as a table: one row an object, a measure, a score or an event."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TextIO

from cvkit.results.record import FIELDS, Record

Cell = str | int | float | bool | None
FRAME = ("source", "index", "time")
BOX = ("x1", "y1", "x2", "y2")
OBJECT = (*BOX, "score", "class", "label", "id")
KINDS = ("objects", "measures", "events", "scores", "text", "vector", "camera")


class Layout:
    """Which rows and columns the table of some records has; shown every record first.

    `kind` is what it holds a row of each of: one of KINDS; without it, the value that came last.
    """

    def __init__(self, kind: str = "") -> None:
        self._kind = kind
        self._seen: dict[str, dict[str, None]] = {}
        self._earlier: set[str] = set()

    def see(self, record: Record) -> None:
        kinds = [key for key in record if key in KINDS]
        self._earlier.update(kinds[:-1])
        for kind in kinds:
            names = self._seen.setdefault(kind, {})
            for row in cells(kind, record):
                names.update(dict.fromkeys(row))

    @property
    def kind(self) -> str:
        """As was asked; else the value that came last, objects where nothing was found."""
        if self._kind:
            return self._kind
        latest = [k for k in KINDS if k in self._seen and k not in self._earlier]
        return next(iter(latest or self._seen), "objects")

    @property
    def columns(self) -> list[str]:
        names = self._seen.get(self.kind, {})
        if self.kind == "objects":
            return [*FRAME, *OBJECT, *(name for name in names if name not in OBJECT)]
        return [*FRAME, *(name for name in names if name not in FRAME)]

    def rows(self, record: Record) -> Iterator[list[Cell]]:
        names, kind = self.columns, self.kind
        frame = {name: record.get(name) for name in FRAME}
        for row in cells(kind, record):
            told = {**row, **frame}
            yield [told.get(name) for name in names]


class _Lines:
    """Rows end in a line feed alone."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, row: str) -> int:
        return self._file.write(row.removesuffix("\r\n") + "\n")


class CsvWriter:
    """Rows under columns that are fixed up front."""

    def __init__(self, file: TextIO, columns: Sequence[str]) -> None:
        # Only characters of the terminator are quoted, and a word may hold a carriage return.
        self._writer = csv.writer(_Lines(file), lineterminator="\r\n")
        self._write(columns)
        self.rows = 0

    def add(self, rows: Iterable[Sequence[Cell]]) -> None:
        for row in rows:
            self._write(["" if cell is None else cell for cell in row])
            self.rows += 1

    def _write(self, row: Sequence[Cell]) -> None:
        # A file name that is no text cannot be written as UTF-8.
        self._writer.writerow(
            [
                c.encode("utf-8", "backslashreplace").decode() if isinstance(c, str) else c
                for c in row
            ]
        )


def cells(kind: str, record: Record) -> Iterator[Record]:
    """A row for each value of this kind, by column; those of FRAME are the record's own."""
    inner: Any = record.get(kind, ())
    if kind == "objects":
        for found in inner:
            box = dict(zip(OBJECT, found["box"], strict=False))
            text = {"text": found["text"]} if "text" in found else {}
            own = {k: found[k] for k in ("score", "class", "label", "id") if k in found}
            more = {k: v for k, v in found.items() if k not in (*FIELDS, *FRAME, *BOX)}
            yield {**box, **own, **text, **more}
    elif kind not in record:
        return
    elif kind == "text":
        yield {"text": inner}
    elif kind == "vector":
        yield {f"v{number}": value for number, value in enumerate(inner)}
    elif kind == "camera":
        (fx, _, cx), (_, fy, cy), _ = inner["matrix"]
        w, h = inner["size"]
        bent = {f"d{number}": value for number, value in enumerate(inner["distortion"])}
        yield {"fx": fx, "fy": fy, "cx": cx, "cy": cy, **bent, "width": w, "height": h}
    else:
        yield from inner
