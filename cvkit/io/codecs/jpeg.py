"""JPEG: the encoded bytes are the storage, and each view is decoded from them strictly.

The grey view is the stored luma, without a colour ever being made; both views equal OpenCV's
`IMREAD_GRAYSCALE` and `IMREAD_COLOR` bit by bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import simplejpeg

from cvkit.core.errors import InputError
from cvkit.core.grid import Grid
from cvkit.core.values import Image, Space
from cvkit.core.warp import Array, Size
from cvkit.io.codecs import exif
from cvkit.io.codecs.asked import Asked
from cvkit.io.integrity import bounded, damaged, unsupported

Bytes = bytes | memoryview

_SIZES = {0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF}
_DECODED = {0xC0, 0xC1, 0xC2, 0xC9, 0xCA}  # baseline, extended, progressive; Huffman, arithmetic
_BARE = {0x01, *range(0xD0, 0xD8)}
_APP1, _START_OF_SCAN, _END = 0xE1, 0xDA, 0xD9


@dataclass(frozen=True, slots=True)
class Header:
    """What the segments before the first scan say; `size` as stored, not yet turned."""

    size: Size
    channels: int
    orientation: int


@dataclass(frozen=True, slots=True)
class JpegPixels:
    """An encoded JPEG. A view raises DamagedError where libjpeg only warns."""

    data: Bytes
    name: str
    header: Header

    @property
    def size(self) -> Size:
        return exif.oriented_size(self.header.size, self.header.orientation)

    @property
    def depth(self) -> str:
        return "uint8"

    @property
    def space(self) -> Space:
        return "gray" if self.header.channels == 1 else "bgr"

    def bgr(self) -> Array:
        return exif.upright(_decoded(self.data, "BGR", self.name), self.header.orientation)

    def gray(self) -> Array:
        luma = _decoded(self.data, "GRAY", self.name)[:, :, 0]
        return exif.upright(luma, self.header.orientation)


def read(data: Bytes, name: str, asked: Asked) -> Image:
    """The picture with `views` decoded; where none is named the grey one, to see any damage."""
    header = header_of(data, name)
    bounded(header.size, asked.max_pixels, name)
    pixels = JpegPixels(data, name, header)
    image = Image(Grid.of(pixels.size), pixels)
    if "bgr" in asked.views:
        _ = image.bgr
    if "gray" in asked.views or not asked.views:
        _ = image.gray
    return image


def header_of(data: Bytes, name: str) -> Header:
    """Walk up to the first scan. Raises DamagedError or, for rare kinds, InputError."""
    at, turned = 2, 1
    size: tuple[int, int, int] | None = None
    while at + 4 <= len(data):
        if data[at] != 0xFF:
            raise damaged(name, f"byte {at} of its JPEG header should begin a segment")
        marker = data[at + 1]
        if marker == 0xFF or marker in _BARE:  # fill, or a marker without a body
            at += 1 if marker == 0xFF else 2
            continue
        if marker in (_START_OF_SCAN, _END):
            break
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        body = memoryview(data)[at + 4 : at + 2 + length]
        if length < 2 or at + 2 + length > len(data):
            raise damaged(name, "the JPEG ends inside its header")
        if marker in _SIZES:
            size = _frame(marker, body, name)
        elif marker == _APP1 and bytes(body[:6]) == b"Exif\0\0" and turned == 1:
            turned = exif.orientation(body[6:])
        at += 2 + length
    if size is None:
        raise damaged(name, "the JPEG ends before it says its size")
    return Header(size[:2], size[2], turned)


def _frame(marker: int, body: memoryview, name: str) -> tuple[int, int, int]:
    if marker not in _DECODED:
        raise unsupported(name, "lossless and hierarchical JPEG pictures are not read")
    if len(body) < 6:
        raise damaged(name, "the JPEG's frame header is too short")
    if body[0] != 8:
        raise unsupported(name, f"JPEG pictures of {body[0]} bits a channel are not read")
    height, width = int.from_bytes(body[1:3], "big"), int.from_bytes(body[3:5], "big")
    return width, height, body[5]


def _decoded(data: Bytes, space: Literal["BGR", "GRAY"], name: str) -> Array:
    try:
        # Plain DCT and upsampling: the fast ones differ from OpenCV's pixels.
        array: Array = simplejpeg.decode_jpeg(
            data, space, fastdct=False, fastupsample=False, strict=True
        )
    except ValueError as error:
        raise _failure(str(error), name) from error
    return array


def _failure(message: str, name: str) -> InputError:
    if "subsampling" in message:
        return unsupported(name, "the JPEG's colour sampling is of a kind that is not read")
    if message.startswith("Premature end"):
        return damaged(name, "the JPEG is cut: it ends before its last pixel or its end marker")
    return damaged(name, f"the JPEG decoder says: {message}")
