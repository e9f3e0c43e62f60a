"""`detect` among other steps, on a street with people and a bus: boxes are where things are."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from cvkit.core.algo.iou import iou
from tests.conftest import Command

Boxes = NDArray[np.float32]
BUS = (18, 230, 802, 753)
PEOPLE = ((221, 407, 344, 857), (50, 399, 245, 903), (671, 380, 810, 879), (0, 553, 63, 868))
NETWORKS = ["yolov8n_640_fp32_from_uint8.onnx", "yolox_nano_416.onnx"]
Run = Callable[..., list[dict[str, object]]]


@pytest.fixture(params=NETWORKS)
def network(request: pytest.FixtureRequest, models: Path) -> Path:
    return models / "detect" / str(request.param)


@pytest.fixture
def found(cvkit: Command) -> Run:
    """Objects of a run's lines; the whole line where it has none."""

    def run(*words: str | Path) -> list[dict[str, object]]:
        ran = cvkit(*words, "-o", "found.jsonl", "--overwrite")
        assert ran.code == 0, ran.err
        lines = (cvkit.folder / "found.jsonl").read_text().splitlines()
        assert [json.loads(line)["size"] for line in lines] == [[810, 1080]] * len(lines)
        return [one for line in lines for one in json.loads(line).get("objects", [])]

    return run


def boxes(objects: list[dict[str, object]]) -> Boxes:
    return np.array([one["box"] for one in objects], np.float32).reshape(-1, 4)


def overlaps(objects: list[dict[str, object]], *known: tuple[int, ...]) -> NDArray[np.float32]:
    best: NDArray[np.float32] = iou(np.array(known, np.float32), boxes(objects)).max(1)
    return best


@pytest.fixture
def alone(network: Path, shared: Path, found: Run) -> list[dict[str, object]]:
    """What `detect` finds on the photograph itself."""
    return found("detect", shared / "images/street_bus.jpg", "--model", network)


def test_the_people_and_the_bus_are_found(alone: list[dict[str, object]]) -> None:
    assert (overlaps(alone, BUS, *PEOPLE[:3]) > 0.7).all()


@pytest.mark.parametrize(
    "chain",
    ["then flip", "then resize --to 50%", "then rotate --angle 90", "then resize --to 90x200"],
)
def test_what_moves_the_picture_afterwards_changes_nothing_of_where_things_are(
    chain: str, network: Path, shared: Path, found: Run, alone: list[dict[str, object]]
) -> None:
    photo = shared / "images/street_bus.jpg"
    moved = found("detect", photo, "--model", network, *chain.split())
    np.testing.assert_allclose(boxes(moved), boxes(alone), atol=0.05)
    assert [one["label"] for one in moved] == [one["label"] for one in alone]


@pytest.mark.parametrize(
    ("chain", "least"),
    [
        ("resize {photo} --to 60% then detect --model {network}", 0.75),
        ("resize {photo} --to 1200x then detect --model {network} then resize --to 300x", 0.75),
        ("flip {photo} then detect --model {network}", 0.75),
        ("flip {photo} then detect --model {network} then flip", 0.75),
        ("rotate {photo} --angle 5 then detect --model {network}", 0.6),
    ],
)
def test_what_is_found_in_a_moved_picture_is_told_where_it_is_in_the_source(
    chain: str, least: float, network: Path, shared: Path, found: Run
) -> None:
    photo = shared / "images/street_bus.jpg"
    objects = found(*(word.format(photo=photo, network=network) for word in chain.split()))
    assert (overlaps(objects, BUS, *PEOPLE[:3]) > least).all()


def test_a_crop_has_the_things_in_it_and_tells_them_in_the_source(
    network: Path, shared: Path, found: Run
) -> None:
    photo = shared / "images/street_bus.jpg"
    objects = found("crop", photo, "--box", "0,380,400,700", "then", "detect", "--model", network)
    assert (overlaps(objects, *PEOPLE[:2]) > 0.8).all()
    assert (boxes(objects) <= [400, 1080, 400, 1080]).all()


def test_each_thing_is_cut_out_under_its_name(models: Path, shared: Path, cvkit: Command) -> None:
    photo, network = shared / "images/street_bus.jpg", models / "detect" / NETWORKS[0]
    words = ("then", "resize", "--to", "50%", "then", "crops", "-o", "things/")
    ran = cvkit("detect", photo, "--model", network, *words, "-o", "things.jsonl")
    assert ran.code == 0, ran.err
    files = sorted((cvkit.folder / "things").iterdir())
    names = [file.name.rsplit("_", 1)[0] for file in files]
    assert names == ["street_bus_bus", *["street_bus_person"] * 4]
    cut = cv2.imread(str(files[0]))
    whole = cv2.imread(str(photo))
    assert cut is not None
    assert whole is not None
    lines = (cvkit.folder / "things.jsonl").read_text().splitlines()
    (bus,) = [
        one["box"] for line in lines for one in json.loads(line)["objects"] if one["label"] == "bus"
    ]
    x1, y1, x2, y2 = (round(side) for side in bus)
    assert cut.shape[:2] == pytest.approx(((y2 - y1) / 2, (x2 - x1) / 2), abs=2)
    same = cv2.resize(whole[y1:y2, x1:x2], cut.shape[1::-1], interpolation=cv2.INTER_AREA)
    assert np.abs(same.astype(int) - cut.astype(int)).mean() < 12


def test_the_picture_is_marked_where_the_things_are_in_it(
    models: Path, shared: Path, cvkit: Command
) -> None:
    photo, network = shared / "images/street_bus.jpg", models / "detect" / NETWORKS[0]
    how = ("draw", "--no-labels", "--no-scores", "--color", "red")
    detect = ("detect", photo, "--model", network, "--classes", "bus", "then", "flip")
    assert cvkit("flip", photo, "-o", "plain.png").code == 0
    ran = cvkit(*detect, "then", *how, "-o", "drawn.png", "-o", "bus.jsonl")
    assert ran.code == 0, ran.err
    plain, marked = (cv2.imread(str(cvkit.folder / f"{n}.png")) for n in ("plain", "drawn"))
    assert plain is not None
    assert marked is not None
    rows, columns = (plain != marked).any(-1).nonzero()
    told = json.loads((cvkit.folder / "bus.jsonl").read_text())["objects"]
    x1, y1, x2, y2 = boxes(told)[0].tolist()
    extent = (columns.min(), rows.min(), columns.max(), rows.max())
    assert extent == pytest.approx((810 - x2, y1, 810 - x1, y2), abs=4)


def test_small_people_of_a_large_picture_are_found_in_tiles_and_once(
    models: Path, shared: Path, found: Run, cvkit: Command
) -> None:
    """A street in the middle of 4K: its people are 56 pixels high."""
    street = cv2.imread(str(shared / "images/street_bus.jpg"))
    assert street is not None
    small = cv2.resize(street, None, fx=0.125, fy=0.125, interpolation=cv2.INTER_AREA)
    large = np.full((2160, 3840, 3), 114, np.uint8)
    places = [(300, 300), (575, 420), (1800, 900), (3000, 1500), (3730, 2020)]  # two on seams
    for x, y in places:
        large[y : y + small.shape[0], x : x + small.shape[1]] = small
    assert cv2.imwrite(str(cvkit.folder / "large.png"), large)
    network = models / "detect" / NETWORKS[0]

    def people(*words: str) -> Boxes:
        ran = cvkit(
            *("detect", "large.png", "--model", network, "--classes", "person"),
            *("--iou", "0.5", *words, "-o", "found.jsonl", "--overwrite"),
        )
        assert ran.code == 0, ran.err
        told = json.loads((cvkit.folder / "found.jsonl").read_text())
        return boxes(told.get("objects", []))

    there = np.array(
        [
            (x + px1 / 8, y + py1 / 8, x + px2 / 8, y + py2 / 8)
            for x, y in places
            for px1, py1, px2, py2 in PEOPLE[:3]
        ],
        np.float32,
    )
    whole, tiled = people(), people("--tile", "640", "--overlap", "20%")
    seen = iou(there, tiled) > 0.5
    assert seen.any(1).sum() >= 12  # of 15
    assert (seen.sum(1) <= 1).all()  # none twice
    assert len(whole) == 0 or (iou(there, whole) > 0.5).any(1).sum() < 5
