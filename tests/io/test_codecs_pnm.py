"""PNM and PFM: every kind, any maximum, plain and raw."""

from __future__ import annotations

import io

import cv2
import numpy as np
import PIL.Image
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from cvkit.core.depths import at_depth
from cvkit.core.errors import DamagedError, InputError, OutputError
from cvkit.core.values import Image, Mask
from cvkit.core.warp import Array
from cvkit.io.codecs.reading import read_picture
from cvkit.io.codecs.writing import write_picture
from tests.io import making

BAYER = np.array([[0, 8, 2], [12, 4, 15]])


def read(data: bytes) -> Array:
    return read_picture(data, "a.pnm").array


def by_opencv(data: bytes) -> Array:
    array = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert array is not None
    return array


def test_every_kind_is_told_and_read():
    text = "\n".join(" ".join(map(str, row)) for row in BAYER)
    levels = np.rint(BAYER * 255 / 15).astype(int).tolist()
    assert read(f"P2 # a comment\n3 2\n# and another\n15\n{text}\n".encode()).tolist() == levels
    assert read(b"P5 3 2 15\n" + BAYER.astype(np.uint8).tobytes()).tolist() == levels
    rgb = bytes(range(18))
    assert read(b"P6\n3 2\n255\n" + rgb)[0, 1].tolist() == [5, 4, 3]
    assert read(b"P3 3 2 255\n" + " ".join(map(str, rgb)).encode())[0, 1].tolist() == [5, 4, 3]
    assert read(b"P1\n3 2\n010\n1 1 0").tolist() == [[255, 0, 255], [0, 0, 255]]
    assert read(b"P4\n3 2\n" + bytes([0b01000000, 0b11000000])).tolist() == [
        [255, 0, 255],
        [0, 0, 255],
    ]


@pytest.mark.parametrize("top", [1, 15, 100, 255, 256, 1023, 4095, 65535])
def test_the_maximum_is_white(top: int):
    levels = np.array([[0, top // 2, top]])
    raw = levels.astype(np.uint8 if top < 256 else ">u2").tobytes()
    array = read(f"P5\n3 1\n{top}\n".encode() + raw)
    full = 255 if top < 256 else 65535
    assert array.dtype == (np.uint8 if top < 256 else np.uint16)
    assert array.tolist() == [[0, (2 * (top // 2) * full + top) // (2 * top), full]]


def test_a_pam_has_alpha_where_it_says_so():
    head = "P7\n# made by hand\nWIDTH 2\nHEIGHT 1\nDEPTH {}\nMAXVAL 255\nTUPLTYPE {}\nENDHDR\n"
    image = read_picture(head.format(4, "RGB_ALPHA").encode() + bytes(range(8)), "a.pam")
    assert image.bgr.tolist() == [[[2, 1, 0], [6, 5, 4]]]
    assert image.alpha is not None
    assert image.alpha.tolist() == [[3, 7]]
    grey = read_picture(head.format(2, "GRAYSCALE_ALPHA").encode() + bytes(range(4)), "a.pam")
    assert (grey.space, grey.array.tolist()) == ("gray", [[0, 2]])
    assert grey.alpha is not None
    assert grey.alpha.tolist() == [[1, 3]]


def test_pfm_keeps_its_values_above_one_from_the_bottom_row_up():
    values = np.array([[[0.5, 2.0, -1.0]], [[8.0, 0.25, 0.0]]], np.float32)
    for scale, order in ((-2.0, "<f4"), (1.0, ">f4"), (-1.0, "<f4")):
        data = f"PF\n1 2\n{scale}\n".encode() + values[::-1].astype(order).tobytes()
        assert np.array_equal(read(data), values[:, :, ::-1])
    assert np.array_equal(read(data), by_opencv(data))


@pytest.mark.parametrize("fmt", ["ppm", "pgm", "pam"])
@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
@given(st.data())
def test_what_is_written_is_read_exactly(fmt: str, depth: type[np.generic], data: st.DataObject):
    channels = {"ppm": (3,), "pgm": (), "pam": data.draw(st.sampled_from([(), (3,), (4,)]))}[fmt]
    shape = (data.draw(st.integers(1, 7)), data.draw(st.integers(1, 9)), *channels)
    array = data.draw(arrays.arrays(depth, shape))
    image = Image.of(array)
    back = read_picture(write_picture(image, fmt), f"a.{fmt}")
    assert np.array_equal(back.array, image.array)
    assert (back.alpha is None) == (image.alpha is None)
    if back.alpha is not None and image.alpha is not None:
        assert np.array_equal(back.alpha, image.alpha)


@given(arrays.arrays(np.bool_, st.tuples(st.integers(1, 9), st.integers(1, 33))))
def test_a_mask_is_a_pbm(bits: Array):
    data = write_picture(Mask.of(bits), "pbm")
    assert np.array_equal(read(data), bits.astype(np.uint8) * 255)
    assert np.array_equal(np.asarray(PIL.Image.open(io.BytesIO(data))), bits)


def test_other_programs_read_what_is_written():
    for fmt, picture in (("ppm", making.photo()), ("pgm", making.photo()[:, :, 1])):
        assert np.array_equal(by_opencv(write_picture(Image.of(picture), fmt)), picture)
    deep = making.photo().astype(np.float32) / 40
    assert np.array_equal(by_opencv(write_picture(Image.of(deep), "pfm")), deep)
    whole = read_picture(write_picture(Image.of(making.photo()), "pfm"), "a.pfm").array
    assert np.array_equal(whole, at_depth(making.photo(), "float32"))


def test_what_a_kind_cannot_hold_is_refused():
    with pytest.raises(OutputError, match=r"black and white.*add threshold"):
        write_picture(Image.of(making.photo()[:, :, 0]), "pbm")
    with pytest.raises(OutputError, match=r"one channel.*add gray"):
        write_picture(Image.of(making.photo()), "pgm")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"P5\n3 2\n255\n12345", "1 bytes are missing"),
        (b"P4\n9 2\n123", "1 bytes are missing"),
        (b"P2\n3 1\n255\n1 2", "1 levels are missing"),
        (b"P1\n3 1\n10", "1 levels are missing"),
        (b"P1\n3 1\n102", "more than 0 and 1"),
        (b"P2\n2 1\n255\n1 x", "more than numbers"),
        (b"P2\n2 1\n255\n1 -4", "below 0"),
        (b"P5\n1 1\n100\n\xff", "above the 100"),
        (b"P5\n1 1\n0\n1", "up to 0"),
        (b"P5\n1 1\n70000\n11", "up to 70000"),
        (b"P5\n3 x\n255\n12", "words"),
        (b"P5\n3 3", "cut inside its header"),
        (b"P7\nWIDTH 3\nHEIGHT 3\nENDHDR\n123456789", "lacks a size"),
        (b"P7\nWIDTH 3\n", "has no end"),
        (b"PF\n2 2\n-1.0\n" + bytes(47), "1 bytes are missing"),
    ],
)
def test_damage_is_said(data: bytes, said: str):
    with pytest.raises(DamagedError, match=said):
        read(data)


def test_a_header_that_says_too_much_is_refused():
    for data in (b"P5\n90000 90000\n255\n1", b"PF\n90000 90000\n-1\n1", b"P1\n90000 90000\n1"):
        with pytest.raises(InputError, match="--max-pixels"):
            read(data)
