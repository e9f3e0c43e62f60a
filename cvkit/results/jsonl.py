"""Results as JSON lines: one a frame."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from cvkit.results.record import Record, line

VERSION = 1
"""Of the format; the first line of a file says it."""


Models = Sequence[Mapping[str, str]]
"""The models that results were made with: name, sha256, licence."""


def headed(line: str, models: Models = ()) -> str:
    """This line of a `Part` as the first one of a file, which says what the file is."""
    told = f'"models":{json.dumps(models, separators=(",", ":"))},' if models else ""
    return f'{{"cvkit":{VERSION},{told}{line[1:]}'


class Part:
    """The records of one input, in a file that `assembly.assemble` puts together with others."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = open(path, "w", encoding="utf-8", newline="\n")  # noqa: SIM115 - until `close`

    def add(self, record: Record) -> None:
        self._file.write(line(record))

    def close(self) -> None:
        self._file.close()
