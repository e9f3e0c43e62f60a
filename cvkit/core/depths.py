"""Depths of pictures: 8 and 16 bits and floats, each with the whole of its range."""

from __future__ import annotations

import cv2
import numpy as np

from cvkit.core.warp import Array

DEPTHS: dict[str, float] = {"uint8": 255.0, "uint16": 65535.0, "float32": 1.0}
"""Depths that an Image may have, with the top of each one's range."""


def eight_bit(array: Array) -> Array:
    """The uint8 view of deeper data: the type's full range, floats 0–1 clipped, never stretched."""
    if array.dtype == np.uint8:
        return array
    if array.dtype == np.uint16:  # 65535 = 257 · 255
        narrowed: Array = cv2.convertScaleAbs(array, alpha=1 / 257)
        return narrowed
    clipped = np.nan_to_num(np.clip(array, 0.0, 1.0))
    scaled: Array = cv2.convertScaleAbs(clipped, alpha=255.0)
    return scaled


def at_depth(array: Array, depth: str) -> Array:
    """The same picture as uint8, uint16 or float32: the full range of one type is the full range
    of the other (255 = 65535 = 1.0), rounded to the nearest level; floats 0–1 clipped.
    """
    if array.dtype == depth:
        return array
    if depth == "uint8":
        return eight_bit(array)
    if depth == "uint16":
        if array.dtype == np.uint8:  # 65535 = 257 · 255
            return array.astype(np.uint16) * np.uint16(257)
        clipped = np.nan_to_num(np.clip(array, 0.0, 1.0))
        return np.asarray(np.rint(clipped * np.float32(65535)).astype(np.uint16))
    return array.astype(np.float32) / np.float32(DEPTHS[array.dtype.name])
