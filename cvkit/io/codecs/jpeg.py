"""JPEG: the encoded bytes are the storage, and each view is decoded from them strictly.

The grey view is the stored luma, without a colour ever being made; both views equal OpenCV's
`IMREAD_GRAYSCALE` and `IMREAD_COLOR` bit by bit. Only where a profile says that the numbers are
not sRGB, colours are decoded and converted at once. A file of several pictures (MPO; a phone's
gain map is one too) is its first one.

Source: ITU-T T.81, CIPA DC-007 (several pictures), ICC.1 annex B.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from typing import Literal

import simplejpeg

from cvkit.core.errors import InputError
from cvkit.core.grid import Grid
from cvkit.core.values import Image, Space
from cvkit.core.warp import Array, Size
from cvkit.io.codecs import exif, ifd
from cvkit.io.codecs.asked import Asked
from cvkit.io.codecs.metadata import NOTHING, Metadata, density
from cvkit.io.codecs.stored import image
from cvkit.io.integrity import bounded, damaged, page_out_of, unsupported

Bytes = bytes | memoryview

_SIZES = {0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF}
_DECODED = {0xC0, 0xC1, 0xC2, 0xC9, 0xCA}  # baseline, extended, progressive; Huffman, arithmetic
_BARE = {0x01, *range(0xD0, 0xD8)}
_APP0, _APP1, _APP2, _START_OF_SCAN, _END = 0xE0, 0xE1, 0xE2, 0xDA, 0xD9
_EXIF, _ICC, _SEVERAL, _JFIF = b"Exif\0\0", b"ICC_PROFILE\0", b"MPF\0", b"JFIF\0"
_CMYK = 4
_MP_ENTRIES, _SMALL = 0xB002, 0x01


@dataclass(frozen=True, slots=True)
class Header:
    """What the segments before the first scan say; `size` as stored, not yet turned."""

    size: Size
    channels: int
    orientation: int
    metadata: Metadata = NOTHING
    several: int | None = None
    """Where the index of several pictures lies."""


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
    if asked.page:
        data = _page(data, header, name, asked.page)
        header = header_of(data, name)
    bounded(header.size, asked.max_pixels, name)
    profile = header.metadata.icc
    if profile and not asked.keep_icc and (managed := _managed(data, name, header, asked)):
        return managed
    pixels = JpegPixels(data, name, header)
    picture = Image(Grid.of(pixels.size), pixels)
    if "bgr" in asked.views:
        _ = picture.bgr
    if "gray" in asked.views or not asked.views:
        _ = picture.gray
    return picture


def count(data: Bytes, name: str) -> int:
    """How many pictures the file holds."""
    return len(_starts(data, header_of(data, name)))


def metadata(data: Bytes, name: str, page: int) -> Metadata:
    """Of one of its pictures."""
    header = header_of(data, name)
    header = header_of(_page(data, header, name, page), name) if page else header
    told = header.metadata
    return replace(told, density=told.density or exif.density(told.exif))


def _managed(data: Bytes, name: str, header: Header, asked: Asked) -> Image | None:
    """The picture through its profile; None where that changes nothing."""
    from cvkit.io.codecs import icc  # start-up: most pictures hold none, or sRGB's

    profile = header.metadata.icc
    if icc.is_srgb(profile):
        return None
    if header.channels == _CMYK:
        # Adobe stores ink inverted, and nobody else writes such files.
        ink = 255 - _decoded(data, "CMYK", name)
        array = icc.cmyk_to_srgb(ink, profile, asked)
    elif header.channels == 1:
        array = icc.to_srgb(_decoded(data, "GRAY", name)[:, :, 0], profile, asked)
    else:
        array = icc.to_srgb(_decoded(data, "BGR", name), profile, asked)
    return None if array is None else image(exif.upright(array, header.orientation))


def _page(data: Bytes, header: Header, name: str, page: int) -> Bytes:
    starts = _starts(data, header)
    if page >= len(starts):
        raise page_out_of(name, page, len(starts))
    return memoryview(data)[starts[page] :] if page else data


def _starts(data: Bytes, header: Header) -> list[int]:
    """Where each picture begins; small copies of one are left out."""
    if header.several is None:
        return [0]
    block = memoryview(data)[header.several :]
    order = ifd.order_of(block)
    if order is None:
        return [0]
    try:
        (first,) = struct.unpack_from(f"{order}I", block, 4)
        entries = {e.tag: e for e in ifd.directory(block, first, order)[0]}
        table = ifd.raw(block, entries[_MP_ENTRIES])
        rows = list(struct.iter_unpack(f"{order}IIIHH", table))
    except (struct.error, KeyError):  # a broken note beside a whole picture
        return [0]
    starts = [0]
    for kind, _, offset, *_rest in rows[1:]:
        at = header.several + offset
        if kind >> 16 & 0xFF != _SMALL and bytes(data[at : at + 3]) == b"\xff\xd8\xff":
            starts.append(at)
    return starts


def header_of(data: Bytes, name: str) -> Header:
    """Walk up to the first scan. Raises DamagedError or, for rare kinds, InputError."""
    at = 2
    size: tuple[int, int, int] | None = None
    notes = _Notes()
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
        elif _APP0 <= marker <= _APP2:
            notes.take(marker, body, at + 4)
        at += 2 + length
    if size is None:
        raise damaged(name, "the JPEG ends before it says its size")
    return Header(size[:2], size[2], notes.turned, notes.metadata(), notes.several)


class _Notes:
    """What the application segments say, put together."""

    def __init__(self) -> None:
        self.turned = 1
        self.several: int | None = None
        self._exif = b""
        self._icc: dict[int, bytes] = {}
        self._density: tuple[float, float] | None = None

    def take(self, marker: int, body: memoryview, at: int) -> None:
        if marker == _APP1 and body[:6] == _EXIF and not self._exif:
            self._exif = bytes(body[6:])
            self.turned = exif.orientation(self._exif)
        elif marker == _APP2 and body[:12] == _ICC and len(body) > 14:
            self._icc.setdefault(body[12], bytes(body[14:]))
        elif marker == _APP2 and body[:4] == _SEVERAL and self.several is None:
            self.several = at + 4
        elif marker == _APP0 and body[:5] == _JFIF and len(body) >= 12:
            unit, across, down = struct.unpack_from(">BHH", body, 7)
            self._density = density(across, down, {1: 1.0, 2: 2.54}.get(unit))

    def metadata(self) -> Metadata:
        icc = b"".join(part for _, part in sorted(self._icc.items()))
        return Metadata(self._exif, icc, self._density)


def _frame(marker: int, body: memoryview, name: str) -> tuple[int, int, int]:
    if marker not in _DECODED:
        raise unsupported(name, "lossless and hierarchical JPEG pictures are not read")
    if len(body) < 6:
        raise damaged(name, "the JPEG's frame header is too short")
    if body[0] != 8:
        raise unsupported(name, f"JPEG pictures of {body[0]} bits a channel are not read")
    height, width = int.from_bytes(body[1:3], "big"), int.from_bytes(body[3:5], "big")
    return width, height, body[5]


def _decoded(data: Bytes, space: Literal["BGR", "GRAY", "CMYK"], name: str) -> Array:
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
