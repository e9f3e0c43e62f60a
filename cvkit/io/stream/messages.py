"""Arrow IPC messages from a file that nobody vouches for: bounded, checked, never a crash."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

from cvkit.core.errors import DamagedError
from cvkit.io.stream.head import cut, damaged

if TYPE_CHECKING:
    import pyarrow as pa

_T = TypeVar("_T")
_AT_ONCE = 64 << 20
_LARGEST_BYTES_A_PIXEL = 16
_ROOM = 64 << 20
"""Bytes that a row may have beside its pixels: columns of objects, sound, text."""


def largest_body(max_pixels: int) -> int:
    return max_pixels * _LARGEST_BYTES_A_PIXEL + _ROOM


class _Bounded:
    """A file as Arrow reads it. Memory is taken for what comes, not for what is announced."""

    closed = False

    def __init__(self, file: BinaryIO, most: int) -> None:
        self._file = file
        self._most = most

    def read(self, size: int = -1) -> bytes | bytearray:
        if not 0 <= size <= self._most:
            raise damaged(f"a part of {size} bytes is announced, {self._most} are allowed")
        data = self._file.read(min(size, _AT_ONCE))
        if len(data) == size:
            return data
        out = bytearray(data)
        while len(out) < size and (data := self._file.read(min(size - len(out), _AT_ONCE))):
            out += data
        return out


class Messages:
    """The messages of a file, one at a time."""

    def __init__(self, file: BinaryIO, most: int) -> None:
        import pyarrow as pa

        self._arrow = pa
        self._file = pa.PythonFile(_Bounded(file, most), mode="r")

    def next(self) -> Any:  # noqa: ANN401 - Arrow has no types
        """A `pyarrow.Message`, or None at the end of the file. Raises DamagedError."""
        pa = self._arrow
        try:
            return pa.ipc.read_message(self._file)
        except EOFError:
            return None
        except (pa.ArrowException, OSError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise DamagedError("the frame stream cannot be read", why=str(error)) from error
            if "only " in str(error) or ", got " in str(error):
                raise cut() from error
            raise damaged(_first_line(error)) from error

    def batch(self, message: Any, schema: pa.Schema) -> pa.RecordBatch:  # noqa: ANN401
        """Raises DamagedError."""

        def made() -> pa.RecordBatch:
            if message.type != "record batch":
                raise ValueError(f"a {message.type} stands where a frame should")
            if _compressed(memoryview(message.metadata)):
                raise ValueError("it is compressed, so that its size is not known")
            return self._arrow.ipc.read_record_batch(message, schema)

        return checked(made)


def checked(work: Callable[[], _T]) -> _T:
    """What `work` gives; whatever a hostile stream makes it raise becomes a DamagedError."""
    try:
        return work()
    except DamagedError:
        raise
    # Arrow's exceptions are subclasses of these.
    except (
        ValueError, TypeError, KeyError, IndexError, AttributeError, ArithmeticError, OSError,
        RuntimeError, MemoryError, AssertionError, struct.error,
    ) as error:  # fmt: skip
        raise damaged(_first_line(error)) from error


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]


_HEADER_SLOT, _COMPRESSION_SLOT = 2, 3


def _compressed(metadata: memoryview) -> bool:
    """Whether the RecordBatch in this flatbuffer Message names a compression (Message.fbs).

    Arrow has verified the flatbuffer, and would take whatever memory the buffers announce.
    """
    (root,) = struct.unpack_from("<I", metadata, 0)
    header = _slot(metadata, root, _HEADER_SLOT)
    if header is None:
        raise ValueError("a message without a header")
    (offset,) = struct.unpack_from("<I", metadata, header)
    return _slot(metadata, header + offset, _COMPRESSION_SLOT) is not None


def _slot(metadata: memoryview, table: int, number: int) -> int | None:
    """Where a table's field lies, or None where it is not set."""
    (back,) = struct.unpack_from("<i", metadata, table)
    fields = table - back
    (size,) = struct.unpack_from("<H", metadata, fields)
    if 4 + 2 * number + 2 > size:
        return None
    (offset,) = struct.unpack_from("<H", metadata, fields + 4 + 2 * number)
    return table + offset if offset else None
