"""How detectors that slide a window over the picture search it."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

from cvkit.core.names import cli_name
from cvkit.core.units import Length


@dataclass(frozen=True, slots=True)
class Search:
    """None leaves each to the detector.

    scale_factor   from one size of the window to the next, above 1
    min_neighbors  windows that must agree, besides the one, before something counts as found
    min_size       the shorter side of the smallest thing looked for
    """

    scale_factor: float | None = None
    min_neighbors: int | None = None
    min_size: Length | None = None

    def given(self) -> tuple[str, ...]:
        """The names of those that are set, as the command line writes them."""
        return tuple(cli_name(f.name) for f in fields(self) if getattr(self, f.name) is not None)

    def least(self, size: tuple[int, int], share: float, pixels: float = 1) -> float:
        """The shorter side, in pixels of a picture of this size, of the smallest thing looked for:
        where the user has not said, this share of the picture's shorter side, at least so many
        pixels.
        """
        if self.min_size is not None:
            return max(1.0, self.min_size.pixels(size))
        return max(pixels, min(size) * share)

    def scaled(self, by: float, size: tuple[int, int]) -> Search:
        """The same search in a part of a picture of this size that was enlarged by `by`."""
        if self.min_size is None:
            return self
        return replace(self, min_size=Length(self.min_size.pixels(size) * by))


AS_IT_LIKES = Search()
