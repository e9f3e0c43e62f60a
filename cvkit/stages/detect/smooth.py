"""Hold the boxes of a video still: a detector's jitter goes, and so do gaps of a frame or two.

What was found is followed from frame to frame by its overlap and label. Each side of a box is put
on the line through what was seen of it lately, where a moment counts for less the longer it is
away: over `--time` to a third. So what moves evenly does not lag, and 15 or 60 frames a second
give the same. Scores are averaged alike; numbers, labels and all else stay as they were found.

A frame waits for `--ahead`, so that what comes is known, too: the boxes are much steadier for it,
and a thing that is missed in between and comes back is given there, marked `bridged`. With
`--ahead 0s` nothing waits. New things are given with the first frame that shows them.

Example: cvkit detect samples/portrait.mp4 --model haar-face then smooth then draw -o faces.mp4

Source: Cleveland 1979 (locally weighted lines); Crouse 2016 (which box is which).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Annotated, Any

import numpy as np
from pydantic import AfterValidator, Field

from cvkit.core import values
from cvkit.core.algo.assignment import kinds, pairs
from cvkit.core.algo.trend import at_now
from cvkit.core.stage import Frame, Stage
from cvkit.core.units import Duration
from cvkit.core.values import Kind
from cvkit.core.warp import Array

_FAR = 6
"""Time constants after which a moment counts for nothing."""


@dataclass(eq=False)
class Thing:
    """One thing: when it was seen, with its box and score each time, and its kind."""

    kind: object
    seen: deque[tuple[float, Array]] = field(default_factory=deque)
    last: tuple[values.Objects, int] | None = None
    """Where it was seen last, and in which row."""


_Waiting = tuple[Frame, values.Objects, list[Thing], list[Thing]]
"""A frame with its objects, the thing of each row, and those that it lacks."""


@dataclass
class Scene:
    """Things that may be seen again, and frames that wait."""

    things: list[Thing] = field(default_factory=list)
    latest: list[Thing] = field(default_factory=list)
    """Those of the last frame, by row."""
    waiting: deque[_Waiting] = field(default_factory=deque)


def _seconds(time: Duration) -> Duration:
    if time.unit != "s" or time.value < 0:
        raise ValueError(f"expected seconds from 0, got {time}")
    return time


class Smooth(Stage):
    time: Annotated[Duration, AfterValidator(_seconds)] = Duration.parse("0.3s")
    """The time constant in seconds: more is steadier, and rounder where things turn."""
    ahead: Annotated[Duration, AfterValidator(_seconds)] = Duration.parse("0.2s")
    """For how long a frame waits for those that follow, which are then known; 0s for none."""
    iou: Annotated[float, Field(gt=0, le=1)] = 0.3
    """Boxes of two frames that overlap at least so much may be the same thing."""

    def gives(self, taken: object) -> Kind:
        return values.Objects

    def start(self) -> Scene:
        return Scene()

    def apply(self, frame: Frame, objects: values.Objects, state: Scene) -> Iterator[Frame]:
        now = frame.time.seconds
        last, found = state.waiting[-1][:2] if state.waiting else (None, objects)
        if last and (now <= last.time.seconds or objects.grid.size != found.grid.size):
            yield from self.flush(state)
        things = self._followed(objects, state, now)
        gone = [t for t in state.things if t not in things]
        state.waiting.append((frame, objects, things, gone))
        due = now - float(self.ahead.value) + 1e-6
        while state.waiting and state.waiting[0][0].time.seconds <= due:
            yield self._steady(*state.waiting.popleft())

    def flush(self, state: Scene) -> Iterator[Frame]:
        while state.waiting:
            yield self._steady(*state.waiting.popleft())
        state.things, state.latest = [], []

    def _followed(self, objects: values.Objects, state: Scene, now: float) -> list[Thing]:
        """The thing that each row is; new ones are remembered, lost ones forgotten."""
        ahead, far = float(self.ahead.value), _FAR * float(self.time.value)
        keep = [t for t in state.things if t.seen[-1][0] >= now - ahead or t in state.latest]
        kind = kinds(objects.classes, objects.labels, len(objects))
        boxes = np.array([t.seen[-1][1][:4] for t in keep], np.float32).reshape(-1, 4)
        fits = np.array([t.kind for t in keep], object)[:, None] == kind[None]
        same = {b: keep[a] for a, b in pairs(boxes, objects.boxes, self.iou, fits)}
        things = [same.get(row) or Thing(kind[row]) for row in range(len(objects))]
        scores = objects.scores if objects.scores is not None else np.zeros(len(objects))
        for row, thing in enumerate(things):
            thing.seen.append((now, np.append(objects.boxes[row], scores[row]).astype(float)))
            while thing.seen[0][0] < now - ahead - far:
                thing.seen.popleft()
            thing.last = objects, row
        state.latest = things
        state.things = [*(t for t in keep if t not in things), *things]
        return things

    def _steady(
        self, frame: Frame, objects: values.Objects, things: list[Thing], gone: list[Thing]
    ) -> Frame:
        """The frame with its objects where they are on their lines."""
        now = frame.time.seconds
        back = [t for t in gone if t.seen[-1][0] > now and t.seen[0][0] < now]
        for thing in back:
            assert thing.last is not None
            found, row = thing.last
            objects = objects.joined(replace(found.take([row]), grid=objects.grid))
        rows: list[Any] = [self._line(thing, now) for thing in [*things, *back]]
        if not rows:
            return frame.put(objects)
        fitted = np.array(rows, np.float32)
        objects = objects.fitted(fitted[:, :4])
        if objects.scores is not None:
            objects = replace(objects, scores=np.clip(fitted[:, 4], 0, 1))
        if back:
            marks = np.arange(len(objects)) >= len(things)
            objects = replace(objects, attributes={**objects.attributes, "bridged": marks})
        return frame.put(objects)

    def _line(self, thing: Thing, now: float) -> Array:
        """(5,) box and score at this time, on the line through what was seen around it."""
        ahead = float(self.ahead.value) + 1e-6
        near = [(time - now, box) for time, box in thing.seen if time - now <= ahead]
        times, seen = np.array([time for time, _ in near]), np.array([box for _, box in near])
        line, mean = at_now(times, seen, float(self.time.value))
        line[4] = mean[4]  # a score has no way to go
        line[2:4] = np.maximum(line[2:4], line[:2])
        return line
