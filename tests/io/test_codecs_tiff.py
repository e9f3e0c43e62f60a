"""TIFF in: every layout, compression and depth gives the picture that was put in, or a reason."""

from __future__ import annotations

import io
import itertools
import struct
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st

from cvkit.core.errors import CvkitError, DamagedError, InputError
from cvkit.core.values import Image
from cvkit.core.warp import Array
from cvkit.io.codecs import tiff
from cvkit.io.codecs.asked import Asked
from cvkit.io.codecs.reading import count_pages, read_picture
from tests.conftest import Command
from tests.io import making


def written(array: Array, **how: Any) -> bytes:
    out = io.BytesIO()
    tifffile.imwrite(out, array, metadata=None, **how)
    return out.getvalue()


def by_pillow(picture: PIL.Image.Image, compression: str | None) -> bytes:
    out = io.BytesIO()
    picture.save(out, "TIFF", compression=compression)
    return out.getvalue()


def channels(image: Image) -> Array:
    """(h, w, n) in a file's order: grey or RGB, then alpha."""
    array = image.array if image.array.ndim == 3 else image.array[:, :, None]
    array = array[:, :, ::-1] if array.shape[2] == 3 else array
    return array if image.alpha is None else np.dstack([array, image.alpha])


def numbers(dtype: str, count: int) -> Array:
    rng = np.random.default_rng(7)
    top = {"uint8": 256, "uint16": 65536}.get(dtype, 1)
    return (rng.random((37, 45, count)) * top).astype(dtype)


LAYOUTS: list[dict[str, Any]] = [{"rowsperstrip": 5}, {"rowsperstrip": 64}, {"tile": (16, 32)}]


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("compression", [None, "zlib", "lzma"])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float16", "float32", "float64"])
def test_every_layout_gives_the_numbers_that_were_put_in(
    dtype: str, compression: str | None, order: str
):
    seen = 0
    for count, planes, predicted, how in itertools.product(
        (1, 2, 3, 4), ("contig", "separate"), (None, True), LAYOUTS
    ):
        if (count == 1 and planes == "separate") or (predicted and not compression):
            continue
        array = numbers(dtype, count)
        laid = array[:, :, 0] if count == 1 else array
        laid = np.moveaxis(array, 2, 0) if planes == "separate" else laid
        try:
            data = written(
                laid,
                photometric="rgb" if count > 2 else "minisblack",
                planarconfig=None if count == 1 else planes,
                extrasamples=[2] if count in (2, 4) else None,
                compression=compression,
                predictor=predicted,
                byteorder=order,
                **how,
            )
        except (ValueError, KeyError):  # tifffile lacks that codec here
            continue
        got = channels(read_picture(data, "a.tif"))
        wanted = array.astype(np.float32) if array.dtype.kind == "f" else array
        assert got.dtype == wanted.dtype
        assert np.array_equal(got, wanted), (count, planes, predicted, how)
        seen += 1
    assert seen >= (18 if compression else 21)


@pytest.mark.parametrize(
    "compression", [None, "tiff_lzw", "tiff_deflate", "packbits", "zstd", "lzma"]
)
@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "F"])
def test_what_pillow_writes_is_read(mode: str, compression: str | None):
    photo = PIL.Image.fromarray(making.photo(53, 37)[:, :, ::-1])
    if mode == "I;16":
        photo = PIL.Image.fromarray(np.asarray(photo.convert("L")).astype(np.uint16) * 200)
    photo = photo if mode == "I;16" else photo.convert(mode)
    data = by_pillow(photo, compression)
    wanted = np.asarray(photo.convert({"P": "RGB", "CMYK": "RGB", "1": "L"}.get(mode, mode)))
    got = channels(read_picture(data, "a.tif"))
    assert np.array_equal(got, wanted if wanted.ndim == 3 else wanted[:, :, None])


@pytest.mark.parametrize("compression", ["group3", "group4", "tiff_ccitt"])
def test_fax_compressions_are_read(compression: str):
    photo = PIL.Image.fromarray(making.photo(53, 37)).convert("1")
    got = read_picture(by_pillow(photo, compression), "a.tif")
    assert np.array_equal(got.gray, np.asarray(photo.convert("L")))


@pytest.mark.parametrize("mode", ["L", "RGB", "YCbCr", "CMYK"])
def test_jpeg_inside_is_what_pillow_sees(mode: str):
    data = by_pillow(PIL.Image.fromarray(making.photo(53, 37)[:, :, ::-1]).convert(mode), "jpeg")
    seen = PIL.Image.open(io.BytesIO(data)).convert("L" if mode == "L" else "RGB")
    wanted = np.asarray(seen).reshape(37, 53, -1)
    assert np.array_equal(channels(read_picture(data, "a.tif")), wanted)


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_few_bits_become_the_whole_range_of_eight(bits: int):
    steps = np.arange(1 << bits, dtype=np.uint8)
    row = np.packbits(np.unpackbits(steps[:, None], axis=1)[:, 8 - bits :])
    data = of_bits(row.tobytes().ljust(2, b"\0"), len(steps), bits)
    assert read_picture(data, "a.tif").gray.tolist() == [(steps * (255 // steps[-1])).tolist()]


def test_twelve_bits_become_the_whole_range_of_sixteen():
    data = of_bits(bytes([0x00, 0x0F, 0xFF, 0x80, 0x0F, 0xFF]), 4, 12)
    image = read_picture(data, "a.tif")
    assert image.depth == "uint16"
    assert image.gray.tolist() == [[0, 65535, 32776, 65535]]


def of_bits(row: bytes, width: int, bits: int) -> bytes:
    """A grey TIFF of one row."""
    tags = [(256, width), (257, 1), (258, bits), (259, 1), (262, 1), (273, 8), (277, 1),
            (278, 1), (279, len(row))]  # fmt: skip
    body = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    at = 8 + len(row)
    return b"II*\0" + struct.pack("<I", at) + row + struct.pack("<H", len(tags)) + body + bytes(4)


def test_a_palette_gives_its_colours():
    table = np.random.default_rng(1).integers(0, 256, (3, 256), dtype=np.uint16)
    indices = np.arange(256, dtype=np.uint8).reshape(16, 16)
    data = written(indices, photometric="palette", colormap=table * 257)
    got = channels(read_picture(data, "a.tif"))
    assert np.array_equal(got, table.T[indices])


def test_grey_alpha_that_was_multiplied_in_is_divided_out():
    grey, alpha = np.full((4, 4), 40, np.uint8), np.full((4, 4), 51, np.uint8)
    data = written(np.dstack([grey, alpha]), photometric="minisblack", extrasamples=[1])
    image = read_picture(data, "a.tif")
    assert image.space == "gray"
    assert (image.gray == 200).all()
    assert image.alpha is not None
    assert (image.alpha == 51).all()


def test_channels_that_are_no_alpha_are_left_out_and_said():
    array = numbers("uint16", 5)
    data = written(array, photometric="rgb", planarconfig="contig", extrasamples=[0, 0])
    asked = Asked()
    image = read_picture(data, "a.tif", asked)
    assert np.array_equal(channels(image), array[:, :, :3])
    assert asked.notes == ["it has 2 more channels, left out"]


def test_floats_outside_black_and_white_are_kept_and_said():
    asked = Asked()
    values = np.array([[-1.5, 0.25, 1200.0]], np.float32)
    assert np.array_equal(read_picture(written(values), "a.tif", asked).gray, values)
    assert asked.notes == ["its floats go from -1.5 to 1200, and are kept: 0 is black and 1 white"]
    quiet = Asked()
    read_picture(written(values[:, 1:2]), "a.tif", quiet)
    assert quiet.notes == []


def test_sixteen_bit_ink_is_light_in_sixteen_bits():
    ink = np.array([[[0, 0, 0, 0], [65535, 0, 0, 0], [0, 0, 0, 65535], [0, 0, 32768, 0]]])
    data = written(ink.astype(np.uint16), photometric="separated", planarconfig="contig")
    assert channels(read_picture(data, "a.tif")).tolist() == [
        [[65535, 65535, 65535], [0, 65535, 65535], [0, 0, 0], [65535, 65535, 32767]]
    ]


@pytest.mark.parametrize("turned", range(1, 9))
def test_every_orientation_is_applied(turned: int):
    picture = making.photo(20, 12)[:, :, 0]
    data = making.tiff(picture, 1, orientation=turned)
    wanted = {
        1: picture, 2: picture[:, ::-1], 3: picture[::-1, ::-1], 4: picture[::-1], 5: picture.T,
        6: np.rot90(picture, -1), 7: picture[::-1, ::-1].T, 8: np.rot90(picture),
    }[turned]  # fmt: skip
    assert np.array_equal(read_picture(data, "a.tif").gray, wanted)


# Pages


def pages(*arrays: Array, **how: Any) -> bytes:
    out = io.BytesIO()
    with tifffile.TiffWriter(out, bigtiff=how.pop("bigtiff", False)) as file:
        for array in arrays:
            file.write(array, metadata=None, **how)
    return out.getvalue()


@pytest.mark.parametrize("bigtiff", [False, True])
def test_pages_are_counted_and_each_is_read(bigtiff: bool):
    shots = [making.photo(30 + i, 20)[:, :, 0] for i in range(5)]
    data = pages(*shots, bigtiff=bigtiff)
    assert count_pages(data, "a.tif") == 5
    for number, shot in enumerate(shots):
        assert np.array_equal(read_picture(data, "a.tif", Asked(page=number)).gray, shot)
    with pytest.raises(InputError, match=r"no page 6.*5 pages"):
        read_picture(data, "a.tif", Asked(page=5))


MASK = struct.pack("<HHII", 254, 4, 1, 4)


def test_small_copies_and_masks_are_no_pages():
    shots = [making.photo(64, 48)[:, :, i] for i in range(3)]
    out = io.BytesIO()
    with tifffile.TiffWriter(out) as file:
        file.write(shots[0][::4, ::4], subfiletype=1, metadata=None)  # a camera's small copy
        file.write(shots[1], metadata=None)
        file.write(shots[2], metadata=None)
        file.write(shots[0], subfiletype=2, metadata=None)
    data = out.getvalue().replace(struct.pack("<HHII", 254, 4, 1, 2), MASK)
    assert count_pages(data, "a.tif") == 2
    assert np.array_equal(read_picture(data, "a.tif").gray, shots[1])
    assert np.array_equal(read_picture(data, "a.tif", Asked(page=1)).gray, shots[2])
    alone = pages(shots[0][::4, ::4], subfiletype=1)
    assert count_pages(alone, "a.tif") == 1
    assert read_picture(alone, "a.tif").size == (16, 12)


def test_directories_that_lead_in_a_circle_or_out_of_the_file_are_damage():
    data = making.tiff(making.photo()[:, :, 0], 1)
    (first,) = struct.unpack_from("<I", data, 4)
    for following, said in ((first, "circle"), (len(data) + 9, "outside"), (len(data), "outside")):
        bad = data[:-4] + struct.pack("<I", following)
        with pytest.raises(DamagedError, match=said):
            count_pages(bad, "a.tif")
    with pytest.raises(DamagedError, match="no directory"):
        count_pages(data[:4] + bytes(4) + data[8:], "a.tif")
    twice = bytearray(data)  # directories that overlap each other by the thousand
    struct.pack_into("<H", twice, first, 0xFFFF)
    with pytest.raises(DamagedError):
        count_pages(bytes(twice), "a.tif")


def test_a_folder_of_scans_gives_every_page(cvkit: Command, tmp_path: Path):
    shots = [making.photo(40, 30), making.photo(50, 20)]
    (tmp_path / "scan.tif").write_bytes(pages(*[s[:, :, ::-1] for s in shots]))
    assert cvkit("gray", "scan.tif", "-o", "out/").code == 0
    assert len(list((tmp_path / "out").iterdir())) == 2


# Damage


def broken() -> dict[str, bytes]:
    grey = making.photo()[:, :, 0]
    plain = making.tiff(grey, 1)
    lzw = by_pillow(PIL.Image.fromarray(grey), "tiff_lzw")
    strips = written(grey, rowsperstrip=4)
    return {
        "a strip beyond the end": changed(plain, 273, len(plain)),
        "a strip that is too short": changed(plain, 279, 64),
        "no strips": changed(plain, 273, 0, tag_to=60000),
        "more rows than strips": changed(strips, 257, 4800),
        "more columns than data": changed(plain, 256, 6400),
        "codes that mean nothing": lzw[:8] + b"\xff" * 400 + lzw[408:],
        "a tag longer than the file": changed(plain, 273, 8, count=1 << 30),
        "palette without colours": changed(plain, 262, 3),
    }


def changed(
    data: bytes, tag: int, value: int, *, count: int | None = None, tag_to: int | None = None
) -> bytes:
    """With the value of a tag of the first page put in place of what it holds."""
    (first,) = struct.unpack_from("<I", data, 4)
    copy = bytearray(data)
    for at in range(first + 2, first + 2 + 12 * data[first], 12):
        if struct.unpack_from("<H", data, at)[0] == tag:
            (kind,) = struct.unpack_from("<H", data, at + 2)
            struct.pack_into("<H", copy, at, tag_to or tag)
            struct.pack_into("<I", copy, at + 4, count or 1)
            struct.pack_into("<I" if kind == 4 else "<H", copy, at + 8, value)
    return bytes(copy)


@pytest.mark.parametrize("kind", broken())
def test_a_broken_tiff_is_damaged_and_silent(kind: str, capfd: pytest.CaptureFixture[str]):
    with pytest.raises(DamagedError):
        read_picture(broken()[kind], "a.tif")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(("photometric", "said"), [(8, r"L\*a\*b"), (32803, "mosaic")])
def test_kinds_that_are_not_read_are_named(photometric: int, said: str):
    data = changed(making.tiff(making.photo(), 2), 262, photometric)
    with pytest.raises(InputError, match=said) as error:
        read_picture(data, "a.tif")
    assert not isinstance(error.value, DamagedError)


WHOLE = [
    making.tiff(making.photo()[:, :, 0], 1),
    making.tiff(making.photo(), 2, deflate=True),
    by_pillow(PIL.Image.fromarray(making.photo()), "tiff_lzw"),
    by_pillow(PIL.Image.fromarray(making.photo()), "jpeg"),
    by_pillow(PIL.Image.fromarray(making.photo()).convert("1"), "group4"),
    written(numbers("uint16", 3), tile=(16, 16), photometric="rgb"),
    pages(*[making.photo()[:, :, i] for i in range(3)]),
]


@given(st.sampled_from(WHOLE), st.data())
def test_no_change_of_a_file_crashes(data: bytes, draw: st.DataObject):
    copy = bytearray(data[: draw.draw(st.integers(0, len(data)))])
    for at in draw.draw(st.lists(st.integers(0, max(len(copy) - 1, 0)), max_size=4)):
        if copy:
            copy[at] = draw.draw(st.integers(0, 255))
    bound = Asked(max_pixels=1_000_000)
    try:
        count_pages(bytes(copy), "a.tif")
        read_picture(bytes(copy), "a.tif", bound)
    except CvkitError:
        pass


def test_the_reader_says_what_it_counts():
    assert tiff.count(WHOLE[-1], "a.tif") == 3
