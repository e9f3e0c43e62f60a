"""Sheets: several views of one picture side by side, each under its name."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from cvkit.core.draw import Style
from cvkit.core.frame import Frame
from cvkit.core.lettering import Lettering
from cvkit.core.values import Image
from cvkit.core.warp import Array, Pad, Scale, Series, Size

_SIDE = 960
"""The longer side of a view at most: a sheet is looked at on a screen."""
_GROUND = (32, 32, 32)
_INK = (235, 235, 235)


def laid_out(frame: Frame, views: Mapping[str, Array]) -> Frame:
    """The frame as a sheet of these views, (h, w, 3) BGR uint8 of its size, by their names.

    What was found in the frame lies on the first of them.
    """
    w, h = frame.size
    inner = _shrunk((w, h))
    letters = Lettering(max(9, round(Style.fitting(inner).text * 1.2)))
    gap = letters.margin
    step = inner[0] + gap, inner[1] + gap + letters.size("A")[1]
    columns = _columns(len(views), step)
    size = columns * step[0] + gap, math.ceil(len(views) / columns) * step[1] + gap
    sheet = np.full((size[1], size[0], 3), _GROUND, np.uint8)
    shrink = Scale((w, h), inner, "area")
    for place, (words, view) in enumerate(views.items()):
        x, y = gap + place % columns * step[0], gap + place // columns * step[1]
        fitted = letters.within(words, inner[0])
        fitted.write(sheet, fitted.cut(words, inner[0]), (x, y), _INK, None)
        top = y + step[1] - gap - inner[1]
        sheet[top : top + inner[1], x : x + inner[0]] = shrink.pixels(view)
    top = step[1] - inner[1]
    pad = Pad(inner, gap, top, size[0] - gap - inner[0], size[1] - top - inner[1])
    moved = frame.moved(Series((shrink, pad)))
    return moved.put(Image.of(sheet, moved.grid))


def _shrunk(size: Size) -> Size:
    ratio = min(1.0, _SIDE / max(size))
    return max(1, round(size[0] * ratio)), max(1, round(size[1] * ratio))


def _columns(count: int, step: Size) -> int:
    """As many as make the sheet most like a screen, with the fewest places left empty."""

    def cost(columns: int) -> float:
        rows = math.ceil(count / columns)
        aspect = columns * step[0] / (rows * step[1])
        return abs(math.log(aspect / 1.5)) + 2 * (columns * rows - count) / count

    return min(range(1, count + 1), key=cost)
