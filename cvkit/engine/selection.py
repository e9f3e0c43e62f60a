"""Which frames of a moving input are worked on: --frames A:B:STEP and --duration."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING

from cvkit.core.errors import DamagedError, InputError
from cvkit.core.frame import Frame
from cvkit.core.options import RunOptions
from cvkit.core.time import Time
from cvkit.core.units import Duration
from cvkit.engine.segments import closing
from cvkit.io.sources.decoding import before
from cvkit.io.sources.joined import Joined
from cvkit.io.sources.opening import Numbered, Recorded

if TYPE_CHECKING:
    from cvkit.io.sources.opening import Moving


@dataclass
class Count:
    """How many frames of an input were read: those between A and B, whatever STEP leaves out."""

    read: int = 0

    def of(self, frames: Iterator[Frame]) -> Iterator[Frame]:
        """The same frames, counted."""
        try:
            for frame in frames:
                self.read += 1
                yield frame
        finally:
            closing(frames)


def is_whole(options: RunOptions) -> bool:
    """Whether every frame is wanted."""
    return options.frames is None and options.duration is None


def is_unbroken(options: RunOptions) -> bool:
    """Whether no frame is left out between two that are wanted."""
    return options.frames is None or options.frames.step == 1


def ends_at(clip: Moving, options: RunOptions) -> Fraction | None:
    """When what is wanted ends, in seconds; None for the end of the input."""
    chosen, rate = options.frames, clip.rate or Fraction(25)

    def at(edge: Duration | None) -> Fraction | None:
        edge = _from_end(edge, clip)
        return None if edge is None else edge.value / (1 if edge.unit == "s" else rate)

    stop = at(chosen.stop) if chosen is not None else None
    lasts = at(options.duration)
    start = (at(chosen.start) if chosen is not None else None) or Fraction(0)
    ends = [end for end in (stop, None if lasts is None else start + lasts) if end is not None]
    return min(ends, default=None)


def foreseen(clip: Moving, options: RunOptions) -> int | None:
    """How many frames are wanted, as far as the file says without being read."""
    declared, rate, chosen = clip.frames_declared, clip.rate or Fraction(25), options.frames
    if declared is None:
        return None

    def at(edge: Duration | None, usual: Fraction) -> Fraction:
        if edge is None:
            return usual
        frames = edge.value * (rate if edge.unit == "s" else 1)
        return min(max(frames + (declared if frames < 0 else 0), Fraction(0)), Fraction(declared))

    start, stop, step = Fraction(0), Fraction(declared), 1
    if chosen is not None:
        start, stop, step = at(chosen.start, start), at(chosen.stop, stop), chosen.step
    if options.duration is not None:
        stop = min(stop, start + at(options.duration, stop))
    return max(1, ceil((stop - start) / step))


def selected(clip: Moving, name: str, options: RunOptions, count: Count) -> Iterator[Frame]:
    """The frames wanted, with the source's own numbers and times. Nothing is read after the last
    one, and little before the first one where the input can be begun anywhere.

    Raises InputError where there is none, or an edge counts from an end that is not known.
    """
    chosen = options.frames
    start = _from_end(chosen.start, clip) if chosen is not None else None
    stop = _from_end(chosen.stop, clip) if chosen is not None else None
    step = chosen.step if chosen is not None else 1
    number = 0
    if start is not None and start.value > 0 and isinstance(clip, Recorded):
        number = clip.begin(start)
    frames = _numbered(clip, name, number)
    begun: Time | None = None
    last: Time | None = None
    kept = 0
    try:
        for frame in frames:
            if start is not None and before(frame.index, frame.time, start):
                continue
            if stop is not None and not before(frame.index, frame.time, stop):
                break
            begun, last = begun or frame.time, frame.time
            if options.duration is not None and _spent(options.duration, frame, begun, count.read):
                break
            wanted = count.read % step == 0
            count.read += 1
            if wanted:
                kept += 1
                yield frame
            if _last(frame, stop, options.duration, count.read):
                break
    except DamagedError:
        # Damage after the last frame wanted is no matter.
        if last is None or not _ends(last, clip, stop, _end(begun, options.duration)):
            raise
    finally:
        closing(frames)
    if not kept:
        asked = f"--frames {chosen}" if chosen is not None else f"--duration {options.duration}"
        raise InputError(f"{asked} holds no frame of this video")


def _numbered(clip: Moving, name: str, number: int) -> Iterator[Frame]:
    decoded = iter(clip)
    try:
        for index, (at, image) in enumerate(decoded, number):
            source = clip.name if isinstance(clip, Joined) else name
            index = clip.number if isinstance(clip, Numbered) else index
            yield Frame((image,), image.grid, index=index, time=at, source=source)
            del image
    finally:
        closing(decoded)


def _last(frame: Frame, stop: Duration | None, duration: Duration | None, read: int) -> bool:
    """Whether no frame after this one is wanted, as far as numbers say."""
    ends = stop is not None and stop.unit == "f" and frame.index + 1 >= stop.value
    full = duration is not None and duration.unit == "f" and read >= duration.value
    return ends or full


def _ends(last: Time, clip: Moving, *ends: Duration | None) -> bool:
    """Whether the frame after this one would come at or after one of these instants."""
    after = last.pts * last.base + (1 / clip.rate if clip.rate else 0)
    return any(end is not None and end.unit == "s" and after >= end.value for end in ends)


def _end(begun: Time | None, duration: Duration | None) -> Duration | None:
    if begun is None or duration is None or duration.unit == "f":
        return None
    return Duration(begun.pts * begun.base + duration.value)


def _from_end(edge: Duration | None, clip: Moving) -> Duration | None:
    """An edge as it counts from the start."""
    if edge is None or edge.value >= 0:
        return edge
    if edge.unit == "s" and clip.duration is not None:
        return Duration(max(Fraction(0), Fraction(clip.duration) + edge.value))
    if not isinstance(clip, Recorded):
        what = "how many frames there are" if edge.unit == "f" else "how long this video is"
        raise InputError(f"{what} is not known", remedy="count from the start")
    frames, end = clip.length()
    whole = Fraction(frames) if edge.unit == "f" else end
    return Duration(max(Fraction(0), whole + edge.value), edge.unit)


def _spent(duration: Duration, frame: Frame, begun: Time, number: int) -> bool:
    if duration.unit == "f":
        return number >= duration.value
    passed = frame.time.pts * frame.time.base - begun.pts * begun.base
    return bool(passed >= duration.value)
