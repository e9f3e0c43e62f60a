"""Directories of tags taken apart and laid again: EXIF out of a TIFF page and into one."""

from __future__ import annotations

import struct

from cvkit.io.codecs import ifd

Tags = dict[int, tuple[int, int, bytes]]
"""Kind, count and the bytes of the values in little-endian order, by tag."""

_EXIF, _GPS, _MAKER_NOTE, _DESCRIPTION, _INTEROP = 34665, 34853, 37500, 270, 40965
_RESOLUTION = {282, 283, 296}
_ABOUT = (_DESCRIPTION, 271, 272, *_RESOLUTION, 305, 306, 315, 316, 33432, *range(40091, 40096))
_OF_LAYOUT = (b"{", b"<?xml", b"ImageJ=")
"""Descriptions that programs write for themselves; they would be wrong about a result."""
_UNITS = {3: 2, 4: 4, 5: 4, 8: 2, 9: 4, 10: 4, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_MOST = 1 << 20


def exif_of(data: ifd.Bytes, entries: dict[int, ifd.Entry], order: str) -> bytes:
    """An EXIF block of what a TIFF page says of its picture beside the pixels; maybe nothing."""
    about = _about(_tags(data, list(entries.values()), order))
    inner: dict[int, Tags] = {}
    for tag in (_EXIF, _GPS):
        if tag in entries:
            inner[tag] = _below(data, entries[tag], order)
    if about.keys() <= _RESOLUTION and not any(inner.values()):
        return b""
    return b"II*\0" + struct.pack("<I", 8) + with_inner(about, inner, 8)


def tags_of(exif: bytes) -> tuple[Tags, dict[int, Tags]]:
    """What of an EXIF block a TIFF page takes: its own tags, and those of its inner directories."""
    order = ifd.order_of(exif)
    if order is None:
        return {}, {}
    try:
        (first,) = struct.unpack_from(f"{order}I", exif, 4)
        entries, _ = ifd.directory(exif, first, order)
    except struct.error:
        return {}, {}
    named = {e.tag: e for e in entries}
    inner = {tag: _below(exif, named[tag], order) for tag in (_EXIF, _GPS) if tag in named}
    return _about(_tags(exif, entries, order)), inner


def laid(tags: Tags, at: int, following: int = 0) -> bytes:
    """A little-endian directory for byte `at` of a file, the values that need more room behind."""
    behind = at + 2 + 12 * len(tags) + 4
    fields, values = [], b""
    for tag, (kind, count, body) in sorted(tags.items()):
        field = body.ljust(4, b"\0")
        if len(body) > 4:
            field = struct.pack("<I", behind + len(values))
            values += body + bytes(len(body) % 2)
        fields.append(struct.pack("<HHI", tag, kind, count) + field)
    head = struct.pack("<H", len(tags))
    return head + b"".join(fields) + struct.pack("<I", following) + values


def with_inner(tags: Tags, inner: dict[int, Tags], at: int, following: int = 0) -> bytes:
    """As `laid`, with directories below this one behind it."""
    there = {tag: below for tag, below in inner.items() if below}
    pointers = {tag: (ifd.LONG, 1, bytes(4)) for tag in there}
    start = at + len(laid({**tags, **pointers}, at))
    bodies = []
    for tag, below in there.items():
        pointers[tag] = (ifd.LONG, 1, struct.pack("<I", start))
        bodies.append(laid(below, start))
        start += len(bodies[-1])
    return b"".join([laid({**tags, **pointers}, at, following), *bodies])


def all_tags(data: ifd.Bytes) -> Tags:
    """Of the first page of a TIFF that is whole."""
    order = ifd.order_of(data) or "<"
    (first,) = struct.unpack_from(f"{order}I", data, 4)
    return _tags(data, ifd.directory(data, first, order)[0], order, most=1 << 32)


def parts_of(data: bytes) -> tuple[Tags, dict[int, Tags]]:
    """The tags of a little-endian TIFF of one page, and those of its inner directories."""
    (first,) = struct.unpack_from("<I", data, 4)
    named = {e.tag: e for e in ifd.directory(data, first, "<")[0]}
    inner = {tag: _below(data, named.pop(tag), "<") for tag in (_EXIF, _GPS) if tag in named}
    return _tags(data, list(named.values()), "<", most=1 << 32), inner


def relaid(data: bytes, tags: Tags, inner: dict[int, Tags] | None = None) -> bytes:
    """A little-endian TIFF of one page with another directory, at its end; the old one stays."""
    out = bytearray(data)
    out += bytes(len(out) % 2)  # directories begin at even bytes
    struct.pack_into("<I", out, 4, len(out))
    return bytes(out + with_inner(tags, inner or {}, len(out)))


def _about(tags: Tags) -> Tags:
    about = {tag: tags[tag] for tag in _ABOUT if tag in tags}
    if about.get(_DESCRIPTION, (0, 0, b""))[2].lstrip().startswith(_OF_LAYOUT):
        del about[_DESCRIPTION]
    return about


def _below(data: ifd.Bytes, pointer: ifd.Entry, order: str) -> Tags:
    """An inner directory, without what points into the file that it comes from."""
    try:
        (at,) = ifd.whole(data, pointer, order)
        tags = _tags(data, ifd.directory(data, at, order)[0], order)
    except (struct.error, ValueError):
        return {}
    return {tag: told for tag, told in tags.items() if tag not in (_MAKER_NOTE, _INTEROP)}


def _tags(data: ifd.Bytes, entries: list[ifd.Entry], order: str, most: int = _MOST) -> Tags:
    tags: Tags = {}
    for entry in entries:
        if entry.size > most:
            continue
        try:
            body = ifd.raw(data, entry)
        except struct.error:
            continue
        unit = _UNITS.get(entry.kind, 1)
        if order == ">" and unit > 1:
            body = b"".join(body[i : i + unit][::-1] for i in range(0, len(body), unit))
        tags[entry.tag] = (entry.kind, entry.count, body)
    return tags
