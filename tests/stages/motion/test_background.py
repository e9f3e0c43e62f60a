"""`background` on a square that moves over noise: found, at any frame rate, stream by stream."""

from __future__ import annotations

from fractions import Fraction

import cv2
import numpy as np
import pytest

from cvkit.core.algo.subtraction import Scene
from cvkit.core.errors import InputError, ParameterError
from cvkit.core.time import Time
from cvkit.core.values import Mask
from cvkit.stages.motion.background import Background


def made(**parameters: object) -> Background:
    return Background.model_validate(parameters)


def mask_of(stage: Background, gray: np.ndarray, time: Time, state: Scene) -> np.ndarray:
    made = stage.apply(gray, gray, time, state)
    assert isinstance(made, Mask)
    return made.values


def scene(seconds: float, *, still: bool = False) -> np.ndarray:
    rng = np.random.default_rng(int(seconds * 1000))
    gray = rng.normal(90, 3, (60, 120))
    if not still:
        x = int(10 + 30 * seconds)
        gray[20:40, x : x + 20] = 200
    return gray.clip(0, 255).astype(np.uint8)


def masks(stage: Background, fps: int, *, seconds: float = 2) -> list[np.ndarray]:
    state, out = stage.start(), []
    for i in range(int(fps * seconds) + 1):
        time = Time(i, Fraction(1, fps))
        out.append(mask_of(stage, scene(time.seconds), time, state))
    return out


@pytest.mark.parametrize("method", ["mog2", "knn"])
@pytest.mark.parametrize("fps", [15, 60])
def test_what_moves_is_found_at_any_frame_rate(method: str, fps: int) -> None:
    found = masks(made(method=method), fps)
    assert not found[0].any()
    last = found[-1] > 0
    assert last[20:40, 70:90].mean() > 0.9
    last[20:40, 70:90] = False
    last[20:40, 10:40] = False  # where it was when nothing was known
    assert last.mean() < 0.03


@pytest.mark.parametrize("fps", [15, 30, 60])
def test_a_thing_that_stays_becomes_background_after_the_same_time(fps: int) -> None:
    stage = made(history="4s")
    state, empty = stage.start(), np.full((40, 40), 90, np.uint8)
    with_it = empty.copy()
    with_it[10:30, 10:30] = 200
    gone = None
    for i in range(12 * fps):
        time = Time(i, Fraction(1, fps))
        mask = mask_of(stage, with_it if time.seconds >= 4 else empty, time, state)
        if time.seconds > 4.5 and gone is None and not mask.any():
            gone = time.seconds
    assert gone is not None
    assert gone == pytest.approx(4 - 4 * np.log(0.9), abs=0.6)  # OpenCV: a tenth of the weight


@pytest.mark.parametrize("method", ["mog2", "knn"])
def test_it_does_not_depend_on_what_others_draw_from_opencvs_generator(method: str) -> None:
    one = masks(made(method=method), 15)
    cv2.setRNGSeed(99)
    for a, b in zip(one, masks(made(method=method), 15), strict=True):
        np.testing.assert_array_equal(a, b)


def test_frames_without_times_are_counted() -> None:
    stage = made(history="50f")
    state = stage.start()
    for i in range(20):
        mask = mask_of(stage, scene(i / 20, still=i < 19), Time(), state)
    assert mask[20:40, 40:55].mean() > 250


def test_a_history_of_nothing_is_refused() -> None:
    with pytest.raises(ParameterError, match="history: must be above 0"):
        made(history="0s")


def test_a_stream_whose_size_changes_is_refused_with_both_sizes() -> None:
    stage = Background()
    state = stage.start()
    mask_of(stage, np.zeros((40, 60), np.uint8), Time(0), state)
    with pytest.raises(InputError, match="60x40, this one is 30x20"):
        mask_of(stage, np.zeros((20, 30), np.uint8), Time(1), state)
