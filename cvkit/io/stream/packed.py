"""Each kind of value as it travels: bulk data apart, the rest as JSON."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from cvkit.core.grid import Grid
from cvkit.core.values import (
    DEPTHS,
    KINDS,
    Camera,
    Decoded,
    Depth,
    Event,
    Features,
    Flow,
    Image,
    Labels,
    Mask,
    Measures,
    Objects,
    Pixels,
    Plain,
    Raster,
    Scores,
    Text,
    Value,
    Vector,
)
from cvkit.core.warp import Array
from cvkit.io.codecs.stored import Stored
from cvkit.io.planes import SUBSAMPLING, Planes
from cvkit.io.stream.packing import dtype_of, pack, plain, shape_of, unpack, view

_MATRICES = ("601", "709", "2020")


@dataclass(frozen=True, slots=True)
class Packed:
    """One value. `data`, `luma` and `alpha` are rasters in memory that is not copied; `columns`
    and `extra` are what `packing.pack` gave."""

    kind: str
    extra: str
    columns: bytes | Array
    storage: str = ""
    dtype: str = ""
    shape: tuple[int, ...] = ()
    space: str = ""
    data: Array | None = None
    luma: Array | None = None
    alpha: Array | None = None


def packed(value: Value) -> Packed:
    """Raises TypeError for what does not travel."""
    kind = type(value).__name__.lower()
    if isinstance(value, Image):
        return _image(value)
    if isinstance(value, Raster):
        extra = {f.name: getattr(value, f.name) for f in fields(value)}
        del extra["grid"], extra["values"]
        return _raster(kind, "", plain(value.array), extra)
    text, columns = pack(
        {f.name: getattr(value, f.name) for f in fields(value) if f.name != "grid"}
    )
    return Packed(kind, text, columns)


def unpacked(row: Packed, grid: Grid | None, max_pixels: int) -> Value:
    """Raises ValueError, TypeError or KeyError where anything does not fit."""
    if row.kind not in KINDS:
        raise ValueError(f"{row.kind!r:.40} is no kind of value")
    assert isinstance(row.columns, np.ndarray)
    extra = unpack(row.extra, row.columns)
    if not issubclass(KINDS[row.kind], Raster):
        return _made(row.kind, extra, grid)
    if grid is None or grid.size[0] * grid.size[1] > max_pixels or min(grid.size) < 1:
        raise ValueError("a raster has no size, or is over --max-pixels")
    return _image_of(row, grid) if row.kind == "image" else _raster_of(row, extra, grid)


def _raster(kind: str, storage: str, array: Array, extra: dict[str, object]) -> Packed:
    text, columns = pack(extra)
    return Packed(kind, text, columns, storage, array.dtype.str, array.shape, data=array)


def _image(image: Image) -> Packed:
    pixels = image.pixels
    extra, luma, storage = "{}", None, "stored"
    if isinstance(pixels, Planes):
        storage, array = "planes", pixels.buffer
        extra, _ = pack(
            {"layout": pixels.layout, "matrix": pixels.matrix, "full_range": pixels.full_range}
        )
    elif isinstance(pixels, (Plain, Stored)) or pixels.space == "gray":
        storage = "plain" if isinstance(pixels, Plain) else "stored"
        array = plain(image.array)
    else:
        # Views are made once and kept, so an encoded picture is not decoded again.
        storage, array, luma = "decoded", plain(image.bgr), plain(image.gray)
    alpha = None if image.alpha is None else plain(image.alpha)
    extra = pack({})[0] if extra == "{}" else extra
    return Packed(
        "image", extra, b"", storage, array.dtype.str, array.shape, image.space, array, luma, alpha
    )


def _image_of(row: Packed, grid: Grid) -> Image:
    dtype, (w, h) = dtype_of(row.dtype), grid.size
    if row.data is None or dtype.name not in DEPTHS:
        raise ValueError("an image has no pixels")
    pixels: Pixels
    if row.storage == "planes":
        pixels = _planes(row, grid)
    else:
        array = view(row.data, dtype, shape_of(list(row.shape)))
        if array.shape not in ((h, w), (h, w, 3)):
            raise ValueError(f"an image of {w}×{h} has the shape {array.shape}")
        if row.storage == "decoded":
            if row.luma is None or array.ndim != 3:
                raise ValueError("a decoded image has no luma")
            pixels = Decoded(array, view(row.luma, dtype, (h, w)))
        elif row.storage in ("plain", "stored"):
            pixels = Plain(array) if row.storage == "plain" else Stored(Plain(array))
        else:
            raise ValueError(f"{row.storage!r:.40} is no storage")
    if row.space != pixels.space:
        raise ValueError(f"an image of {pixels.space} says that it is {row.space!r:.40}")
    alpha = None if row.alpha is None else view(row.alpha, dtype, (h, w))
    return Image(grid, pixels, alpha)


def _planes(row: Packed, grid: Grid) -> Planes:
    assert row.data is not None
    assert isinstance(row.columns, np.ndarray)
    told = unpack(row.extra, row.columns)
    layout, matrix = told["layout"], told["matrix"]
    if layout not in (*SUBSAMPLING, "gray") or matrix not in _MATRICES:
        raise ValueError("planes of no known layout or matrix")
    return Planes.of(
        row.data, grid.size, layout=layout, matrix=matrix, full_range=bool(told["full_range"])
    )


_RASTERS: dict[str, tuple[str, tuple[int, ...]]] = {
    "mask": ("|u1", ()),
    "labels": ("<i4", ()),
    "depth": ("<f4", ()),
    "flow": ("<f4", (2,)),
}


def _raster_of(row: Packed, extra: dict[str, Any], grid: Grid) -> Value:
    dtype, more = _RASTERS[row.kind]
    shape = (grid.size[1], grid.size[0], *more)
    if row.data is None or row.dtype != dtype or tuple(row.shape) != shape:
        raise ValueError(f"a {row.kind} of {shape} says it is {row.dtype} {row.shape}")
    array = view(row.data, np.dtype(dtype), shape)
    if row.kind == "mask":
        return Mask(grid, array, binary=bool(extra["binary"]))
    if row.kind == "labels":
        names = {int(k): _word(v) for k, v in extra["names"].items()}
        return Labels(grid, array, names)
    if row.kind == "depth":
        return Depth(grid, array, bool(extra["metric"]))
    return Flow(grid, array, float(extra["top"]))


def _made(kind: str, extra: dict[str, Any], grid: Grid | None) -> Value:
    if kind in ("objects", "features"):
        if grid is None:
            raise ValueError(f"{kind} lie on no grid")
        return _objects(grid, extra) if kind == "objects" else _features(grid, extra)
    return _WHOLE[kind](extra)


_SHAPES: dict[str, tuple[str, tuple[int | None, ...]]] = {
    "boxes": ("f", (4,)),
    "scores": ("f", ()),
    "classes": ("iu", ()),
    "ids": ("iu", ()),
    "corners": ("f", (4, 2)),
    "keypoints": ("f", (None, 3)),
    "embeddings": ("f", (None,)),
    "points": ("f", (2,)),
    "descriptors": ("iuf", (None,)),
    "sizes": ("f", ()),
    "angles": ("f", ()),
}


def _objects(grid: Grid, extra: dict[str, Any]) -> Objects:
    own = {f.name for f in fields(Objects)} - {"grid"}
    if set(extra) != own:
        raise ValueError("objects have other columns")
    n, attributes = len(_column("boxes", extra["boxes"], None)), extra["attributes"]
    for name, column in extra.items():
        if column is not None and name != "attributes":
            _column(name, column, n)
    for name, column in attributes.items():
        if isinstance(column, np.ndarray) and column.ndim != 1:
            raise ValueError(f"{name!r:.40} is no column")
        _column(_word(name), column, n)
    return Objects(grid, **extra)


def _features(grid: Grid, extra: dict[str, Any]) -> Features:
    n = len(_column("points", extra["points"], None))
    for name, column in extra.items():
        if column is not None:
            _column(name, column, n)
    return Features(grid, **extra)


def _column(name: str, column: object, n: int | None) -> Array | tuple[Any, ...]:
    """Checked against the kind's own description. Raises ValueError or TypeError."""
    if not isinstance(column, (np.ndarray, tuple)) or (n is not None and len(column) != n):
        raise ValueError(f"the column {name!r:.40} does not have {n} rows")
    if name in ("polygons", "masks"):
        for part in column:
            _part(name, part)
    elif isinstance(column, tuple):
        for word in column:
            _word(word)
        if name in _SHAPES:
            raise ValueError(f"the column {name} holds words")
    elif name in _SHAPES:
        kinds, sides = _SHAPES[name]
        fits = column.ndim == 1 + len(sides) and column.dtype.kind in kinds
        if not fits or any(
            s not in (None, t) for s, t in zip(sides, column.shape[1:], strict=True)
        ):
            raise ValueError(f"the column {name} is {column.shape} {column.dtype}")
    elif name in ("labels", "texts", "step"):
        raise ValueError(f"the column {name} holds no words")
    return column


def _part(name: str, part: object) -> None:
    if not isinstance(part, np.ndarray) or part.ndim != 2:
        raise ValueError(f"{name} holds something else")
    if name == "polygons" and (part.shape[1] != 2 or part.dtype.kind != "f"):
        raise ValueError("a polygon is (k, 2)")
    if name == "masks" and (part.dtype != np.uint8 or not part.size):
        raise ValueError("a bitmap is (h, w) uint8")


def _word(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r:.40} is no word")
    return value


def _rows(extra: dict[str, Any]) -> tuple[dict[str, Any], ...]:
    rows = extra["rows"]
    if not isinstance(rows, tuple) or not all(isinstance(row, dict) for row in rows):
        raise TypeError("rows are missing")
    for row in rows:
        for key, cell in row.items():
            if not isinstance(cell, str | int | float | None):
                raise TypeError(f"{_word(key)!r:.40} holds no number or word")
    return rows


def _scores(extra: dict[str, Any]) -> Scores:
    labels, scores = extra["labels"], extra["scores"]
    if len(labels) != len(scores):
        raise ValueError("labels and scores differ in number")
    return Scores(tuple(_word(w) for w in labels), tuple(float(s) for s in scores))


def _camera(extra: dict[str, Any]) -> Camera:
    w, h = extra["size"]
    matrix, distortion = extra["matrix"], extra["distortion"]
    if matrix.shape != (3, 3) or distortion.ndim > 2 or matrix.dtype.kind != "f":
        raise ValueError("a camera's matrix is 3×3")
    return Camera(matrix, distortion, (int(w), int(h)))


def _vector(extra: dict[str, Any]) -> Vector:
    values = extra["values"]
    if values.ndim != 1 or values.dtype.kind != "f":
        raise ValueError("a vector is (d,)")
    return Vector(values)


_WHOLE: dict[str, Callable[[dict[str, Any]], Value]] = {
    "scores": _scores,
    "vector": _vector,
    "text": lambda extra: Text(_word(extra["text"])),
    "measures": lambda extra: Measures(_rows(extra)),
    "event": lambda extra: Event(_rows(extra)),
    "camera": _camera,
}
