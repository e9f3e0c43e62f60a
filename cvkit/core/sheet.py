"""Sheets: pictures side by side with their names; of one frame, or of many."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from cvkit.core.color import ink_on
from cvkit.core.draw import Bgr, Style
from cvkit.core.errors import InputError
from cvkit.core.frame import Frame
from cvkit.core.lettering import Lettering
from cvkit.core.units import Length
from cvkit.core.values import Image
from cvkit.core.warp import Array, Pad, Scale, Series, Size

_SIDE = 960
"""The longer side of a view at most: a sheet is looked at on a screen."""
_LABELLED = 96
"""A cell with a name is at least so wide, or nobody could read it."""
_LONGEST, MOST = 65500, 500_000_000
"""Pixels of a contact sheet's side, and of all of it, at most."""
GROUND = (32, 32, 32)
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
    columns = columns_for(len(views), step)
    size = columns * step[0] + gap, math.ceil(len(views) / columns) * step[1] + gap
    sheet = np.full((size[1], size[0], 3), GROUND, np.uint8)
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


def contact_sheet(
    pictures: Sequence[Array],
    names: Sequence[str],
    *,
    cell: Size | None = None,
    columns: int | None = None,
    gap: Length,
    ground: Bgr = GROUND,
) -> Array:
    """(h, w, 3) BGR uint8 of such pictures in rows, each over its name where there are names.

    Without `cell`, which they must fit, columns are as wide as the widest picture and rows as high
    as their highest. Raises InputError where the sheet would be too large.
    """
    wide = max(p.shape[1] for p in pictures)
    high = max(p.shape[0] for p in pictures)
    inner = cell or (max(wide, _LABELLED if names else 1), high)
    space = round(gap.pixels(inner))
    letters = Lettering(max(9, round(min(inner) * 0.045)))
    foot = letters.size("A")[1] if names else 0
    step = inner[0] + space, inner[1] + space + foot
    columns = min(columns or columns_for(len(pictures), step), len(pictures))
    rows = [pictures[i : i + columns] for i in range(0, len(pictures), columns)]
    heights = [inner[1] if cell else max(p.shape[0] for p in row) for row in rows]
    w, h = columns * step[0] + space, sum(heights) + len(rows) * (space + foot) + space
    if max(w, h) > _LONGEST or w * h > MOST:
        raise too_large(len(pictures))
    sheet = np.full((h, w, 3), ground, np.uint8)
    bottom = 0
    for number, (row, height) in enumerate(zip(rows, heights, strict=True)):
        bottom += space + height
        for place, picture in enumerate(row):
            middle = space + place * step[0] + inner[0] // 2
            y, x = bottom - picture.shape[0], middle - picture.shape[1] // 2
            sheet[y:bottom, x : x + picture.shape[1]] = picture
            if names:
                words = letters.elided(names[number * columns + place], inner[0])
                left = middle - letters.size(words)[0] // 2
                letters.write(sheet, words, (left, bottom), ink_on(ground), None)
        bottom += foot
    return sheet


def too_large(count: int) -> InputError:
    """The error for a contact sheet of so many pictures."""
    return InputError(
        f"{count} pictures make a sheet that is too large",
        remedy="make the cells smaller (--cell 64x64), or take fewer (--frames ::25)",
    )


def _shrunk(size: Size) -> Size:
    ratio = min(1.0, _SIDE / max(size))
    return max(1, round(size[0] * ratio)), max(1, round(size[1] * ratio))


def columns_for(count: int, step: Size) -> int:
    """As many as make the sheet most like a screen, with the fewest places left empty."""

    def cost(columns: int) -> float:
        rows = math.ceil(count / columns)
        aspect = columns * step[0] / (rows * step[1])
        return abs(math.log(aspect / 1.5)) + 2 * (columns * rows - count) / count

    return min(range(1, count + 1), key=cost)
