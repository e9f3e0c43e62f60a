"""Tiles: how many there are, and that what several show is given once."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from cvkit.core.errors import ParameterError
from cvkit.core.grid import Grid
from cvkit.core.objects import Objects
from cvkit.core.units import Length
from cvkit.models.detector import Sharing
from cvkit.models.tiles import Tiled, joined, tiles
from cvkit.models.wanted import DEFAULTS, Usual, Wanted

Box = tuple[float, float, float, float]


@pytest.mark.parametrize(
    ("size", "side", "overlap", "count"),
    [
        ((3840, 2160), 640, 128, 8 * 4),  # 1 + ceil(3200/512) by 1 + ceil(1520/512)
        ((1920, 1080), 640, 128, 4 * 2),
        ((640, 640), 640, 128, 1),
        ((641, 640), 640, 128, 2),
        ((1152, 640), 640, 128, 2),
        ((1153, 640), 640, 128, 3),
        ((100, 50), 640, 128, 1),
        ((2000, 300), 640, 0, 4),
    ],
)
def test_there_are_as_many_tiles_as_the_formula_says(
    size: tuple[int, int], side: int, overlap: int, count: int
) -> None:
    assert len(tiles(size, side, overlap)) == count


@given(st.integers(1, 3000), st.integers(1, 3000), st.integers(32, 900), st.floats(0, 0.95))
def test_tiles_cover_the_picture_and_overlap_enough(
    w: int, h: int, side: int, share: float
) -> None:
    overlap = int(side * share)
    views = tiles((w, h), side, overlap)
    for axis, length in ((0, w), (1, h)):
        starts = sorted({view[axis] for view in views})
        assert starts[0] == 0
        assert starts[-1] + min(side, length) == length
        assert all(b - a <= side - overlap for a, b in pairwise(starts))
    assert {view[2:] for view in views} == {(min(side, w), min(side, h))}


def test_an_overlap_as_large_as_the_tile_is_refused() -> None:
    with pytest.raises(ParameterError, match="tiles of 64 pixels cannot overlap by 64"):
        tiles((1000, 1000), 64, 64)


class Painted:
    """Finds rectangles of one colour each; a part of one in a tile is the part that it shows.

    What is less than `least` pixels a side is not seen in the whole picture, as with networks.
    """

    sharing: Sharing = "shared"
    batch = 4
    labels = ("thing",)
    ran_on = "arithmetic"
    usual = Usual()

    def __init__(self, least: int = 0, most: int = 100000) -> None:
        self.least, self.most, self.seen = least, most, [0]

    def detect(
        self, images: Sequence[NDArray[np.uint8]], wanted: Wanted = DEFAULTS
    ) -> list[Objects]:
        self.seen.append(len(images))
        return [self._one(image) for image in images]

    def _one(self, image: NDArray[np.uint8]) -> Objects:
        boxes, scores = [], []
        for colour in np.unique(image[image > 0]):
            ys, xs = np.nonzero((image == colour).any(2))
            box = (xs.min(), ys.min(), xs.max() + 1, ys.max() + 1)
            small = min(box[2] - box[0], box[3] - box[1]) < self.least
            if not (small and image.shape[1] > self.most):
                boxes.append(box)
                scores.append(0.5 + int(colour) / 1000)
        size = (image.shape[1], image.shape[0])
        classes = [0] * len(boxes)
        return Objects.of(boxes, Grid.of(size), scores=scores, classes=classes)


def painted(size: tuple[int, int], *boxes: tuple[int, int, int, int]) -> NDArray[np.uint8]:
    image = np.zeros((size[1], size[0], 3), np.uint8)
    for number, (x1, y1, x2, y2) in enumerate(boxes):
        image[y1:y2, x1:x2] = 100 + number
    return image


def rows(found: Objects) -> list[list[float]]:
    return sorted(found.boxes.round(2).tolist())


def tiled(detector: Painted, side: float = 200) -> Tiled:
    return Tiled(detector, Length(side), Length(20, "%"))


def test_small_things_are_found_where_the_whole_picture_does_not_show_them() -> None:
    boxes = [(10, 10, 30, 30), (180, 90, 210, 120), (395, 295, 400, 300), (150, 150, 170, 175)]
    image = painted((400, 300), *boxes)
    blind = Painted(least=50, most=200)
    assert len(blind.detect([image])[0]) == 0
    assert rows(tiled(blind).detect([image])[0]) == sorted([list(map(float, b)) for b in boxes])


def test_all_tiles_and_the_whole_go_to_the_detector_at_once() -> None:
    detector = Painted()
    tiled(detector).detect([painted((1000, 600), (5, 5, 9, 9))])
    columns, lines = 6, 4  # 1 + ceil(800 / 160), 1 + ceil(400 / 160)
    assert detector.seen[1:] == [columns * lines + 1]


def test_a_thing_larger_than_a_tile_is_given_whole_and_once() -> None:
    image = painted((1000, 600), (100, 120, 900, 480))
    assert rows(tiled(Painted()).detect([image])[0]) == [[100, 120, 900, 480]]


def test_parts_that_no_view_shows_whole_become_one_thing() -> None:
    view = Grid.of((200, 200))
    left = Objects.of([(120, 50, 200, 90)], view, scores=[0.6], classes=[0])
    right = Objects.of([(0, 50, 150, 90)], view, scores=[0.9], classes=[0])
    nothing = Objects.of([], Grid.of((360, 200)), scores=[], classes=[])
    found = joined([left, right, nothing], [(0, 0, 200, 200), (160, 0, 200, 200), (0, 0, 360, 200)])
    assert rows(found) == [[120, 50, 310, 90]]
    assert found.scores is not None
    assert found.scores.tolist() == pytest.approx([0.9])
    assert found.grid.size == (360, 200)


def test_neighbours_of_one_class_at_a_seam_stay_two() -> None:
    image = painted((360, 200), (150, 40, 178, 160), (180, 40, 208, 160))
    assert len(tiled(Painted(), 200).detect([image])[0]) == 2


def test_parts_of_two_classes_are_joined_only_when_asked() -> None:
    view = Grid.of((200, 200))
    left = Objects.of([(120, 50, 200, 90)], view, scores=[0.6], classes=[1])
    right = Objects.of([(0, 50, 150, 90)], view, scores=[0.9], classes=[0])
    nothing = Objects.of([], Grid.of((360, 200)), scores=[], classes=[])
    views = [(0, 0, 200, 200), (160, 0, 200, 200), (0, 0, 360, 200)]
    assert len(joined([left, right, nothing], views)) == 2
    assert len(joined([left, right, nothing], views, Wanted(agnostic=True))) == 1


def test_the_best_are_given_and_no_more_than_wanted() -> None:
    boxes = [(x, 20, x + 12, 40) for x in range(5, 395, 20)]
    found = tiled(Painted()).detect([painted((400, 300), *boxes)], Wanted(most=3))[0]
    assert found.scores is not None
    assert found.scores.tolist() == pytest.approx([0.619, 0.618, 0.617])
    assert len(tiled(Painted()).detect([painted((400, 300), *boxes)])[0]) == len(boxes)


def test_a_picture_within_one_tile_is_looked_at_once() -> None:
    detector = Painted()
    tiled(detector).detect([painted((200, 100), (5, 5, 20, 20))])
    assert detector.seen == [0, 1]
