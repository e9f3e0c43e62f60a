"""Words on pictures: tags on a ground of their own, panels of lines, and blocks of type.

In tags and panels ASCII is written with OpenCV's own strokes; other letters by Pillow, in a font of
the system's. Blocks are set by Pillow, in the font that it brings where that has the letters.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from io import BytesIO
from math import ceil, floor
from typing import TYPE_CHECKING, cast

import cv2
import numpy as np

from cvkit.core.errors import InputError
from cvkit.core.values import frozen
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
_OWN = "Aileron"
"""The font that Pillow brings: ASCII and a few signs."""
_STEP = 1.7
"""From line to line of a block, in heights of a capital."""
_LEAST = 6
"""Capitals get no lower than this to make words fit."""
_unwritten: set[str] = set()
"""Letters that came out as `?` in any thread since somebody asked."""


@dataclass(frozen=True, slots=True)
class Lettering:
    """Words whose capitals are `height` pixels high."""

    height: int

    @property
    def margin(self) -> int:
        return max(2, round(self.height * 0.4))

    @property
    def scale(self) -> float:
        return self.height / _CAPITAL

    @property
    def weight(self) -> int:
        return max(1, round(self.height / 10))

    def size(self, words: str) -> tuple[int, int]:
        """Width and height of the words with their ground."""
        return measured(_readable(words), self.height)

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

    def elided(self, words: str, width: int) -> str:
        """The words, with `...` for their middle where they would be wider than this."""
        left = len(words)
        shown = words
        while left > 2 and self.size(shown)[0] > width:
            left -= 1
            shown = f"{words[: (left + 1) // 2]}...{words[len(words) - left // 2 :]}"
        return shown

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
        if not words:
            return
        if ground is None:
            _ink(canvas, _stencil(words, self), at, ink)
            return
        width, height = self.size(words)
        corner = (at[0] + width - 1, at[1] + height - 1)
        cv2.rectangle(canvas, at, corner, ground, cv2.FILLED)
        x = at[0]
        # Word by word: of all that tags say, words come again and again, and scores too.
        for word in words.split(" ") if words.isascii() else [words]:
            tile = _tile(word, self, ink, ground)
            left, top = max(0, x), max(0, at[1])
            part = canvas[top : max(0, at[1] + height), left : max(0, x + tile.shape[1])]
            part[:] = tile[top - at[1] :, left - x :][: part.shape[0], : part.shape[1]]
            x += measured(word + " ", self.height)[0] - 2 * self.margin

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


@lru_cache(maxsize=512)
def _stencil(words: str, letters: Lettering) -> Array:
    """(h, w) uint8, how much of each pixel of the ground is ink; words come again and again."""
    width, height = letters.size(words)
    base = (letters.margin, letters.margin + letters.height)
    if words.isascii():
        cover = np.zeros((height, width), np.uint8)
        how = (_FONT, letters.scale, (255,), letters.weight, cv2.LINE_AA)
        return frozen(np.asarray(cv2.putText(cover, words, base, *how)))
    from PIL import Image as Pillow
    from PIL import ImageDraw

    stencil = Pillow.new("L", (width, height))
    font = _font(words, letters.height)
    ImageDraw.Draw(stencil).text(base, words, 255, font, anchor="ls")
    return frozen(np.asarray(stencil))


def _ink(canvas: Array, cover: Array, at: tuple[int, int], ink: tuple[int, int, int]) -> None:
    """Put ink on what is there; what hangs over is cut."""
    left, top = max(0, at[0]), max(0, at[1])
    part = canvas[top : max(0, at[1] + cover.shape[0]), left : max(0, at[0] + cover.shape[1])]
    cover = cover[top - at[1] :, left - at[0] :][: part.shape[0], : part.shape[1], None]
    share = cover.astype(np.float32) / 255
    part[:] = np.rint(part + (np.array(ink, np.float32) - part) * share).astype(np.uint8)


@lru_cache(maxsize=512)
def _tile(
    words: str, letters: Lettering, ink: tuple[int, int, int], ground: tuple[int, int, int]
) -> Array:
    """(h, w, 3) BGR: the words on their ground."""
    share = np.arange(256, dtype=np.float32)[:, None] / 255
    low, high = np.array(ground, np.float32), np.array(ink, np.float32)
    shades = np.rint(low + (high - low) * share).astype(np.uint8)
    return frozen(shades[_stencil(words, letters)])


@lru_cache(maxsize=4096)
def measured(words: str, height: int) -> tuple[int, int]:
    """Width and height of words of capitals so high, with their ground."""
    letters, words = Lettering(height), _readable(words)
    if words.isascii():
        width = cv2.getTextSize(words, _FONT, letters.scale, letters.weight)[0][0]
    else:
        width = int(np.ceil(_font(words, height).getlength(words)))
    below = round(height * 0.3)  # room for g and y
    return width + 2 * letters.margin, height + below + 2 * letters.margin - letters.margin // 2


def unwritten() -> list[str]:
    """Letters that no font here has, for which `?` was written since this was asked last."""
    letters = sorted(_unwritten)
    _unwritten.clear()
    return letters


def _readable(words: str) -> str:
    """The words; letters that the best font here lacks as near as ASCII comes to them."""
    if words.isascii():
        return words
    return _plain(words, _lacks(_face(words), words))


def _plain(words: str, lacking: frozenset[str]) -> str:
    """The words with the letters that are lacking without their accents, or as `?`."""
    return "".join(_ascii(c) if c in lacking else c for c in words)


def _ascii(letter: str) -> str:
    plain = unicodedata.normalize("NFKD", letter)
    kept = "".join(c for c in plain if not unicodedata.combining(c))
    written = kept.encode("ascii", "replace").decode()
    if "?" in written:
        _unwritten.add(letter)
    return written


@cache
def _face(words: str) -> str:
    """Of the fonts here the first that lacks the fewest of these letters; nothing without fonts."""
    from PIL import ImageFont

    best, fewest = "", len(words) + 1
    for name in _FACES:
        try:
            ImageFont.truetype(name, 20)
        except OSError:
            continue
        lacking = len(_lacks(name, words))
        if lacking < fewest:
            best, fewest = name, lacking
    return best


@cache
def _lacks(face: str, words: str) -> frozenset[str]:
    """Those of the letters that the font has not; without a font all beyond ASCII."""
    from PIL import ImageFont

    if not face:
        return frozenset(c for c in words if not c.isascii())
    font = _brought(20) if face == _OWN else ImageFont.truetype(face, 20)
    missing = bytes(font.getmask("\U0010ffff"))
    letters = {c for c in words if not c.isspace() and not c.isascii()}
    return frozenset(c for c in letters if bytes(font.getmask(c)) == missing)


@cache
def _font(words: str, height: int) -> FreeTypeFont:
    from PIL import ImageFont

    # A capital is about 0.72 of a font's size.
    return ImageFont.truetype(_face(words), height / 0.72)


@dataclass(frozen=True, slots=True)
class Block:
    """Type that is set: two stencils (h, w) uint8, 0 to 255."""

    letters: Array
    edged: Array
    """The letters with an edge around them."""
    height: int
    """Of a capital, in pixels."""


def typeset(
    words: str, height: int, *, align: str = "left", width: int = 0, file: bytes = b""
) -> Block:
    """Lines of type whose capitals are `height` pixels high; lower where they are over `width`.

    `file` is a TrueType or OpenType font. Raises InputError where it is none. Letters that no font
    here has are written as near as ASCII comes to them, without their accents or as `?`.
    """
    face = _OWN
    if not file and not words.isascii():
        other = _face(words)
        face = other if len(_lacks(other, words)) < len(_lacks(_OWN, words)) else _OWN
        words = _plain(words, _lacks(face, words))
    return _set(words, height, align, width, face, file)


@lru_cache(maxsize=64)
def _set(words: str, height: int, align: str, width: int, face: str, file: bytes) -> Block:
    from PIL import Image as Pillow
    from PIL import ImageDraw

    font, edge = _type(face, height, file), max(1, round(height / 8))
    lines = words.split("\n")
    lengths = [font.getlength(line) for line in lines]
    share = {"left": 0.0, "center": 0.5, "right": 1.0}[align]
    starts = [
        (share * (max(lengths) - length), row * height * _STEP)
        for row, length in enumerate(lengths)
    ]
    boxes = [font.getbbox(line or " ", anchor="ls", stroke_width=edge) for line in lines]
    placed = [
        (x + b[0], y + b[1], x + b[2], y + b[3]) for (x, y), b in zip(starts, boxes, strict=True)
    ]
    left, right = floor(min(p[0] for p in placed)), ceil(max(p[2] for p in placed))
    # At least from a capital's top to a g's foot, so that all lines of one height look alike.
    top = floor(min(-height - edge, *(p[1] for p in placed)))
    bottom = ceil(max(starts[-1][1] + height * 0.3 + edge, *(p[3] for p in placed)))
    if width and right - left > width and height > _LEAST:
        smaller = max(_LEAST, min(height - 1, int(height * width / (right - left))))
        return _set(words, smaller, align, width, face, file)
    stencils = []
    for stroke in (0, edge):
        stencil = Pillow.new("L", (right - left, bottom - top))
        draw = ImageDraw.Draw(stencil)
        for (x, y), line in zip(starts, lines, strict=True):
            at = (x - left, y - top)
            draw.text(at, line, 255, font, anchor="ls", stroke_width=stroke)
        stencils.append(frozen(np.asarray(stencil)))
    return Block(stencils[0], stencils[1], height)


def _type(face: str, height: int, file: bytes) -> FreeTypeFont:
    """The font in which capitals are so high."""
    from PIL import ImageFont

    if file:
        try:
            font = ImageFont.truetype(BytesIO(file), 100)
        except OSError as error:
            raise InputError(
                "it is no font", why=str(error), remedy="give a .ttf or .otf"
            ) from error
    else:
        font = _brought(100) if face == _OWN else ImageFont.truetype(face, 100)
    capital = font.getbbox("H")
    return font.font_variant(size=100 * height / max(1, capital[3] - capital[1]))


def _brought(size: int) -> FreeTypeFont:
    from PIL import ImageFont

    return cast("FreeTypeFont", ImageFont.load_default(size))
