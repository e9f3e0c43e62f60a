"""What networks find, in class order: each list of labels once."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from cvkit.core.errors import ParameterError

HOME = Path(__file__).parent


BACKGROUND = {"coco91": "coco90", "voc21": "voc20"}
"""Lists that are another one after a class 0 which is nothing."""
_LEFT_OUT = (12, 26, 29, 30, 45, 66, 68, 69, 71, 83)
"""Numbers, from 1, that COCO gave to things which then nobody marked."""
NOTHING = "-"
"""Stands where a number has no label."""


@cache
def labels(name: str) -> tuple[str, ...]:
    """The list of this name, in class order; `NOTHING` where a number means nothing.

    Raises ParameterError where there is no such list.
    """
    if name in BACKGROUND:
        return (NOTHING, *labels(BACKGROUND[name]))
    if name == "coco90":
        rest = iter(labels("coco80"))
        return tuple(NOTHING if n in _LEFT_OUT else next(rest) for n in range(1, 91))
    try:
        text = (HOME / f"{name}.txt").read_text(encoding="utf-8")
    except FileNotFoundError:
        files = (path.stem for path in HOME.glob("*.txt"))
        known = ", ".join(sorted({*files, *BACKGROUND, "coco90"}))
        raise ParameterError(
            f"there is no list of labels {name!r}", remedy=f"there are {known}"
        ) from None
    return tuple(text.splitlines())
