"""What labels hold before they are written: pictures, classes, and what a format has no room for.

Every writer of a data set needs it first: classes are numbered by all of them together.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from cvkit.core.errors import OutputError
from cvkit.io.codecs.formats import ANIMATION_SUFFIXES
from cvkit.io.codecs.sniff import VIDEO_SUFFIXES
from cvkit.results.finding import picture_name, root
from cvkit.results.record import FIELDS, Record

UNNAMED = "object"
"""The class of what has neither a number nor a name."""

_WORDS = {
    "id": "ids", "keypoints": "keypoints", "mask": "bitmaps", "corners": "turned boxes",
    "polygon": "outlines", "text": "texts", "label": "names of classes",
}  # fmt: skip
_FLAGS = ("iscrowd", "difficult", "truncated", "occluded", "ignore")
"""Attributes that say nothing where they are 0."""
_FURTHER = 10_000
"""A class number that is none of a list of classes."""


class Labels:
    """Records of a run or of files, to be read as often as one likes, and their `Classes`."""

    def __init__(self, parts: Sequence[Path], declared: Mapping[int, str] | None = None) -> None:
        """`parts` are files of JSON lines; `declared` are classes by number, found or not."""
        self._parts = list(parts)
        self.classes = Classes(declared or {})
        self.keys: dict[str, int] = {}
        self.notes: list[str] = []
        self.unsized = ""
        """The source of the first box in a picture of unknown size."""
        self.sources: dict[str, int] = {}
        """The highest index of each source."""
        self.numbered = True
        """Whether every picture has a number of its own, as COCO's have."""
        self._numbers: set[int] = set()
        for record in self:
            self._see(record)
        self.classes.settle()

    def __iter__(self) -> Iterator[Record]:
        for part in self._parts:
            with open(part, encoding="utf-8", newline="\n") as lines:
                for line in lines:
                    record = json.loads(line)
                    if "gap" not in record:
                        yield record

    def picture(self, record: Record) -> str:
        """What the picture of this record is called, as a relative path without `..`.

        Raises OutputError for a name that leads elsewhere.
        """
        source = record["source"] or "picture"
        name = record.get("picture")
        if name is None and not self._moves(source):
            name = source if posixpath.splitext(source)[1] else f"{source}.jpg"
        name = posixpath.normpath(name or picture_name(source, record["index"]))
        if name.startswith(("/", "../")) or name in (".", ".."):
            raise OutputError(f"labels of {source} cannot be written", why="it leads elsewhere")
        return name

    def files(self, suffix: str) -> Iterator[tuple[str, str, Record]]:
        """Each record with the path of its own file of this suffix and its picture's name.

        Raises OutputError, before the first, where two pictures would have one file.
        """
        taken: dict[str, str] = {}
        for record in self:
            name = self.picture(record)
            path = f"{root(name)}{suffix}"
            if path in taken:
                raise OutputError(
                    f"{taken[path]} and {name} would both be {path}",
                    remedy="label one of them only, or rename it",
                )
            taken[path] = name
        for (path, name), record in zip(taken.items(), self, strict=True):
            yield path, name, record

    def lost(self, held: Iterable[str], form: str) -> None:
        """Note what `form` has no room for beside these keys."""
        gone = [key for key in self.keys if key not in {"box", *held}]
        own = [_WORDS.get(key, key) for key in gone if key in FIELDS]
        more = [key for key in gone if key not in FIELDS and key != "area"]  # of the outline
        words = own + ([f"attributes ({', '.join(more[:4])}{' …' if more[4:] else ''})"]
                       if more else [])  # fmt: skip
        if words:
            self.notes.append(f"{form} has no room for {', '.join(words)}: left out")

    def _moves(self, source: str) -> bool:
        suffix = posixpath.splitext(source)[1].lower()
        return self.sources[source] > 0 or suffix in {*VIDEO_SUFFIXES, *ANIMATION_SUFFIXES}

    def _see(self, record: Record) -> None:
        source, number = record["source"] or "picture", record.get("number")
        self.sources[source] = max(self.sources.get(source, 0), record["index"])
        self.numbered = self.numbered and type(number) is int and number not in self._numbers
        if type(number) is int:
            self._numbers.add(number)
        if not self.unsized and record.get("objects") and not record.get("size"):
            self.unsized = source
        for one in record.get("objects", ()):
            self.classes.see(one)
            for key, value in one.items():
                if value or key not in _FLAGS:
                    self.keys[key] = self.keys.get(key, 0) + 1


class Classes:
    """Numbers and names of classes, no two alike."""

    def __init__(self, declared: Mapping[int, str]) -> None:
        self.names: dict[int, str] = dict(declared)
        self.declared = bool(declared)
        self._numbers: dict[tuple[int | None, str], int] = {}
        self._by_name: dict[str, int] = {}

    def see(self, one: Record) -> None:
        self._numbers.setdefault(_pair(one), -1)

    def settle(self) -> None:
        """Number what was seen. A number keeps its first name; another one's gets a new number,
        as does a name without number, in the order of the alphabet."""
        later = []
        for number, name in sorted(self._numbers, key=lambda pair: (pair[0] or 0, pair[1])):
            if number is None or (name and self.names.get(number, name) not in (name, "")):
                later.append((number, name))
            else:
                self.names[number] = name or self.names.get(number, "")
                self._numbers[number, name] = number
        self._by_name = {name: n for n, name in reversed(self.names.items()) if name}
        for number, name in later:
            wanted = name or UNNAMED
            if wanted not in self._by_name:
                free = max((n for n in self.names if n < _FURTHER), default=-1) + 1
                self.names[free] = wanted
                self._by_name[wanted] = free
            self._numbers[number, name] = self._by_name[wanted]
        order = list(self.names) if self.declared else sorted(self.names)
        self.names = {n: self.names[n] for n in order}

    def of(self, one: Record) -> int:
        """The number of this object's class."""
        return self._numbers[_pair(one)]

    def name(self, number: int) -> str:
        """Its name, or its number where it has none."""
        return self.names[number] or str(number)

    @property
    def unnamed(self) -> bool:
        """Whether something has neither number nor name."""
        return (None, "") in self._numbers

    def without_gaps(self) -> dict[int, int]:
        """The place of each class in a list: its number, where the list is not much longer than
        they are many. Of a data set's own classes none is added."""
        numbers = list(self.names)
        most = max(numbers, default=0)
        if most < _FURTHER and not self.declared:
            return {number: number for number in numbers}
        if sorted(numbers) == list(range(len(numbers))):
            return {number: number for number in numbers}
        return {number: place for place, number in enumerate(numbers)}


def _pair(one: Record) -> tuple[int | None, str]:
    return one.get("class"), one.get("label", "")
