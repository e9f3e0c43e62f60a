"""What goes wrong when things are found: errors by kind, and which class is taken for which."""

from __future__ import annotations

import numpy as np

from cvkit.core.algo.matching import (
    Bools,
    Finds,
    Floats,
    Judged,
    Pairs,
    Rows,
    Truths,
    most_overlapping,
)

ERRORS = ("correct", "localisation", "duplicate", "similar", "other", "background", "missed")
"""What a found object is, by the first that holds; and true objects that none of them is.

correct       its class is right and IoU with a true object at least 0.5
localisation  its class is right and IoU with a true object at least 0.1
duplicate     it would be correct, but a better one is (Hoiem counts it to localisation)
similar       IoU with a true object of a class that is easily taken for its own at least 0.1
other         IoU with a true object of any other class at least 0.1
background    no true object has an IoU of 0.1 with it
"""
LEAST = 0.1
"""A found object that overlaps everything less than this is on background."""


def errors(
    truths: Truths, found: Finds, judged: Judged, pairs: Pairs, alike: Bools, positives: Rows
) -> Rows:
    """(kinds, len(ERRORS)) how many of each kind are what; as many of a kind are looked at, best
    score first, as it has true objects.

    `judged` at one IoU, 0.5; `pairs` of any two classes with IoU of at least LEAST; `alike`
    (kinds, kinds) says which classes are easily taken for one another.

    Source: Hoiem, Chodpathumwan and Dai (2012); Redmon et al., "You Only Look Once" (2016), 2.4.
    """
    kinds = len(positives)
    rows = judged.rows[~judged.ignored[:, 0]]
    hit = judged.hit[~judged.ignored[:, 0], 0]
    kind = found.kind[rows]
    order = np.argsort(kind, kind="stable")
    place = np.empty(len(rows), np.int64)
    place[order] = np.arange(len(rows)) - np.searchsorted(kind[order], kind[order])
    looked = place < positives[kind]
    rows, hit, kind = rows[looked], hit[looked], kind[looked]
    own, like, any_ = (_shares(pairs, chosen, len(found.kind))[rows] for chosen in
                       _chosen(truths, found, pairs, alike))  # fmt: skip
    what = np.select(
        [hit, own >= 0.5, own >= LEAST, like >= LEAST, any_ >= LEAST],
        [ERRORS.index(w) for w in ("correct", "duplicate", "localisation", "similar", "other")],
        ERRORS.index("background"),
    )
    counts = np.zeros((kinds, len(ERRORS)), np.int64)
    np.add.at(counts, (kind, what), 1)
    counts[:, -1] = positives - counts[:, 0]
    return counts


def _chosen(truths: Truths, found: Finds, pairs: Pairs, alike: Bools) -> tuple[Bools, ...]:
    """Which pairs are of one class, of two that are alike, and all; of true objects that count."""
    counts = ~truths.aside[pairs.truth]
    a, b = found.kind[pairs.found], truths.kind[pairs.truth]
    return counts & (a == b), counts & alike[a, b], counts


def _shares(
    pairs: Pairs, chosen: Bools, count: int
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """(count,) of each found object the greatest IoU among the chosen pairs."""
    most: Floats = np.zeros(count)
    np.maximum.at(most, pairs.found[chosen], pairs.share[chosen])
    return most


def confusion(
    truths: Truths, found: Finds, pairs: Pairs, kinds: int, share: float, score: float
) -> Rows:
    """(kinds + 1, kinds + 1) how many are found as the class of the row and are that of the column.

    The last row counts true objects that nothing found, the last column found ones of background.
    Of the found objects of at least `score`, whatever their class, each meets the true one that it
    overlaps most, by at least `share`, and each true one the best of those that met it. What lies
    on a true object that does not count is left out. `pairs` are of any two classes, down to
    `share`.

    Source: ultralytics' `ConfusionMatrix.process_batch`, which takes share 0.45 and score 0.25.
    """
    n, m = len(found.kind), len(truths.kind)
    counts = np.zeros((kinds + 1, kinds + 1), np.int64)
    near = (pairs.share >= share) & (found.scores[pairs.found] >= score)
    aside = truths.aside[pairs.truth]
    real = np.flatnonzero(near & ~aside)
    mate, most = most_overlapping(pairs.found[real], pairs.truth[real], pairs.share[real], n)
    met = np.flatnonzero(mate >= 0)
    best, _ = most_overlapping(mate[met], met, most[met], m)
    there = np.flatnonzero(best >= 0)
    np.add.at(counts, (found.kind[best[there]], truths.kind[there]), 1)
    missed = (best < 0) & ~truths.aside
    counts[kinds, :kinds] = np.bincount(truths.kind[missed], minlength=kinds)
    wrong = found.scores >= score
    wrong[best[there]] = False
    wrong[pairs.found[near & aside]] = False
    counts[:kinds, kinds] = np.bincount(found.kind[wrong], minlength=kinds)
    return counts
