"""Pictures that OpenCV encodes: JPEG, PNG, WebP, BMP, TIFF, JPEG 2000, AVIF, HDR, OpenEXR."""

from __future__ import annotations

import cv2

from cvkit.core.errors import OutputError
from cvkit.core.warp import Array
from cvkit.io.codecs.formats import FORMATS, NAMES
from cvkit.io.integrity import quiet

# Half the time of OpenCV's defaults for masks, and smaller.
_BILEVEL = [
    cv2.IMWRITE_PNG_BILEVEL, 1,
    cv2.IMWRITE_PNG_COMPRESSION, 1,
    cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_RLE,
]  # fmt: skip
_AVIF_SPEED = 8  # of 10: four times the speed of 6, and a twentieth bigger


_LOSSLESS = 101  # OpenCV's word for WebP that loses nothing


def encode(array: Array, fmt: str, *, quality: int | None, binary: bool) -> bytes:
    """The file's bytes. Raises OutputError where OpenCV refuses."""
    # simplejpeg is faster but takes the inexact DCT below quality 96, whatever it is told.
    try:
        with quiet():
            done, data = cv2.imencode(
                FORMATS[fmt].suffixes[0], array, _options(fmt, quality, binary=binary)
            )
    except cv2.error as error:
        raise OutputError(f"{NAMES[fmt]} cannot be encoded", why=error.err) from error
    if not done:
        height, width = array.shape[:2]
        raise OutputError(f"{width}×{height} pixels cannot be encoded as {NAMES[fmt]}")
    encoded = data.tobytes()
    if fmt == "tiff" and array.ndim == 3 and array.shape[2] == 4:
        from cvkit.io.codecs.tiff import with_alpha_said  # start-up: nothing else needs it here

        return with_alpha_said(encoded)
    return encoded


def _options(fmt: str, quality: int | None, *, binary: bool) -> list[int]:
    if fmt == "jpeg" and quality:
        return [cv2.IMWRITE_JPEG_QUALITY, quality]
    if fmt == "webp" and quality:
        return [cv2.IMWRITE_WEBP_QUALITY, quality if quality < 100 else _LOSSLESS]
    if fmt == "avif" and quality:
        return [cv2.IMWRITE_AVIF_QUALITY, quality, cv2.IMWRITE_AVIF_SPEED, _AVIF_SPEED]
    if fmt == "jp2":
        return [cv2.IMWRITE_JPEG2000_COMPRESSION_X1000, 1000]  # all of it: nothing is lost
    return _BILEVEL if fmt == "png" and binary else []
