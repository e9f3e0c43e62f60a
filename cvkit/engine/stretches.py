"""A part of a moving input: of its sound and chapters what belongs to its frames."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from cvkit.core.time import Time
from cvkit.engine.sinks import Medium

if TYPE_CHECKING:
    from cvkit.io.sound import Stretches


class Stretch:
    """What goes with the frames of one output, where these are only a part of the input's.

    Of a whole input nothing is changed. With `moved` times are those of the part: it begins at 0.
    """

    def __init__(self, medium: Medium, *, moved: bool) -> None:
        self._medium, self._moves = medium, moved
        self._start: Time | None = None
        self._sound: Stretches | None = None
        if medium.cut and medium.sound is not None:
            from cvkit.io.sound import Stretches

            self._sound = Stretches(medium.sound, moved=moved)

    def begin(self, first: Time) -> Medium:
        """What a sink has to know whose first frame is shown then."""
        medium = self._medium
        if not medium.cut:
            return medium
        self._start = first
        if self._sound is not None:
            medium = replace(medium, sound=self._sound.begin(first.exact))
        return replace(medium, about=medium.about.since(first.exact)) if self._moves else medium

    def shows(self, time: Time) -> Time:
        """The next frame is shown then: its time in the part; sound goes on up to its end."""
        if self._sound is not None:
            self._sound.reach = time.exact + lasting(time, self._medium.rate)
        if self._start is None or not self._moves:
            return time
        return replace(time, pts=time.pts - round(self._start.exact / time.base))


def lasting(time: Time, rate: Fraction | None) -> Fraction:
    """For how many seconds a frame is shown, as far as is known of it alone."""
    return time.length * time.base or (1 / rate if rate else Fraction(0))
