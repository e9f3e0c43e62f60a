"""Frames of animations as Pillow composes them: its plugins opened, and the canvas as an Image."""

from __future__ import annotations

import io
from importlib import import_module
from typing import TYPE_CHECKING

from cvkit.core.values import Image
from cvkit.core.warp import Size
from cvkit.io.codecs.asked import Asked
from cvkit.io.codecs.pillowed import guarded, picture

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

_PLUGINS = {
    "avif": ("AvifImagePlugin", "AvifImageFile"),
    "gif": ("GifImagePlugin", "GifImageFile"),
    "png": ("PngImagePlugin", "PngImageFile"),
    "webp": ("WebPImagePlugin", "WebPImageFile"),
}


def opened_by_pillow(kind: str, data: bytes | memoryview, name: str) -> ImageFile:
    """Raises DamagedError. Pillow's own bound on pixels is the process's, and is not asked."""
    module, title = _PLUGINS[kind]
    plugin = getattr(import_module(f"PIL.{module}"), title)
    opened: ImageFile = guarded(lambda: plugin(io.BytesIO(data)), kind, name)
    return opened


def composed(opened: ImageFile, size: Size, asked: Asked) -> Image:
    """The frame that is sought, on a canvas of `size`; alpha that hides nothing is left out."""
    opened.load()
    within = opened if opened.size == size else opened.crop((0, 0, *size))
    shown = picture(within, asked)
    if shown.alpha is not None and shown.alpha.min() == 255:
        return Image(shown.grid, shown.pixels)
    return shown
