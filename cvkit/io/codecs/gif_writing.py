"""Write GIF: at most 256 colours a picture, chosen for it, and dithered where it has more.

Pictures of few colours and grey ones keep theirs exactly. Else the palette is Pillow's median cut
improved by k-means on a sample of the pixels, which is as good to look at as FFmpeg's at a third
of the time; Floyd and Steinberg's dithering hides its steps.
"""

from __future__ import annotations

import math
import struct
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from cvkit.core.warp import Array, Size

if TYPE_CHECKING:
    from PIL.Image import Image

Bytes = NDArray[np.uint8]

MOST = 0xFFFF
"""The longest side, and the longest delay in hundredths of a second."""
KEEP, CLEAR = 1, 2
"""What becomes of a picture when the next one comes: it stays, or its place is cleared."""
TRAILER = b";"
_SAMPLE = 1 << 14
_OPAQUE = 128


def encode(array: Array, fmt: str, *, quality: int | None, binary: bool) -> bytes:
    """A still of (h, w), (h, w, 3) BGR or (h, w, 4) BGRA."""
    size = (array.shape[1], array.shape[0])
    return header(size) + block(array) + TRAILER


def header(size: Size, *, loops: bool = False) -> bytes:
    """What comes before the pictures; `loops`: again and again."""
    start = b"GIF89a" + struct.pack("<HHBBB", *size, 0x70, 0, 0)  # no colour table for all
    return start + (b"!\xff\x0bNETSCAPE2.0\x03\x01\0\0\0" if loops else b"")


def block(
    array: Array,
    *,
    at: tuple[int, int] = (0, 0),
    delay: int = 0,
    disposal: int = 0,
    same: Array | None = None,
) -> bytes:
    """One picture with its palette. Alpha of less than a half is clear, any other is opaque.

    `delay` is in hundredths of a second; what is `same` as in the picture before it, (h, w) bool,
    is left to that.
    """
    from PIL import GifImagePlugin

    colours = array if array.ndim == 2 else array[:, :, :3]
    if colours.ndim == 3 and (colours == colours[:, :, :1]).all():
        colours = np.ascontiguousarray(colours[:, :, 0])
    hidden = array[:, :, 3] < _OPAQUE if array.ndim == 3 and array.shape[2] == 4 else same
    if hidden is not None and not hidden.any():
        hidden = None
    # What is cleared is clear in some programs only where the picture has a clear colour.
    clear = hidden is not None or disposal == CLEAR
    most = 255 if clear else 256
    choose = _gray if colours.ndim == 2 else _colour
    indexed, count = choose(colours, hidden, most)
    if clear:
        pixels = np.array(indexed)
        if hidden is not None:
            pixels[hidden] = count
        indexed = _image(pixels, bytes(indexed.getpalette() or b"")[: count * 3] + b"\0\0\0")
    told: dict[str, object] = {"include_color_table": True, "duration": delay * 10}
    told |= {"disposal": disposal} | ({"transparency": count} if clear else {})
    return b"".join(GifImagePlugin.getdata(indexed, at, **told))


def _gray(gray: Array, hidden: Array | None, most: int) -> tuple[Image, int]:
    """The levels that are there; where clear needs a place among 256, the lowest two are one."""
    seen = gray if hidden is None else gray[~hidden]
    levels = np.flatnonzero(np.bincount(seen.reshape(-1), minlength=256))
    if not len(levels):
        levels = np.zeros(1, np.intp)
    if len(levels) > most:
        levels = np.delete(levels, 1)
    nearest = np.abs(levels[:, None] - np.arange(256)).argmin(0).astype(np.uint8)
    palette = np.repeat(levels.astype(np.uint8), 3).tobytes()
    return _image(cv2.LUT(gray, nearest), palette), len(levels)


def _colour(bgr: Array, hidden: Array | None, most: int) -> tuple[Image, int]:
    from PIL import Image

    rgb = cv2.cvtColor(np.ascontiguousarray(bgr), cv2.COLOR_BGR2RGB)
    sample = rgb
    if hidden is not None:
        shown = rgb[~hidden]
        if not len(shown):
            return _image(np.zeros(rgb.shape[:2], np.uint8), b"\0\0\0"), 1
        rgb[hidden] = shown[0]
        sample = shown[None]
    picture = Image.fromarray(rgb)
    few = picture.getcolors(most)
    if few is not None:
        return _exact(rgb, np.array([colour for _, colour in few], np.uint8))
    step = math.ceil(math.sqrt(sample.shape[0] * sample.shape[1] / _SAMPLE))
    if sample.shape[0] == 1:
        sample = sample[:, :: step * step]
    else:
        sample = sample[::step, ::step]
    chosen = Image.fromarray(np.ascontiguousarray(sample)).quantize(
        most, Image.Quantize.MEDIANCUT, kmeans=1, dither=Image.Dither.NONE
    )
    dithered = picture.quantize(palette=chosen, dither=Image.Dither.FLOYDSTEINBERG)
    return dithered, min(len(dithered.getpalette() or ()) // 3, most)


def _exact(rgb: Array, colours: Array) -> tuple[Image, int]:
    """Every pixel its own colour; Pillow's mapping would take near ones for the same."""
    numbers = _numbers(colours)
    order = numbers.argsort()
    indices = np.searchsorted(numbers[order], _numbers(rgb)).astype(np.uint8)
    return _image(indices, colours[order].tobytes()), len(colours)


def _numbers(rgb: Array) -> NDArray[np.uint32]:
    red, green, blue = (rgb[..., channel].astype(np.uint32) for channel in range(3))
    numbers: NDArray[np.uint32] = red << np.uint32(16) | green << np.uint32(8) | blue
    return numbers


def _image(indices: Array, palette: bytes) -> Image:
    from PIL import Image

    picture = Image.frombytes("P", (indices.shape[1], indices.shape[0]), indices.tobytes())
    picture.putpalette(palette)
    return picture
