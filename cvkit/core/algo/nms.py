"""Non-maximum suppression: of boxes that cover the same thing, the one with the best score.

Greedy, as torchvision's `nms` and ultralytics have it: best first, equal scores in the order
given, a box goes where its IoU with a kept one is *above* the limit.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cvkit.core.algo.iou import Boxes, iou
from cvkit.core.objects import Objects

Rows = NDArray[np.intp]

_TOGETHER = 96
"""Boxes compared at a time: one by one numpy's calls cost more than the work."""


def kept(
    boxes: Boxes,
    scores: NDArray[np.float32],
    limit: float,
    groups: NDArray[np.generic] | None = None,
    most: int | None = None,
) -> Rows:
    """Rows that stay, best first, at most `most`; only boxes of one group suppress each other.

    `boxes` (n, 4) float32 x1 y1 x2 y2, `scores` (n,), `groups` (n,) of any comparable type.
    Groups are compared, not moved apart by an offset, so no box is too large for it.
    """
    order = np.argsort(-scores, kind="stable")
    stay: list[Rows] = []
    while len(order) and (most is None or sum(map(len, stay)) < most):
        head, rest = order[:_TOGETHER], order[_TOGETHER:]
        covers = _covers(boxes, head, head, limit, groups)
        alive = np.ones(len(head), np.bool_)
        for i in range(len(head)):
            if alive[i]:
                alive[i + 1 :] &= ~covers[i, i + 1 :]
        stay.append(head[alive])
        order = rest[~_covers(boxes, stay[-1], rest, limit, groups).any(0)]
    return np.concatenate([np.zeros(0, np.intp), *stay])[:most]


def _covers(
    boxes: Boxes, a: Rows, b: Rows, limit: float, groups: NDArray[np.generic] | None
) -> NDArray[np.bool_]:
    """(len(a), len(b)), whether a box of `a` puts one of `b` aside."""
    above: NDArray[np.bool_] = iou(boxes[a], boxes[b]) > np.float32(limit)
    return above if groups is None else above & (groups[a][:, None] == groups[b])


def nms(objects: Objects, limit: float, *, per_class: bool = True) -> Objects:
    """The objects that stay, best first; by class number, by label where no class is known.

    Objects without scores count as equally good: the first given stays.
    """
    scores = objects.scores
    if scores is None:
        scores = np.ones(len(objects), np.float32)
    return objects.take(kept(objects.boxes, scores, limit, _groups(objects) if per_class else None))


def _groups(objects: Objects) -> NDArray[np.generic] | None:
    classes, labels = objects.classes, objects.labels
    if labels is None:
        return classes
    numbers = {label: -2 - i for i, label in enumerate(dict.fromkeys(labels))}
    by_label = np.array([numbers[label] for label in labels], np.int64)
    return by_label if classes is None else np.where(classes < 0, by_label, classes)
