"""`motion` on a thing that crosses a noisy room, and on a film of a woman who visits one."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cvkit.core.errors import InputError, ParameterError
from cvkit.core.frame import Frame
from cvkit.core.time import Time
from cvkit.core.values import Event, Image, Objects
from cvkit.stages.motion.motion import Motion

SIZE = (320, 240)
WALL = np.tile(np.linspace(70, 150, SIZE[0]), (SIZE[1], 1))
WALL[::24] += 25


def room(seconds: float, number: int, *, noise: float = 4, light: float = 1) -> np.ndarray:
    """A box comes at 1 s, moves to the right until 2 s, and is gone then."""
    gray = WALL.copy()
    if 1 <= seconds < 2:
        x = round(40 + 200 * (seconds - 1))
        gray[100:160, x : x + 40] = 230
    grain = np.random.default_rng(number).normal(0, noise, gray.shape)
    return (gray * light + grain).clip(0, 255).astype(np.uint8)


def run(
    picture: Callable[[float, int], np.ndarray],
    fps: int = 25,
    seconds: float = 5,
    **parameters: object,
) -> list[Frame]:
    stage = Motion.model_validate(parameters)
    state = stage.start()
    out: list[Frame] = []
    for i in range(int(fps * seconds)):
        time = Time(i, Fraction(1, fps))
        array = picture(time.seconds, i)
        frame = Frame.of(Image.of(array), index=i, time=time)
        out += stage.apply(array, frame, state)
    return [*out, *stage.flush(state)]


def events(frames: list[Frame]) -> list[dict[str, Any]]:
    found = (frame.get(Event) for frame in frames)
    return [dict(row) for event in found if event is not None for row in event.rows]


@pytest.mark.parametrize("method", ["background", "frame-diff"])
def test_an_event_begins_and_ends_at_the_same_time_at_any_frame_rate(method: str):
    ends, told = [], []
    for fps in (15, 30, 60):
        frames = run(room, fps, method=method)
        assert len(frames) == 5 * fps
        start, end = events(frames)
        assert (start["event"], end["event"]) == ("motion-start", "motion-end")
        assert start["start"] == end["start"] == pytest.approx(1, abs=1 / fps + 1e-6)
        ends.append(end["end"])
        told.append(next(f.time.seconds for f in reversed(frames) if f.get(Event)))
        assert end["seconds"] == pytest.approx(end["end"] - end["start"], abs=1e-5)
        assert end["things"] <= 2
    assert max(ends) - min(ends) <= 1 / 15 + 0.02
    assert ends == pytest.approx([2] * 3, abs=0.25)
    assert told == pytest.approx([float(e) + 1 for e in ends], abs=1 / 15 + 0.02)


def test_the_box_lies_round_the_thing_and_has_its_area():
    frames = run(room)
    found = frames[40].get(Objects)  # 1.6 s: at 160
    assert found is not None
    assert found.labels == ("motion",)
    np.testing.assert_allclose(found.boxes[0], [160, 100, 200, 160], atol=6)
    assert found.attributes["area"][0] == pytest.approx(40 * 60, rel=0.25)
    assert len(frames[10].get(Objects) or ()) == 0


@pytest.mark.parametrize("method", ["background", "frame-diff"])
@pytest.mark.parametrize("noise", [0, 4, 12])
def test_a_still_room_has_no_event(method: str, noise: float):
    still = run(lambda s, i: room(0, i, noise=noise), method=method, seconds=4)
    assert events(still) == []


@pytest.mark.parametrize("method", ["background", "frame-diff"])
@pytest.mark.parametrize("light", [1.3, 0.6])
def test_a_jump_of_the_exposure_is_no_motion(method: str, light: float):
    jump = run(lambda s, i: room(0, i, light=light if 1 <= s < 2 else 1), method=method, seconds=4)
    assert events(jump) == []


def test_a_lamp_that_is_switched_on_in_a_corner_of_all_is_no_motion():
    lamp = 1 + np.linspace(0.1, 0.9, SIZE[1])[:, None]

    def lit(seconds: float, number: int) -> np.ndarray:
        return (room(0, number) * (lamp if seconds >= 1 else 1)).clip(0, 255).astype(np.uint8)

    assert events(run(lit, seconds=4)) == []


def test_what_stands_is_there_until_patience_ends():
    def stands(seconds: float, number: int) -> np.ndarray:
        return room(1.5 if seconds >= 1 else 0, number)

    for fps in (15, 60):
        start, end = events(run(stands, fps, seconds=7, patience="3s"))
        assert start["start"] == pytest.approx(1, abs=0.1)
        assert end["end"] == pytest.approx(4, abs=0.4)


def test_gaps_are_held_and_flashes_are_none():
    def twice(seconds: float, number: int) -> np.ndarray:
        return room(1.2 if 1 <= seconds < 1.4 or 2 <= seconds < 2.4 else 0, number)

    assert len(events(run(twice, method="frame-diff", hold="1.5s"))) == 2
    assert len(events(run(twice, method="frame-diff", hold="200ms", min_len="0s"))) > 2
    flash = run(lambda s, i: room(1.2 if i == 30 else 0, i), min_len="300ms")
    assert events(flash) == []


def test_small_things_are_dropped():
    assert events(run(room, min_area="10%")) == []


def test_only_what_moves_inside_a_mask_counts():
    stage = Motion(within="door")  # type: ignore[arg-type]
    for rows, many in (((90, 170), True), ((0, 80), False)):
        state = stage.start()
        seen: list[Frame] = []
        mask = np.zeros(SIZE[::-1], np.uint8)
        mask[slice(*rows)] = 255
        for i in range(50):
            time = Time(i, Fraction(1, 25))
            frame = Frame.of(Image.of(room(time.seconds, i)), index=i, time=time)
            seen += stage.apply(frame.raster.array, frame, state, mask)
        assert any(len(f.get(Objects) or ()) for f in seen) == many


def test_an_event_that_is_open_at_the_end_is_told_on_the_last_frame():
    frames = run(room, seconds=1.6)
    last = frames[-1].get(Event)
    assert last is not None
    assert last.rows[0]["event"] == "motion-end"
    assert last.rows[0]["end"] == pytest.approx(39 / 25)


def test_a_woman_visits_a_room(shared: Path):
    from cvkit.engine.python import open as opened

    stage = Motion()
    state = stage.start()
    out: list[Frame] = []
    for frame in opened(shared / "video" / "one_person.mp4"):
        out += stage.apply(frame.raster.gray, frame, state)
    start, end = events([*out, *stage.flush(state)])
    assert start["start"] == pytest.approx(5.9, abs=0.3)  # her head is seen
    assert end["end"] == pytest.approx(20.2, abs=0.5)  # her shadow has left


def test_a_stream_whose_size_changes_is_refused_with_both_sizes():
    with pytest.raises(InputError, match="60x40, this one 30x20"):
        run(lambda s, i: np.zeros((40, 60) if i < 3 else (20, 30), np.uint8))


@pytest.mark.parametrize("wrong", [{"hold": "5f"}, {"patience": "0s"}, {"min_len": "-1s"}])
def test_times_are_seconds(wrong: dict[str, str]):
    with pytest.raises(ParameterError):
        Motion.model_validate(wrong)


def test_where_somebody_stood_at_first_nothing_is_left():
    """Somebody stands there for a second, then walks off to the right; another stops for good."""

    def picture(seconds: float, number: int) -> np.ndarray:
        gray = WALL.copy()
        x = 60 if seconds < 1 else round(60 + 150 * (seconds - 1))
        gray[80:160, x : x + 30] = 20  # out of the picture at 2.8 s
        if seconds >= 2:
            gray[30:60, 20:50] = 240
        grain = np.random.default_rng(number).normal(0, 3, gray.shape)
        return (gray + grain).clip(0, 255).astype(np.uint8)

    frames = run(picture, seconds=5)
    for frame in frames:
        found, now = frame.get(Objects), frame.time.seconds
        assert found is not None
        stood = [box for box in found.boxes.tolist() if box[0] < 90 and box[3] > 90]
        assert not stood or now < 1.9, now  # it has left its place at 1.2 s
    last = frames[-1].get(Objects)
    assert last is not None
    (box,) = last.boxes.tolist()  # what came to stand is told until --patience is over
    assert box == pytest.approx([20, 30, 50, 60], abs=4)
