"""BMP: the header's sizes are held against the file's before OpenCV decodes it."""

from __future__ import annotations

import struct

from cvkit.core.values import Image
from cvkit.core.warp import Size
from cvkit.io.codecs.asked import Asked
from cvkit.io.codecs.stored import decoded, image
from cvkit.io.integrity import bounded, damaged, unsupported

Bytes = bytes | memoryview

_CORE = (12, 16)
_PLAIN = (0, 3, 6)  # uncompressed, with masks, with masks and alpha
_RUNS = (1, 2)
_BITS = (1, 4, 8, 16, 24, 32)


def read(data: Bytes, name: str, asked: Asked) -> Image:
    size = _checked(data, name, asked.max_pixels)
    return image(decoded(data, name, "BMP", size))


def _checked(data: Bytes, name: str, max_pixels: int) -> Size:
    try:
        start, header = struct.unpack_from("<II", data, 10)
        if header in _CORE:
            width, height, _, bits = struct.unpack_from("<HHHH", data, 18)
            compression = 0
        else:
            width, height, _, bits, compression = struct.unpack_from("<iiHHI", data, 18)
    except struct.error as error:
        raise damaged(name, "the BMP is cut inside its header") from error
    size = (width, abs(height))  # a negative height: rows from the top
    bounded(size, max_pixels, name)
    if bits not in _BITS or compression not in (*_PLAIN, *_RUNS):
        raise unsupported(
            name, f"BMP pictures of {bits} bits with compression {compression} are not read"
        )
    row = -(-width * bits // 32) * 4
    needed = row * abs(height) if compression in _PLAIN else 2
    if start + needed > len(data):
        raise damaged(name, f"the BMP is cut: {start + needed - len(data)} bytes are missing")
    return size
