"""Keep some frames of a video: one a second, every tenth, twelve in all, or only what changed.

Frames keep their own number and time, so a video that is written plays as long as before, and
`-o 'f_{index:05d}.jpg'` names pictures after the source's frames. `retime --speed 25` after it
makes a time lapse.

`--every 2s` takes the first frame and then the first at or after each further 2 seconds, whatever
the frame rate; `--every 10f` every tenth frame. `--changed 2%` compares each frame with the last
one kept, by the mean difference of their grey levels, and with `--every` only those frames.

`--count 12` takes twelve evenly, the first and the last among them. A file tells how long it is
before it is decoded; of what comes through a pipe, or after steps that drop frames, all frames wait
on disk (1.5 bytes a pixel and frame) until it has ended. Sound is left out.

Example: cvkit sample samples/portrait.mp4 --every 0.5s -o still.mp4
Example: cvkit sample samples/coin.mp4 --count 12 then montage -o sheet.png
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Annotated, ClassVar

import cv2
import numpy as np
from pydantic import AfterValidator, Field, model_validator

from cvkit.core.errors import InputError, ParameterError
from cvkit.core.spool import Held, Spool
from cvkit.core.stage import Frame, Stage
from cvkit.core.time import Time, ends
from cvkit.core.units import Duration, Level
from cvkit.core.values import DEPTHS, Image

_SECOND = Duration(Fraction(1))


@dataclass
class Kept:
    """What is known of one stream: how many came, the last one kept, when the next one is due,
    and the times of the two that came last. `held` is shown up to the end if no other is kept."""

    spool: Spool
    number: int = 0
    start: Fraction = Fraction(0)
    due: Fraction = Fraction(0)
    last: Image | None = None
    places: frozenset[int] = frozenset()
    held: Frame | None = None
    times: tuple[Time, ...] = ()


def _positive(every: Duration) -> Duration:
    if every.value <= 0:
        raise ValueError(f"must be above 0, got {every}")
    return every


class Sample(Stage):
    depths: ClassVar[frozenset[str]] = frozenset({"uint8", "uint16", "float32"})
    changes_length: ClassVar[bool] = True
    spools: ClassVar[bool] = True
    word: ClassVar[str] = "every"

    every: Annotated[Duration, AfterValidator(_positive)] | None = None
    """One frame each so often: seconds (2s, 00:01:30) or frames (10f); left out alone, 1s."""
    count: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    """So many frames in all, evenly from the first to the last."""
    changed: Level | None = None
    """Only frames that differ on average so much from the last one kept: levels, or 2%."""

    @model_validator(mode="after")
    def _one_rule(self) -> Sample:
        if self.count is not None and (self.every or self.changed):
            other = "every" if self.every else "changed"
            raise ParameterError(
                f"sample: count goes without {other}", remedy=f"sample twice: --{other} first"
            )
        return self

    def counts(self) -> bool:
        return self.count is not None

    def start(self, spool: Spool | None = None) -> Kept:
        state = Kept(spool if spool is not None else Held())
        if state.spool.expected is not None:
            state.places = frozenset(self._places(state.spool.expected))
        return state

    def apply(self, frame: Frame, state: Kept) -> Iterator[Frame]:
        if self.count is not None:
            if state.spool.expected is None:
                state.spool.add(frame)
            elif state.number in state.places:
                yield frame
            state.number += 1
            return
        state.times = (*state.times[-1:], frame.time)
        if self._due(frame, state) and (not self.changed or _differs(frame, state, self.changed)):
            if state.held is not None:
                yield _until(frame.time.exact, state.held)
            state.held = frame

    def flush(self, state: Kept) -> Iterator[Frame]:
        if state.held is not None:
            yield _until(ends(state.times)[-1], state.held)
        for number in self._places(len(state.spool)) if self.count is not None else ():
            yield state.spool[number]

    def _places(self, length: int) -> list[int]:
        """Numbers of the frames that are taken of so many, in order."""
        places = np.linspace(0, length - 1, min(self.count or 0, length))
        return [int(place + 0.5) for place in places]

    def _due(self, frame: Frame, state: Kept) -> bool:
        """Whether it is this frame's turn, counted or by its time."""
        every = self.every or (None if self.changed is not None else _SECOND)
        number, state.number = state.number, state.number + 1
        if every is None:
            return True
        if every.unit == "f":
            return number % int(every.value) == 0
        now = frame.time.exact
        if number == 0:
            state.start = state.due = now
        if now < state.due:
            return False
        state.due = state.start + ((now - state.start) // every.value + 1) * every.value
        return True


def _until(end: Fraction, frame: Frame) -> Frame:
    time = frame.time
    return frame.at(replace(time, length=round((end - time.exact) / time.base)))


def _differs(frame: Frame, state: Kept, level: Level) -> bool:
    """Whether the frame is unlike the last one kept, which it then becomes."""
    image = frame.picture("sample")
    if state.last is not None:
        if (image.size, image.depth) != (state.last.size, state.last.depth):
            raise InputError("sample compares frames of one size", remedy="put resize before it")
        difference = cv2.mean(cv2.absdiff(image.gray, state.last.gray))[0]
        if difference < level.on(DEPTHS[image.depth]):
            return False
    state.last = image
    return True
