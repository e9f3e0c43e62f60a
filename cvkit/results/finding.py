"""Which picture of a data set an input's frame is: names that are spelled in other ways.

Data sets name pictures, and know no videos: a frame of `street.mp4` is `street_00012.jpg` there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

Place = tuple[str, int]
"""A source and an index."""

_FRAME = re.compile(r"(.+)_(\d+)")
_WIDTH = 5
"""Digits of a frame's number as cvkit writes it, from 0; shorter ones are ultralytics', from 1."""


def picture_name(source: str, index: int, suffix: str = ".jpg") -> str:
    """What the picture of a video's frame is called."""
    return f"{root(source)}_{index:0{_WIDTH}d}{suffix}"


def root(name: str) -> str:
    """The name without its suffix."""
    return str(PurePosixPath(name).with_suffix("")) if name else name


class Names:
    """The pictures of a data set by everything that an input may call them."""

    def __init__(self, places: Iterable[Place]) -> None:
        self._by_root: dict[str, Place] = {}
        self._by_last: dict[str, Place | None] = {}
        self._by_number: dict[int, Place | None] = {}
        self._frames: dict[Place, Place] = {}
        found = [(root(source), (source, index)) for source, index in places]
        numbered = [m for name, (_, index) in found if not index and (m := _FRAME.fullmatch(name))]
        first = 1 if any(len(m[2]) < _WIDTH for m in numbered) else 0
        for name, place in found:
            if not place[1]:
                self._by_root.setdefault(name, place)
                last = name.rpartition("/")[2]
                self._by_last[last] = None if last in self._by_last else place
                if last.isdecimal() and len(last) < 19:
                    number = int(last)
                    self._by_number[number] = None if number in self._by_number else place
                if framed := _FRAME.fullmatch(name):
                    self._frames[framed[1], _number(framed[2]) - first] = place
        self._frames_by_last = {(name.rpartition("/")[2], i): p for (name, i), p in
                                self._frames.items()}  # fmt: skip

    def of(self, source: str, index: int) -> Place | None:
        """The picture that this frame of an input is."""
        name = root(source)
        last = name.rpartition("/")[2]
        if not index:
            found = self._by_root.get(name) or self._by_last.get(last)
            if found is None and last.isdecimal() and len(last) < 19:
                found = self._by_number.get(int(last))
            if found is not None:
                return found
        return self._frames.get((name, index)) or self._frames_by_last.get((last, index))


def _number(digits: str) -> int:
    return int(digits[:18])
