"""What a file is, by its first bytes; and which suffixes people give to videos."""

from __future__ import annotations

import os

HEAD = 1024
"""How many first bytes `sniff` wants; fewer are fine for most formats."""

VIDEO_SUFFIXES = frozenset(
    ".mp4 .m4v .mov .mkv .webm .avi .mpg .mpeg .m2v .ts .mts .m2ts .flv .f4v .ogv .ogg .wmv .asf"
    " .3gp .3g2 .vob .y4m .mxf .mjpeg .mjpg .264 .h264 .265 .hevc .ivf .dv .nut".split()
)
RAW_SUFFIXES = frozenset(
    ".dng .cr2 .cr3 .nef .nrw .arw .sr2 .srf .orf .rw2 .raf .pef .srw .iiq .3fr .erf .mrw .x3f"
    " .kdc .dcr".split()
)
"""Of cameras' own files, most of which begin as a TIFF does."""
MOVING = frozenset(
    "mp4 matroska avi mpegts mpeg flv ogg y4m asf ivf nut mxf mjpeg h264 hevc dv".split()
)

_MAGIC = (
    (b"\xff\xd8\xff", "jpeg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"II*\0\x10\0\0\0CR", "raw"),
    (b"IIRO", "raw"),
    (b"IIRS", "raw"),
    (b"MMOR", "raw"),
    (b"IIU\0", "raw"),
    (b"FUJIFILMCCD-RAW", "raw"),
    (b"\0MRM", "raw"),
    (b"FOVb", "raw"),
    (b"II*\0", "tiff"),
    (b"MM\0*", "tiff"),
    (b"II+\0", "tiff"),
    (b"MM\0+", "tiff"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "jp2"),
    (b"\xff\x4f\xff\x51", "jp2"),
    (b"#?RADIANCE", "hdr"),
    (b"#?RGBE", "hdr"),
    (b"\x76\x2f\x31\x01", "exr"),
    (b"8BPS\0", "psd"),
    (b"\xff\x0a", "jxl"),
    (b"\0\0\0\x0cJXL \r\n\x87\n", "jxl"),
    (b"\x01\xda", "sgi"),
    (b"DDS |\0\0\0", "dds"),
    (b"\x59\xa6\x6a\x95", "sun"),
    (b"qoif", "qoi"),
    (b"\x93NUMPY", "npy"),
    (b"%PDF-", "pdf"),
    (b"%!PS", "eps"),
    (b"\xc5\xd0\xd3\xc6", "eps"),
    (b"\xff\xff\xff\xff", "cvkit"),  # the continuation marker of an Arrow IPC stream
    (b"\x1a\x45\xdf\xa3", "matroska"),
    (b"FLV\x01", "flv"),
    (b"OggS", "ogg"),
    (b"YUV4MPEG2", "y4m"),
    (b"\0\0\x01\xba", "mpeg"),
    (b"\0\0\x01\xb3", "mpeg"),
    (b"0&\xb2u\x8ef\xcf\x11", "asf"),
    (b"DKIF", "ivf"),
    (b"nut/multimedia container\0", "nut"),
    (b"\x06\x0e+4\x02\x05\x01\x01", "mxf"),
)
# Streams without a container, by their names' suffixes.
_BARE = {".h264": "h264", ".264": "h264", ".hevc": "hevc", ".265": "hevc", ".dv": "dv"}
_BARE_STARTS = (b"\0\0\0\x01", b"\0\0\x01", b"\x1f\x07\0")
_BRANDS = {
    **dict.fromkeys((b"avif", b"avis"), "avif"),
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"), "heic"),
}
_NETPBM = {
    **dict.fromkeys((b"1", b"4"), "pbm"),
    **dict.fromkeys((b"2", b"5"), "pgm"),
    **dict.fromkeys((b"3", b"6"), "ppm"),
    b"7": "pam",
    **dict.fromkeys((b"f", b"F"), "pfm"),
}
_BLANKS = b" \t\r\n"
_BMP_HEADERS = {12, 16, 40, 52, 56, 64, 108, 124}


def sniff(head: bytes) -> str | None:
    """The format's name (one of FORMATS, MOVING or "cvkit") by the first bytes, or None."""
    for magic, name in _MAGIC:
        if head.startswith(magic):
            return name
    if head[:4] == b"RIFF":
        return {b"WEBP": "webp", b"AVI ": "avi"}.get(head[8:12])
    if head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in _BMP_HEADERS:
        return "bmp"
    if head[4:8] == b"ftyp":
        return _boxed(head)
    if head[4:8] in (b"moov", b"mdat", b"wide", b"free", b"skip"):
        return "mp4"
    if head[:1] == b"P" and head[2:3] in _BLANKS and head[2:3]:
        return _NETPBM.get(head[1:2])
    if head[:4] == b"\0\0\x01\0" and 0 < int.from_bytes(head[4:6], "little") < 256:
        return "ico"
    return _rarer(head)


def told(head: bytes, name: str) -> str | None:
    """What `sniff` says, and for what its first bytes leave open the name's suffix."""
    found, suffix = sniff(head), os.path.splitext(name)[1].lower()
    if found == "tiff" and suffix in RAW_SUFFIXES:
        return "raw"
    if found == "jpeg" and suffix in (".mjpeg", ".mjpg"):
        return "mjpeg"
    if found in (None, "mpeg") and suffix in _BARE and head.startswith(_BARE_STARTS):
        return _BARE[suffix]
    if found is None and suffix == ".csv":
        return "csv"
    if found is None and suffix == ".svgz" and head[:2] == b"\x1f\x8b":
        return "svg"
    if found is None and suffix == ".tga" and _is_tga(head):
        return "tga"
    return found


def _rarer(head: bytes) -> str | None:
    if head[:4] == b"PK\x03\x04":
        return "npz" if _first_name(head).endswith(b".npy") else None
    if head[:1] == b"\x0a" and len(head) > 64 and head[2] == 1 and not head[64]:
        return "pcx" if head[1] in (0, 2, 3, 4, 5) and head[3] in (1, 2, 4, 8) else None
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if start[:5] in (b"<?xml", b"<!DOC", b"<!--") or start[:4] in (b"<svg", b"<!--"):
        return "svg" if b"<svg" in start or b":svg" in start else None
    return "mpegts" if _packets(head) else None


def _first_name(head: bytes) -> bytes:
    """Of the files in a ZIP archive."""
    return head[30 : 30 + int.from_bytes(head[26:28], "little")]


def _is_tga(head: bytes) -> bool:
    """A format without a signature: what its header may say is little enough."""
    return len(head) >= 18 and head[1] < 2 and head[2] in (1, 2, 3, 9, 10, 11) and head[16] <= 32


def _boxed(head: bytes) -> str:
    """Pictures and videos share ISO's boxes; the brands tell them apart."""
    size = min(int.from_bytes(head[:4], "big"), len(head))
    if head[8:12] == b"crx ":  # Canon's CR3
        return "raw"
    brands = [head[8:12], *(head[at : at + 4] for at in range(16, size - 3, 4))]
    for brand in brands if brands[0] in (*_BRANDS, b"mif1", b"msf1") else ():
        if brand in _BRANDS:
            return _BRANDS[brand]
    return "heic" if brands[0] in (b"mif1", b"msf1") else "mp4"


def _packets(head: bytes) -> bool:
    """MPEG transport packets of 188 bytes, or of 192 with a time before each (Blu-ray)."""
    for step, start in ((188, 0), (192, 4)):
        marks = head[start::step]
        if len(marks) >= 3 and set(marks) == {0x47}:
            return True
    return False


_TEXTS = (
    (b"<!doctype html", "HTML"),
    (b"<html", "HTML"),
    (b"<svg", "SVG"),
    (b"<?xml", "XML"),
    (b"%pdf", "PDF"),
    (b"pk\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"{\\rtf", "RTF"),
    *((magic, "sound") for magic in (b"id3", b"flac", b"#!amr", b"mac ", b"wvpk", b"adif")),
    *((magic, "sound") for magic in (b"\xff\xfb", b"\xff\xf3", b"\xff\xf1", b"\xff\xf9")),
)


def looks_like(head: bytes) -> str | None:
    """What bytes that are no picture look like (`HTML`, `text`), or None where nothing known."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start[:4] in (b"riff", b"form") and start[8:12] in (b"wave", b"aiff", b"aifc"):
        return "sound"
    for magic, name in _TEXTS:
        if start.startswith(magic):
            return name
    try:
        text = head[:HEAD].decode()
    except UnicodeDecodeError as error:
        if error.start < min(len(head), HEAD) - 4:  # a letter cut at the end is still text
            return None
        text = head[: error.start].decode()
    return "text" if text and all(c.isprintable() or c in "\t\r\n\f" for c in text) else None
