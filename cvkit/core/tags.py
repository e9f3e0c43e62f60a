"""Where the names of things go, so that none hides another, a small thing, or leaves the picture.

The things of best score are named first. A name goes above its box, else below, inside at the top
or beside it, where it lies on no other name and hides least of what else was found. Where that is
too much it is written smaller, then without its end, and else left out: the box is still there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvkit.core.warp import Size

Array = NDArray[Any]
_HIDES = 0.25
"""No other thing may be hidden by more than this share."""
_LITTLE = 0.04
"""A spot that hides no more than this of anything is as good as one that hides nothing."""
_INSIDE = 0.5
"""A name in its own thing hides what is known to be there: this counts by so much less."""
_NEVER = 1e6
"""The weight of a name: not a pixel of it may be hidden."""

Rectangle = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Tag:
    """Words, the height of their capitals, and the pixel of their ground's top left corner."""

    words: str
    height: int
    at: tuple[int, int]


Measure = Callable[[str, int], tuple[int, int]]
"""Width and height of words whose capitals are so high, with their ground."""


def placed(
    boxes: Array,
    choices: Sequence[Sequence[tuple[str, int]]],
    ranks: Array,
    canvas: Size,
    measure: Measure,
    line: int,
) -> list[Tag | None]:
    """A Tag for each of the (n, 4) boxes, or None where there is no room for its words.

    `choices` are words and heights for each, in the order in which they are tried; `ranks` (n,)
    say who comes first, the highest, and the leftmost of equal ones. Boxes are seen with a line of
    `line` pixels around them.
    """
    w, h = canvas
    seen = np.clip(np.nan_to_num(boxes), 0, [w, h, w, h])
    near = _near(seen, [measure(*tried[0]) for tried in choices], line)
    things = [_Thing(*box) for box in seen.tolist()]
    taken: dict[int, Rectangle] = {}
    tags: list[Tag | None] = [None] * len(things)
    for row in np.lexsort((seen[:, 0], -ranks)).tolist():
        others = [things[i] for i in near[row] if i != row]
        names = [taken[i] for i in near[row] if i in taken]
        for words, height in choices[row]:
            size = measure(words, height)
            spot = _best(
                things[row], _spots(things[row], size, line, w), size, canvas, others, names
            )
            if spot is not None:
                tags[row] = Tag(words, height, spot)
                taken[row] = (*spot, spot[0] + size[0], spot[1] + size[1])
                break
    return tags


class _Thing:
    """A box as Python's numbers, with its area; one without area, a line or a point, has 1."""

    __slots__ = ("area", "box")

    def __init__(self, x1: float, y1: float, x2: float, y2: float) -> None:
        self.box = (x1, y1, x2, y2)
        self.area = max(1.0, x2 - x1) * max(1.0, y2 - y1)


def _near(boxes: Array, sizes: Sequence[Size], line: int) -> list[list[int]]:
    """For each box the rows of those that its name, or theirs, could reach."""
    reach = np.array(sizes, float).reshape(-1, 2) + 2 * line
    low, high = boxes[:, :2] - reach, boxes[:, 2:] + reach
    meet = (low[:, None] < high[None]).all(2)
    meet &= meet.T
    rows: list[list[int]] = [np.flatnonzero(row).tolist() for row in meet]
    return rows


def _best(
    own: _Thing,
    spots: list[tuple[int, int]],
    size: Size,
    canvas: Size,
    others: list[_Thing],
    names: list[Rectangle],
) -> tuple[int, int] | None:
    """The spot that hides least; None where every one is outside, or hides too much."""
    best, least = None, _HIDES
    obstacles = [(name, _NEVER) for name in names]
    obstacles.append((own.box, _INSIDE / own.area))
    obstacles += [(thing.box, 1 / thing.area) for thing in others]
    for x, y in spots:
        if x < 0 or y < 0 or x + size[0] > canvas[0] or y + size[1] > canvas[1]:
            continue
        cost = _cost((x, y, x + size[0], y + size[1]), obstacles, least)
        if cost <= _LITTLE:
            return x, y
        if cost < least:
            best, least = (x, y), cost
    return best


def _cost(at: Rectangle, obstacles: list[tuple[Rectangle, float]], most: float) -> float:
    """The greatest weight times square pixels that the rectangle shares with an obstacle, or what
    is `most` or more. A crowd asks this thousands of times: no calls, no arrays."""
    x1, y1, x2, y2 = at
    worst = 0.0
    for (left, top, right, bottom), weight in obstacles:
        if left >= x2 or right <= x1 or top >= y2 or bottom <= y1:
            continue
        width = (right if right < x2 else x2) - (left if left > x1 else x1)
        height = (bottom if bottom < y2 else y2) - (top if top > y1 else y1)
        cost = width * height * weight
        if cost > worst:
            worst = cost
            if worst >= most:
                break
    return worst


def _spots(thing: _Thing, size: Size, line: int, room: int) -> list[tuple[int, int]]:
    """Top left corners, the best first: above, below, inside at the top, beside. Those above and
    below are moved into a picture `room` pixels wide."""
    x1, y1, x2, y2 = (round(side) for side in thing.box)
    width, height = size
    sides = (x1 - line // 2, x2 + line // 2 - width, (x1 + x2 - width) // 2)
    left, right, middle = (max(0, min(side, room - width)) for side in sides)
    above, below = y1 - height - line // 2, y2 + line // 2
    return [
        *((left, above), (right, above), (middle, above)),
        *((left, below), (right, below), (middle, below)),
        *((x1, y1), (x2 - width, y1)),
        *((x2 + line, y1), (x1 - line - width, y1)),
    ]
