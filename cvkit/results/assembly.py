"""Result files of a run, put together from the records of its inputs in input order."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal, TextIO

from cvkit.core.values import Cell
from cvkit.results.jsonl import VERSION, line
from cvkit.results.record import SHAPES, Record

FRAME = ("source", "index", "time")
BOX = ("x1", "y1", "x2", "y2")
OBJECT = (*FRAME, *BOX, "score", "class", "label", "id")


def assemble(parts: Iterable[Path], fmt: Literal["jsonl", "csv"], file: TextIO) -> int:
    """Write the file; how many rows. Memory does not grow with the number of records."""
    paths = list(parts)
    if fmt == "csv":
        columns = _columns(records(paths))
        writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
        writer.writeheader()
        return sum(1 for row in _rows(records(paths)) if writer.writerow(row))
    count = 0
    for record in records(paths):
        first = {"cvkit": VERSION} if not count else {}
        file.write(line({**first, **record}))
        count += 1
    return count


def table(parts: Sequence[Path]) -> tuple[list[str], list[list[Cell]]]:
    """Columns and rows for people: nothing that is empty, or the same throughout, of the frame."""
    paths = list(parts)
    rows = list(_rows(records(paths)))
    columns = [c for c in _columns(records(paths)) if any(row.get(c) is not None for row in rows)]
    for name in FRAME:
        if len({row.get(name) for row in rows}) <= 1 and name in columns:
            columns.remove(name)
    return columns, [[_shown(c, row.get(c)) for c in columns] for row in rows]


def records(parts: Iterable[Path]) -> Iterator[Record]:
    """Every record of these files, one at a time."""
    for part in parts:
        with open(part, encoding="utf-8") as file:
            for text in file:
                yield json.loads(text)


def _columns(found: Iterable[Record]) -> list[str]:
    """Those of objects and their attributes where there are objects or nothing, else the rows'."""
    attributes: dict[str, None] = {}
    others: dict[str, None] = {}
    objects = False
    for record in found:
        for one in record.get("objects", ()):
            objects = True
            attributes.update(dict.fromkeys(k for k in one if k not in (*OBJECT, "box", *SHAPES)))
        for row in _other_rows(record):
            others.update(dict.fromkeys(row))
    if others and not objects:
        return [*FRAME, *(k for k in others if k not in FRAME)]
    return [*OBJECT, *attributes]


def _rows(found: Iterable[Record]) -> Iterator[dict[str, Cell]]:
    for record in found:
        frame: dict[str, Cell] = {name: record[name] for name in FRAME}
        objects = record.get("objects", ())
        for one in objects:
            values = {k: v for k, v in one.items() if k not in ("box", *SHAPES)}
            yield {**frame, **dict(zip(BOX, one["box"], strict=True)), **values}
        if not objects:
            for row in _other_rows(record):
                yield {**frame, **row}


def _other_rows(record: Record) -> Iterator[dict[str, Cell]]:
    for key in ("measures", "scores", "events"):
        yield from record.get(key, ())
    if "text" in record:
        yield {"text": record["text"]}
    if "vector" in record:
        yield {str(i): value for i, value in enumerate(record["vector"])}
    if "camera" in record:
        camera = record["camera"]
        matrix = camera["matrix"]
        yield {"fx": matrix[0][0], "fy": matrix[1][1], "cx": matrix[0][2], "cy": matrix[1][2]}


def _shown(column: str, value: Cell) -> Cell:
    return round(value) if column in BOX and isinstance(value, float) else value
