"""QOI: Pillow's pixels, at FFmpeg's speed."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from cvkit.core.errors import DamagedError, InputError
from cvkit.core.warp import Array
from cvkit.io.codecs.reading import read_picture
from tests.io import making


def qoi(picture: Array) -> bytes:
    """Every pixel in full, from BGR or BGRA."""
    height, width, channels = picture.shape
    tag = b"\xfe" if channels == 3 else b"\xff"
    order = [2, 1, 0, 3][:channels]
    body = b"".join(tag + p.tobytes() for p in picture[:, :, order].reshape(-1, channels))
    return struct.pack(">4sIIBB", b"qoif", width, height, channels, 0) + body + bytes(7) + b"\1"


def test_pixels_and_alpha_are_right():
    assert np.array_equal(read_picture(qoi(making.photo()), "a.qoi").bgr, making.photo())
    bgra = np.dstack([making.photo(), making.photo()[:, ::-1, 0]])
    image = read_picture(qoi(bgra), "a.qoi")
    assert np.array_equal(image.bgr, making.photo())
    assert image.alpha is not None
    assert np.array_equal(image.alpha, bgra[:, :, 3])


def test_no_cut_passes_and_size_is_bounded():
    data = qoi(making.photo())
    for end in [*range(4, len(data), 211), len(data) - 1]:
        with pytest.raises(DamagedError):
            read_picture(data[:end], "a.qoi")
    with pytest.raises(InputError, match="--max-pixels"):
        read_picture(data[:4] + struct.pack(">II", 60000, 60000) + data[12:], "a.qoi")
    with pytest.raises(DamagedError, match="more than its data"):
        read_picture(data[:4] + struct.pack(">II", 20000, 20000) + data[12:], "a.qoi")


def test_a_real_file_has_pillows_pixels(shared: Path):
    path = shared / "formats" / "photo.qoi"
    other = np.asarray(PIL.Image.open(path).convert("RGB"))[:, :, ::-1]
    assert np.array_equal(read_picture(path.read_bytes(), path.name).bgr, other)
