"""Words on pictures: tags on a ground of their own, and panels of lines.

ASCII is written with OpenCV's own strokes; other letters by Pillow, in a font of the system's.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

import cv2
import numpy as np

from cvkit.core.warp import Array

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

_FONT = cv2.FONT_HERSHEY_SIMPLEX
_CAPITAL = 22.0
"""Height of a capital at scale 1, in pixels."""
_FACES = (
    "DejaVuSans.ttf",
    "NotoSans-Regular.ttf",
    "LiberationSans-Regular.ttf",
    "Arial Unicode.ttf",
    "arial.ttf",
    "NotoSansCJK-Regular.ttc",
    "msgothic.ttc",
)
"""Fonts that systems carry, looked for in this order; cvkit brings none."""
_LEAST = 6
"""Capitals get no lower than this to make words fit."""


@dataclass(frozen=True, slots=True)
class Lettering:
    """Words whose capitals are `height` pixels high."""

    height: int

    @property
    def margin(self) -> int:
        return max(2, round(self.height * 0.4))

    @property
    def _scale(self) -> float:
        return self.height / _CAPITAL

    @property
    def _weight(self) -> int:
        return max(1, round(self.height / 10))

    def size(self, words: str) -> tuple[int, int]:
        """Width and height of the words with their ground."""
        words = _readable(words)
        if words.isascii():
            width = cv2.getTextSize(words, _FONT, self._scale, self._weight)[0][0]
        else:
            width = int(np.ceil(_font(words, self.height).getlength(words)))
        below = round(self.height * 0.3)  # room for g and y
        return width + 2 * self.margin, self.height + below + 2 * self.margin - self.margin // 2

    def within(self, words: str, width: int) -> Lettering:
        """Smaller where the words would be wider than this, as far as they can be read."""
        wide = self.size(words)[0]
        if wide <= width:
            return self
        return replace(self, height=max(_LEAST, int(self.height * width / wide)))

    def cut(self, words: str, width: int) -> str:
        """As many of the words as fit; of the first alone as many letters, at least one."""
        words = _readable(words)
        while len(words) > 1 and self.size(words)[0] > width:
            # Half a number would be another number.
            words = words.rpartition(" ")[0] or words[:-1]
        return words

    def write(
        self,
        canvas: Array,
        words: str,
        at: tuple[int, int],
        ink: tuple[int, int, int],
        ground: tuple[int, int, int] | None,
    ) -> None:
        """Write with the ground's top left pixel at `at`; what hangs over is cut."""
        words = _readable(words)
        width, height = self.size(words)
        x, y = at
        if ground is not None:
            cv2.rectangle(canvas, at, (x + width - 1, y + height - 1), ground, cv2.FILLED)
        base = (x + self.margin, y + self.margin + self.height)
        if words.isascii():
            line = cv2.LINE_AA
            cv2.putText(canvas, words, base, _FONT, self._scale, ink, self._weight, line)
        else:
            self._written(canvas, words, at, ink)

    def _written(
        self, canvas: Array, words: str, at: tuple[int, int], ink: tuple[int, int, int]
    ) -> None:
        from PIL import Image as Pillow
        from PIL import ImageDraw

        width, height = self.size(words)
        part = canvas[at[1] : at[1] + height, at[0] : at[0] + width]
        stencil = Pillow.new("L", (width, height))
        base = (self.margin, self.margin + self.height)
        ImageDraw.Draw(stencil).text(base, words, 255, _font(words, self.height), anchor="ls")
        cover = np.asarray(stencil, np.float32)[: part.shape[0], : part.shape[1], None] / 255
        part[:] = np.rint(part * (1 - cover) + np.array(ink, np.float32) * cover).astype(np.uint8)

    def panel(self, canvas: Array, lines: Sequence[str], *, at_top: bool = True) -> None:
        """Lines in white on a dark panel in the corner; too many or too long are cut."""
        h, w = canvas.shape[:2]
        wrapped = [part for line in lines for part in self._wrapped(line, w - 2 * self.margin)]
        step = self.size("A")[1]
        room = max(1, (h - 2 * self.margin) // step)
        if len(wrapped) > room:
            wrapped = [*wrapped[: room - 1], "..."]
        if not wrapped:
            return
        width = min(w, max(self.size(line)[0] for line in wrapped) + 2 * self.margin)
        height = min(h, len(wrapped) * step + 2 * self.margin)
        top = 0 if at_top else h - height
        part = canvas[top : top + height, :width]
        part[:] = (part.astype(np.uint16) * 77 >> 8).astype(np.uint8)
        for i, line in enumerate(wrapped):
            self.write(canvas, line, (self.margin, top + self.margin + i * step), (255,) * 3, None)

    def _wrapped(self, line: str, width: int) -> list[str]:
        """The line broken between words where it is wider."""
        out, held = [], ""
        for word in line.split(" "):
            longer = f"{held} {word}" if held else word
            if held and self.size(longer)[0] > width:
                out.append(held)
                longer = word
            held = longer
        return [*out, held]


@cache
def _readable(words: str) -> str:
    """The words; where no font here has their letters, as near as ASCII comes to them."""
    if words.isascii() or _face(words):
        return words
    plain = unicodedata.normalize("NFKD", words)
    kept = "".join(c for c in plain if not unicodedata.combining(c))
    return kept.encode("ascii", "replace").decode()


@cache
def _face(words: str) -> str:
    """The first of the fonts here that has all these letters, or nothing."""
    from PIL import ImageFont

    for name in _FACES:
        try:
            font = ImageFont.truetype(name, 20)
        except OSError:
            continue
        missing = bytes(font.getmask("\U0010ffff"))
        if all(bytes(font.getmask(c)) != missing for c in words if not c.isspace()):
            return name
    return ""


@cache
def _font(words: str, height: int) -> FreeTypeFont:
    from PIL import ImageFont

    # A capital is about 0.72 of a font's size.
    return ImageFont.truetype(_face(words), height / 0.72)
