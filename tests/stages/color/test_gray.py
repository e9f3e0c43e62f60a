"""`gray`: yellow by arithmetic, the stored luma of a JPEG, and the same greys at every depth."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data

import cvkit
from cvkit.core.errors import ParameterError
from cvkit.stages.color.gray import Gray

ROOT = Path(__file__).resolve().parents[3]
ASTRONAUT = np.ascontiguousarray(skimage.data.astronaut()[..., ::-1])
YELLOW = np.full((2, 3, 3), (0, 255, 255), np.uint8)


def made(**parameters: object) -> Gray:
    return Gray.model_validate(parameters)


@pytest.mark.parametrize(("method", "level"), [("luma", 226), ("average", 170), ("lightness", 128)])
def test_yellow_is_as_grey_as_the_definition_says(method: str, level: int) -> None:
    grey = made(method=method)(YELLOW)
    assert grey.shape == (2, 3)
    assert (grey == level).all()


def test_luma_of_a_jpeg_is_the_one_it_holds() -> None:
    path = ROOT / "samples" / "astronaut.jpg"
    stored = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    frame = cvkit.open(path)
    np.testing.assert_array_equal(made()(frame).raster.array, stored)
    colour = cv2.imread(str(path), cv2.IMREAD_COLOR)
    mean = np.rint(colour.mean(2)).astype(np.uint8)
    np.testing.assert_array_equal(made(method="average")(frame).raster.array, mean)


def test_a_photograph_is_the_naive_mean_and_middle() -> None:
    wide = ASTRONAUT.astype(np.int32)
    np.testing.assert_array_equal(
        made(method="average")(ASTRONAUT), np.rint(wide.sum(2) / 3).astype(np.uint8)
    )
    middle = np.rint((wide.min(2) + wide.max(2)) / 2).astype(np.uint8)
    np.testing.assert_array_equal(made(method="lightness")(ASTRONAUT), middle)
    assert abs(middle.astype(int) - cv2.cvtColor(ASTRONAUT, cv2.COLOR_BGR2HLS)[..., 1]).max() <= 1


@pytest.mark.parametrize("method", ["luma", "average", "lightness"])
def test_depth_changes_the_numbers_and_not_the_picture(method: str) -> None:
    stage = made(method=method)
    eight = stage(ASTRONAUT).astype(float)
    sixteen = stage(ASTRONAUT.astype(np.uint16) * 257)
    real = stage(ASTRONAUT.astype(np.float32) / 255)
    assert (sixteen.dtype.name, real.dtype.name) == ("uint16", "float32")
    assert abs(sixteen / 257 - eight).max() < 0.51
    assert abs(real * 255 - eight).max() < 0.51


def test_what_is_grey_already_stays() -> None:
    coins = skimage.data.coins()
    for method in ("luma", "average", "lightness"):
        np.testing.assert_array_equal(made(method=method)(coins), coins)


def test_a_method_that_is_none_is_refused_with_the_nearest() -> None:
    with pytest.raises(ParameterError, match="method is one of luma, average, lightness"):
        made(method="averge")
