"""PNG: every checksum and the compressed data are checked before libpng sees a byte.

libpng reports damage on stderr and passes over some of it (a wrong checksum of a note, a missing
end). So the picture data is inflated here, and libpng gets it uncompressed, which costs little more
than to let it inflate; very big pictures are inflated twice instead of held twice.

A profile is applied and EXIF's orientation too; `gAMA` and `cHRM`, which say roughly what a profile
says exactly, are passed over, as OpenCV does it.

Source: W3C PNG (third edition).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from cvkit.core.values import Image
from cvkit.core.warp import Array, Size
from cvkit.io.codecs import exif
from cvkit.io.codecs.asked import Asked
from cvkit.io.codecs.deflate import inflated
from cvkit.io.codecs.metadata import Metadata, density
from cvkit.io.codecs.stored import decoded, image
from cvkit.io.integrity import bounded, damaged

Bytes = bytes | memoryview

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_GRAY, _RGB, _PALETTE, _GRAY_ALPHA = 0, 2, 3, 4
_GRAYS = (_GRAY, _GRAY_ALPHA)
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2),
           (0, 1, 1, 2))  # fmt: skip  # x, y, step right, step down of Adam7
_NOTES = (b"iCCP", b"eXIf", b"pHYs")
_METRES, _INCH = 1, 0.0254
_MOST_PROFILE = 1 << 24
_MOST_DEFLATED = 1032  # deflate shrinks by no more than this
_HELD = 1 << 28
_STORED = b"\x78\x01"  # a zlib stream that is not compressed
_LAST_BLOCK = b"\x01\x00\x00\xff\xff"


@dataclass(frozen=True, slots=True)
class Header:
    size: Size
    bits: int
    colour: int
    interlaced: bool

    @property
    def raw_size(self) -> int:
        """Bytes of the inflated data: each row of each pass and its filter's number."""
        width, height = self.size
        bits = self.bits * _CHANNELS[self.colour]
        passes = _PASSES if self.interlaced else ((0, 0, 1, 1),)
        total = 0
        for x, y, right, down in passes:
            columns, rows = -(-(width - x) // right), -(-(height - y) // down)
            if columns > 0 and rows > 0:
                total += rows * (1 + -(-columns * bits // 8))
        return total


@dataclass(frozen=True, slots=True)
class _Parts:
    header: Header
    first: memoryview
    palette: memoryview | None
    transparent: memoryview | None
    data: tuple[memoryview, ...]
    notes: Mapping[bytes, memoryview]


def read(data: Bytes, name: str, asked: Asked) -> Image:
    parts = _checked(data, name, asked.max_pixels)
    rows = _inflated(parts, name)
    body = parts.data if rows is None else (rows,)
    array = decoded(_rebuilt(parts, body), name, "PNG", parts.header.size)
    array = _keyed(array, parts)
    array = exif.upright(array, exif.orientation(parts.notes.get(b"eXIf", b"")))
    profile = _profile(parts.notes, asked)
    return image(array, gray=parts.header.colour in _GRAYS, profile=profile, asked=asked)


def _keyed(array: Array, parts: _Parts) -> Array:
    """With alpha where one grey or colour is said to be clear; OpenCV forgets that of greys."""
    clear, header = parts.transparent, parts.header
    samples = {_GRAY: 1, _RGB: 3}.get(header.colour, 0)
    if clear is None or not samples or len(clear) != 2 * samples:
        return array
    key = np.array(struct.unpack(f">{samples}H", clear))[::-1]
    if header.bits < 8:
        key = key * 255 // ((1 << header.bits) - 1)
    planes = array if array.ndim == 3 else array[:, :, None]
    top = np.iinfo(array.dtype).max
    alpha = np.where((planes == key).all(axis=2), 0, top).astype(array.dtype)
    colours = planes if samples == 3 else np.repeat(planes, 3, axis=2)
    return np.dstack([colours, alpha])


def metadata(data: Bytes, name: str, page: int) -> Metadata:
    """Of the picture; `page` is 0."""
    found: dict[bytes, memoryview] = {}
    for kind, body in chunks(data, name):
        if kind in _NOTES:
            found.setdefault(kind, body)
    told = bytes(found.get(b"eXIf", b""))
    dense = exif.density(told)
    if len(size := found.get(b"pHYs", b"")) == 9 and size[8] == _METRES:
        across, down = struct.unpack_from(">II", size)
        dense = density(across, down, _INCH) or dense
    return Metadata(told, _profile(found, Asked()), dense)


def _profile(notes: Mapping[bytes, Bytes], asked: Asked) -> bytes:
    """What iCCP holds: a name, its method, and the profile compressed."""
    _, _, rest = bytes(notes.get(b"iCCP", b"")).partition(b"\0")
    if not rest:
        return b""
    inflate = zlib.decompressobj()
    try:
        profile = inflate.decompress(rest[1:], _MOST_PROFILE)
    except zlib.error:
        profile = b""
    if not profile or not inflate.eof:
        asked.notes.append("its ICC profile is broken: colours left alone")
        return b""
    return profile


def _checked(data: Bytes, name: str, max_pixels: int) -> _Parts:
    """The chunks that make the picture, after all were checked. No pixel memory is taken."""
    header: Header | None = None
    once: dict[bytes, memoryview] = {}
    pieces: list[memoryview] = []
    for kind, body in chunks(data, name):
        if header is None:
            header = _header(kind, body, name)
            bounded(header.size, max_pixels, name)
        if kind == b"IDAT":
            pieces.append(body)
        elif kind in (b"IHDR", b"PLTE", b"tRNS", *_NOTES):
            once.setdefault(kind, body)
    if header is None:
        raise damaged(name, "the PNG has no chunks")
    if header.colour == _PALETTE and b"PLTE" not in once:
        raise damaged(name, "the PNG has no palette")
    if sum(map(len, pieces)) * _MOST_DEFLATED < header.raw_size:
        width, height = header.size
        raise damaged(name, f"the PNG says {width}×{height} but has too little data for that")
    palette, clear = once.get(b"PLTE"), once.get(b"tRNS")
    return _Parts(header, once[b"IHDR"], palette, clear, tuple(pieces), once)


def chunks(data: Bytes, name: str) -> Iterator[tuple[bytes, memoryview]]:
    """Kind and body of each chunk up to IEND, checksums verified."""
    view = memoryview(data)
    at = len(SIGNATURE)
    while at + 12 <= len(view):
        length = int.from_bytes(view[at : at + 4], "big")
        end = at + 12 + length
        kind = bytes(view[at + 4 : at + 8])
        if end > len(view):
            break
        if zlib.crc32(view[at + 4 : end - 4]) != int.from_bytes(view[end - 4 : end], "big"):
            raise damaged(
                name, f"the checksum of PNG chunk {kind.decode('latin-1')} at byte {at} is wrong"
            )
        yield kind, view[at + 8 : end - 4]
        if kind == b"IEND":
            return
        at = end
    raise damaged(name, "the PNG is cut: it ends before its end chunk (IEND)")


def _header(kind: bytes, body: memoryview, name: str) -> Header:
    if kind != b"IHDR" or len(body) != 13:
        raise damaged(name, "the PNG does not begin with its header (IHDR)")
    width, height, bits, colour, method, filters, interlace = struct.unpack(">IIBBBBB", body)
    if bits not in _DEPTHS.get(colour, ()) or method or filters or interlace > 1:
        raise damaged(name, "the PNG's header holds values that do not exist")
    return Header((width, height), bits, colour, bool(interlace))


def _inflated(parts: _Parts, name: str) -> bytes | None:
    """A zlib stream of the same rows, uncompressed; None for a picture too big to hold twice."""
    wanted = parts.header.raw_size
    blocks: list[bytes] | None = [_STORED] if wanted <= _HELD else None
    total, adler = 0, 1
    for piece in inflated(parts.data, name, "the PNG's compressed data"):
        total += len(piece)
        if total > wanted:
            raise damaged(name, "the PNG holds more picture data than its size needs")
        if blocks is not None:
            adler = zlib.adler32(piece, adler)
            blocks += (struct.pack("<BHH", 0, len(piece), len(piece) ^ 0xFFFF), piece)
    if total < wanted:
        raise damaged(name, f"the PNG's picture data ends after {total} of {wanted} bytes")
    if blocks is None:
        return None
    return b"".join([*blocks, _LAST_BLOCK, struct.pack(">I", adler)])


def _rebuilt(parts: _Parts, data: tuple[Bytes, ...]) -> bytes:
    """The picture without notes and profiles, of which libpng would complain on stderr."""
    kept: list[tuple[bytes, Bytes]] = [(b"IHDR", parts.first)]
    if parts.palette is not None:
        kept.append((b"PLTE", parts.palette))
    if parts.transparent is not None and parts.header.colour == _PALETTE:
        entries = len(parts.palette or b"") // 3
        kept.append((b"tRNS", parts.transparent[:entries]))
    kept += [(b"IDAT", body) for body in data]
    out: list[Bytes] = [SIGNATURE]
    for kind, body in (*kept, (b"IEND", b"")):
        out += chunk(kind, body)
    return b"".join(out)


def chunk(kind: bytes, body: Bytes) -> tuple[bytes, bytes, Bytes, bytes]:
    """The pieces of a chunk, in their order."""
    crc = zlib.crc32(body, zlib.crc32(kind))
    return struct.pack(">I", len(body)), kind, body, struct.pack(">I", crc)
