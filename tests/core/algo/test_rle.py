"""Run lengths of bitmaps: COCO"s own, there and back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from cvkit.core.algo import rle

BITMAPS = arrays.arrays(
    np.uint8,
    st.tuples(st.integers(1, 40), st.integers(1, 40)),
    elements=st.sampled_from([0, 255]),
    fill=st.just(0),
)


def test_runs_go_down_the_columns_and_begin_with_what_is_not_set():
    bitmap = np.array([[0, 255], [255, 255], [0, 0]], np.uint8)
    assert rle.encoded(bitmap).tolist() == [1, 1, 1, 2, 1]
    assert rle.encoded(255 - bitmap).tolist() == [0, 1, 1, 1, 2, 1]


def test_letters_are_those_of_pycocotools():
    """`pycocotools.mask.encode` of a disc of radius 6 in 16×16, made with version 2.0.11."""
    y, x = np.mgrid[:16, :16]
    disc = np.asarray(np.where((x - 8) ** 2 + (y - 8) ** 2 <= 36, 255, 0), np.uint8)
    assert rle.text_of(rle.encoded(disc)) == DISC
    assert np.array_equal(rle.decoded(rle.counts_of(DISC), (16, 16), (0, 0, 16, 16)), disc)


DISC = "X11<6L2N2O000O20N10001N2N4J;"


@given(BITMAPS)
def test_every_bitmap_comes_back_from_its_letters(bitmap):
    height, width = bitmap.shape
    counts = rle.counts_of(rle.text_of(rle.encoded(bitmap)))
    assert np.array_equal(rle.decoded(counts, (width, height), (0, 0, width, height)), bitmap)


@given(BITMAPS)
def test_the_bounds_are_around_what_is_set(bitmap):
    ys, xs = np.nonzero(bitmap)
    want = (xs.min(), ys.min(), xs.max() + 1, ys.max() + 1) if len(xs) else (0, 0, 0, 0)
    assert rle.bounds(rle.encoded(bitmap), len(bitmap)) == want


@given(BITMAPS, *[st.integers(-10, 45)] * 2, *[st.integers(1, 30)] * 2)
def test_a_window_is_cut_out_of_the_whole(bitmap, x, y, w, h):
    height, width = bitmap.shape
    padded = np.pad(bitmap, 80)
    want = padded[80 + y : 80 + y + h, 80 + x : 80 + x + w]
    assert np.array_equal(rle.decoded(rle.encoded(bitmap), (width, height), (x, y, w, h)), want)


@pytest.mark.parametrize("counts", [[5], [-1, 13], [4, 9], [2**40, -(2**40) + 12], []])
def test_runs_of_another_picture_are_refused(counts):
    with pytest.raises(ValueError, match="4×3"):
        rle.decoded(np.array(counts, np.int64), (4, 3), (0, 0, 4, 3))


@pytest.mark.parametrize("text", ["a\x00", "é", "oooo", "o" * 30 + "0", "~"])
def test_letters_that_are_none_are_refused(text):
    with pytest.raises(ValueError, match="a mask"):
        rle.counts_of(text)
