"""Grey pictures as CSV: exact both ways, and no table that is no picture."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from cvkit.core.errors import DamagedError, InputError, OutputError
from cvkit.core.values import Depth, Image, Labels
from cvkit.core.warp import Array
from cvkit.io.codecs.reading import read_picture
from cvkit.io.codecs.writing import write_picture
from cvkit.io.sources.files import find
from tests.io import making

SIDES = st.tuples(st.integers(1, 5), st.integers(1, 7))


@given(st.one_of(arrays.arrays(np.uint8, SIDES), arrays.arrays(np.float32, SIDES)))
def test_what_is_written_is_read_exactly(array: Array):
    back = read_picture(write_picture(Image.of(array), "csv"), "a.csv").array
    assert back.dtype == array.dtype
    assert np.array_equal(back, array, equal_nan=array.dtype == np.float32)


def test_sixteen_bits_are_told_by_their_values():
    deep = np.array([[0, 256], [65535, 7]], np.uint16)
    data = write_picture(Image.of(deep), "csv")
    assert data == b"0,256\n65535,7\n"
    assert np.array_equal(read_picture(data, "a.csv").array, deep)
    assert read_picture(b"0,255\n", "a.csv").depth == "uint8"


def test_labels_and_depth_are_their_own_numbers():
    assert write_picture(Labels.of(np.array([[0, -7, 70000]])), "csv") == b"0,-7,70000\n"
    assert write_picture(Depth.of(np.array([[0.1, 1000.0]])), "csv").startswith(b"0.100000001,1000")


@pytest.mark.parametrize("text", ["1,2\n3,4", "1;2\n3;4\n", "1\t2\r\n3\t4\r\n\n", "1 2\n3  4\n"])
def test_any_usual_separator_is_taken(text: str):
    assert read_picture(text.encode("utf-8-sig"), "a.csv").array.tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1,2,3\n4,5\n", "row 1 holds 3 numbers, and row 2 2"),
        ("1,344,-1\n", "from -1 to 344, 2 of them outside of 0 to 255"),
        ("1,70000\n", "from 1 to 70000"),
        ("x1,y1,label\n1,2,coin\n", "'x1' in row 1"),
        ("1,2\n3,\n", "'' in row 2"),
    ],
)
def test_what_is_no_picture_is_refused(text: str, said: str):
    with pytest.raises(InputError, match=said):
        read_picture(text.encode(), "a.csv")


def test_the_printed_image_of_the_course_is_refused():
    """13 rows of 41 to 88 values from 0 to 344 are no picture, whatever a book calls them."""
    rng = np.random.default_rng(82)
    lengths = [41, 88, *rng.integers(41, 89, 11)]
    rows = [",".join(map(str, rng.integers(0, 345, n))) for n in lengths]
    with pytest.raises(InputError, match="row 1 holds 41 numbers, and row 2 88"):
        read_picture("\n".join(rows).encode(), "a.csv")


def test_nothing_and_bytes_are_damage_and_colour_is_refused():
    with pytest.raises(DamagedError, match="no numbers"):
        read_picture(b"\n\n", "a.csv")
    with pytest.raises(DamagedError, match="no text"):
        read_picture(b"1,2\n\xff\xfe", "a.csv")
    with pytest.raises(OutputError, match="add gray"):
        write_picture(Image.of(making.photo()), "csv")
    with pytest.raises(InputError, match="--max-pixels"):
        read_picture(b"1,2\n3,4\n", "a.csv", max_pixels=3)


def test_a_table_is_a_picture_where_it_is_named_and_not_in_a_folder(tmp_path: Path):
    (tmp_path / "t.csv").write_text("1,2\n")
    (tmp_path / "a.npy").write_bytes(write_picture(Image.of(making.photo()), "npy"))
    assert [found.name for found in find((str(tmp_path / "t.csv"),)).files] == ["t.csv"]
    walk = find((str(tmp_path),))
    assert ([found.name for found in walk.files], walk.not_media) == (["a.npy"], 1)


@pytest.mark.slow
@pytest.mark.serial
@pytest.mark.parametrize("depth", [np.uint8, np.uint16, np.float32])
def test_twelve_megapixels_take_seconds(depth: type[np.generic]):
    picture = np.random.default_rng(1).integers(0, 60000, (3000, 4000)).astype(depth)
    begun = time.monotonic()
    data = write_picture(Image.of(picture), "csv")
    assert np.array_equal(read_picture(data, "a.csv").array, picture)
    assert time.monotonic() - begun < 40
