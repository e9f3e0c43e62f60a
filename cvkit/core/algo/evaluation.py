"""How well found objects agree with true ones: every figure of `cvkit evaluate`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

import numpy as np

from cvkit.core.algo.average_precision import (
    Curve,
    Metric,
    averages,
    coco_figures,
    counted,
    curve,
    curves,
)
from cvkit.core.algo.detection_errors import LEAST, confusion, errors
from cvkit.core.algo.matching import (
    COCO_SHARES,
    Finds,
    Floats,
    Judged,
    Pairs,
    Rows,
    Truths,
    as_coco,
    as_voc,
    overlapping,
)
from cvkit.core.labels import GROUPS, groups

Number = float | None
"""None where there is nothing to take it of: no true object, no found one."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How found objects are judged."""

    metric: Metric = "coco"
    iou: float = 0.5
    """A found object is right from this intersection over union on."""
    score: float | None = None
    """Precision, recall, F1 and the confusion matrix are of what has at least this score; None:
    the score at which F1 over all classes is best.
    """
    most: int = 100
    """Found objects of a picture and class that count, best score first; COCO's rule alone."""


@dataclass(frozen=True, slots=True)
class Row:
    """The figures of one class, or of all together (whose `ap` are means over the classes)."""

    label: str
    truths: int
    found: int
    """With at least the score that precision and recall are of."""
    right: int
    precision: Number
    recall: Number
    f1: Number
    ap_iou: Number
    """Average precision at the IoU asked for."""
    ap: Number
    """COCO's mean over ten IoUs; in VOC's way that of the one."""
    best_f1: Number
    best_score: Number


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """What was found against what is true; classes in the order of `labels`."""

    settings: Settings
    score: float
    pictures: int
    overall: Row
    classes: tuple[Row, ...]
    figures: dict[str, Number]
    """map, map50, map75, map_small …, ar …, precision, recall, f1."""
    errors: Rows
    """(classes, len(ERRORS)) counts."""
    confusion: Rows
    """(classes + 1, classes + 1), found by true; the last ones are background."""
    curves: tuple[Curve, ...] = field(repr=False)
    """Of each class, at the IoU asked for."""

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(row.label for row in self.classes)

    def figure(self, name: str, label: str = "") -> Number:
        """`map50`, or of one class `ap`, `ap50`, `precision`, `recall` or `f1`; KeyError."""
        if not label:
            return self.figures[name]
        rows = {row.label: row for row in self.classes}
        return self.figures_of(rows[label])[name]

    def figures_of(self, row: Row) -> dict[str, Number]:
        """A row's figures by the names that tables and rules have."""
        named = {ap_name(self.settings.iou) if k == "ap_iou" else k: v
                 for k, v in asdict(row).items() if k != "label"}  # fmt: skip
        if self.settings.metric != "coco":
            named["ap"] = named.pop(ap_name(self.settings.iou))
        return named


def ap_name(iou: float) -> str:
    """`ap50`: the average precision at this IoU."""
    return f"ap{round(iou * 100, 2):g}"


def evaluated(
    truths: Truths, found: Finds, labels: Sequence[str], pictures: int, settings: Settings
) -> Evaluation:
    """Every figure of found against true objects; `labels` name the kinds from 0."""
    shares = _thresholds(settings)
    pairs = overlapping(truths, found, float(shares.min()))
    judged = judged_at(truths, found, pairs, settings.iou, settings)
    positives = counted(truths, len(labels))
    each = curves(found, judged, 0, positives)
    scores = found.scores[judged.rows]
    every = curve(scores, judged.hit[:, 0], judged.ignored[:, 0], int(positives.sum()))
    score = every.best()[1] if settings.score is None else settings.score
    aps, figures = _averages(truths, found, pairs, judged, positives, shares, settings)
    overall = _row("all", every, score, aps, slice(None))
    rows = [_row(label, one, score, aps, slice(kind, kind + 1)) for kind, (label, one) in
            enumerate(zip(labels, each, strict=True))]  # fmt: skip
    figures |= {name: getattr(overall, name) for name in ("precision", "recall", "f1")}
    wrong, mixed = _wrong(truths, found, pairs, labels, settings, score)
    return Evaluation(
        settings, score, pictures, overall, tuple(rows), figures, wrong, mixed, tuple(each)
    )


def judged_at(truths: Truths, found: Finds, pairs: Pairs, iou: float, settings: Settings) -> Judged:
    """What becomes of the found objects at one IoU; `pairs` of one kind reach down to it."""
    shares = np.array([iou])
    if settings.metric == "coco":
        return as_coco(truths, found, pairs, shares, most=settings.most)
    return as_voc(truths, found, pairs, shares)


def _thresholds(settings: Settings) -> Floats:
    """The IoUs at which averages are taken."""
    if settings.metric != "coco":
        return np.array([settings.iou])
    if np.isclose(COCO_SHARES, settings.iou).any():
        return COCO_SHARES
    return np.append(COCO_SHARES, settings.iou)


def _averages(
    truths: Truths, found: Finds, pairs: Pairs, judged: Judged, positives: Rows, shares: Floats,
    settings: Settings,
) -> tuple[tuple[Floats, Floats], dict[str, Number]]:  # fmt: skip
    """Of each kind the AP at the IoU asked for and the mean one; the means over all kinds."""
    lane = int(np.abs(shares - settings.iou).argmin())
    if settings.metric != "coco":
        ap = averages(found, judged, positives, settings.metric)[:, 0]
        return (ap, ap), {"map": _mean(ap), f"m{ap_name(settings.iou)}": _mean(ap)}
    tables = coco_figures(truths, found, pairs, shares, len(positives), settings.most)
    ap = tables["ap"]
    ten = {name: table[:, : len(COCO_SHARES)].mean(1) for name, table in tables.items()}
    named = {f"m{name}" if name.startswith("ap") else name: _mean(v) for name, v in ten.items()}
    at = {0: "map50", 5: "map75", lane: f"m{ap_name(settings.iou)}"}
    first = {"map": named["map"], **{name: _mean(ap[:, one]) for one, name in at.items()}}
    precisions = {name: value for name, value in named.items() if name.startswith("m")}
    return (ap[:, lane], ten["ap"]), {**first, **precisions, **named}


def _row(label: str, of: Curve, score: float, aps: tuple[Floats, Floats], kinds: slice) -> Row:
    right, wrong = of.at(score)
    best_f1, best_score = of.best()
    precision = right / (right + wrong) if right + wrong else None
    recall = right / of.positives if of.positives else None
    known = of.positives > 0
    return Row(
        label=label,
        truths=of.positives,
        found=right + wrong,
        right=right,
        precision=precision,
        recall=recall,
        f1=2 * right / (right + wrong + of.positives) if known else None,
        ap_iou=_mean(aps[0][kinds]),
        ap=_mean(aps[1][kinds]),
        best_f1=best_f1 if known else None,
        best_score=best_score if known and best_f1 else None,
    )


def _wrong(
    truths: Truths, found: Finds, pairs: Pairs, labels: Sequence[str], settings: Settings,
    score: float,
) -> tuple[Rows, Rows]:  # fmt: skip
    """Errors by kind, always at an IoU of 0.5, and the confusion matrix at that asked for."""
    member = np.array([[n in groups(label) for n in range(GROUPS)] for label in labels], int)
    member = member.reshape(len(labels), GROUPS)
    alike = (member @ member.T > 0) & ~np.eye(len(labels), dtype=bool)
    if settings.iou > 0.5 and settings.metric != "coco":  # the pairs reach down to it alone
        pairs = overlapping(truths, found, 0.5)
    near = overlapping(truths, found, LEAST, per_kind=False)
    judged = judged_at(truths, found, pairs, 0.5, settings)
    wrong = errors(truths, found, judged, near, alike, counted(truths, len(labels)))
    if settings.iou < LEAST:
        near = overlapping(truths, found, settings.iou, per_kind=False)
    return wrong, confusion(truths, found, near, len(labels), settings.iou, score)


def _mean(values: Floats) -> Number:
    """Over what is known."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else None
