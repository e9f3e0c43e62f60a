"""EXIF blocks: which way up a picture is, found and applied; and the block as results carry it.

A block is changed where it stands and never built anew, since makers' notes point into it.

Source: CIPA DC-008 (EXIF 3.0).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

import cv2

from cvkit.core.warp import Array, Size
from cvkit.io.codecs import ifd, metadata

_WIDTH, _HEIGHT, _ORIENTATION = 0x0100, 0x0101, 0x0112
_ACROSS, _DOWN, _UNIT = 0x011A, 0x011B, 0x0128
_EXIF, _MAKER_NOTE, _EXIF_WIDTH, _EXIF_HEIGHT = 0x8769, 0x927C, 0xA002, 0xA003
_SMALL = ((0x0201, 0x0202), (0x0111, 0x0117))  # where a thumbnail lies and how long it is
_INCHES = {2: 1.0, 3: 2.54}
_JPEG = b"\xff\xd8\xff"


def orientation(tiff: bytes | memoryview) -> int:
    """1 to 8 from the body of an EXIF block (after `Exif\\0\\0`); 1 where it says none."""
    for entry, value in _said(tiff):
        if entry.tag == _ORIENTATION:
            return value if entry.kind == ifd.SHORT and 1 <= value <= 8 else 1
    return 1


def density(tiff: bytes) -> tuple[float, float] | None:
    """Pixels an inch, across and down, where the block says them."""
    if not tiff:
        return None
    found: dict[int, float] = {}
    unit = 2
    for entry, value in _said(tiff):
        if entry.tag in (_ACROSS, _DOWN) and entry.kind == ifd.RATIONAL and entry.count == 1:
            found[entry.tag] = rational(tiff, entry, ifd.order_of(tiff) or "<")
        elif entry.tag == _UNIT:
            unit = value
    return metadata.density(found.get(_ACROSS, 0), found.get(_DOWN, 0), _INCHES.get(unit))


def rational(data: ifd.Bytes, entry: ifd.Entry, order: str) -> float:
    """The value of a fraction; 0 where it is none."""
    try:
        above, below = struct.unpack_from(f"{order}II", data, entry.at)
    except struct.error:
        return 0.0
    return float(above / below) if below else 0.0


def oriented_size(size: Size, value: int) -> Size:
    return (size[1], size[0]) if value >= 5 else size


def upright(array: Array, value: int) -> Array:
    """The picture as it should be seen, for an orientation 1 to 8."""
    if value in (5, 7):
        array = cv2.transpose(array)
    flips = {2: 1, 4: 0, 7: -1}
    turns = {3: cv2.ROTATE_180, 6: cv2.ROTATE_90_CLOCKWISE, 8: cv2.ROTATE_90_COUNTERCLOCKWISE}
    if value in flips:
        return cv2.flip(array, flips[value])
    return cv2.rotate(array, turns[value]) if value in turns else array


def cleaned(tiff: bytes, size: Size) -> bytes:
    """The block for an upright picture of `size`: right sizes, and no small copy of the old one.

    A maker's note that holds a JPEG goes with it. Nothing where the block is broken.
    """
    order, block = ifd.order_of(tiff), bytearray(tiff)
    if order is None:
        return b""
    try:
        (first,) = struct.unpack_from(f"{order}I", block, 4)
        entries, second = ifd.directory(block, first, order)
        end = _without_thumbnail(block, first, second, order)
        for entry in entries:
            _corrected(block, entry, order, size)
            if entry.tag == _EXIF and entry.kind in (ifd.LONG, ifd.IFD) and entry.count == 1:
                (at,) = ifd.whole(block, entry, order)
                for inner in ifd.directory(block, at, order)[0]:
                    _corrected(block, inner, order, size)
                _without_preview(block, at, order)
    except struct.error:
        return b""
    return bytes(block[:end])


def _said(tiff: bytes | memoryview) -> Iterator[tuple[ifd.Entry, int]]:
    """Tags of the first directory, each with its first whole number or 0; none where broken."""
    order = ifd.order_of(tiff)
    if order is None:
        return
    try:
        (first,) = struct.unpack_from(f"{order}I", tiff, 4)
        entries = ifd.directory(tiff, first, order)[0]
    except struct.error:  # a broken note beside a whole picture
        return
    for entry in entries:
        try:
            values = ifd.whole(tiff, entry, order) if entry.count == 1 else ()
        except struct.error:
            continue
        yield entry, values[0] if values else 0


def _corrected(block: bytearray, entry: ifd.Entry, order: str, size: Size) -> None:
    wanted = {
        _ORIENTATION: 1, _WIDTH: size[0], _EXIF_WIDTH: size[0], _HEIGHT: size[1],
        _EXIF_HEIGHT: size[1],
    }.get(entry.tag)  # fmt: skip
    if wanted is None or entry.count != 1 or entry.kind not in (ifd.SHORT, ifd.LONG):
        return
    if wanted > 0xFFFF and entry.kind == ifd.SHORT:  # the field has room for the longer kind
        struct.pack_into(f"{order}H", block, entry.place + 2, ifd.LONG)
        struct.pack_into(f"{order}I", block, entry.place + 8, wanted)
    else:
        letter = "H" if entry.kind == ifd.SHORT else "I"
        struct.pack_into(order + letter, block, entry.place + 8, wanted)


def _without_thumbnail(block: bytearray, first: int, second: int, order: str) -> int:
    """Unlink the second directory and blank what it shows; how much of the block is left."""
    if not second:
        return len(block)
    (count,) = struct.unpack_from(f"{order}H", block, first)
    struct.pack_into(f"{order}I", block, first + 2 + 12 * count, 0)
    end = len(block)
    try:
        found = {e.tag: ifd.whole(block, e, order) for e in ifd.directory(block, second, order)[0]}
    except struct.error:
        return end
    for start_tag, length_tag in _SMALL:
        starts, lengths = found.get(start_tag, ()), found.get(length_tag, ())
        for start, length in zip(starts, lengths, strict=False):
            stop = min(start + length, len(block))
            block[start:stop] = bytes(max(stop - start, 0))
            if start < end and stop >= len(block) - 1:  # nothing follows it
                end = start
    return end


def _without_preview(block: bytearray, at: int, order: str) -> None:
    """Take a maker's note out of the directory at `at` where it holds a picture."""
    entries, _ = ifd.directory(block, at, order)
    note = next((e for e in entries if e.tag == _MAKER_NOTE), None)
    if note is None or note.size <= 4 or _JPEG not in block[note.at : note.at + note.size]:
        return
    block[note.at : note.at + note.size] = bytes(note.size)
    (count,) = struct.unpack_from(f"{order}H", block, at)
    last = at + 2 + 12 * count + 4  # with the pointer to the next directory
    moved = block[note.place + 12 : last]
    block[note.place : last] = moved + bytes(12)
    struct.pack_into(f"{order}H", block, at, count - 1)
