"""Outlines as OpenCV's `findContours` gives them: their measures, their hierarchy, other shapes.

An outline is (k, 1, 2) int32, the middles of the pixels at a thing's edge. Results are in box
coordinates, half a pixel further right and down, angles in degrees counter-clockwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

Outline = NDArray[Any]
Shape = Literal["outline", "approx", "hull", "box", "min-rect", "circle", "ellipse"]
_TURN = 128
"""Corners of a polygon that stands for a circle or an ellipse."""


def measures(
    outlines: Sequence[Outline], areas: NDArray[Any], lengths: NDArray[Any]
) -> dict[str, NDArray[np.float64]]:
    """A column a measure, for outlines whose `areas` and `lengths` are known.

    Those that have no meaning for a line or a point are nan.
    """
    moments = [cv2.moments(o) for o in outlines]
    centres = np.array(
        [_centroid(o, m) for o, m in zip(outlines, moments, strict=True)], np.float64
    ).reshape(-1, 2)
    hulls = np.array([cv2.contourArea(cv2.convexHull(o)) for o in outlines], np.float64)
    boxes = np.array([np.prod(cv2.boundingRect(o)[2:]) for o in outlines], np.float64)
    sides = np.array([sorted(cv2.minAreaRect(o)[1]) for o in outlines], np.float64).reshape(-1, 2)
    round_ones = np.zeros(len(areas))
    np.divide(4 * np.pi * areas, lengths**2, out=round_ones, where=lengths > 0)
    return {
        "area": areas,
        "perimeter": lengths,
        "centroid_x": centres[:, 0],
        "centroid_y": centres[:, 1],
        "circularity": round_ones,
        "solidity": _ratio(areas, hulls),
        "extent": _ratio(areas, boxes),
        "aspect_ratio": _ratio(sides[:, 1], sides[:, 0]),
        "orientation": np.array([_orientation(m) for m in moments], np.float64),
    }


def hu_moments(outlines: Sequence[Outline]) -> dict[str, NDArray[np.float64]]:
    """Columns `hu_1` to `hu_7`, which stay as they are when a thing is moved, scaled or turned."""
    rows = [cv2.HuMoments(cv2.moments(o)).ravel() for o in outlines]
    table = np.array(rows, np.float64).reshape(-1, 7)
    return {f"hu_{i + 1}": table[:, i] for i in range(7)}


def hierarchy(rows: NDArray[Any], tree: NDArray[Any]) -> dict[str, NDArray[np.int64]]:
    """Columns `level`, `parent`, `child`, `next` and `previous` of the outlines kept.

    `rows` are the numbers of those kept, in their order, in OpenCV's `tree` (1, n, 4). Numbers in
    the result are places among them, -1 for none; the parent is the nearest one that was kept.
    """
    places = {int(row): place for place, row in enumerate(rows)}
    found = {
        name: np.full(len(rows), -1, np.int64)
        for name in ("level", "parent", "child", "next", "previous")
    }
    last: dict[int, int] = {}
    for place, row in enumerate(rows):
        above = [int(tree[0, row, 3])]
        while above[-1] >= 0:
            above.append(int(tree[0, above[-1], 3]))
        parent = next((places[a] for a in above if a in places), -1)
        found["level"][place], found["parent"][place] = len(above) - 1, parent
        before = last.get(parent, -1)
        if before >= 0:
            found["next"][before], found["previous"][place] = place, before
        elif parent >= 0:
            found["child"][parent] = place
        last[parent] = place
    return found


def polygon(outline: Outline, shape: Shape, epsilon: float) -> NDArray[np.float64]:
    """(k, 2) corners of the outline or of the shape around it.

    `epsilon` is how far `approx` may go astray, as a share of the perimeter. An ellipse is fitted
    to the points of the outline, so these should be all; of fewer than five, or of a line, the
    outline itself is given.
    """
    if shape == "approx":
        outline = cv2.approxPolyDP(outline, epsilon * cv2.arcLength(outline, True), True)
    elif shape == "hull":
        outline = cv2.convexHull(outline)
    elif shape == "min-rect":
        outline = cv2.boxPoints(cv2.minAreaRect(outline))
    elif shape == "circle":
        centre, radius = cv2.minEnclosingCircle(outline)
        outline = _ellipse(centre, (2 * radius, 2 * radius), 0)
    elif shape == "ellipse" and len(outline) >= 5 and cv2.contourArea(outline) > 0:
        outline = _ellipse(*cv2.fitEllipse(outline))
    elif shape == "box":
        x, y, w, h = cv2.boundingRect(outline)
        outline = np.array([[x, y], [x + w, y], [x + w, y + h], [x, y + h]]) - 0.5
    return np.asarray(outline, np.float64).reshape(-1, 2) + 0.5


def _ellipse(centre: Sequence[float], axes: Sequence[float], degrees: float) -> NDArray[Any]:
    """As `cv2.fitEllipse` describes one: whole axes, the first turned clockwise by `degrees`."""
    around = np.linspace(0, 2 * np.pi, _TURN, endpoint=False)
    across, down = axes[0] / 2 * np.cos(around), axes[1] / 2 * np.sin(around)
    cos, sin = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    x, y = across * cos - down * sin, across * sin + down * cos
    return np.column_stack([centre[0] + x, centre[1] + y])


def _ratio(above: NDArray[Any], below: NDArray[Any]) -> NDArray[np.float64]:
    out = np.full(len(above), np.nan)
    np.divide(above, below, out=out, where=below > 0)
    return out


def _centroid(outline: Outline, moments: dict[str, float]) -> tuple[float, float]:
    if not moments["m00"]:  # a line or a point
        x, y = outline.reshape(-1, 2).mean(0)
        return float(x) + 0.5, float(y) + 0.5
    return moments["m10"] / moments["m00"] + 0.5, moments["m01"] / moments["m00"] + 0.5


def _orientation(moments: dict[str, float]) -> float:
    """Of the long axis of the ellipse with the same second moments, over -90 to 90."""
    if not moments["m00"]:
        return float("nan")
    down = 0.5 * np.arctan2(2 * moments["mu11"], moments["mu20"] - moments["mu02"])
    degrees = -float(np.rad2deg(down))  # OpenCV's y goes down
    return 90.0 if degrees == -90 else degrees + 0.0
