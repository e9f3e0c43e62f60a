"""One network on every backend and in every precision that can be had here: time and boxes."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

import numpy as np

from cvkit.core.algo.iou import iou
from cvkit.core.errors import CvkitError, ParameterError
from cvkit.core.objects import Objects
from cvkit.models.backends import choice, formats
from cvkit.models.backends.choice import Known
from cvkit.models.classical.catalogue import is_cascade
from cvkit.models.detector import Detector, Picture
from cvkit.models.opening import Models
from cvkit.models.settings import Settings

REFERENCE = "onnx"
"""Where it can run the file; else the first that can."""
MOVED = 1.0
"""Pixels from which on a box counts as moved."""
_RUNS = 7
_SAME = 0.5


@dataclass(frozen=True, slots=True)
class Row:
    """A backend in a precision. `lost` and `new` count boxes against those of the reference,
    `moved` those whose corner is more than a pixel off; `pixels` and `score` are the greatest
    differences of boxes that both found. `why` it could not run, else None."""

    backend: str
    ran_on: str = ""
    milliseconds: float = 0.0
    boxes: int = 0
    lost: int = 0
    new: int = 0
    moved: int = 0
    pixels: float = 0.0
    score: float = 0.0
    why: str | None = None
    remedy: str = ""


def compare(model: str, pictures: Sequence[Picture], settings: Settings) -> Iterator[Row]:
    """The reference first. Milliseconds are of a picture, all of them found in once per run.

    Raises what `Models.open` raises where no backend can run it, and ParameterError where the
    model is no network.
    """
    models = Models(replace(settings, backend="auto", half=False))
    models.open(model)
    path = models.opened[-1].file
    models.close()
    if path is None or is_cascade(path):
        raise ParameterError(f"{model} is no network", why="no backend runs it")
    known = _candidates(path)
    truth: list[Objects] | None = None
    for one, half in _ways(known):
        try:
            with_half = replace(settings, backend=one.name, half=half)
            detector = Models(with_half).open(model)
            found, milliseconds = _timed(detector, pictures)
        except CvkitError as error:
            word = f"{one.name} --half" if half else one.name
            yield Row(word, why=error.why or error.what, remedy=error.remedy)
            continue
        if truth is None:
            truth = found
        yield _row(one.name, detector.ran_on, milliseconds, found, truth)


def _candidates(path: Path) -> list[Known]:
    """The backends that may run it, the reference first. A checkpoint is run as ONNX too."""
    file = formats.look(path)
    known = choice.choices(file)
    if file.kind == "checkpoint":
        known += [one for one in choice.BACKENDS.values() if "onnx" in one.kinds]
    return sorted(known, key=lambda one: one.name != REFERENCE)


def _ways(known: Sequence[Known]) -> Iterator[tuple[Known, bool]]:
    for one in known:
        yield one, False
        if one.half and one.installed:
            yield one, True


def _timed(detector: Detector, pictures: Sequence[Picture]) -> tuple[list[Objects], float]:
    found = [detector.detect([picture])[0] for picture in pictures]
    took = []
    for _ in range(_RUNS):
        start = time.perf_counter()
        for picture in pictures:
            detector.detect([picture])
        took.append((time.perf_counter() - start) * 1000 / len(pictures))
    return found, median(took)


def _row(
    backend: str, ran_on: str, milliseconds: float, found: list[Objects], truth: list[Objects]
) -> Row:
    pairs = [_pairs(f, t) for f, t in zip(found, truth, strict=True)]
    both_found = list(zip(found, truth, pairs, strict=True))
    far = np.array([d for f, t, rows in both_found for d in _far(f, t, rows)])
    counts = [(len(f), len(t), len(rows)) for f, t, rows in both_found]
    boxes, true, both = (sum(column) for column in zip(*counts, strict=True))
    pixels, scores = far.reshape(-1, 2).T
    return Row(
        backend,
        ran_on,
        round(milliseconds, 1),
        boxes,
        true - both,
        boxes - both,
        int((pixels > MOVED).sum()),
        round(float(pixels.max(initial=0)), 2),
        round(float(scores.max(initial=0)), 4),
    )


def _pairs(found: Objects, truth: Objects) -> list[tuple[int, int]]:
    """Rows of one thing in both: of one class, overlapping by more than half, the nearest first."""
    if not len(found) or not len(truth):
        return []
    assert found.labels is not None
    assert truth.labels is not None
    overlap = iou(found.boxes, truth.boxes)
    alike = np.array([[a == b for b in truth.labels] for a in found.labels])
    overlap = np.where(alike, overlap, 0)
    pairs = []
    while overlap.max() > _SAME:
        f, t = (int(i) for i in np.unravel_index(overlap.argmax(), overlap.shape))
        pairs.append((f, t))
        overlap[f] = 0
        overlap[:, t] = 0
    return pairs


def _far(
    found: Objects, truth: Objects, pairs: list[tuple[int, int]]
) -> Iterator[tuple[float, float]]:
    """For each pair the greatest distance of a side in pixels, and the difference of scores."""
    assert found.scores is not None
    assert truth.scores is not None
    for f, t in pairs:
        yield (
            float(np.abs(found.boxes[f] - truth.boxes[t]).max()),
            float(abs(found.scores[f] - truth.scores[t])),
        )
