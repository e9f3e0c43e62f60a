"""Which found object is which true one, over all pictures of a set at once.

Found objects are looked at best score first; equal scores in the order given. Pairs that overlap
are few, so only they are kept, and all pictures and thresholds are worked on together.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from cvkit.core.algo.iou import paired

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Rows = NDArray[np.int64]

COCO_SHARES = np.linspace(0.5, 0.95, 10)
"""The intersections over union that COCO averages over."""
AREAS = {
    "all": (0.0, 1e10),
    "small": (0.0, 32.0**2),
    "medium": (32.0**2, 96.0**2),
    "large": (96.0**2, 1e10),
}
"""COCO's ranges of a truth's area in square pixels, both ends belong to it."""
_AT_ONCE = 1 << 21
"""Pairs of boxes that are compared at a time."""


@dataclass(frozen=True, slots=True, eq=False)
class Truths:
    """True objects of a set: n rows, `picture` and `kind` (the class) as numbers from 0."""

    picture: Rows
    kind: Rows
    boxes: Floats
    """(n, 4) x1 y1 x2 y2."""
    area: Floats
    """Square pixels; of the outline where it is known, else of the box."""
    crowd: Bools
    """A region of many things: any number of found ones in it count neither way."""
    difficult: Bools
    """To find it or to miss it counts neither way."""

    @property
    def aside(self) -> Bools:
        return self.crowd | self.difficult

    def take(self, rows: Rows | Bools) -> Truths:
        return Truths(
            self.picture[rows], self.kind[rows], self.boxes[rows],
            self.area[rows], self.crowd[rows], self.difficult[rows],
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Finds:
    """Found objects of a set: n rows, numbers as in `Truths`."""

    picture: Rows
    kind: Rows
    boxes: Floats
    scores: Floats

    @property
    def area(self) -> Floats:
        sides = self.boxes[:, 2:] - self.boxes[:, :2]
        area: Floats = sides[:, 0] * sides[:, 1]
        return area

    @cached_property
    def place(self) -> Rows:
        """(n,) where each stands among those of its picture and kind, 0 for the best score."""
        order = np.lexsort((-self.scores, self.kind, self.picture))  # stable
        picture, kind = self.picture[order], self.kind[order]
        new = np.ones(len(order), bool)
        new[1:] = (picture[1:] != picture[:-1]) | (kind[1:] != kind[:-1])
        rows = np.arange(len(order))
        place = np.empty(len(order), np.int64)
        place[order] = rows - np.maximum.accumulate(np.where(new, rows, 0))
        return place

    @cached_property
    def by_score(self) -> Rows:
        """Rows, best score first; of equal scores the first picture, in it the better place."""
        return np.lexsort((self.place, self.picture, -self.scores))

    def take(self, rows: Rows | Bools) -> Finds:
        return Finds(self.picture[rows], self.kind[rows], self.boxes[rows], self.scores[rows])


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Found and true objects of one picture that overlap: rows of both, and by how much."""

    found: Rows
    truth: Rows
    share: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """What became of the found objects `rows` at each of t thresholds."""

    rows: Rows
    """(m,) rows of the found, best score of the set first."""
    hit: Bools
    """(m, t): it is one of the true objects."""
    ignored: Bools
    """(m, t): it counts neither way."""


def overlapping(truths: Truths, found: Finds, least: float, *, per_kind: bool = True) -> Pairs:
    """All pairs in one picture, of one kind where `per_kind`, with IoU above 0 and ≥ `least`."""
    kinds = _kinds(truths, found) if per_kind else 0
    key = truths.picture * kinds + truths.kind if kinds else truths.picture
    sought = found.picture * kinds + found.kind if kinds else found.picture
    order = np.argsort(key, kind="stable")
    key = key[order]
    start = np.searchsorted(key, sought, "left")
    count = np.searchsorted(key, sought, "right") - start
    some = np.flatnonzero(count)
    parts = [
        _compared(truths, found, rows, order, start[rows], count[rows], least)
        for rows in _portions(some, count[some])
    ]
    empty = (np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))
    columns = [np.concatenate(column) for column in zip(*parts, empty, strict=True)]
    return Pairs(*columns)


def _kinds(truths: Truths, found: Finds) -> int:
    return 1 + max((int(k.max()) for k in (truths.kind, found.kind) if len(k)), default=0)


def _portions(rows: Rows, counts: Rows) -> list[Rows]:
    """The rows in parts that have about `_AT_ONCE` pairs each."""
    if not len(rows):
        return []
    ends = np.cumsum(counts)
    cuts = np.searchsorted(ends, np.arange(_AT_ONCE, ends[-1], _AT_ONCE))
    return [part for part in np.split(rows, cuts) if len(part)]


def _compared(
    truths: Truths, found: Finds, rows: Rows, order: Rows, start: Rows, count: Rows, least: float
) -> tuple[Rows, Rows, Floats]:
    a = np.repeat(rows, count)
    within = np.arange(len(a)) - np.repeat(np.cumsum(count) - count, count)
    b = order[np.repeat(start, count) + within]
    share = paired(found.boxes[a], truths.boxes[b], truths.crowd[b])
    near = (share >= least) & (share > 0)
    return a[near], b[near], share[near]


def as_coco(
    truths: Truths,
    found: Finds,
    pairs: Pairs,
    shares: Floats,
    area: tuple[float, float] = AREAS["all"],
    most: int = 100,
) -> Judged:
    """As COCO judges: each found object takes the true one that it overlaps most, of those that no
    better one has taken; one that counts neither way only where there is no other.

    `pairs` are those of one kind with IoU of at least the least of the (t,) `shares`. True objects
    outside the range of areas count neither way, nor do found ones outside it that hit nothing.

    Source: Lin et al., "Microsoft COCO" (2014); pycocotools' `COCOeval.evaluateImg`.
    """
    place, n, t = found.place, len(found.scores), len(shares)
    hit, ignored = np.zeros((n, t), bool), np.zeros((n, t), bool)
    aside = truths.aside | (truths.area < area[0]) | (truths.area > area[1])
    taken = np.zeros((len(truths.kind), t), bool)
    limits = np.minimum(shares, 1 - 1e-10)
    keep = np.flatnonzero(place[pairs.found] < most)
    # Of equal overlaps the last true object is taken, as pycocotools has it.
    order = keep[
        np.lexsort(
            (-pairs.truth[keep], -pairs.share[keep], pairs.found[keep], place[pairs.found[keep]])
        )
    ]
    turn = place[pairs.found[order]]
    for pile in np.split(order, np.flatnonzero(np.diff(turn)) + 1):
        if not len(pile):
            continue
        # No two of a pile are of the same picture and kind, so none can take another's.
        f, b = pairs.found[pile], pairs.truth[pile]
        free = (pairs.share[pile, None] >= limits) & ~(taken[b] & ~truths.crowd[b, None])
        starts = np.flatnonzero(np.diff(f, prepend=-1))
        first = _first(free & ~aside[b, None], starts)
        other = _first(free & aside[b, None], starts)
        real = first < len(pile)
        best = np.where(real, first, other)
        got = best < len(pile)
        hit[f[starts]] = got & real
        ignored[f[starts]] = got & ~real
        row, lane = np.nonzero(got)
        taken[b[best[row, lane]], lane] = True
    size = found.area
    ignored |= ((size < area[0]) | (size > area[1]))[:, None] & ~hit
    rows = found.by_score[place[found.by_score] < most]
    return Judged(rows, hit[rows], ignored[rows])


def _first(good: Bools, starts: Rows) -> Rows:
    """(groups, t) the first row of each group that is good, else the number of rows."""
    places = np.where(good, np.arange(len(good))[:, None], len(good))
    return np.minimum.reduceat(places, starts, axis=0)


def as_voc(truths: Truths, found: Finds, pairs: Pairs, shares: Floats) -> Judged:
    """As Pascal VOC judges: of each found object the true one that it overlaps most is looked at;
    the first to reach it is a hit, any later one is wrong, and of a difficult one none counts.

    Source: the VOC development kit, `VOCevaldet.m`.
    """
    n, t = len(found.scores), len(shares)
    mate, share = most_overlapping(pairs.found, pairs.truth, pairs.share, n)
    near = (share[:, None] >= shares) & (mate >= 0)[:, None]
    ignored = near & truths.aside[mate][:, None] if len(truths.kind) else np.zeros((n, t), bool)
    rows = found.by_score
    hit = np.zeros((n, t), bool)
    for lane in range(t):
        reached = rows[(near & ~ignored)[rows, lane]]
        _, first = np.unique(mate[reached], return_index=True)
        hit[reached[first], lane] = True
    return Judged(rows, hit[rows], ignored[rows])


def most_overlapping(a: Rows, b: Rows, share: Floats, count: int) -> tuple[Rows, Floats]:
    """(count,) of each `a` the `b` that it shares most with, -1 where none, and how much (0).

    Of equal shares the first `b`.
    """
    order = np.lexsort((b, -share, a))
    first = order[np.flatnonzero(np.diff(a[order], prepend=-1))]
    mate, most = np.full(count, -1, np.int64), np.zeros(count)
    mate[a[first]], most[a[first]] = b[first], share[first]
    return mate, most
