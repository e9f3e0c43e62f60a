"""JPEG 2000: lossless in 8 and 16 bits, and no cut or crossed header passes."""

from __future__ import annotations

import io
import struct

import numpy as np
import PIL.Image
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from cvkit.core.errors import DamagedError, InputError, OutputError
from cvkit.core.values import Image
from cvkit.core.warp import Array
from cvkit.io.codecs.reading import read_picture
from cvkit.io.codecs.writing import write_picture
from tests.io import making


def written(picture: Array, **options: object) -> bytes:
    out = io.BytesIO()
    PIL.Image.fromarray(picture).save(out, "JPEG2000", irreversible=False, **options)
    return out.getvalue()


@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
@given(st.data())
def test_what_is_written_is_read_exactly(depth: type[np.generic], data: st.DataObject):
    small = data.draw(st.booleans())  # other ways to be written
    channels = data.draw(
        st.sampled_from([()] if small and depth is np.uint16 else [(), (3,), (4,)])
    )
    sides = st.integers(1, 9) if small else st.integers(32, 40)
    shape = (data.draw(sides), data.draw(sides), *channels)
    image = Image.of(data.draw(arrays.arrays(depth, shape)))
    back = read_picture(write_picture(image, "jp2"), "a.jp2")
    assert np.array_equal(back.array, image.array)
    if image.alpha is not None:
        assert back.alpha is not None
        assert np.array_equal(back.alpha, image.alpha)


@pytest.mark.parametrize("bare", [True, False])
def test_another_writers_pixels_are_read_exactly_boxed_and_bare(bare: bool):
    rgb = making.photo()[:, :, ::-1]
    data = written(np.ascontiguousarray(rgb), no_jp2=bare, tile_size=(32, 32), num_resolutions=3)
    assert (data[:4] == b"\xff\x4f\xff\x51") == bare
    assert np.array_equal(read_picture(data, "a.j2k").bgr, making.photo())


def test_grey_with_alpha_is_read():
    pairs = np.ascontiguousarray(making.photo()[:, :, :2])
    out = io.BytesIO()
    PIL.Image.merge("LA", [PIL.Image.fromarray(pairs[:, :, i]) for i in (0, 1)]).save(
        out, "JPEG2000", irreversible=False
    )
    image = read_picture(out.getvalue(), "a.jp2")
    assert (image.space, image.alpha is None) == ("gray", False)
    assert np.array_equal(image.array, pairs[:, :, 0])


def test_what_cannot_be_written_small_says_so():
    with pytest.raises(OutputError, match="sides below 32"):
        write_picture(Image.of(np.zeros((9, 64, 3), np.uint16)), "jp2")


def test_no_cut_passes():
    for data in (written(making.photo()), written(making.photo(), no_jp2=True)):
        for end in range(12, len(data), 41):
            with pytest.raises(DamagedError):
                read_picture(data[:end], "a.jp2")
        with pytest.raises(DamagedError):
            read_picture(data[:-1], "a.jp2")


def test_headers_that_differ_are_damage_and_kinds_that_are_not_read_say_so():
    data = written(making.photo())
    at = data.index(b"ihdr") + 4
    with pytest.raises(DamagedError, match="different sizes"):
        read_picture(data[:at] + struct.pack(">I", 49) + data[at + 4 :], "a.jp2")
    with pytest.raises(DamagedError, match="different depths"):
        read_picture(data[: at + 10] + b"\x0b" + data[at + 11 :], "a.jp2")
    bare = written(making.photo(), no_jp2=True)
    for levels in (0x87, 0x17):  # signed, 24 bits
        with pytest.raises(InputError, match=r"16.bit") as error:
            read_picture(bare[:42] + bytes([levels]) + bare[43:], "a.j2k")
        assert not isinstance(error.value, DamagedError)


def test_size_is_bounded_before_memory_is_taken():
    bare = written(making.photo(), no_jp2=True)
    huge = bare[:8] + struct.pack(">II", 60000, 60000) + bare[16:]
    with pytest.raises(InputError, match="--max-pixels"):
        read_picture(huge, "a.j2k")
