"""Radiance HDR: linear light above 1, kept within what its shared exponent holds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from cvkit.core.errors import DamagedError, InputError
from cvkit.core.values import Image
from cvkit.core.warp import Array
from cvkit.io.codecs.asked import Asked
from cvkit.io.codecs.reading import read_picture
from cvkit.io.codecs.writing import write_picture
from tests.io import making

LIGHT = st.floats(0, 1000, width=32)


@given(arrays.arrays(np.float32, (5, 17, 3), elements=LIGHT))
def test_a_pixel_is_within_a_hundredth_of_its_brightest_channel(light: Array):
    back = read_picture(write_picture(Image.of(light), "hdr"), "a.hdr")
    assert back.depth == "float32"
    top = light.max(axis=2, keepdims=True)
    assert (np.abs(back.bgr - light) <= top / 100 + 1e-30).all()


def test_values_above_one_are_said():
    asked = Asked()
    bright = making.photo().astype(np.float32) / 32
    image = read_picture(write_picture(Image.of(bright), "hdr"), "a.hdr", asked)
    assert image.bgr.max() > 7
    assert "values above 1 stay in floats" in asked.notes[0]
    dim = Asked()
    read_picture(write_picture(Image.of(bright / 8), "hdr"), "a.hdr", dim)
    assert dim.notes == []


def test_no_cut_passes(capfd: pytest.CaptureFixture[str]):
    data = write_picture(Image.of(making.photo().astype(np.float32)), "hdr")
    for end in [*range(12, len(data), 97), len(data) - 1]:
        with pytest.raises(DamagedError):
            read_picture(data[:end], "a.hdr")
    assert capfd.readouterr() == ("", "")


def test_what_is_not_read_says_so_and_size_is_bounded():
    data = write_picture(Image.of(making.photo().astype(np.float32)), "hdr")
    for wrong, said in (
        (data.replace(b"32-bit_rle_rgbe", b"32-bit_rle_xyze"), "XYZ"),
        (data.replace(b"-Y 48 +X 64", b"+X 64 -Y 48"), "turned"),
        (data.replace(b"-Y 48 +X 64", b"-Y 90000 +X 90000"), "--max-pixels"),
        (data.replace(b"-Y 48 +X 64", b"-Y 20000 +X 20000"), "less than its rows"),
    ):
        with pytest.raises(InputError, match=said):
            read_picture(wrong, "a.hdr")
