"""Other times for the frames of a stream: faster, slower, or evenly at a rate."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

import cv2

from cvkit.core.frame import Frame
from cvkit.core.time import Time
from cvkit.core.values import Image


class Pace:
    """`take` each frame, then the `rest`: what comes, at its new time.

    Without a rate each frame goes on, shown from `first + (t - first) / speed` on, in ticks of
    `base`. With one there is a frame every 1 / rate seconds: the one whose time, rounded to that
    grid, came last, or with `blend` a mixture of the two around. Those are numbered from 0.
    """

    def __init__(
        self,
        first: Fraction,
        speed: Fraction,
        base: Fraction,
        rate: Fraction | None,
        *,
        blend: bool = False,
    ) -> None:
        self._first, self._speed, self._base = first, speed, base
        self._rate, self._blend = rate, blend
        self._last: Frame | None = None
        self._at = self._step = Fraction(0)
        self._number = 0

    def take(self, frame: Frame) -> Iterator[Frame]:
        now = (frame.time.exact - self._first) / self._speed
        if self._rate is None:
            length = round(frame.time.length * frame.time.base / self._speed / self._base)
            yield frame.at(Time(round((self._first + now) / self._base), self._base, length))
            return
        if self._last is not None:
            self._step = now - self._at
            if self._blend:
                yield from self._mixed(self._last, frame, now)
            else:
                yield from self._repeated(self._last, now)
        self._last, self._at = frame, now

    def rest(self) -> Iterator[Frame]:
        last = self._last
        if last is None:
            return
        shown = last.time.length * last.time.base / self._speed or self._step
        least = 1 / self._rate if self._rate and not self._number else Fraction(0)
        yield from self._repeated(last, max(self._at + shown, least))

    def _repeated(self, frame: Frame, until: Fraction) -> Iterator[Frame]:
        """The frame at each moment that rounds to before `until`."""
        assert self._rate is not None
        end = int(until * self._rate + Fraction(1, 2))
        while self._number < end:
            yield self._numbered(frame)

    def _mixed(self, one: Frame, two: Frame, until: Fraction) -> Iterator[Frame]:
        assert self._rate is not None
        while (moment := self._number / self._rate) < until:
            share = float((moment - self._at) / (until - self._at))
            yield self._numbered(_mixture(one, two, min(max(share, 0.0), 1.0)))

    def _numbered(self, frame: Frame) -> Frame:
        assert self._rate is not None
        number, self._number = self._number, self._number + 1
        start = round(self._first * self._rate)
        return replace(frame, index=number, time=Time(start + number, 1 / self._rate))


def _mixture(one: Frame, two: Frame, share: float) -> Frame:
    """Its pictures mixed; all else is the nearer frame's."""
    near = one if share < 0.5 else two
    a, b = one.photo, two.photo
    if share in (0.0, 1.0) or a is None or b is None:
        return near
    if (a.size, a.depth, a.space) != (b.size, b.depth, b.space):
        return near
    mixed = cv2.addWeighted(a.array, 1 - share, b.array, share, 0)
    alpha = a.alpha
    if alpha is not None and b.alpha is not None:
        alpha = cv2.addWeighted(alpha, 1 - share, b.alpha, share, 0)
    picture = Image.of(mixed, near.grid, alpha)
    values = tuple(picture if type(v) is Image else v for v in near.values)
    return replace(near, values=values)
