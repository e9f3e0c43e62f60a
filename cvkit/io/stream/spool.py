"""Frames of one run on disk, to be read again in any order: what the engine lends to stages."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Self

from cvkit.core.errors import OutputError
from cvkit.core.frame import Frame
from cvkit.io.stream.blobs import decode_frame, write_row


class FrameSpool:
    """A `core.spool.Spool` in a temporary file that has no name and goes with its `close`.

    Takes disk from the first frame on: of an 8-bit video 1.5 bytes a pixel and frame.
    """

    def __init__(self, expected: int | None = None) -> None:
        self.expected = expected
        self._file: IO[bytes] | None = None
        self._starts = [0]

    def add(self, frame: Frame) -> None:
        """Raises OutputError where there is no room."""
        with _in_our_words():
            if self._file is None:
                self._file = tempfile.TemporaryFile(prefix="cvkit-frames-")  # noqa: SIM115
            self._file.seek(self._starts[-1])
            write_row(self._file, frame)  # type: ignore[arg-type]
            self._starts.append(self._file.tell())

    def __len__(self) -> int:
        return len(self._starts) - 1

    def __getitem__(self, number: int) -> Frame:
        if self._file is None or not 0 <= number < len(self):
            raise IndexError(number)
        start, end = self._starts[number : number + 2]
        with _in_our_words():
            self._file.seek(start)
            data = self._file.read(end - start)
        return decode_frame(data)

    def close(self) -> None:
        """Give the disk back; harmless when repeated."""
        file, self._file = self._file, None
        self._starts = [0]
        if file is not None:
            file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


@contextmanager
def _in_our_words() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(
            "frames cannot be kept on disk meanwhile",
            why=(error.strerror or str(error)).lower(),
            remedy="let TMPDIR name a folder with more room",
        ) from error
