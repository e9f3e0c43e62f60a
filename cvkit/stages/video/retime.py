"""Make a video faster or slower, of another frame rate, or of a given length.

`--speed 2` plays it twice as fast, `--speed 0.25` four times as slow; every frame stays, and is
shown for another time. `--fit 10s` finds the speed with which it takes ten seconds: all frames wait
on disk until it has ended, 1.5 bytes a pixel and frame.

`--rate 30` gives 30 frames a second, evenly: frames are repeated or left out as their times say,
and numbered anew. `--blend` mixes the two frames around each moment instead, which is smoother in
slow motion. Sound is left out.

Example: cvkit retime samples/coin.mp4 --speed 0.5 --rate 50 --blend -o slow.mp4
Example: cvkit sample samples/portrait.mp4 --every 0.2s then retime --speed 5 -o lapse.mp4

Source: rounding to frames as FFmpeg's fps filter has it (near).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field, model_validator

from cvkit.core.algo.retiming import Pace
from cvkit.core.errors import ParameterError
from cvkit.core.spool import Held, Spool
from cvkit.core.stage import Frame, Stage
from cvkit.core.time import Time, ends
from cvkit.core.units import Duration

_FINEST = Fraction(1, 1_000_000)


def _some(number: float) -> float:
    if number < 0.001:
        raise ValueError(f"must be at least 0.001, got {number}")
    return number


Much = Annotated[float, Field(gt=0, le=1000), AfterValidator(_some)]


def _span(fit: Duration) -> Duration:
    if fit.unit == "f" or fit.value <= 0:
        raise ValueError(f"must be seconds above 0 (10s), got {fit}")
    return fit


@dataclass
class Course:
    """What is known of one stream: how its times change, and for `--fit` its frames."""

    spool: Spool
    pace: Pace | None = None
    times: list[Time] = field(default_factory=list)


class Retime(Stage):
    changes_length: ClassVar[bool] = True
    spools: ClassVar[bool] = True
    word: ClassVar[str] = "speed"

    speed: Much | None = None
    """How many times as fast it plays: 2, or 0.5 for half the speed."""
    fit: Annotated[Duration, AfterValidator(_span)] | None = None
    """How long it takes, instead of a speed: 10s, 00:01:30."""
    rate: Much | None = None
    """Frames a second, at even times; left out, every frame goes on once."""
    blend: bool = False
    """With a rate: mix the frames around each moment, instead of repeating one."""

    @model_validator(mode="after")
    def _something(self) -> Retime:
        if self.speed is None and self.fit is None and self.rate is None:
            raise ParameterError("retime needs a speed, a length or a rate", remedy="--speed 2")
        if self.speed is not None and self.fit is not None:
            raise ParameterError("retime: fit finds the speed itself", remedy="leave one away")
        if self.blend and self.rate is None:
            raise ParameterError("retime: blend makes frames for a rate", remedy="add --rate 50")
        return self

    def timing(self, rate: Fraction | None, base: Fraction) -> tuple[Fraction | None, Fraction]:
        if self.rate is not None:
            exact = _fraction(self.rate)
            return exact, 1 / exact
        if self.fit is not None:
            return None, _FINEST
        speed = _fraction(self.speed or 1)
        finer = base / speed.numerator
        return rate and rate * speed, finer if finer.denominator <= 10**6 else _FINEST

    def start(self, spool: Spool | None = None) -> Course:
        return Course(spool if spool is not None else Held())

    def apply(self, frame: Frame, state: Course) -> Iterator[Frame]:
        if self.fit is not None:
            state.spool.add(frame)
            state.times.append(frame.time)
            return
        state.pace = state.pace or self._pace(frame.time, _fraction(self.speed or 1))
        yield from state.pace.take(frame)

    def flush(self, state: Course) -> Iterator[Frame]:
        if self.fit is not None and state.times:
            over = ends(state.times)
            lasts = over[-1] - state.times[0].exact
            if not lasts:  # one frame, of no length: all of it
                lasts = over[-1] = self.fit.value
                over[-1] += state.times[0].exact
            state.pace = self._pace(state.times[0], lasts / self.fit.value)
            for number, time in enumerate(state.times):  # lengths, so that the end is where it is
                shown = replace(time, length=round((over[number] - time.exact) / time.base))
                yield from state.pace.take(state.spool[number].at(shown))
        if state.pace is not None:
            yield from state.pace.rest()

    def _pace(self, first: Time, speed: Fraction) -> Pace:
        rate = None if self.rate is None else _fraction(self.rate)
        base = self.timing(None, first.base)[1]
        return Pace(first.exact, speed, base, rate, blend=self.blend)


def _fraction(number: float) -> Fraction:
    """Exact for 29.97 as people mean it: 30000/1001."""
    for rate in (24, 30, 48, 60, 120):
        if abs(number - rate / 1.001) < 0.006:
            return Fraction(rate * 1000, 1001)
    return Fraction(number).limit_denominator(1000)
