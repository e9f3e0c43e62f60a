"""`edges` on steps whose steepness is arithmetic, and against OpenCV's Canny."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import skimage.data

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


@pytest.mark.parametrize("method", ["sobel", "laplacian"])
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


def test_an_even_aperture_is_refused() -> None:
    with pytest.raises(ParameterError, match="must be odd, got 4; try 5"):
        made(aperture=4)
