"""Pictures whose decoder gives an array: their storage, and channels told apart."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from cvkit.core.grid import Grid
from cvkit.core.values import Image, Plain, Space, frozen
from cvkit.core.warp import Array, Size
from cvkit.io.codecs.asked import Asked
from cvkit.io.integrity import damaged, quiet


@dataclass(frozen=True, slots=True)
class Stored:
    """An array as a file held it: `values.Plain` that no stage has made, so it is untouched."""

    plain: Plain

    @property
    def size(self) -> Size:
        return self.plain.size

    @property
    def depth(self) -> str:
        return self.plain.depth

    @property
    def space(self) -> Space:
        return self.plain.space

    def bgr(self) -> Array:
        return self.plain.bgr()

    def gray(self) -> Array:
        return self.plain.gray()


def decoded(data: bytes | bytearray | memoryview, name: str, what: str, size: Size) -> Array:
    """(h, w), (h, w, 3) or (h, w, 4) as OpenCV gives it unchanged. Raises DamagedError.

    `size` is what the header promised, upright.
    """
    try:
        with quiet():
            array = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error as error:
        raise damaged(name, f"the {what} decoder says: {error.err}") from error
    if array is None:
        raise damaged(name, f"its {what} data is broken or cut")
    if array.shape[:2] != (size[1], size[0]):
        raise damaged(name, f"its {what} header and data say different sizes")
    return array


def spread(levels: Array, top: int) -> Array:
    """Integer levels 0 to `top` as uint8, or above 255 as uint16, over the whole of its range."""
    depth = np.uint8 if top < 256 else np.uint16
    full = int(np.iinfo(depth).max)
    if top == full:
        return levels.astype(depth, copy=False)
    table = ((np.arange(top + 1) * (2 * full) + top) // (2 * top)).astype(depth)
    wide: Array = table[levels]
    return wide


def image(
    array: Array, *, gray: bool = False, profile: bytes = b"", asked: Asked | None = None
) -> Image:
    """An untouched Image; `gray` where the colours are known to be equal.

    With `profile` the numbers are made sRGB, unless `asked` says to leave them.
    """
    alpha = None
    if array.ndim == 3 and array.shape[2] == 4:
        alpha = frozen(np.ascontiguousarray(array[:, :, 3]))
        array = np.ascontiguousarray(array[:, :, 0] if gray else array[:, :, :3])
    elif array.ndim == 3 and (gray or array.shape[2] == 1):
        array = np.ascontiguousarray(array[:, :, 0])
    if profile and asked is not None:
        from cvkit.io.codecs.icc import to_srgb  # start-up: few pictures hold one

        array = to_srgb(array, profile, asked)
    plain = Plain(frozen(array))
    return Image(Grid.of(plain.size), Stored(plain), alpha)
