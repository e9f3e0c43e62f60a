"""Numbered pictures as one moving input: `seq:DIR`, `seq:f_%05d.png`, `seq:'f_*.png'`.

They follow each other by their numbers, `f_2` before `f_10`, at --fps, 25 frames a second unasked;
a number that is missing takes no time.
"""

from __future__ import annotations

import glob
import math
import os
import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Self

from cvkit.core.errors import InputError
from cvkit.core.time import Time
from cvkit.core.units import Duration
from cvkit.core.values import Image
from cvkit.io.codecs.asked import Asked
from cvkit.io.codecs.formats import PICTURE_SUFFIXES
from cvkit.io.codecs.reading import read_picture
from cvkit.io.integrity import read_bytes

if TYPE_CHECKING:
    from types import TracebackType

    from cvkit.io.sound import Sound
    from cvkit.io.sources.account import Gap

SCHEME = "seq:"
RATE = Fraction(25)
NUMBERED = re.compile(r"%(0\d+)?d")
_WILD = re.compile(r"[*?\[]")


class Numbered:
    """An opened sequence. Iterate it once for (Time, Image)."""

    container = "sequence"

    def __init__(self, text: str, asked: Asked) -> None:
        """Raises InputError where there is no picture, or the first one cannot be read."""
        self._files = files_of(text)
        self._asked = asked
        rate = asked.fps or RATE
        self.rate: Fraction | None = rate
        self.time_base = 1 / rate
        self.aspect = Fraction(1)
        self.gaps: list[Gap] = []
        self.frames_declared: int | None = len(self._files)
        self.duration: float | None = float(len(self._files) / rate)
        self.notes: list[str] = asked.notes
        if missing := _missing([os.path.basename(f) for f in self._files]):
            self.notes.append(f"numbers are missing: {missing}")
        self._first: Image | None = self._read(self._files[0])
        self.size = self._first.size
        self._from = 0

    def begin(self, edge: Duration) -> int:
        """Read no picture before `edge`, in frames or seconds; its number."""
        assert self.rate is not None
        self._from = math.ceil(edge.value if edge.unit == "f" else edge.value * self.rate)
        return min(self._from, len(self._files))

    def length(self) -> tuple[int, Fraction]:
        """How many pictures there are, and when the last one ends, in seconds."""
        return len(self._files), len(self._files) * self.time_base

    @property
    def sound(self) -> Sound | None:
        return None

    def __iter__(self) -> Iterator[tuple[Time, Image]]:
        """Raises InputError where a picture is of another size than the first one."""
        first, self._first = self._first, None
        for number, file in enumerate(self._files):
            if number < self._from:
                continue
            image = first if number == 0 and first is not None else self._read(file)
            first = None
            if image.size != self.size:
                had, has = (f"{w}×{h}" for w, h in (self.size, image.size))
                raise InputError(
                    f"{os.path.basename(file)} is {has}, and the sequence began as {had}",
                    remedy="resize its pictures first",
                )
            yield Time(number, self.time_base, 1), image

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._first = None

    def _read(self, file: str) -> Image:
        name = os.path.basename(file)
        return read_picture(read_bytes(Path(file), name), name, self._asked)


def files_of(text: str) -> list[str]:
    """The pictures of a sequence in their order. Raises InputError where there is none."""
    where = text.removeprefix(SCHEME)
    folder, name = os.path.split(where)
    if os.path.isdir(where):
        found = [
            os.path.join(where, file)
            for file in os.listdir(where)
            if os.path.splitext(file)[1].lower() in PICTURE_SUFFIXES and not file.startswith(".")
        ]
    elif NUMBERED.search(name):
        parts = NUMBERED.split(name)
        digits = [rf"\d{{{int(w)},}}" if w else r"\d+" for w in parts[1::2]]
        literal = [re.escape(p.replace("%%", "%")) for p in parts[::2]]
        pattern = "".join(a + b for a, b in zip(literal, [*digits, ""], strict=True))
        there = os.listdir(folder or ".") if os.path.isdir(folder or ".") else []
        found = [os.path.join(folder, file) for file in there if re.fullmatch(pattern, file)]
    elif _WILD.search(where):
        found = [file for file in glob.glob(where, recursive=True) if os.path.isfile(file)]
    elif not os.path.lexists(where):
        raise InputError(f"{text}: there is no {where}")
    else:
        raise InputError(
            f"{text} names no sequence", remedy="name a folder, seq:f_%05d.png or seq:'f_*.png'"
        )
    if not found:
        raise InputError(f"{text} holds no picture")
    return sorted(found, key=by_number)


def name_of(text: str) -> str:
    """What its results are called: the folder, or the name before the number."""
    where = text.removeprefix(SCHEME)
    folder, name = os.path.split(where)
    if os.path.isdir(where):
        return os.path.basename(os.path.abspath(where))
    start = re.split(r"%|[*?\[]", name)[0].rstrip("_-. ")
    return start or os.path.basename(os.path.abspath(folder)) or "sequence"


def by_number(name: str) -> tuple[list[int | str], str]:
    """A sorting key for which `f_2` comes before `f_10`."""
    parts = re.split(r"(\d+)", name)  # texts and numbers in turn, so like meets like
    return [int(p) if i % 2 else p for i, p in enumerate(parts)], name


def _missing(names: Sequence[str]) -> str:
    """The gaps between the last numbers of names that are alike otherwise."""
    split = [re.match(r"(.*?)(\d+)(\D*)$", name) for name in names]
    if len({(m[1], m[3]) for m in split if m}) != 1 or not all(split):
        return ""
    numbers = sorted({int(m[2]) for m in split if m})
    gaps = [(a + 1, b - 1) for a, b in pairwise(numbers) if b - a > 1]
    shown = [f"{a}" if a == b else f"{a}–{b}" for a, b in gaps[:5]]
    more = f" and {len(gaps) - 5} more gaps" if len(gaps) > 5 else ""
    return ", ".join(shown) + more
