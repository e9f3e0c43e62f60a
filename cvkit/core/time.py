"""Exact time of a frame: a presentation timestamp and its time base."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True, order=False)
class Time:
    """When a frame is shown: `pts` ticks of `base` seconds each; stills are at 0."""

    pts: int = 0
    base: Fraction = Fraction(1, 1000)
    length: int = 0
    """For how many ticks, where the file says it of each frame, as animations do; else 0."""

    @property
    def seconds(self) -> float:
        return float(self.pts * self.base)

    @property
    def exact(self) -> Fraction:
        """Seconds, exactly."""
        return self.pts * self.base


def ends(times: Sequence[Time]) -> list[Fraction]:
    """When each of these frames, in order, gives way to the next, in seconds; the last is shown
    for as long as its file says, or as the one before it."""
    starts = [time.exact for time in times]
    if not starts:
        return []
    last = times[-1].length * times[-1].base
    if not last and len(starts) > 1:
        last = starts[-1] - starts[-2]
    return [*starts[1:], starts[-1] + last]
