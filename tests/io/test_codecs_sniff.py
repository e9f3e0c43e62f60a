"""What a file is, its first bytes decide."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from cvkit.io.codecs.formats import (
    FORMAT_SUFFIX,
    FORMATS,
    PICTURE_SUFFIXES,
    READ,
    SUFFIX_FORMAT,
    WRITE,
)
from cvkit.io.codecs.sniff import MOVING, VIDEO_SUFFIXES, looks_like, sniff
from tests.io import making

HEADS = [
    (b"\xff\xd8\xff\xe0\0\x10JFIF", "jpeg"),
    (b"II*\0\x08\0\0\0", "tiff"),
    (b"MM\0+\0\x08\0\0", "tiff"),
    (b"RIFF\x10\0\0\0WEBPVP8 ", "webp"),
    (b"RIFF\x10\0\0\0AVI LIST", "avi"),
    (b"RIFF\x10\0\0\0WAVEfmt ", None),
    (b"BM" + bytes(12) + struct.pack("<I", 40), "bmp"),
    (b"BMW drivers' manual, page one", None),
    (b"GIF89a", "gif"),
    (b"P5\n64 64\n255\n", "pgm"),
    (b"P5 is no picture here"[:2], None),
    (b"\0\0\0\x1cftypavif\0\0\0\0mif1", "avif"),
    (b"\0\0\0\x18ftypmif1\0\0\0\0mif1avif", "avif"),
    (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", "heic"),
    (b"\0\0\0\x18ftypisom\0\0\0\0isomavc1", "mp4"),
    (b"\0\0\0\x08wide\0\0", "mp4"),
    (b"\0\0\x01\0\x02\0\x10\x10", "ico"),
    ((b"\x47" + bytes(187)) * 4, "mpegts"),
    (bytes(4) + (b"\x47" + bytes(191)) * 4, "mpegts"),
    (b"Good morning to all of you out there", None),
    (b"\xff\xff\xff\xff\x10\x01\0\0", "cvkit"),
    (b"", None),
]


@pytest.mark.parametrize(("head", "kind"), HEADS)
def test_first_bytes_tell_the_format(head: bytes, kind: str | None):
    assert sniff(head) == kind


def test_random_bytes_are_nothing():
    random = np.random.default_rng(4)
    heads = [random.bytes(512) for _ in range(500)]
    assert [sniff(head) for head in heads] == [None] * 500
    assert [looks_like(head) for head in heads] == [None] * 500


def test_real_files_of_every_kind_are_told(shared: Path):
    formats = {
        "alpha.webp": "webp", "animated.gif": "gif", "ascii.pgm": "pgm", "avif_irot.avif": "avif",
        "bigtiff.tif": "tiff", "bilevel.pbm": "pbm", "cmyk.jpg": "jpeg", "codestream.j2k": "jp2",
        "icon.ico": "ico", "layers.psd": "psd", "linear.exr": "exr", "photo.heic": "heic",
        "photo.jp2": "jp2", "photo.pfm": "pfm", "radiance.hdr": "hdr", "rle8.bmp": "bmp",
        "rgb.png": "png", "sequence.avif": "avif", "stereo.mpo": "jpeg",
    }  # fmt: skip
    heads = {name: (shared / "formats" / name).read_bytes()[:1024] for name in formats}
    assert {name: sniff(head) for name, head in heads.items()} == formats
    clips = [path for path in (shared / "video").iterdir() if path.suffix in VIDEO_SUFFIXES]
    told = {path.name: sniff(path.read_bytes()[:1024]) for path in clips}
    assert clips
    assert [name for name, kind in told.items() if kind not in MOVING] == []


def test_what_is_no_picture_is_named():
    assert looks_like(b"\n<!DOCTYPE html><html>") == "HTML"
    assert looks_like(b"Dear all,\r\n") == "text"
    assert looks_like("Grüße".encode() * 300) == "text"
    assert looks_like(b"%PDF-1.7") == "PDF"
    assert looks_like(b"") is None


def test_tables_agree():
    assert set(FORMATS) >= READ
    assert set(SUFFIX_FORMAT.values()) == set(FORMAT_SUFFIX) == WRITE
    assert set(SUFFIX_FORMAT) - PICTURE_SUFFIXES == {".csv"}
    assert not PICTURE_SUFFIXES & VIDEO_SUFFIXES
    assert sniff(making.png(making.photo())) == "png"
