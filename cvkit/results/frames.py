"""Boxes of any file or data set, a frame at a time: for `convert` and `evaluate`."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cvkit.core.grid import Grid
from cvkit.core.objects import Objects
from cvkit.core.warp import Size
from cvkit.results.reading import Saved, Told, read_results
from cvkit.results.stored import objects_of


@dataclass(frozen=True, slots=True)
class Labelled:
    """What is known of one frame; `source` and `index` as results have them.

    `objects.grid` is the picture's size where `sized`, else the smallest that holds the boxes: a
    table of boxes and a MOT file say no size. What a data set says of a box beside its class is an
    attribute under its own name: `iscrowd`, `area`, `difficult`, `truncated`, `visibility`,
    `ignore`. `number` is the picture's id in COCO, which its lists of results have instead of a
    name (`source` is that number as text then).
    """

    source: str
    index: int
    objects: Objects
    sized: bool = True
    number: int | None = None
    time: float | None = None


def frames(where: str | Path) -> Iterator[Labelled]:
    """The frames of a results file or data set, in its order, those without objects too.

    `where` is `coco:FILE`, `yolo:FOLDER`, `voc:FOLDER` or `mot:FILE`, or a path whose content says
    what it is: JSON lines, CSV, Parquet or one of those. Raises InputError with the line.
    """
    yield from labelled(read_results(where))


def labelled(saved: Saved) -> Iterator[Labelled]:
    """The frames of what was opened."""
    for told in saved.each():
        yield _labelled(told)


def whole(saved: Saved, head: Told) -> Labelled | None:
    """The frame with its objects."""
    told = saved.at((head.source, head.index))
    return None if told is None else _labelled(told)


def pairs(found: Saved, truth: Saved) -> Iterator[tuple[Labelled | None, Labelled]]:
    """Each frame of `truth` with the same one of `found`, or None where it knows nothing of it.

    Names may be spelled in other ways: `Saved.place`. What a file without sizes holds is on the
    grid of the other.
    """
    for head in truth.heads():
        place = found.same(head, truth)
        left = None if place is None else found.at(place, head.size)
        size = left.size if left is not None and head.size is None else head.size
        right = truth.at((head.source, head.index), size)
        if right is not None:
            yield None if left is None else _labelled(left), _labelled(right)


def alone(found: Saved, truth: Saved) -> Iterator[Told]:
    """The frames of `found` of which `truth` knows nothing, without their objects."""
    for head in found.heads():
        if truth.same(head, found) is None:
            yield head


def _labelled(told: Told) -> Labelled:
    grid = Grid.of(told.size or _extent(told))
    objects = objects_of(told.objects, grid)
    sized = told.size is not None
    return Labelled(told.source, told.index, objects, sized, told.number, told.time)


def _extent(told: Told) -> Size:
    """The size that holds these boxes."""
    right = max((one["box"][2] for one in told.objects), default=1)
    bottom = max((one["box"][3] for one in told.objects), default=1)
    return max(1, math.ceil(right)), max(1, math.ceil(bottom))
