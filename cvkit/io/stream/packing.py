"""Arrays, words and numbers in one piece: a JSON text and the arrays' bytes one after the other."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from cvkit.core.values import frozen
from cvkit.core.warp import Array

_ALIGNED = 8
_KINDS = "biuf"
_LARGEST_SIDE = 2**31


def pack(tree: Mapping[str, object]) -> tuple[str, bytes]:
    """Of strings, numbers, None, arrays of numbers, and tuples and mappings of these."""
    parts: list[bytes] = []
    text = json.dumps(_leaf(tree, parts))
    return text, b"".join(parts)


def unpack(text: str, data: Array) -> dict[str, Any]:
    """What `pack` was given; arrays are read-only views of `data`, (n,) uint8.

    Raises ValueError or TypeError where the two do not fit together.
    """
    cursor = _Cursor(data)
    tree = cursor.value(json.loads(text))
    if not isinstance(tree, dict) or cursor.at != data.size:
        raise ValueError("declared arrays and bytes differ")
    return tree


def dtype_of(text: object) -> np.dtype[Any]:
    """A little-endian type of plain numbers. Raises ValueError for any other."""
    if not isinstance(text, str) or len(text) > 4:
        raise ValueError(f"{text!r:.40} is no type of numbers")
    dtype = np.dtype(text)
    if dtype.kind not in _KINDS or dtype.itemsize > 8 or dtype.str != text:
        raise ValueError(f"{text!r} is no type of numbers")
    return dtype


def shape_of(sides: object) -> tuple[int, ...]:
    if not isinstance(sides, list) or len(sides) > 4:
        raise ValueError("an array has up to four sides")
    if any(type(side) is not int or not 0 <= side < _LARGEST_SIDE for side in sides):
        raise ValueError(f"no array has the sides {sides!r:.80}")
    return tuple(sides)


def view(data: Array, dtype: np.dtype[Any], shape: tuple[int, ...]) -> Array:
    """All of `data`, (n,) uint8, as an array. Raises ValueError where the length is another."""
    wanted = math.prod(shape) * dtype.itemsize
    if wanted != data.size:
        raise ValueError(f"{shape} of {dtype} takes {wanted} bytes, there are {data.size}")
    return frozen(data.view(dtype).reshape(shape))


def plain(array: Array) -> Array:
    """Contiguous and little-endian; the same memory where it is that already."""
    array = np.ascontiguousarray(array).reshape(array.shape)  # it makes (1,) of ()
    return array.astype(array.dtype.newbyteorder("<"), copy=False)


def _leaf(value: object, parts: list[bytes]) -> object:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        if value.dtype.kind not in _KINDS:
            raise TypeError(f"an array of {value.dtype} does not travel")
        data = plain(value).tobytes()
        parts.append(data + bytes(-len(data) % _ALIGNED))
        return {"array": [plain(value).dtype.str, list(value.shape)]}
    if isinstance(value, tuple):
        return {"tuple": [_leaf(v, parts) for v in value]}
    if isinstance(value, Mapping):
        # Pairs keep the order, and numbers as keys.
        return {"map": [[_leaf(k, parts), _leaf(v, parts)] for k, v in value.items()]}
    return value


class _Cursor:
    def __init__(self, data: Array) -> None:
        self._data = data
        self.at = 0

    def value(self, node: object) -> Any:  # noqa: ANN401 - whatever was packed
        if isinstance(node, list):
            raise TypeError("a list stands where a value should")
        if not isinstance(node, dict):
            return node
        ((form, inner),) = node.items()
        if not isinstance(inner, list):
            raise TypeError(f"{form} holds no list")
        if form == "array":
            dtype, shape = inner
            return self._array(dtype_of(dtype), shape_of(shape))
        if form == "tuple":
            return tuple(self.value(v) for v in inner)
        if form == "map":
            return {self.value(k): self.value(v) for k, v in inner}
        raise ValueError(f"{form!r:.40} is not known")

    def _array(self, dtype: np.dtype[Any], shape: tuple[int, ...]) -> Array:
        size = math.prod(shape) * dtype.itemsize
        if size > self._data.size - self.at:
            raise ValueError("an array is longer than its bytes")
        out = view(self._data[self.at : self.at + size], dtype, shape)
        self.at += size + -size % _ALIGNED
        return out
