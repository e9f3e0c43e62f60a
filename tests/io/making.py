"""Pictures and picture files made by hand, whole and broken, for tests of reading."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

import cv2
import numpy as np

from cvkit.core.warp import Array

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def photo(width: int = 64, height: int = 48) -> Array:
    """(h, w, 3) uint8: soft ramps and a disc, so that every codec has something to do."""
    y, x = np.mgrid[:height, :width]
    ramps = [255 * x / width, 255 * y / height, 127 + 127 * np.sin(x / 5.0)]
    picture = np.dstack(ramps).astype(np.uint8)
    cv2.circle(picture, (width // 2, height // 2), min(width, height) // 4, (20, 40, 220), -1)
    return picture


def jpeg(picture: Array, *options: int) -> bytes:
    return cv2.imencode(".jpg", picture, list(options))[1].tobytes()


def png(picture: Array) -> bytes:
    return cv2.imencode(".png", picture)[1].tobytes()


def with_orientation(data: bytes, value: int, order: str = "<") -> bytes:
    """A JPEG with an EXIF block that says which way up it is."""
    mark = b"II" if order == "<" else b"MM"
    block = mark + struct.pack(f"{order}HIHHHIHHI", 42, 8, 1, 0x0112, 3, 1, value, 0, 0)
    body = b"Exif\0\0" + block
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + data[2:]


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 8
    while at < len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        yield data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        at += 12 + length


def png_parts(data: bytes) -> tuple[bytes, bytes]:
    """Header and compressed rows of a PNG."""
    parts = list(chunks(data))
    return parts[0][1], b"".join(body for kind, body in parts if kind == b"IDAT")


def png_of(header: bytes, rows: bytes, *between: bytes) -> bytes:
    """A PNG with right checksums, whatever its compressed rows are."""
    middle = b"".join(between) + chunk(b"IDAT", rows)
    return PNG_SIGNATURE + chunk(b"IHDR", header) + middle + chunk(b"IEND", b"")


def flipped(data: bytes, at: int, mask: int = 0x04) -> bytes:
    copy = bytearray(data)
    copy[at] ^= mask
    return bytes(copy)


def tiff(
    picture: Array,
    photometric: int,
    *,
    extra: int | None = None,
    sample_format: int = 1,
    orientation: int | None = None,
    deflate: bool = False,
) -> bytes:
    """A little-endian TIFF of one strip."""
    height, width = picture.shape[:2]
    samples = 1 if picture.ndim == 2 else picture.shape[2]
    pixels = np.ascontiguousarray(picture).tobytes()
    pixels = zlib.compress(pixels) if deflate else pixels
    tags = {
        256: ("I", [width]),
        257: ("I", [height]),
        258: ("H", [picture.itemsize * 8] * samples),
        259: ("H", [8 if deflate else 1]),
        262: ("H", [photometric]),
        273: ("I", [8]),
        277: ("H", [samples]),
        278: ("I", [height]),
        279: ("I", [len(pixels)]),
        339: ("H", [sample_format] * samples),
    }
    if extra is not None:
        tags[338] = ("H", [extra])
    if orientation is not None:
        tags[274] = ("H", [orientation])
    pixels += bytes(len(pixels) % 2)
    beside = 8 + len(pixels)
    entries, outside = b"", b""
    for tag, (letter, values) in sorted(tags.items()):
        body = struct.pack(f"<{len(values)}{letter}", *values)
        if len(body) > 4:
            outside, body = outside + body, struct.pack("<I", beside + len(outside))
        kind = {"H": 3, "I": 4}[letter]
        entries += struct.pack("<HHI", tag, kind, len(values)) + body.ljust(4, b"\0")
    head = b"II*\0" + struct.pack("<I", beside + len(outside))
    return head + pixels + outside + struct.pack("<H", len(tags)) + entries + bytes(4)
