"""stdout as a sink: stills wait for their turn, moving inputs go straight on.

The coordinator alone writes, so that it is the writer's thread: what comes is worked out by others.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

from cvkit.core.errors import OutputError, UsageError
from cvkit.engine.outputs import RESULTS
from cvkit.engine.records import Records
from cvkit.engine.report import Item, Outcome
from cvkit.engine.sinks import Made, Medium, Sink
from cvkit.engine.stretches import Stretch

if TYPE_CHECKING:
    from cvkit.engine.check import Job
    from cvkit.io.stream import Head, StreamWriter


class Pipe(Protocol):
    """What stdout carries, input after input."""

    def about(self, item: Item, medium: Medium, notes: list[str]) -> Any:  # noqa: ANN401
        """What it has to know of an input; asked for by whichever thread works on it."""

    def ready(self, about: Any, made: Made) -> Any:  # noqa: ANN401
        """A frame as `write` takes it; made by whichever thread works on it."""

    def begin(self, about: Any) -> None: ...  # noqa: ANN401
    def write(self, ready: Any) -> None: ...  # noqa: ANN401
    def finish(self) -> None:
        """The input that was begun is whole."""

    def gap(self, source: str, gap: Mapping[str, object]) -> None:
        """Which frames a damaged input lacks."""

    def failed(self, outcome: Outcome) -> None:
        """An input that failed: before anything of it came, or after some of its frames."""

    def end(self, code: int, error: str) -> None:
        """The last that is written, whatever happened."""


class Held:
    """What of a still goes to stdout, until the coordinator writes it in its turn."""

    def __init__(self, pipe: Pipe, item: Item, medium: Medium, notes: list[str]) -> None:
        self._pipe, self._about = pipe, pipe.about(item, medium, notes)
        self._ready: list[Any] = []

    def write(self, made: Made, number: int) -> None:
        self._ready.append(self._pipe.ready(self._about, made))

    def close(self) -> list[str]:
        return []

    def abort(self) -> None:
        self._ready.clear()

    def pass_on(self) -> None:
        self._pipe.begin(self._about)
        for ready in self._ready:
            self._pipe.write(ready)
        self._pipe.finish()


class Straight:
    """Frames of a moving input, to stdout as they come."""

    def __init__(self, pipe: Pipe, item: Item, medium: Medium, notes: list[str]) -> None:
        self._pipe, self._input = pipe, (item, medium, notes)
        self._about: Any = None

    def write(self, made: Made, number: int) -> None:
        if self._about is None:
            item, medium, notes = self._input
            self._stretch = Stretch(medium, moved=False)
            medium = self._stretch.begin(made.frame.time)
            self._about = self._pipe.about(item, medium, notes)
            self._pipe.begin(self._about)
        self._stretch.shows(made.frame.time)
        self._pipe.write(self._pipe.ready(self._about, made))

    def gap(self, source: str, gap: Mapping[str, object]) -> None:
        self._pipe.gap(source, gap)

    def close(self) -> list[str]:
        if self._about is not None:
            self._pipe.finish()
        return []

    def abort(self) -> None:
        """The coordinator says what failed."""


class FrameStream:
    """The frame stream: each frame with everything that is known of it."""

    def __init__(self, writer: StreamWriter) -> None:
        self._writer = writer

    def about(self, item: Item, medium: Medium, notes: list[str]) -> tuple[int, Head]:
        from cvkit.io.stream import Head

        known = (item.name, medium.moving, medium.format, medium.rate, medium.sound)
        told = (medium.album.all(), medium.aspect, medium.cut, medium.about)
        return item.number, Head(*known, *told)

    def ready(self, about: object, made: Made) -> Made:
        return made

    def begin(self, about: tuple[int, Head]) -> None:
        self._writer.begin(*about)

    def write(self, ready: Made) -> None:
        self._writer.frame(ready.frame)

    def finish(self) -> None:
        self._writer.finish_item()

    def gap(self, source: str, gap: Mapping[str, object]) -> None:
        self._writer.gap(gap)

    def failed(self, outcome: Outcome) -> None:
        item = outcome.item
        # The reader names it as outputs do, and cannot read it anew.
        error = outcome.error
        if error.startswith(item.shown):
            error = item.name + error[len(item.shown) :]
        error = error.replace("--on-corrupt salvage", "--on-corrupt salvage before the pipe")
        self._writer.failed(item.number, item.name, error, outcome.code)

    def end(self, code: int, error: str) -> None:
        self._writer.end(code, error)


def open_pipe(job: Job, stdout: BinaryIO | None) -> Pipe | None:
    """What the job writes to stdout, or to `stdout` in its place; None where that is nothing.

    Raises UsageError where it is a terminal, OutputError where it is closed.
    """
    output = next((o for o in job.outputs if o.on_stdout and o.kind != "preview"), None)
    if output is None:
        return None
    file = stdout or _stdout(output.text, lines=output.suffix in RESULTS)
    if output.kind != "stream":
        from cvkit.engine.piped import pipe_of

        return pipe_of(output, file, job)
    from cvkit.core.values import KINDS
    from cvkit.io.stream import StreamWriter

    only = None
    if job.options.only:
        unknown = [k for k in job.options.only if k.lower() not in KINDS]
        if unknown:
            raise UsageError(f"--only {unknown[0]}: no such kind", remedy=", ".join(KINDS))
        only = {KINDS[k.lower()] for k in job.options.only}
    items = len(job.items) if job.upstream is None else job.upstream.items
    items = 1 if job.rest is not None else items
    models = [model.plain() for model in job.models]
    writer = StreamWriter(file, only=only, items=items, models=models, classes=job.classes)
    return FrameStream(writer)


def _stdout(text: str, *, lines: bool) -> BinaryIO:
    from cvkit.io.pipes import widen

    if sys.stdout is None:
        raise OutputError("stdout is closed", why=f"-o {text} writes to it")
    if sys.stdout.isatty() and not lines:
        raise UsageError(
            f"-o {text} writes what is not for people",
            why="stdout is a terminal",
            remedy="pipe it on, or write it to a file: > FILE",
        )
    widen(sys.stdout.fileno())
    return sys.stdout.buffer


def mark(gaps: Sequence[Mapping[str, object]], outcome: Outcome, sinks: Sequence[Sink]) -> None:
    """Tell the results what a damaged input lacks."""
    for gap in gaps:
        outcome.gaps.append(dict(gap))
        for sink in sinks:
            if isinstance(sink, Records | Straight):
                sink.gap(outcome.item.name, gap)
    tables = [suffix for sink in sinks if isinstance(sink, Records) for suffix in sink.tables]
    if gaps and tables:
        outcome.notes.append(
            f"{outcome.item.name}: {', '.join(tables)} holds no mark of what is missing;"
            " .jsonl and --json do"
        )
