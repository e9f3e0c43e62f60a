"""Precision over recall, and the averages of it that COCO and Pascal VOC take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from cvkit.core.algo.matching import (
    AREAS,
    Bools,
    Finds,
    Floats,
    Judged,
    Pairs,
    Rows,
    Truths,
    as_coco,
)

Metric = Literal["coco", "voc", "voc07"]
_COCO_RECALLS = np.linspace(0, 1, 101)
_VOC07_RECALLS = np.arange(11) / 10


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """What is right and wrong of the found objects down to each score; m rows, best first."""

    scores: Floats
    right: Floats
    """How many of those so far are true objects."""
    wrong: Floats
    positives: int
    """How many true objects there are."""

    @property
    def recall(self) -> Floats:
        return self.right / max(self.positives, 1)

    @property
    def precision(self) -> Floats:
        return _shares(self.right, self.right + self.wrong)

    @property
    def f1(self) -> Floats:
        """The harmonic mean of precision and recall."""
        return _shares(2 * self.right, self.right + self.wrong + self.positives)

    def at(self, score: float) -> tuple[int, int]:
        """How many of those with at least this score are right, and how many wrong."""
        last = int(np.searchsorted(-self.scores, -score, "right")) - 1
        return (int(self.right[last]), int(self.wrong[last])) if last >= 0 else (0, 0)

    def best(self) -> tuple[float, float]:
        """The greatest F1 and the score from which on it is reached; 0, 0 where nothing is right.

        Found objects of one score are taken or left together.
        """
        ends = np.flatnonzero(np.diff(self.scores, append=-np.inf))
        f1 = self.f1[ends]
        if not len(f1) or f1.max() <= 0:
            return 0.0, 0.0
        best = int(f1.argmax())
        return float(f1[best]), float(self.scores[ends[best]])


def curve(scores: Floats, hit: Bools, ignored: Bools, positives: int) -> Curve:
    """Of (m,) found objects, best score first; those ignored count neither way."""
    right, wrong = np.cumsum(hit & ~ignored), np.cumsum(~hit & ~ignored)
    return Curve(scores, right.astype(float), wrong.astype(float), positives)


def average_precision(of: Curve, metric: Metric = "coco") -> float:
    """The mean of the precision over recall from 0 to 1; NaN without true objects.

    At each recall counts the best precision that is reached there or beyond.

    coco   the mean at 101 recalls (0, 0.01, … 1)
    voc07  the mean at 11 recalls (0, 0.1, … 1), as Pascal VOC had it until 2009
    voc    the area under the whole curve, as Pascal VOC has it since 2010
    """
    if not of.positives:
        return np.nan
    recall, precision = of.recall, envelope(of.precision)
    if metric == "voc":
        return float(np.sum(np.diff(recall, prepend=0) * precision))
    recalls = _COCO_RECALLS if metric == "coco" else _VOC07_RECALLS
    at = np.searchsorted(recall, recalls)
    reached = np.append(precision, 0)[at]
    return float(reached.mean())


def envelope(precision: Floats) -> Floats:
    """At each place the best precision there or further down."""
    best: Floats = np.maximum.accumulate(precision[::-1])[::-1]
    return best


def curves(found: Finds, judged: Judged, lane: int, positives: Rows) -> list[Curve]:
    """The curve of each kind at one of the thresholds; `positives` says how many it has."""
    kind = found.kind[judged.rows]
    order = np.argsort(kind, kind="stable")
    owns = np.split(order, np.searchsorted(kind[order], np.arange(1, len(positives))))
    return [
        curve(
            found.scores[judged.rows[own]],
            judged.hit[own, lane],
            judged.ignored[own, lane],
            int(count),
        )
        for own, count in zip(owns, positives, strict=True)
    ]


def counted(truths: Truths, kinds: int, area: tuple[float, float] = AREAS["all"]) -> Rows:
    """(kinds,) how many true objects of each there are to find."""
    aside = truths.aside | (truths.area < area[0]) | (truths.area > area[1])
    return np.bincount(truths.kind[~aside], minlength=kinds)


def averages(found: Finds, judged: Judged, positives: Rows, metric: Metric) -> Floats:
    """(kinds, t) average precision at each of the thresholds, NaN without true objects."""
    lanes = range(judged.hit.shape[1])
    table = [
        [average_precision(one, metric) for one in curves(found, judged, lane, positives)]
        for lane in lanes
    ]
    return np.array(table, float).reshape(len(lanes), len(positives)).T


def coco_figures(
    truths: Truths, found: Finds, pairs: Pairs, shares: Floats, kinds: int, most: int = 100
) -> dict[str, Floats]:
    """AP and AR of each kind as COCO's twelve figures have them, NaN without true objects.

    `ap` (kinds, t) at each of the IoU thresholds, `ap_small` … of true objects of that size;
    `ar`, `ar_small` … the recall that the best `most` of a picture reach, `ar_1`, `ar_10` the best
    one and ten.

    Source: pycocotools' `COCOeval.accumulate` and `summarize`.
    """
    out: dict[str, Floats] = {}
    for name, area in AREAS.items():
        end = "" if name == "all" else f"_{name}"
        judged = as_coco(truths, found, pairs, shares, area, most)
        positives = counted(truths, kinds, area)
        out[f"ap{end}"] = averages(found, judged, positives, "coco")
        out[f"ar{end}"] = _recalls(found, judged, positives)
        for few in (1, 10) if name == "all" else ():
            top = found.place[judged.rows] < few
            held = Judged(judged.rows[top], judged.hit[top], judged.ignored[top])
            out[f"ar_{few}"] = _recalls(found, held, positives)
    return out


def _recalls(found: Finds, judged: Judged, positives: Rows) -> Floats:
    right = np.zeros((len(positives), judged.hit.shape[1]))
    np.add.at(right, found.kind[judged.rows], judged.hit & ~judged.ignored)
    reached: Floats = np.full(right.shape, np.nan)
    np.divide(right, positives[:, None], out=reached, where=positives[:, None] > 0)
    return reached


def _shares(part: Floats, whole: Floats) -> Floats:
    out: Floats = np.zeros(np.shape(part))
    np.divide(part, whole, out=out, where=whole > 0)
    return out
