"""What a picture file holds beside its pixels, and which of it goes into the results."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Metadata:
    """Nothing here has been changed yet: `embedding.embedded` makes it fit what is written."""

    exif: bytes = b""
    """An EXIF block from its byte order on, without `Exif\\0\\0` before it."""
    icc: bytes = b""
    """The profile of the numbers, where they are not sRGB."""
    density: tuple[float, float] | None = None
    """Pixels an inch, across and down, as a scanner says them."""

    def __bool__(self) -> bool:
        return bool(self.exif or self.icc or self.density)

    def kept(self, *, strip: bool, keep_icc: bool) -> Metadata:
        """What a run's options let through. A profile that was applied is over."""
        icc = self.icc if keep_icc else b""
        return Metadata(icc=icc) if strip else replace(self, icc=icc)


NOTHING = Metadata()
OfPage = Callable[[int], Metadata]
"""The metadata of a page, counted from 0."""


def none_of(page: int) -> Metadata:
    """The `OfPage` of what has no metadata."""
    return NOTHING
