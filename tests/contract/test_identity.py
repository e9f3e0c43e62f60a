"""Parameters that ask for nothing leave every pixel, and every object, as it was."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from skimage import data

from cvkit.core import catalog
from cvkit.core.frame import Frame
from cvkit.core.objects import Objects
from cvkit.core.values import Image, Mask
from cvkit.engine.python import call

ASTRONAUT = cv2.cvtColor(data.astronaut(), cv2.COLOR_RGB2BGR)[60:181, 150:301]
NOTHING = [
    ("bit-depth", {"to": "8"}),
    ("colorspace", {"from": "bgr", "to": "bgr"}),
    ("crop", {"box": "0,0,100%,100%"}),
    ("crop", {"center": "100%"}),
    ("resize", {"to": "100%"}),
    ("resize", {"to": "151x121", "fit": "pad"}),
    ("rotate", {"angle": "0"}),
    ("rotate", {"angle": "360"}),
    ("threshold", {"method": "tozero", "level": "0"}),
]


@pytest.mark.parametrize(("name", "params"), NOTHING)
def test_nothing_asked_for_is_nothing_done(name: str, params: dict[str, str]):
    stage = catalog.make(name, params)
    grey = cv2.cvtColor(ASTRONAUT, cv2.COLOR_BGR2GRAY)
    picture = grey if name == "threshold" else ASTRONAUT
    assert np.array_equal(call(stage, picture, {}), picture)


@pytest.mark.parametrize(("name", "params"), NOTHING)
def test_objects_stay_where_they_are(name: str, params: dict[str, str]):
    frame = Frame.of(Image.of(ASTRONAUT))
    boxes = Objects.of(
        np.array([[3, 4, 50.5, 60], [0, 0, 151, 121]]), frame.grid, labels=["a", "b"]
    )
    after = call(catalog.make(name, params), frame.found(boxes), {})
    found = after.get(Objects)
    assert np.allclose(found.boxes, boxes.boxes, atol=1e-4)
    assert found.labels == boxes.labels


@pytest.mark.parametrize("size", [(1, 1), (7, 5)])
def test_four_quarter_turns_and_two_flips_are_nothing(size: tuple[int, int]):
    picture = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
    turn, flip = catalog.make("rotate", {"angle": "90"}), catalog.make("flip", {})
    turned = picture
    for _ in range(4):
        turned = call(turn, turned, {})
    assert np.array_equal(turned, picture)
    assert np.array_equal(call(flip, call(flip, picture, {}), {}), picture)
    mask = Mask.of(picture[..., 0] > 99)
    assert np.array_equal(call(flip, call(flip, mask, {}), {}).array, mask.array)
