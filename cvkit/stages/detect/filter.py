"""Keep some of the things found: by class, score, size, place or any attribute.

All conditions must hold; `--invert` keeps what would go. A place is a box or a polygon, in the
picture as it is at this step; what counts is the middle of a thing, or with `--by foot` the middle
of its lower edge, where people and cars stand on the ground, or the whole of its box.

`--where` compares attributes, and score, area, width, height, x, y (the middle), id and label:
`circularity=0.8:` is from 0.8 on, `speed=1:3` between, `label!=person` anything else; `area>400`
has to be quoted, since a shell takes `>` for itself.

Example: cvkit contours samples/coins.jpg then filter --where circularity=0.8: -o coins.jpg
Example: cvkit contours samples/coins.jpg then filter --box 0,0,50%,100% --invert -o right.jpg
"""

from __future__ import annotations

from typing import Annotated, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from cvkit.core.algo.iou import areas
from cvkit.core.area import Area
from cvkit.core.conditions import Condition, column_of
from cvkit.core.errors import ParameterError
from cvkit.core.labels import canonical
from cvkit.core.stage import Objects, Stage
from cvkit.core.units import Box, Point

_Bools = NDArray[np.bool_]


class Filter(Stage):
    classes: tuple[str, ...] = ()
    """Only these, by label: person,car."""
    score: Annotated[float, Field(ge=0, le=1)] | None = None
    """Only those that are at least so sure, 0 to 1."""
    min_area: Area | None = None
    """Only those whose box is so large: square pixels or a share of the picture."""
    max_area: Area | None = None
    """Only those whose box is no larger."""
    box: Box | None = None
    """Only those in this rectangle, x,y,w,h."""
    zone: tuple[Point, ...] = ()
    """Only those in this polygon: "x,y x,y x,y"."""
    by: Literal["center", "foot", "whole"] = "center"
    """What must lie in the box or zone: the middle, the middle of the lower edge, or all of it."""
    where: tuple[Condition, ...] = ()
    """Only those whose attribute is so: circularity=0.8:, speed=1:3, side=left."""
    invert: bool = False
    """Keep the others."""

    @model_validator(mode="after")
    def _says_something(self) -> Filter:
        if 0 < len(self.zone) < 3:
            raise ParameterError(
                "filter: a zone has three points or more",
                remedy="for a rectangle, give --box x,y,w,h",
            )
        return self

    def apply(self, objects: Objects) -> Objects:
        keep = self._chosen(objects)
        return objects.take(~keep if self.invert else keep)

    def _chosen(self, objects: Objects) -> _Bools:
        keep = np.ones(len(objects), bool)
        if self.classes:
            wanted = {canonical(name) for name in self.classes}
            labels = objects.labels or ("",) * len(objects)
            keep &= np.array([canonical(label) in wanted for label in labels], bool)
        if self.score is not None:
            keep &= np.asarray(column_of(objects, "score") >= np.float32(self.score))
        size, area = objects.grid.size, areas(objects.boxes)
        if self.min_area is not None:
            keep &= area >= self.min_area.pixels(size)
        if self.max_area is not None:
            keep &= area <= self.max_area.pixels(size)
        for corners in self._places(size):
            keep &= self._inside(objects.boxes, corners)
        for condition in self.where:
            keep &= condition.holds(objects)
        return keep

    def _places(self, size: tuple[int, int]) -> list[NDArray[np.float32]]:
        """The polygons, (k, 2), in which things must lie."""
        places: list[list[tuple[float, float]]] = []
        if self.box is not None:
            x, y, w, h = self.box.on(size)
            places.append([(x, y), (x + w, y), (x + w, y + h), (x, y + h)])
        if self.zone:
            places.append([point.on(size) for point in self.zone])
        return [np.array(place, np.float32) for place in places]

    def _inside(self, boxes: NDArray[np.float32], corners: NDArray[np.float32]) -> _Bools:
        x1, y1, x2, y2 = boxes.T
        middle = (x1 + x2) / 2
        points = {
            "center": [(middle, (y1 + y2) / 2)],
            "foot": [(middle, y2)],
            "whole": [(x1, y1), (x2, y1), (x2, y2), (x1, y2)],
        }[self.by]
        return np.array(
            [
                all(
                    cv2.pointPolygonTest(corners, (float(x[i]), float(y[i])), False) >= 0
                    for x, y in points
                )
                for i in range(len(boxes))
            ],
            bool,
        )
