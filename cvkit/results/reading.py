"""Results that were saved, read back: objects by input and frame."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from cvkit.core.errors import InputError
from cvkit.core.grid import Grid
from cvkit.core.objects import Objects
from cvkit.core.warp import Size
from cvkit.results.csv import FRAME, OBJECT
from cvkit.results.record import FIELDS, Record

_BOX = OBJECT[:4]
_LONGEST_LINE = 64 << 20


class SavedResults:
    """Objects by (source, index). `objects` gives them in the source's coordinates."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._found: dict[tuple[str, int], list[str]] = {}
        self._sizes: dict[tuple[str, int], Size] = {}

    def add(self, source: str, index: int, size: Size | None, found: list[Record]) -> None:
        """More objects of this frame. Kept as text, which takes a fraction of the memory."""
        self._found.setdefault((source, index), []).append(json.dumps(found))
        if size is not None:
            self._sizes[source, index] = size

    def objects(self, source: str, index: int, size: Size) -> Objects | None:
        """Of the frame of this `size`; None where the file does not speak of it.

        Raises InputError where it was another size when they were saved.
        """
        texts = self._found.get((source, index))
        if texts is None:
            return None
        saved = self._sizes.get((source, index), size)
        if saved != size:
            raise InputError(
                f"{self._name} is of other pictures",
                why=f"{source}, frame {index} was {saved[0]}×{saved[1]} and is {size[0]}×{size[1]}",
                remedy="save results with --coords source",
            )
        return _objects([found for text in texts for found in json.loads(text)], Grid.of(size))


def read_results(path: Path) -> SavedResults:
    """A .jsonl or .csv of results, told by its content. Raises InputError with the line number."""
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            start = file.read(1)
            file.seek(0)
            return read_jsonl(file, str(path)) if start == "{" else read_csv(file, str(path))
    except OSError as error:
        raise InputError(f"{path} cannot be read", why=error.strerror or str(error)) from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} holds no results", why="it is not text") from error


def read_jsonl(file: TextIO, name: str) -> SavedResults:
    """Raises InputError with the line number."""
    saved = SavedResults(name)
    for number, text in _lines(file, name):
        try:
            told = json.loads(text)
            size = told["size"]
            for found in told.get("objects", ()):
                _check(found)
            source = told["source"] or ""
            if not isinstance(source, str):
                raise TypeError("source is no text")
            where = (int(size[0]), int(size[1]))
            saved.add(source, int(told["index"]), where, told.get("objects", []))
        except (
            ValueError,
            TypeError,
            KeyError,
            IndexError,
            AttributeError,
            RecursionError,
        ) as error:
            raise _bad(name, number, error) from error
    return saved


def read_csv(file: TextIO, name: str) -> SavedResults:
    """Raises InputError with the line number."""
    saved = SavedResults(name)
    reader = csv.DictReader((text for _, text in _lines(file, name)), restval="", strict=True)
    try:
        header = list(reader.fieldnames or ())
        missing = [c for c in ("source", "index", *_BOX) if c not in header]
        if missing:
            raise InputError(f"{name} holds no objects", why=f"it has no column {missing[0]}")
        for row in reader:
            if None in row:
                raise ValueError("there are more cells than columns")
            found: Record = {"box": [float(row[c]) for c in _BOX]}
            for key, text in row.items():
                if key not in (*FRAME, *_BOX) and text != "":
                    found[key] = text if key in ("label", "text") else _cell(text)
            _check(found)
            saved.add(row["source"], int(row["index"]), None, [found])
    except (ValueError, TypeError, csv.Error) as error:
        raise _bad(name, reader.line_num, error) from error
    return saved


def _lines(file: TextIO, name: str) -> Iterator[tuple[int, str]]:
    number = 0
    while text := file.readline(_LONGEST_LINE):
        number += 1
        if len(text) == _LONGEST_LINE:
            raise InputError(f"{name}, line {number} is too long")
        if text.strip():
            yield number, text


def _bad(name: str, number: int, error: BaseException) -> InputError:
    why = f"{error} is missing" if isinstance(error, KeyError) else str(error)
    return InputError(f"{name}, line {number} holds no result", why=why[:200])


def _cell(text: str) -> str | int | float | bool:
    if text in ("True", "False"):
        return text == "True"
    for form in (int, float):
        try:
            return form(text)
        except ValueError:
            continue
    return text


def _check(found: Record) -> None:
    """Raises ValueError, TypeError or KeyError where an object is none."""
    box = found["box"]
    if len(box) != 4 or not all(isinstance(v, int | float) and math.isfinite(v) for v in box):
        raise ValueError(f"{box!r:.60} is no box")
    for name, kinds in (("score", (int, float)), ("class", (int,)), ("id", (int,))):
        if name in found and type(found[name]) not in kinds:
            raise TypeError(f"{found[name]!r:.60} is no {name}")
    for name in ("label", "text"):
        if not isinstance(found.get(name, ""), str):
            raise TypeError(f"{found[name]!r:.60} is no {name}")
    for name, sides in (("polygon", 2), ("corners", 2), ("keypoints", 3)):
        if name in found:
            np.array(found[name], np.float32).reshape(-1, sides)
    if any(abs(found.get(name, 0)) >= 2**bits for name, bits in (("class", 31), ("id", 63))):
        raise ValueError("a class or an id is too large")


def _objects(found: list[Record], grid: Grid) -> Objects:
    if not found:
        return Objects.none(grid)
    names = dict.fromkeys(key for one in found for key in one)
    attributes = {key: _column(key, found) for key in names if key not in FIELDS}
    objects = Objects.of(
        [one["box"] for one in found],
        grid,
        scores=[one.get("score", np.nan) for one in found] if "score" in names else None,
        classes=[one.get("class", -1) for one in found] if "class" in names else None,
        labels=[one.get("label", "") for one in found] if "label" in names else None,
        ids=[one.get("id", -1) for one in found] if "id" in names else None,
        polygons=[one.get("polygon", []) for one in found] if "polygon" in names else None,
        attributes=attributes,
    )
    more: dict[str, Any] = {}
    if "text" in names:
        more["texts"] = tuple(one.get("text", "") for one in found)
    for name, shape in (("corners", (4, 2)), ("keypoints", (-1, 3))):
        if name in names and all(name in one for one in found):
            column = [np.array(one[name], np.float32).reshape(shape) for one in found]
            if len({c.shape for c in column}) == 1:
                more[name] = np.stack(column)
    return replace(objects, **more) if more else objects


def _column(key: str, found: list[Record]) -> Any:  # noqa: ANN401 - numbers or words
    cells = [one.get(key) for one in found]
    known = [cell for cell in cells if cell is not None]
    if all(isinstance(cell, int | float) for cell in known):
        return [np.nan if cell is None else cell for cell in cells]
    return ["" if cell is None else str(cell) for cell in cells]
