"""stdin: a frame stream, a video or pictures as they come, or one file; told by content."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cvkit.core.errors import DamagedError, InputError, OutputError, UsageError
from cvkit.core.frame import Frame
from cvkit.core.options import RunOptions
from cvkit.engine.known import Known
from cvkit.engine.plan import known_of
from cvkit.io.codecs.formats import FORMAT_SUFFIX
from cvkit.io.codecs.sniff import HEAD, MOVING, sniff
from cvkit.io.pipes import WIDE, Incoming
from cvkit.io.pipes import widen as widen

if TYPE_CHECKING:
    from cvkit.io.codecs.asked import Asked
    from cvkit.io.sources.opening import Moving
    from cvkit.models.origin import Origin

NAME = "stdin"


@dataclass
class Upstream:
    """A frame stream whose first frame has been looked at, a moving input that is decoded as it
    comes, or a file that held what was piped."""

    incoming: Incoming
    file: io.BufferedReader
    reader: Any = None
    known: Known | None = None
    opens: Callable[[Asked], Moving] | None = None
    path: str = ""
    suffix: str = ""
    joins: bool = False
    """Whether all that comes is worked on as one."""

    @property
    def items(self) -> int | None:
        """How many inputs a frame stream is for the run, where that is known."""
        known: int | None = self.reader.items
        return 1 if self.joins else known

    @property
    def models(self) -> list[Origin]:
        """What found the things that come along."""
        from cvkit.models.origin import Origin

        told = [] if self.reader is None else self.reader.models
        return [Origin(m["name"], licence=m["licence"], told=m["sha256"]) for m in told]

    @property
    def classes(self) -> list[dict[int, str]]:
        """What each step that found or recalled them can name, by number."""
        told: list[dict[int, str]] = [] if self.reader is None else self.reader.classes
        return told

    @property
    def pictures(self) -> bool:
        """Whether it holds pictures that follow each other, whose times are ours to give."""
        return self.opens is not None and not self.suffix

    def leave(self) -> None:
        """Nothing more is wanted: who waits for it, waits no longer."""
        self.incoming.leave()

    def close(self) -> None:
        """Remove what was copied; harmless when repeated."""
        if self.path:
            with suppress(OSError):
                os.unlink(self.path)
        self.file.close()

    def each(self) -> Iterator[tuple[Any, Iterator[Frame]]]:
        """Each item of the stream with its frames."""
        for item in self.reader:
            yield item, item.frames()


def open_stdin(options: RunOptions) -> Upstream:
    """Raises UsageError on a terminal, DamagedError where nothing or nonsense comes."""
    if sys.stdin is None or sys.stdin.isatty():
        raise UsageError("- reads from a pipe", why="stdin is a terminal")
    widen(sys.stdin.fileno())
    incoming = Incoming(sys.stdin.fileno())
    upstream = Upstream(incoming, io.BufferedReader(incoming, WIDE))
    try:
        _look(upstream, options)
    except BaseException:
        upstream.close()
        raise
    return upstream


def _look(upstream: Upstream, options: RunOptions) -> None:
    file = upstream.file
    head = upstream.incoming.look(HEAD)
    if not head:
        raise DamagedError("stdin ended before anything came", remedy="check the command before it")
    kind = sniff(head)
    if kind == "cvkit":
        from cvkit.io.stream import StreamReader

        upstream.reader = StreamReader(file, max_pixels=options.max_pixels)
        first = upstream.reader.peek()
        upstream.known = known_of(first) if first is not None else None
    elif kind == "y4m":
        from cvkit.io.sources.y4m import Y4m

        upstream.suffix = ".y4m"
        upstream.opens = lambda asked: Y4m(file, f"{NAME}.y4m", asked)
    elif kind is None:
        raise InputError(
            "stdin holds no frame stream, picture or video", remedy="make one with -o -"
        )
    else:
        _encoded(upstream, kind, head)


def _encoded(upstream: Upstream, kind: str, head: bytes) -> None:
    """Pictures that follow each other, decoded as they come; all else is copied to a file."""
    from cvkit.io.sources.together import Parts, Together, alone, may_follow

    if not may_follow(kind, head):
        _spool(upstream, kind, iter(lambda: upstream.file.read(WIDE), b""))
        return
    parts = Parts(upstream.file, kind)
    try:
        first = parts.next() or b""
    except DamagedError:  # reading it as a file will say what is wrong
        _spool(upstream, kind, parts.rest())
        return
    if alone(first) or not parts.more():
        _spool(upstream, kind, (part for some in ((first,), parts.rest()) for part in some))
    else:
        upstream.opens = lambda asked: Together(first, parts, NAME, asked)


def _spool(upstream: Upstream, kind: str, data: Iterable[bytes]) -> None:
    import tempfile

    upstream.suffix = ".mp4" if kind in MOVING else FORMAT_SUFFIX.get(kind, "")
    try:
        handle, upstream.path = tempfile.mkstemp(prefix="cvkit-stdin-", suffix=upstream.suffix)
        with os.fdopen(handle, "wb") as copy:
            for part in data:
                copy.write(part)
    except OSError as error:
        raise OutputError(
            f"stdin cannot be copied to {tempfile.gettempdir()}",
            why=(error.strerror or str(error)).lower(),
            remedy="name a folder with more room: TMPDIR=FOLDER",
        ) from error
