"""MOT Challenge's text: a line a box, of one video.

`frame, id, left, top, width, height, score, class, visibility`; frames and pixels count from 1. In
ground truth the seventh number is 0 for what is to be ignored. In ten columns the last three are
places in the world. A seqinfo.ini beside it, or a folder above, says the name and the size.
Source: Milan et al., MOT16: A Benchmark for Multi-Object Tracking (2016), section 3.3.
"""

from __future__ import annotations

import configparser
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NoReturn

from cvkit.core.errors import InputError
from cvkit.core.warp import Size
from cvkit.results.finding import root
from cvkit.results.folders import below, read_small
from cvkit.results.record import Record
from cvkit.results.scanning import Lines, Scan, Span, Stored
from cvkit.results.stored import FAULTS, check, is_number

_MOST = 1 << 31


@dataclass
class _Way:
    """How this file writes, as all its lines together say."""

    origin: int = 1
    """The number of the first pixel."""
    flags: bool = True
    """Whether the seventh number says what counts, and is no score."""


@dataclass(frozen=True, slots=True)
class _Sequence:
    name: str
    size: Size | None = None
    rate: float = 0


def scan_mot(lines: Lines, path: Path) -> Scan:
    """Raises InputError with the line number."""
    sequence, way = _sequence(path), _Way()
    scan = Scan(lambda lines, span: _read(lines, span, way), objects_only=True, nameless=True)
    least, zero, world = 1.0, False, False
    start = lines.end
    try:
        for line in lines:
            words = _words(line)
            if words:
                frame, (left, top) = _frame(words[0]), (_number(w) for w in words[2:4])
                check(_object(words, way))
                least = min(least, left, top)
                zero = zero or not (left and top)
                way.flags = way.flags and (len(words) < 7 or words[6] in ("0", "1"))
                world = world or (len(words) > 9 and any(w != "-1" for w in words[7:10]))
                time = frame / sequence.rate if sequence.rate else None
                scan.add(sequence.name, frame, (start, lines.end), sequence.size, time)
            start = lines.end
    except FAULTS as error:
        why = "it is not text" if isinstance(error, UnicodeDecodeError) else str(error)[:200]
        raise InputError(f"{path}, line {lines.number} holds no box", why=why) from error
    scan.frames.setdefault(sequence.name, {})
    if zero and least >= 0:
        way.origin = 0
        scan.notes.append(f"{path}: boxes begin at 0, so pixels are counted from 0 there, not 1")
    if world:
        scan.notes.append(f"{path}: places in the world are left out")
    return scan


def scan_mot_folder(folder: Path) -> Scan:
    """A file a video, called as it is. Raises InputError with the file and line."""
    files = below(folder, ".txt")
    if not files:
        raise InputError(f"{folder} holds no tracks", why="it has neither gt/gt.txt nor .txt files")
    scan = Scan(_unread, objects_only=True, stems=True)
    scans: list[Scan] = []
    for number, file in enumerate(files):
        with Lines.of(file) as lines:
            one = scan_mot(lines, file)
        source = root(file.relative_to(folder).as_posix())
        (frames,) = one.frames.values()
        # Spans are of one file each: the first says which.
        scan.frames[source] = {
            index: replace(frame, spans=((number, number), *frame.spans))
            for index, frame in frames.items()
        }
        scans.append(one)
        scan.notes += one.notes

    def rows(frame: Stored, size: Size | None) -> list[Record]:
        (number, _), *spans = frame.spans
        with Lines.of(files[number]) as lines:
            return [one for span in spans for one in scans[number].read(lines, span)]

    scan.rows = rows
    return scan


def _unread(*_: object) -> NoReturn:
    raise AssertionError("files are read one by one")


def _sequence(path: Path) -> _Sequence:
    for folder in (path.absolute().parent, path.absolute().parent.parent):
        file = folder / "seqinfo.ini"
        if file.is_file():
            return _described(file, folder.name)
    folder = path.absolute().parent
    own = path.stem if folder.name not in ("gt", "det") else folder.parent.name
    return _Sequence(own if path.stem not in ("gt", "det", "test") else folder.name or own)


def _described(file: Path, name: str) -> _Sequence:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(read_small(file).decode("utf-8-sig", "replace"))
        told = parser["Sequence"]
        width, height = told.getint("imWidth", 0), told.getint("imHeight", 0)
        rate = told.getfloat("frameRate", 0)
    except (configparser.Error, KeyError, ValueError) as error:
        raise InputError(f"{file} cannot be read", why=str(error).splitlines()[0]) from error
    size = (width, height) if 0 < width < 1 << 20 and 0 < height < 1 << 20 else None
    rate = rate if is_number(rate) and rate > 0 else 0
    return _Sequence(told.get("video") or told.get("name") or name, size, rate)


def _read(lines: Lines, span: Span, way: _Way) -> list[Record]:
    told = (_words(line) for line in lines.between(*span).splitlines())
    return [_object(words, way) for words in told if words]


def _words(line: bytes) -> list[str]:
    text = line.decode()
    return [w.strip() for w in text.split(",")] if "," in text else text.split()


def _object(words: list[str], way: _Way) -> Record:
    if len(words) < 6:
        raise ValueError(f"it has {len(words)} numbers, and a box needs 6")
    track = _number(words[1])
    left, top, width, height = (_number(word) for word in words[2:6])
    if width < 0 or height < 0:
        raise ValueError("its size is below 0")
    x, y = left - way.origin, top - way.origin
    one: Record = {"box": [x, y, x + width, y + height]}
    if not track.is_integer():
        raise ValueError(f"{words[1]:.40} is no id")
    if len(words) > 6:
        score = _number(words[6])
        if not way.flags:
            one["score"] = score
        elif not score:
            one["ignore"] = 1
    if len(words) in (8, 9):
        number = _number(words[7])
        if number.is_integer() and number >= 0:
            one["class"] = int(number)
        if len(words) == 9 and _number(words[8]) != -1:
            one["visibility"] = _number(words[8])
    if track >= 0:
        one["id"] = int(track)
    return one


def _frame(word: str) -> int:
    """From 0."""
    number = _number(word)
    if not number.is_integer() or not 1 <= number < _MOST:
        raise ValueError(f"{word:.40} is no frame: they count from 1")
    return int(number) - 1


def _number(word: str) -> float:
    number = float(word)
    if not is_number(number):
        raise ValueError(f"{word:.40} is no number")
    return number
