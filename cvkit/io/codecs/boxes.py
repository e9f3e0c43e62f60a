"""Boxes of ISO's file format: what AVIF, HEIC and JPEG 2000 files are made of.

Cut files are told by boxes and extents that end beyond the file, before a decoder sees them.

Source: ISO/IEC 14496-12 (boxes), 23008-12 (HEIF), 15444-1 annex I (JP2).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from cvkit.core.warp import Size
from cvkit.io.integrity import damaged

_MOST = 4096
"""Boxes, items or properties of a file that are looked at."""


@dataclass(frozen=True, slots=True)
class Item:
    """What the boxes say of the picture that a file shows first."""

    size: Size
    """As stored, not yet turned."""
    bits: int = 8
    orientation: int = 1
    """How it is turned, as EXIF counts."""
    profile: bytes = b""
    """An ICC profile, or nothing."""
    transfer: int = 2
    """Of its light, as ITU-T H.273 counts; 2 is unsaid."""
    kinds: frozenset[bytes] = field(default_factory=frozenset)
    """Its properties by name."""


def walk(view: memoryview, name: str, what: str) -> Iterator[tuple[bytes, memoryview]]:
    """Name and body of each box. Raises DamagedError where one is longer than what holds it."""
    at = 0
    for _ in range(_MOST):
        if at + 8 > len(view):
            return
        length, kind, head = (
            int.from_bytes(view[at : at + 4], "big"),
            bytes(view[at + 4 : at + 8]),
            8,
        )
        if length == 1:
            length, head = int.from_bytes(view[at + 8 : at + 16], "big"), 16
        if length == 0:  # to the end
            length = len(view) - at
        if length < head or at + length > len(view):
            missing = at + length - len(view)
            why = f"{missing} bytes of it are missing" if length >= head else "a box is too short"
            raise damaged(name, f"the {what} is cut or broken: {why}")
        yield kind, view[at + head : at + length]
        at += length


def first_item(data: bytes | memoryview, name: str, what: str) -> Item:
    """The primary item of an AVIF or HEIC file. Raises DamagedError where it is not all there."""
    boxes = _described(data, name, what)
    try:
        number = _primary(boxes[b"pitm"])
        _extents(boxes[b"iloc"], len(data), name, what)
        parts = dict(walk(boxes[b"iprp"], name, what))
        every = list(walk(parts[b"ipco"], name, what))
        chosen = [every[i - 1] for i in _properties(parts[b"ipma"], number)]
        return _item(chosen)
    except (KeyError, IndexError, struct.error) as error:
        raise damaged(name, f"the {what}'s description of its picture is broken") from error


def exif_of(data: bytes | memoryview, name: str, what: str) -> bytes:
    """The EXIF block from its byte order on, or nothing; of several the first."""
    boxes = _described(data, name, what)
    try:
        places = _extents(boxes[b"iloc"], len(data), name, what)
        for kind, body in walk(boxes[b"iinf"][_before_entries(boxes[b"iinf"]) :], name, what):
            number = int.from_bytes(body[4 : 6 if body[0] < 3 else 8], "big")
            at = 8 if body[0] < 3 else 10
            if kind == b"infe" and bytes(body[at : at + 4]) == b"Exif":
                block = b"".join(bytes(data[start:end]) for start, end in places[number])
                return block[4 + int.from_bytes(block[:4], "big") :]
    except (KeyError, IndexError, struct.error):  # a broken note beside a whole picture
        return b""
    return b""


def _before_entries(iinf: memoryview) -> int:
    return 6 if iinf[0] == 0 else 8


def _described(data: bytes | memoryview, name: str, what: str) -> dict[bytes, memoryview]:
    """The boxes in the one that describes the file's items."""
    meta: memoryview | None = None
    for kind, body in walk(memoryview(data), name, what):
        if kind == b"meta" and meta is None:
            meta = body[4:]
    if meta is None:
        raise damaged(name, f"the {what} has no box that describes its picture")
    return dict(walk(meta, name, what))


def _item(properties: list[tuple[bytes, memoryview]]) -> Item:
    said = dict(reversed(properties))
    width, height = struct.unpack_from(">II", said[b"ispe"], 4)
    bits, transfer, profile = 8, 2, b""
    if b"pixi" in said:
        bits = max(said[b"pixi"][5 : 5 + said[b"pixi"][4]], default=8)
    for kind, body in properties:
        if kind == b"colr" and bytes(body[:4]) in (b"prof", b"rICC"):
            profile = bytes(body[4:])
        elif kind == b"colr" and bytes(body[:4]) == b"nclx":
            (transfer,) = struct.unpack_from(">H", body, 6)
    turned = _orientation(said.get(b"irot"), said.get(b"imir"))
    return Item((width, height), bits, turned, profile, transfer, frozenset(said))


def _orientation(irot: memoryview | None, imir: memoryview | None) -> int:
    """EXIF's number for quarter turns counter-clockwise and then a mirroring."""
    turns = irot[0] & 3 if irot else 0
    if not imir:
        return (1, 8, 3, 6)[turns]
    # Axis 0 swaps top and bottom, 1 left and right.
    return ((4, 5, 2, 7), (2, 7, 4, 5))[imir[0] & 1][turns]


def _primary(pitm: memoryview) -> int:
    form = ">H" if pitm[0] == 0 else ">I"
    return int(struct.unpack_from(form, pitm, 4)[0])


def _properties(ipma: memoryview, number: int) -> list[int]:
    """Indices from 1 of the properties of an item."""
    wide = ipma[3] & 1
    (count,) = struct.unpack_from(">I", ipma, 4)
    at = 8
    for _ in range(min(count, _MOST)):
        form = ">H" if ipma[0] < 1 else ">I"
        (item,) = struct.unpack_from(form, ipma, at)
        at += struct.calcsize(form)
        total, at = ipma[at], at + 1
        step = 2 if wide else 1
        if item == number:
            mask = 0x7FFF if wide else 0x7F
            found = (
                int.from_bytes(ipma[at + i * step : at + (i + 1) * step], "big") & mask
                for i in range(total)
            )
            return [index for index in found if index]
        at += total * step
    raise IndexError(number)


def _extents(iloc: memoryview, end: int, name: str, what: str) -> dict[int, list[tuple[int, int]]]:
    """Where each item's pieces begin and end; every piece of every item must lie in the file."""
    places: dict[int, list[tuple[int, int]]] = {}
    version = iloc[0]
    offset, length = iloc[4] >> 4, iloc[4] & 15
    base, index = iloc[5] >> 4, iloc[5] & 15 if version else 0
    numbers = _Numbers(iloc, 6)
    count = numbers.take(4 if version == 2 else 2)
    for _ in islice(range(count), _MOST):
        item = numbers.take(4 if version == 2 else 2)
        places[item] = []
        method = numbers.take(2) & 15 if version else 0
        numbers.take(2)
        start = numbers.take(base)
        for _ in islice(range(numbers.take(2)), _MOST):
            numbers.take(index)
            first = start + numbers.take(offset)
            last = first + numbers.take(length)
            if method == 0:
                places[item].append((first, last))
            if method == 0 and last > end:
                raise damaged(name, f"the {what} is cut: {last - end} bytes are missing")
    return places


class _Numbers:
    """Big-endian numbers one after the other."""

    def __init__(self, view: memoryview, at: int) -> None:
        self._view, self._at = view, at

    def take(self, size: int) -> int:
        if self._at + size > len(self._view):
            raise IndexError(self._at)
        self._at += size
        return int.from_bytes(self._view[self._at - size : self._at], "big")
