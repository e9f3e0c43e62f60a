"""`frame-diff` on a square that moves for a second over a noisy scene, and then stands."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import cv2
import numpy as np
import pytest

from cvkit.core.errors import InputError, ParameterError
from cvkit.core.time import Time
from cvkit.core.values import Mask
from cvkit.stages.motion.frame_diff import FrameDiff

STANDS = 1.0


def scene(seconds: float, *, number: int = 0, noise: float = 2, light: float = 1) -> np.ndarray:
    rng = np.random.default_rng(number)
    gray = np.tile(np.linspace(60, 120, 160), (90, 1)) * light + rng.normal(0, noise, (90, 160))
    x = int(20 + 80 * min(seconds, STANDS))
    gray[30:60, x : x + 20] = 220 * light
    return gray.clip(0, 255).astype(np.uint8)


def masks(fps: int, **parameters: object) -> Iterator[tuple[float, np.ndarray]]:
    stage = FrameDiff.model_validate(parameters)
    state = stage.start()
    for i in range(2 * fps):
        time = Time(i, Fraction(1, fps))
        made = stage.apply(scene(time.seconds, number=i), time, state)
        assert isinstance(made, Mask)
        yield time.seconds, made.values > 0


@pytest.mark.parametrize("against", ["previous", "three"])
def test_what_moves_is_seen_for_as_long_at_any_frame_rate(against: str) -> None:
    ends, shares = [], []
    for fps in (15, 30, 60):
        found = list(masks(fps, against=against))
        assert not found[0][1].any()
        seen = [at for at, mask in found if mask.any()]
        assert seen[0] <= 0.1 + 1e-9
        ends.append(max(seen))
        shares.append(np.mean([mask.mean() for at, mask in found if 0.4 <= at < 0.9]))
    assert max(ends) - min(ends) <= 1 / 15 + 1e-9
    assert all(STANDS <= end <= STANDS + 0.2 for end in ends), ends
    assert max(shares) < 1.7 * min(shares)


def test_the_mask_covers_where_it_is_and_three_not_where_it_was() -> None:
    moved = 20
    for against in ("previous", "three"):
        at, mask = list(masks(60, against=against, interval="250ms"))[48]
        x = int(20 + 80 * at)
        assert mask[32:58, x + 20 - moved + 3 : x + 18].mean() > 0.95
        behind = mask[32:58, x - moved + 3 : x - 5].mean()
        assert behind > 0.9 if against == "previous" else behind < 0.1
        assert mask[:25].mean() + mask[65:].mean() < 0.01


def test_noise_and_a_change_of_light_are_no_movement() -> None:
    stage = FrameDiff()
    state = stage.start()
    for i in range(8):
        light, noise = (1.0, 6) if i < 4 else (1.15, 6)
        mask = stage.apply(scene(0, number=i, noise=noise, light=light), Time(i * 100), state)
        assert isinstance(mask, Mask)
        assert (mask.values > 0).mean() < 0.05


def test_against_the_first_what_came_stays_seen() -> None:
    last = list(masks(15, against="first"))[-1][1]
    assert last[32:58, 22:38].mean() > 0.95
    assert last[32:58, 102:118].mean() > 0.95
    assert last[:, 50:90].mean() < 0.01


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_the_difference_is_opencvs_and_a_level_cuts_it(dtype: str) -> None:
    top = {"uint8": 1, "uint16": 257, "float32": 1 / 255}[dtype]
    one, two = (
        (scene(s, number=i).astype(float) * top).astype(dtype) for i, s in enumerate((0.2, 0.5))
    )
    expected = cv2.absdiff(two, one)
    for stage in (FrameDiff(give="difference"), FrameDiff(level="10%")):  # type: ignore[arg-type]
        state = stage.start()
        stage.apply(one, Time(0), state)
        made = stage.apply(two, Time(300), state)
        if isinstance(made, Mask):
            whole = {"uint8": 255, "uint16": 65535, "float32": 1}[dtype]
            np.testing.assert_array_equal(made.values > 0, expected >= 0.1 * whole)
        else:
            np.testing.assert_array_equal(made, expected)


def test_an_interval_of_frames_counts_them_and_memory_holds_no_more() -> None:
    stage = FrameDiff(interval="3f", give="difference")  # type: ignore[arg-type]
    state = stage.start()
    for i in range(20):
        made = stage.apply(np.full((4, 4), 10 * i, np.uint8), Time(), state)
        assert made[0, 0] == 10 * min(i, 3)
        assert len(state._past) <= 5


def test_frames_without_times_are_held_against_the_one_before() -> None:
    stage = FrameDiff(give="difference")
    state = stage.start()
    levels = [stage.apply(np.full((4, 4), v, np.uint8), Time(), state)[0, 0]
              for v in (10, 30, 35, 90)]  # fmt: skip
    assert levels == [0, 20, 5, 55]


def test_a_stream_whose_size_changes_is_refused_with_both_sizes() -> None:
    stage = FrameDiff()
    state = stage.start()
    stage.apply(np.zeros((40, 60), np.uint8), Time(0), state)
    with pytest.raises(InputError, match="60x40, this one 30x20"):
        stage.apply(np.zeros((20, 30), np.uint8), Time(1), state)


@pytest.mark.parametrize("interval", ["0s", "6s", "301f", "-1s"])
def test_an_interval_of_nothing_or_of_too_much_is_refused(interval: str) -> None:
    with pytest.raises(ParameterError, match="interval"):
        FrameDiff.model_validate({"interval": interval})
