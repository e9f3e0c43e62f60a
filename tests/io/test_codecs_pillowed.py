"""Photoshop, TGA, PCX, SGI, DDS and Sun raster: Pillow's pixels, and none of its errors raw."""

from __future__ import annotations

import io
import struct
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
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


def saved(picture: Array, fmt: str, **options: object) -> bytes:
    """By Pillow, from grey, BGR or BGRA."""
    order = [2, 1, 0, 3]
    rgb = picture if picture.ndim == 2 else picture[:, :, order[: picture.shape[2]]]
    out = io.BytesIO()
    PIL.Image.fromarray(np.ascontiguousarray(rgb)).save(out, fmt, **options)
    return out.getvalue()


def sun(picture: Array) -> bytes:
    height, width = picture.shape[:2]
    header = struct.pack(">8I", 0x59A66A95, width, height, 24, picture.size, 1, 0, 0)
    return header + picture.tobytes()


def psd(picture: Array, *, bits: int = 8, mode: int = 3) -> bytes:
    """A Photoshop file without layers, from BGR."""
    height, width = picture.shape[:2]
    head = b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 3, height, width, bits, mode)
    planes = b"".join(picture[:, :, i].tobytes() for i in (2, 1, 0))
    return head + bytes(12) + b"\0\0" + planes


WHOLE = {
    "a.tga": lambda: saved(making.photo(), "TGA"),
    "runs.tga": lambda: saved(making.photo(), "TGA", compression="tga_rle"),
    "a.pcx": lambda: saved(making.photo(), "PCX"),
    "a.sgi": lambda: saved(making.photo(), "SGI"),
    "a.dds": lambda: saved(making.photo(), "DDS"),
    "a.ras": lambda: sun(making.photo()),
    "a.psd": lambda: psd(making.photo()),
}


@pytest.mark.parametrize("name", WHOLE)
def test_pixels_are_right(name: str):
    image = read_picture(WHOLE[name](), name)
    assert np.array_equal(image.bgr, making.photo())
    assert image.untouched


@pytest.mark.parametrize("name", WHOLE)
def test_no_cut_passes(name: str, capfd: pytest.CaptureFixture[str]):
    data = WHOLE[name]()
    if name.endswith(".tga"):
        data = data.removesuffix(data[-26:])  # the footer, which says nothing of the picture
    for end in [*range(70, len(data), 211), len(data) - 1]:
        with pytest.raises(DamagedError):
            read_picture(data[:end], name)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", WHOLE)
@given(changes=st.lists(st.tuples(st.integers(0, 99), st.integers(0, 255)), min_size=1, max_size=5))
def test_broken_headers_are_errors_of_ours(name: str, changes: list[tuple[int, int]]):
    data = bytearray(WHOLE[name]())
    for at, value in changes:
        data[at] = value
    with suppress(InputError):
        read_picture(bytes(data), name, Asked(max_pixels=1_000_000))


@given(st.data())
def test_a_written_tga_is_read_exactly(data: st.DataObject):
    channels = data.draw(st.sampled_from([(), (3,), (4,)]))
    shape = (data.draw(st.integers(1, 9)), data.draw(st.integers(1, 140)), *channels)
    image = Image.of(data.draw(arrays.arrays(np.uint8, shape)))
    back = read_picture(write_picture(image, "tga"), "a.tga")
    assert np.array_equal(back.array, image.array)
    assert (back.alpha is None) == (image.alpha is None)


def test_a_tga_is_one_by_its_name_only():
    data = write_picture(Image.of(making.photo()), "tga")
    with pytest.raises(InputError, match="no known picture"):
        read_picture(data, "a.bin")


def test_kinds_that_are_not_read_say_so():
    big = psd(making.photo())
    for data, said in (
        (psd(making.photo(), bits=16), "RGB of 16 bits"),
        (psd(making.photo(), mode=7), "multichannel"),
        (big[:4] + b"\0\2" + big[6:], "PSB"),
    ):
        with pytest.raises(InputError, match=said) as error:
            read_picture(data, "a.psd")
        assert not isinstance(error.value, DamagedError)


def test_sixteen_bits_that_are_read_as_eight_are_said():
    asked = Asked()
    image = read_picture(saved(making.photo(), "SGI", bpc=2), "a.sgi", asked)
    assert image.depth == "uint8"
    assert asked.notes == ["its 16 bits a level are read as 8"]


def test_size_is_bounded_before_memory_is_taken():
    data = psd(making.photo())
    huge = data[:14] + struct.pack(">II", 60000, 60000) + data[22:]
    with pytest.raises(InputError, match="--max-pixels"):
        read_picture(huge, "a.psd")


def test_real_files_have_the_pixels_of_other_decoders(shared: Path):
    import av

    for name, codec in (("layers.psd", "psd"), ("texture.dds", "dds"), ("photo.pcx", "pcx")):
        data = (shared / "formats" / name).read_bytes()
        decoder: Any = av.CodecContext.create(codec, "r")
        frames = [*decoder.decode(av.Packet(data)), *decoder.decode(None)]
        other = frames[0].to_ndarray(format="bgr24")
        assert np.abs(read_picture(data, name).bgr.astype(int) - other).max() <= 1
