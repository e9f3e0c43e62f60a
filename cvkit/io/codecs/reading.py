"""Read a still picture from its bytes: content decides, size is bounded, damage is an error."""

from __future__ import annotations

from typing import Protocol

from cvkit.core.values import Image
from cvkit.io.codecs import jpeg
from cvkit.io.codecs.sniff import HEAD, sniff
from cvkit.io.integrity import MAX_PIXELS, damaged, refuse

Bytes = bytes | memoryview


def read_picture(
    data: Bytes,
    name: str,
    *,
    max_pixels: int = MAX_PIXELS,
    views: frozenset[str] = frozenset(),
) -> Image:
    """An untouched Image, upright, from the bytes of a JPEG, PNG, WebP, BMP or TIFF.

    `views` ("gray", "bgr") are decoded now, which is cheaper for a JPEG the fewer they are; others
    follow when they are asked for, and are the same. `name` is used in messages only.

    Raises DamagedError where bytes are missing or wrong, InputError where the content is no
    picture, of a kind that is not read, or of more than `max_pixels` by its header; the last
    before memory is taken.
    """
    if not len(data):
        raise damaged(name, "the file is empty")
    head = bytes(data[:HEAD])
    kind = sniff(head)
    if kind == "jpeg":
        return jpeg.read(data, name, max_pixels=max_pixels, views=views)
    return _reader(kind, head, name)(data, name, max_pixels=max_pixels)


class _Reader(Protocol):
    def __call__(self, data: Bytes, name: str, *, max_pixels: int) -> Image: ...


def _reader(kind: str | None, head: bytes, name: str) -> _Reader:
    """The one module that knows the format; imported here, since most runs need one or none."""
    if kind == "png":
        from cvkit.io.codecs import png

        return png.read
    if kind == "webp":
        from cvkit.io.codecs import webp

        return webp.read
    if kind == "bmp":
        from cvkit.io.codecs import bmp

        return bmp.read
    if kind == "tiff":
        from cvkit.io.codecs import tiff

        return tiff.read
    raise refuse(kind, head, name)
