"""What figures must reach: `--fail-below map50=0.6`."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cvkit.core.errors import ParameterError
from cvkit.core.labels import canonical

if TYPE_CHECKING:
    from cvkit.core.algo.evaluation import Evaluation

_OTHER = {"map50-95": "map", "map@50": "map50", "map@0.5": "map50", "map@.5": "map50",
          "map@0.75": "map75", "map@[.5:.95]": "map", "map@[0.5:0.95]": "map"}  # fmt: skip
"""How else people write the figures."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A figure, of all or of one class, and what it must reach."""

    metric: str
    label: str
    least: float

    @classmethod
    def parse(cls, text: str) -> Wanted:
        """`map50=0.6`, `recall:person=90%`. Raises ParameterError."""
        match = re.fullmatch(r"([^:=]+(?:@\[[^]]*\])?)(?::([^=]+))?=(\d*\.?\d+)(%?)", text.strip())
        if not match:
            raise ParameterError(
                f"--fail-below: {text!r} is no rule",
                remedy="write --fail-below map50=0.6, or of one class recall:person=0.9",
            )
        name, label, number, percent = match.groups()
        least = float(number) / (100 if percent else 1)
        if least > 1:
            raise ParameterError(
                f"--fail-below: {text!r} can never hold",
                why="figures go from 0 to 1",
                remedy=f"write {name}={number}%" if least <= 100 else "",
            )
        name = name.strip().lower()
        return cls(_OTHER.get(name, name), (label or "").strip(), least)


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule and whether it held."""

    metric: str
    label: str
    least: float
    value: float | None
    held: bool

    @classmethod
    def of(cls, wanted: Wanted, evaluation: Evaluation) -> Rule:
        """Raises ParameterError where there is no such figure or class."""
        label = wanted.label and _class(wanted.label, evaluation)
        metric = wanted.metric
        if label and metric.startswith("map"):
            metric = metric[1:]
        known = [*evaluation.figures]
        if label:
            known = [n for n in evaluation.figures_of(evaluation.overall) if n != "right"]
        elif metric.startswith("ap") and f"m{metric}" in known:
            metric = f"m{metric}"
        if metric not in known:
            near = difflib.get_close_matches(metric, known, 1, 0.6)
            raise ParameterError(
                f"--fail-below: there is no figure {wanted.metric}"
                + (" of a class" if label else ""),
                remedy=f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}",
            )
        value = evaluation.figure(metric, label)
        held = value is not None and value >= wanted.least
        return cls(metric, label, wanted.least, value, held)

    def __str__(self) -> str:
        of = f" of {self.label}" if self.label else ""
        if self.value is None:
            return f"{self.metric}{of} is not known, for there is nothing to take it of"
        # 0.5996 is below 0.6, and shall not read as 0.6.
        return f"{self.metric}{of} is {self.value:.6g}, below {self.least:g}"


def _class(label: str, evaluation: Evaluation) -> str:
    spelled = {canonical(name): name for name in evaluation.labels}
    found = spelled.get(canonical(label))
    if found is None:
        raise ParameterError(
            f"--fail-below: there is no class {label}",
            remedy=f"there are {', '.join(evaluation.labels[:8])}",
        )
    return found
