"""Detection tile by tile: small things in large pictures, at the size that a network can see.

A side of L pixels is covered by n = 1 + ceil((L - S) / (S - O)) tiles of S pixels that overlap by
at least O (one, where L is at most S), spread evenly; a picture by the product of both. The whole
picture is looked at, too, since what is larger than a tile is seen whole in no other view.

What two views show of one thing is joined as follows. Two boxes of a class from two views are the
same where, *within what both views show*, they overlap by more than half. A box that touches a
border at which its view cuts the picture is a part: it goes where another view shows the same thing
whole; parts of which none shows the whole become the box around them.

Source: Akyon et al. 2022 (SAHI), for slicing with the whole picture besides; the rule is our own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cvkit.core.algo.iou import Boxes, areas
from cvkit.core.errors import ParameterError
from cvkit.core.grid import Grid
from cvkit.core.objects import Objects
from cvkit.core.units import Length
from cvkit.core.warp import Crop, Size
from cvkit.models.detector import Detector, Picture, Sharing
from cvkit.models.wanted import DEFAULTS, Usual, Wanted

Tile = tuple[int, int, int, int]
"""x, y, width, height."""

LEAST = 32
"""Pixels; a network sees nothing in smaller tiles."""
_SAME = 0.5
"""Two boxes that overlap by more, within what both views show, are one thing."""
_INSIDE = np.float32(0.4)
"""A part of which more lies in the box of a thing is of that thing."""
_TOUCH = 2.0
"""A box that comes as near to a cut, in pixels, is taken to go on beyond it."""


def tiles(size: Size, side: int, overlap: int) -> list[Tile]:
    """The tiles of a picture of (width, height) `size`, row by row; see the module for how many.

    Raises ParameterError unless 0 <= overlap < side.
    """
    if not 0 <= overlap < side:
        raise ParameterError(
            f"tiles of {side} pixels cannot overlap by {overlap}",
            remedy="give --overlap less than --tile, such as 20%",
        )
    columns, rows = (_starts(length, side, overlap) for length in size)
    return [(x, y, min(side, size[0]), min(side, size[1])) for y in rows for x in columns]


def _starts(length: int, side: int, overlap: int) -> list[int]:
    if length <= side:
        return [0]
    steps = math.ceil((length - side) / (side - overlap))
    return [round(i * (length - side) / steps) for i in range(steps + 1)]


@dataclass(frozen=True, slots=True)
class Tiled:
    """A detector that looks at tiles of `side`, in batches, and at the whole picture.

    `side` may be a share of the picture's shorter side, `overlap` one of the tile's.
    """

    detector: Detector
    side: Length
    overlap: Length
    batch: int = 1

    @property
    def sharing(self) -> Sharing:
        return self.detector.sharing

    @property
    def labels(self) -> tuple[str, ...]:
        return self.detector.labels

    @property
    def ran_on(self) -> str:
        return self.detector.ran_on

    @property
    def usual(self) -> Usual:
        return self.detector.usual

    def detect(self, images: Sequence[Picture], wanted: Wanted = DEFAULTS) -> list[Objects]:
        """See `Detector.detect`."""
        return [self._picture(image, wanted) for image in images]

    def _picture(self, image: Picture, wanted: Wanted) -> Objects:
        size = (image.shape[1], image.shape[0])
        side = max(LEAST, round(self.side.pixels(size)))
        views = tiles(size, side, round(self.overlap.pixels((side, side))))
        if len(views) == 1:
            return self.detector.detect([image], wanted)[0]
        parts = [image[y : y + h, x : x + w] for x, y, w, h in views]
        found = self.detector.detect([*parts, image], wanted)
        return joined(found, [*views, (0, 0, *size)], wanted)


def joined(found: Sequence[Objects], views: Sequence[Tile], wanted: Wanted = DEFAULTS) -> Objects:
    """What was found in views of one picture, of which the last is the whole: each thing once, best
    first, in the picture's pixels."""
    size = (views[-1][2], views[-1][3])
    whole = found[-1]
    for objects, view in zip(found[:-1], views[:-1], strict=True):
        placed = objects.moved(Crop(size, *view).inverse())
        whole = whole.joined(replace(placed, grid=Grid.of(size)))
    counts = [len(found[-1]), *(len(objects) for objects in found[:-1])]
    order = [len(views) - 1, *range(len(views) - 1)]
    rows = np.repeat(np.array(order), counts)
    rectangles = np.array([(x, y, x + w, y + h) for x, y, w, h in views], np.float32)[rows]
    return _each_once(whole, rectangles, rows, wanted)


def _each_once(
    objects: Objects, views: Boxes, numbers: NDArray[np.intp], wanted: Wanted
) -> Objects:
    """`views` (n, 4): the rectangle in which each was found, `numbers` (n,): which view that is."""
    if not len(objects):
        return objects
    classes = None if wanted.agnostic else objects.classes
    cut = _cut(objects.boxes, views, objects.grid.size)
    seen = _Seen(objects.boxes, views, numbers, classes, cut, min(_SAME, wanted.iou))
    scores = objects.scores if objects.scores is not None else np.ones(len(objects), np.float32)
    gone, boxes, stay = np.zeros(len(objects), bool), objects.boxes.copy(), []
    for row in (int(i) for i in np.lexsort((-scores, cut))):  # whole ones first, the best of them
        if gone[row]:
            continue
        stay.append(row)
        group = seen.linked(row, gone) if cut[row] else seen.same(row)
        if cut[row]:
            parts = boxes[group]
            boxes[row] = np.hstack([parts[:, :2].min(0), parts[:, 2:].max(0)])
        gone |= group
    index = np.array(stay)
    index = index[np.argsort(-scores[index], kind="stable")[: wanted.most]]
    return replace(objects.take(index), boxes=boxes[index])


def _cut(boxes: Boxes, views: Boxes, size: Size) -> NDArray[np.bool_]:
    """(n,) whether a box touches a border of its view that is none of the picture."""
    w, h = size
    inner = views != np.array([0, 0, w, h], np.float32)
    return np.asarray(((np.abs(boxes - views) <= _TOUCH) & inner).any(1))


@dataclass(frozen=True, slots=True)
class _Seen:
    """What all views show: (n, 4) boxes and their views, (n,) numbers of these, classes, parts."""

    boxes: Boxes
    views: Boxes
    numbers: NDArray[np.intp]
    classes: NDArray[np.int32] | None
    cut: NDArray[np.bool_]
    limit: float

    def same(self, row: int) -> NDArray[np.bool_]:
        """(n,) which are the thing in this row, itself included."""
        box, view = self.boxes[row : row + 1], self.views[row : row + 1]
        shared = _both(view, self.views)
        first, second = _both(box, shared), _both(self.boxes, shared)
        overlap = areas(_both(first, second))
        either = areas(first) + areas(second) - overlap
        same: NDArray[np.bool_] = overlap > np.float32(self.limit) * np.maximum(either, 1e-6)
        # A network often boxes less of a part than there is to see.
        inside = areas(_both(box, self.boxes)) > _INSIDE * areas(self.boxes)
        same |= self.cut & inside
        same &= self.numbers != self.numbers[row]
        if self.classes is not None:
            same &= self.classes == self.classes[row]
        same[row] = True
        return same

    def linked(self, row: int, gone: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """(n,) the part in this row, all that are the same thing, and what is the same as they."""
        group, waiting = np.zeros(len(gone), bool), [row]
        while waiting:
            one = waiting.pop()
            if not group[one]:
                group[one] = True
                waiting += np.flatnonzero(self.same(one) & ~gone & ~group).tolist()
        return group


def _both(a: Boxes, b: Boxes) -> Boxes:
    """(n, 4) what two boxes a row share; turned inside out where that is nothing."""
    return np.hstack([np.maximum(a[:, :2], b[:, :2]), np.minimum(a[:, 2:], b[:, 2:])])
