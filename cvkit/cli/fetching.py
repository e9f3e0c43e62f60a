"""How a download goes, on stderr: a bar on a terminal, a line every few seconds elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TextIO

from cvkit.cli import terminal

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

EVERY = 5.0
"""Seconds between the lines where there is no terminal."""


class Fetching:
    """Call it with the file, the bytes that are there and how many there will be; then close it."""

    def __init__(
        self, stream: TextIO, *, bars: bool, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stream, self._bars, self._clock = stream, bars, clock
        self._name = ""
        self._said = 0.0
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def __call__(self, name: str, done: int, total: int | None) -> None:
        if not self._bars:
            self._line(name, done, total)
            return
        if name != self._name:
            self._begin(name, done, total)
        assert self._bar is not None
        assert self._task is not None
        self._bar.update(self._task, completed=done, total=total)
        if done == total:
            self.close()

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
        self._name = ""

    def _begin(self, name: str, done: int, total: int | None) -> None:
        from rich.console import Console
        from rich.markup import escape
        from rich.progress import (
            BarColumn,
            DownloadColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
            TransferSpeedColumn,
        )

        self.close()
        self._name = name
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(compact=True),
            console=Console(file=self._stream),
            transient=True,
            refresh_per_second=8,
        )
        self._bar.start()
        self._task = self._bar.add_task(escape(terminal.plain(name)), total=total, completed=done)

    def _line(self, name: str, done: int, total: int | None) -> None:
        now = self._clock()
        if name == self._name and done != total and now - self._said < EVERY:
            return
        if name == self._name and done == total:
            self._name = ""
        else:
            self._name, self._said = name, now
        of = f" of {megabytes(total)}" if total else ""
        try:
            self._stream.write(f"fetching {terminal.plain(name)}: {megabytes(done)}{of}\n")
            self._stream.flush()
        except (OSError, ValueError):
            pass  # nobody listens


def megabytes(size: float) -> str:
    """`0.4 MB`, `22.6 MB`, `137 MB`, of a number of bytes."""
    count = size / 1e6
    return f"{count:.0f} MB" if count >= 100 else f"{count:.1f} MB"
