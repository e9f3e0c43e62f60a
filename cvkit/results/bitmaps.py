"""Bitmaps of objects as records of data sets hold them: run lengths, or outlines of several parts.

`{"size": [w, h], "counts": text or list}` is of the whole picture; `{"parts": [[x, y, …], …]}` are
outlines that together are one thing.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cvkit.core.algo import rle
from cvkit.core.objects import window
from cvkit.core.warp import Array, Size

_MOST = 500_000_000
"""Pixels that a picture with a mask may have."""
_FAR = 1 << 20
"""Where corners of parts may lie at most."""

Mask = dict[str, Any]


def mask_of(bitmap: NDArray[np.uint8], box: Array, size: Size) -> Mask:
    """An object's bitmap, local to its box, as one of a picture of this size."""
    x, y, w, h = window(box)
    width, height = size
    whole = np.zeros((height, width), np.uint8)
    left, right, top, bottom = max(x, 0), min(x + w, width), max(y, 0), min(y + h, height)
    if left < right and top < bottom:
        whole[top:bottom, left:right] = bitmap[top - y : bottom - y, left - x : right - x]
    return {"size": list(size), "counts": rle.text_of(rle.encoded(whole))}


def bitmap_of(mask: Mask | None, box: Array) -> NDArray[np.uint8]:
    """The same, local to this box; one pixel that is not set where there is none."""
    if mask is None:
        return np.zeros((1, 1), np.uint8)
    where = window(box)
    if "parts" in mask:
        x, y, w, h = where
        stencil = np.zeros((h, w), np.uint8)
        for part in mask["parts"]:
            points = np.asarray(part, np.float64).reshape(-1, 2)
            cv2.fillPoly(stencil, [np.rint(points - 0.5 - (x, y)).astype(np.int32)], 255)
        return stencil
    width, height = mask["size"]
    return rle.decoded(counts_of(mask), (width, height), where)


def bounds_of(mask: Mask) -> tuple[float, float, float, float]:
    """The box around a bitmap."""
    if "parts" in mask:
        points = np.concatenate([np.asarray(p, np.float64).reshape(-1, 2) for p in mask["parts"]])
        (x1, y1), (x2, y2) = points.min(0).tolist(), points.max(0).tolist()
        return x1, y1, x2, y2
    return rle.bounds(counts_of(mask), mask["size"][1])


def counts_of(mask: Mask) -> rle.Counts:
    """Raises ValueError where they are no runs."""
    counts = mask["counts"]
    if isinstance(counts, str):
        return rle.counts_of(counts)
    return np.array(counts, np.int64).reshape(-1)


def check_mask(mask: Any, box: list[float]) -> None:  # noqa: ANN401 - what JSON holds
    """Raises ValueError, TypeError or KeyError where it is none, before memory is taken."""
    x1, y1, x2, y2 = box
    if max(map(abs, box)) > _FAR or (x2 - x1 + 2) * (y2 - y1 + 2) > _MOST:
        raise ValueError(f"a mask in {box!r:.60} is too large")
    if "parts" in mask:
        for part in mask["parts"]:
            points = np.asarray(part, np.float64)
            if points.ndim != 1 or len(points) % 2 or len(points) < 6:
                raise ValueError(f"{part!r:.60} is no outline")
            if not (np.abs(points) < _FAR).all():
                raise ValueError(f"{part!r:.60} is out of range")
        return
    size, counts = mask["size"], mask["counts"]
    if len(size) != 2 or not all(type(v) is int and v > 0 for v in size):
        raise ValueError(f"{size!r:.60} is no size of a mask")
    if size[0] * size[1] > _MOST:
        raise ValueError(f"a mask of {size[0]}×{size[1]} is too large")
    runs = counts_of(mask)
    if (runs < 0).any() or int(runs.sum()) != size[0] * size[1]:
        raise ValueError(f"the runs of a mask are not those of {size[0]}×{size[1]} pixels")
    if isinstance(counts, list) and not all(type(v) is int for v in counts):
        raise TypeError("the runs of a mask are whole numbers")
