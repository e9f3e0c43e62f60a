"""Networks of YOLOv8's layout: what they find, in which pixels, alone and in batches."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from onnx import TensorProto

from cvkit.core.objects import Objects
from cvkit.models.detector import BATCH, Detector
from cvkit.models.opening import Models
from cvkit.models.settings import Settings
from cvkit.models.wanted import Wanted
from tests.models.conftest import Make

RECORDED = Path(__file__).parent / "recorded"
YOLO = "detect/yolov8n_640_fp32_from_uint8.onnx"
Picture = NDArray[np.uint8]


def picture(width: int, height: int, seed: int = 0) -> Picture:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def same(a: Objects, b: Objects) -> bool:
    assert a.scores is not None
    assert b.scores is not None
    return (
        a.grid == b.grid
        and a.labels == b.labels
        and np.array_equal(a.boxes, b.boxes)
        and np.array_equal(a.scores, b.scores)
    )


def test_boxes_lie_in_the_pictures_own_pixels_and_inside_it(make: Make) -> None:
    detector = Models(Settings("cpu")).open(str(make(1)))
    image = np.zeros((60, 120, 3), np.uint8)
    image[15:30, 105:] = (255, 0, 0)  # blue, in BGR; one block of 8 at 64/120 of the size
    (found,) = detector.detect([image], Wanted(score=0.9))
    assert found.labels == ("blue",)
    assert found.grid.size == (120, 60)
    np.testing.assert_allclose(found.boxes, [[105, 15, 120, 30]], atol=1e-4)
    bright = np.full((61, 33, 3), 255, np.uint8)
    (found,) = detector.detect([bright], Wanted(score=0.2))
    assert len(found)
    assert (found.boxes >= 0).all()
    assert (found.boxes <= [33, 61, 33, 61]).all()


@pytest.mark.parametrize("fixed", [1, 3])
def test_a_network_of_fixed_batch_gives_what_single_pictures_give(make: Make, fixed: int) -> None:
    detector = Models(Settings("cpu")).open(str(make(fixed)))
    assert detector.batch == fixed
    images = [picture(70 + 9 * i, 50, i) for i in range(5)]
    alone = [detector.detect([image], Wanted(score=0.5))[0] for image in images]
    together = detector.detect(images, Wanted(score=0.5))
    assert [len(a) for a in alone] == [len(t) for t in together]
    assert all(same(a, t) for a, t in zip(alone, together, strict=True))
    assert sum(map(len, alone)) > 20


@pytest.mark.parametrize("size", [(64, 64), ("height", "width")])
def test_any_batch_of_a_free_network_gives_the_same_bits(
    make: Make, size: tuple[int | str, int | str]
) -> None:
    detector = Models(Settings("cpu")).open(str(make("n", size)))
    assert detector.batch == BATCH["processor"]
    # Two sizes in turn, then a run: with a free size only neighbours of one shape are stacked.
    images = [picture(*wh, i) for i, wh in enumerate([(70, 50), (50, 70)] + [(70, 50)] * 9)]
    images += [picture(101, 43, 20)] * 2
    wanted = Wanted(score=0.52, most=20)
    alone = [detector.detect([image], wanted)[0] for image in images]
    together = detector.detect(images, wanted)
    assert all(same(a, t) for a, t in zip(alone, together, strict=True))
    assert min(map(len, alone)) > 0


def test_one_network_serves_many_threads(make: Make) -> None:
    detector = Models(Settings("cpu")).open(str(make("n", ("h", "w"))))
    images = [picture(60 + 16 * (i % 5), 50, i) for i in range(24)]
    alone = [detector.detect([image], Wanted(score=0.52))[0] for image in images]
    with ThreadPoolExecutor(4) as pool:
        found = pool.map(lambda image: detector.detect([image], Wanted(score=0.52))[0], images)
        assert all(same(a, f) for a, f in zip(alone, found, strict=True))


def test_a_float16_input_is_fed_float16(make: Make) -> None:
    detector = Models(Settings("cpu")).open(str(make(1, dtype=TensorProto.FLOAT16)))
    image = np.zeros((64, 64, 3), np.uint8)
    image[8:16, 24:32] = (0, 255, 0)
    (found,) = detector.detect([image])
    assert found.labels == ("green",)
    assert found.boxes.tolist() == [[24, 8, 32, 16]]


@pytest.mark.parametrize("wh", [(1, 1), (1, 300), (300, 1), (7, 5)])
def test_tiny_pictures_are_looked_at(make: Make, wh: tuple[int, int]) -> None:
    detector = Models(Settings("cpu")).open(str(make("n", ("h", "w"))))
    (found,) = detector.detect([np.full((wh[1], wh[0], 3), 255, np.uint8)])
    assert found.grid.size == wh
    assert (found.boxes <= [wh * 2]).all()


def test_no_pictures_give_nothing(make: Make) -> None:
    assert Models(Settings("cpu")).open(str(make("n"))).detect([]) == []


PICTURES = json.loads((RECORDED / "pictures.json").read_text())["pictures"]


@pytest.fixture(scope="module")
def yolo(models: Path) -> Detector:
    return Models(Settings("cpu")).open(str(models / YOLO))


@pytest.mark.parametrize("name", PICTURES)
def test_photographs_give_what_ultralytics_finds(shared: Path, yolo: Detector, name: str) -> None:
    image = cv2.imread(str(shared / "images" / name))
    assert image is not None
    (found,) = yolo.detect([image.astype(np.uint8)])
    check_recorded(found, PICTURES[name])
    if name == "street_bus.jpg":
        assert found.labels is not None
        assert sorted(found.labels) == ["bus", "person", "person", "person", "person"]


def recorded(name: str) -> list[list[list[float]]]:
    frames: list[list[list[float]]] = json.loads((RECORDED / f"{name}.json").read_text())["frames"]
    return frames


def check_recorded(found: Objects, rows: list[list[float]], where: str = "") -> None:
    """Within a pixel and 0.01, box by box; the better of two alike may come second."""
    expected = np.array(rows, np.float64).reshape(-1, 6)
    assert len(found) == len(expected), where
    if not rows:
        return
    assert found.classes is not None
    assert found.scores is not None
    far = np.abs(expected[:, None, :4] - found.boxes).max(-1)
    far += 1e6 * (expected[:, None, 5] != found.classes)
    pairs = far.argmin(1)
    assert len(set(pairs.tolist())) == len(pairs), where
    assert far.min(1).max() <= 1, where
    assert np.abs(expected[:, 4] - found.scores[pairs]).max() <= 0.01, where


@pytest.mark.slow
@pytest.mark.parametrize("name", ["one_person.mp4", "pedestrians.avi"])
def test_videos_give_what_ultralytics_finds(shared: Path, models: Path, name: str) -> None:
    from cvkit.io.sources.video import open_video

    detector = Models(Settings("cpu")).open(str(models / YOLO))
    frames = recorded(name.partition(".")[0])
    with open_video(shared / "video" / name) as video:
        number = -1
        for number, (_, image) in enumerate(video):
            if number % 5 == 0:
                (found,) = detector.detect([image.bgr.astype(np.uint8, copy=False)])
                check_recorded(found, frames[number], f"frame {number}")
    assert number + 1 == len(frames)
