"""Directories of tags, as TIFF files and EXIF blocks hold them."""

from __future__ import annotations

import struct
from dataclasses import dataclass

Bytes = bytes | bytearray | memoryview

BYTE, ASCII, SHORT, LONG, RATIONAL, UNDEFINED, IFD = 1, 2, 3, 4, 5, 7, 13
SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4,
         16: 8, 17: 8, 18: 8}  # fmt: skip
"""Bytes of one value, by kind."""
_WHOLE = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 13: "I", 16: "Q", 17: "q", 18: "Q"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One tag: `count` values of `kind` that lie at byte `at`; the entry itself lies at `place`."""

    tag: int
    kind: int
    count: int
    at: int
    place: int

    @property
    def size(self) -> int:
        """Bytes of its values."""
        return self.count * SIZES[self.kind]


def order_of(data: Bytes) -> str | None:
    """The sign of struct for the byte order that the block begins with, or None."""
    return {b"II": "<", b"MM": ">"}.get(bytes(data[:2]))


def directory(data: Bytes, at: int, order: str, *, big: bool = False) -> tuple[list[Entry], int]:
    """The entries of known kinds at byte `at`, and where the next directory lies (0: nowhere).

    Raises struct.error where the directory lies outside; what its entries name may still do so.
    """
    count_as, step, word = ("Q", 20, "Q") if big else ("H", 12, "I")
    inline = struct.calcsize(f"={word}")
    (count,) = struct.unpack_from(order + count_as, data, at)
    start = at + struct.calcsize(f"={count_as}")
    if start + count * step > len(data):
        raise struct.error("a directory is longer than its file")
    entries = []
    for place in range(start, start + count * step, step):
        tag, kind, many = struct.unpack_from(f"{order}HH{word}", data, place)
        if kind not in SIZES:
            continue
        value_at = place + step - inline
        if many * SIZES[kind] > inline:
            (value_at,) = struct.unpack_from(order + word, data, value_at)
        entries.append(Entry(tag, kind, many, value_at, place))
    (following,) = struct.unpack_from(order + word, data, start + count * step)
    return entries, following


def whole(data: Bytes, entry: Entry, order: str) -> tuple[int, ...]:
    """Its values where they are whole numbers, else nothing. Raises struct.error."""
    letter = _WHOLE.get(entry.kind)
    if letter is None:
        return ()
    if entry.at + entry.size > len(data):
        raise struct.error("a tag is longer than its file")
    return struct.unpack_from(f"{order}{entry.count}{letter}", data, entry.at)


def raw(data: Bytes, entry: Entry) -> bytes:
    """The bytes of its values, in the file's order. Raises struct.error."""
    if entry.at + entry.size > len(data):
        raise struct.error("a tag is longer than its file")
    return bytes(data[entry.at : entry.at + entry.size])
