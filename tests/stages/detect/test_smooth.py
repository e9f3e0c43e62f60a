"""`smooth` on boxes whose true way is known, and on those of a real detector."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from cvkit.core.algo.assignment import pairs
from cvkit.core.algo.iou import iou
from cvkit.core.errors import ParameterError
from cvkit.core.frame import Frame
from cvkit.core.grid import Grid
from cvkit.core.objects import Objects
from cvkit.core.signature import signature
from cvkit.core.time import Time
from cvkit.core.units import Duration
from cvkit.results.reading import read_results
from cvkit.stages.detect.smooth import Smooth
from tests.conftest import Command

SIZE = (640, 480)
GRID = Grid.of(SIZE)
Boxes = NDArray[np.float64]


def frame(number: int, objects: Objects, rate: int = 30) -> Frame:
    return Frame((objects,), GRID, number, Time(number, Fraction(1, rate)))


def through(stage: Smooth, frames: Sequence[Frame]) -> list[Frame]:
    state = stage.start()

    def flowing() -> Iterator[Frame]:
        for one in frames:
            found = one.get(Objects)
            assert found is not None
            yield from stage.apply(one, found, state)
        yield from stage.flush(state)

    return list(flowing())


def boxes_of(one: Frame) -> Boxes:
    found = one.get(Objects)
    assert found is not None
    return found.boxes.astype(np.float64)


def moving(seconds: float, rate: int, noise: float = 0.0, seed: int = 0) -> list[Frame]:
    """One 40×80 box that goes 100 pixels a second to the right."""
    rng = np.random.default_rng(seed)
    frames = []
    for number in range(round(seconds * rate)):
        x = 50 + 100 * number / rate
        box = np.array([x, 100, x + 40, 180]) + rng.normal(0, noise, 4)
        frames.append(frame(number, Objects.of([box], GRID, scores=[0.8]), rate))
    return frames


def jitter(boxes: Boxes) -> float:
    """Mean length of the second difference of the centres."""
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    return float(np.linalg.norm(np.diff(centres, 2, axis=0), axis=1).mean())


def one_each(frames: list[Frame]) -> Boxes:
    return np.concatenate([boxes_of(one) for one in frames])


@pytest.mark.parametrize("ahead", ["0.2s", "0s"])
def test_what_moves_evenly_stays_where_it_was(ahead: str):
    frames = moving(2, 25)
    out = through(Smooth(ahead=Duration.parse(ahead)), frames)
    assert [(o.index, o.time) for o in out] == [(f.index, f.time) for f in frames]
    np.testing.assert_allclose(one_each(out), one_each(frames), atol=1e-3)


@pytest.mark.parametrize(("ahead", "less"), [("0.2s", 9), ("0s", 2.3)])
def test_jitter_falls_and_boxes_come_nearer_to_the_truth(ahead: str, less: float):
    truth, noisy = one_each(moving(4, 30)), moving(4, 30, noise=3)
    steady = one_each(through(Smooth(ahead=Duration.parse(ahead)), noisy))
    assert jitter(one_each(noisy)) > less * jitter(steady)
    errors = [np.abs(boxes - truth)[10:].mean() for boxes in (one_each(noisy), steady)]
    assert errors[1] < errors[0] / 1.5


def test_the_frame_rate_makes_no_difference():
    """The same turn, seen 15, 30 and 60 times a second, is the same turn afterwards."""
    seen: dict[int, Boxes] = {}
    for rate in (15, 30, 60):
        times = np.arange(3 * rate) / rate
        frames = []
        for number, time in enumerate(times):
            x, y = 300 + 100 * np.cos(2 * time), 200 + 100 * np.sin(2 * time)
            objects = Objects.of([[x, y, x + 40, y + 80]], GRID)
            frames.append(frame(number, objects, rate))
        seen[rate] = one_each(through(Smooth(), frames))[:: rate // 15]
    for rate in (15, 30):  # at the very end they know of more or fewer frames to come
        np.testing.assert_allclose(seen[rate][:-3], seen[60][:-3], atol=1.2)


def test_a_new_thing_is_there_at_once_and_a_lost_one_goes_at_once():
    frames = moving(2, 30)
    none = Objects.of(np.zeros((0, 4)), GRID, scores=[])
    frames = [frame(i, none) if i < 10 or i >= 40 else f for i, f in enumerate(frames)]
    counts = [len(boxes_of(one)) for one in through(Smooth(), frames)]
    assert counts == [0] * 10 + [1] * 30 + [0] * 20


def test_a_gap_of_a_frame_or_two_is_bridged_and_marked():
    frames = moving(2, 30)
    none = Objects.of(np.zeros((0, 4)), GRID, scores=[])
    gapped = [frame(i, none) if i in (20, 21) else f for i, f in enumerate(frames)]
    out = through(Smooth(), gapped)
    np.testing.assert_allclose(one_each(out), one_each(frames), atol=0.01)
    for number in (19, 20, 21, 22):
        found = out[number].get(Objects)
        assert found is not None
        bridged = found.attributes.get("bridged")
        assert (None if bridged is None else list(bridged)) == (
            [True] if number in (20, 21) else None
        )
        assert found.scores == pytest.approx([0.8])
    now = through(Smooth(ahead=Duration.parse("0s")), gapped)
    assert [len(boxes_of(one)) for one in now[19:23]] == [1, 0, 0, 1]


def test_two_that_cross_keep_their_labels_ids_and_rows():
    frames = []
    for number in range(60):
        a, b = 100 + 5 * number, 400 - 5 * number
        boxes = [[a, 100, a + 60, 180], [b, 110, b + 60, 190]]
        order = [0, 1] if number % 2 else [1, 0]  # a detector sorts by score
        objects = Objects.of(np.array(boxes)[order], GRID, labels=np.array(["cat", "dog"])[order],
                             ids=np.array([7, 9])[order])  # fmt: skip
        frames.append(frame(number, objects))
    for before, after in zip(frames, through(Smooth(), frames), strict=True):
        one, other = before.get(Objects), after.get(Objects)
        assert one is not None
        assert other is not None
        assert other.labels == one.labels
        np.testing.assert_array_equal(np.array(other.ids), np.array(one.ids))
        np.testing.assert_allclose(other.boxes, one.boxes, atol=1e-3)


def test_what_lies_in_a_box_goes_with_it():
    shape = np.array([[0, 0], [40, 0], [40, 80]])
    rng = np.random.default_rng(1)
    frames = []
    for number in range(30):
        corner = np.array([100, 100]) + rng.normal(0, 3, 2)
        objects = Objects.of(
            [[*corner, *(corner + np.array([40, 80]))]], GRID, polygons=[corner + shape]
        )
        frames.append(frame(number, objects))
    for one in through(Smooth(), frames):
        found = one.get(Objects)
        assert found is not None
        assert found.polygons is not None
        x1, y1, x2, y2 = found.boxes[0]
        np.testing.assert_allclose(found.polygons[0], [[x1, y1], [x2, y1], [x2, y2]], atol=1e-3)


def test_memory_does_not_grow_with_the_video():
    stage = Smooth()
    state = stage.start()
    for one in moving(60, 30, noise=2):
        found = one.get(Objects)
        assert found is not None
        list(stage.apply(one, found, state))
    assert len(state.waiting) <= 7
    assert len(state.things) == 1
    assert len(state.things[0].seen) <= 62


@pytest.mark.parametrize("wrong", [{"time": "3f"}, {"ahead": "-1s"}, {"iou": 0}, {"iou": 2}])
def test_times_are_seconds_and_overlaps_shares(wrong: dict[str, object]):
    with pytest.raises(ParameterError):
        Smooth.model_validate(wrong)


def test_it_needs_objects():
    assert [take.word for take in signature(Smooth).takes] == ["frame", "objects", "state"]


def test_a_detectors_boxes_jitter_four_times_less(cvkit: Command, shared: Path, models: Path):
    video = shared / "video" / "pedestrians.avi"
    network = models / "detect" / "yolov8n_640_fp32_from_uint8.onnx"
    ran = cvkit("detect", video, "--model", network, "--duration", "8s", "-o", "raw.jsonl")
    assert ran.code == 0, ran.err
    chain = ("objects", video, "--from", "raw.jsonl", "then", "smooth", "-o", "still.jsonl")
    assert cvkit(*chain, "--duration", "8s").code == 0
    raw, still = (read_results(cvkit.folder / f"{name}.jsonl") for name in ("raw", "still"))
    ways: list[list[tuple[NDArray[np.float32], NDArray[np.float32]]]] = []
    before: list[int] = []
    last = np.zeros((0, 4), np.float32)
    for index in range(80):
        found, held = (s.objects("pedestrians.avi", index, (768, 576)) for s in (raw, still))
        if found is None or held is None:
            continue
        assert held.labels is not None
        assert held.labels[: len(found)] == found.labels
        same = {b: before[a] for a, b in pairs(last, found.boxes, 0.3)}
        ways += [[] for row in range(len(found)) if row not in same]
        fresh = iter(range(len(ways) - len(found) + len(same), len(ways)))
        before = [same[row] if row in same else next(fresh) for row in range(len(found))]
        for row, way in enumerate(before):
            ways[way].append((found.boxes[row], held.boxes[row]))
        last = found.boxes
    followed = [np.array(way) for way in ways if len(way) > 30]
    assert len(followed) >= 4
    of_raw, of_still = (
        np.mean([jitter(way[:, side].astype(np.float64)) for way in followed]) for side in (0, 1)
    )
    assert of_raw > 4 * of_still
    overlaps = [iou(a[None], b[None])[0, 0] for way in followed for a, b in way]
    assert np.mean(overlaps) > 0.88
    assert np.percentile(overlaps, 5) > 0.75
