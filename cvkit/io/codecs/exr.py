"""OpenEXR, read and written by OpenCV once its header is known to be sound. Linear light.

OpenCV keeps its OpenEXR switched off, since broken files have crashed it; so the header and the
table of chunks are held against the file first. Of several parts the first is read.

Source: https://openexr.com/en/latest/OpenEXRFileLayout.html
"""

from __future__ import annotations

import os
import struct

from cvkit.core.depths import at_depth
from cvkit.core.errors import OutputError
from cvkit.core.values import Image
from cvkit.core.warp import Array, Size
from cvkit.io.codecs import opencv
from cvkit.io.codecs.asked import Asked
from cvkit.io.codecs.linear import said_of
from cvkit.io.codecs.stored import decoded, image
from cvkit.io.integrity import bounded, damaged, unsupported

Bytes = bytes | memoryview

_SWITCH = "OPENCV_IO_ENABLE_OPENEXR"
_SWITCHED_OFF = f"{_SWITCH}=0 switches OpenEXR off in this environment"
_TILED, _DEEP, _PARTS = 0x200, 0x800, 0x1000
_ROWS = (1, 1, 1, 16, 32, 16, 32, 32, 32, 256)  # of a chunk, by compression
_MOST_SIDE = 1 << 24
_LONGEST = 256


def read(data: Bytes, name: str, asked: Asked) -> Image:
    size = _checked(data, name, asked.max_pixels)
    if not _allowed():
        raise unsupported(name, _SWITCHED_OFF)
    array = decoded(data, name, "OpenEXR", size)
    said_of(array, asked)
    return image(array)


def encode(array: Array, fmt: str, *, quality: int | None, binary: bool) -> bytes:
    """32-bit floats, ZIP: nothing is lost. Integers become 0 to 1."""
    if not _allowed():
        raise OutputError("OpenEXR pictures cannot be written", why=_SWITCHED_OFF)
    return opencv.encode(at_depth(array, "float32"), fmt, quality=quality, binary=binary)


def _allowed() -> bool:
    """OpenCV looks when it first meets the format, so this is early enough."""
    return os.environ.setdefault(_SWITCH, "1") not in ("0", "false", "False")


def _checked(data: Bytes, name: str, max_pixels: int) -> Size:
    (flags,) = struct.unpack_from("<I", data, 4) if len(data) >= 8 else (0,)
    if flags & 0xFF != 2:
        raise damaged(name, f"its OpenEXR header says version {flags & 0xFF}")
    if flags & _DEEP:
        raise unsupported(name, "OpenEXR pictures with several values a pixel (deep) are not read")
    try:
        said, end = _attributes(data, 8)
        left, top, right, bottom = struct.unpack("<4i", said["dataWindow"])
        (compression,) = said["compression"]
    except (struct.error, KeyError, ValueError) as error:
        raise damaged(name, "the OpenEXR is cut or broken inside its header") from error
    size = (right - left + 1, bottom - top + 1)
    bounded(size, max_pixels, name)
    if max(size) > _MOST_SIDE or compression >= len(_ROWS):
        raise damaged(name, f"its OpenEXR header says {size} and compression {compression}")
    if not flags & (_PARTS | _TILED):
        _chunks(data, name, end, size, _ROWS[compression])
    return size


def _attributes(data: Bytes, at: int) -> tuple[dict[str, bytes], int]:
    """By name, and where the header ends. Raises ValueError or struct.error where it is broken."""
    said: dict[str, bytes] = {}
    while data[at : at + 1] != b"\0":
        title, at = _word(data, at)
        _, at = _word(data, at)
        (length,) = struct.unpack_from("<I", data, at)
        body = bytes(data[at + 4 : at + 4 + length])
        if len(body) != length:
            raise ValueError("cut")
        said[title] = body
        at += 4 + length
    return said, at + 1


def _word(data: Bytes, at: int) -> tuple[str, int]:
    word = bytes(data[at : at + _LONGEST])
    end = word.index(0)
    return word[:end].decode("latin-1"), at + end + 1


def _chunks(data: Bytes, name: str, at: int, size: Size, rows: int) -> None:
    """Every chunk of lines that the table names must lie in the file, as long as it says."""
    count = -(-size[1] // rows)
    first = at + 8 * count
    if first > len(data):
        raise damaged(name, "the OpenEXR is cut inside its table of chunks")
    for start in struct.unpack_from(f"<{count}Q", data, at):
        if not first <= start <= len(data) - 8:
            raise damaged(name, "the OpenEXR is cut: chunks are missing")
        (length,) = struct.unpack_from("<I", data, start + 4)
        if start + 8 + length > len(data):
            raise damaged(name, "the OpenEXR is cut inside a chunk")
