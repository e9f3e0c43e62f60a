"""What networks find, in class order: each list of labels once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from cvkit.core.errors import ParameterError
from cvkit.core.labels import canonical

HOME = Path(__file__).parent


@cache
def labels(name: str) -> tuple[str, ...]:
    """The list `NAME.txt` beside this file, one label a line, the first is class 0.

    Raises ParameterError where there is no such list.
    """
    try:
        text = (HOME / f"{name}.txt").read_text(encoding="utf-8")
    except FileNotFoundError:
        known = ", ".join(sorted(p.stem for p in HOME.glob("*.txt")))
        raise ParameterError(
            f"there is no list of labels {name!r}", remedy=f"there are {known}"
        ) from None
    return tuple(text.splitlines())


def spelled(label: str, known: Sequence[str]) -> str:
    """`label` as `known` spells it (`motorbike` or `motorcycle`), or as it was given.

    See `cvkit.core.labels.canonical` for what is one label.
    """
    if label in known:
        return label
    wanted = canonical(label)
    return next((one for one in known if canonical(one) == wanted), label)
