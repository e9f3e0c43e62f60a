"""`bit-depth`: levels by arithmetic, there and back, and sparse 16-bit pictures made visible."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data

from cvkit.core.errors import InputError, ParameterError
from cvkit.core.values import Image
from cvkit.stages.color.bit_depth import BitDepth
from cvkit.stages.combine.bitwise import Bitwise
from tests.conftest import Command

COINS = skimage.data.coins()
EVERY = np.arange(65536, dtype=np.uint16).reshape(256, 256)


def made(**parameters: object) -> BitDepth:
    return BitDepth.model_validate(parameters)


def test_8_bits_come_back_from_every_depth() -> None:
    every = np.arange(256, dtype=np.uint8).reshape(16, 16)
    sixteen, real = made(to="16").apply(every), made(to="float").apply(every)
    np.testing.assert_array_equal(sixteen, every.astype(int) * 257)
    assert (sixteen.dtype.name, real.dtype.name) == ("uint16", "float32")
    assert (real.min(), real.max()) == (0, 1)
    for deep in (sixteen, real):
        np.testing.assert_array_equal(made().apply(deep), every)
    assert made().apply(every) is every


def test_16_bits_are_rounded_to_the_nearest_level_and_come_back_from_floats() -> None:
    nearest = np.rint(EVERY / 257).astype(np.uint8)
    np.testing.assert_array_equal(made().apply(EVERY), nearest)
    real = made(to="float").apply(EVERY)
    np.testing.assert_array_equal(made(to="16").apply(real), EVERY)
    np.testing.assert_allclose(real, skimage.util.img_as_float32(EVERY), atol=1e-7)


def test_floats_out_of_range_are_clipped() -> None:
    real = np.array([[-0.5, 0.5, 1.5, np.nan]], np.float32)
    assert made().apply(real).tolist() == [[0, 128, 255, 0]]
    assert made(to="16").apply(real).tolist() == [[0, 32768, 65535, 0]]


def test_stretching_uses_the_whole_range() -> None:
    sparse = COINS.astype(np.uint16) + 300  # 301 to 552 of 65535: black to the eye
    assert made().apply(sparse).max() == 2
    shown = made(stretch=True).apply(sparse)
    assert (shown.min(), shown.max()) == (0, 255)
    expected = np.rint((COINS - 1.0) / 251 * 255)
    np.testing.assert_array_equal(shown, expected)
    assert made(stretch=True, to="float").apply(sparse).max() == 1


def test_one_level_alone_is_not_stretched() -> None:
    flat = np.full((3, 4), 7, np.uint8)
    np.testing.assert_array_equal(made(stretch=True, to="16").apply(flat), np.full((3, 4), 7 * 257))


def test_nuclei_under_the_microscope_become_visible(shared: Path) -> None:
    nuclei = cv2.imread(str(shared / "images" / "nuclei_16bit.png"), cv2.IMREAD_UNCHANGED)
    assert nuclei is not None
    assert nuclei.dtype == np.uint16
    assert nuclei.max() == 235
    assert made().apply(nuclei).max() == 1
    np.testing.assert_array_equal(
        made(stretch=True).apply(nuclei), np.rint(nuclei / np.float32(235) * 255)
    )


def test_alpha_changes_its_depth_too() -> None:
    picture = np.dstack([COINS, COINS, COINS, COINS.T[:303, :303].repeat(2, 1)[:, :384]])
    deep = made(to="16")(picture)
    np.testing.assert_array_equal(deep, picture.astype(int) * 257)
    assert isinstance(made(to="float")(Image.of(picture)).alpha, np.ndarray)


def test_a_stage_that_takes_8_bits_only_says_how_to_get_there() -> None:
    real = COINS.astype(np.float32)[..., None].repeat(3, 2) / 255
    with pytest.raises(InputError, match="put bit-depth --to 8 before it"):
        Bitwise(op="not")(real)
    assert Bitwise(op="not")(made()(real)).dtype == np.uint8


def test_numbers_are_taken_as_words_and_others_are_refused() -> None:
    assert made(to=16) == made(to="16")
    with pytest.raises(ParameterError, match="to is one of 8, 16, float; got 12"):
        made(to=12)


@pytest.mark.parametrize(("to", "suffix"), [("8", ".jpg"), ("16", ".png"), ("float", ".tif")])
def test_the_file_is_of_a_format_that_holds_the_depth(cvkit: Command, to: str, suffix: str):
    cv2.imwrite(str(cvkit.folder / "a.jpg"), np.zeros((8, 8, 3), np.uint8))
    done = cvkit("bit-depth", "a.jpg", "--to", to)
    assert done.code == 0, done.err
    assert (cvkit.folder / f"a.bit-depth{suffix}").exists()
