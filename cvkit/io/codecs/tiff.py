"""TIFF: the first page, after its directory is held against the file.

The directory says what OpenCV would hide: depths that are no Image, alpha that libtiff would
multiply into the colours, 16-bit pictures whose 0 is white.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np

from cvkit.core.values import DEPTHS, Image
from cvkit.core.warp import Array, Size
from cvkit.io.codecs import exif
from cvkit.io.codecs.asked import Asked
from cvkit.io.codecs.deflate import inflated
from cvkit.io.codecs.stored import decoded, image
from cvkit.io.integrity import bounded, damaged, unsupported

Bytes = bytes | memoryview

_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC = 256, 257, 258, 259, 262
_STRIPS, _ORIENTATION, _SAMPLES, _STRIP_BYTES = 273, 274, 277, 279
_TILES, _TILE_BYTES, _EXTRA, _FORMAT = 324, 325, 338, 339
_WANTED = {_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC, _STRIPS, _ORIENTATION, _SAMPLES,
           _STRIP_BYTES, _TILES, _TILE_BYTES, _EXTRA, _FORMAT}  # fmt: skip
_LETTERS = {1: "B", 3: "H", 4: "I", 16: "Q"}
_MIN_IS_WHITE, _RGB, _CMYK = 0, 2, 5
_CHANNELS = {0: (1,), 1: (1,), 2: (3, 4), 3: (1,), 5: (4,), 6: (3,)}  # by photometric
_DEFLATED = {8, 32946}
_READ_COMPRESSIONS = {1, 2, 3, 4, 5, 6, 7, 8, 32773, 32946}
_UINT, _FLOAT, _VOID = 1, 3, 4
_FORMATS = {_UINT: "unsigned", 2: "signed", _FLOAT: "float", 5: "complex", 6: "complex"}
_ASSOCIATED, _UNASSOCIATED = 1, 2


@dataclass(frozen=True, slots=True)
class Directory:
    """The first page's tags, by number; `order` is "<" or ">". `extra_at`: see `_without_extra`."""

    order: str
    tags: dict[int, tuple[int, ...]]
    extra_at: int | None

    def one(self, tag: int, default: int) -> int:
        values = self.tags.get(tag)
        return values[0] if values else default

    @property
    def size(self) -> Size:
        return self.one(_WIDTH, 0), self.one(_HEIGHT, 0)

    @property
    def alpha(self) -> int | None:
        """How the fourth channel is stored: 0 unsaid, 1 multiplied in, 2 not; None without one."""
        rgba = self.one(_PHOTOMETRIC, 1) == _RGB and self.one(_SAMPLES, 1) == 4
        return self.one(_EXTRA, 0) if rgba else None


def read(data: Bytes, name: str, asked: Asked) -> Image:
    page = directory(data, name)
    bounded(page.size, asked.max_pixels, name)
    _refuse_unread(page, name)
    _check_pixels(page, data, name)
    turned = page.one(_ORIENTATION, 1)
    size = exif.oriented_size(page.size, turned if turned <= 8 else 1)
    array = decoded(_without_extra(page, data), name, "TIFF", size)
    if array.dtype.name not in DEPTHS:
        raise unsupported(name, f"TIFF pictures of {array.dtype} are not read")
    return image(_sensible(array, page))


def directory(data: Bytes, name: str) -> Directory:
    """Of the first page. Raises DamagedError where it or what it names lies outside the file."""
    order = "<" if data[:1] == b"I" else ">"
    big = data[2:4] in (b"+\0", b"\0+")
    at, count_as, entry, word = (8, "Q", 20, "Q") if big else (4, "H", 12, "I")
    try:
        (first,) = struct.unpack_from(order + word, data, at)
        (count,) = struct.unpack_from(order + count_as, data, first)
        start = first + struct.calcsize("=" + count_as)
        (following,) = struct.unpack_from(order + word, data, start + count * entry)
        tags: dict[int, tuple[int, ...]] = {}
        extra_at = None
        for index in range(count):
            where = start + index * entry
            tag, kind, many = struct.unpack_from(f"{order}HH{word}", data, where)
            if tag not in _WANTED or kind not in _LETTERS:
                continue
            letters = f"{order}{many}{_LETTERS[kind]}" if many <= len(data) else None
            if letters is None:
                raise damaged(name, f"TIFF tag {tag} is longer than the file")
            value_at = where + entry - struct.calcsize("=" + word)
            if struct.calcsize(letters) > struct.calcsize("=" + word):
                (value_at,) = struct.unpack_from(order + word, data, value_at)
            elif tag == _EXTRA and kind == 3 and many == 1:
                extra_at = value_at
            tags[tag] = struct.unpack_from(letters, data, value_at)
    except (struct.error, OverflowError) as error:
        raise damaged(name, "the TIFF's directory points outside the file") from error
    if following > len(data):
        raise damaged(name, "the TIFF is cut: its next directory lies outside the file")
    return Directory(order, tags, extra_at)


def _refuse_unread(page: Directory, name: str) -> None:
    """What OpenCV would refuse without a word, or read wrongly."""
    bits, samples = page.one(_BITS, 1), page.one(_SAMPLES, 1)
    form = page.one(_FORMAT, _UINT)
    form = _UINT if form == _VOID else form
    photometric, compression = page.one(_PHOTOMETRIC, 1), page.one(_COMPRESSION, 1)
    if (bits, form) != (32, _FLOAT) and (form != _UINT or bits not in (1, 2, 4, 8, 16)):
        kind = f"{bits}-bit {_FORMATS.get(form, 'unknown')}"
        raise unsupported(
            name,
            f"TIFF pictures of {kind} are not read, only 8- and 16-bit unsigned and 32-bit float",
        )
    if samples not in _CHANNELS.get(photometric, ()) or (photometric == _CMYK and bits != 8):
        raise unsupported(
            name,
            f"TIFF pictures with {samples} channels of {bits} bits (photometric {photometric})"
            " are not read",
        )
    if compression not in _READ_COMPRESSIONS:
        raise unsupported(name, f"TIFF compression {compression} is not read")


def _check_pixels(page: Directory, data: Bytes, name: str) -> None:
    """Strips or tiles lie inside the file, and the checksums of deflated ones hold."""
    at_tag, bytes_tag = (_TILES, _TILE_BYTES) if _TILES in page.tags else (_STRIPS, _STRIP_BYTES)
    starts, counts = page.tags.get(at_tag, ()), page.tags.get(bytes_tag, ())
    if not starts:
        raise damaged(name, "the TIFF does not say where its pixels are")
    ends = [start + count for start, count in zip(starts, counts, strict=False)]
    missing = max(ends, default=0) - len(data)
    if missing > 0:
        raise damaged(name, f"the TIFF is cut: {missing} bytes of its pixels are missing")
    if page.one(_COMPRESSION, 1) not in _DEFLATED:
        return
    view = memoryview(data)
    for start, end in zip(starts, ends, strict=False):
        for _ in inflated([view[start:end]], name, "the TIFF's compressed data"):
            pass  # libtiff stops at the last pixel, before the checksum


def _without_extra(page: Directory, data: Bytes) -> Bytes | bytearray:
    """The file with its alpha called unsaid, so that libtiff leaves the colours as they are."""
    if page.alpha != _UNASSOCIATED or page.extra_at is None:
        return data
    copy = bytearray(data)
    struct.pack_into(f"{page.order}H", copy, page.extra_at, 0)
    return copy


def _sensible(array: Array, page: Directory) -> Array:
    if page.one(_PHOTOMETRIC, 1) == _MIN_IS_WHITE and array.dtype == np.uint16:
        return np.bitwise_not(array)
    if array.ndim == 3 and array.shape[2] == 4 and page.alpha is None:
        return np.ascontiguousarray(array[:, :, :3])  # CMYK comes with an alpha of its own
    return _divided(array) if page.alpha == _ASSOCIATED else array


def _divided(array: Array) -> Array:
    """Colours without the alpha that was multiplied into them."""
    top = DEPTHS[array.dtype.name]
    alpha = array[:, :, 3:].astype(np.float32)
    colours = array[:, :, :3].astype(np.float32) * (top / np.maximum(alpha, 1e-6 * top))
    if array.dtype != np.float32:
        colours = np.clip(np.rint(colours), 0, top)
    colours[alpha[:, :, 0] == 0] = 0
    return np.dstack([colours.astype(array.dtype), array[:, :, 3]])


def with_alpha_said(data: bytes) -> bytes:
    """A TIFF that OpenCV wrote, with its fourth channel named as alpha, which OpenCV leaves out.

    The directory is written again at the end, with the one tag more.
    """
    order = "<" if data[:1] == b"I" else ">"
    (first,) = struct.unpack_from(f"{order}I", data, 4)
    (count,) = struct.unpack_from(f"{order}H", data, first)
    entries = [data[first + 2 + 12 * i : first + 14 + 12 * i] for i in range(count)]
    entries.append(struct.pack(f"{order}HHIHH", _EXTRA, 3, 1, _UNASSOCIATED, 0))
    entries.sort(key=lambda entry: struct.unpack_from(f"{order}H", entry)[0])
    out = bytearray(data)
    out += bytes(len(out) % 2)  # directories begin at even bytes
    struct.pack_into(f"{order}I", out, 4, len(out))
    return bytes(out + struct.pack(f"{order}H", count + 1) + b"".join(entries) + bytes(4))
