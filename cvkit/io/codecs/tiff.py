"""TIFF: every page, after its directory and all that it names were held against the file.

Unsigned numbers of up to 8 bits become 8 bits and of up to 16 become 16, full where they were full;
floats of 16 to 64 bits become float32 as they are: 0 to 1 is black to white, and values outside are
kept and said. Ink (CMYK) becomes sRGB, by its profile or by the plain formula.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import cv2
import numpy as np

from cvkit.core.values import DEPTHS, Image
from cvkit.core.warp import Array, Size
from cvkit.io.codecs import exif, ifd, tiff_segments, tiff_tags
from cvkit.io.codecs.asked import Asked
from cvkit.io.codecs.metadata import Metadata, density
from cvkit.io.codecs.stored import decoded, image, spread
from cvkit.io.codecs.tiff_directory import Directory, count_pages, directory
from cvkit.io.integrity import bounded, damaged, unsupported

Bytes = bytes | memoryview

_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC = 256, 257, 258, 259, 262
_ORIENTATION, _SAMPLES, _COLOURS, _EXTRA, _FORMAT, _PROFILE = 274, 277, 320, 338, 339, 34675
_ACROSS, _DOWN, _UNIT = 282, 283, 296
_WHITE_IS_ZERO, _GREY, _RGB, _PALETTE, _CMYK, _YCBCR = 0, 1, 2, 3, 5, 6
_CHANNELS = {_WHITE_IS_ZERO: 1, _GREY: 1, _RGB: 3, _PALETTE: 1, _CMYK: 4, _YCBCR: 3}
_NAMES = {4: "a mask", 8: "CIE L*a*b*", 9: "ICC L*a*b*", 10: "ITU L*a*b*", 32803: "a sensor's"
          " mosaic", 32844: "LogL", 32845: "LogLuv", 34892: "linear raw"}  # fmt: skip
_UINT, _FLOAT, _VOID = 1, 3, 4
_FORMATS = {_UINT: "unsigned", 2: "signed", _FLOAT: "float", 5: "complex", 6: "complex"}
_UNSIGNED_BITS, _FLOAT_BITS = (1, 2, 4, 8, 10, 12, 14, 16), (16, 32, 64)
_ASSOCIATED, _UNASSOCIATED = 1, 2
_OLD_JPEG = 6
_MOST_EXTRA = 8


@dataclass(frozen=True, slots=True)
class _Kind:
    """What the numbers of a page mean."""

    photometric: int
    samples: int
    bits: int
    letter: str
    compression: int
    alpha: int | None
    """Which channel after the colours it is."""
    multiplied: bool

    @property
    def colours(self) -> int:
        return _CHANNELS[self.photometric]

    @property
    def by_opencv(self) -> bool:
        """Old JPEG, and YCbCr that is no JPEG: rare, and right in OpenCV where it has 8 bits."""
        ycc = self.photometric == _YCBCR and self.compression != tiff_segments.JPEG
        return self.compression == _OLD_JPEG or ycc


def read(data: Bytes, name: str, asked: Asked) -> Image:
    """The picture of `asked.page`."""
    page = directory(data, name, asked.page)
    size = page.one(_WIDTH, 0), page.one(_HEIGHT, 0)
    bounded(size, asked.max_pixels, name)
    kind = _kind(page)
    profile = page.raw(_PROFILE)
    if kind.by_opencv:
        return image(_by_opencv(page, size), profile=profile, asked=asked)
    layout = tiff_segments.Layout.of(page, size, kind.samples, kind.bits, kind.letter)
    array = _shown(tiff_segments.samples(layout), page, kind, asked)
    _note_what_is_odd(array, kind, asked)
    array = exif.upright(array, page.one(_ORIENTATION, 1))
    gray = kind.photometric in (_WHITE_IS_ZERO, _GREY)
    profile = b"" if kind.photometric == _CMYK else profile
    return image(array, gray=gray, profile=profile, asked=asked)


def count(data: Bytes, name: str) -> int:
    """How many pictures the file holds; small copies of them do not count."""
    return count_pages(data, name)


def metadata(data: Bytes, name: str, page: int) -> Metadata:
    """Of one page."""
    told = directory(data, name, page)
    block = tiff_tags.exif_of(data, told.entries, told.order)
    return Metadata(block, told.raw(_PROFILE), _density(told))


def _density(page: Directory) -> tuple[float, float] | None:
    scale = {2: 1.0, 3: 2.54}.get(page.one(_UNIT, 2))
    sides = [
        exif.rational(page.data, page.entries[tag], page.order)
        for tag in (_ACROSS, _DOWN)
        if tag in page.entries and page.entries[tag].kind == ifd.RATIONAL
    ]
    return density(sides[0], sides[1], scale) if len(sides) == 2 else None


def _kind(page: Directory) -> _Kind:
    """Raises InputError for what is not read."""
    name, samples = page.name, page.one(_SAMPLES, 1)
    bits, form = page.many(_BITS) or (1,), page.one(_FORMAT, _UINT)
    form = _UINT if form == _VOID else form
    compression = page.one(_COMPRESSION, 1)
    photometric = page.one(_PHOTOMETRIC, _GREY if samples < 3 else _RGB)
    able = {_UINT: _UNSIGNED_BITS, _FLOAT: _FLOAT_BITS}.get(form, ())
    if len(set(bits)) > 1 or bits[0] not in able:
        what = f"{'/'.join(map(str, dict.fromkeys(bits)))}-bit {_FORMATS.get(form, 'unknown')}"
        raise unsupported(
            name, f"TIFF pictures of {what} are not read, only up to 16-bit unsigned and float"
        )
    if photometric not in _CHANNELS:
        what = _NAMES.get(photometric, f"photometric kind {photometric}")
        raise unsupported(name, f"TIFF pictures of {what} are not read")
    extra = samples - _CHANNELS[photometric]
    if not 0 <= extra <= _MOST_EXTRA or (photometric == _PALETTE and (extra or bits[0] > 8)):
        raise unsupported(
            name,
            f"TIFF pictures with {samples} channels of {bits[0]} bits (photometric {photometric})"
            " are not read",
        )
    alpha, multiplied = _alpha(page, photometric, extra)
    letter = "f" if form == _FLOAT else "u"
    kind = _Kind(photometric, samples, bits[0], letter, compression, alpha, multiplied)
    _check_compression(kind, name)
    return kind


def _alpha(page: Directory, photometric: int, extra: int) -> tuple[int | None, bool]:
    """Which extra channel is alpha, and whether it is multiplied into the colours."""
    said = page.many(_EXTRA)[:extra]
    for number, what in enumerate(said):
        if what in (_ASSOCIATED, _UNASSOCIATED):
            return number, what == _ASSOCIATED
    # OpenCV writes alpha without saying that it is.
    return (0 if photometric == _RGB and extra == 1 else None), False


def _check_compression(kind: _Kind, name: str) -> None:
    known = tiff_segments.COMPRESSIONS
    fits = kind.bits == 8 or kind.compression != tiff_segments.JPEG
    if kind.compression in tiff_segments.FAX:
        fits = kind.bits == kind.samples == 1
    if kind.by_opencv:
        fits = kind.bits == 8 and kind.samples in (1, 3)
        known = frozenset((1, 5, _OLD_JPEG, *tiff_segments.DEFLATE, tiff_segments.PACKBITS))
    if kind.compression not in known or not fits:
        raise unsupported(
            name,
            f"TIFF compression {kind.compression} of {kind.samples} channels of {kind.bits} bits"
            " is not read",
        )


def _shown(samples: Array, page: Directory, kind: _Kind, asked: Asked) -> Array:
    """(h, w, 1), (h, w, 3) BGR or (h, w, 4) BGRA of the file's channels."""
    numbers = _full(samples, kind)
    if kind.photometric == _PALETTE:
        return _looked_up(samples, page)
    colours = numbers[:, :, : kind.colours]
    if kind.photometric == _WHITE_IS_ZERO:
        colours = (DEPTHS[colours.dtype.name] - colours).astype(colours.dtype)
    elif kind.photometric == _CMYK:
        colours = _from_ink(colours, page.raw(_PROFILE), asked)
    elif kind.colours == 3:
        if kind.alpha == 0 and kind.samples == 4 and not kind.multiplied:
            return np.asarray(cv2.cvtColor(numbers, cv2.COLOR_RGBA2BGRA))
        colours = cv2.cvtColor(np.ascontiguousarray(colours), cv2.COLOR_RGB2BGR)
    if kind.alpha is None:
        return colours
    alpha = numbers[:, :, kind.colours + kind.alpha]
    colours = _divided(colours, alpha) if kind.multiplied else colours
    return np.dstack([np.broadcast_to(colours, (*colours.shape[:2], 3)), alpha])


def _full(samples: Array, kind: _Kind) -> Array:
    """In a depth of ours: uint8, uint16 or float32."""
    if kind.letter == "f":
        return samples.astype(np.float32, copy=False)
    return samples if kind.photometric == _PALETTE else spread(samples, (1 << kind.bits) - 1)


def _looked_up(indices: Array, page: Directory) -> Array:
    table: Array = np.array(page.many(_COLOURS), np.uint32)
    entries = len(table) // 3
    if not entries or int(indices.max()) >= entries:
        raise damaged(page.name, "the TIFF's palette is too short")
    # Old writers put 8-bit numbers where 16 bits belong.
    table = table if table.max() < 256 else table >> 8
    colours = table[: 3 * entries].reshape(3, entries).T[:, ::-1].astype(np.uint8)
    return np.ascontiguousarray(colours)[indices[:, :, 0]]


def _from_ink(ink: Array, profile: bytes, asked: Asked) -> Array:
    """(h, w, 3) BGR of (h, w, 4) cyan, magenta, yellow, black, where the most is full ink."""
    if profile:
        from cvkit.io.codecs.icc import cmyk_to_srgb

        eight = ink if ink.dtype == np.uint8 else None
        if eight is None:
            top = DEPTHS[ink.dtype.name]
            eight = np.rint(np.clip(ink / top, 0, 1) * 255).astype(np.uint8)
        made = cmyk_to_srgb(eight, profile, asked)
        if made is not None:
            if ink.dtype != np.uint8:
                asked.notes.append(f"its {ink.dtype} ink went through its profile in 8 bits")
            return made
    if ink.dtype == np.float32:
        made = (1 - ink[:, :, 2::-1]) * (1 - ink[:, :, 3:])
    else:
        top = np.iinfo(ink.dtype).max
        light = (top - ink).astype(np.uint32)
        made = light[:, :, 2::-1] * light[:, :, 3:] // top
    return np.ascontiguousarray(made.astype(ink.dtype))


def _divided(colours: Array, alpha: Array) -> Array:
    """Colours without the alpha that was multiplied into them."""
    top = DEPTHS[colours.dtype.name]
    weight = alpha.astype(np.float32)[:, :, None]
    divided = colours.astype(np.float32) * (top / np.maximum(weight, 1e-6 * top))
    if colours.dtype != np.float32:
        divided = np.clip(np.rint(divided), 0, top)
    divided[alpha == 0] = 0
    whole: Array = divided.astype(colours.dtype)
    return whole


def _note_what_is_odd(array: Array, kind: _Kind, asked: Asked) -> None:
    left = kind.samples - kind.colours - (kind.alpha is not None)
    if left:
        asked.notes.append(f"it has {left} more channel{'s' * (left > 1)}, left out")
    if array.dtype == np.float32 and not (array.min() >= 0 and array.max() <= 1):
        low, high = np.nanmin(array), np.nanmax(array)
        asked.notes.append(
            f"its floats go from {low:g} to {high:g}, and are kept: 0 is black and 1 white"
        )


def _by_opencv(page: Directory, size: Size) -> Array:
    turned = page.one(_ORIENTATION, 1)
    size = exif.oriented_size(size, turned if turned <= 8 else 1)
    big = page.data[2:4] in (b"+\0", b"\0+")
    copy = bytearray(page.data)
    struct.pack_into(page.order + ("Q" if big else "I"), copy, 8 if big else 4, page.at)
    return decoded(copy, page.name, "TIFF", size)


def with_alpha_said(data: bytes) -> bytes:
    """A TIFF that OpenCV wrote, with its fourth channel named as alpha, which OpenCV leaves out."""
    tags = tiff_tags.all_tags(data)
    tags[_EXTRA] = (ifd.SHORT, 1, struct.pack("<H", _UNASSOCIATED))
    return tiff_tags.relaid(data, tags)
