"""Every kind of still picture that cvkit knows: one row a format, and all else follows from it.

A row names the module here that reads the format and the one that writes it, so that no decoder is
imported before it is needed. What has neither is known, and refused by name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from cvkit.io.codecs.sniff import RAW_SUFFIXES


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
    metadata: bool = False
    """Whether EXIF and a profile go into it when written."""
    grey: bool = False
    """Whether it holds one channel only."""
    named: bool = False
    """Whether a file counts as a picture only where it is named, and not in a folder."""
    why: str = ""
    """Why it is not read."""


_8, _16, _ANY = ("uint8",), ("uint8", "uint16"), ("uint8", "uint16", "float32")

_POSTSCRIPT = (
    "PostScript is a program, and cvkit runs no program that a file holds;"
    " make a PDF of it first: gs -sDEVICE=pdfwrite -o page.pdf FILE"
)

FORMATS: dict[str, Format] = {
    "jpeg": Format(
        "JPEG", (".jpg", ".jpeg", ".jpe", ".jfif", ".mpo"), "jpeg", "opencv",
        holds=_8, alpha=False, quality=92, side=65500, pages="first", metadata=True,
    ),
    "png": Format("PNG", (".png",), "png", "opencv", holds=_16, moves=True, metadata=True),
    "apng": Format("APNG", (".apng",), animation=True),  # one is read as a PNG
    "webp": Format(
        "WebP", (".webp",), "webp", "opencv",
        holds=_8, quality=90, side=16383, moves=True, animation=True, metadata=True,
    ),
    "bmp": Format("BMP", (".bmp", ".dib"), "bmp", "opencv", holds=_8),
    "tiff": Format(
        "TIFF", (".tif", ".tiff"), "tiff", "opencv",
        holds=_ANY, pages="all", metadata=True,
    ),
    "gif": Format(
        "GIF", (".gif",), "gif", "gif_writing",
        holds=_8, side=65535, moves=True, animation=True,
    ),
    "jp2": Format("JPEG 2000", (".jp2", ".j2k", ".jpc", ".jpx"), "jp2", "jp2", holds=_16),
    "hdr": Format("Radiance HDR", (".hdr", ".pic"), "hdr", "hdr", holds=_ANY, alpha=False),
    "exr": Format("OpenEXR", (".exr",), "exr", "exr", holds=_ANY),
    "ppm": Format("PPM", (".ppm", ".pnm"), "pnm", "pnm", holds=_16, alpha=False),
    "pgm": Format("PGM", (".pgm",), "pnm", "pnm", holds=_16, alpha=False, grey=True),
    "pbm": Format("PBM", (".pbm",), "pnm", "pnm", holds=_8, alpha=False, grey=True),
    "pam": Format("PAM", (".pam",), "pnm", "pnm", holds=_16),
    "pfm": Format("PFM", (".pfm",), "pnm", "pnm", holds=_ANY, alpha=False),
    "avif": Format(
        "AVIF", (".avif",), "avif", "opencv", holds=_8, quality=80, side=65535, moves=True
    ),
    "heic": Format("HEIC", (".heic", ".heif", ".hif"), "heic", extra="heic"),
    "jxl": Format("JPEG XL", (".jxl",), "jxl", extra="jxl"),
    "raw": Format("RAW", tuple(sorted(RAW_SUFFIXES)), "raw", extra="raw"),
    "pdf": Format("PDF", (".pdf", ".ai"), "pdf", extra="pdf", pages="all"),
    "svg": Format("SVG", (".svg", ".svgz"), "svg", extra="svg"),
    "psd": Format("Photoshop", (".psd", ".psb"), "pillowed"),
    "ico": Format("ICO", (".ico",), "ico", "pillowed", holds=_8, side=256, pages="first"),
    "tga": Format("TGA", (".tga",), "pillowed", "pillowed", holds=_8),
    "pcx": Format("PCX", (".pcx",), "pillowed"),
    "sgi": Format("SGI", (".sgi",), "pillowed"),
    "dds": Format("DDS", (".dds",), "pillowed"),
    "sun": Format("Sun raster", (".ras",), "pillowed"),
    "qoi": Format("QOI", (".qoi",), "qoi"),
    "npy": Format("NPY", (".npy",), "npy", "npy", holds=_ANY),
    "npz": Format("NPZ", (".npz",), "npy", "npy", holds=_ANY),
    "csv": Format(
        "CSV", (".csv",), "table", "table", holds=_ANY, alpha=False, grey=True, named=True
    ),
    "eps": Format("PostScript", (".eps", ".ps"), why=_POSTSCRIPT),
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
PICTURE_SUFFIXES = frozenset(
    s for row in FORMATS.values() if not row.named for s in row.suffixes
) | {".apng"}
"""What a file is called that counts as a picture wherever it is found."""
KEPT_SUFFIXES = frozenset(
    s
    for s, name in SUFFIX_FORMAT.items()
    if not FORMATS[name].grey and (FORMATS[name].side or 4096) > 1024
)
"""Suffixes that a result may inherit from its input: formats for pictures of every kind."""
PAGED_SUFFIXES = frozenset(
    s for row in FORMATS.values() if row.writer and row.pages == "all" for s in row.suffixes
)
"""Suffixes of files that hold several results as their pages."""
ANIMATION_SUFFIXES = {
    s: name for name, row in FORMATS.items() if row.animation for s in row.suffixes
}
"""The format that a suffix asks for when a moving input is written as an animation."""
