"""Encode a raster into the bytes of a picture file.

Nothing is lost unasked: a format that cannot hold a depth, a size or a kind refuses it and names
those that can. Alpha alone is laid over a background, which `drops_alpha` foretells.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, Protocol

import numpy as np

from cvkit.core.errors import OutputError, ParameterError
from cvkit.core.values import DEPTHS, Depth, Image, Labels, Mask, Raster
from cvkit.core.warp import Array
from cvkit.io.codecs.formats import FORMATS, NAMES, SUFFIX_FORMAT, WRITE
from cvkit.io.codecs.metadata import NOTHING, Metadata

Color = tuple[int, int, int]
"""Blue, green, red, 0 to 255."""

WHITE: Color = (255, 255, 255)
ARRAYS = ("npy", "npz", "csv")
"""Formats that hold numbers of any kind: labels, depth and flow too."""
_USUAL = ("png", "tiff")
_DEPTH_NAMES = {"uint8": "8-bit", "uint16": "16-bit", "float32": "float"}


class Writer(Protocol):
    """What a module that writes a format has."""

    def encode(self, array: Array, fmt: str, *, quality: int | None, binary: bool) -> bytes:
        """The file of (h, w), (h, w, 3) BGR or (h, w, 4) BGRA in a depth that `fmt` holds.

        `binary` where a mask holds nothing but 0 and 255. Raises OutputError.
        """


def format_of(suffix: str) -> str:
    """The format for a suffix as `.jpg`. Raises OutputError where none is written under it."""
    name = SUFFIX_FORMAT.get(suffix.lower())
    if name is None:
        raise OutputError(
            f"pictures are not written as {suffix or 'files without a suffix'}",
            remedy=f"use {', '.join(sorted(SUFFIX_FORMAT))}",
        )
    return name


def drops_alpha(value: Raster, fmt: str) -> bool:
    """Whether writing `value` as `fmt` lays its alpha over the background."""
    return not FORMATS[fmt].alpha and isinstance(value, Image) and value.alpha is not None


def write_picture(
    value: Raster,
    fmt: str,
    *,
    quality: int | None = None,
    background: Color = WHITE,
    metadata: Metadata = NOTHING,
    notes: list[str] | None = None,
) -> bytes:
    """The file's bytes; `fmt` is one of WRITE, `quality` 1 to 100 for JPEG and WebP.

    `metadata` goes into the file where the format holds it; `notes` takes what a user should know.

    A binary Mask becomes a 1-bit PNG, any other mask is grey; Labels keep their numbers in 8 or 16
    bits. Raises OutputError where the format cannot hold the value, ParameterError for a quality
    that does not exist.
    """
    if fmt not in WRITE:
        raise OutputError(
            f"{NAMES.get(fmt, fmt)} pictures are not written",
            remedy=f"use {_listed(sorted(WRITE))}",
        )
    row = FORMATS[fmt]
    if quality is not None and not 1 <= quality <= 100:
        raise ParameterError(f"quality must be 1 to 100, got {quality}")
    array = _array(value, fmt, background)
    _check_side(array, fmt)
    writer: Any = import_module(f"cvkit.io.codecs.{row.writer}")
    binary = isinstance(value, Mask) and value.binary
    data: bytes = writer.encode(array, fmt, quality=quality or row.quality, binary=binary)
    if metadata:
        from cvkit.io.codecs.embedding import embedded  # start-up: many pictures have none

        data, said = embedded(data, fmt, metadata, array)
        if notes is not None:
            notes += said
    return data


def laid_over(image: Image, background: Color) -> Array:
    """The picture without alpha: (h, w) or (h, w, 3) in its depth, `background` showing through.

    A grey picture stays grey on a grey background.
    """
    alpha = image.alpha
    if alpha is None:
        return image.array
    top = DEPTHS[image.depth]
    flat = len(set(background)) == 1
    below = np.array(background[:1] if flat else background, np.float32) * np.float32(top / 255)
    colours = image.array if flat and image.space == "gray" else image.bgr
    weight = alpha.astype(np.float32) / np.float32(top)
    if colours.ndim == 3:
        weight = weight[:, :, None]
    else:
        below = below[0]
    mixed = below + (colours.astype(np.float32) - below) * weight
    rounded: Array = mixed if image.depth == "float32" else np.rint(mixed).astype(colours.dtype)
    return rounded


def _array(value: Raster, fmt: str, background: Color) -> Array:
    """What OpenCV encodes: one, three or four channels in a depth that `fmt` holds."""
    if isinstance(value, Mask):
        array = value.array
    elif isinstance(value, Image):
        array = _with_alpha(value) if FORMATS[fmt].alpha else laid_over(value, background)
    elif fmt in ARRAYS:
        array = value.array
    elif isinstance(value, Labels):
        array = _numbered(value, fmt)
    elif isinstance(value, Depth) and fmt == "tiff":
        array = value.array
    else:
        kind = type(value).__name__.lower()
        remedy = "write TIFF, or a picture of it" if isinstance(value, Depth) else "draw it first"
        raise OutputError(f"{kind} cannot be written as {NAMES[fmt]}", remedy=remedy)
    if FORMATS[fmt].grey and array.ndim == 3:
        raise OutputError(
            f"a colour picture cannot be written as {NAMES[fmt]}",
            why="it holds one channel only",
            remedy="add gray, or write PNG",
        )
    if array.dtype.name not in FORMATS[fmt].holds and fmt not in ARRAYS:
        _refuse_depth(array.dtype.name, fmt)
    return array


def _with_alpha(image: Image) -> Array:
    if image.alpha is None:
        return image.array
    return np.dstack([image.bgr, image.alpha])


def _numbered(labels: Labels, fmt: str) -> Array:
    if "uint16" not in FORMATS[fmt].holds:
        raise OutputError(
            f"labels cannot be written as {NAMES[fmt]}",
            why="it would change their numbers" if FORMATS[fmt].quality else "",
            remedy="write PNG or TIFF",
        )
    low, high = int(labels.array.min()), int(labels.array.max())
    if low < 0 or high > 65535:
        raise OutputError(
            f"labels from {low} to {high} cannot be written", why="a file holds 0 to 65535"
        )
    return labels.array.astype(np.uint8 if high < 256 else np.uint16)


def _refuse_depth(depth: str, fmt: str) -> None:
    able = [name for name in _USUAL if depth in FORMATS[name].holds]
    raise OutputError(
        f"a {_DEPTH_NAMES.get(depth, depth)} picture cannot be written as {NAMES[fmt]}",
        why=f"it holds {' and '.join(_DEPTH_NAMES[name] for name in FORMATS[fmt].holds)} only",
        remedy=f"add bit-depth, or write {_listed(sorted(able))}",
    )


def _check_side(array: Array, fmt: str) -> None:
    height, width = array.shape[:2]
    most = FORMATS[fmt].side
    if most is not None and max(width, height) > most:
        raise OutputError(
            f"{width}×{height} pixels cannot be written as {NAMES[fmt]}",
            why=f"its sides go up to {most}",
            remedy="write PNG or TIFF, or add resize",
        )


def _listed(formats: list[str]) -> str:
    names = [NAMES[name] for name in formats]
    return " or ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]
