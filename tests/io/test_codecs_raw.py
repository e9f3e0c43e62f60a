"""RAW: a sensor's mosaic becomes a picture; cut files and other TIFFs are told apart."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from cvkit.core.errors import DamagedError, InputError
from cvkit.io.codecs.reading import read_picture
from cvkit.io.codecs.sniff import told
from tests.io import making

pytest.importorskip("rawpy")


def dng(orientation: int = 1) -> bytes:
    """128×96 pixels behind red, green and blue filters; the right half gets red light only."""
    mosaic = np.zeros((96, 128), np.uint16)
    mosaic[:, :64] = 20000
    mosaic[::2, 64::2] = 40000
    pixels = mosaic.tobytes()
    exact = {"B": 1, "H": 3, "I": 4, "r": 10, "R": 5, "s": 2}
    ones = [v for row in np.eye(3, dtype=int).ravel().tolist() for v in (row, 1)]
    tags: list[tuple[int, str, list[int] | bytes]] = [
        (254, "I", [0]), (256, "I", [128]), (257, "I", [96]), (258, "H", [16]), (259, "H", [1]),
        (262, "H", [32803]), (271, "s", b"Maker\0"), (272, "s", b"Camera\0"), (273, "I", [8]),
        (274, "H", [orientation]), (277, "H", [1]), (278, "I", [96]), (279, "I", [len(pixels)]),
        (33421, "H", [2, 2]), (33422, "B", [0, 1, 1, 2]), (50706, "B", [1, 4, 0, 0]),
        (50708, "s", b"Maker Camera\0"), (50717, "I", [65535]), (50721, "r", ones),
        (50728, "R", [1, 1, 1, 1, 1, 1]),
    ]  # fmt: skip
    start = 8 + len(pixels)
    outside, entries = b"", b""
    for tag, kind, values in tags:
        letter = {"r": "i", "R": "I"}.get(kind, kind)
        body = (
            values if isinstance(values, bytes) else struct.pack(f"<{len(values)}{letter}", *values)
        )
        count = len(values) // 2 if kind in "rR" else len(values)
        if len(body) > 4:
            outside, body = (
                outside + body + bytes(len(body) % 2),
                struct.pack("<I", start + len(outside)),
            )
        entries += struct.pack("<HHI", tag, exact[kind], count) + body.ljust(4, b"\0")
    head = b"II*\0" + struct.pack("<I", start + len(outside))
    return head + pixels + outside + struct.pack("<H", len(tags)) + entries + bytes(4)


def test_a_mosaic_becomes_a_picture():
    image = read_picture(dng(), "a.dng")
    assert (image.size, image.depth, image.space) == ((128, 96), "uint8", "bgr")
    blue, green, red = image.bgr[20:76, 80:120].reshape(-1, 3).mean(0)
    assert red > 200
    assert max(blue, green) < red / 2
    neutral = image.bgr[20:76, 8:56].reshape(-1, 3).mean(0)
    assert np.ptp(neutral) < 3


def test_it_is_upright():
    assert read_picture(dng(6), "a.dng").size == (96, 128)


def test_content_and_name_tell_it():
    data = dng()
    assert told(data[:1024], "a.dng") == told(data[:1024], "A.NEF") == "raw"
    assert told(data[:1024], "a.tif") == "tiff"
    for head in (b"II*\0\x10\0\0\0CR\2\0", b"IIRO\x08\0", b"IIU\0\x18\0", b"FUJIFILMCCD-RAW 0201"):
        assert told(head, "unnamed") == "raw"
    assert told(b"\0\0\0\x18ftypcrx \0\0\0\1crx isom", "a") == "raw"


def test_cut_files_are_damaged_and_strange_ones_are_unknown():
    data = dng()
    for share in (0.001, 0.3, 0.9, 0.99):
        with pytest.raises(DamagedError):
            read_picture(data[: int(len(data) * share)], "a.dng")
    with pytest.raises(InputError, match="no such camera") as error:
        read_picture(b"FUJIFILMCCD-RAW " + bytes(2000), "a.raf")
    assert not isinstance(error.value, DamagedError)
    with pytest.raises(InputError, match="--max-pixels"):
        read_picture(data, "a.dng", max_pixels=1000)


def test_a_plain_tiff_under_a_cameras_suffix_is_told_its_name():
    with pytest.raises(InputError, match=r"under the name \.tif"):
        read_picture(making.tiff(making.photo(), 2), "a.dng")
