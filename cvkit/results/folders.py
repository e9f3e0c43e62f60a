"""Folders of labels: a file a picture, and the pictures beside them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from cvkit.core.errors import InputError
from cvkit.core.warp import Size
from cvkit.io.codecs.formats import PICTURE_SUFFIXES
from cvkit.io.integrity import read_bytes

_LARGEST = 32 << 20
"""Bytes of one picture's labels."""


def below(folder: Path, suffix: str) -> list[Path]:
    """Every file of that suffix below a folder, by name; hidden ones and links are left out."""
    return sorted(path for path in _walked(folder) if path.suffix.lower() == suffix)


def pictures_below(folder: Path) -> list[Path]:
    """Every picture below a folder, by name."""
    return sorted(path for path in _walked(folder) if path.suffix.lower() in PICTURE_SUFFIXES)


def _walked(folder: Path) -> Iterable[Path]:
    for top, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            path = Path(top, name)
            if not name.startswith(".") and not path.is_symlink():
                yield path


def read_small(path: Path) -> bytes:
    """A file of labels. Raises InputError where it cannot be read or is far too large."""
    if path.stat().st_size > _LARGEST:
        raise InputError(f"{path} cannot be read", why=f"it is over {_LARGEST >> 20} MiB")
    return read_bytes(path, str(path))


def size_of_picture(path: Path) -> Size:
    """Width and height, upright. Reads only the head of the formats that Pillow knows.

    Raises InputError where it is no picture.
    """
    from PIL import Image

    try:
        with Image.open(path) as opened:
            turned = opened.getexif().get(0x0112, 1) in (5, 6, 7, 8)
            width, height = opened.size
            return (height, width) if turned else (width, height)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return _decoded(path)


def _decoded(path: Path) -> Size:
    from cvkit.io.codecs.asked import Asked
    from cvkit.io.codecs.reading import read_picture

    picture = read_picture(read_bytes(path, str(path)), str(path), Asked(500_000_000))
    return picture.grid.size
