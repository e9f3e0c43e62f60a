"""Which way up a picture is: EXIF's orientation, found and applied."""

from __future__ import annotations

import struct

import cv2

from cvkit.core.warp import Array, Size

_ORIENTATION = 0x0112
_SHORT = 3


def orientation(tiff: bytes | memoryview) -> int:
    """1 to 8 from the body of an EXIF block (after `Exif\\0\\0`); 1 where it says none."""
    order = {b"II": "<", b"MM": ">"}.get(bytes(tiff[:2]))
    if order is None:
        return 1
    try:
        (first,) = struct.unpack_from(f"{order}I", tiff, 4)
        (count,) = struct.unpack_from(f"{order}H", tiff, first)
        for index in range(count):
            tag, kind, _, value = struct.unpack_from(f"{order}HHIH", tiff, first + 2 + 12 * index)
            if tag == _ORIENTATION:
                return value if kind == _SHORT and 1 <= value <= 8 else 1
    except struct.error:  # a broken note beside a whole picture
        return 1
    return 1


def oriented_size(size: Size, value: int) -> Size:
    return (size[1], size[0]) if value >= 5 else size


def upright(array: Array, value: int) -> Array:
    """The picture as it should be seen, for an orientation 1 to 8."""
    if value in (5, 7):
        array = cv2.transpose(array)
    flips = {2: 1, 4: 0, 7: -1}
    turns = {3: cv2.ROTATE_180, 6: cv2.ROTATE_90_CLOCKWISE, 8: cv2.ROTATE_90_COUNTERCLOCKWISE}
    if value in flips:
        return cv2.flip(array, flips[value])
    return cv2.rotate(array, turns[value]) if value in turns else array
