"""Progress for people, on stderr: bars on a terminal, a line every few seconds elsewhere.

A run that ends within half a second shows nothing, so that one picture never pays for rich.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self, TextIO

from cvkit.cli import terminal

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

    from cvkit.cli.arguments import ShellOptions
    from cvkit.cli.fetching import Fetching
    from cvkit.engine.report import Event

WAIT = 0.5
"""Seconds before a bar appears."""
EVERY = 5.0
"""Seconds between the lines where there is no terminal."""


class Progress:
    """Call it with each event; leave the context and every bar is gone."""

    def __init__(
        self,
        stream: TextIO,
        mode: Literal["bars", "lines", "notes", "nothing"],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stream = stream
        self._mode = mode
        self._clock = clock
        self._began = self._said = clock()
        self._items: int | None = None
        self._done = 0
        self._fetch: Fetching | None = None
        self._bars: Bars | None = None
        self._task: TaskID | None = None

    @classmethod
    def of(cls, shell: ShellOptions, stream: TextIO) -> Progress:
        """As asked for; without a word from the user, bars only on a terminal."""
        if shell.quiet:
            return cls(stream, "nothing")
        if shell.progress is False:
            return cls(stream, "notes")
        return cls(stream, "bars" if terminal.is_terminal(stream) else "lines")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._fetch is not None:
            self._fetch.close()
        if self._bars is not None:
            self._bars.stop()
            self._bars = None

    def __call__(self, event: Event) -> None:
        if self._mode == "nothing":
            return
        if event.kind == "note":
            self._note(event.text)
            return
        if self._mode == "notes":
            return
        if event.kind == "fetch":
            self._fetched(event)
            return
        if event.kind == "start":
            self._items = event.total
        now = self._clock()
        if self._mode == "bars":
            if now - self._began >= WAIT:
                self._draw(event)
        elif now - self._said >= EVERY:
            self._said = now
            self._line(told(event, now - self._began))

    def _note(self, text: str) -> None:
        if self._bars is not None:
            self._bars.console.print(text, markup=False, highlight=False)
        else:
            self._line(text)

    def _fetched(self, event: Event) -> None:
        if self._fetch is None:
            from cvkit.cli.fetching import Fetching

            self._fetch = Fetching(self._stream, bars=self._mode == "bars")
        self._fetch(event.name, event.done, event.total)

    def _line(self, text: str) -> None:
        try:
            self._stream.write(text + "\n")
            self._stream.flush()
        except (OSError, ValueError):
            self._mode = "nothing"  # nobody listens

    def _draw(self, event: Event) -> None:
        if self._bars is None:
            self._bars = _bars(self._stream)
            self._bars.start()
            self._task = self._bars.add_task("", total=event.total, what="")
        assert self._task is not None
        alone = self._items == 1
        if alone and event.kind == "item":
            return  # its frames have told all
        total, done = (event.frames_total, event.frames) if alone else (event.total, event.done)
        if not alone and event.kind == "frames":
            total, done = self._items, self._done
        self._done = done
        self._bars.update(
            self._task,
            total=total,
            completed=done,
            what=_what(event, self._clock() - self._began),
            description=_short(event.name),
        )


def told(event: Event, seconds: float) -> str:
    """`120 of 500, 2 failed, 38/s, about 10 s left: a.jpg`."""
    if event.kind == "frames":
        return _frames_told(event, seconds)
    of = f" of {event.total}" if event.total else ""
    rate = _rate(event, seconds)
    left = ""
    if event.total and event.done:
        remaining = seconds / event.done * (event.total - event.done)
        left = f", about {span(remaining)} left" if remaining >= 1 else ""
    failed = f", {event.failed} failed" if event.failed else ""
    return f"{event.done}{of}{failed}{rate}{left}: {event.name}"


def _frames_told(event: Event, seconds: float) -> str:
    """`93 of 150 frames, 18/s, about 3.2 s left: v.mp4`."""
    of = f" of {event.frames_total}" if event.frames_total else ""
    left = ""
    if event.frames_total and event.frames:
        remaining = seconds / event.frames * (event.frames_total - event.frames)
        left = f", about {span(remaining)} left" if remaining >= 1 else ""
    rate = per_second(event.frames, seconds)
    return f"{event.frames}{of} frames, {rate}{left}: {event.name}"


def span(seconds: float) -> str:
    """`0.4 s`, `12 s`, `3 min 05 s`, `2 h 10 min`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def per_second(count: float, seconds: float) -> str:
    rate = count / seconds if seconds > 0 else 0
    return f"{rate:.0f}/s" if rate >= 10 else f"{rate:.1f}/s"


def _rate(event: Event, seconds: float) -> str:
    if event.frames:
        return f", {event.frames} frames, {per_second(event.frames, seconds)}"
    return f", {per_second(event.done, seconds)}" if event.done else ""


def _what(event: Event, seconds: float) -> str:
    failed = f"[red]{event.failed} failed[/] " if event.failed else ""
    return failed + _rate(event, seconds).removeprefix(", ")


def _short(name: str, limit: int = 28) -> str:
    from rich.markup import escape

    plain = "".join(c if c.isprintable() else "?" for c in name)
    return escape(plain if len(plain) <= limit else "…" + plain[-limit + 1 :])


def _bars(stream: TextIO) -> Bars:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    return Progress(
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("{task.fields[what]}"),
        TimeRemainingColumn(compact=True),
        TextColumn("[dim]{task.description}[/]"),
        console=Console(file=stream),
        transient=True,
        refresh_per_second=8,
    )
