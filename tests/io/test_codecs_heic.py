"""HEIC: upright, deep pictures deep, and no cut passes."""

from __future__ import annotations

import io
import struct

import cv2
import numpy as np
import pytest

from cvkit.core.errors import DamagedError, InputError
from cvkit.core.warp import Array
from cvkit.io.codecs.reading import metadata_of, read_picture
from tests.io import making

heif = pytest.importorskip("pillow_heif")


def heic(picture: Array, **options: object) -> bytes:
    """From BGR or BGRA in 8 or 16 bits."""
    order = [2, 1, 0, 3][: picture.shape[2]]
    mode = "".join("RGBA"[: picture.shape[2]]) + (";16" if picture.itemsize == 2 else "")
    size = (picture.shape[1], picture.shape[0])
    made = heif.from_bytes(mode, size, np.ascontiguousarray(picture[:, :, order]).tobytes())
    out = io.BytesIO()
    made.save(out, quality=95, chroma=444, **options)
    return out.getvalue()


def test_colours_and_alpha_are_right():
    back = read_picture(heic(making.photo()), "a.heic")
    assert (back.depth, back.alpha) == ("uint8", None)
    assert cv2.PSNR(np.asarray(back.bgr), making.photo()) > 40
    bgra = np.dstack([making.photo(), making.photo()[:, ::-1, 0]])
    alpha = read_picture(heic(bgra), "a.heic").alpha
    assert alpha is not None
    assert cv2.PSNR(np.asarray(alpha), np.ascontiguousarray(bgra[:, :, 3])) > 40


def test_ten_bits_are_read_in_sixteen():
    deep = making.photo().astype(np.uint16) * 257
    image = read_picture(heic(deep, bit_depth=10), "a.heic")
    assert image.depth == "uint16"
    assert np.abs(image.bgr.astype(int) - deep).mean() < 65535 / 100


@pytest.mark.parametrize("value", [1, 3, 6, 8])
def test_a_turned_picture_is_upright_and_says_its_exif(value: int):
    block = b"II" + struct.pack("<HIHHHIHHI", 42, 8, 1, 0x0112, 3, 1, value, 0, 0)
    data = heic(making.photo(), exif=b"Exif\0\0" + block)
    image = read_picture(data, "a.heic")
    assert image.size == ((48, 64) if value >= 5 else (64, 48))
    turns = {1: 0, 3: 2, 6: 3, 8: 1}[value]
    wanted = np.ascontiguousarray(np.rot90(making.photo(), turns))
    assert cv2.PSNR(np.asarray(image.bgr), wanted) > 40
    assert metadata_of(data, "a.heic").exif[:2] == b"II"


def test_no_cut_passes():
    data = heic(making.photo())
    for end in [*range(12, len(data), 101), len(data) - 1]:
        with pytest.raises(DamagedError):
            read_picture(data[:end], "a.heic")


def test_size_is_bounded_by_its_boxes():
    data = heic(making.photo())
    at = data.index(b"ispe") + 8
    huge = data[:at] + (90000).to_bytes(4, "big") * 2 + data[at + 8 :]
    with pytest.raises(InputError, match="--max-pixels"):
        read_picture(huge, "a.heic")
