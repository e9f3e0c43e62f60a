"""Results as JSON lines: one a frame."""

from __future__ import annotations

from pathlib import Path
from typing import TextIO

from cvkit.results.record import Record, line


class JsonlWriter:
    """Records to a text file; the first line says that cvkit wrote it."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self.rows = 0

    def add(self, record: Record) -> None:
        self._file.write(line(record, first=not self.rows))
        self.rows += 1


class Part:
    """The records of one input, in a file that `assembly.assemble` puts together with others."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = open(path, "w", encoding="utf-8", newline="")  # noqa: SIM115 - until `close`

    def add(self, record: Record) -> None:
        self._file.write(line(record))

    def close(self) -> None:
        self._file.close()
