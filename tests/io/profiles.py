"""Colour profiles made by hand: three primaries and a curve, or grey."""

from __future__ import annotations

import struct

import numpy as np

ADOBE_RGB = ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06))
DISPLAY_P3 = ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060))
SRGB = ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06))
D65 = (0.3127, 0.3290)
SRGB_CURVE = struct.pack(
    ">4sIHHIIIII", b"para", 0, 3, 0, *[round(v * 65536) for v in
    (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)],
)  # fmt: skip
_BRADFORD = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)
_D50 = np.array([0.9642, 1.0, 0.8249])


def gamma(power: float) -> bytes:
    return struct.pack(">4sIIH", b"curv", 0, 1, round(power * 256)) + bytes(2)


def table(values: np.ndarray) -> bytes:
    """A curve of numbers from 0 to 1."""
    body = np.rint(values * 65535).astype(">u2").tobytes()
    return struct.pack(">4sII", b"curv", 0, len(values)) + body + bytes(len(body) % 4)


def rgb(primaries: tuple[tuple[float, float], ...] = ADOBE_RGB, curve: bytes = b"") -> bytes:
    """Primaries as (x, y) under D65."""
    curve = curve or gamma(563 / 256)
    columns = np.array([[x / y, 1, (1 - x - y) / y] for x, y in primaries]).T
    x, y = D65
    white = np.array([x / y, 1, (1 - x - y) / y])
    matrix = columns * np.linalg.solve(columns, white)
    cones = np.diag((_BRADFORD @ _D50) / (_BRADFORD @ white))
    adapted = np.linalg.inv(_BRADFORD) @ cones @ _BRADFORD @ matrix
    tags = {
        name: struct.pack(">4sIiii", b"XYZ ", 0, *np.rint(column * 65536).astype(int))
        for name, column in zip((b"rXYZ", b"gXYZ", b"bXYZ"), adapted.T, strict=True)
    }
    tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)
    return _whole(b"RGB ", tags)


def grey(curve: bytes) -> bytes:
    return _whole(b"GRAY", {b"kTRC": curve})


def _whole(space: bytes, tags: dict[bytes, bytes]) -> bytes:
    text = b"made by hand"
    tags[b"desc"] = struct.pack(">4sII", b"desc", 0, len(text) + 1) + text + bytes(80)
    tags[b"cprt"] = b"text" + bytes(4) + b"none" + bytes(4)
    tags[b"wtpt"] = struct.pack(">4sIiii", b"XYZ ", 0, *np.rint(_D50 * 65536).astype(int))
    at = 132 + 12 * len(tags)
    entries, bodies = b"", b""
    for name, body in tags.items():
        body += bytes(-len(body) % 4)
        entries += struct.pack(">4sII", name, at + len(bodies), len(body))
        bodies += body
    size = at + len(bodies)
    head = struct.pack(">I4sI4s4s4s", size, bytes(4), 0x02400000, b"mntr", space, b"XYZ ")
    head += struct.pack(">6H", 2025, 1, 1, 0, 0, 0) + b"acsp" + bytes(24)
    head += bytes(4) + struct.pack(">3i", *np.rint(_D50 * 65536).astype(int))
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + entries + bodies
