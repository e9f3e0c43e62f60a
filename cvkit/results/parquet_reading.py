"""Objects of a Parquet file, ours or one that a data frame was saved to, found by row."""

from __future__ import annotations

import json
import math
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from cvkit.core.errors import InputError
from cvkit.results.csv import BOX, FRAME
from cvkit.results.jsonl import VERSION
from cvkit.results.record import Record
from cvkit.results.scanning import Lines, Scan, Span, check_version, only_of_sources
from cvkit.results.stored import FAULTS, LARGEST, check

if TYPE_CHECKING:
    from pyarrow import RecordBatch
    from pyarrow.parquet import ParquetFile

_BATCH = 16384
"""Rows that are looked through at a time."""
_LARGEST = 1 << 24
"""Rows of a row group, which is taken apart as a whole."""


def scan_parquet(lines: Lines, name: str) -> Scan:
    """Raises InputError with the row, and where the table is not one of objects."""
    import pyarrow as pa
    from pyarrow.parquet import ParquetFile

    try:
        file = ParquetFile(lines.file)
        _check(file, name)
        reader = _Reader(file)
        scan = Scan(reader.read, objects_only=True)
        scan.add_models(_models(file))
        number = 0
        for batch in file.iter_batches(_BATCH):
            if _is_sound(batch):
                _add_runs(scan, batch, number)
            else:
                _scan_rows(scan, batch.to_pylist(), number, name)
            number += len(batch)
    except (pa.ArrowException, OSError) as error:
        raise InputError(
            f"{name} holds no results", why=str(error).splitlines()[0][:200]
        ) from error
    return scan


def _check(file: ParquetFile, name: str) -> None:
    schema = file.schema_arrow
    for column in ("source", "index", *BOX):
        if column not in schema.names:
            raise InputError(f"{name} holds no objects", why=f"it has no column {column}")
    if len(set(schema.names)) < len(schema.names):
        raise InputError(f"{name} holds no objects", why="it has two columns of one name")
    told = schema.metadata or {}
    version = told.get(b"cvkit", str(VERSION).encode()).decode(errors="replace")
    check_version(int(version) if version.isdecimal() else version, name)
    only_of_sources(told.get(b"coords", b"source").decode(errors="replace"), name)
    groups = (file.metadata.row_group(g).num_rows for g in range(file.num_row_groups))
    if any(rows > _LARGEST for rows in groups):
        raise InputError(f"{name} cannot be read", why=f"a row group has more than {_LARGEST} rows")


def _models(file: ParquetFile) -> object:
    try:
        return json.loads((file.schema_arrow.metadata or {}).get(b"models", b"[]"))
    except (ValueError, RecursionError):
        return None


def _is_sound(batch: RecordBatch) -> bool:
    """Whether its columns alone say that no row is wrong: of millions each takes its time."""
    import pyarrow.types as of

    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        form = column.type
        if name in ("index", *BOX) and column.null_count:
            return False
        if name == "index" or name in ("class", "id"):
            good = of.is_integer(form) and (name != "class" or form.bit_width <= 32)
        elif name in ("source", "label", "text"):
            good = of.is_string(form) or of.is_large_string(form)
        elif of.is_floating(form) or of.is_integer(form):
            values = np.asarray(column.to_numpy(zero_copy_only=False), np.float64)
            unknown = np.isnan(values) & (name not in BOX)
            good = bool((unknown | (np.abs(values) < LARGEST)).all())
        else:
            good = name not in BOX and (of.is_string(form) or of.is_boolean(form))
        if not good:
            return False
    return True


def _add_runs(scan: Scan, batch: RecordBatch, number: int) -> None:
    """Rows of one frame that follow each other, all at once."""
    sources, indexes = batch.column("source"), batch.column("index").to_numpy()
    codes = sources.dictionary_encode()
    names = codes.dictionary.to_pylist()
    rows = codes.indices.fill_null(-1).to_numpy()
    times = batch.column("time").to_pylist() if "time" in batch.schema.names else None
    changes = np.flatnonzero((np.diff(rows) != 0) | (np.diff(indexes) != 0)) + 1
    for start, end in pairwise([0, *changes.tolist(), len(batch)]):
        source = names[rows[start]] if rows[start] >= 0 else ""
        time = times[start] if times is not None else None
        scan.add(source, int(indexes[start]), (number + start, number + end), None, time)


def _scan_rows(scan: Scan, rows: list[Record], number: int, name: str) -> None:
    for at, row in enumerate(rows, number):
        try:
            check(_object(row))
            source, index = row["source"] or "", row["index"]
            if not isinstance(source, str) or int(index) != index:
                raise TypeError(f"{source!r:.60}, {index!r:.60} is no frame")
            scan.add(source, int(index), (at, at + 1), None, row.get("time"))
        except FAULTS as error:
            raise InputError(
                f"{name}, row {at + 1} holds no result", why=str(error)[:200]
            ) from error


class _Reader:
    """Rows by number. The row group that was read last is kept: frames are asked for in order."""

    def __init__(self, file: ParquetFile) -> None:
        counts = [file.metadata.row_group(g).num_rows for g in range(file.num_row_groups)]
        self._starts = np.cumsum([0, *counts])
        self._last: tuple[int, Any] = (-1, None)

    def read(self, lines: Lines, span: Span) -> list[Record]:
        start, end = span
        found: list[Record] = []
        while start < end:
            group = int(np.searchsorted(self._starts, start, "right")) - 1
            upto = min(end, int(self._starts[group + 1]))
            table = self._group(lines, group)
            rows = table.slice(start - int(self._starts[group]), upto - start)
            found += [_object(row) for row in rows.to_pylist()]
            start = upto
        return found

    def _group(self, lines: Lines, number: int) -> Any:  # noqa: ANN401 - pyarrow has no types
        at, table = self._last  # replaced as a whole: several threads read
        if at != number:
            from pyarrow.parquet import ParquetFile

            table = ParquetFile(lines.file).read_row_group(number)
            self._last = number, table
        return table


def _object(row: Record) -> Record:
    """Without what is unknown, which a data frame says as NaN, and whole numbers as fractions."""
    found: Record = {"box": [row[name] for name in BOX]}
    for name, value in row.items():
        known = value is not None and value != "" and value == value
        if name not in (*FRAME, *BOX) and known:
            found[name] = value
    for name in ("class", "id"):
        value = found.get(name)
        if isinstance(value, float) and math.isfinite(value) and value == int(value):
            found[name] = int(value)
    return found
