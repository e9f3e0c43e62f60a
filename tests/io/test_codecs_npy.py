"""Arrays of NumPy: every depth exactly, no pickle, and no shape that is no picture."""

from __future__ import annotations

import io
import struct
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from cvkit.core.errors import DamagedError, InputError
from cvkit.core.values import Depth, Flow, Image, Labels, Mask
from cvkit.core.warp import Array
from cvkit.io.codecs.asked import Asked
from cvkit.io.codecs.reading import read_picture
from cvkit.io.codecs.writing import write_picture
from tests.io import making


def npy(array: Array, **options: bool) -> bytes:
    out = io.BytesIO()
    np.save(out, array, **options)
    return out.getvalue()


def npz(**held: Array) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in held.items():
            archive.writestr(f"{name}.npy", npy(array))
    return out.getvalue()


@pytest.mark.parametrize("fmt", ["npy", "npz"])
@given(st.data())
def test_what_is_written_is_read_exactly(fmt: str, data: st.DataObject):
    depth = data.draw(st.sampled_from([np.uint8, np.uint16, np.float32]))
    channels = data.draw(st.sampled_from([(), (3,), (4,)]))
    shape = (data.draw(st.integers(1, 5)), data.draw(st.integers(1, 7)), *channels)
    image = Image.of(data.draw(arrays.arrays(depth, shape)))
    back = read_picture(write_picture(image, fmt), f"a.{fmt}")
    assert back.depth == image.depth
    assert np.array_equal(back.array, image.array, equal_nan=depth is np.float32)
    assert (back.alpha is None) == (image.alpha is None)


@pytest.mark.parametrize("fmt", ["npy", "npz"])
def test_other_rasters_are_their_own_numbers(fmt: str):
    for raster in (
        Labels.of(np.array([[0, 70000, -1]], np.int32)),
        Depth.of(np.array([[0.5, 1e6]], np.float32)),
        Flow.of(np.arange(12, dtype=np.float32).reshape(2, 3, 2)),
        Mask.of(np.array([[0, 128, 255]], np.uint8)),
    ):
        written = np.load(io.BytesIO(write_picture(raster, fmt)))
        written = written["image"] if fmt == "npz" else written
        assert written.dtype == raster.array.dtype
        assert np.array_equal(written, raster.array)


def test_colours_are_bgr_and_order_in_memory_does_not_matter():
    for array in (making.photo(), np.asfortranarray(making.photo())):
        assert np.array_equal(read_picture(npy(array), "a.npy").bgr, making.photo())
    one = read_picture(npy(making.photo()[:, :, :1]), "a.npy")
    assert (one.space, one.size) == ("gray", (64, 48))


@pytest.mark.parametrize(
    ("array", "depth", "values"),
    [
        (np.array([[False, True]]), "uint8", [[0, 255]]),
        (np.array([[0, 255]], np.int64), "uint8", [[0, 255]]),
        (np.array([[0, 256]], np.int32), "uint16", [[0, 256]]),
        (np.array([[0.25, 2]], np.float64), "float32", [[0.25, 2]]),
        (np.array([[0.25, 2]], np.float16), "float32", [[0.25, 2]]),
        (np.array([[0.25, 2]], ">f4"), "float32", [[0.25, 2]]),
        (np.array([[1, 65535]], ">u2"), "uint16", [[1, 65535]]),
    ],
)
def test_other_types_become_what_holds_them(array: Array, depth: str, values: list[list[float]]):
    asked = Asked()
    image = read_picture(npy(array), "a.npy", asked)
    assert (image.depth, image.array.tolist()) == (depth, values)
    assert bool(asked.notes) == (array.dtype in (np.int64, np.int32))


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (np.array([[-1, 5]]), "from -1 to 5"),
        (np.array([[0, 70000]]), "from 0 to 70000"),
        (np.array([["a", "b"]]), "pictures are numbers"),
        (np.array([[1j]]), "pictures are numbers"),
        (np.zeros(5), r"array of \(5,\)"),
        (np.zeros((3, 40, 50)), "channels come last"),
        (np.zeros((4, 5, 2)), r"array of \(4, 5, 2\)"),
        (np.zeros((2, 3, 4, 5)), "array of"),
        (np.zeros((0, 5)), "0 pixels|5×0"),
    ],
)
def test_what_is_no_picture_is_refused(array: Array, said: str):
    with pytest.raises(InputError, match=said):
        read_picture(npy(array), "a.npy")


def test_a_pickle_is_never_opened():
    data = npy(np.array([[print]], object), allow_pickle=True)
    with pytest.raises(InputError, match="pictures are numbers"):
        read_picture(data, "a.npy")


def test_of_an_npz_the_one_called_image_or_the_only_one():
    other = np.zeros((2, 2), np.uint8)
    assert read_picture(npz(x=making.photo()), "a.npz").size == (64, 48)
    assert read_picture(npz(a=other, image=making.photo()), "a.npz").size == (64, 48)
    with pytest.raises(InputError, match="it holds a, b, and none of them is called image"):
        read_picture(npz(a=other, b=other), "a.npz")


def test_cuts_and_flips_are_damage():
    data = npy(making.photo())
    for end in (9, 40, 100, 128, len(data) - 1):
        with pytest.raises(DamagedError):
            read_picture(data[:end], "a.npy")
    packed = npz(image=making.photo())
    for end in (60, len(packed) // 2, len(packed) - 5):
        with pytest.raises(DamagedError):
            read_picture(packed[:end], "a.npz")
    with pytest.raises(DamagedError, match="CRC"):
        read_picture(making.flipped(packed, len(packed) // 2), "a.npz")


def test_size_is_bounded_before_anything_is_unpacked():
    text = "{'descr': '|u1', 'fortran_order': False, 'shape': (90000, 90000), }".ljust(117) + "\n"
    head = b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text.encode()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("image.npy", head + bytes(10_000_000))
    for data, name in ((head, "a.npy"), (out.getvalue(), "a.npz")):
        with pytest.raises(InputError, match="--max-pixels"):
            read_picture(data, name)
