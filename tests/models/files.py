"""Network files of kinds that no library here writes: made byte by byte."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np


def field(number: int, value: int | bytes | str) -> bytes:
    """One protobuf field: a number, or bytes with their length."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value & (1 << 64) - 1)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def darknet(folder: Path, classes: int = 3, size: tuple[int, int] = (64, 32)) -> Path:
    """`tiny.cfg` and `tiny.weights`: means of 8×8 blocks before one [yolo] layer of one anchor."""
    width, height = size
    filters = 5 + classes
    (folder / "tiny.cfg").write_text(
        f"# made\n[net]\nwidth={width}\nheight={height}\nchannels=3\n\n"
        f"[convolutional]\nfilters={filters}\nsize=8\nstride=8\npad=0\nactivation=linear\n\n"
        f"[yolo]\nmask=0\nanchors=8,8\nclasses={classes}\nnum=1\n"
    )
    weights = np.zeros((filters, 3, 8, 8), np.float32)
    for channel in range(min(classes, 3)):
        weights[5 + channel, channel] = 1 / 64
    biases = np.zeros(filters, np.float32)
    biases[4] = 4
    header = struct.pack("<iiiq", 0, 2, 0, 0)
    (folder / "tiny.weights").write_bytes(header + biases.tobytes() + weights.tobytes())
    return folder / "tiny.cfg"


def caffe(folder: Path, scale: float = 2.0) -> Path:
    """`times.prototxt` and `times.caffemodel`: a picture of 6×4 times `scale`, then its mean."""
    (folder / "times.prototxt").write_text(
        'name: "times"\ninput: "data"\ninput_dim: 1\ninput_dim: 3\ninput_dim: 4\ninput_dim: 6\n'
        'layer { name: "times" type: "Scale" bottom: "data" top: "times" '
        "scale_param { axis: 1 bias_term: false } }\n"
    )
    shape = field(7, field(1, 3))
    blob = shape + field(5, np.full(3, scale, np.float32).tobytes())
    layer = field(1, "times") + field(2, "Scale") + field(3, "data") + field(4, "times")
    (folder / "times.caffemodel").write_bytes(
        field(1, "times") + field(100, layer + field(7, blob))
    )
    return folder / "times.prototxt"


def tensorflow(path: Path, sides: Sequence[int] = (1, 4, 6, 3)) -> Path:
    """A frozen graph: a picture of `sides` (-1: free), its negative levels cut to 0."""
    shape = b"".join(field(2, field(1, side)) for side in sides)
    floats = field(5, field(1, "dtype") + field(2, field(6, 1)))
    entry = field(1, "image") + field(2, "Placeholder") + floats
    entry += field(5, field(1, "shape") + field(2, field(7, shape)))
    relu = field(1, "cut") + field(2, "Relu") + field(3, "image")
    relu += field(5, field(1, "T") + field(2, field(6, 1)))
    path.write_bytes(field(1, entry) + field(1, relu))
    return path
