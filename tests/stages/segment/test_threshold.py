"""`threshold` against OpenCV on skimage's coins and page, whose Otsu levels are known."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import scipy.ndimage
import skimage.color
import skimage.data
import skimage.filters
import skimage.segmentation
import skimage.util

from cvkit.core.errors import InputError, ParameterError
from cvkit.core.values import Image, Labels, Mask
from cvkit.stages.segment.threshold import Threshold
from tests.conftest import Command


def made(**parameters: object) -> Threshold:
    return Threshold.model_validate(parameters)


COINS = skimage.data.coins()
PAGE = skimage.data.page()
CAT = skimage.util.img_as_ubyte(skimage.color.rgb2gray(skimage.data.chelsea()))
SAMPLES = Path(__file__).resolve().parents[3] / "samples"


def mask_of(stage: Threshold, gray: np.ndarray) -> np.ndarray:
    mask = stage.apply(gray)
    assert isinstance(mask, Mask)
    assert mask.binary
    return mask.values


def coins_found(mask: np.ndarray, least: float = 0.0001 * COINS.size) -> tuple[int, int]:
    """How many of the 24 coins have an outline of their own, and how many outlines there are."""
    outlines = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)[0]
    kept = [c for c in outlines if cv2.contourArea(c) >= least]
    truth, right = coins_apart(), set()
    for outline in kept:
        inside = cv2.drawContours(np.zeros(COINS.shape, np.uint8), [outline], -1, 1, cv2.FILLED)
        coin = int(np.bincount(truth[inside > 0], minlength=2)[1:].argmax()) + 1
        both = ((truth == coin) & (inside > 0)).sum()
        either = ((truth == coin) | (inside > 0)).sum()
        right |= {coin} if both / either > 0.6 else set()
    return len(right), len(kept)


def coins_apart() -> np.ndarray:
    """The coins by scikit-image's tutorial on region-based segmentation, numbered."""
    markers = np.where(COINS < 30, 1, np.where(COINS > 150, 2, 0))
    parted = skimage.segmentation.watershed(skimage.filters.sobel(COINS), markers)
    filled = scipy.ndimage.binary_fill_holes(parted - 1)
    cleaned = cv2.morphologyEx(filled.astype(np.uint8), cv2.MORPH_OPEN, np.ones((7, 7), np.uint8))
    count, labels = cv2.connectedComponents(cleaned)
    assert count == 25
    return labels


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


@pytest.mark.parametrize("method", ["li", "yen", "isodata", "minimum", "mean"])
@pytest.mark.parametrize("gray", [COINS, PAGE, CAT], ids=["coins", "page", "cat"])
def test_a_level_from_the_histogram_is_scikit_images(method: str, gray: np.ndarray) -> None:
    level = getattr(skimage.filters, f"threshold_{method}")(gray)
    np.testing.assert_array_equal(mask_of(made(method=method), gray) > 0, gray > level)
    deep = gray.astype(np.uint16) * 257
    np.testing.assert_array_equal(mask_of(made(method=method), deep) > 0, gray > level)
    inverse = mask_of(made(method=method, invert=True), gray)
    np.testing.assert_array_equal(inverse > 0, gray <= level)


@pytest.mark.parametrize("method", ["sauvola", "niblack"])
@pytest.mark.parametrize("k", [-0.4, 0.2, 0.8])
def test_local_levels_are_scikit_images_up_to_the_border(method: str, k: float) -> None:
    levels = getattr(skimage.filters, f"threshold_{method}")(PAGE, 25, k)
    stage = made(method=method, block=25, k=k)
    np.testing.assert_array_equal(mask_of(stage, PAGE) > 0, levels < PAGE)
    inverse = stage.model_copy(update={"invert": True})
    np.testing.assert_array_equal(mask_of(inverse, PAGE) > 0, levels >= PAGE)


@pytest.mark.parametrize("method", ["sauvola", "niblack"])
def test_by_default_local_levels_keep_print_and_drop_the_shadow(method: str) -> None:
    ink = mask_of(made(method=method), PAGE) == 0
    shadow, empty = ink[0:190, 0:60], ink[38:50, 100:380]  # between title and text
    assert 0.03 < shadow.mean() < 0.2  # letters, where one level makes it black
    assert empty.mean() < 0.002
    assert ink[5:25, 10:290].mean() > 0.15  # the title


def test_otsu_takes_the_light_corner_with_a_coin_in_it() -> None:
    right, found = coins_found(mask_of(made(), COINS), least=400)
    assert (right, found) == (23, 24)  # four by six are there: the count is right by luck


@pytest.mark.parametrize("sample", [False, True])
def test_niblacks_level_finds_each_of_the_24_coins_and_nothing_else(sample: bool) -> None:
    gray = cv2.imread(str(SAMPLES / "coins.jpg"), cv2.IMREAD_GRAYSCALE) if sample else COINS
    assert gray is not None
    mask = mask_of(made(method="niblack", block="40%", k=-0.4), gray)
    assert coins_found(mask) == (24, 24)


def test_the_command_counts_the_coins_of_the_shared_pictures(shared: Path, cvkit: Command) -> None:
    expected = json.loads((shared / "expected.json").read_text())["files"]["images/coins.png"]
    niblack = ("--method", "niblack", "--block", "40%", "--k=-0.4")
    picture = shared / "images" / "coins.png"
    done = cvkit("threshold", picture, *niblack, "then", "contours", "-o", "coins.csv")
    assert done.code == 0, done.err
    rows = (cvkit.folder / "coins.csv").read_text().splitlines()
    assert len(rows) - 1 == expected["expect"]["coins"] == 24


@pytest.mark.parametrize("classes", [2, 3, 4])
def test_multi_otsu_labels_the_shades_from_the_darkest(classes: int) -> None:
    stage = made(method="multi-otsu", classes=classes)
    labels = stage.apply(COINS)
    assert isinstance(labels, Labels)
    assert stage.gives({"gray": Image}) is Labels
    cuts = skimage.filters.threshold_multiotsu(COINS, classes)
    np.testing.assert_array_equal(labels.values, sum((cut < COINS).astype(int) for cut in cuts))
    assert set(np.unique(labels.values)) == set(range(classes))


def test_two_classes_are_otsus_two() -> None:
    labels = made(method="multi-otsu", classes=2).apply(COINS)
    np.testing.assert_array_equal(labels.array > 0, mask_of(made(), COINS) > 0)


def test_pictures_without_what_a_method_looks_for_are_refused() -> None:
    flat = np.full((9, 12), 80, np.uint8)
    with pytest.raises(InputError, match="no two peaks with a valley between them"):
        made(method="minimum").apply(flat)
    with pytest.raises(InputError, match=r"3 classes need as many grey levels, .* has 1"):
        made(method="multi-otsu").apply(flat)
    for method in ("li", "yen", "isodata", "mean"):
        assert not mask_of(made(method=method), flat).any()


def test_parameters_that_have_no_meaning_together_are_refused() -> None:
    with pytest.raises(ParameterError, match="block: must be odd, got 4; try 5"):
        made(method="adaptive-mean", block=4)
    with pytest.raises(ParameterError, match="otsu takes no level; use --method binary"):
        made(level=100)
    with pytest.raises(ParameterError, match="k is sauvola's and niblack's; otsu has none"):
        made(k=0.3)
    with pytest.raises(ParameterError, match="multi-otsu gives no mask to invert"):
        made(method="multi-otsu", invert=True)
    with pytest.raises(ParameterError, match="trunc gives no mask to invert"):
        made(method="trunc", invert=True)
