"""Still GIFs: read once their blocks are whole, written with a palette of their own."""

from __future__ import annotations

import io
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image as Pillow
from skimage import data

from cvkit.core.errors import DamagedError, InputError, OutputError
from cvkit.core.values import Image, Mask
from cvkit.io.codecs import gif_writing
from cvkit.io.codecs.reading import read_picture
from cvkit.io.codecs.writing import write_picture
from tests.io.making import photo


def back(array: np.ndarray) -> Image:
    return read_picture(write_picture(Image.of(array), "gif"), "a.gif")


def test_a_still_is_what_pillow_reads(shared: Path):
    path = shared / "formats/still.gif"
    image = read_picture(path.read_bytes(), "still.gif")
    with Pillow.open(path) as reference:
        expected = np.asarray(reference.convert("RGB"))[:, :, ::-1]
    assert image.size == (192, 144)
    assert image.untouched
    assert image.alpha is None
    assert np.array_equal(image.bgr, expected)


def test_grey_pictures_and_few_colours_are_exact():
    coins = data.coins()
    assert np.array_equal(back(coins).gray, coins)
    ramp = np.tile(np.arange(256, dtype=np.uint8), (3, 1))
    assert np.array_equal(back(ramp).gray, ramp)
    few = cv2.cvtColor(data.astronaut(), cv2.COLOR_RGB2BGR) & 0xC0
    assert len(np.unique(few.reshape(-1, 3), axis=0)) > 30
    assert np.array_equal(back(few).bgr, few)
    mask = Mask.of(coins > 120)
    assert np.array_equal(read_picture(write_picture(mask, "gif"), "a").gray, mask.array)


def test_photographs_are_dithered():
    picture = cv2.cvtColor(data.astronaut(), cv2.COLOR_RGB2BGR)
    image = back(picture)
    assert len(np.unique(image.bgr.reshape(-1, 3), axis=0)) <= 256
    soft = [cv2.GaussianBlur(p, (0, 0), 1.5) for p in (picture, image.bgr)]
    assert cv2.PSNR(soft[0], soft[1]) > 40
    rgb = Pillow.fromarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB))
    plain = np.asarray(rgb.quantize(256, dither=Pillow.Dither.NONE).convert("RGB"))[:, :, ::-1]
    banded = cv2.GaussianBlur(np.ascontiguousarray(plain), (0, 0), 1.5)
    assert cv2.PSNR(soft[0], banded) < cv2.PSNR(soft[0], soft[1]) - 3


def test_alpha_is_cut_at_a_half():
    alpha = np.tile(np.linspace(0, 255, 64).astype(np.uint8), (48, 1))
    image = back(np.dstack([photo(), alpha]))
    assert image.alpha is not None
    assert np.array_equal(image.alpha, np.where(alpha < 128, 0, 255))
    gray = np.tile(np.arange(256, dtype=np.uint8), (4, 1))  # all levels, and one has to go
    clear = np.zeros_like(gray)
    clear[1:] = 255
    whole = back(np.dstack([gray, gray, gray, clear]))
    assert cv2.absdiff(whole.bgr[1:, :, 0], gray[1:]).max() <= 1


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (9, 1, 3), (1, 1, 4), (13, 11, 4)])
def test_odd_sizes(shape: tuple[int, ...]):
    array = np.random.default_rng(1).integers(0, 256, shape).astype(np.uint8)
    if array.shape[2:] == (4,):
        array[..., 3] = 255
    image = back(array)
    assert image.size == (shape[1], shape[0])
    expected = array if array.ndim == 2 else array[:, :, :3]
    assert np.array_equal(image.bgr if array.ndim == 3 else image.gray, expected)


def test_other_programs_read_it():
    encoded = write_picture(Image.of(photo()), "gif")
    with Pillow.open(io.BytesIO(encoded)) as reference:
        assert (reference.format, reference.size) == ("GIF", (64, 48))
    array = np.asarray(cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_COLOR))
    assert np.array_equal(array, read_picture(encoded, "a").bgr)


def test_what_gif_cannot_hold():
    with pytest.raises(OutputError, match="16-bit"):
        write_picture(Image.of(photo().astype(np.uint16)), "gif")


def test_damage():
    whole = write_picture(Image.of(photo()), "gif")
    for tenths in range(1, 10):
        with pytest.raises(DamagedError):
            read_picture(whole[: len(whole) * tenths // 10], "a.gif")
    for text, data_ in {
        "before its trailer": whole[:-1],
        "should begin a block": whole[:13] + b"\x07" + whole[14:],
        "cut inside its header": whole[:9],
        "holds no picture": whole[:13] + gif_writing.TRAILER,
        "has no size": whole[:18] + bytes(4) + whole[22:],
    }.items():
        with pytest.raises(DamagedError, match=text):
            read_picture(data_, "a.gif")


def test_bytes_after_the_end_do_no_harm():
    whole = write_picture(Image.of(photo()), "gif")
    assert np.array_equal(read_picture(whole + b"more", "a").bgr, read_picture(whole, "a").bgr)


def test_a_bomb_is_refused_by_its_header(shared: Path):
    name = "pillow_decompression_bomb.gif"
    with pytest.raises(InputError, match=r"too big.*--max-pixels"):
        read_picture((shared / "corrupt" / name).read_bytes(), name)
