"""Pictures that no file holds: `canvas:640x480:white`, and test patterns like `pattern:bars`.

Source: SMPTE ECR 1-1978 (bars: 75 % colours, black at 7.5 IRE).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from cvkit.core.errors import InputError, UsageError
from cvkit.core.units import Color, Extent
from cvkit.core.values import Image
from cvkit.core.warp import Array, Size
from cvkit.io.codecs.asked import Asked
from cvkit.io.codecs.metadata import NOTHING, Metadata

SCHEMES = ("canvas:", "pattern:")
SIZE: Size = (640, 480)
"""Of a pattern where none is said."""


class Generated:
    """A picture made when it is asked for; opened as a file is."""

    def __init__(self, text: str) -> None:
        """Raises UsageError, or InputError, where the words name none."""
        self.text = text
        scheme, _, rest = text.partition(":")
        self.name, self._size, self._draw = _canvas(rest) if scheme == "canvas" else _pattern(rest)

    def count(self) -> int:
        return 1

    def read(self, asked: Asked) -> Image:
        """Raises InputError where it is too big."""
        width, height = self._size
        if width * height > asked.max_pixels:
            raise InputError(
                f"{self.text} is too big",
                why=f"more than {asked.max_pixels:,} pixels are not made unasked",
                remedy=f"--max-pixels {width * height} makes it",
            )
        return Image.of(self._draw(self._size, asked.seed))

    def metadata(self, page: int) -> Metadata:
        return NOTHING


_Draw = Callable[[Size, int], Array]
_Made = tuple[str, Size, _Draw]


def _canvas(text: str) -> _Made:
    size, _, colour = text.partition(":")
    if colour == "transparent":
        levels: tuple[int, ...] = (0, 0, 0, 0)
    else:
        try:
            levels = Color.parse(colour or "white").bgr
        except ValueError as error:
            raise UsageError(
                f"canvas:{text}: {error}", remedy="canvas:640x480:tomato, or :transparent"
            ) from error

    def draw(size: Size, seed: int) -> Array:
        if len(set(levels)) == 1 and len(levels) == 3:
            return np.full((size[1], size[0]), levels[0], np.uint8)
        return np.tile(np.array(levels, np.uint8), (size[1], size[0], 1))

    return "canvas", _size(size, f"canvas:{text}"), draw


def _pattern(text: str) -> _Made:
    name, _, size = text.partition(":")
    if name not in PATTERNS:
        import difflib

        near = difflib.get_close_matches(name, PATTERNS, 1)
        hint = f"did you mean pattern:{near[0]}? " if near else ""
        raise UsageError(
            f"there is no pattern {name!r}", remedy=f"{hint}there is {', '.join(PATTERNS)}"
        )
    return name, _size(size, f"pattern:{text}") if size else SIZE, PATTERNS[name]


def _size(text: str, whole: str) -> Size:
    try:
        extent = Extent.parse(text)
    except ValueError:
        extent = Extent()
    if extent.width is None or extent.height is None:
        raise UsageError(f"{whole}: expected a size like 640x480, got {text!r}")
    return extent.width, extent.height


def _checker(size: Size, seed: int) -> Array:
    """Squares, eight along the shorter side, a white one first."""
    x, y = (np.arange(side) * 8 // min(size) for side in size)
    return np.where((x + y[:, None]) % 2 == 0, 255, 0).astype(np.uint8)


def _gradient(size: Size, seed: int) -> Array:
    """From black on the left to white on the right."""
    row = np.rint(np.linspace(0, 255, size[0])).astype(np.uint8)
    return np.tile(row, (size[1], 1))


def _noise(size: Size, seed: int) -> Array:
    """Every level of every channel as likely as any other."""
    random = np.random.default_rng(seed)
    return random.integers(0, 256, (size[1], size[0], 3), np.uint8)


_BLACK, _GRAY, _WHITE = (19, 19, 19), (191, 191, 191), (255, 255, 255)
_YELLOW, _CYAN, _GREEN = (191, 191, 0), (0, 191, 191), (0, 191, 0)
_MAGENTA, _RED, _BLUE = (191, 0, 191), (191, 0, 0), (0, 0, 191)
_MINUS_I, _PLUS_Q = (0, 33, 76), (50, 0, 106)
_DARKER, _LIGHTER = (9, 9, 9), (29, 29, 29)
_TOP = (_GRAY, _YELLOW, _CYAN, _GREEN, _MAGENTA, _RED, _BLUE)
_MIDDLE = (_BLUE, _BLACK, _MAGENTA, _BLACK, _CYAN, _BLACK, _GRAY)
_BOTTOM = (  # where each begins, in widths of a bar
    (0, _MINUS_I), (5 / 4, _WHITE), (10 / 4, _PLUS_Q), (15 / 4, _BLACK), (5, _DARKER),
    (16 / 3, _BLACK), (17 / 3, _LIGHTER), (6, _BLACK),
)  # fmt: skip


def _bars(size: Size, seed: int) -> Array:
    width, height = size
    out = np.empty((height, width, 3), np.uint8)
    rows = [0, round(height * 2 / 3), round(height * 3 / 4), height]
    parts = (tuple(enumerate(_TOP)), tuple(enumerate(_MIDDLE)), _BOTTOM)
    for part, start, end in zip(parts, rows, rows[1:], strict=False):
        for place, colour in part:
            out[start:end, round(width * place / 7) :] = colour[::-1]
    return out


PATTERNS: dict[str, _Draw] = {
    "checker": _checker,
    "bars": _bars,
    "gradient": _gradient,
    "noise": _noise,
}
"""What draws each pattern, from a size and a seed."""
