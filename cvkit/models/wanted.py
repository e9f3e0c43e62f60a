"""What is asked of a detector, beyond the picture."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

from cvkit.core.errors import ParameterError


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which of the things found are given; the defaults are those of ultralytics' `predict`.

    score   only above this, 0–1
    iou     of two boxes of one class that overlap by more, the better stays
    labels  only these; empty for all
    most    at most so many a picture, the best
    """

    score: float = 0.25
    iou: float = 0.7
    labels: tuple[str, ...] = ()
    most: int = 300


DEFAULTS = Wanted()


def check_labels(model: str, known: Sequence[str], asked: Sequence[str]) -> None:
    """Raises ParameterError, with the nearest name, for a label that the model does not have."""
    for label in asked:
        if label not in known:
            near = difflib.get_close_matches(label, known, 1, 0.5)
            some = ", ".join(known[:8]) + (", …" if len(known) > 8 else "")
            raise ParameterError(
                f"{model} knows no class {label!r}",
                remedy=f"did you mean {near[0]!r}?" if near else f"it knows {some}",
            )
