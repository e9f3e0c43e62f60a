"""What a path holds: results of ours or a data set, by its scheme or its content."""

from __future__ import annotations

import re
from pathlib import Path

from cvkit.results.parquet import MAGIC
from cvkit.results.scanning import Lines, Scan, scan_csv, scan_jsonl

SCHEMES = ("coco:", "yolo:", "voc:", "mot:")
_SCHEME = re.compile(r"(coco|yolo|voc|mot):(.*)", re.DOTALL)


def scheme_of(text: str) -> tuple[str, str]:
    """coco, yolo, voc, mot or nothing, and the path."""
    match = _SCHEME.fullmatch(text)
    return (match[1], match[2]) if match else ("", text)


def opened(where: str | Path) -> tuple[Path, Scan, object, bytes | None]:
    """Its path, where its frames are, its state, and what it held where it cannot be read again.

    Raises InputError with the line, or OSError.
    """
    _, text = scheme_of(str(where))
    path = Path(text)
    held = None
    if path.exists() and not path.is_file():  # a pipe cannot be read twice
        held = path.read_bytes()
    with Lines.of(path, held) as lines:
        return path, _scan(lines, str(path)), lines.state, held


def _scan(lines: Lines, name: str) -> Scan:
    if lines.starts_with(MAGIC):
        from cvkit.results.parquet_reading import scan_parquet

        return scan_parquet(lines, name)
    return (scan_jsonl if lines.starts_with(b"{") else scan_csv)(lines, name)
