"""Ends of pipes: as wide as the system allows, buffered, and left when nobody waits any more."""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING, BinaryIO

from cvkit.core.errors import OutputError

if TYPE_CHECKING:
    from typing_extensions import Buffer

WIDE = 1 << 20
"""Bytes that a pipe and its reader hold: fewer switches between processes a frame."""


def widen(descriptor: int) -> None:
    """A pipe of 1 MiB where the system allows; harmless on what is no pipe."""
    try:
        import fcntl

        fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, WIDE)
    except (ImportError, AttributeError, OSError):
        pass


class Incoming(io.RawIOBase):
    """What comes through a descriptor that outlives the run, and so is never closed here.

    `leave` ends a read that waits in another thread, so that a run can end although whoever
    writes says nothing more. What was looked at is read first.
    """

    def __init__(self, descriptor: int) -> None:
        self._from = descriptor
        self._seen = b""
        self._left: tuple[int, int] | None = None
        if os.name == "posix":  # elsewhere a pipe cannot be waited for together with another
            import select

            self._left = os.pipe()
            self._asks = select.poll()  # `select` itself knows no descriptor above 1023
            self._asks.register(descriptor, select.POLLIN)
            self._asks.register(self._left[0], select.POLLIN)

    def readable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._from

    def readinto(self, into: Buffer, /) -> int:
        """How many bytes came; 0 at the end, and once it was left."""
        if self._seen:
            view = memoryview(into).cast("B")
            now, self._seen = self._seen[: len(view)], self._seen[len(view) :]
            view[: len(now)] = now
            return len(now)
        left = self._left
        if left is not None and any(ready == left[0] for ready, _ in self._asks.poll()):
            return 0
        return os.readv(self._from, [into]) if os.name == "posix" else self._copied(into)

    def look(self, size: int) -> bytes:
        """The first `size` bytes, or all there are, however small the parts they come in."""
        while len(self._seen) < size and (more := os.read(self._from, size)):
            self._seen += more
        return self._seen[:size]

    def leave(self) -> None:
        """From now on there is nothing more; harmless when repeated, or after `close`."""
        if self._left is not None:
            os.write(self._left[1], b".")

    def close(self) -> None:
        """Free what `leave` needs; the descriptor stays open."""
        left, self._left = self._left, None
        for end in left or ():
            os.close(end)
        super().close()

    def _copied(self, into: Buffer) -> int:
        view = memoryview(into).cast("B")
        data = os.read(self._from, len(view))
        view[: len(data)] = data
        return len(data)


class Outgoing:
    """A file as others write to it: whole, its errors in words; it is never closed by them.

    A reader that went away shows as BrokenPipeError.
    """

    closed = False

    def __init__(self, file: BinaryIO, what: str) -> None:
        """`what` cannot be written where something is wrong."""
        self._file, self._what = file, what

    def write(self, data: Buffer) -> int:
        """Raises OutputError."""
        view = memoryview(data).cast("B")
        done = 0
        try:
            while done < len(view):  # an unbuffered pipe takes a part
                done += self._file.write(view[done:])
        except BrokenPipeError:
            raise
        except OSError as error:
            raise self._said(error) from error
        return done

    def flush(self) -> None:
        """Raises OutputError."""
        try:
            self._file.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise self._said(error) from error

    def _said(self, error: OSError) -> OutputError:
        why = (error.strerror or str(error)).lower()
        return OutputError(f"{self._what} cannot be written", why=why)
