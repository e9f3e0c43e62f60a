"""How pictures become the input of a network, and where each pixel lands."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from cvkit.models.prepare import IMAGENET, Input, Preparation

RECORDED = Path(__file__).parent / "recorded"


def picture(width: int, height: int, seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def test_letterbox_equals_ultralytics() -> None:
    cases = json.loads((RECORDED / "letterbox.json").read_text())
    assert len(cases) == 32
    for case in cases:
        width, height = case["size"]
        y, x = np.mgrid[:height, :width]
        ramp = np.stack([x % 97, y % 89, (x * 3 + y * 5) % 83], -1).astype(np.uint8)
        box = Input(Preparation(), tuple(case["target"]), 32 if case["rectangle"] else None)
        warp = box.warp((width, height))
        out = warp.pixels(ramp).astype(np.uint8)
        left, top, right, bottom = case["inside"]
        assert [out.shape[1], out.shape[0]] == case["after"] == list(warp.after), case
        inside = out[top : bottom + 1, left : right + 1]
        assert (inside < 114).all(), case
        assert (out == 114).all(-1).sum() == out[..., 0].size - inside[..., 0].size, case
        ys, xs = (np.linspace(a, b, 3).astype(int) for a, b in ((top, bottom), (left, right)))
        np.testing.assert_allclose(out[np.ix_(ys, xs)], case["pixels"], atol=1, err_msg=str(case))


def test_tensor_is_rgb_as_shares_of_255() -> None:
    a, b = picture(6, 4), picture(6, 4, 1)
    expected = np.stack([a, b])[..., ::-1].transpose(0, 3, 1, 2).astype(np.float32) / 255
    made = Input(Preparation(), (6, 4)).tensor([a, b])
    assert made.dtype == np.float32
    np.testing.assert_array_equal(made, expected.astype(np.float32))


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        (Preparation(order="bgr", scale=1), lambda x: x),
        (Preparation(order="bgr"), lambda x: x / np.float32(255)),
        (IMAGENET, lambda x: (x[..., ::-1] / 255 - IMAGENET.mean) / IMAGENET.std),
        (
            Preparation(order="rgb", scale=1, mean=(127.5,) * 3, std=(127.5,) * 3),
            lambda x: x[..., ::-1] / 127.5 - 1,
        ),
    ],
)
@pytest.mark.parametrize("channels_last", [False, True])
def test_levels_are_scaled_as_the_formula_says(
    how: Preparation, expected: Callable[[NDArray[np.float32]], Any], channels_last: bool
) -> None:
    image = picture(7, 5)
    made = Input(how, (7, 5), channels_last=channels_last).tensor([image])
    rows = made[0] if channels_last else made[0].transpose(1, 2, 0)
    assert made.dtype == np.float32
    np.testing.assert_allclose(rows, expected(image.astype(np.float32)), rtol=1e-6, atol=1e-6)


def test_a_network_of_levels_gets_them_as_they_are() -> None:
    image = picture(7, 5)
    made = Input(Preparation(), (7, 5), channels_last=True, levels=True).tensor([image])
    assert made.dtype == np.uint8
    np.testing.assert_array_equal(made[0], image[..., ::-1])


@pytest.mark.parametrize("size", [(810, 1080), (1280, 720), (33, 1000), (5, 3)])
def test_a_picture_at_the_top_left_is_where_yolox_puts_it(size: tuple[int, int]) -> None:
    image = picture(*size)
    warp = Input(Preparation("top-left", "bgr", scale=1), (416, 416)).warp(size)
    # YOLOX, `preproc`
    padded = np.full((416, 416, 3), 114, np.uint8)
    ratio = min(416 / size[1], 416 / size[0])
    inner = (int(size[0] * ratio), int(size[1] * ratio))
    padded[: inner[1], : inner[0]] = cv2.resize(image, inner)
    np.testing.assert_array_equal(warp.pixels(image), padded)
    back = warp.inverse().points(np.array([[0.0, 0.0], inner]))
    np.testing.assert_allclose(back, [(0, 0), size], atol=1e-9)


def test_a_stretched_picture_covers_the_input() -> None:
    warp = Input(IMAGENET, (64, 32)).warp((100, 80))
    assert warp.after == (64, 32)
    image = picture(100, 80)
    np.testing.assert_array_equal(warp.pixels(image), cv2.resize(image, (64, 32)))
    np.testing.assert_allclose(warp.inverse().points(np.array([[32.0, 8.0]])), [[50, 20]])
