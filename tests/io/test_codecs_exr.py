"""OpenEXR: floats exactly, and nothing unsound reaches a decoder that crashed on it before."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from cvkit.core.depths import at_depth
from cvkit.core.errors import DamagedError, InputError, OutputError
from cvkit.core.values import Image
from cvkit.io.codecs.asked import Asked
from cvkit.io.codecs.reading import read_picture
from cvkit.io.codecs.writing import write_picture
from tests.io import making

ANY = st.floats(allow_nan=False, width=32)


def exr() -> bytes:
    return write_picture(Image.of(making.photo().astype(np.float32) / 30), "exr")


@given(st.data())
def test_what_is_written_is_read_exactly(data: st.DataObject):
    channels = data.draw(st.sampled_from([(), (3,), (4,)]))
    shape = (data.draw(st.integers(1, 9)), data.draw(st.integers(1, 9)), *channels)
    image = Image.of(data.draw(arrays.arrays(np.float32, shape, elements=ANY)))
    back = read_picture(write_picture(image, "exr"), "a.exr")
    assert np.array_equal(back.array, image.array)
    assert (back.alpha is None) == (image.alpha is None)


@pytest.mark.parametrize("depth", ["uint8", "uint16"])
def test_integers_become_floats_without_loss(depth: str):
    picture = at_depth(making.photo(), depth)
    back = read_picture(write_picture(Image.of(picture), "exr"), "a.exr")
    assert np.array_equal(at_depth(back.array, depth), picture)


def test_values_above_one_are_kept_and_said():
    asked = Asked()
    assert read_picture(exr(), "a.exr", asked).bgr.max() > 8
    assert "linear light up to 8.4" in asked.notes[0]


def test_a_switch_of_the_environment_is_obeyed(monkeypatch: pytest.MonkeyPatch):
    data = exr()
    monkeypatch.setenv("OPENCV_IO_ENABLE_OPENEXR", "0")
    with pytest.raises(InputError, match="switches OpenEXR off") as error:
        read_picture(data, "a.exr")
    assert not isinstance(error.value, DamagedError)
    with pytest.raises(OutputError, match="switches OpenEXR off"):
        exr()


def test_no_cut_passes(capfd: pytest.CaptureFixture[str]):
    data = exr()
    for end in [*range(4, len(data), 131), len(data) - 1]:
        with pytest.raises(DamagedError):
            read_picture(data[:end], "a.exr")
    assert capfd.readouterr() == ("", "")


def test_unsound_headers_are_refused_before_decoding():
    data = exr()
    window = data.index(b"dataWindow\0box2i\0") + 21
    packing = data.index(b"compression\0compression\0") + 28
    table = data.index(b"\0", data.index(b"screenWindowWidth\0float\0") + 28) + 1
    for wrong, said in (
        (data[:4] + b"\x02\x08\0\0" + data[8:], "deep"),
        (data[:4] + b"\x07\0\0\0" + data[8:], "version 7"),
        (data[:window] + struct.pack("<4i", 0, 0, 89999, 89999) + data[window + 16 :], "too big"),
        (data[:window] + struct.pack("<4i", 5, 5, 0, 0) + data[window + 16 :], "-4×-4"),
        (data[:packing] + b"\x63" + data[packing + 1 :], "compression 99"),
        (data[:table] + struct.pack("<Q", 1 << 40) + data[table + 8 :], "chunks are missing"),
    ):
        with pytest.raises(InputError, match=said):
            read_picture(wrong, "a.exr")
