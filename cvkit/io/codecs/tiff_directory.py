"""The pages of a TIFF file: its chain of directories, each held against the file.

Source: TIFF 6.0; Adobe's TIFF technical notes; BigTIFF (AWare Systems).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from cvkit.io.codecs import ifd
from cvkit.io.integrity import damaged, page_out_of

Bytes = bytes | memoryview

_NEW_SUBFILE, _SUBFILE = 254, 255
_REDUCED, _CLEAR, _OLD_REDUCED = 1, 4, 2


@dataclass(frozen=True, slots=True)
class Directory:
    """One page's tags; `order` is "<" or ">", `at` is where the directory lies."""

    data: Bytes
    name: str
    order: str
    at: int
    entries: dict[int, ifd.Entry]

    def many(self, tag: int) -> tuple[int, ...]:
        """Its whole numbers; nothing where it is not there. Raises DamagedError."""
        entry = self.entries.get(tag)
        if entry is None:
            return ()
        try:
            return ifd.whole(self.data, entry, self.order)
        except struct.error as error:
            raise damaged(self.name, f"TIFF tag {tag} is longer than the file") from error

    def one(self, tag: int, default: int) -> int:
        values = self.many(tag)
        return values[0] if values else default

    def raw(self, tag: int) -> bytes:
        """Its bytes; nothing where it is not there, or broken."""
        entry = self.entries.get(tag)
        try:
            return ifd.raw(self.data, entry) if entry is not None else b""
        except struct.error:
            return b""


def directory(data: Bytes, name: str, page: int = 0) -> Directory:
    """Of one page. Raises DamagedError where the directory lies outside, InputError where there is
    no such page."""
    places = list(_pages(data, name))  # to the end: what a cut file has lost is no other page
    if page >= len(places):
        raise page_out_of(name, page, len(places))
    order, big = _form(data)
    try:
        entries, following = ifd.directory(data, places[page], order, big=big)
    except struct.error as error:
        raise _outside(name) from error
    if following > len(data):
        raise damaged(name, "the TIFF is cut: its next directory lies outside the file")
    return Directory(data, name, order, places[page], {e.tag: e for e in entries})


def count_pages(data: Bytes, name: str) -> int:
    """How many pictures there are; small copies and transparency masks of them do not count."""
    return sum(1 for _ in _pages(data, name))


def _pages(data: Bytes, name: str) -> Iterator[int]:
    """Where each page's directory lies; the first one alone where none is a picture."""
    first, found = -1, False
    for at, kind in _chain(data, name):
        first = at if first < 0 else first
        if not kind & (_REDUCED | _CLEAR):
            found = True
            yield at
    if not found and first >= 0:
        yield first


def _chain(data: Bytes, name: str) -> Iterator[tuple[int, int]]:
    """Where each directory lies, and the bits of its NewSubfileType."""
    order, big = _form(data)
    head, count_as, step, word = (8, "Q", 20, "Q") if big else (4, "H", 12, "I")
    seen: set[int] = set()
    spent = 0
    try:
        (at,) = struct.unpack_from(order + word, data, head)
        while at:
            if at in seen:
                raise damaged(name, "the TIFF's directories lead in a circle")
            seen.add(at)
            (count,) = struct.unpack_from(order + count_as, data, at)
            start = at + struct.calcsize(f"={count_as}")
            spent += count * step
            if spent > len(data):
                raise _outside(name)
            yield at, _kind(data, start, count, step, order)
            (at,) = struct.unpack_from(order + word, data, start + count * step)
    except struct.error as error:
        raise _outside(name) from error
    if not seen:
        raise damaged(name, "the TIFF has no directory")


def _kind(data: Bytes, start: int, count: int, step: int, order: str) -> int:
    for place in range(start, start + count * step, step):
        tag, kind = struct.unpack_from(f"{order}HH", data, place)
        if tag > _SUBFILE:  # they are sorted
            return 0
        letter = {ifd.SHORT: "H", ifd.LONG: "I"}.get(kind)
        if letter is None:
            continue
        (value,) = struct.unpack_from(order + letter, data, place + (12 if step == 20 else 8))
        if tag == _NEW_SUBFILE:
            return int(value)
        if tag == _SUBFILE and value == _OLD_REDUCED:
            return _REDUCED
    return 0


def _form(data: Bytes) -> tuple[str, bool]:
    return ("<" if data[:1] == b"I" else ">"), data[2:4] in (b"+\0", b"\0+")


def _outside(name: str) -> Exception:
    return damaged(name, "the TIFF's directory points outside the file")
