"""Stills out: what comes back is what was given, or the format says that it cannot hold it."""

from __future__ import annotations

import io

import cv2
import numpy as np
import PIL.Image
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from cvkit.core.depths import eight_bit
from cvkit.core.errors import OutputError, ParameterError
from cvkit.core.values import Depth, Flow, Image, Labels, Mask
from cvkit.core.warp import Array
from cvkit.io.codecs.formats import FORMATS, WRITE
from cvkit.io.codecs.reading import read_picture
from cvkit.io.codecs.sniff import told
from cvkit.io.codecs.writing import drops_alpha, format_of, laid_over, write_picture
from tests.io import making

EXACT = {"png": ["uint8", "uint16"], "bmp": ["uint8"], "tiff": ["uint8", "uint16", "float32"]}


@st.composite
def pictures(draw: st.DrawFn) -> tuple[str, Array]:
    """An exact format and a small picture of 1, 3 or 4 channels in a depth that it holds."""
    fmt = draw(st.sampled_from(sorted(EXACT)))
    depth = np.dtype(draw(st.sampled_from(EXACT[fmt])))
    height, width = draw(st.integers(1, 9)), draw(st.integers(1, 19))
    channels = draw(st.sampled_from([(), (3,), (4,)]))
    finite = {"allow_nan": False, "width": 32} if depth.kind == "f" else None
    values = st.floats(**finite) if finite else None  # type: ignore[arg-type]
    return fmt, draw(arrays.arrays(depth, (height, width, *channels), elements=values))


@given(pictures())
def test_what_is_written_exactly_is_read_exactly(case: tuple[str, Array]):
    fmt, array = case
    image = Image.of(array)
    back = read_picture(write_picture(image, fmt), f"a.{fmt}")
    assert (back.depth, back.space) == (image.depth, image.space)
    assert np.array_equal(back.array, image.array)
    assert (back.alpha is None) == (image.alpha is None)
    if image.alpha is not None and back.alpha is not None:
        assert np.array_equal(back.alpha, image.alpha)


@given(arrays.arrays(np.bool_, st.tuples(st.integers(1, 9), st.integers(1, 33))))
def test_a_binary_mask_is_a_one_bit_png(bits: Array):
    data = write_picture(Mask.of(bits), "png")
    assert (data[24], data[25]) == (1, 0)  # bits, grey
    assert np.array_equal(read_picture(data, "a.png").gray, bits.astype(np.uint8) * 255)


def test_any_other_mask_is_an_eight_bit_png():
    coverage = making.photo()[:, :, 2]
    data = write_picture(Mask.of(coverage), "png")
    assert (data[24], data[25]) == (8, 0)
    assert np.array_equal(read_picture(data, "a.png").gray, coverage)


@pytest.mark.parametrize("fmt", sorted(WRITE))
def test_every_format_is_what_it_says_and_looks_like_the_picture(fmt: str):
    picture = making.photo(256, 192)
    value: Image | Mask = Image.of(picture[:, :, 2] if FORMATS[fmt].grey else picture)
    if fmt == "pbm":
        value = Mask.of(picture[:, :, 2] > 127)
    data, name = write_picture(value, fmt), f"a{FORMATS[fmt].suffixes[0]}"
    assert told(data[:1024], name) == fmt
    assert write_picture(value, fmt) == data
    back = eight_bit(np.asarray(read_picture(data, name).array))
    assert cv2.PSNR(back, value.array) > (25 if fmt == "gif" else 30)  # GIF holds 256 colours


@pytest.mark.parametrize(("fmt", "default"), [("jpeg", 92), ("webp", 90), ("avif", 80)])
def test_quality_has_the_default_it_says_and_more_is_bigger(fmt: str, default: int):
    image = Image.of(making.photo())
    plain = write_picture(image, fmt)
    assert plain == write_picture(image, fmt, quality=default)
    assert len(write_picture(image, fmt, quality=40)) < len(plain)
    for wrong in (0, 101):
        with pytest.raises(ParameterError, match="1 to 100"):
            write_picture(image, fmt, quality=wrong)


def test_alpha_is_laid_over_the_background_where_the_format_has_none():
    picture = np.full((16, 16, 4), (0, 0, 200, 255), np.uint8)
    picture[:, 8:, 3] = 0
    image = Image.of(picture)
    without = [fmt for fmt in sorted(WRITE) if drops_alpha(image, fmt)]
    assert without == ["csv", "hdr", "jpeg", "pbm", "pfm", "pgm", "ppm"]
    data = write_picture(image, "jpeg", quality=100, background=(0, 255, 0))
    back = read_picture(data, "a.jpg").bgr.astype(int)
    assert np.abs(back[:, :6] - (0, 0, 200)).max() < 6
    assert np.abs(back[:, 10:] - (0, 255, 0)).max() < 6
    assert not drops_alpha(Image.of(picture[:, :, :3].copy()), "jpeg")


def test_half_covered_pixels_are_half_of_both():
    gray, alpha = np.full((1, 2), 100, np.uint8), np.array([[51, 255]], np.uint8)
    image = Image.of(gray, alpha=alpha)
    assert laid_over(image, (200, 200, 200)).tolist() == [[180, 100]]  # 200 + (100 - 200) / 5
    assert laid_over(image, (200, 0, 50)).tolist() == [[[180, 20, 60], [100, 100, 100]]]
    deep = Image.of(gray.astype(np.uint16), alpha=alpha.astype(np.uint16) * 257)
    assert laid_over(deep, (255, 255, 255)).tolist() == [[52448, 100]]
    real = Image.of(np.array([[0.5]], np.float32), alpha=np.array([[0.25]], np.float32))
    assert laid_over(real, (255, 255, 255)).tolist() == [[0.875]]


def test_other_programs_see_the_alpha_of_a_tiff():
    rgba = np.dstack([making.photo(), making.photo()[:, ::-1, 0]])
    other = PIL.Image.open(io.BytesIO(write_picture(Image.of(rgba), "tiff")))
    assert other.mode == "RGBA"
    assert np.array_equal(np.asarray(other), rgba[:, :, [2, 1, 0, 3]])


@pytest.mark.parametrize("fmt", sorted(WRITE))
@pytest.mark.parametrize("depth", ["uint16", "float32"])
def test_a_depth_that_a_format_cannot_hold_is_refused_and_the_able_are_named(fmt: str, depth: str):
    if depth in FORMATS[fmt].holds:
        return
    able = "PNG or TIFF" if depth == "uint16" else "TIFF"
    image = Image.of(np.zeros((4, 4) if FORMATS[fmt].grey else (4, 4, 3), depth))
    with pytest.raises(OutputError, match=f"write {able}$"):
        write_picture(image, fmt)


@pytest.mark.parametrize(("fmt", "most"), [("jpeg", 65500), ("webp", 16383)])
def test_a_side_that_a_format_cannot_hold_is_refused(fmt: str, most: int):
    write_picture(Image.of(np.zeros((1, most), np.uint8)), fmt)
    with pytest.raises(OutputError, match=f"up to {most}"):
        write_picture(Image.of(np.zeros((1, most + 1), np.uint8)), fmt)


def test_labels_keep_their_numbers():
    few, many = np.array([[0, 255]]), np.array([[0, 65535, 7]])
    for fmt in ("png", "tiff"):
        assert read_picture(write_picture(Labels.of(few), fmt), "a").array.dtype == np.uint8
        assert np.array_equal(read_picture(write_picture(Labels.of(many), fmt), "a").array, many)
    with pytest.raises(OutputError, match="PNG or TIFF"):
        write_picture(Labels.of(few), "jpeg")
    with pytest.raises(OutputError, match="65536"):
        write_picture(Labels.of(np.array([[65536]])), "png")


def test_depth_is_written_as_a_float_tiff_only_and_flow_not_at_all():
    metres = np.array([[0.5, 120.25]], np.float32)
    assert np.array_equal(read_picture(write_picture(Depth.of(metres), "tiff"), "a").array, metres)
    with pytest.raises(OutputError, match="TIFF"):
        write_picture(Depth.of(metres), "png")
    with pytest.raises(OutputError, match="flow"):
        write_picture(Flow.of(np.zeros((2, 2, 2), np.float32)), "tiff")


def test_read_only_and_cut_out_arrays_are_written():
    picture = making.photo()
    picture.flags.writeable = False
    part = picture[5:30, 7:40]
    assert np.array_equal(read_picture(write_picture(Image.of(part), "png"), "a").bgr, part)


def test_a_suffix_names_its_format():
    assert [format_of(suffix) for suffix in (".JPG", ".jpeg", ".tif")] == ["jpeg", "jpeg", "tiff"]
    with pytest.raises(OutputError, match=r"\.heic"):
        format_of(".heic")
    with pytest.raises(OutputError, match="without a suffix"):
        format_of("")
    with pytest.raises(OutputError, match="HEIC"):
        write_picture(Image.of(making.photo()), "heic")


def test_webp_of_quality_100_loses_nothing():
    picture = making.photo()
    data = write_picture(Image.of(picture), "webp", quality=100)
    assert np.array_equal(read_picture(data, "a.webp").bgr, picture)
    assert not np.array_equal(
        read_picture(write_picture(Image.of(picture), "webp", quality=99), "a.webp").bgr, picture
    )
