"""`edges` on steps whose steepness is arithmetic, and against OpenCV, scikit-image and SciPy."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import scipy.ndimage
import skimage.data
import skimage.filters

from cvkit.core.errors import ParameterError
from cvkit.stages.edges.edges import Edges


def made(**parameters: object) -> Edges:
    return Edges.model_validate(parameters)


COINS = skimage.data.coins()


def step(height: int) -> np.ndarray:
    gray = np.zeros((20, 30), np.uint8)
    gray[:, 15:] = height
    return gray


def test_canny_takes_its_levels_from_otsu() -> None:
    edges = made().apply(COINS)
    assert edges.binary
    np.testing.assert_array_equal(edges.values, cv2.Canny(COINS, 53.5, 107))


def test_given_levels_are_cannys() -> None:
    for stage, low, high in (
        (made(low=50, high=120), 50, 120),
        (made(high="40%"), 51, 102),
        (made(low=60), 60, 120),
    ):
        np.testing.assert_array_equal(stage.apply(COINS).values, cv2.Canny(COINS, low, high))


@pytest.mark.parametrize("method", ["sobel", "scharr", "prewitt", "laplacian"])
@pytest.mark.parametrize("height", [7, 200])
def test_a_sharp_step_of_n_levels_gives_n(method: str, height: int) -> None:
    steep = made(method=method).apply(step(height)).values
    assert set(np.unique(steep)) == {0, height}
    assert (steep[10] > 0).nonzero()[0].tolist() == [14, 15]


def test_levels_out_of_place_are_refused() -> None:
    with pytest.raises(ParameterError, match="low and high are canny's"):
        made(method="sobel", low=10)
    with pytest.raises(ParameterError, match="low must not be above high, got 90 and 80"):
        made(low=90, high=80)


@pytest.mark.parametrize(("aperture", "larger"), [(3, 1), (5, 12), (7, 160)])
def test_levels_mean_the_same_at_each_aperture(aperture: int, larger: int) -> None:
    edges = made(aperture=aperture).apply(COINS).values
    same = cv2.Canny(COINS, 53.5 * larger, 107 * larger, apertureSize=aperture)
    np.testing.assert_array_equal(edges, same)
    assert 0.02 < (edges > 0).mean() < 0.2


@pytest.mark.parametrize("aperture", [3, 5, 7])
@pytest.mark.parametrize("method", ["sobel", "laplacian"])
def test_a_step_gives_its_height_at_each_aperture(method: str, aperture: int) -> None:
    assert made(method=method, aperture=aperture).apply(step(200)).values.max() == 200


@pytest.mark.parametrize("sigma", [0.5, 1.5, 4])
def test_a_step_gives_its_height_smoothed_or_between_four_pixels(sigma: float) -> None:
    wide = np.pad(step(200), 40, "edge")
    for turned in (wide, wide.T.copy()):
        assert made(method="log", sigma=sigma).apply(turned).values.max() == 200
        assert made(method="roberts").apply(turned).values.max() == 200


@pytest.mark.parametrize(("method", "larger"), [("prewitt", 2**0.5), ("roberts", 1)])
def test_coins_are_as_steep_as_scikit_image_finds(method: str, larger: float) -> None:
    steepness = getattr(skimage.filters, method)(COINS.astype(float)) * larger
    expected = np.minimum(np.rint(steepness.astype(np.float32)), 255)
    np.testing.assert_array_equal(made(method=method).apply(COINS).values, expected)


def test_scharr_is_opencvs_by_its_weight() -> None:
    x, y = (cv2.Scharr(COINS, cv2.CV_64F, dx, 1 - dx) for dx in (1, 0))
    expected = np.minimum(np.rint(np.hypot(x, y).astype(np.float32) / 16), 255)
    np.testing.assert_array_equal(made(method="scharr").apply(COINS).values, expected)


@pytest.mark.parametrize("sigma", [0.7, 1.5, 3])
def test_log_is_scipys_by_one_factor(sigma: float) -> None:
    reach = round(4 * sigma) + 1
    unit = np.zeros((4 * reach, 4 * reach))
    unit[:, 2 * reach :] = 1
    most = abs(scipy.ndimage.gaussian_laplace(unit, sigma)).max()
    bent = abs(scipy.ndimage.gaussian_laplace(COINS.astype(float), sigma)) / most
    ours = made(method="log", sigma=sigma).apply(COINS).values
    assert abs(ours - np.minimum(bent, 255)).max() < 0.501


def test_smoothing_first_finds_a_step_in_noise() -> None:
    noise = np.random.default_rng(2).normal(0, 20, (80, 120))
    noisy = np.clip(np.kron(step(60), np.ones((4, 4))) + 100 + noise, 0, 255).astype(np.uint8)
    steep = {m: made(method=m).apply(noisy).values.astype(float) for m in ("laplacian", "log")}
    contrast = {m: s[:, 57:63].max(1).mean() / s[:, 8:48].mean() for m, s in steep.items()}
    assert contrast["laplacian"] < 3.5
    assert contrast["log"] > 5


def test_a_parameter_of_another_method_is_refused() -> None:
    with pytest.raises(ParameterError, match="scharr has one aperture"):
        made(method="scharr", aperture=5)
    with pytest.raises(ParameterError, match=r"log has one aperture; leave.*or set --sigma"):
        made(method="log", aperture=7)
    with pytest.raises(ParameterError, match="sigma is log's"):
        made(method="sobel", sigma=2)


def test_an_even_aperture_is_refused() -> None:
    with pytest.raises(ParameterError, match="must be odd, got 4; try 5"):
        made(aperture=4)
