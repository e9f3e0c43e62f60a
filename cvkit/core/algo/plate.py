"""The median of a stream of pictures, in memory that does not grow with its length."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from cvkit.core.warp import Array

_BAND = 2_000_000
"""Levels that are sorted at once."""


def spread(pictures: Iterable[Array], most: int) -> list[Array]:
    """At most so many of them, evenly from all and the first among them: whenever there are too
    many, every second one goes, and from then on half as many are taken."""
    kept: list[Array] = []
    stride = 1
    for number, picture in enumerate(pictures):
        if number % stride:
            continue
        kept.append(picture)
        if len(kept) > most:
            kept, stride = kept[::2], stride * 2
    return kept


def median(pictures: list[Array]) -> Array:
    """The median of each level, in the pictures' depth. Of an even number the last is left out:
    the mean of two in the middle would show half of a thing."""
    pictures = pictures[: len(pictures) - (len(pictures) > 1 and len(pictures) % 2 == 0)]
    whole = np.empty_like(pictures[0])
    rows = max(1, _BAND // max(1, len(pictures) * whole[0].size))
    for top in range(0, len(whole), rows):
        band = np.stack([picture[top : top + rows] for picture in pictures])
        whole[top : top + rows] = np.median(band, axis=0)
    return whole
