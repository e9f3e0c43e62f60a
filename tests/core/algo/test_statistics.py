"""Levels of pictures whose pixels are known, and of a photograph against NumPy."""

from __future__ import annotations

import numpy as np
import pytest
import skimage.data

from cvkit.core.algo.statistics import pixel, statistics
from cvkit.core.values import Image

CAT = np.ascontiguousarray(skimage.data.cat()[..., ::-1])


def test_yellow_is_red_and_green_with_the_luma_and_hue_of_the_books() -> None:
    yellow = Image.of(np.full((4, 5, 3), (0, 255, 255), np.uint8))
    assert pixel(yellow, 2, 3) == {
        "x": 2,
        "y": 3,
        "bgr": [0, 255, 255],
        "rgb": [255, 255, 0],
        "hex": "#ffff00",
        "luma": 226,
        "hsv": [60.0, 100.0, 100.0],
        "hsv_opencv": [30, 255, 255],
    }


@pytest.mark.parametrize(
    ("depth", "level", "hexes"),
    [("uint8", 128, "#808080"), ("uint16", 32896, "#808080"), ("float32", 0.5, "#808080")],
)
def test_levels_are_in_the_pictures_own_units(depth: str, level: float, hexes: str) -> None:
    grey = np.zeros((3, 3), depth)
    grey[1, 2] = level
    told = pixel(Image.of(grey), 2, 1)
    assert (told["grey"], told["hex"], told["luma"]) == (level, hexes, 128)
    assert "bgr" not in told
    assert pixel(Image.of(np.dstack([CAT, CAT[..., 0]])), 7, 9)["alpha"] == int(CAT[9, 7, 0])


def test_x_counts_to_the_right_and_y_down() -> None:
    assert pixel(Image.of(CAT), 300, 20)["bgr"] == CAT[20, 300].tolist()


def test_statistics_are_numpys() -> None:
    told = statistics(Image.of(CAT))
    for i, name in enumerate(("blue", "green", "red")):
        plane = CAT[..., i]
        figures = told[name]
        assert (figures["min"], figures["max"]) == (plane.min(), plane.max())
        assert figures["mean"] == pytest.approx(plane.mean(), abs=1e-3)
        assert figures["std"] == pytest.approx(plane.std(), abs=1e-3)
        assert figures["median"] == np.median(plane)
        assert figures["clipped_high"] == pytest.approx((plane == 255).mean(), abs=1e-6)
        assert figures["clipped_low"] == pytest.approx((plane == 0).mean(), abs=1e-6)


def test_of_floats_only_numbers_count_and_beyond_the_range_is_clipped() -> None:
    grey = np.full((10, 10), 0.25, np.float32)
    grey[0, :5], grey[1, :2], grey[2, 0] = np.nan, 3.5, -0.5
    figures = statistics(Image.of(grey))["grey"]
    assert (figures["min"], figures["max"], figures["median"]) == (-0.5, 3.5, 0.25)
    assert figures["clipped_high"] == pytest.approx(2 / 95, abs=1e-6)
    assert figures["clipped_low"] == pytest.approx(1 / 95, abs=1e-6)
    assert figures["invalid"] == 0.05
    nothing = statistics(Image.of(np.full((2, 2), np.nan, np.float32)))["grey"]
    assert nothing == {"invalid": 1.0}
    assert pixel(Image.of(grey), 0, 0)["grey"] == "nan"


def test_clipped_ends_are_those_of_the_depth() -> None:
    deep = np.full((10, 10), 65535, np.uint16)
    deep[0] = 0
    figures = statistics(Image.of(deep))["grey"]
    assert (figures["clipped_low"], figures["clipped_high"]) == (0.1, 0.9)
