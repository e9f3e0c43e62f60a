"""What is asked of a detector, beyond the picture."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

from cvkit.core.errors import ParameterError
from cvkit.core.labels import canonical
from cvkit.models.classical.search import AS_IT_LIKES, Search


@dataclass(frozen=True, slots=True)
class Usual:
    """The limits at which a family's own programs show what they find; those of ultralytics'
    `predict` where a family has none."""

    score: float = 0.25
    iou: float = 0.7


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which of the things found are given; the defaults are those of ultralytics' `predict`.

    score   only above this, 0–1
    iou     of two boxes of one class that overlap by more, the better stays
    labels  only these; empty for all
    most    at most so many a picture, the best
    agnostic  a better box puts those of other classes aside, too
    search  how a window slides over the picture; networks have none
    """

    score: float = 0.25
    iou: float = 0.7
    labels: tuple[str, ...] = ()
    most: int = 300
    agnostic: bool = False
    search: Search = AS_IT_LIKES


DEFAULTS = Wanted()


def chosen(model: str, known: Sequence[str], asked: Sequence[str]) -> tuple[str, ...]:
    """The model's own labels for names in any spelling (`sofa`, `couch`) and class numbers from 0.

    Raises ParameterError, with the nearest name, for one that the model does not have.
    """
    meant: dict[str, None] = {}
    for name in asked:
        found = [name] if name in known else [k for k in known if canonical(k) == canonical(name)]
        if not found and name.isdecimal():
            found = _numbered(model, known, int(name))
        if not found:
            raise ParameterError(f"{model} knows no class {name!r}", remedy=_near(name, known))
        meant.update(dict.fromkeys(found))
    return tuple(meant)


def _numbered(model: str, known: Sequence[str], number: int) -> list[str]:
    if number >= len(known):
        raise ParameterError(
            f"{model} has no class {number}", remedy=f"its numbers are 0 to {len(known) - 1}"
        )
    return [known[number]]


def _near(name: str, known: Sequence[str]) -> str:
    spelt = {k.casefold(): k for k in known}
    near = difflib.get_close_matches(name.casefold(), spelt, 1, 0.5)
    if near:
        return f"did you mean {spelt[near[0]]!r}?"
    return f"it knows {', '.join(known[:8])}" + (", …" if len(known) > 8 else "")
