"""Results as JSON lines: one a frame."""

from __future__ import annotations

from pathlib import Path

from cvkit.results.record import Record, line

VERSION = 1
"""Of the format; the first line of a file says it."""


def headed(line: str) -> str:
    """This line of a `Part` as the first one of a file, which says what the file is."""
    return f'{{"cvkit":{VERSION},{line[1:]}'


class Part:
    """The records of one input, in a file that `assembly.assemble` puts together with others."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = open(path, "w", encoding="utf-8", newline="\n")  # noqa: SIM115 - until `close`

    def add(self, record: Record) -> None:
        self._file.write(line(record))

    def close(self) -> None:
        self._file.close()
