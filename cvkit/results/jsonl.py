"""JSON Lines: one record a line."""

from __future__ import annotations

import json
from pathlib import Path

from cvkit.results.record import Record

VERSION = 1


def line(record: Record) -> str:
    """The record on one line, with its end."""
    text = json.dumps(record, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text + "\n"


class Part:
    """The records of one input, in a file that `assembly` reads."""

    def __init__(self, path: Path) -> None:
        self._file = open(path, "w", encoding="utf-8")  # noqa: SIM115 - closed by close

    def add(self, record: Record) -> None:
        self._file.write(line(record))

    def close(self) -> None:
        self._file.close()
