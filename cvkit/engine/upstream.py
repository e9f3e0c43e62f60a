"""stdin: a frame stream, or one picture or video; told by content."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, BinaryIO

from cvkit.core.errors import DamagedError, InputError, UsageError
from cvkit.core.frame import Frame
from cvkit.core.options import RunOptions
from cvkit.engine.known import Known
from cvkit.engine.plan import known_of
from cvkit.io.codecs.formats import FORMAT_SUFFIX
from cvkit.io.codecs.sniff import HEAD, MOVING, sniff

_PIPE = 1 << 20


@dataclass
class Upstream:
    """A frame stream whose first frame has been looked at, or a file that held what was piped."""

    reader: Any = None
    first: tuple[Any, Frame | None] | None = None
    known: Known | None = None
    path: str = ""
    suffix: str = ""

    def close(self) -> None:
        """Remove what was copied; harmless when repeated."""
        if self.path:
            with suppress(OSError):
                os.unlink(self.path)

    def items(self) -> Iterator[tuple[Any, Iterator[Frame]]]:
        """Each item of the stream with its frames."""
        for item in self.reader:
            yield item, item.frames()


def open_stdin(options: RunOptions) -> Upstream:
    """Raises UsageError on a terminal, DamagedError where nothing or nonsense comes."""
    if sys.stdin is None or sys.stdin.isatty():
        raise UsageError("- reads from a pipe", why="stdin is a terminal")
    widen(sys.stdin.fileno())
    # stdin outlives the run, so nothing closes it.
    file: BinaryIO = open(sys.stdin.fileno(), "rb", buffering=_PIPE, closefd=False)  # noqa: SIM115
    head = file.peek(HEAD)[:HEAD]  # type: ignore[attr-defined]
    if not head:
        raise DamagedError("stdin ended before anything came", remedy="check the command before it")
    kind = sniff(head)
    if kind != "cvkit":
        return _spooled(file, kind)
    from cvkit.io.stream import StreamReader

    reader = StreamReader(file, max_pixels=options.max_pixels)
    first = reader.peek()
    return Upstream(reader, known=known_of(first) if first is not None else None)


def _spooled(file: BinaryIO, kind: str | None) -> Upstream:
    if kind is None:
        raise InputError(
            "stdin holds no frame stream, picture or video", remedy="make one with -o -"
        )
    import tempfile

    suffix = ".mp4" if kind in MOVING else FORMAT_SUFFIX.get(kind, "")
    handle, path = tempfile.mkstemp(prefix="cvkit-stdin-", suffix=suffix)
    spooled = Upstream(path=path, suffix=suffix)
    try:
        with os.fdopen(handle, "wb") as copy:
            while chunk := file.read(_PIPE):
                copy.write(chunk)
    except BaseException:
        spooled.close()
        raise
    return spooled


def widen(descriptor: int) -> None:
    """A pipe of 1 MiB where the system allows: fewer switches a frame."""
    try:
        import fcntl

        fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, _PIPE)
    except (ImportError, AttributeError, OSError):
        pass
