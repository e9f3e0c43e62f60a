"""RAW pictures of cameras, developed by LibRaw (extra raw): sRGB in 8 bits, upright.

Colours are balanced as the camera says, and the brightest hundredth of the pixels is white, as
dcraw does it. There is no sensor's noise or lens correction.
"""

from __future__ import annotations

import io

import numpy as np

from cvkit.core.errors import InputError
from cvkit.core.values import Image
from cvkit.io.codecs import extras
from cvkit.io.codecs.asked import Asked
from cvkit.io.codecs.stored import image
from cvkit.io.codecs.tiff_directory import directory
from cvkit.io.integrity import bounded, damaged

Bytes = bytes | memoryview

_TIFF = (b"II*\0", b"MM\0*")


def read(data: Bytes, name: str, asked: Asked) -> Image:
    raw = extras.load("raw")
    tiff = bytes(data[:4]) in _TIFF
    if tiff:
        directory(data, name)  # LibRaw does not say that a cut file is cut
    try:
        with raw.imread(io.BytesIO(data)) as opened:
            bounded((opened.sizes.iwidth, opened.sizes.iheight), asked.max_pixels, name)
            developed = opened.postprocess(use_camera_wb=True, output_bps=8)
    except InputError:
        raise
    except raw.LibRawFileUnsupportedError as error:
        raise InputError(
            f"{name} cannot be read",
            why="LibRaw knows no such camera file",
            remedy="a plain TIFF is read under the name .tif" if tiff else "",
        ) from error
    except (raw.LibRawError, ValueError, MemoryError) as error:
        said = str(error).strip("b'\"") or type(error).__name__
        raise damaged(name, f"the RAW decoder says: {said}") from error
    return image(np.ascontiguousarray(developed[:, :, ::-1]))
