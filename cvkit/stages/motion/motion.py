"""Detect what moves before a camera that stands still: boxes, and when it began and ended.

Without `-o` its events are printed: `motion-start` and `motion-end`.

They have `start`, `end` and `seconds`, the largest `area` that moved in percent of the picture, and
how many `things` at most moved at once. `-o events.csv` writes them; `-o marked.mp4` draws the
boxes; `-o all.jsonl` has both. A start is told when it has lasted `--min-len`, an end when nothing
has moved for `--hold`.

`background` finds all that is unlike the scene, also what just stands for a moment; `frame-diff`
what changes from one tenth of a second to the next. Noise, changes of exposure and light that is
switched on or off are no motion. What has not stirred for `--patience` has become part of the
scene. All times are seconds, whatever the frame rate.

Example: cvkit motion samples/walkers.mp4
Example: cvkit motion samples/walkers.mp4 -o marked.mp4 -o events.csv

Source: a running average that learns where nothing moves (Koller et al. 1994).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Literal

from pydantic import AfterValidator

from cvkit.core import values
from cvkit.core.algo.watching import Episodes, Watch
from cvkit.core.area import Area
from cvkit.core.stage import Frame, Gray, Mask, Operand, Stage
from cvkit.core.units import Duration
from cvkit.core.warp import Array


@dataclass
class Room:
    """What is known of one stream; the last frame is held back so that an end can be told on it."""

    watch: Watch
    episodes: Episodes
    last: Frame | None = None


def _seconds(duration: Duration) -> Duration:
    if duration.unit == "f" or duration.value < 0:
        raise ValueError(f"must be seconds from 0 (0.5s), got {duration}")
    return duration


def _some(duration: Duration) -> Duration:
    if _seconds(duration).value == 0:
        raise ValueError(f"must be above 0, got {duration}")
    return duration


class Motion(Stage):
    method: Literal["background", "frame-diff"] = "background"
    """What is unlike the learned scene, or the frame just before."""
    min_area: Area = Area(0.1, "%")
    """Smaller things are dropped."""
    hold: Annotated[Duration, AfterValidator(_seconds)] = Duration(Fraction(1))
    """How long nothing moves until motion has ended."""
    min_len: Annotated[Duration, AfterValidator(_seconds)] = Duration(Fraction(1, 5))
    """What moves for less is no event."""
    patience: Annotated[Duration, AfterValidator(_some)] = Duration(Fraction(10))
    """What has not stirred for so long moves no more."""
    within: Operand[Mask] | None = None
    """Only what moves inside this mask counts."""

    def gives(self, taken: Mapping[str, values.Kind]) -> tuple[values.Kind, ...]:
        return values.Objects, values.Event

    def several(self) -> bool:
        return False

    def start(self) -> Room:
        watch = Watch("motion", self.method, float(self.patience.value))
        return Room(watch, Episodes(self.hold.value, self.min_len.value))

    def apply(
        self, gray: Gray, frame: Frame, state: Room, within: Mask | None = None
    ) -> Iterator[Frame]:
        gray = values.eight_bit(gray)
        found = state.watch.see(gray, frame.time, self.min_area.pixels(frame.size), within)
        share = float(found.areas.sum()) / gray.size
        rows = state.episodes.see(share, len(found.boxes), frame.time.exact)
        if state.last is not None:
            yield state.last
        state.last = _told(frame.found(_objects(found.boxes, found.areas, frame)), rows)

    def flush(self, state: Room) -> Iterator[Frame]:
        if state.last is not None:
            yield _told(state.last, state.episodes.close())


def _objects(boxes: Array, areas: Array, frame: Frame) -> values.Objects:
    count = len(boxes)
    return values.Objects(
        frame.grid,
        boxes,
        labels=("motion",) * count,
        step=("motion",) * count,
        attributes={"area": areas.round(1)},
    )


def _told(frame: Frame, rows: list[Mapping[str, values.Cell]]) -> Frame:
    if not rows:
        return frame
    others = frame.get(values.Event)
    return frame.put(values.Event((*(others.rows if others is not None else ()), *rows)))
