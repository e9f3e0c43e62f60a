"""Charts on white: lines over two axes, a matrix of counts, stacked bars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from cvkit.core.color import ink_on
from cvkit.core.lettering import Block, typeset
from cvkit.core.warp import Array

Bgr = tuple[int, int, int]
Place = tuple[float, float]

INK = (40, 36, 32)
DIM = (140, 134, 128)
_GRID = (232, 229, 226)
_BLUE = (150, 84, 24)
"""The darkest of a matrix: the colour of all that there is of a class."""
_EMPTY = (250, 249, 248)
_TEXT = 13
"""Height of a capital, in pixels of a chart that is a thousand wide."""
_BITS = 4


class Sheet:
    """A white picture to draw on, twice as large as its own coordinates say."""

    SCALE = 2

    def __init__(self, width: float, height: float) -> None:
        shape = (round(height * self.SCALE), round(width * self.SCALE), 3)
        self.pixels: Array = np.full(shape, 255, np.uint8)

    def words(
        self, text: str, at: Place, *, align: float = 0, size: float = _TEXT, ink: Bgr = INK,
        upright: bool = False,
    ) -> None:  # fmt: skip
        """With the middle of the capitals at `at`; `align` 0 starts there, 1 ends there.

        `upright` text reads from below.
        """
        if not text:
            return
        block, edge = self._set(text, size)
        stencil = block.letters
        middle = edge + block.height / 2
        if upright:
            stencil = np.rot90(stencil)
            x, y = at[0] * self.SCALE - middle, at[1] * self.SCALE - stencil.shape[0] * (1 - align)
        else:
            x, y = at[0] * self.SCALE - stencil.shape[1] * align, at[1] * self.SCALE - middle
        self._stamp(stencil, round(x), round(y), ink)

    def measure(self, text: str, size: float = _TEXT) -> float:
        """How wide the words are."""
        return self._set(text, size)[0].letters.shape[1] / self.SCALE if text else 0.0

    def line(self, points: Sequence[Place] | Array, ink: Bgr, width: float = 1) -> None:
        """Through these points."""
        fixed = np.rint(np.asarray(points, float) * self.SCALE * (1 << _BITS)).astype(np.int32)
        thick = max(1, round(width * self.SCALE))
        cv2.polylines(self.pixels, [fixed], False, ink, thick, cv2.LINE_AA, _BITS)

    def box(self, at: Place, size: Place, colour: Bgr) -> None:
        """A filled one; `at` is its top left corner."""
        (x, y), (w, h) = at, size
        left, top, right, bottom = (round(v * self.SCALE) for v in (x, y, x + w, y + h))
        self.pixels[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)] = colour

    def _set(self, text: str, size: float) -> tuple[Block, int]:
        height = round(size * self.SCALE)
        return typeset(text, height), max(1, round(height / 8))

    def _stamp(self, stencil: Array, x: int, y: int, ink: Bgr) -> None:
        left, top = max(0, -x), max(0, -y)
        part = self.pixels[y + top : y + stencil.shape[0], x + left : x + stencil.shape[1]]
        cover = stencil[top : top + part.shape[0], left : left + part.shape[1], None] / 255
        part[:] = np.rint(part * (1 - cover) + np.array(ink) * cover).astype(np.uint8)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a chart; x and y from 0 to 1."""

    label: str
    points: Array
    """(n, 2) x, y."""
    colour: Bgr
    width: float = 1.5


def lines_chart(title: str, axes: tuple[str, str], lines: Sequence[Line], note: str = "") -> Array:
    """(h, w, 3) uint8: lines over two axes from 0 to 1, with a legend of those that have a label.

    Later lines lie over earlier ones; the legend has the last first.
    """
    left, top, side, foot = 78, 84, 620, 70
    legend = [line for line in reversed(lines) if line.label]
    probe = Sheet(10, 10)
    wide = max((probe.measure(line.label) for line in legend), default=0)
    least = left + 24 + max(probe.measure(title, 18), probe.measure(note))
    sheet = Sheet(max(left + side + 76 + wide, least), top + side + foot)
    sheet.words(title, (left, 32), size=18)
    sheet.words(note, (left, 60), ink=DIM)
    place = np.array([left, top + side]), np.array([side, -side])
    for tick in np.arange(0, 1.01, 0.2):
        x, y = left + tick * side, top + side - tick * side
        sheet.line([(x, top), (x, top + side)], _GRID)
        sheet.line([(left, y), (left + side, y)], _GRID)
        sheet.words(f"{tick:.1f}", (x, top + side + 18), align=0.5, ink=DIM)
        sheet.words(f"{tick:.1f}", (left - 12, y), align=1, ink=DIM)
    sheet.line([(left, top), (left, top + side), (left + side, top + side)], DIM, 1.5)
    sheet.words(axes[0], (left + side / 2, top + side + 48), align=0.5, size=15)
    sheet.words(axes[1], (24, top + side / 2), align=0.5, size=15, upright=True)
    for line in lines:
        sheet.line(place[0] + line.points * place[1], line.colour, line.width)
    for row, line in enumerate(legend):
        y = top + 8 + 24 * row
        sheet.line([(left + side + 20, y), (left + side + 46, y)], line.colour, max(2, line.width))
        sheet.words(line.label, (left + side + 54, y))
    return sheet.pixels


def matrix_chart(
    title: str, axes: tuple[str, str], labels: Sequence[str], counts: Array, note: str = ""
) -> Array:
    """(h, w, 3) uint8: a square of counts, each cell as dark as its share of the column.

    The last row and column stand apart: what is no class.
    """
    n, probe = len(labels), Sheet(10, 10)
    cell = max(24, min(64, 640 / n))
    size = min(_TEXT, cell * 0.3)
    wide = max(probe.measure(label) for label in labels)
    left, top = 56 + wide, 84
    apart = 5
    span = n * cell + apart
    least = 48 + max(probe.measure(title, 18), probe.measure(note))
    sheet = Sheet(max(left + span + 30, least), top + span + wide + 66)
    sheet.words(title, (24, 32), size=18)
    sheet.words(note, (24, 60), ink=DIM)
    ends = [i * cell + apart * (i == n - 1) for i in range(n)]
    share = counts / np.maximum(counts.sum(0, keepdims=True), 1)
    for row in range(n):
        for column in range(n):
            x, y, dark = left + ends[column], top + ends[row], float(share[row, column])
            if row == column == n - 1:
                continue
            blue, green, red = (round(255 + (c - 255) * dark**0.7) for c in _BLUE)
            colour = (blue, green, red) if counts[row, column] else _EMPTY
            sheet.box((x + 0.5, y + 0.5), (cell - 1, cell - 1), colour)
            if counts[row, column]:
                middle = (x + cell / 2, y + cell / 2)
                told = f"{int(counts[row, column])}"
                fit = min(size, size * cell * 0.86 / max(probe.measure(told, size), 1))
                sheet.words(told, middle, align=0.5, size=fit, ink=ink_on(colour))
    for i, label in enumerate(labels):
        ink = DIM if i == n - 1 else INK
        sheet.words(label, (left - 10, top + ends[i] + cell / 2), align=1, ink=ink)
        below = (left + ends[i] + cell / 2, top + span + 10)
        sheet.words(label, below, align=1, ink=ink, upright=True)
    sheet.words(axes[0], (left + span / 2, top + span + wide + 42), align=0.5, size=15)
    sheet.words(axes[1], (22, top + span / 2), align=0.5, size=15, upright=True)
    return sheet.pixels


def bars_chart(
    title: str, labels: Sequence[str], parts: Sequence[tuple[str, Bgr]], counts: Array,
    note: str = "",
) -> Array:  # fmt: skip
    """(h, w, 3) uint8: for each label a bar of the shares of `counts` (labels, parts) in its row,
    with the row's sum behind it; an empty row has no bar.
    """
    step, side, probe = 30, 620, Sheet(10, 10)
    left, top = 44 + max(probe.measure(label) for label in labels), 128
    least = 48 + max(probe.measure(title, 18), probe.measure(note))
    sheet = Sheet(max(left + side + 90, least), top + step * len(labels) + 24)
    sheet.words(title, (24, 32), size=18)
    sheet.words(note, (24, 60), ink=DIM)
    x = float(left)
    for name, colour in parts:
        sheet.box((x, 88), (14, 14), colour)
        sheet.words(name, (x + 20, 95))
        x += 38 + sheet.measure(name)
    for row, label in enumerate(labels):
        y, total = top + step * row, int(counts[row].sum())
        sheet.words(label, (left - 12, y + step / 2 - 3), align=1)
        sheet.words(f"{total:,}", (left + side + 12, y + step / 2 - 3), ink=DIM)
        x = float(left)
        for (_, colour), count in zip(parts, counts[row], strict=True):
            width = side * count / total if total else 0
            sheet.box((x, y), (width, step - 7), colour)
            if width > 44:
                told = f"{100 * count / total:.0f} %"
                at = (x + width / 2, y + step / 2 - 3)
                sheet.words(told, at, align=0.5, size=11, ink=ink_on(colour))
            x += width
    return sheet.pixels
