"""`stabilize`: a hand-held film of a known shake gets steady, a pan stays, borders never show."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage import data

from cvkit.core.algo import camera_path
from cvkit.core.errors import ParameterError
from cvkit.core.frame import Frame
from cvkit.core.time import Time
from cvkit.core.values import Image, Objects
from cvkit.core.warp import transform
from cvkit.stages.video.stabilize import Stabilize
from tests.conftest import Command
from tests.invariant.media import decoded, heard, video
from tests.stages.video.films import run, spelled

SCENE = cv2.resize(np.ascontiguousarray(data.astronaut()[..., ::-1]), (1024, 1024))
SIZE = (320, 240)


def made(**parameters: object) -> Stabilize:
    return Stabilize.model_validate(parameters)


@cache
def shaken(fps: int = 25, seconds: int = 3, shift: float = 3, pan: float = 50):
    """Frames of a camera that pans to the right, `pan` pixels a second, in a trembling hand; and
    for each the matrix from the scene into it."""
    rng = np.random.default_rng(0)
    frames, true = [], []
    for i in range(fps * seconds):
        dx, dy = rng.normal(0, shift, 2)
        c, s = np.cos(a := np.deg2rad(rng.normal(0, shift / 8))), np.sin(a)
        place = np.array([[1, 0, -(280 + pan * i / fps + dx)], [0, 1, -(350 + dy)], [0, 0, 1]])
        matrix = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]) @ place
        picture = Image.of(cv2.warpAffine(SCENE, matrix[:2], SIZE))
        frames.append(Frame.of(picture, index=i, time=Time(i, Fraction(1, fps))))
        true.append(matrix)
    return frames, true


def way(frames: list[Frame], true: list[np.ndarray]) -> np.ndarray:
    """(n, 2): where one point of the scene, seen in the middle of the pan, is in each frame."""
    seen = np.array([[520.0, 470.0]])
    return np.array([
        f.grid.steps[-1].points(transform(m, seen))[0] if f.grid.steps else transform(m, seen)[0]
        for f, m in zip(frames, true, strict=True)
    ])  # fmt: skip


def jitter(points: np.ndarray) -> float:
    """Mean change of speed from frame to frame, in pixels."""
    return float(np.abs(np.diff(points, 2, axis=0)).mean())


@pytest.mark.parametrize("fps", [15, 25, 60])
@pytest.mark.parametrize("crop", ["0", "5%"])
def test_a_trembling_hand_gets_steady_and_the_pan_stays(fps: int, crop: str) -> None:
    frames, true = shaken(fps)
    steady = run(made(crop=crop), frames)
    assert [f.index for f in steady] == list(range(len(frames)))
    before, after = way(frames, true), way(steady, true)
    assert jitter(before) > 5
    assert jitter(before) / jitter(after) > 20
    speed = np.diff(after, axis=0).mean(0) * fps / (1 if crop == "0" else 240 / 216)
    np.testing.assert_allclose(speed, [-50, 0], atol=3)


def test_it_is_seen_in_the_pictures_too() -> None:
    frames, _ = shaken()
    steady = run(Stabilize(), frames)

    def moves(of: list[Frame]) -> np.ndarray:
        grays = [f.photo.gray for f in of if f.photo is not None]
        found = [camera_path.motion(a, b, SIZE) for a, b in pairwise(grays)]
        return np.array(
            [transform(m, np.array([[160.0, 120.0]]))[0] for m in found if m is not None]
        )

    one, two = (np.abs(np.diff(moves(f), axis=0)).mean() for f in (frames, steady))
    assert one / two > 5


def test_no_gap_shows_after_a_crop_and_the_fill_without() -> None:
    frames, _ = shaken(shift=8)
    green = made(fill="lime")
    for frame in run(green, frames):
        assert frame.photo is not None
        assert not (frame.photo.bgr == (0, 255, 0)).all(-1).any()
    bare = run(made(crop="0", fill="lime"), frames)
    assert sum((f.photo.bgr == (0, 255, 0)).all(-1).sum() for f in bare if f.photo) > 1000


def test_a_still_camera_is_left_alone() -> None:
    picture = Image.of(SCENE[300:540, 300:620])
    frames = [Frame.of(picture, index=i, time=Time(i, Fraction(1, 25))) for i in range(20)]
    for frame in run(made(crop="0"), frames):
        assert frame.photo is not None
        assert np.abs(frame.photo.bgr.astype(int) - picture.bgr.astype(int)).max() <= 1


def test_a_cut_begins_anew() -> None:
    frames, _ = shaken()
    other = [
        Frame.of(Image.of(np.ascontiguousarray(f.photo.bgr[::-1, ::-1])), index=75 + i,
                 time=Time(75 + i, Fraction(1, 25))) for i, f in enumerate(frames) if f.photo
    ]  # fmt: skip
    both = run(Stabilize(), [*frames, *other])
    alone = run(Stabilize(), frames) + run(Stabilize(), other)
    for a, b in zip(both, alone, strict=True):
        one, two = a.grid.steps[-1].matrix, b.grid.steps[-1].matrix
        assert one is not None and two is not None  # noqa: PT018
        np.testing.assert_allclose(one, two, atol=1e-9)


def test_what_is_found_moves_along() -> None:
    frames, true = shaken()
    thing = np.array([[500.0, 450.0], [540.0, 490.0]])
    found = []
    for frame, matrix in zip(frames, true, strict=True):
        corners = transform(matrix, thing)
        found.append(frame.found(Objects.of([corners.ravel()], frame.grid)))
    steady = [f.get(Objects) for f in run(Stabilize(), found)]
    centres = np.array([o.boxes[0].reshape(2, 2).mean(0) for o in steady if o is not None])
    assert jitter(centres) < 0.6


def test_frames_wait_for_the_window_and_no_longer() -> None:
    frames, _ = shaken(25)
    state, stage = made(window="0.4s").start(), made(window="0.4s")
    most = 0
    for frame in frames:
        assert frame.photo is not None
        list(stage.apply(frame.photo.gray, frame, state))
        most = max(most, len(state.waiting))
    assert most == 11
    assert len(state.past) == 11


@pytest.mark.parametrize("words", [{"window": "0s"}, {"window": "25f"}, {"crop": "50%"}])
def test_what_cannot_be_is_refused(words: dict[str, object]) -> None:
    with pytest.raises(ParameterError):
        made(**words)


def test_every_spelling_steadies_alike_and_keeps_the_sound(cvkit: Command, tmp_path: Path) -> None:
    video(tmp_path / "v.mp4", frames=40)
    spelled(cvkit, tmp_path, "v.mp4", "stabilize --window 0.5s", made(window="0.5s"))
    assert [p for p, _ in decoded(tmp_path / "one.mp4")] == [
        p for p, _ in decoded(tmp_path / "v.mp4")
    ]
    assert heard(tmp_path / "one.mp4") == heard(tmp_path / "v.mp4")
