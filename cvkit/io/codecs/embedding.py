"""Put metadata into a picture file that is encoded already, without touching its pixels.

JPEG, PNG, WebP and TIFF hold a profile and EXIF; all but WebP hold a density.
"""

from __future__ import annotations

import struct
import zlib

from cvkit.core.warp import Array
from cvkit.io.codecs import exif, ifd, tiff_tags
from cvkit.io.codecs.formats import NAMES
from cvkit.io.codecs.metadata import Metadata

_SEGMENT = 65533
_EXIF, _ICC = b"Exif\0\0", b"ICC_PROFILE\0"
_INCH = 0.0254
_HAS_ICC, _HAS_ALPHA, _HAS_EXIF = 0x20, 0x10, 0x08


def embedded(data: bytes, fmt: str, told: Metadata, array: Array) -> tuple[bytes, list[str]]:
    """The file with what it can hold of `told`, and what a user should know of the rest.

    `array` is what the file shows: EXIF's sizes become its, and a profile of another kind of
    picture is left out.
    """
    from cvkit.io.codecs.icc import fits  # start-up: only where there is something to embed

    notes: list[str] = []
    put = _PUT.get(fmt)
    profile = told.icc if told.icc and fits(told.icc, array) else b""
    if put is None:
        if profile:
            notes.append(f"{NAMES[fmt]} holds no ICC profile: its colours will look wrong")
        if told.exif:
            notes.append(f"{NAMES[fmt]} is written without EXIF: JPEG, PNG, WebP and TIFF keep it")
        return data, notes
    size = array.shape[1], array.shape[0]
    block = exif.cleaned(told.exif, size) if told.exif else b""
    if fmt == "jpeg" and len(block) + len(_EXIF) > _SEGMENT:
        notes.append("its EXIF is too big for a JPEG: left out")
        block = b""
    if not (block or profile or told.density):
        return data, notes
    return put(data, Metadata(block, profile, told.density), size), notes


def _jpeg(data: bytes, told: Metadata, size: tuple[int, int]) -> bytes:
    """Behind JFIF's segment, which OpenCV writes first."""
    at = 4 + int.from_bytes(data[4:6], "big")
    first = bytearray(data[:at])
    if told.density and max(told.density) < 65535.5 and min(told.density) >= 0.5:
        struct.pack_into(">BHH", first, 13, 1, *map(round, told.density))
    segments = [b"\xff\xe1" + _sized(_EXIF + told.exif)] if told.exif else []
    room = _SEGMENT - len(_ICC) - 2
    parts = [told.icc[i : i + room] for i in range(0, len(told.icc), room)]
    for number, part in enumerate(parts, 1):
        segments.append(b"\xff\xe2" + _sized(_ICC + bytes([number, len(parts)]) + part))
    return b"".join([first, *segments, data[at:]])


def _sized(body: bytes) -> bytes:
    return struct.pack(">H", len(body) + 2) + body


def _png(data: bytes, told: Metadata, size: tuple[int, int]) -> bytes:
    """Behind the header, where profiles have to stand."""
    header = 33
    parts = []
    if told.icc:
        parts.append(_chunk(b"iCCP", b"ICC profile\0\0" + zlib.compress(told.icc)))
    if told.density:
        across, down = (min(round(d / _INCH), 0x7FFFFFFF) for d in told.density)
        parts.append(_chunk(b"pHYs", struct.pack(">IIB", across, down, 1)))
    if told.exif:
        parts.append(_chunk(b"eXIf", told.exif))
    return b"".join([data[:header], *parts, data[header:]])


def _chunk(kind: bytes, body: bytes) -> bytes:
    crc = zlib.crc32(body, zlib.crc32(kind))
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", crc)


def _webp(data: bytes, told: Metadata, size: tuple[int, int]) -> bytes:
    """In an extended file: header, profile, picture, EXIF."""
    pictures, alpha = [], False
    at = 12
    while at + 8 <= len(data):
        kind, length = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        body = data[at + 8 : at + 8 + length]
        if kind == b"VP8L":
            alpha |= bool(body[4] & 0x10)
        alpha |= kind == b"ALPH"
        if kind in (b"VP8 ", b"VP8L", b"ALPH"):
            pictures.append(_riff(kind, body))
        at += 8 + length + length % 2
    if not (told.icc or told.exif):
        return data
    flags = _HAS_ICC * bool(told.icc) | _HAS_ALPHA * alpha | _HAS_EXIF * bool(told.exif)
    sides = b"".join((side - 1).to_bytes(3, "little") for side in size)
    parts = [_riff(b"VP8X", bytes([flags, 0, 0, 0]) + sides)]
    parts += [_riff(b"ICCP", told.icc)] if told.icc else []
    parts += pictures
    parts += [_riff(b"EXIF", told.exif)] if told.exif else []
    body = b"WEBP" + b"".join(parts)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _riff(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("<I", len(body)) + body + bytes(len(body) % 2)


def _tiff(data: bytes, told: Metadata, size: tuple[int, int]) -> bytes:
    """The directory is written again at the end; makers' notes cannot move, and stay behind."""
    tags = tiff_tags.all_tags(data)
    about, inner = tiff_tags.tags_of(told.exif)
    tags = {**about, **tags}
    if told.icc:
        tags[34675] = (ifd.UNDEFINED, len(told.icc), told.icc)
    if told.density:
        for tag, value in zip((282, 283), told.density, strict=True):
            tags[tag] = (ifd.RATIONAL, 1, struct.pack("<II", round(value * 1000), 1000))
        tags[296] = (ifd.SHORT, 1, struct.pack("<H", 2))
    return tiff_tags.relaid(data, tags, inner)


_PUT = {"jpeg": _jpeg, "png": _png, "webp": _webp, "tiff": _tiff}
