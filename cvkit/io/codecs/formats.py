"""Every kind of still picture that cvkit knows: one row a format, and all else follows from it.

A row names the module here that reads the format and the one that writes it, so that no decoder is
imported before it is needed. What has neither is known, and refused by name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Format:
    """What there is to know of a format without opening a file of it."""

    title: str
    """As people write it."""
    suffixes: tuple[str, ...] = ()
    """The first one is what cvkit gives."""
    reader: str = ""
    """The module here whose `read` decodes it; nothing where it is not read."""
    writer: str = ""
    """The module here whose `write` encodes it; nothing where it is not written."""
    extra: str = ""
    """What of cvkit-cli has to be installed to read it; nothing where the core does."""
    holds: tuple[str, ...] = ()
    """Depths that it holds when written."""
    alpha: bool = True
    """Whether it holds alpha when written."""
    quality: int | None = None
    """Its quality where none is asked for, of 1 to 100; None where it has none."""
    side: int | None = None
    """The longest side in pixels that its usual library writes."""
    pages: Literal["", "all", "first"] = ""
    """Whether a file may hold several pictures, and which are taken unasked."""
    moves: bool = False
    """Whether a file may be an animation."""
    animation: bool = False
    """Whether animations are written."""


_8, _16, _ANY = ("uint8",), ("uint8", "uint16"), ("uint8", "uint16", "float32")

FORMATS: dict[str, Format] = {
    "jpeg": Format(
        "JPEG", (".jpg", ".jpeg", ".jpe", ".jfif", ".mpo"), "jpeg", "opencv",
        holds=_8, alpha=False, quality=92, side=65500, pages="first",
    ),
    "png": Format("PNG", (".png",), "png", "opencv", holds=_16),
    "webp": Format("WebP", (".webp",), "webp", "opencv", holds=_8, quality=90, side=16383),
    "bmp": Format("BMP", (".bmp", ".dib"), "bmp", "opencv", holds=_8),
    "tiff": Format("TIFF", (".tif", ".tiff"), "tiff", "opencv", holds=_ANY, pages="all"),
    "gif": Format("GIF", (".gif",)),
    "jp2": Format("JPEG 2000", (".jp2", ".j2k", ".jpc", ".jpx")),
    "hdr": Format("Radiance HDR", (".hdr", ".pic")),
    "exr": Format("OpenEXR", (".exr",)),
    "pnm": Format("PNM", (".ppm", ".pgm", ".pbm", ".pnm", ".pam", ".pfm")),
    "avif": Format("AVIF", (".avif",)),
    "heic": Format("HEIC", (".heic", ".heif")),
    "psd": Format("Photoshop", (".psd",)),
    "ico": Format("ICO", (".ico",)),
}  # fmt: skip

READ = frozenset(name for name, row in FORMATS.items() if row.reader)
"""Stills that are read; the others are known and refused by name."""
WRITE = frozenset(name for name, row in FORMATS.items() if row.writer)
"""Stills that are written."""
NAMES = {name: row.title for name, row in FORMATS.items()}
"""Formats as people write them."""
FORMAT_SUFFIX = {name: FORMATS[name].suffixes[0] for name in FORMATS if name in WRITE}
"""The suffix that a file gets where cvkit names it, by format."""
SUFFIX_FORMAT = {s: name for name in FORMATS if name in WRITE for s in FORMATS[name].suffixes}
"""The format that a suffix (lower case) asks for when a picture is written."""
PICTURE_SUFFIXES = frozenset(s for row in FORMATS.values() for s in row.suffixes) | frozenset(
    ".apng .jxl .tga .qoi .dds .pcx .sgi .ras .dng .cr2 .cr3 .nef .arw .orf .rw2 .raf".split()
)
ANIMATION_SUFFIXES = {
    s: name for name, row in FORMATS.items() if row.animation for s in row.suffixes
}
"""The format that a suffix asks for when a moving input is written as an animation."""
