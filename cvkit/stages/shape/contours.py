"""Trace the outlines of what a mask covers: a polygon each, with its measures.

Where a photograph comes in, a mask is made of it first by `threshold`. Of soft masks, what is
covered at least by half counts. The outline runs through the middles of the pixels at the edge.

Each object carries `area` (square pixels inside the outline), `perimeter` (pixels), `centroid_x`,
`centroid_y`, and `circularity`, 4π·area / perimeter²: 1 is a disc. With `ccomp` and `tree`,
`parent` is the number of the outline around it (from 0, -1 for none).

Example: cvkit contours samples/coins.jpg --min-area 400 -o coins.png

Source: Suzuki and Abe 1985; OpenCV findContours.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from cvkit.core.area import Area
from cvkit.core.grid import Grid
from cvkit.core.stage import Found, Mask, Stage
from cvkit.core.values import Objects

_MODES = {
    "external": cv2.RETR_EXTERNAL,
    "list": cv2.RETR_LIST,
    "ccomp": cv2.RETR_CCOMP,
    "tree": cv2.RETR_TREE,
}
_APPROXIMATIONS = {
    "none": cv2.CHAIN_APPROX_NONE,
    "simple": cv2.CHAIN_APPROX_SIMPLE,
    "tc89-l1": cv2.CHAIN_APPROX_TC89_L1,
    "tc89-kcos": cv2.CHAIN_APPROX_TC89_KCOS,
}
_Array = NDArray[Any]


class Contours(Stage):
    mode: Literal["external", "list", "ccomp", "tree"] = "external"
    """Outer outlines; all (list); all with their parent, on two levels (ccomp) or any (tree)."""
    approximation: Literal["simple", "none", "tc89-l1", "tc89-kcos"] = "simple"
    """Points kept: the ends of straight runs (simple), all (none), or Teh and Chin's choice."""
    min_area: Area = Area(0.01, "%")
    """Smaller ones are dropped: square pixels (400) or a share of the picture (0.1%)."""
    max_area: Area | None = None
    """Larger ones are dropped: square pixels or a share of the picture."""
    min_perimeter: Annotated[float, Field(ge=0)] = 0
    """Shorter ones are dropped, in pixels."""
    sort: Literal["area", "perimeter", "left-right", "top-down", "none"] = "area"
    """Their order: largest, longest, leftmost or topmost first, or as they were found."""
    top: Annotated[int, Field(ge=1)] | None = None
    """Only the first so many in that order."""

    def apply(self, mask: Mask) -> Found:
        h, w = mask.shape
        halves = cv2.threshold(mask, 127, 255, cv2.THRESH_BINARY)[1]
        outlines, tree = cv2.findContours(
            halves, _MODES[self.mode], _APPROXIMATIONS[self.approximation]
        )
        areas = np.array([cv2.contourArea(c) for c in outlines], np.float64)
        lengths = np.array([cv2.arcLength(c, True) for c in outlines], np.float64)
        keep = (areas >= self.min_area.pixels((w, h))) & (lengths >= self.min_perimeter)
        if self.max_area is not None:
            keep &= areas <= self.max_area.pixels((w, h))
        rows = np.flatnonzero(keep)
        kept = [outlines[int(i)] for i in rows]
        boxes = np.array([cv2.boundingRect(c) for c in kept], np.float32).reshape(-1, 4)
        boxes[:, 2:] += boxes[:, :2]
        order = self._order(boxes, areas[rows], lengths[rows])[: self.top]
        rows, kept = rows[order], [kept[i] for i in order]
        attributes = _measures(kept, areas[rows], lengths[rows])
        if self.mode in ("ccomp", "tree"):
            attributes["parent"] = _parents(rows, tree)
        polygons = [c.reshape(-1, 2) + np.float32(0.5) for c in kept]  # pixel centres
        return Objects.of(
            boxes[order],
            Grid.of((w, h)),
            labels=["contour"] * len(rows),
            polygons=polygons,
            attributes=attributes,
        )

    def _order(self, boxes: _Array, areas: _Array, lengths: _Array) -> _Array:
        x, y = boxes[:, 0], boxes[:, 1]
        keys = {
            "area": (x, y, -areas),
            "perimeter": (x, y, -lengths),
            "left-right": (y, x),
            "top-down": (x, y),
        }
        if self.sort == "none":
            return np.arange(len(boxes))
        return np.lexsort(keys[self.sort])


def _measures(outlines: list[Any], areas: _Array, lengths: _Array) -> dict[str, _Array]:
    centres = np.array([_centroid(c) for c in outlines], np.float64).reshape(-1, 2)
    round_ones = np.zeros(len(areas))
    np.divide(4 * np.pi * areas, lengths**2, out=round_ones, where=lengths > 0)
    return {
        "area": areas,
        "perimeter": lengths,
        "centroid_x": centres[:, 0],
        "centroid_y": centres[:, 1],
        "circularity": round_ones,
    }


def _centroid(outline: _Array) -> tuple[float, float]:
    moments = cv2.moments(outline)
    if not moments["m00"]:  # a line or a point
        x, y = outline.reshape(-1, 2).mean(0)
        return float(x) + 0.5, float(y) + 0.5
    return moments["m10"] / moments["m00"] + 0.5, moments["m01"] / moments["m00"] + 0.5


def _parents(rows: _Array, tree: _Array) -> NDArray[np.int64]:
    """Each outline's nearest ancestor that was kept, by its place among those kept."""
    places = {int(row): place for place, row in enumerate(rows)}
    parents = np.full(len(rows), -1, np.int64)
    for place, row in enumerate(rows):
        above = int(tree[0, row, 3])
        while above >= 0 and above not in places:
            above = int(tree[0, above, 3])
        parents[place] = places.get(above, -1)
    return parents
