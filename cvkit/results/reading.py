"""Results that were saved, read back: objects by input and frame.

A file is read through once, which finds its faults and where each frame lies; a frame's objects
are made when they are asked for.
"""

from __future__ import annotations

import os
from pathlib import Path

from cvkit.core.errors import InputError
from cvkit.core.grid import Grid
from cvkit.core.objects import Objects
from cvkit.core.warp import Size
from cvkit.results.parquet import MAGIC
from cvkit.results.scanning import Lines, Scan, scan_csv, scan_jsonl
from cvkit.results.stored import FAULTS, objects_of

_NAMED = 3


def read_results(path: Path) -> Saved:
    """JSON lines, CSV or Parquet, told by content. Raises InputError with the line or row."""
    try:
        if not path.is_file():  # a pipe cannot be read twice
            return Saved(path, held=path.read_bytes())
        return Saved(path)
    except OSError as error:
        raise InputError(f"{path} cannot be read", why=error.strerror or str(error)) from error


class Saved:
    """The objects of a results file, by source and index."""

    def __init__(self, path: Path, *, held: bytes | None = None) -> None:
        self._path, self._held = path, held
        with Lines.of(path, held) as lines:
            self._state = lines.state
            self._scan = _scan(lines, str(path))

    def objects(self, source: str, index: int, size: Size) -> Objects | None:
        """Of the frame of this `size`, in the source's coordinates; None where none are known.

        Raises InputError where the file does not speak of this source, or of another size of it.
        A table says nothing of pictures without objects: there, a source may only be missing
        where there are several.
        """
        frames = self._scan.frames.get(source)
        if frames is None:
            self._missing(source)
            return None
        frame = frames.get(index)
        if frame is None:
            return None
        saved = frame.size or size
        if saved != tuple(size):
            raise InputError(
                f"{self._path} is of other pictures",
                why=f"{source}, frame {index} was {saved[0]}×{saved[1]} and is {size[0]}×{size[1]}",
                remedy="give the pictures that the results are of",
            )
        return objects_of(self._rows(frame.spans), Grid.of(size))

    def _missing(self, source: str) -> None:
        held = list(self._scan.frames)
        if self._scan.objects_only and len(held) != 1:
            return
        names = ", ".join(name or "a gather" for name in held[:_NAMED])
        more = f" and {len(held) - _NAMED} more" if len(held) > _NAMED else ""
        remedy = "results are found by the input's name"
        if self._scan.objects_only:
            remedy += "; save them as .jsonl, which also names inputs without objects"
        raise InputError(
            f"{self._path} holds no results of {source or 'a gather'}",
            why=f"it holds those of {names}{more}",
            remedy=remedy,
        )

    def _rows(self, spans: tuple[tuple[int, int], ...]) -> list[dict[str, object]]:
        changed = InputError(f"{self._path} has changed since it was read")
        try:
            with Lines.of(self._path, self._held) as lines:
                if lines.state != self._state:
                    raise changed
                return [row for span in spans for row in self._scan.read(lines, span)]
        except OSError as error:
            raise InputError(
                f"{self._path} cannot be read", why=error.strerror or os.strerror(error.errno or 5)
            ) from error
        except FAULTS as error:
            raise changed from error


def _scan(lines: Lines, name: str) -> Scan:
    if lines.starts_with(MAGIC):
        from cvkit.results.parquet_reading import scan_parquet

        return scan_parquet(lines, name)
    return (scan_jsonl if lines.starts_with(b"{") else scan_csv)(lines, name)
