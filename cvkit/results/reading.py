"""Saved results come back: the objects of each frame, from JSON Lines or CSV."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np

from cvkit.core.errors import InputError
from cvkit.core.grid import Grid
from cvkit.core.objects import Objects
from cvkit.core.warp import Size
from cvkit.results.assembly import BOX, OBJECT
from cvkit.results.jsonl import VERSION
from cvkit.results.record import COLUMNS, SHAPES, Record

_Key = tuple[str | None, int]


class Saved:
    """Objects by source and index; records are parsed when they are asked for."""

    def __init__(self, path: Path, lines: dict[_Key, str]) -> None:
        self._path, self._lines = path, lines
        self._sources = {source for source, _ in lines}

    def objects(self, source: str, index: int, size: Size) -> Objects | None:
        """In the source's coordinates, for a source of this size; None where nothing is saved.

        Raises InputError where the file is of other sources, or of pictures of another size.
        """
        text = self._lines.get((source or None, index))
        if text is None:
            if source not in self._sources:
                known = ", ".join(sorted(str(s) for s in self._sources)[:3]) or "nothing"
                raise InputError(
                    f"{self._path} holds no results of {source}", why=f"it is of {known}"
                )
            return None
        record: Record = json.loads(text)
        saved = tuple(record.get("size") or size)
        if saved != size:
            raise InputError(
                f"{self._path} is of pictures of {saved[0]}×{saved[1]}",
                why=f"{source} is {size[0]}×{size[1]}",
            )
        if record.get("coords") == "output":
            raise InputError(
                f"{self._path} holds the written picture's coordinates, not the source's"
            )
        return _objects(record.get("objects", []), Grid.of(size))


def read_results(path: Path) -> Saved:
    """Raises InputError where the file is no cvkit results, with the number of the bad line."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path} cannot be read", why=error.strerror or str(error)) from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is no results file", why="it is not text") from error
    if text.startswith("source,index,time"):
        return _from_csv(path, text)
    return _from_jsonl(path, text)


def _from_jsonl(path: Path, text: str) -> Saved:
    lines: dict[_Key, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        try:
            record = json.loads(line)
            key = (record["source"], int(record["index"]))
            boxes = [one["box"] for one in record.get("objects", [])]
            good = all(len(box) == 4 and all(np.isfinite(float(v)) for v in box) for box in boxes)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(f"{path}, line {number}, is no record of results") from error
        if not good:
            raise InputError(f"{path}, line {number}: a box is four numbers")
        if number == 1 and record.get("cvkit") != VERSION:
            raise InputError(f"{path} is no results file of cvkit", why='it lacks "cvkit": 1')
        lines[key] = line
    if not lines:
        raise InputError(f"{path} is no results file", why="it is empty")
    return Saved(path, lines)


def _from_csv(path: Path, text: str) -> Saved:
    rows = csv.DictReader(text.splitlines(keepends=True))
    if not set(OBJECT) <= set(rows.fieldnames or ()):
        raise InputError(
            f"{path} holds no objects", why=f"they have the columns {', '.join(OBJECT)}"
        )
    found: dict[_Key, list[Record]] = {}
    for number, row in enumerate(rows, 2):
        try:
            one: Record = {"box": [float(row[k]) for k in BOX]}
            values = {
                k: _cell(v) for k, v in row.items() if k not in ("source", "index", "time", *BOX)
            }
            one |= {k: v for k, v in values.items() if v is not None}
            key = (row["source"] or None, int(row["index"]))
        except (ValueError, TypeError) as error:
            raise InputError(f"{path}, line {number}, is no row of objects") from error
        found.setdefault(key, []).append(one)
    return Saved(path, {key: json.dumps({"objects": objects}) for key, objects in found.items()})


def _cell(text: str | None) -> Any:  # noqa: ANN401 - a number or a word
    if not text:
        return None
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _objects(found: list[Record], grid: Grid) -> Objects:
    if not found:
        return Objects.none(grid)

    def column(key: str, empty: object) -> list[Any] | None:
        values = [one.get(key) for one in found]
        return (
            None if all(v is None for v in values) else [empty if v is None else v for v in values]
        )

    own = (*COLUMNS, *SHAPES, "text")
    keys = dict.fromkeys(k for one in found for k in one if k not in own)
    attributes = {}
    for key in keys:
        words = any(isinstance(one.get(key), str) for one in found)
        values = column(key, "" if words else float("nan"))
        attributes[key] = [str(v) for v in values or ()] if words else values
    labels = column("label", "")
    return Objects.of(
        [one["box"] for one in found],
        grid,
        scores=column("score", float("nan")),
        classes=column("class", -1),
        labels=None if labels is None else [str(v) for v in labels],
        ids=column("id", -1),
        polygons=column("polygon", np.zeros((0, 2))),
        attributes=attributes,  # type: ignore[arg-type]
    )
