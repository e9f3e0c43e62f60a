"""The pages of an evaluation: tables, charts and one JSON object."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from cvkit.cli.evaluation_rules import Rule
from cvkit.core.algo.detection_errors import ERRORS
from cvkit.core.algo.evaluation import ap_name, judged_at
from cvkit.core.algo.matching import most_overlapping, overlapping
from cvkit.engine.report import Table

if TYPE_CHECKING:
    from cvkit.core.algo.evaluation import Evaluation, Row
    from cvkit.core.algo.matching import Rows
    from cvkit.results.evaluation import Compared

BACKGROUND = "background"
Cell = str | int | float | None


def table(told: Compared, page: str) -> Table:
    """One of PAGES; numbers to 6 decimals."""
    columns, rows = PAGES[page](told)
    short = [[round(v, 6) if isinstance(v, float) else v for v in row] for row in rows]
    return Table(page, columns, short, "stdout")


def shown(of: Evaluation) -> list[int]:
    """The classes that are worth a line: with true objects, or found at the score."""
    return [i for i, row in enumerate(of.classes) if row.truths or row.found]


def _classes(told: Compared) -> tuple[list[str], list[list[Cell]]]:
    of = told.evaluation

    def cells(row: Row) -> dict[str, Cell]:
        named = of.figures_of(row)
        names = ["truths", "found", "precision", "recall", "f1"]
        names += [name for name in (ap_name(of.settings.iou), "ap") if name in named]
        return {"label": row.label, **{n: named[n] for n in [*names, "best_f1", "best_score"]}}

    rows = [cells(of.overall), *(cells(of.classes[i]) for i in shown(of))]
    return list(rows[0]), [list(row.values()) for row in rows]


def _errors(told: Compared) -> tuple[list[str], list[list[Cell]]]:
    of = told.evaluation
    known = [i for i, row in enumerate(of.classes) if row.truths]
    counts = np.vstack([of.errors.sum(0), of.errors[known]]).tolist()
    rows = zip((of.overall, *(of.classes[i] for i in known)), counts, strict=True)
    return ["label", "truths", *ERRORS], [[r.label, r.truths, *line] for r, line in rows]


def _confusion(told: Compared) -> tuple[list[str], list[list[Cell]]]:
    labels, counts = confused(told.evaluation)
    rows = zip(labels, counts.tolist(), strict=True)
    return ["found as", *labels], [[label, *counts] for label, counts in rows]


def confused(of: Evaluation) -> tuple[list[str], Rows]:
    """The confusion matrix of the classes that are worth a line, with background."""
    known = shown(of)
    labels = [*(of.labels[i] for i in known), BACKGROUND]
    at = [*known, len(of.labels)]
    return labels, of.confusion[np.ix_(at, at)]


def _pr(told: Compared) -> tuple[list[str], list[list[Cell]]]:
    rows: list[list[Cell]] = []
    for label, one in zip(told.evaluation.labels, told.evaluation.curves, strict=True):
        columns = (one.scores, one.precision, one.recall, one.f1)
        if one.positives:
            rows += [[label, *map(float, point)] for point in zip(*columns, strict=True)]
    return ["label", "score", "precision", "recall", "f1"], rows


def _pairs(told: Compared) -> tuple[list[str], list[list[Cell]]]:
    columns = ["source", "index", "label", "score", "iou", "state", "x1", "y1", "x2", "y2"]
    return columns, list(_pair_rows(told))


def _pair_rows(told: Compared) -> Iterator[list[Cell]]:
    """Each found object with the IoU of the true one of its class that it overlaps most; then the
    true ones that nothing found.
    """
    of, found, truths = told.evaluation, told.found, told.truths
    settings, labels = of.settings, of.labels
    pairs = overlapping(truths, found, 0)
    _, share = most_overlapping(pairs.found, pairs.truth, pairs.share, len(found.kind))
    _, reached = most_overlapping(pairs.truth, pairs.found, pairs.share, len(truths.kind))
    judged = judged_at(truths, found, pairs, settings.iou, settings)
    states = np.full(len(found.kind), "wrong", dtype=object)
    states[judged.rows[judged.ignored[:, 0]]] = "ignored"
    states[judged.rows[judged.hit[:, 0]]] = "right"
    order = np.lexsort((-found.scores, found.picture))
    for row in order:
        box = [float(v) for v in found.boxes[row]]
        yield [*told.pictures[found.picture[row]], labels[found.kind[row]],
               float(found.scores[row]), float(share[row]), str(states[row]), *box]  # fmt: skip
    for row in np.flatnonzero((reached < settings.iou) & ~truths.aside):
        box = [float(v) for v in truths.boxes[row]]
        yield [*told.pictures[truths.picture[row]], labels[truths.kind[row]],
               None, float(reached[row]), "missed", *box]  # fmt: skip


PAGES: dict[str, Callable[[Compared], tuple[list[str], list[list[Cell]]]]] = {
    "classes": _classes,
    "errors": _errors,
    "confusion": _confusion,
    "pr": _pr,
    "pairs": _pairs,
}
"""What an evaluation can be looked at by."""


def plain(told: Compared, rules: list[Rule], code: int) -> dict[str, Any]:
    """All of it but curves and pairs, as JSON has it."""
    of = told.evaluation
    pictures = {
        "compared": of.pictures, "only_in_truth": told.only_truth, "only_in_found": told.only_found,
    }  # fmt: skip
    return {
        "cvkit": 1,
        **{k: v for k, v in asdict(of.settings).items() if k != "score"},
        "score": round(of.score, 6),
        "score_is": "best f1" if of.settings.score is None else "given",
        "pictures": pictures,
        "figures": {name: _short(value) for name, value in of.figures.items()},
        "classes": [
            {"label": row.label, **{k: _short(v) for k, v in of.figures_of(row).items()}}
            for row in of.classes
        ],
        "errors": dict(zip(ERRORS, of.errors.sum(0).tolist(), strict=True)),
        "errors_of_classes": {
            label: dict(zip(ERRORS, row, strict=True))
            for label, row in zip(of.labels, of.errors.tolist(), strict=True)
        },
        "confusion": {"labels": [*of.labels, BACKGROUND], "found_by_true": of.confusion.tolist()},
        "rules": [asdict(rule) for rule in rules],
        "notes": list(told.notes),
        "exit_code": code,
    }


def _short(value: float | None) -> float | None:
    return round(value, 6) if isinstance(value, float) else value
