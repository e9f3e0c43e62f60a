"""ICO: the largest picture comes first, and each is there as long as the table says."""

from __future__ import annotations

import io

import numpy as np
import PIL.Image
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from cvkit.core.errors import DamagedError, InputError, OutputError
from cvkit.core.values import Image
from cvkit.core.warp import Array
from cvkit.io.codecs.asked import Asked
from cvkit.io.codecs.reading import count_pages, read_picture
from cvkit.io.codecs.writing import write_picture
from tests.io import making


def icon(form: str) -> bytes:
    """Three sizes, the largest in the middle."""
    rgba = np.dstack([making.photo(64, 64)[:, :, ::-1], making.photo(64, 64)[:, :, 0]])
    out = io.BytesIO()
    sizes = [(16, 16), (64, 64), (32, 32)]
    PIL.Image.fromarray(rgba).save(out, "ICO", sizes=sizes, bitmap_format=form)
    return out.getvalue()


@pytest.mark.parametrize("form", ["png", "bmp"])
def test_the_largest_is_the_first_page(form: str):
    data = icon(form)
    assert count_pages(data, "a.ico") == 3
    sizes = [read_picture(data, "a.ico", Asked(page=page)).size for page in range(3)]
    assert sizes == [(64, 64), (32, 32), (16, 16)]
    image = read_picture(data, "a.ico")
    assert np.array_equal(image.bgr, making.photo(64, 64))
    assert image.alpha is not None
    assert np.array_equal(image.alpha, making.photo(64, 64)[:, :, 0])
    with pytest.raises(InputError, match="no page 4: it has 3 pages"):
        read_picture(data, "a.ico", Asked(page=3))


@given(arrays.arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 19), st.just(4))))
def test_what_is_written_is_read_exactly(bgra: Array):
    back = read_picture(write_picture(Image.of(bgra), "ico"), "a.ico")
    assert np.array_equal(back.bgr, bgra[:, :, :3])
    assert back.alpha is not None
    assert np.array_equal(back.alpha, bgra[:, :, 3])


def test_an_icon_has_sides_up_to_256():
    with pytest.raises(OutputError, match="up to 256"):
        write_picture(Image.of(making.photo(257, 9)), "ico")


@pytest.mark.parametrize("form", ["png", "bmp"])
def test_no_cut_passes(form: str):
    data = icon(form)
    for end in [*range(6, len(data), 101), len(data) - 1]:
        with pytest.raises(DamagedError):
            read_picture(data[:end], "a.ico")


def test_a_picture_shorter_than_it_says_is_damaged():
    data = bytearray(icon("bmp"))
    at = int.from_bytes(data[18:22], "little")
    data[at + 4 : at + 8] = (4000).to_bytes(4, "little")
    with pytest.raises(DamagedError, match="shorter than it says"):
        read_picture(bytes(data), "a.ico", Asked(page=2))
