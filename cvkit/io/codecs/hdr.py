"""Radiance HDR: its header is read here, its runs by OpenCV. Linear light, kept above 1.

An exposure that the header names is left in, as other programs do."""

from __future__ import annotations

import re

import cv2
import numpy as np

from cvkit.core.depths import at_depth
from cvkit.core.values import Image
from cvkit.core.warp import Array, Size
from cvkit.io.codecs import opencv
from cvkit.io.codecs.asked import Asked
from cvkit.io.codecs.linear import said_of
from cvkit.io.codecs.stored import decoded, image
from cvkit.io.integrity import bounded, damaged, unsupported

Bytes = bytes | memoryview

_HEADER = 1 << 16
_SIZE = re.compile(rb"\n\n([-+][XY]) (\d+) ([-+][XY]) (\d+)\n")
_FORMAT = re.compile(rb"\nFORMAT=(\S+)")


def read(data: Bytes, name: str, asked: Asked) -> Image:
    head = bytes(data[:_HEADER])
    found = _SIZE.search(head)
    if found is None:
        raise damaged(name, "the HDR is cut inside its header")
    form = _FORMAT.search(head, 0, found.start())
    if form is not None and form[1] != b"32-bit_rle_rgbe":
        raise unsupported(name, "HDR pictures in XYZ colours are not read")
    if (found[1], found[3]) != (b"-Y", b"+X"):
        raise unsupported(name, "HDR pictures that are turned or mirrored are not read")
    size = (int(found[4]), int(found[2]))
    bounded(size, asked.max_pixels, name)
    _whole(memoryview(data)[found.end() :], size, name)
    array = decoded(data, name, "HDR", size)
    said_of(array, asked)
    return image(array)


def _whole(rows: memoryview, size: Size, name: str) -> None:
    """Refuse a size that so few bytes cannot hold; OpenCV would take the memory first."""
    width, height = size
    packed = 8 <= width < 32768 and bytes(rows[:2]) == b"\2\2"
    least = (4 + 4 * 2 * -(-width // 127)) if packed else 4
    if len(rows) < least * height:
        raise damaged(name, "the HDR is cut: there is less than its rows can be packed into")


def encode(array: Array, fmt: str, *, quality: int | None, binary: bool) -> bytes:
    """Three channels that share an exponent, 8 bits each: within 1 % of the brightest of them."""
    floats = np.maximum(at_depth(array, "float32"), np.float32(0))
    if floats.ndim == 2:
        floats = cv2.cvtColor(floats, cv2.COLOR_GRAY2BGR)
    return opencv.encode(floats, fmt, quality=quality, binary=binary)
