"""A row of the frame stream: the schema, and frames to and from Arrow record batches."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from cvkit.core.frame import Frame
from cvkit.core.grid import Grid
from cvkit.core.time import Time
from cvkit.core.values import Features, Objects, Raster, Value
from cvkit.core.warp import Array
from cvkit.io.about import UNSAID, About, about_from
from cvkit.io.codecs.metadata import Metadata, density
from cvkit.io.sound import SoundPacket
from cvkit.io.stream import grids
from cvkit.io.stream.head import checked_name
from cvkit.io.stream.packed import Packed, packed, unpacked
from cvkit.io.stream.packing import shape_of

if TYPE_CHECKING:
    import pyarrow as pa

VERSION = "3"
_SAME = "same"
_BULK = ("data", "luma", "alpha", "columns")
_MOST_VALUES = 1000


@dataclass(frozen=True, slots=True)
class Row:
    """What one row says. `first` is set on the first row of an item, `last` on its closing one."""

    item: int
    name: str
    first: bool = False
    last: bool = False
    moving: bool = False
    format: str = ""
    rate: Fraction | None = None
    aspect: Fraction = Fraction(1)
    cut: bool = False
    about: About = UNSAID
    sound: bytes | None = None
    metadata: tuple[tuple[int, Metadata], ...] = ()
    error: str | None = None
    code: int = 0
    frame: Frame | None = None
    packets: Sequence[SoundPacket] = ()
    gaps: tuple[Mapping[str, object], ...] = ()
    """Of a last row: what a damaged input lacks, as its record says it."""


@cache
def schema(items: int | None = None, models: str = "", classes: str = "") -> pa.Schema:
    """Names are bytes, since a path need not be text. `items` are those that will come."""
    import pyarrow as pa

    value = [
        ("kind", pa.string()), ("kept", pa.binary()), ("order", pa.int32()),
        ("storage", pa.string()), ("dtype", pa.string()), ("shape", pa.list_(pa.int32())),
        ("space", pa.string()), ("grid", pa.int32()), ("extra", pa.string()),
        *((name, pa.large_binary()) for name in _BULK),
    ]  # fmt: skip
    packet = [
        ("stream", pa.int32()), ("pts", pa.int64()), ("dts", pa.int64()), ("duration", pa.int64()),
        ("num", pa.int64()), ("den", pa.int64()), ("key", pa.bool_()), ("data", pa.binary()),
    ]  # fmt: skip
    note = [
        ("page", pa.int64()), ("exif", pa.binary()), ("icc", pa.binary()),
        ("across", pa.float64()), ("down", pa.float64()),
    ]  # fmt: skip
    columns = [
        ("item", pa.int64()), ("name", pa.binary()), ("first", pa.bool_()), ("last", pa.bool_()),
        ("moving", pa.bool_()), ("format", pa.string()), ("rate_num", pa.int64()),
        ("rate_den", pa.int64()), ("aspect_num", pa.int64()), ("aspect_den", pa.int64()),
        ("cut", pa.bool_()), ("about", pa.string()), ("sound", pa.large_binary()),
        ("error", pa.string()), ("gaps", pa.string()),
        ("code", pa.int32()), ("source", pa.binary()), ("index", pa.int64()), ("pts", pa.int64()),
        ("num", pa.int64()), ("den", pa.int64()), ("length", pa.int64()), ("grids", pa.string()),
        ("maps", pa.list_(pa.large_binary())), ("values", pa.list_(pa.struct(value))),
        ("packets", pa.list_(pa.struct(packet))), ("metadata", pa.list_(pa.struct(note))),
    ]  # fmt: skip
    told = {} if items is None else {"items": str(items)}
    if models:
        told["models"] = models
    if classes:
        told["classes"] = classes
    return pa.schema(columns, metadata={"cvkit": VERSION, **told})


def to_batch(row: Row) -> pa.RecordBatch:
    """Rasters are not copied where a row holds one; several lie one after the other in Arrow."""
    import pyarrow as pa

    rate, frame = row.rate, row.frame
    single: dict[str, object] = {
        "item": row.item, "name": _bytes(row.name), "first": row.first, "last": row.last,
        "moving": row.moving, "format": _clean(row.format),
        "rate_num": rate.numerator if rate else None,
        "rate_den": rate.denominator if rate else None, "sound": row.sound,
        "cut": row.cut, "about": json.dumps(row.about.told()) if row.about else None,
        "aspect_num": row.aspect.numerator, "aspect_den": row.aspect.denominator,
        "error": None if row.error is None else _clean(row.error), "code": row.code,
        "gaps": json.dumps(list(map(dict, row.gaps))) if row.gaps else None,
    }  # fmt: skip
    out, entries, maps = grids.GridsOut(), list[dict[str, Any]](), list[Array]()
    if frame is not None:
        single |= {
            "source": _bytes(frame.source), "index": frame.index, "pts": frame.time.pts,
            "num": frame.time.base.numerator, "den": frame.time.base.denominator,
            "length": frame.time.length,
        }  # fmt: skip
        out.number(frame.grid)
        entries = _entries(frame, out)
        single["grids"], maps = out.packed()
    known, columns = schema(), []
    for field in known:
        if field.name == "values":
            columns.append(_listed(entries, field.type))
        elif field.name == "maps":
            inner = _binaries([m.reshape(-1).view(np.uint8) for m in maps])
            columns.append(_list_of(inner))
        elif field.name == "packets":
            columns.append(pa.array([[_packet(p) for p in row.packets]], field.type))
        elif field.name == "metadata":
            columns.append(pa.array([[_told(p, t) for p, t in row.metadata]], field.type))
        else:
            columns.append(pa.array([single.get(field.name)], field.type))
    return pa.RecordBatch.from_arrays(columns, schema=known)


def from_batch(batch: pa.RecordBatch, max_pixels: int) -> Row:
    """Raises an ArrowException, ValueError, TypeError, KeyError, … where anything is wrong."""
    batch.validate(full=True)
    if batch.num_rows != 1:
        raise ValueError(f"a batch holds one row, not {batch.num_rows}")
    told = {
        name: batch.column(name)[0].as_py()
        for name in batch.schema.names
        if name not in ("values", "maps", "packets")
    }
    rate = Fraction(told["rate_num"], told["rate_den"]) if told["rate_num"] is not None else None
    return Row(
        item=_whole(told["item"]),
        name=checked_name(_text(told["name"])),
        first=told["first"] is True,
        last=told["last"] is True,
        moving=told["moving"] is True,
        format=told["format"] or "",
        rate=rate,
        aspect=_ratio(told["aspect_num"], told["aspect_den"], least=1),
        cut=told["cut"] is True,
        about=about_from(json.loads(told["about"])) if told["about"] else UNSAID,
        sound=told["sound"],
        metadata=tuple(_told_of(t) for t in told["metadata"] or ()),
        error=told["error"],
        code=told["code"] or 0,
        frame=None if told["grids"] is None else _frame(batch, told, max_pixels),
        packets=tuple(_packet_of(p) for p in batch.column("packets")[0].as_py() or ()),
        gaps=tuple(_gap_of(gap) for gap in json.loads(told["gaps"] or "[]")),
    )


def _gap_of(told: Mapping[str, Any]) -> Mapping[str, object]:
    after, start, end = (told[name] for name in ("after", "from", "to"))
    return {
        "after": None if after is None else _whole(after),
        "from": float(start),
        "to": None if end is None else float(end),
        "why": str(told["why"])[:200],
    }


def _entries(frame: Frame, out: grids.GridsOut) -> list[dict[str, Any]]:
    """One struct a value; a picture that is there twice (kept and still the latest) goes once."""
    entries: list[dict[str, Any]] = []
    seen: dict[int, int] = {}
    named = [(None, v) for v in frame.values] + list(frame.kept.items())
    for order, (kept, value) in enumerate(named):
        name = None if kept is None else _bytes(kept)
        if id(value) in seen:
            kind = type(value).__name__.lower()
            entry = _entry(Packed(kind, str(seen[id(value)]), b"", _SAME))
        else:
            seen[id(value)] = order
            entry = _entry(packed(value))  # type: ignore[arg-type]
        placed = isinstance(value, (Raster, Objects, Features))
        grid = out.number(value.grid) if placed else None  # type: ignore[union-attr]
        entries.append({**entry, "kept": name, "order": order, "grid": grid})
    return entries


def _entry(value: Packed) -> dict[str, Any]:
    return {
        "kind": value.kind, "storage": value.storage, "dtype": value.dtype,
        "shape": list(value.shape), "space": value.space, "extra": value.extra,
        "data": value.data, "luma": value.luma, "alpha": value.alpha,
        "columns": np.frombuffer(value.columns, np.uint8) if len(value.columns) else None,
    }  # fmt: skip


def _listed(entries: list[dict[str, Any]], kind: pa.DataType) -> pa.Array:
    import pyarrow as pa

    children = []
    for field in kind.value_type:
        column = [entry[field.name] for entry in entries]
        bulk = field.name in _BULK
        children.append(_binaries(column) if bulk else pa.array(column, field.type))
    return _list_of(pa.StructArray.from_arrays(children, fields=list(kind.value_type)))


def _list_of(inner: pa.Array) -> pa.Array:
    import pyarrow as pa

    return pa.ListArray.from_arrays(pa.array([0, len(inner)], pa.int32()), inner)


def _binaries(arrays: list[Array | None]) -> pa.Array:
    """large_binary of contiguous arrays, None as null."""
    import pyarrow as pa

    lengths = [0 if a is None else a.nbytes for a in arrays]
    offsets = np.cumsum([0, *lengths], dtype=np.int64)
    there = [a for a in arrays if a is not None and a.nbytes]
    if len(there) == 1:
        data = there[0].reshape(-1)
    else:
        data = np.empty(int(offsets[-1]), np.uint8)
        for array, start in zip(arrays, offsets, strict=False):
            if array is not None and array.nbytes:
                data[start : start + array.nbytes] = array.reshape(-1).view(np.uint8)
    valid = np.packbits(np.array([a is not None for a in arrays], bool), bitorder="little")
    buffers = [pa.py_buffer(valid), pa.py_buffer(offsets), pa.py_buffer(data)]
    return pa.Array.from_buffers(pa.large_binary(), len(arrays), buffers)


def _frame(batch: pa.RecordBatch, told: dict[str, Any], max_pixels: int) -> Frame:
    maps = [_buffer(m) for m in batch.column("maps")[0].values or ()]
    lattice = grids.unpacked(told["grids"], [m for m in maps if m is not None])
    values: list[Value] = []
    kept: dict[str, Raster] = {}
    made: list[Value] = []
    for order, (name, entry) in enumerate(_values(batch)):
        if entry.pop("order") != order:
            raise ValueError("values are not in their order")
        number = entry.pop("grid")
        grid = None if number is None else lattice[_whole(number)]
        value = _value(entry, grid, made, max_pixels)
        made.append(value)
        if name is None:
            values.append(value)
        elif isinstance(value, Raster):
            kept[_text(name)] = value
        else:
            raise ValueError("only pictures are kept")
    base, length = _ratio(told["num"], told["den"]), _whole(told["length"])
    time = Time(_whole(told["pts"], least=None), base, length)
    source, index = checked_name(_text(told["source"])), _whole(told["index"])
    frame = Frame(tuple(values), lattice[0], index, time, source)
    return _agreeing(replace(frame, kept=MappingProxyType(kept)) if kept else frame)


def _agreeing(frame: Frame) -> Frame:
    kinds = [type(v) for v in frame.values]
    if len(set(kinds)) != len(kinds):
        raise ValueError("a kind of value is there twice")
    for value in frame.values:
        if isinstance(value, (Raster, Objects, Features)) and value.grid != frame.grid:
            raise ValueError("a value lies on another grid than its frame")
    return frame


def _values(batch: pa.RecordBatch) -> list[tuple[bytes | None, dict[str, Any]]]:
    struct = batch.column("values").flatten()
    if struct.null_count or len(struct) > _MOST_VALUES:
        raise ValueError("a frame holds no such values")
    columns: dict[str, list[Any]] = {}
    for field, column in zip(struct.type, struct.flatten(), strict=True):
        bulk = field.name in _BULK
        columns[field.name] = [_buffer(s) for s in column] if bulk else column.to_pylist()
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return [(row.pop("kept"), row) for row in rows]


def _value(entry: dict[str, Any], grid: Grid | None, made: list[Value], most: int) -> Value:
    if entry["storage"] == _SAME:
        value = made[_whole(int(entry["extra"]))]
        if getattr(value, "grid", None) not in (None, grid):
            raise ValueError("one picture lies on two grids")
        return value
    if entry["columns"] is None:
        entry["columns"] = np.zeros(0, np.uint8)
    return unpacked(Packed(**{**entry, "shape": shape_of(entry["shape"])}), grid, most)


def _buffer(scalar: pa.Scalar) -> Array | None:
    """The bytes themselves, (n,) uint8, not copied."""
    if not scalar.is_valid:
        return None
    buffer = scalar.as_buffer()
    return np.frombuffer(buffer, np.uint8) if buffer.size else np.zeros(0, np.uint8)


def _packet(packet: SoundPacket) -> dict[str, object]:
    return {
        "stream": packet.stream, "pts": packet.pts, "dts": packet.dts,
        "duration": packet.duration, "num": packet.time_base.numerator,
        "den": packet.time_base.denominator, "key": packet.keyframe, "data": packet.data,
    }  # fmt: skip


def _packet_of(told: dict[str, Any]) -> SoundPacket:
    base = _ratio(told["num"], told["den"])
    if not isinstance(told["data"], bytes):
        raise TypeError("a packet of sound holds nothing")
    number, duration = _whole(told["stream"]), _whole(told["duration"])
    return SoundPacket(
        number, told["pts"], told["dts"], duration, base, told["key"] is True, told["data"]
    )


def _told(page: int, told: Metadata) -> dict[str, object]:
    across, down = told.density or (None, None)
    return {"page": page, "exif": told.exif, "icc": told.icc, "across": across, "down": down}


def _told_of(told: dict[str, Any]) -> tuple[int, Metadata]:
    exif, icc, across, down = told["exif"], told["icc"], told["across"], told["down"]
    if not isinstance(exif, bytes) or not isinstance(icc, bytes):
        raise TypeError("metadata is missing")
    if across is None and down is None:
        return _whole(told["page"]), Metadata(exif, icc)
    dense = density(across, down)
    if dense is None:
        raise ValueError("a density is none")
    return _whole(told["page"]), Metadata(exif, icc, dense)


def _ratio(numerator: object, denominator: object, *, least: int | None = None) -> Fraction:
    return Fraction(_whole(numerator, least=least), _whole(denominator, least=1))


def _whole(value: object, *, least: int | None = 0) -> int:
    if type(value) is not int or (least is not None and value < least):
        raise ValueError(f"{value!r:.40} is not the number that was expected")
    return value


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _text(data: object) -> str:
    if not isinstance(data, bytes):
        raise TypeError("a name is missing")
    return data.decode("utf-8", "surrogatepass")


def _clean(text: str) -> str:
    """What UTF-8 cannot hold, escaped: the text is for people."""
    return text.encode("utf-8", "backslashreplace").decode()
