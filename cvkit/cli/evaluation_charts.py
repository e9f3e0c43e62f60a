"""Pictures of an evaluation: precision over recall, the confusion matrix, errors by kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cvkit.cli.evaluation_tables import BACKGROUND, confused
from cvkit.core.algo.average_precision import envelope
from cvkit.core.algo.detection_errors import ERRORS
from cvkit.core.algo.evaluation import ap_name
from cvkit.core.chart import Line, bars_chart, lines_chart, matrix_chart

if TYPE_CHECKING:
    from cvkit.core.algo.average_precision import Curve
    from cvkit.core.algo.evaluation import Evaluation
    from cvkit.core.warp import Array

_MOST = 20
"""Classes that a picture shows."""
_LETTERS = 24
"""Of a label that a picture shows."""
_MEAN = (150, 84, 24)
_PALE = (216, 206, 198)
_COLOURS = tuple(
    (blue, green, red)
    for red, green, blue in (
        (230, 120, 30), (40, 150, 90), (200, 50, 80), (130, 80, 180), (20, 160, 180),
        (150, 110, 40), (220, 110, 170), (100, 120, 20), (90, 100, 110), (180, 70, 20),
    )
)  # fmt: skip
_ERRORS = tuple(
    (blue, green, red)
    for red, green, blue in (
        (70, 150, 95), (240, 180, 60), (250, 220, 130), (150, 110, 190), (80, 130, 200),
        (185, 185, 190),
    )
)  # fmt: skip
_RECALLS = np.linspace(0, 1, 101)


def chart(of: Evaluation, page: str) -> Array:
    """(h, w, 3) uint8 of one of CHARTS."""
    return CHARTS[page](of)


def _pr(of: Evaluation) -> Array:
    known = [
        (row, curve) for row, curve in zip(of.classes, of.curves, strict=True) if curve.positives
    ]
    lines = [_level(f1) for f1 in (0.2, 0.4, 0.6, 0.8)]
    for number, (row, curve) in reversed(list(enumerate(known))):
        if number < len(_COLOURS):
            label = f"{_cut(row.label)} {row.ap_iou or 0:.3f}"
            lines.append(Line(label, _points(curve), _COLOURS[number], 2))
        else:
            rest = len(known) - len(_COLOURS)
            label = f"{rest} others" if number == len(_COLOURS) else ""
            lines.append(Line(label, _points(curve), _PALE))
    if len(known) > 1:
        mean = np.mean([_at_recalls(curve) for _, curve in known], axis=0)
        label = f"all {len(known)} classes {of.overall.ap_iou or 0:.3f}"
        lines.append(Line(label, np.stack([_RECALLS, mean], 1), _MEAN, 3.5))
    score = "best F1" if of.settings.score is None else "given"
    told = f"{of.overall.truths:,} true object{'s' * (of.overall.truths != 1)}"
    told += f" in {of.pictures:,} picture{'s' * (of.pictures != 1)}"
    note = f"{told}; grey: equal F1"
    if of.overall.precision is not None and of.overall.recall is not None:
        lines.append(_cross(of.overall.recall, of.overall.precision))
        note = f"{told}; cross: all at score {of.score:.2f} ({score}); grey: equal F1"
    name = ap_name(of.settings.iou).upper()
    title = f"Precision over recall, {name} ({_METRICS[of.settings.metric]})"
    return lines_chart(title, ("recall", "precision"), lines, note)


_METRICS = {"coco": "COCO", "voc": "Pascal VOC", "voc07": "Pascal VOC 2007"}


def _cross(x: float, y: float, arm: float = 0.012) -> Line:
    points = [(x - arm, y), (x + arm, y), (x, y), (x, y - arm), (x, y + arm)]
    return Line("", np.array(points), (40, 36, 32), 2)


def _points(of: Curve) -> Array:
    """The curve as averages take it: at each recall the best precision there or beyond."""
    recall, precision = of.recall, envelope(of.precision)
    if not len(recall):
        return np.array([(0, 0), (0, 0)], float)
    corners = np.stack([np.append(0, recall), np.append(precision[0], precision)], 1)
    end = recall[-1]
    return np.vstack([corners, [(end, 0)]])


def _at_recalls(of: Curve) -> Array:
    reached: Array = np.append(envelope(of.precision), 0)[np.searchsorted(of.recall, _RECALLS)]
    return reached


def _level(f1: float) -> Line:
    """Where precision and recall give this F1."""
    recall = np.linspace(f1 / (2 - f1), 1, 60)
    return Line("", np.stack([recall, f1 * recall / (2 * recall - f1)], 1), (225, 221, 217), 1)


def _confusion(of: Evaluation) -> Array:
    labels, counts = confused(of)
    if len(labels) > _MOST + 1:
        keep = np.arange(len(labels)).clip(max=_MOST)
        keep[-1] = _MOST + 1
        gathered = np.zeros((_MOST + 2, _MOST + 2), np.int64)
        np.add.at(gathered, (keep[:, None], keep[None]), counts)
        rest = f"{len(labels) - 1 - _MOST} others"
        counts, labels = gathered, [*labels[:_MOST], rest, BACKGROUND]
    note = f"IoU from {of.settings.iou:g}, score from {of.score:.2f}"
    note += "; background: missed (row), nothing there (column)"
    names = [_cut(label) for label in labels]
    return matrix_chart("Confusion of classes", ("true", "found as"), names, counts, note)


def _errors(of: Evaluation) -> Array:
    rows = [(of.overall, of.errors.sum(0))]
    rows += [(row, line) for row, line in zip(of.classes, of.errors, strict=True) if row.truths]
    rows = rows[: _MOST + 1]
    counts = np.array([line[: len(_ERRORS)] for _, line in rows])
    parts = list(zip(ERRORS[: len(_ERRORS)], _ERRORS, strict=True))
    note = "of each class as many found objects, best score first, as there are true ones"
    title = "What the found objects are"
    return bars_chart(title, [_cut(row.label) for row, _ in rows], parts, counts, note)


def _cut(label: str) -> str:
    """As much of it as a picture has room for."""
    return label if len(label) <= _LETTERS else f"{label[: _LETTERS - 3]}..."


CHARTS = {"pr": _pr, "confusion": _confusion, "errors": _errors}
"""What there is a picture of."""
