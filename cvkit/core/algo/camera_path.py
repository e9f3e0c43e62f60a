"""How a camera moved from frame to frame, and how it would have moved with a steady hand."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import cast

import cv2
import numpy as np

from cvkit.core.warp import Array, Floats, Size

_LONGEST = 640
_POINTS = 300
_LEAST = 12
"""Points that have to agree on a motion; fewer are no evidence that it is one scene."""


def reduced(gray: Array) -> Array:
    """(h, w) uint8 with its longer side at most 640 pixels: enough for a motion."""
    h, w = gray.shape
    ratio = _LONGEST / max(h, w)
    if ratio >= 1:
        return gray
    size = max(1, round(w * ratio)), max(1, round(h * ratio))
    return cv2.resize(gray, size, interpolation=cv2.INTER_AREA)


def motion(before: Array, after: Array, size: Size) -> Floats | None:
    """3×3: where points of the frame before are now, in box coordinates of frames of `size`; a
    shift, a turn and a scale. None where too little is seen of it, as at a cut.

    Both (h, w) uint8, as `reduced` gave them.
    """
    if before.shape != after.shape or min(before.shape) < 8:
        return None
    # OpenCV's stubs do not know that it may find nothing.
    corners = cv2.goodFeaturesToTrack(before, _POINTS, 0.01, max(4, min(before.shape) / 40))
    points = cast("Array | None", corners)
    if points is None or len(points) < _LEAST:
        return None
    there, found = _followed(before, after, points)
    back, again = _followed(after, before, there)
    good = found & again & (np.abs(back - points).reshape(-1, 2).max(1) < 1)
    if good.sum() < _LEAST:
        return None
    fitted, inside = cv2.estimateAffinePartial2D(
        points[good], there[good], ransacReprojThreshold=2, maxIters=500
    )
    matrix = cast("Array | None", fitted)
    if matrix is None or int(inside.sum()) < max(_LEAST, int(good.sum()) // 4):
        return None
    return _unreduced(np.vstack([matrix, [0, 0, 1]]), before.shape[1] / size[0])


def _followed(before: Array, after: Array, points: Array) -> tuple[Array, Array]:
    """Where points are in the other picture, (n, 1, 2) float32, and whether they were found."""
    there, found, _ = cv2.calcOpticalFlowPyrLK(before, after, points, points.copy())
    return np.asarray(there), np.asarray(found).ravel() > 0


def _unreduced(matrix: Floats, ratio: float) -> Floats:
    """Of pixel centres in a picture `ratio` as large, for box coordinates in the whole one."""
    down = np.array([[ratio, 0, -0.5], [0, ratio, -0.5], [0, 0, 1]])
    out: Floats = np.linalg.inv(down) @ matrix @ down
    return out


def steadied(
    behind: Sequence[tuple[float, Floats]], ahead: Sequence[tuple[float, Floats]], spread: float
) -> Floats:
    """3×3: where a frame's points would be with a steady hand.

    Both name other frames by their seconds from this one, nearest first, with the motion from the
    frame before to the next in time: `ahead` of the frames after this one, `behind` of this one
    and those before it. A point goes where the places that it has in all of them, weighted by a
    Gaussian of `spread` seconds, say that it is by a line fitted over time; so a steady pan stays.
    """
    offsets, places = [0.0], [np.eye(3)]
    at = np.eye(3)
    for offset, step in ahead:
        at = step @ at
        offsets.append(offset)
        places.append(at)
    at = np.eye(3)
    for offset, step in behind:
        at = np.linalg.inv(step) @ at
        offsets.append(offset)
        places.append(at)
    t = np.array(offsets)
    weights = np.exp(-(t**2) / (2 * spread**2))
    zeroth, first, second = (float((weights * t**n).sum()) for n in range(3))
    spread_out = zeroth * second - first**2
    if spread_out > 1e-12:
        weights = weights * (second - first * t) / spread_out
    else:
        weights = weights / zeroth
    out: Floats = np.tensordot(weights, np.array(places), 1)
    return out


def held_inside(matrix: Floats, size: Size, zoom: float) -> Floats:
    """The move and then the zoom around the centre, the move made smaller where it would show
    what is outside the frame. All of it where there is no zoom."""
    w, h = size
    larger = np.array([[zoom, 0, w / 2 * (1 - zoom)], [0, zoom, h / 2 * (1 - zoom)], [0, 0, 1]])
    if zoom <= 1 or _covers(larger @ matrix, size):
        return larger @ matrix
    low, high = 0.0, 1.0
    for _ in range(12):
        share = (low + high) / 2
        part = np.eye(3) + share * (matrix - np.eye(3))
        low, high = (share, high) if _covers(larger @ part, size) else (low, share)
    out: Floats = larger @ (np.eye(3) + low * (matrix - np.eye(3)))
    return out


def _covers(matrix: Floats, size: Size) -> bool:
    """Whether every pixel of the result comes from inside the frame."""
    w, h = size
    corners = np.array([[0, 0, 1], [w, 0, 1], [w, h, 1], [0, h, 1]], float)
    back = corners @ np.linalg.inv(matrix).T
    slack = 1e-6 * max(size)
    inside = (back[:, :2] >= -slack) & (back[:, :2] <= np.array(size) + slack)
    return bool(inside.all()) and math.isfinite(float(back.sum()))
