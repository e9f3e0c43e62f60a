"""`blur` against OpenCV's own calls and a naive mean, at every depth."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import skimage.data

from cvkit.core.errors import InputError, ParameterError
from cvkit.stages.filter.blur import Blur


def made(**parameters: object) -> Blur:
    return Blur.model_validate(parameters)


COINS = skimage.data.coins()
CAT = np.ascontiguousarray(skimage.data.cat()[..., ::-1])


def test_each_method_is_opencvs_own_filter() -> None:
    for picture in (COINS, CAT):
        np.testing.assert_array_equal(
            made(size="9px").apply(picture), cv2.GaussianBlur(picture, (9, 9), 0)
        )
        np.testing.assert_array_equal(
            made(sigma=2.5).apply(picture), cv2.GaussianBlur(picture, (0, 0), 2.5)
        )
        np.testing.assert_array_equal(
            made(method="median", size=7).apply(picture), cv2.medianBlur(picture, 7)
        )
        np.testing.assert_array_equal(
            made(method="bilateral", size=9, sigma=75, sigma_color=75).apply(picture),
            cv2.bilateralFilter(picture, 9, 75, 75),
        )


def test_a_box_is_the_mean_of_its_neighbours() -> None:
    blurred = made(method="box", size=3).apply(COINS)
    around = COINS[9:12, 19:22].astype(float)
    assert abs(float(blurred[10, 20]) - around.mean()) <= 0.5


def test_the_default_is_clearly_softer_and_as_bright() -> None:
    blurred = made().apply(COINS)
    assert cv2.Laplacian(blurred, cv2.CV_64F).var() < 0.1 * cv2.Laplacian(COINS, cv2.CV_64F).var()
    assert abs(blurred.mean() - COINS.mean()) < 0.5


@pytest.mark.parametrize("method", ["gaussian", "box", "bilateral"])
def test_deep_pictures_blur_as_their_eight_bit_selves(method: str) -> None:
    shallow = made(method=method, size=5).apply(COINS).astype(float)
    deep = made(method=method, size=5).apply(COINS.astype(np.uint16) * 257)
    real = made(method=method, size=5).apply(COINS.astype(np.float32) / 255)
    assert deep.dtype == np.uint16
    np.testing.assert_allclose(deep / 257, shallow, atol=1)
    np.testing.assert_allclose(real * 255, shallow, atol=1)


def test_a_deep_median_goes_to_five_pixels_and_says_so() -> None:
    deep = COINS.astype(np.uint16) * 257
    small = made(method="median", size=5)
    np.testing.assert_array_equal(small.apply(deep), small.apply(COINS).astype(np.uint16) * 257)
    with pytest.raises(InputError, match=r"median of 7 pixels takes uint8 pictures.*uint16"):
        made(method="median", size=7).apply(deep)


def test_an_even_side_is_refused_with_the_next_odd_one() -> None:
    with pytest.raises(ParameterError, match="size: must be odd, got 4; try 5"):
        made(size=4)
    with pytest.raises(ParameterError, match="above 0"):
        made(size="0%")


@pytest.mark.parametrize("size", ["99999px", "101%"])
def test_a_neighbourhood_that_opencv_cannot_count_is_refused(size: str) -> None:
    with pytest.raises(ParameterError, match="must be at most"):
        made(size=size)
