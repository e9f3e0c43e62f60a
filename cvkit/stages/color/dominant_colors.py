"""List the few colours that most of the pictures are made of, with names and shares.

Over a folder or a video all pictures count alike, and one table comes of them all. Colours that
look alike (CIELAB) are put together; each row has its place, the mean colour as `#rrggbb`, the
nearest colour that CSS names, and its share of the pixels in percent.

Example: cvkit dominant-colors samples/coffee.jpg

Source: k-means (SciPy) on a histogram of 3 bits a channel; CIELAB as OpenCV computes it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from cvkit.core.color import CSS
from cvkit.core.stage import Frame, Photo, Stage
from cvkit.core.values import Measures, Vector

_Array = NDArray[Any]
_SHIFT = 5
"""Bits of a channel that the histogram drops: 8 bins a channel, each with its mean colour."""
_BINS = 1 << 3 * (8 - _SHIFT)
_POINTS = 20000
"""Points that stand for all pixels: k-means knows no weights, so a bin has as many as its share."""


class DominantColors(Stage):
    count: Annotated[int, Field(ge=1, le=32)] = 5
    """At most so many colours."""

    def apply(self, photo: Photo) -> Vector:
        """The histogram: of each bin the share of the pixels, and this times their mean colour."""
        sums = _histogram(photo)
        return Vector((sums / sums[:, 3].sum()).astype(np.float32).ravel())

    def gather(self, rows: Iterator[Frame]) -> Measures:
        sums = np.zeros((_BINS, 4))
        for frame in rows:
            if histogram := frame.get(Vector):
                sums += histogram.values.reshape(-1, 4)
        used = sums[sums[:, 3] > 0]
        if not len(used):
            return Measures(())
        groups = _grouped(_lab(used[:, :3] / used[:, 3:]), used[:, 3], self.count)
        found = [used[groups == g].sum(0) for g in range(groups.max() + 1) if (groups == g).any()]
        found.sort(key=lambda s: (-s[3], *s[:3]))
        total = sum(s[3] for s in found)
        return Measures(tuple(_row(i, s, total) for i, s in enumerate(found)))


def _bins(colours: _Array) -> _Array:
    b, g, r = np.asarray(colours.astype(np.int64) >> _SHIFT).T
    bits = 8 - _SHIFT
    return np.asarray((b << 2 * bits) | (g << bits) | r)


def _histogram(photo: _Array) -> NDArray[np.float64]:
    """(bins, 4): sums of blue, green and red, and the count, of each bin."""
    flat = photo.reshape(-1, 3)
    bins = _bins(flat)
    weights = [np.bincount(bins, flat[:, c], _BINS) for c in range(3)]
    return np.column_stack([*weights, np.bincount(bins, minlength=_BINS)])


def _lab(bgr: _Array) -> _Array:
    """(n, 3) blue, green, red 0–255 → CIELAB."""
    return np.asarray(cv2.cvtColor((bgr / 255).astype(np.float32)[None], cv2.COLOR_BGR2LAB)[0])


def _grouped(points: _Array, weights: _Array, count: int) -> NDArray[np.int64]:
    """The group of each point. Centres start heavy and far from each other, never by chance."""
    from scipy.cluster import vq

    centres = points[[int(weights.argmax())]]
    while len(centres) < min(count, len(points)):
        away = ((points[:, None] - centres[None]) ** 2).sum(2).min(1)
        centres = np.vstack([centres, points[[int((away * weights).argmax())]]])
    times = np.maximum(np.rint(weights / weights.sum() * _POINTS), 1).astype(int)
    centres, _ = vq.kmeans(np.repeat(points, times, axis=0), centres)
    return np.asarray(vq.vq(points, centres)[0], np.int64)


def _row(place: int, sums: _Array, total: float) -> dict[str, str | int | float]:
    blue, green, red = (round(float(v)) for v in sums[:3] / sums[3])
    names = list(CSS)
    known = np.array([[int(CSS[n][i : i + 2], 16) for i in (5, 3, 1)] for n in names], float)
    away = ((_lab(known) - _lab(np.array([[blue, green, red]], float))) ** 2).sum(1)
    return {
        "rank": place + 1,
        "color": f"#{red:02x}{green:02x}{blue:02x}",
        "name": names[int(away.argmin())],
        "share": round(float(sums[3] / total) * 100, 1),
    }
