"""Profile: where the time of a run goes, by step. A run without it does not know of it.

Every step, the source and each sink are replaced by one that looks at the clock before and after.
Threads work side by side, so that the seconds of all steps may be more than the run took.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, TypeVar

from cvkit.core.frame import Frame
from cvkit.engine.bind import Bound
from cvkit.engine.segments import closing
from cvkit.engine.tally import Tally

if TYPE_CHECKING:
    from cvkit.engine.check import Job
    from cvkit.engine.plan import Chain
    from cvkit.engine.sinks import Made, Sink

_T = TypeVar("_T")

BUSY = 0.85
"""The part of all processors' time from which on they bound a run."""
OFTEN = 0.6
"""The part of the time for which a thread works that bounds a run."""
_POOLS = ("cvkit-frames", "cvkit-stills")
_OWN = "cvkit-prefetch"
"""Names of threads, as `lent` and `segments` give them."""
_SINKS = {
    "Film": "encode",
    "Scenes": "encode",
    "Records": "results",
    "Frames": "preview",
    "Straight": "pipe",
    "Held": "pipe",
}


@dataclass
class Row:
    """One step: how often it was at work and for how long, in all threads."""

    name: str
    calls: int = 0
    seconds: float = 0.0
    _threads: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def lane(self) -> str:
        """Rows of one lane take turns: in the pool, the coordinator, or a thread of their own."""
        if any(name.startswith(_POOLS) for name in self._threads):
            return "pool"
        return self.name if _OWN in self._threads else "coordinator"

    def counted(self) -> None:
        with self._lock:
            self.calls += 1

    @contextmanager
    def timed(self, *, counts: bool = True) -> Iterator[None]:
        start = time.perf_counter()
        try:
            yield
        finally:
            took = time.perf_counter() - start
            with self._lock:
                self.seconds += took
                self.calls += counts
                self._threads.add(threading.current_thread().name)


@dataclass(frozen=True)
class Found:
    """What a profile says. `share` is of all rows' seconds; `ms` is of a frame that was read."""

    rows: tuple[tuple[str, int, float, float, float], ...]
    """Name, calls, seconds, ms, share."""
    frames: int
    seconds: float
    processors: int
    busy: float
    """How many processors worked all the time, on average."""
    bound: str

    @property
    def per_second(self) -> float:
        return self.frames / self.seconds if self.seconds else 0.0

    @property
    def ms(self) -> float:
        return self.seconds / self.frames * 1000 if self.frames else 0.0

    def plain(self) -> dict[str, object]:
        """As JSON has it."""
        names = ("step", "calls", "seconds", "ms_per_frame", "share")
        rows = [
            dict(zip(names, (n, c, round(s, 4), round(ms, 4), round(share, 4)), strict=True))
            for n, c, s, ms, share in self.rows
        ]
        return {
            "steps": rows,
            "frames": self.frames,
            "seconds": round(self.seconds, 4),
            "frames_per_second": round(self.per_second, 3),
            "ms_per_frame": round(self.ms, 4),
            "processors": self.processors,
            "processors_busy": round(self.busy, 2),
            "bound_by": self.bound,
        }


class Profile:
    """The clocks of one run; give it the job before the run, and ask what it found after it."""

    def __init__(self) -> None:
        self._source = Row("decode")
        self._steps: list[Row] = []
        self._sinks: dict[str, Row] = {}
        self.tally: Tally | None = None
        """What was found, where a model looks for it."""
        self._jobs = 1
        self._began = self._ended = 0.0
        self._cpu = (0.0, 0.0)

    def job(self, job: Job) -> Job:
        """The same job, with clocks."""
        self._jobs = job.options.jobs or os.cpu_count() or 1
        if job.upstream is not None:
            self._source.name = "read"
        if job.rest is None and any(step.stage.needs & {"model"} for step in job.chain.steps):
            self.tally = Tally()
        rest = job.rest and self._chain(job.rest)
        return replace(job, chain=self._chain(job.chain), rest=rest, profile=self)

    def _chain(self, chain: Chain) -> Chain:
        # What is there after the last step that the user wrote is what was found.
        last = next((step for step in reversed(chain.steps) if step.number), None)
        steps = tuple(self._timed(step, counts=step is last) for step in chain.steps)
        return replace(chain, steps=steps, drawn=chain.drawn and self._timed(chain.drawn))

    def _timed(self, step: Bound, *, counts: bool = False) -> Bound:
        row = Row(f"{step.number} {step.name}" if step.number else step.name)
        self._steps.append(row)
        own = {f.name: getattr(step, f.name) for f in fields(Bound)}
        return _Timed(**own, row=row, tally=self.tally if counts else None)

    def source(self, frames: Iterator[_T]) -> Iterator[_T]:
        """The same frames; the clock runs while one is waited for."""
        if not self._began:
            self._began, self._cpu = time.perf_counter(), (time.process_time(), 0.0)
        return _pulled(frames, self._source)

    def sinks(self, sinks: list[Sink]) -> list[Sink]:
        return [_Clocked(sink, self._row(sink), self) for sink in sinks]

    def ended(self) -> None:
        """An input has been finished."""
        self._ended = time.perf_counter()
        self._cpu = (self._cpu[0], time.process_time())

    def _row(self, sink: Sink) -> Row:
        name = _SINKS.get(type(sink).__name__, "write")
        return self._sinks.setdefault(name, Row(name))

    def found(self) -> Found:
        rows = [r for r in (self._source, *self._steps, *self._sinks.values()) if r.calls]
        frames, total = self._source.calls, sum(r.seconds for r in rows) or 1.0
        wall = max(self._ended - self._began, 0.0)
        busy = max(self._cpu[1] - self._cpu[0], 0.0) / wall if wall else 0.0
        told = tuple(
            (r.name, r.calls, r.seconds, r.seconds / max(frames, 1) * 1000, r.seconds / total)
            for r in rows
        )
        processors = os.cpu_count() or 1
        return Found(told, frames, wall, processors, busy, self._bound(rows, wall, busy))

    def _bound(self, rows: list[Row], wall: float, busy: float) -> str:
        """What a faster run would need to be faster in."""
        if not rows or not wall:
            return ""
        loads: dict[str, float] = {}
        for row in rows:
            lanes = self._jobs if row.lane == "pool" else 1
            loads[row.lane] = loads.get(row.lane, 0.0) + row.seconds / wall / lanes
        if busy >= BUSY * (os.cpu_count() or 1):
            most = max(rows, key=lambda r: r.seconds)
            return f"the processors, most of all {most.name}"
        lane = max(loads, key=lambda name: loads[name])
        most = max((r for r in rows if r.lane == lane), key=lambda r: r.seconds)
        if loads[lane] < OFTEN:
            return "nothing that is at work for long: threads wait for one another"
        why = {"read": "the process before it", "preview": "the pace of what is watched"}
        return f"{most.name}, {why.get(most.name, f'at work for {loads[lane]:.0%} of the time')}"


@dataclass(frozen=True, eq=False, kw_only=True)
class _Timed(Bound):
    """A step with its clock, and maybe a count of what there is after it."""

    row: Row
    tally: Tally | None

    def frames(self, frame: Frame, resource: object, state: object = None) -> list[Frame]:
        if self.sig.batched:  # comes through `batch`
            return super().frames(frame, resource, state)
        with self.row.timed():
            return self._counted(super().frames(frame, resource, state))

    def batch(self, frames: list[Frame], resource: object) -> list[Frame]:
        with self.row.timed():
            return self._counted(super().batch(frames, resource))

    def flush(self, state: object) -> Iterator[Frame]:
        for frame in _pulled(super().flush(state), self.row, counts=False):
            self._counted([frame])
            yield frame

    def _counted(self, frames: list[Frame]) -> list[Frame]:
        if self.tally is not None:
            self.tally.add(frames)
        return frames


class _Clocked:
    """A sink with its clock."""

    def __init__(self, sink: Sink, row: Row, profile: Profile) -> None:
        self._sink, self._row, self._profile = sink, row, profile

    def write(self, made: Made, number: int) -> None:
        with self._row.timed():
            self._sink.write(made, number)

    def close(self) -> list[str]:
        with self._row.timed(counts=False):
            written = self._sink.close()
        self._profile.ended()
        return written

    def abort(self) -> None:
        self._sink.abort()


def _pulled(items: Iterator[_T], row: Row, *, counts: bool = True) -> Iterator[_T]:
    """The same, timed until each is there; the end of them is no call."""
    try:
        while True:
            with row.timed(counts=False):
                item = next(items, None)
            if item is None:
                return
            if counts:
                row.counted()
            yield item
            del item
    finally:
        closing(items)
