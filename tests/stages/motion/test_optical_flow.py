"""`optical-flow` on a photograph that is moved by a known way, and on a patch that moves."""

from __future__ import annotations

import itertools
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from skimage import data

import cvkit as library
from cvkit.core import wheel
from cvkit.core.algo.flowing import believed
from cvkit.core.draw import Style, paint, shown
from cvkit.core.errors import InputError, ParameterError
from cvkit.core.frame import Frame
from cvkit.core.time import Time
from cvkit.core.values import Flow, Image, Measures, Objects
from cvkit.stages.motion.optical_flow import OpticalFlow

PHOTO = cv2.cvtColor(data.astronaut(), cv2.COLOR_RGB2GRAY)[:300, :400]


def shifted(dx: float, dy: float) -> np.ndarray:
    matrix = np.array([[1, 0, dx], [0, 1, dy]], np.float32)
    size = PHOTO.shape[::-1]
    return cv2.warpAffine(PHOTO, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)


def run(pictures: list[np.ndarray], fps: int = 25, **parameters: object) -> list[Frame]:
    stage = OpticalFlow.model_validate(parameters)
    state = stage.start()
    out: list[Frame] = []
    for i, array in enumerate(pictures):
        frame = Frame.of(Image.of(array), index=i, time=Time(i, Fraction(1, fps)))
        gray = array if array.ndim == 2 else cv2.cvtColor(array, cv2.COLOR_BGR2GRAY)
        out += stage.apply(gray, frame, state)
    return out


@pytest.mark.parametrize("method", ["dis", "farneback"])
@pytest.mark.parametrize("way", [(3.0, -2.0), (2.5, 1.25), (-6.0, 4.0)])
def test_every_pixel_of_a_moved_photograph_moves_that_way(method: str, way: tuple[float, float]):
    first, second = run([PHOTO, shifted(*way)], method=method)
    zero, flow = first.get(Flow), second.get(Flow)
    assert zero is not None
    assert flow is not None
    assert not zero.values.any()
    error = np.sqrt(((flow.values - way) ** 2).sum(-1))
    assert np.median(error) < 0.1
    told = second.get(Measures)
    assert told is not None
    row = told.rows[0]
    assert row["median_speed"] == pytest.approx(np.hypot(*way) * 25, rel=0.05)
    assert row["direction"] == pytest.approx(np.degrees(np.arctan2(-way[1], way[0])) % 360, abs=4)
    assert float(row["moving"] or 0) > (99 if method == "dis" else 75)


def test_speeds_are_the_same_at_any_frame_rate():
    speeds = []
    for fps in (15, 30, 60):
        frames = run([shifted(60 * i / fps, 0) for i in range(4)], fps, method="dis")
        speeds.append(frames[-1].get(Measures).rows[0]["median_speed"])
    assert speeds == pytest.approx([60] * 3, rel=0.05)


def test_two_pictures_are_compared_by_their_pixels_unless_told_otherwise():
    flow = OpticalFlow(with_="next")(PHOTO, with_=shifted(4, 3))  # type: ignore[arg-type]
    assert np.median(np.abs(flow - [4, 3]).max(-1)) < 0.1
    points = OpticalFlow(with_="next", method="lucas-kanade")(PHOTO, with_=shifted(4, 3))  # type: ignore[arg-type]
    assert len(points) > 50
    assert np.median(points.attributes["dx"]) == pytest.approx(4, abs=0.05)
    assert np.median(points.attributes["dy"]) == pytest.approx(3, abs=0.05)
    assert np.median(points.attributes["speed"]) == pytest.approx(5, abs=0.05)


def patch_film(fps: int, seconds: float = 2, speed: float = 60) -> list[np.ndarray]:
    rng = np.random.default_rng(4)
    patch = cv2.GaussianBlur(rng.integers(0, 255, (60, 60)).astype(np.uint8), (0, 0), 1.2)
    out = []
    for i in range(int(fps * seconds)):
        whole = PHOTO.copy()
        matrix = np.array([[1, 0, 20 + speed * i / fps], [0, 1, 120]], np.float32)
        cv2.warpAffine(patch, matrix, (400, 300), whole, borderMode=cv2.BORDER_TRANSPARENT)
        out.append(whole)
    return out


def test_points_follow_a_patch_and_those_that_stand_are_left_out():
    frames = run(patch_film(25), method="lucas-kanade")
    assert len(frames[0].get(Objects) or ()) == 0
    found = frames[-1].get(Objects)
    assert found is not None
    x = 20 + 60 * 49 / 25
    points = np.stack([found.attributes["point_x"], found.attributes["point_y"]], -1)
    inside = ((points > [x - 3, 117]) & (points < [x + 63, 183])).all(1)
    assert inside.sum() >= 20
    assert inside.mean() > 0.9
    assert np.median(np.asarray(found.attributes["speed"], float)[inside]) == pytest.approx(
        60, rel=0.03
    )
    assert np.median(np.asarray(found.attributes["dx"], float)[inside]) == pytest.approx(
        60 / 25, abs=0.1
    )
    assert found.polygons is not None
    spans = np.array([np.ptp(p[:, 0]) for p in found.polygons])[inside]
    assert np.max(spans) == pytest.approx(60, abs=4)  # a second of the path


def numbers(frame: Frame) -> set[int]:
    found = frame.get(Objects)
    assert found is not None
    assert found.ids is not None
    return set(found.ids.tolist())


def test_a_point_keeps_its_number():
    frames = run(patch_film(25, 1), method="lucas-kanade")
    one, two = (numbers(frames[at]) for at in (12, 20))
    assert len(one & two) >= 0.7 * len(one)


def test_trails_end_at_the_same_time_at_any_frame_rate():
    ends = []
    for fps in (15, 30, 60):
        film = patch_film(fps, 1) + [patch_film(fps, 1)[-1]] * (2 * fps)
        frames = run(film, fps, method="lucas-kanade", trail="500ms")
        ends.append(max(f.time.seconds for f in frames if len(f.get(Objects) or ())))
    assert max(ends) - min(ends) <= 2 / 15 + 1e-9
    assert all(1.0 < end < 1.7 for end in ends)


def test_the_wheel_shows_right_in_red_down_in_yellow_and_still_in_white():
    flow = np.zeros((3, 4, 2), np.float32)
    flow[0, 0], flow[0, 1], flow[0, 2] = (5, 0), (0, 5), (-5, 0)
    flow[1, 0] = (2.5, 0)
    flow[2, 0] = np.nan
    seen = wheel.wheel(flow, 5)
    assert seen[0, 0].tolist() == pytest.approx([0, 0, 255], abs=3)
    yellow, cyan = seen[0, 1], seen[0, 2]
    assert yellow[0] < 10
    assert min(yellow[1:]) > 190
    assert cyan[2] < 10
    assert cyan[:2].min() > 150
    assert seen[1, 0].tolist() == pytest.approx([128, 128, 255], abs=6)
    assert seen[1, 1].tolist() == [255, 255, 255]
    assert seen[2, 0].tolist() == [0, 0, 0]
    np.testing.assert_array_equal(shown(Flow.of(flow, top=5)), seen)


def test_colours_do_not_flicker_when_all_stands_for_a_moment():
    flows = [f.get(Flow) for f in run([PHOTO, shifted(8, 0), shifted(8, 0)], method="dis")]
    assert flows[1] is not None
    assert flows[2] is not None
    assert 7.9 < flows[1].top < 12
    assert flows[2].top > 0.95 * flows[1].top


def test_arrows_lie_on_the_picture_where_it_moves():
    colour = cv2.cvtColor(PHOTO, cv2.COLOR_GRAY2BGR)
    film = [cv2.cvtColor(f, cv2.COLOR_GRAY2BGR) for f in patch_film(25, 0.2)]
    out = run([colour, *film][1:], method="dis", draw="arrows")[-1].get(Image)
    assert out is not None
    changed = (out.array != film[-1]).any(2)
    assert changed[125:175, 30:90].mean() > 0.1
    assert changed[:60].mean() + changed[240:].mean() < 0.01


@pytest.mark.parametrize(("speed", "long"), [(8, 2.0), (4, 1.0), (1, 0)])
def test_an_arrow_tells_how_fast_a_small_thing_is(speed: float, long: float):
    """In cells of the lattice, here 10 pixels; the thing covers less than half of its cell."""
    flow = np.zeros((280, 280, 2), np.float32)
    flow[102:107, 101:109] = (speed, 0)
    canvas = np.zeros((280, 280, 3), np.uint8)
    wheel.arrows(canvas, flow, 8, 1)
    drawn = np.flatnonzero((canvas[..., 2] > 128).any(0))
    assert (np.ptp(drawn) if len(drawn) else 0) == pytest.approx(10 * long, abs=2)


def test_trails_have_the_hue_of_their_direction():
    film = [shifted(8 * number, 0)[:, 40:] for number in range(10)]
    frame = run(film, 10, method="lucas-kanade")[-1]
    found = frame.get(Objects)
    assert found is not None
    assert len(found)
    canvas = np.zeros((*film[0].shape, 3), np.uint8)
    paint(canvas, found, Style(4, 12))
    seen = cv2.cvtColor(canvas, cv2.COLOR_BGR2HSV)[canvas.max(2) > 200]
    red = np.minimum(seen[:, 0], 180 - seen[:, 0].astype(int))
    assert np.percentile(red, 90) < 8
    ways = np.asarray(found.attributes["direction"]) + 180
    assert np.median(ways % 360) == pytest.approx(180, abs=1)


def test_a_trail_is_drawn_with_its_end_and_without_its_number():
    canvas = np.zeros((100, 100, 3), np.uint8)
    grid = Image.of(canvas).grid
    path = [[10, 50], [50, 60], [90, 50], [50, 60]]
    trail = Objects.of([[10, 50, 90, 60]], grid, ids=[3], polygons=[path])
    paint(canvas, trail, Style(2, 12))
    assert canvas[50, 90].any()
    assert not canvas[:40].any()
    assert not canvas[70:].any()
    assert not canvas[50, 30:70].any()  # not closed


@pytest.mark.parametrize("method", ["lucas-kanade", "dis", "farneback"])
@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1), (15, 40), (20, 900), (33, 31)])
def test_small_and_odd_pictures_are_fine(method: str, size: tuple[int, int]):
    rng = np.random.default_rng(2)
    pictures = [rng.integers(0, 255, size).astype(np.uint8) for _ in range(3)]
    assert len(run(pictures, method=method)) == 3


def test_a_stream_whose_size_changes_is_refused_with_both_sizes():
    for method in ("lucas-kanade", "dis"):
        with pytest.raises(InputError, match="60x40, this one 30x20"):
            run([np.zeros((40, 60), np.uint8), np.zeros((20, 30), np.uint8)], method=method)


@pytest.mark.parametrize("wrong", [{"trail": "0s"}, {"trail": "10f"}, {"min_speed": "-1"}])
def test_spans_and_speeds_have_their_bounds(wrong: dict[str, str]):
    with pytest.raises(ParameterError):
        OpticalFlow.model_validate(wrong)


def test_it_is_in_the_library():
    assert library.OpticalFlow.__name__ == OpticalFlow.__name__


def test_two_arrays_are_compared():
    one, other = (cv2.cvtColor(p, cv2.COLOR_GRAY2BGR) for p in (PHOTO, shifted(3, -2)))
    for stage in (OpticalFlow(method="dis"), OpticalFlow()):
        flow = stage(one, with_=other)
        assert np.median(np.abs(flow - (3, -2))) < 0.1
    with pytest.raises(ParameterError, match="called with other"):
        OpticalFlow()(one, other=other)


def test_bare_walls_stand_still_and_who_walks_before_them_moves(shared: Path):
    wanted = {74: None, 75: None, 99: None, 100: None}
    with av.open(str(shared / "video/one_person.mp4")) as film:
        pictures = {
            number: frame.to_ndarray(format="gray")
            for number, frame in enumerate(itertools.islice(film.decode(video=0), 101))
            if number in wanted
        }
    standing = np.hypot(*cv2.split(believed(pictures[99], pictures[100], "dis", "high")))
    assert (standing > 0.5).mean() < 0.005  # dis alone finds motion on 7 percent
    walking = np.hypot(*cv2.split(believed(pictures[74], pictures[75], "dis", "high")))
    box = walking[40:360, 380:500]
    assert (box > 0.5).mean() > 0.4
    walking[20:432, 340:540] = 0
    assert (walking > 0.5).mean() < 0.01
