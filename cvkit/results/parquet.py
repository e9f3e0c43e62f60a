"""Results as Parquet: the rows that CSV has, in typed columns, written as they come.

A Parquet file has one schema, and its end says where everything is. So rows of an input go into
segments: the next one begins where a column appears, or widens from whole numbers to fractions or
to words. A run of one segment is its file already; several are joined at the end, row group by row
group. Memory holds one row group.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cvkit.results.csv import BOX, FRAME, KINDS, OBJECT, Cell, cells
from cvkit.results.jsonl import VERSION, Models
from cvkit.results.record import Coords, Record

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow.parquet import ParquetWriter

MAGIC = b"PAR1"
FIXED = {
    "source": "string", "index": "int64", "time": "double",
    **dict.fromkeys((*BOX, "score"), "double"), "class": "int32", "label": "string", "id": "int64",
}  # fmt: skip
"""Types that do not depend on what is found."""
GROUP = 1.0
"""Seconds of the input's time that a row group holds at least."""
SHARE = 0.01
"""The part of the rows before it that a row group holds at least: the end of the file lists every
group, and would grow with the video."""
MOST = 16384
"""Rows that a row group holds at most."""

Types = dict[str, str]


class Columns:
    """The rows of one input, in segments below a folder that is made for them."""

    def __init__(
        self, folder: Path, kind: str = "", *, coords: Coords = "source", models: Models = ()
    ) -> None:
        """`kind` is one of KINDS; without it, that of the first record that has one."""
        self.folder, self._kind, self._coords = folder, kind, coords
        self._models = json.dumps(models)
        folder.mkdir()
        self._held: list[dict[str, Cell]] = []
        self._begun = 0.0
        self._types: Types = {}
        self._writer: ParquetWriter | None = None
        self._written = 0
        self._segments = 0

    def add(self, record: Record) -> None:
        if "gap" in record:  # frames that a damaged input lacks
            return
        self._kind = self._kind or next((k for k in reversed(record) if k in KINDS), "")
        frame = {name: record.get(name) for name in FRAME}
        enough = len(self._held) >= SHARE * self._written
        time = record["time"] or 0.0  # not known of pictures in data sets
        if enough and abs(time - self._begun) >= GROUP:
            self._flush()
        if not self._held:
            self._begun = time
        for row in cells(self._kind, record) if self._kind else ():
            self._held.append({**row, **frame})
            if len(self._held) >= MOST:
                self._flush()

    def close(self) -> None:
        self._flush()
        self._end()

    def abort(self) -> None:
        self._held = []
        self._end()

    def _flush(self) -> None:
        if not self._held:
            return
        types = widest(self._types, types_of(self._held, self._kind))
        if types != self._types:
            self._end()
            self._types = types
            wanted = schema(types, self._kind, self._coords, self._models)
            self._writer = writer(self.folder / f"{self._segments:06d}", wanted)
            self._segments += 1
        assert self._writer is not None
        self._writer.write_table(_table(self._held, self._writer.schema))
        self._written += len(self._held)
        self._held = []

    def _end(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None


def types_of(rows: Iterable[Mapping[str, Cell]], kind: str) -> Types:
    """The narrowest types that hold these rows, by column in the order in which they appear."""
    found: Types = dict.fromkeys((*FRAME, *OBJECT), "") if kind == "objects" else {}
    found = {name: FIXED[name] for name in (*FRAME, *found)}
    fixed = frozenset(found)
    for row in rows:
        for name, value in row.items():
            if name not in fixed:
                found[name] = _wider(found.get(name, ""), _type(value))
    return found


def widest(types: Types, more: Types) -> Types:
    """Those that hold the rows of both."""
    return types | {name: _wider(types.get(name, ""), form) for name, form in more.items()}


def schema(types: Types, kind: str, coords: str = "source", models: str = "[]") -> pa.Schema:
    """Which also says what the file is, of which pictures its coordinates are, and the models."""
    import pyarrow as pa

    # A column of which no value is known yet is of words, as in CSV.
    names = types or types_of((), kind or "objects")
    fields = [(name, pa.type_for_alias(form or "string")) for name, form in names.items()]
    return pa.schema(fields, {"cvkit": str(VERSION), "coords": coords, "models": models})


def writer(path: Path, wanted: pa.Schema) -> ParquetWriter:
    from pyarrow.parquet import ParquetWriter

    words = [field.name for field in wanted if field.type == "string"]
    return ParquetWriter(path, wanted, compression="zstd", use_dictionary=words)


def _table(rows: list[dict[str, Cell]], wanted: pa.Schema) -> pa.Table:
    import pyarrow as pa

    columns = [
        pa.array([_as(row.get(field.name), str(field.type)) for row in rows], field.type)
        for field in wanted
    ]
    return pa.table(columns, schema=wanted)


def _type(value: Cell) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "int64" if abs(value) < 2**63 else "double"
    return "double" if isinstance(value, float) else "string"


def _wider(one: str, other: str) -> str:
    """The type of a column that holds both."""
    if not one or not other or one == other:
        return one or other
    return "double" if {one, other} == {"int64", "double"} else "string"


def _as(value: Any, form: str) -> Cell:  # noqa: ANN401 - what JSON holds
    """A value as a column of this type has it; words as CSV has them."""
    if value is None or form not in ("double", "string"):
        return value  # type: ignore[no-any-return]
    if form == "double":
        return float(value)
    text = value if isinstance(value, str) else str(value)
    # A file name that is no text cannot be written as UTF-8.
    return text.encode("utf-8", "backslashreplace").decode()


def join(parts: Iterable[Path], kind: str, path: Path, models: Models = ()) -> int:
    """One file of these inputs' rows, in their order; how many rows it has.

    A part is what `Columns` left in its `folder_of`, or a `Part` of lines.
    """
    import shutil

    segments = list(_segments(parts, kind, models))
    if len(segments) == 1:
        shutil.copyfile(segments[0], path)
        return _rows(segments[0])
    wanted = _joined(segments, kind, models)
    with writer(path, wanted) as file:
        held: list[pa.Table] = []
        written = waiting = 0
        for table in _tables(segments, wanted):
            held.append(table)
            waiting += len(table)
            if waiting >= max(SHARE * written, MOST // 8):
                _together(file, held)
                written, waiting = written + waiting, 0
        _together(file, held)
    return written + waiting


def folder_of(part: Path) -> Path:
    """Where the segments of an input lie whose lines are, or would be, here."""
    return part.with_suffix(".columns")


def _segments(parts: Iterable[Path], kind: str, models: Models) -> Iterator[Path]:
    lines: Columns | None = None
    for part in parts:
        folder = folder_of(part)
        if folder.is_dir():
            yield from _closed(lines)
            lines = None
            yield from sorted(folder.iterdir())
            continue
        lines = lines or Columns(folder, kind, models=models)  # of this input and those that follow
        with open(part, encoding="utf-8", newline="\n") as file:
            for line in file:
                lines.add(json.loads(line))
    yield from _closed(lines)


def _closed(columns: Columns | None) -> list[Path]:
    if columns is None:
        return []
    columns.close()
    return sorted(columns.folder.iterdir())


def _joined(segments: list[Path], kind: str, models: Models) -> pa.Schema:
    from pyarrow.parquet import read_schema

    types: Types = {}
    coords = "source"
    for segment in segments:
        found = read_schema(segment)
        types = widest(types, {field.name: str(field.type) for field in found})
        coords = found.metadata[b"coords"].decode()
    return schema(types, kind, coords, json.dumps(models))


def _rows(segment: Path) -> int:
    from pyarrow.parquet import read_metadata

    return int(read_metadata(segment).num_rows)


def _tables(segments: list[Path], wanted: pa.Schema) -> Iterator[pa.Table]:
    """Their row groups one by one, in the columns of the whole."""
    import pyarrow as pa
    from pyarrow.parquet import ParquetFile

    for segment in segments:
        with ParquetFile(segment) as file:
            for number in range(file.num_row_groups):
                table = file.read_row_group(number)
                yield pa.table([_column(table, field) for field in wanted], schema=wanted)


def _column(table: pa.Table, field: pa.Field) -> Any:  # noqa: ANN401 - pyarrow has no types
    import pyarrow as pa

    if field.name not in table.column_names:
        return pa.nulls(len(table), field.type)
    column = table.column(field.name)
    if column.type == field.type:
        return column
    return pa.array([_as(v, str(field.type)) for v in column.to_pylist()], field.type)


def _together(file: ParquetWriter, held: list[pa.Table]) -> None:
    import pyarrow as pa

    if held:
        file.write_table(pa.concat_tables(held))
        held.clear()
