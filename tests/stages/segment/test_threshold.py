"""`threshold` against OpenCV on skimage's coins and page, whose Otsu levels are known."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import skimage.data
import skimage.filters

from cvkit.core.errors import ParameterError
from cvkit.core.values import Image, Mask
from cvkit.stages.segment.threshold import Threshold


def made(**parameters: object) -> Threshold:
    return Threshold.model_validate(parameters)


COINS = skimage.data.coins()
PAGE = skimage.data.page()


def mask_of(stage: Threshold, gray: np.ndarray) -> np.ndarray:
    mask = stage.apply(gray)
    assert isinstance(mask, Mask)
    assert mask.binary
    return mask.values


def test_otsu_cuts_the_coins_at_107_as_scikit_image_does() -> None:
    assert skimage.filters.threshold_otsu(COINS) == 107
    np.testing.assert_array_equal(mask_of(made(), COINS) > 0, COINS > 107)


def test_triangle_is_opencvs() -> None:
    expected = cv2.threshold(COINS, 0, 255, cv2.THRESH_TRIANGLE)[1]
    np.testing.assert_array_equal(mask_of(made(method="triangle"), COINS), expected)


@pytest.mark.parametrize("level", ["100", "40%"])
def test_a_given_level_holds_at_every_depth(level: str) -> None:
    cut = 100 if level == "100" else 102
    for invert in (False, True):
        stage = made(method="binary", level=level, invert=invert)
        np.testing.assert_array_equal(mask_of(stage, COINS) > 0, (cut < COINS) != invert)
    share = made(method="binary", level="40%")
    np.testing.assert_array_equal(mask_of(share, COINS.astype(np.uint16) * 257) > 0, COINS > 102)
    real = COINS.astype(np.float32) / 255
    np.testing.assert_array_equal(mask_of(share, real) > 0, real > np.float32(0.4))


def test_inverse_of_the_inverse_is_the_mask() -> None:
    twice = made(method="binary-inv", invert=True)
    np.testing.assert_array_equal(mask_of(twice, COINS), mask_of(made(method="binary"), COINS))


def test_what_keeps_grey_levels_is_a_picture_of_the_same_depth() -> None:
    for method, naive in (
        ("trunc", np.minimum(COINS, 127)),
        ("tozero", np.where(COINS > 127, COINS, 0)),
        ("tozero-inv", np.where(COINS > 127, 0, COINS)),
    ):
        stage = made(method=method)
        assert stage.gives({"gray": Image}) is Image
        np.testing.assert_array_equal(stage.apply(COINS), naive)
        deep = stage.apply(COINS.astype(np.uint16) * 257)
        assert isinstance(deep, np.ndarray)
        assert deep.dtype == np.uint16
        assert abs(deep.astype(float) / 257 - naive).max() <= 0.5


def test_an_adaptive_level_keeps_ink_under_a_shadow() -> None:
    adaptive = mask_of(made(method="adaptive-gaussian"), PAGE)
    light = mask_of(made(), PAGE)
    shadow = (slice(0, 190), slice(0, 60))
    assert (light[shadow] == 0).mean() > 0.5  # one level loses the dark corner
    assert (adaptive[shadow] == 0).mean() < 0.3
    side, offset = 11, 4
    stage = made(method="adaptive-mean", block=side, offset=offset)
    expected = cv2.adaptiveThreshold(PAGE, 255, cv2.ADAPTIVE_THRESH_MEAN_C, 0, side, offset)
    np.testing.assert_array_equal(mask_of(stage, PAGE), expected)


def test_parameters_that_have_no_meaning_together_are_refused() -> None:
    with pytest.raises(ParameterError, match="block: must be odd, got 4; try 5"):
        made(method="adaptive-mean", block=4)
    with pytest.raises(ParameterError, match="otsu takes no level; use --method binary"):
        made(level=100)
    with pytest.raises(ParameterError, match="trunc gives no mask to invert"):
        made(method="trunc", invert=True)
