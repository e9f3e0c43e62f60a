"""Which label a network's number of a class means."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cvkit.core.labels import canonical
from cvkit.models.labels import NOTHING, labels

_BACKGROUNDS = frozenset({NOTHING, "background", "__background__", "_background_", "???", "bg"})


def starts_with_background(names: Sequence[str]) -> bool:
    """Whether class 0 stands for nothing, as lists for SSD and Faster R-CNN often begin."""
    return len(names) > 1 and names[0].strip().lower() in _BACKGROUNDS


def without_background(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(names[1:]) if starts_with_background(names) else tuple(names)


def numbered(
    names: Sequence[str], classes: int | None, first: int, *, sparse: bool = False
) -> tuple[tuple[str, ...], NDArray[np.int32]]:
    """Labels without gaps, and for each of the network's own numbers a row of them or -1.

    `classes` is how many numbers the network has, `first` that of the first label. COCO's 80 names
    for a network that is `sparse`, as it has COCO's 90 numbers of which ten stand for nothing, are
    put where they belong. Numbers beyond the list are not in the second: they have no name.
    """
    told = without_background(names)
    if sparse and classes in (None, 90) and _are_cocos(told):
        rest = iter(told)
        told = tuple(NOTHING if name == NOTHING else next(rest) for name in labels("coco90"))
    known = [name.strip().lower() not in _BACKGROUNDS for name in told]
    rows = np.where(known, np.cumsum(known) - 1, -1) if told else np.zeros(0, np.int32)
    numbers = np.concatenate([np.full(first if told else 0, -1), rows]).astype(np.int32)
    return tuple(name for name, is_one in zip(told, known, strict=True) if is_one), numbers


def _are_cocos(names: Sequence[str]) -> bool:
    return [canonical(name) for name in names] == [canonical(name) for name in labels("coco80")]
