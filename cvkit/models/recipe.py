"""How a network is to be fed and read, beyond what its file says of itself."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from cvkit.core.units import Unit
from cvkit.core.warp import Size
from cvkit.models.prepare import Preparation


@dataclass(frozen=True, slots=True)
class Recipe:
    """From a model's card or from the command line; None and () are: as the file says.

    decoder  the layout of the outputs, by the name of its module in `cvkit.models.decode`
    labels   what it finds, in class order
    size     (width, height) of the input that pictures are fitted into
    prepare  how pictures are fed, where that is not the usual way of the decoder
    """

    decoder: str | None = None
    labels: tuple[str, ...] = ()
    size: Size | None = None
    prepare: Preparation | None = None

    def over(self, other: Recipe) -> Recipe:
        """This, and what it leaves open as the other says."""
        return Recipe(
            self.decoder or other.decoder,
            self.labels or other.labels,
            self.size or other.size,
            self.prepare or other.prepare,
        )


@dataclass(frozen=True, slots=True)
class InputSize(Unit):
    """Width and height that pictures are fitted into: `640` for a square, or `640x384`."""

    width: int
    height: int
    expected: ClassVar[str] = "a side (640) or width and height (640x384), 1 to 16384"

    @classmethod
    def parse(cls, text: str) -> InputSize:
        match = re.fullmatch(r"(\d{1,5})(?:[x×,](\d{1,5}))?", text)
        sides = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
        if not (0 < sides[0] <= 16384 and 0 < sides[1] <= 16384):
            raise ValueError(f"expected {cls.expected}, got {text!r}")
        return cls(*sides)

    @property
    def size(self) -> Size:
        return (self.width, self.height)

    def __str__(self) -> str:
        return str(self.width) if self.width == self.height else f"{self.width}x{self.height}"


AS_THE_FILE_SAYS = Recipe()
