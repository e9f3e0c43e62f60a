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
    stage = made(method="mog2", history="4s")
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


@pytest.mark.parametrize("method", ["mog", "gmg", "running"])
@pytest.mark.parametrize("fps", [15, 60])
def test_the_other_methods_find_it_too(method: str, fps: int) -> None:
    found = masks(made(method=method), fps)
    assert not found[0].any()
    last = found[-1] > 0
    assert last[22:38, 72:88].mean() > 0.9
    last[16:44, 6:94] = False
    assert last.mean() < 0.03


@pytest.mark.parametrize("method", ["mog2", "knn", "mog", "gmg", "running"])
def test_what_stays_is_background_after_the_same_time_with_every_method(method: str) -> None:
    gone = []
    for fps in (15, 30, 60):
        stage = made(method=method, history="3s")
        state, empty = stage.start(), np.full((40, 40), 90, np.uint8)
        with_it = empty.copy()
        with_it[10:30, 10:30] = 200
        seen = 0.0
        for i in range(14 * fps):
            time = Time(i, Fraction(1, fps))
            if mask_of(stage, with_it if i >= 2 * fps else empty, time, state)[12:28, 12:28].any():
                seen = time.seconds
        gone.append(seen)
    assert 2 < min(gone) < 13
    assert max(gone) - min(gone) <= 0.25


def test_the_running_average_is_that_of_all_frames_until_they_are_old() -> None:
    stage = made(method="running", history="100s", give="background")
    state = stage.start()
    frames = [scene(i / 25) for i in range(50)]
    for i, gray in enumerate(frames):
        plate = stage.apply(gray, gray, Time(i, Fraction(1, 25)), state)
    mean = np.mean(frames, axis=0)
    assert isinstance(plate, np.ndarray)
    assert np.abs(plate - mean).max() < 2


@pytest.mark.parametrize("method", ["mog2", "knn", "running"])
def test_the_background_is_the_scene_in_colour(method: str) -> None:
    stage = made(method=method, give="background", history="4s")
    state = stage.start()
    for i in range(100):
        colour = np.full((60, 120, 3), (90, 120, 60), np.uint8)
        colour[20:40, i : i + 20] = 255
        plate = stage.apply(colour, colour, Time(i, Fraction(1, 25)), state)
    assert isinstance(plate, np.ndarray)
    assert plate.shape == (60, 120, 3)
    assert np.abs(plate[:18].astype(int) - (90, 120, 60)).max() <= 1


def test_the_foreground_is_cut_out_where_the_mask_is() -> None:
    cut, mask = made(give="foreground"), made()
    one, two = cut.start(), mask.start()
    for i in range(20):
        gray = scene(i / 25)
        colour = np.dstack([gray, gray, gray, np.full_like(gray, 200)])
        time = Time(i, Fraction(1, 25))
        out = cut.apply(gray, colour, time, one)
        covered = mask_of(mask, gray, time, two)
    assert isinstance(out, np.ndarray)
    assert covered.any()
    np.testing.assert_array_equal(out[..., 3], np.minimum(covered, 200))
    np.testing.assert_array_equal(out[..., 0], gray)


@pytest.mark.parametrize(
    "wrong",
    [
        {"method": "mog", "distance": 3},
        {"method": "gmg", "distance": 2},
        {"method": "gmg", "shadows": True},
        {"method": "mog", "give": "background"},
    ],
)
def test_what_a_method_does_not_know_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ParameterError, match="background: "):
        made(**wrong)
