"""Where in a results file each frame lies, found in one pass that checks every line."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import IO, Any, NoReturn

from cvkit.core.errors import InputError
from cvkit.core.warp import Size
from cvkit.results.csv import BOX, FRAME
from cvkit.results.jsonl import VERSION
from cvkit.results.record import Record
from cvkit.results.stored import FAULTS, check, is_number

_LONGEST_LINE = 64 << 20
_BOM = b"\xef\xbb\xbf"
Span = tuple[int, int]
State = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Stored:
    """Where the objects of a frame are, and its size and time where the file says them."""

    spans: tuple[Span, ...]
    size: Size | None = None
    time: float | None = None

    def and_at(self, start: int, end: int) -> Stored:
        *earlier, (first, last) = self.spans
        joined = ((first, end),) if last == start else ((first, last), (start, end))
        return Stored((*earlier, *joined), self.size, self.time)


@dataclass
class Scan:
    """Frames by source and index, and how the objects in a span are read.

    `objects_only`: the file does not speak of frames without objects. `pictures`: its sources are
    names of pictures, to be found by `finding.Names`. `nameless`: it is of one input, whichever.
    `stems`: its sources are names without suffix.
    """

    read: Callable[[Lines, Span], list[Record]]
    objects_only: bool = False
    pictures: bool = False
    nameless: bool = False
    stems: bool = False
    rows: Callable[[Stored, Size | None], list[Record]] | None = None
    """How a frame's objects are read where there are several files, for a picture of that size."""
    sized: Callable[[Stored], Size | None] | None = None
    """Where the size of a frame has to be looked up."""
    frames: dict[str, dict[int, Stored]] = field(default_factory=dict)
    classes: dict[int, str] = field(default_factory=dict)
    numbers: dict[tuple[str, int], int] = field(default_factory=dict)
    """COCO's numbers of pictures, by source and index."""
    notes: list[str] = field(default_factory=list)
    models: list[dict[str, str]] = field(default_factory=list)
    """Those with which it was made."""
    _sizes: dict[Size | None, Size | None] = field(default_factory=dict)

    @cached_property
    def by_number(self) -> dict[int, tuple[str, int]]:
        return {number: place for place, number in self.numbers.items()}

    def add_models(self, told: object) -> None:
        """What a file says of models; other things under that name are passed over."""
        for one in told if isinstance(told, list) else ():
            words = isinstance(one, dict) and all(isinstance(w, str) for w in one.values())
            if words and one not in self.models:
                self.models.append(one)

    def size_of(self, frame: Stored) -> Size | None:
        return frame.size if self.sized is None else self.sized(frame)

    def add(
        self, source: str, index: int, span: Span, size: Size | None, time: object = None
    ) -> None:
        frames = self.frames.setdefault(source, {})
        size = self._sizes.setdefault(size, size)  # one tuple for all frames of a size
        known = frames.get(index)
        if known is None:
            frames[index] = Stored((span,), size, float(time) if is_number(time) else None)  # type: ignore[arg-type]
        elif known.size != size:
            raise ValueError(f"{source}, frame {index} has two sizes")
        else:
            frames[index] = known.and_at(*span)


class Lines:
    """A file's lines as bytes, with where they are; use it as a context."""

    def __init__(self, file: IO[bytes], state: State) -> None:
        self.file, self.state = file, state
        self.number = 0
        self.end = len(_BOM) if self.peek(len(_BOM)) == _BOM else 0
        self.file.seek(self.end)

    @classmethod
    def of(cls, path: Path, held: bytes | None = None) -> Lines:
        """Of this file, or of what was held of it. `state` tells a changed file."""
        if held is not None:
            return cls(BytesIO(held), ())
        file = open(path, "rb")  # noqa: SIM115 - closed by the context
        told = os.fstat(file.fileno())
        return cls(file, (told.st_dev, told.st_ino, told.st_size, told.st_mtime_ns))

    def __enter__(self) -> Lines:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def __iter__(self) -> Iterator[bytes]:
        while line := self.file.readline(_LONGEST_LINE):
            self.number += 1
            self.end += len(line)
            if len(line) == _LONGEST_LINE:
                raise ValueError("it is too long")
            yield line

    def starts_with(self, start: bytes) -> bool:
        return self.peek(len(start)) == start

    def between(self, start: int, end: int) -> bytes:
        self.file.seek(start)
        return self.file.read(end - start)

    def peek(self, count: int) -> bytes:
        """So many bytes, which stay to be read."""
        at = self.file.tell()
        found = self.file.read(count)
        self.file.seek(at)
        return found


def scan_jsonl(lines: Lines, name: str) -> Scan:
    """Raises InputError with the line number, and where the file is not ours."""
    scan = Scan(lambda lines, span: _parse_jsonl(lines.between(*span)))
    start, first = lines.end, True
    try:
        for line in lines:
            if line.strip():
                told = _loaded(line)
                if first:
                    check_version(told.get("cvkit") if isinstance(told, dict) else None, name)
                    scan.add_models(told.get("models"))
                first = False
                _scan_record(scan, told, (start, lines.end), name)
            start = lines.end
    except FAULTS as error:
        _bad(name, lines.number, error)
    return scan


def scan_csv(lines: Lines, name: str) -> Scan:
    """Raises InputError with the line number, and where the table is not one of objects."""
    rows = csv.reader((line.decode() for line in lines), strict=True)
    try:
        header = next(rows, [])
    except (ValueError, csv.Error) as error:
        why = "it is not text" if isinstance(error, UnicodeDecodeError) else str(error)
        raise InputError(f"{name} holds no results", why=why) from error
    missing = [column for column in ("source", "index", *BOX) if column not in header]
    if missing:
        raise InputError(f"{name} holds no objects", why=f"it has no column {missing[0]}")
    if len(set(header)) < len(header):
        raise InputError(f"{name} holds no objects", why="it has two columns of one name")
    scan = Scan(lambda lines, span: _parse_csv(lines.between(*span), header), objects_only=True)
    start = lines.end
    try:
        for cells in rows:
            if cells:
                told = _row(cells, header)
                check(_object(told))
                span = start, lines.end
                scan.add(told["source"], int(told["index"]), span, None, _time(told))
            start = lines.end
    except (*FAULTS, csv.Error) as error:
        _bad(name, lines.number, error)
    return scan


def check_version(version: object, name: str) -> None:
    """Raises InputError for a file of another version, or one that says none."""
    if version is None:
        raise InputError(f"{name} is no cvkit results file", why='it does not start with "cvkit"')
    if version != VERSION or isinstance(version, bool):
        raise InputError(
            f"{name} has version {version!r:.20} of cvkit's results",
            why=f"this cvkit reads version {VERSION}",
            remedy="update cvkit",
        )


def only_of_sources(coords: object, name: str) -> None:
    """Raises InputError for coordinates of which nobody knows the picture."""
    if coords != "source":
        raise InputError(
            f"{name} is in the coordinates of output pictures",
            remedy="save results without --coords output to use them again",
        )


def _scan_record(scan: Scan, told: Record, span: Span, name: str) -> None:
    if "gap" in told:  # frames that a damaged input lacks
        return
    size = told.get("size")  # not known of every picture in data sets
    source = told["source"] or ""
    if not isinstance(source, str):
        raise TypeError("source is no text")
    width, height = size if size is not None else (1, 1)
    if not all(type(value) is int for value in (width, height, told["index"])):
        raise TypeError("index and size are whole numbers")
    only_of_sources(told.get("coords", "source"), name)
    for found in told.get("objects", ()):
        check(found)
    size = None if size is None else (width, height)
    scan.add(source, told["index"], span, size, told.get("time"))


def _parse_jsonl(data: bytes) -> list[Record]:
    """The objects of these lines."""
    lines = (line for line in BytesIO(data) if line.strip())
    return [found for line in lines for found in _loaded(line).get("objects", ())]


def _parse_csv(data: bytes, header: list[str]) -> list[Record]:
    rows = csv.reader((line.decode() for line in BytesIO(data)), strict=True)
    return [_object(_row(cells, header)) for cells in rows if cells]


def _loaded(line: bytes) -> Any:  # noqa: ANN401 - what JSON holds
    return json.loads(line, parse_constant=_no_number)


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number")


def _row(cells: list[str], header: list[str]) -> dict[str, str]:
    if len(cells) != len(header):
        raise ValueError(f"there are {len(cells)} cells for {len(header)} columns")
    return dict(zip(header, cells, strict=True))


def _object(row: dict[str, str]) -> Record:
    found: Record = {"box": [float(row[column]) for column in BOX]}
    for key, text in row.items():
        if key not in (*FRAME, *BOX) and text:
            found[key] = text if key in ("label", "text") else cell(text)
    return found


def _time(row: dict[str, str]) -> object:
    return cell(row.get("time", ""))


def cell(text: str) -> str | int | float | bool:
    """What this text of a table means."""
    if text in ("True", "False"):
        return text == "True"
    if text.strip("0123456789.eE+-"):  # Python reads more as a number: 1_000, nan, infinity
        return text
    for form in (int, float):
        try:
            number = form(text)
        except ValueError:
            continue
        return number if is_number(number) else text
    return text


def _bad(name: str, number: int, error: BaseException) -> NoReturn:
    why = f"{error} is missing" if isinstance(error, KeyError) else str(error)
    raise InputError(f"{name}, line {number} holds no result", why=why[:200]) from error
