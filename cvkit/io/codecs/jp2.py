"""JPEG 2000, boxed or bare, by OpenCV; by Pillow where channels are halved or are two.

Tile parts must fill the file as they say, to its end marker. 9 to 15 bits are spread over 16.

Source: ISO/IEC 15444-1 annexes A and I.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np

from cvkit.core.errors import OutputError
from cvkit.core.values import Image
from cvkit.core.warp import Array, Size
from cvkit.io.codecs import opencv, pillowed
from cvkit.io.codecs.asked import Asked
from cvkit.io.codecs.boxes import walk
from cvkit.io.codecs.stored import decoded, image, spread
from cvkit.io.integrity import bounded, damaged, unsupported

Bytes = bytes | memoryview

_SIZ, _SOT, _EOC = 0xFF51, 0xFF90, 0xFFD9
_CMYK = 12
_FIVE_HALVINGS = 32  # of a side, as OpenCV always asks for


@dataclass(frozen=True, slots=True)
class _Header:
    size: Size
    bits: int
    channels: int
    plain: bool
    """Whether OpenCV takes it: all channels of one size, one, three or four of them."""


def read(data: Bytes, name: str, asked: Asked) -> Image:
    view = memoryview(data)
    profile, space, promised = b"", 0, b""
    if view[0] != 0xFF:
        view, profile, space, promised = _boxed(view, name)
    header = _siz(view, name, promised)
    bounded(header.size, asked.max_pixels, name)
    if space == _CMYK:
        raise unsupported(name, "JPEG 2000 pictures in CMYK are not read")
    _tile_parts(view, name)
    if not header.plain:
        if header.bits > 8:
            raise unsupported(
                name,
                f"JPEG 2000 pictures of {header.channels} channels of {header.bits} bits are not"
                " read where there are two, or where they differ in size",
            )
        return pillowed.read_as("jp2", data, name, asked)
    array = decoded(data, name, "JPEG 2000", header.size)
    if header.bits not in (8, 16):
        array = spread(np.minimum(array, (1 << header.bits) - 1), (1 << header.bits) - 1)
    return image(array, profile=profile, asked=asked)


def encode(array: Array, fmt: str, *, quality: int | None, binary: bool) -> bytes:
    """Boxed, and every level kept: it is the format for that."""
    if min(array.shape[:2]) >= _FIVE_HALVINGS:
        return opencv.encode(array, fmt, quality=quality, binary=binary)
    if array.dtype == np.uint16 and array.ndim == 3:
        raise OutputError(
            f"{array.shape[1]}×{array.shape[0]} pixels of 16 bits cannot be encoded as JPEG 2000",
            why=f"sides below {_FIVE_HALVINGS} are written in 8 bits or grey only",
            remedy="write PNG or TIFF",
        )
    return pillowed.encode(array, fmt, quality=quality, binary=binary)


def _boxed(view: memoryview, name: str) -> tuple[memoryview, bytes, int, bytes]:
    """The codestream; an ICC profile or nothing; the colour space's number or 0; its header box."""
    profile, space, promised = b"", 0, b""
    stream: memoryview | None = None
    for kind, body in walk(view, name, "JPEG 2000"):
        if kind == b"jp2h":
            for inner, said in walk(body, name, "JPEG 2000"):
                if inner == b"ihdr":
                    promised = bytes(said)
                elif inner == b"colr" and len(said) >= 7 and said[0] == 1:
                    space = int.from_bytes(said[3:7], "big")
                elif inner == b"colr" and len(said) > 3 and said[0] in (2, 3):
                    profile = bytes(said[3:])
        elif kind == b"jp2c" and stream is None:
            stream = body
    if stream is None:
        raise damaged(name, "the JPEG 2000 is cut: it holds no codestream")
    return stream, profile, space, promised


def _siz(stream: memoryview, name: str, promised: bytes) -> _Header:
    try:
        marker, length, _, right, bottom, left, top = struct.unpack_from(">3H4I", stream, 2)
        (channels,) = struct.unpack_from(">H", stream, 40)
        said = [tuple(stream[42 + 3 * i : 45 + 3 * i]) for i in range(channels)]
    except struct.error as error:
        raise damaged(name, "the JPEG 2000 is cut inside its header") from error
    if marker != _SIZ or length != 38 + 3 * channels or not channels or len(said[-1]) != 3:
        raise damaged(name, "its JPEG 2000 header is broken")
    size = (right - left, bottom - top)
    if promised and struct.unpack_from(">IIH", promised) != (size[1], size[0], channels):
        raise damaged(name, "its JPEG 2000 header and data say different sizes")
    if promised and promised[10] != 255 and {one[0] for one in said} != {promised[10]}:
        raise damaged(name, "its JPEG 2000 header and data say different depths")
    depths, steps = {(one[0] & 0x7F) + 1 for one in said}, {one[1:] for one in said}
    if any(one[0] & 0x80 for one in said) or max(depths) > 16:
        raise unsupported(
            name, "JPEG 2000 pictures with signed levels or more than 16 bits are not read"
        )
    if channels > 4:
        raise unsupported(name, f"JPEG 2000 pictures of {channels} channels are not read")
    plain = channels != 2 and steps == {(1, 1)} and len(depths) == 1
    return _Header(size, max(depths), channels, plain)


def _tile_parts(stream: memoryview, name: str) -> None:
    """From marker to marker up to the end of the codestream."""
    at = 2
    while True:
        marker = int.from_bytes(stream[at : at + 2], "big")
        if marker == _EOC:
            return
        if marker < 0xFF00 or at + 4 > len(stream):
            raise damaged(name, "the JPEG 2000 is cut, or its markers are broken")
        length = int.from_bytes(stream[at + 2 : at + 4], "big")
        if marker == _SOT:
            part = int.from_bytes(stream[at + 6 : at + 10], "big")
            if part == 0:  # the last one, to the end of the file
                if bytes(stream[-2:]) != b"\xff\xd9":
                    raise damaged(name, "the JPEG 2000 is cut: it has no end marker")
                return
            length = part - 2
        if length < 2 or at + 2 + length > len(stream):
            raise damaged(name, "the JPEG 2000 is cut inside its data")
        at += 2 + length
