"""Trace the outlines of what a mask covers: a polygon each, with its measures.

Where a photograph comes in, a mask is made of it first by `threshold`. Of soft masks, what is
covered at least by half counts. The outline runs through the middles of the pixels at the edge;
`--shape` gives another one around it, while the measures stay those of the outline.

Each object carries `area` (square pixels inside the outline), `perimeter` (pixels), `centroid_x`,
`centroid_y`, and ratios: `circularity` is 4π·area / perimeter² (1 is a disc), `solidity` the share
of the convex hull that is covered, `extent` that of the upright box, `aspect_ratio` the long side
of the smallest turned rectangle over its short one. `orientation` is the direction of the long
axis by second moments, in degrees counter-clockwise from the horizontal, over -90 to 90.

With `ccomp` and `tree` each carries its place among the others too: `level` (0 is an outer
outline, 1 a hole in it, 2 what lies in that), and the numbers, from 0, of its `parent`, of the
`next` and the `previous` one beside it and of its first `child`; -1 for none. `--moments` adds the
seven Hu moments, which know a shape wherever, however large and however turned it is.

Example: cvkit contours samples/hubble.jpg --min-area 30 -o galaxies.png
Example: cvkit contours samples/coins.jpg --min-area 400 --shape ellipse -o ellipses.jsonl

Source: Suzuki and Abe 1985; OpenCV findContours, convexHull, minAreaRect, fitEllipse, HuMoments.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from cvkit.core.algo import outlines as lines
from cvkit.core.area import Area
from cvkit.core.errors import ParameterError
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
    shape: lines.Shape = "outline"
    """What is given and drawn: the outline, or the polygon or ellipse around it."""
    epsilon: Annotated[float, Field(ge=0, le=100)] | None = None
    """How far `approx` may stray from the outline, in percent of the perimeter; 1."""
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
    moments: bool = False
    """Measure the Hu moments too: hu_1 to hu_7."""

    @model_validator(mode="after")
    def _fits(self) -> Contours:
        if self.epsilon is not None and self.shape != "approx":
            raise ParameterError("contours: epsilon is for --shape approx")
        if self.shape == "ellipse" and self.approximation not in ("simple", "none"):
            raise ParameterError(
                "contours: an ellipse is fitted to all points of the outline",
                remedy="leave --approximation away",
            )
        return self

    def apply(self, mask: Mask) -> Found:
        h, w = mask.shape
        halves = cv2.threshold(mask, 127, 255, cv2.THRESH_BINARY)[1]
        points = "none" if self.shape == "ellipse" else self.approximation
        outlines, tree = cv2.findContours(halves, _MODES[self.mode], _APPROXIMATIONS[points])
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
        attributes: dict[str, _Array] = {**lines.measures(kept, areas[rows], lengths[rows])}
        if self.moments:
            attributes |= lines.hu_moments(kept)
        if self.mode in ("ccomp", "tree"):
            attributes |= lines.hierarchy(rows, tree)
        share = (1 if self.epsilon is None else self.epsilon) / 100
        polygons = [lines.polygon(c, self.shape, share) for c in kept]
        if self.shape == "approx":
            attributes["vertices"] = np.array([len(p) for p in polygons], np.int64)
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
