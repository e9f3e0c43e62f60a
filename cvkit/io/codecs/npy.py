"""Arrays of NumPy, `.npy` and `.npz`: (h, w), (h, w, 3) in BGR order or (h, w, 4) BGRA.

Pickles are never opened. uint8, uint16 and float32 are taken as they are, bool as 0 and 255,
float16 and float64 as float32, and whole numbers of other types where 8 or 16 bits hold them. Of an
`.npz` the array called `image`, or the only one.

Source: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
"""

from __future__ import annotations

import io
import zipfile
import zlib

import numpy as np
from numpy.lib import format as npy

from cvkit.core.values import Image
from cvkit.core.warp import Array
from cvkit.io.codecs.asked import Asked
from cvkit.io.codecs.stored import image
from cvkit.io.integrity import bounded, damaged, unsupported

Bytes = bytes | memoryview

_NAME = "image"  # as encode calls it

_CHANNELS = (1, 3, 4)
_HEADER = 1 << 16


def read(data: Bytes, name: str, asked: Asked) -> Image:
    if bytes(data[:2]) == b"PK":
        data = _member(data, name, asked.max_pixels)
    return image(as_picture(_array(data, name, asked.max_pixels), name, asked))


def encode(array: Array, fmt: str, *, quality: int | None, binary: bool) -> bytes:
    """As it is; an `.npz` is compressed and holds it as `image`."""
    out = io.BytesIO()
    if fmt == "npz":
        np.savez_compressed(out, image=array)
    else:
        np.save(out, array, allow_pickle=False)
    return out.getvalue()


def as_picture(array: Array, name: str, asked: Asked) -> Array:
    """In a depth that pictures have. Raises InputError where it has none."""
    kind = array.dtype.kind
    if kind == "b":
        return array.astype(np.uint8) * np.uint8(255)
    if kind == "f":
        return array.astype(np.float32, copy=False)
    if array.dtype.name in ("uint8", "uint16"):
        return array.astype(array.dtype.newbyteorder("="), copy=False)
    low, high = int(array.min()), int(array.max())
    if low < 0 or high > 65535:
        raise unsupported(
            name,
            f"it holds {array.dtype.name} from {low} to {high}, and pictures are 0 to 255, 0 to"
            " 65535 or floats",
        )
    depth = np.dtype(np.uint8 if high < 256 else np.uint16)
    asked.notes.append(f"{array.dtype.name} from {low} to {high} is read as {depth.name}")
    return array.astype(depth)


def _member(data: Bytes, name: str, max_pixels: int) -> bytes:
    """The picture's own `.npy`. Its size is looked at before it is unpacked."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            there = [m for m in archive.infolist() if m.filename.endswith(".npy")]
            chosen = [m for m in there if m.filename == f"{_NAME}.npy"] or there
            if len(chosen) != 1:
                names = ", ".join(m.filename.removesuffix(".npy") for m in there) or "nothing"
                raise unsupported(name, f"it holds {names}, and none of them is called {_NAME}")
            with archive.open(chosen[0]) as member:
                _header(io.BytesIO(member.read(_HEADER)), name, max_pixels)
            return archive.read(chosen[0])
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError) as error:
        raise damaged(name, f"the NPZ is cut or broken: {error}") from error


def _header(file: io.BytesIO, name: str, max_pixels: int) -> tuple[tuple[int, ...], bool, np.dtype]:
    try:
        version = npy.read_magic(file)
        parse = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, fortran, dtype = parse(file)
    except (ValueError, EOFError, SyntaxError, TypeError) as error:
        said = str(error).partition("\n")[0]
        raise damaged(name, f"the NPY's header is cut or broken: {said}") from error
    if dtype.hasobject or dtype.kind not in "biuf" or dtype.itemsize > 8:
        raise unsupported(name, f"it holds {dtype}, and pictures are numbers")
    if len(shape) not in (2, 3) or (len(shape) == 3 and shape[2] not in _CHANNELS):
        first = " (channels come last)" if len(shape) == 3 and shape[0] in _CHANNELS else ""
        raise unsupported(
            name,
            f"it holds an array of {shape}, and a picture is (h, w), (h, w, 3) or (h, w, 4){first}",
        )
    bounded((shape[1], shape[0]), max_pixels, name)
    return shape, fortran, dtype


def _array(data: Bytes, name: str, max_pixels: int) -> Array:
    file = io.BytesIO(data)
    shape, fortran, dtype = _header(file, name, max_pixels)
    count = int(np.prod(shape, dtype=np.int64))
    start = file.tell()
    missing = start + count * dtype.itemsize - len(data)
    if missing > 0:
        raise damaged(name, f"the NPY is cut: {missing} bytes are missing")
    flat = np.frombuffer(data, dtype, count, start)
    array = flat.reshape(shape[::-1]).T if fortran else flat.reshape(shape)
    return np.ascontiguousarray(array)
