"""AP of detections against pycocotools, the VOC development kit in a loop, and by hand."""

from __future__ import annotations

import contextlib
import io
from typing import Any

import numpy as np
import pytest

from cvkit.core.algo.average_precision import (
    Curve,
    Metric,
    average_precision,
    averages,
    coco_figures,
    counted,
    curve,
)
from cvkit.core.algo.matching import (
    COCO_SHARES,
    Finds,
    Truths,
    as_voc,
    overlapping,
)

SUMMARY = ("ap", "ap50", "ap75", "ap_small", "ap_medium", "ap_large",
           "ar_1", "ar_10", "ar", "ar_small", "ar_medium", "ar_large")  # fmt: skip
"""Pycocotools' twelve figures in its order."""


def scene(
    seed: int, *, pictures: int = 60, kinds: int = 6, whole: bool = False, aside: float = 0.05
) -> tuple[Truths, Finds]:
    """True objects of all sizes, and found ones near them, doubled, of a wrong class, or nowhere.

    `whole` boxes meet thresholds exactly, and coarse scores are often equal.
    """
    random = np.random.default_rng(seed)
    n = pictures * 8
    picture = np.sort(random.integers(0, pictures, n))
    kind = (kinds * random.random(n) ** 2).astype(np.int64)
    corner, sides = random.uniform(0, 400, (n, 2)), np.exp(random.normal(3.7, 0.9, (n, 2)))
    if whole:
        corner, sides = corner.round(), sides.round() + 1
    boxes = np.hstack([corner, corner + sides])
    crowd = random.random(n) < aside
    truths = Truths(
        picture, kind, boxes, sides.prod(1) * random.uniform(0.5, 1, n), crowd, np.zeros(n, bool)
    )
    near = random.integers(0, n, 3 * n)
    shift = random.normal(0, 1, (3 * n, 4)) * np.repeat(sides[near], 2, 1)
    moved = boxes[near] + shift * np.abs(random.normal(0, 0.15, (3 * n, 1)))
    moved = np.hstack([np.minimum(moved[:, :2], moved[:, 2:]), np.maximum(*_halves(moved))])
    if whole:
        moved = moved.round()
    wrong = random.integers(0, kinds, 3 * n)
    told = np.where(random.random(3 * n) < 0.9, kind[near], wrong)
    order = np.argsort(picture[near], kind="stable")
    scores = random.beta(3, 2, 3 * n).round(2)
    return truths, Finds(picture[near][order], told[order], moved[order], scores[order])


def _halves(boxes: Any) -> tuple[Any, Any]:
    return boxes[:, :2], boxes[:, 2:]


def reference(truths: Truths, found: Finds, pictures: int, kinds: int, most: int = 100) -> Any:
    """What pycocotools says of the same."""
    pytest.importorskip("pycocotools", reason="compares with pycocotools")
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    def placed(boxes: Any) -> list[list[float]]:
        return np.hstack([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]]).tolist()

    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = {
            "images": [{"id": i + 1} for i in range(pictures)],
            "categories": [{"id": i + 1} for i in range(kinds)],
            "annotations": [
                {"id": i + 1, "image_id": int(p) + 1, "category_id": int(k) + 1, "bbox": box,
                 "area": float(area), "iscrowd": int(crowd)}
                for i, (p, k, box, area, crowd) in enumerate(zip(
                    truths.picture, truths.kind, placed(truths.boxes), truths.area, truths.crowd,
                    strict=True))
            ],
        }  # fmt: skip
        truth.createIndex()
        results = [
            {"image_id": int(p) + 1, "category_id": int(k) + 1, "bbox": box, "score": float(s)}
            for p, k, box, s in zip(
                found.picture, found.kind, placed(found.boxes), found.scores, strict=True
            )
        ]
        judge = COCOeval(truth, truth.loadRes(results), "bbox")
        judge.params.maxDets = sorted({1, 10 if most > 10 else 2, most})
        judge.evaluate()
        judge.accumulate()
        if most == 100:
            judge.summarize()
    return judge


def mean(values: Any) -> float:
    return float(np.nanmean(values))


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_all_twelve_figures_are_those_of_pycocotools(seed: int, whole: bool):
    truths, found = scene(seed, whole=whole)
    pairs = overlapping(truths, found, 0.5)
    told = coco_figures(truths, found, pairs, COCO_SHARES, 6)
    told |= {"ap50": told["ap"][:, :1], "ap75": told["ap"][:, 5:6]}
    judge = reference(truths, found, 60, 6)
    assert [mean(told[name]) for name in SUMMARY] == pytest.approx(judge.stats.tolist(), abs=1e-9)
    assert judge.stats[0] > 0.15  # something was found
    precision = judge.eval["precision"][:, :, :, 0, 2].mean(1).T  # (kinds, t)
    np.testing.assert_allclose(told["ap"], precision, atol=1e-9)


def test_only_the_best_of_a_picture_and_class_count():
    truths, found = scene(4, pictures=10, kinds=2)
    pairs = overlapping(truths, found, 0.5)
    told = coco_figures(truths, found, pairs, COCO_SHARES, 2, most=5)
    judge = reference(truths, found, 10, 2, most=5)
    np.testing.assert_allclose(
        told["ap"], judge.eval["precision"][:, :, :, 0, 2].mean(1).T, atol=1e-9
    )
    assert mean(told["ap"]) < mean(coco_figures(truths, found, pairs, COCO_SHARES, 2)["ap"]) - 0.01


def test_a_class_without_true_objects_has_no_average():
    truths, found = scene(5, kinds=3)
    told = coco_figures(truths, found, overlapping(truths, found, 0.5), COCO_SHARES, 5)
    assert np.isnan(told["ap"][3:]).all()
    assert np.isfinite(told["ap"][:3]).all()


def devkit(truths: Truths, found: Finds, kind: int, share: float, metric: Metric) -> float:
    """`VOCevaldet.m` and `VOCap.m`, line by line."""
    own = [i for i in found.by_score
           if found.kind[i] == kind]  # fmt: skip
    real = [j for j in range(len(truths.kind)) if truths.kind[j] == kind]
    taken, right, wrong = set(), [], []
    for i in own:
        best, mate = -1.0, -1
        for j in real:
            if truths.picture[j] != found.picture[i]:
                continue
            a, b = found.boxes[i], truths.boxes[j]
            w, h = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
            if w > 0 and h > 0:
                both = w * h
                either = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both
                if both / either > best:
                    best, mate = both / either, j
        hit = best >= share and mate not in taken
        counts = not (best >= share and truths.difficult[mate])
        if hit and counts:
            taken.add(mate)
        right.append(hit and counts)
        wrong.append(not hit and counts)
    positives = sum(not truths.difficult[j] for j in real)
    tp, fp = np.cumsum(right), np.cumsum(wrong)
    recall, precision = tp / positives, tp / np.maximum(tp + fp, 1)
    if metric == "voc07":
        return float(np.mean([max([*precision[recall >= t / 10], 0]) for t in range(11)]))
    recall, precision = np.append(recall, 1), np.append(precision, 0)
    total, before = 0.0, 0.0
    for i, r in enumerate(recall):
        total += (r - before) * precision[i:].max()
        before = r
    return total


@pytest.mark.parametrize("metric", ["voc", "voc07"])
@pytest.mark.parametrize("share", [0.3, 0.5])
def test_pascal_averages_are_those_of_the_development_kit(metric: Metric, share: float):
    truths, found = scene(6, pictures=20, kinds=3, aside=0)
    difficult = np.random.default_rng(0).random(len(truths.kind)) < 0.2
    truths = Truths(truths.picture, truths.kind, truths.boxes, truths.area, truths.crowd, difficult)
    judged = as_voc(truths, found, overlapping(truths, found, share), np.array([share]))
    told = averages(found, judged, counted(truths, 3), metric)[:, 0]
    expected = [devkit(truths, found, kind, share, metric) for kind in range(3)]
    np.testing.assert_allclose(told, expected, atol=1e-12)
    assert 0.2 < told.mean() < 0.9


def told(hits: list[bool], positives: int) -> Curve:
    scores = np.linspace(0.9, 0.1, len(hits))
    return curve(scores, np.array(hits, bool), np.zeros(len(hits), bool), positives)


@pytest.mark.parametrize(
    ("metric", "value"), [("voc", 0.555556), ("voc07", 0.545455), ("coco", 0.554455)]
)
def test_right_wrong_right_of_three_by_each_rule(metric: Metric, value: float):
    assert average_precision(told([True, False, True], 3), metric) == pytest.approx(value, abs=1e-6)


@pytest.mark.parametrize("metric", ["coco", "voc", "voc07"])
def test_the_ends_of_the_scale(metric: Metric):
    assert average_precision(told([True, True], 2), metric) == pytest.approx(1)
    assert average_precision(told([False, False], 2), metric) == 0
    assert average_precision(told([], 2), metric) == 0
    assert np.isnan(average_precision(told([False], 0), metric))


def test_the_best_f1_takes_equal_scores_together():
    scores = np.array([0.9, 0.8, 0.8, 0.8, 0.2])
    hits = np.array([True, True, False, True, False])
    f1, score = curve(scores, hits, ~np.ones(5, bool), 3).best()
    assert score == 0.8
    assert f1 == pytest.approx(6 / 7)  # three right, one wrong, none missed
    assert told([False], 2).best() == (0.0, 0.0)
    assert told([True, False, True], 3).at(0.5) == (1, 1)
