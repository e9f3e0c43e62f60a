"""Spool: where a stage that has to see the whole of a stream keeps its frames meanwhile.

A stage that sets `spools` is started with one: `start(self, spool: Spool | None = None)`. The
engine lends one on disk, in the frame stream's encoding, so that memory does not grow with length;
a stage that is called on one picture keeps it in memory.
"""

from __future__ import annotations

from typing import Protocol

from cvkit.core.frame import Frame


class Spool(Protocol):
    """Frames in the order in which they were added, each to be read as often as wanted."""

    expected: int | None
    """How many frames the stream has, where that is known before they come."""

    def add(self, frame: Frame) -> None: ...
    def __len__(self) -> int: ...
    def __getitem__(self, number: int) -> Frame: ...


class Held:
    """A spool in memory."""

    expected: int | None = None

    def __init__(self) -> None:
        self._frames: list[Frame] = []

    def add(self, frame: Frame) -> None:
        self._frames.append(frame)

    def __len__(self) -> int:
        return len(self._frames)

    def __getitem__(self, number: int) -> Frame:
        return self._frames[number]
