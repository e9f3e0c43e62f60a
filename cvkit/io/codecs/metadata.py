"""What a picture file holds beside its pixels, and which of it goes into the results."""

from __future__ import annotations

from collections.abc import Callable, Iterable
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

    def kept(self, *, strip: bool, keep_icc: bool = True) -> Metadata:
        """What a run's options let through. A profile that was applied is over."""
        icc = self.icc if keep_icc else b""
        return Metadata(icc=icc) if strip else replace(self, icc=icc)


NOTHING = Metadata()
_DENSEST = 1e5


def density(across: float, down: float, scale: float | None = 1.0) -> tuple[float, float] | None:
    """Pixels an inch, where the numbers can be such; `scale` makes them so, None says nothing."""
    # PNG counts by the metre: 300 an inch are 299.9994 there.
    sides = (round(across * (scale or 0), 2), round(down * (scale or 0), 2))
    return sides if all(0 < side <= _DENSEST for side in sides) else None


def _nothing(page: int) -> Metadata:
    return NOTHING


@dataclass(frozen=True, slots=True)
class Album:
    """The metadata of an input's pages, which are counted from 0; found when it is asked for."""

    pages: tuple[int, ...] = ()
    find: Callable[[int], Metadata] = _nothing

    @classmethod
    def of(cls, told: Iterable[tuple[int, Metadata]]) -> Album:
        """Of what is known already."""
        known = dict(told)
        return cls(tuple(known), known.__getitem__)

    def page(self, number: int) -> Metadata:
        return self.find(number) if number in self.pages else NOTHING

    def all(self) -> tuple[tuple[int, Metadata], ...]:
        """Those of its pages that have any."""
        found = ((number, self.find(number)) for number in self.pages)
        return tuple((number, told) for number, told in found if told)


NO_ALBUM = Album()
