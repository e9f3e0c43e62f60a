"""Pairs of boxes, against every possible assignment."""

from __future__ import annotations

from itertools import permutations

import numpy as np

from cvkit.core.algo.assignment import kinds, pairs
from cvkit.core.algo.iou import iou


def boxes(seed: int, count: int) -> np.ndarray:
    corners = np.random.default_rng(seed).uniform(0, 40, (count, 2))
    return np.hstack([corners, corners + 30]).astype(np.float32)


def test_the_sum_of_overlaps_is_the_greatest_there_is():
    for seed in range(5):
        a, b = boxes(seed, 5), boxes(seed + 9, 5)
        share = iou(a, b)
        best = max(
            sum(share[i, j] for i, j in enumerate(order)) for order in permutations(range(5))
        )
        found = pairs(a, b, 1e-9)
        assert np.isclose(sum(share[i, j] for i, j in found), best, atol=1e-5)
        assert len({i for i, _ in found}) == len({j for _, j in found}) == len(found)


def test_too_small_overlaps_and_other_kinds_are_no_pair():
    a = np.array([[0, 0, 10, 10], [50, 0, 60, 10]], np.float32)
    b = np.array([[51, 0, 61, 10], [8, 0, 18, 10]], np.float32)
    assert pairs(a, b, 0.3) == [(1, 0)]
    assert pairs(a, b, 0.1) == [(0, 1), (1, 0)]
    assert pairs(a, b, 0.3, np.zeros((2, 2), bool)) == []
    assert pairs(a[:0], b, 0.3) == []


def test_kinds_are_labels_else_classes():
    assert list(kinds(np.array([1, 2]), ("car", "car"), 2)) == ["car", "car"]
    assert list(kinds(np.array([1, 2]), None, 2)) == [1, 2]
    assert list(kinds(None, None, 2)) == ["", ""]
