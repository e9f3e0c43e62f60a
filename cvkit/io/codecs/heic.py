"""HEIC, by libheif (extra heic): upright, its colour profile applied, deep pictures in 16 bits.

Of several pictures the one that the file names first; depth maps and bursts are passed over.
"""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from cvkit.core.errors import DamagedError
from cvkit.core.values import Image
from cvkit.core.warp import Array
from cvkit.io.codecs import exif, extras
from cvkit.io.codecs.asked import Asked
from cvkit.io.codecs.avif import say_transfer
from cvkit.io.codecs.boxes import exif_of, first_item
from cvkit.io.codecs.metadata import Metadata
from cvkit.io.codecs.stored import image
from cvkit.io.integrity import bounded, damaged

Bytes = bytes | memoryview

_BROKEN = (ValueError, OSError, RuntimeError, SyntaxError, EOFError, LookupError)


def read(data: Bytes, name: str, asked: Asked) -> Image:
    heif = extras.load("heic")
    item = first_item(data, name, "HEIC")
    bounded(item.size, asked.max_pixels, name)
    array = _decoded(_opened(heif, data, name), name)
    say_transfer(item, asked)
    if array.ndim == 3:
        array = np.ascontiguousarray(array[:, :, [2, 1, 0, 3][: array.shape[2]]])
    return image(array, profile=item.profile, asked=asked)


def _opened(heif: Any, data: Bytes, name: str) -> Any:  # noqa: ANN401 - libheif's own is untyped
    try:
        return heif.open_heif(io.BytesIO(data), convert_hdr_to_8bit=False)
    except _BROKEN as error:
        raise _failure(error, name) from error


def _decoded(opened: Any, name: str) -> Array:  # noqa: ANN401 - as above
    try:
        return np.asarray(opened)
    except _BROKEN as error:
        raise _failure(error, name) from error


def _failure(error: Exception, name: str) -> DamagedError:
    said = str(error).strip().partition("\n")[0]
    return damaged(name, f"the HEIC decoder says: {said}")


def metadata(data: Bytes, name: str, page: int) -> Metadata:
    """Of the first picture; `page` is 0. The orientation that its EXIF says is in the boxes too."""
    told = exif_of(data, name, "HEIC")
    return Metadata(told, first_item(data, name, "HEIC").profile, exif.density(told))
