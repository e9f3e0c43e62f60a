"""A chain at work on one input: segments put together for a still or for a moving input."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import closing as closing_context
from dataclasses import dataclass, replace
from itertools import chain, groupby
from typing import TYPE_CHECKING, Any

from cvkit.core.errors import ChainError, InputError, InternalError
from cvkit.core.frame import Frame
from cvkit.core.grid import Grid
from cvkit.core.options import RunOptions
from cvkit.core.values import Raster, Value
from cvkit.engine.bind import Bound
from cvkit.engine.plan import Chain
from cvkit.engine.resources import Resources
from cvkit.engine.segments import batched, closing, pooled, prefetch, serial
from cvkit.engine.sinks import Made

if TYPE_CHECKING:
    from concurrent.futures import Executor


@dataclass(frozen=True)
class Flow:
    """The steps of a chain with what they need to run."""

    chain: Chain
    resources: Resources
    options: RunOptions
    picture: bool
    """Whether some output takes a picture, so that marks have to be drawn."""

    def still(self, frame: Frame) -> Iterator[Made]:
        """In the calling thread, from a frame to what becomes of it."""
        frames: Iterator[Frame] = iter([frame])
        for step in self.chain.steps:
            if step.gathers and step.stage.gathers == "stream":
                frames = _gathered(step, frames, self._work)
            elif step.serial:
                frames = self._serial(step, frames)
            else:
                frames = _each(step, frames, self._work)
        try:
            for out in frames:
                yield self.finish(out)
        finally:
            closing(frames)

    def moving(
        self, frames: Iterator[Frame], pool: Executor, depth: int, expected: int | None = None
    ) -> Iterator[Made]:
        """Segments in threads; order, and what is in a batch, are the same in every run.

        `expected`: how many frames there are, where a step wants to know and it is known.
        """
        counting = self.chain.counting if expected is not None else None
        made: Iterator[Any] = prefetch(frames, depth)
        groups = [(k, list(g)) for k, g in groupby(self.chain.steps, self._segment)]
        for kind, steps in groups:
            if kind == "map":
                made = pooled(self._mapped(steps), made, pool, depth)
                continue
            for step in steps:
                if kind == "gather":
                    made = _gathered(step, made, self._work)
                elif kind == "batch":
                    made = prefetch(batched(self._batch(step), made, self._batch_size(step)), depth)
                else:
                    known = expected if step is counting else None
                    made = prefetch(self._serial(step, made, known), depth)
        if self.chain.drawn is not None and self.picture:
            return pooled(lambda f: [self.finish(f)], made, pool, depth)
        return map_closing(self.finish, made)

    def finish(self, frame: Frame) -> Made:
        if not self.picture:
            return Made(frame, None)
        if self.chain.drawn is None:
            return Made(frame, frame.raster)
        return Made(frame, self.chain.drawn.frames(frame, None)[0].raster)

    def _segment(self, step: Bound) -> str:
        if step.gathers and step.stage.gathers == "stream":
            return "gather"
        if step.serial:
            return "serial"
        if not step.sig.batched:
            return "map"
        # What takes one frame at a time (a cascade, a network on a processor) works on several
        # side by side: that is faster than one after the other on all processors.
        shared = getattr(self.resources.ready(step), "sharing", "per_thread") == "shared"
        return "batch" if shared and self._batch_size(step) > 1 else "map"

    def _mapped(self, steps: list[Bound]) -> Callable[[Frame], list[Frame]]:
        def work(frame: Frame) -> list[Frame]:
            frames = [frame]
            for step in steps:
                frames = [out for f in frames for out in self._work(step, f)]
            return frames

        return work

    def _work(self, step: Bound, frame: Frame) -> list[Frame]:
        resource, lock = self.resources(step), self.resources.lock_of(step)
        if lock is None:
            return _located(step, frame, lambda: step.frames(frame, resource))
        with lock:
            return _located(step, frame, lambda: step.frames(frame, resource))

    def _serial(
        self, step: Bound, frames: Iterator[Frame], expected: int | None = None
    ) -> Iterator[Frame]:
        def work(frame: Frame, state: object) -> list[Frame]:
            resource = self.resources(step)
            return _located(step, frame, lambda: step.frames(frame, resource, state))

        if not step.stage.spools:
            return serial(step.start, work, step.flush, frames)
        return _spooled(step, work, frames, expected)

    def _batch(self, step: Bound) -> Callable[[list[Frame]], list[Frame]]:
        def work(frames: list[Frame]) -> list[Frame]:
            resource = self.resources(step)
            sizes = {f.size for f in frames}
            if len(sizes) > 1:
                return [out for f in frames for out in step.batch([f], resource)]
            return _located(step, frames[0], lambda: step.batch(frames, resource))

        return work

    def _batch_size(self, step: Bound) -> int:
        return max(1, int(getattr(self.resources.ready(step), "batch", 1) or 1))


def map_closing(work: Callable[[Frame], Made], frames: Iterator[Frame]) -> Iterator[Made]:
    try:
        for frame in frames:
            yield work(frame)
    finally:
        closing(frames)


def _each(
    step: Bound, frames: Iterator[Frame], work: Callable[[Bound, Frame], list[Frame]]
) -> Iterator[Frame]:
    try:
        for frame in frames:
            yield from work(step, frame)
    finally:
        closing(frames)


def _spooled(
    step: Bound,
    work: Callable[[Frame, object], list[Frame]],
    frames: Iterator[Frame],
    expected: int | None,
) -> Iterator[Frame]:
    """A stream stage that may keep frames on disk."""
    from cvkit.io.stream.spool import FrameSpool

    try:
        with FrameSpool(expected) as spool:
            yield from serial(lambda: step.start(spool), work, step.flush, frames)
    finally:
        closing(frames)


def _located(step: Bound, frame: Frame, work: Callable[[], list[Frame]]) -> list[Frame]:
    """With the frame's number in the error, where there are several."""
    try:
        return work()
    except (InputError, InternalError, ChainError) as error:
        if frame.index or frame.time.pts:
            raise error.about(f"frame {frame.index}") from error
        raise


def _gathered(
    step: Bound, frames: Iterator[Frame], work: Callable[[Bound, Frame], list[Frame]]
) -> Iterator[Frame]:
    """A gather over one stream: it takes the rows as they come, then one frame comes."""
    rows = (out for frame in frames for out in work(step, frame))
    try:
        first = next(rows, None)
        if first is not None:
            taken = (row.only(step.given) for row in chain([first], rows))
            yield gathered(step, taken, first)
    finally:
        closing(frames)


def gathered(step: Bound, rows: Iterator[Frame], like: Frame | None) -> Frame:
    """The new frame that a gather's result makes."""
    with closing_context(_generator(rows)) as flowing:
        result = step.stage.gather(flowing)  # type: ignore[attr-defined]
    values: tuple[Value, ...] = result if isinstance(result, tuple) else (result,)
    raster = next((v for v in values if isinstance(v, Raster)), None)
    grid = raster.grid if raster is not None else Grid.of((1, 1))
    frame = Frame((), grid)
    if like is not None:
        frame = replace(frame, source=like.source, index=like.index, time=like.time)
    for value in values:
        frame = frame.put(value)
    return frame


def _generator(rows: Iterator[Frame]) -> Generator[Frame, None, None]:
    yield from rows
