"""IoU and suppression against what a loop over pairs gives."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from cvkit.core.algo.iou import iou
from cvkit.core.algo.nms import kept, nms
from cvkit.core.grid import Grid
from cvkit.core.objects import Objects

Box = tuple[float, float, float, float]


def naive_iou(a: Box, b: Box) -> float:
    width = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    height = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    both = width * height
    either = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both
    return both / either if either > 0 else 0.0


def naive_nms(boxes: list[Box], scores: list[float], limit: float, groups: list[int]) -> list[int]:
    stay: list[int] = []
    for i in sorted(range(len(boxes)), key=lambda i: (-scores[i], i)):
        rivals = (j for j in stay if groups[j] == groups[i])
        if all(np.float32(naive_iou(boxes[i], boxes[j])) <= np.float32(limit) for j in rivals):
            stay.append(i)
    return stay


# Whole pixels and coarse scores: float32 holds every area, and ties are common.
sides = st.tuples(*[st.integers(0, 40)] * 2, *[st.integers(0, 30)] * 2)
box = sides.map(lambda s: (float(s[0]), float(s[1]), float(s[0] + s[2]), float(s[1] + s[3])))
rows = st.lists(st.tuples(box, st.integers(0, 5), st.integers(0, 2)), max_size=25)


def array(boxes: list[Box]) -> NDArray[np.float32]:
    return np.array(boxes, np.float32).reshape(-1, 4)


@given(st.lists(box, max_size=8), st.lists(box, max_size=8))
def test_iou_equals_a_loop_over_pairs(a: list[Box], b: list[Box]) -> None:
    expected = np.array([[naive_iou(x, y) for y in b] for x in a]).reshape(len(a), len(b))
    found = iou(array(a), array(b))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_iou_of_known_boxes() -> None:
    found = iou(array([(0, 0, 10, 10)]), array([(0, 0, 10, 10), (5, 0, 15, 10), (10, 0, 20, 10)]))
    np.testing.assert_allclose(found, [[1, 1 / 3, 0]], rtol=1e-6)


@given(rows, st.sampled_from([0.0, 0.25, 0.5, 0.7, 1.0]))
def test_suppression_equals_a_loop_over_pairs(
    rows: list[tuple[Box, int, int]], limit: float
) -> None:
    boxes, scores = [row[0] for row in rows], [float(row[1]) for row in rows]
    groups = [row[2] for row in rows]
    found = kept(array(boxes), np.array(scores, np.float32), limit, np.array(groups))
    assert found.tolist() == naive_nms(boxes, scores, limit, groups)


def test_a_box_at_the_limit_stays_and_one_above_goes() -> None:
    boxes = array([(0, 0, 10, 10), (5, 0, 15, 10)])
    scores = np.array([0.9, 0.8], np.float32)
    assert kept(boxes, scores, float(iou(boxes, boxes)[0, 1])).tolist() == [0, 1]
    assert kept(boxes, scores, 0.33).tolist() == [0]


def test_most_keeps_the_best() -> None:
    boxes = array([(i * 20, 0, i * 20 + 10, 10) for i in range(5)])
    scores = np.array([0.1, 0.5, 0.3, 0.5, 0.2], np.float32)
    assert kept(boxes, scores, 0.5, most=3).tolist() == [1, 3, 2]


@pytest.mark.parametrize(("per_class", "left"), [(True, ["cat", "dog"]), (False, ["cat"])])
def test_things_of_two_labels_suppress_each_other_only_when_asked(
    per_class: bool, left: list[str]
) -> None:
    boxes = [(0, 0, 9000, 9000), (1, 1, 9000, 9000), (2, 2, 9000, 9000)]
    found = Objects.of(
        boxes, Grid.of((9000, 9000)), scores=[0.9, 0.8, 0.7], labels=["cat", "dog", "cat"]
    )
    assert nms(found, 0.5, per_class=per_class).labels == tuple(left)


def test_nothing_found_stays_nothing() -> None:
    assert len(nms(Objects.none(Grid.of((8, 8))), 0.5)) == 0


def test_four_boxes_of_which_one_is_another_once_more():
    boxes = np.array([(0, 0, 10, 10), (1, 0, 11, 10), (20, 20, 30, 30), (5, 0, 15, 10)], np.float32)
    scores = np.array([0.9, 0.8, 0.7, 0.6], np.float32)
    np.testing.assert_allclose(iou(boxes, boxes)[0], [1, 0.8182, 0, 0.3333], atol=5e-5)
    assert kept(boxes, scores, 0.5).tolist() == [0, 2, 3]


@pytest.mark.parametrize("n", [95, 96, 97, 400])
@pytest.mark.parametrize("limit", [0.0, 0.3, 0.7])
@pytest.mark.parametrize("most", [None, 20, 150])
def test_many_boxes_are_kept_as_one_by_one(n: int, limit: float, most: int | None) -> None:
    """Boxes are compared many at a time; a plain loop over them, best first, is the definition."""
    random = np.random.default_rng(n)
    corners = random.random((n, 4), np.float32) * 100
    corners[:, 2:] = corners[:, :2] + random.random((n, 2), np.float32) * 60
    scores, groups = random.random(n, np.float32).round(2), random.integers(0, 4, n)
    expected: list[int] = []
    for i in np.argsort(-scores, kind="stable"):
        others = [j for j in expected if groups[j] == groups[i]]
        if not (iou(corners[others], corners[[i]]) > np.float32(limit)).any():
            expected.append(int(i))
    assert kept(corners, scores, limit, groups, most).tolist() == expected[:most]
