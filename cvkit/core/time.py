"""Exact time of a frame: a presentation timestamp and its time base."""

from __future__ import annotations

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
