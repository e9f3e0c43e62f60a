"""Motion as colours and as arrows: hue is direction, and the faster the stronger.

Source: Baker et al. 2011, A Database and Evaluation Methodology for Optical Flow (the wheel).
"""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np

from cvkit.core.color import edge_of
from cvkit.core.warp import Array

_SPANS = (15, 6, 4, 11, 13, 6)
"""Steps from red over yellow, green, cyan, blue and magenta to red, as the eye tells them apart."""
_ANGLES, _SPEEDS = 360, 64
_FAST = 99.5
"""The percentile of the speeds that is taken for the fastest: a few pixels are always wrong."""
_LONGEST, _SHORTEST, _HEAD = 2.0, 0.3, 0.3
"""Of arrows, in cells of their lattice."""
_SLOW = 0.1
"""The share of what is fast below which a pixel counts as standing."""
_MUCH = 0.25
"""The share of a cell that has to move."""
_LEAST = 0.5
"""Pixels a frame below which the fastest is noise."""


def speeds(flow: Array) -> Array:
    """(h, w) float32 of a flow (h, w, 2), in its unit; 0 where nothing is known."""
    known = np.nan_to_num(flow, nan=0.0, posinf=0.0, neginf=0.0)
    # cv2.magnitude differs from run to run.
    return np.asarray(np.sqrt(known[..., 0] ** 2 + known[..., 1] ** 2))


def fastest(flow: Array) -> float:
    """What counts as fast in this flow, at least half a pixel."""
    return max(_LEAST, float(np.percentile(speeds(flow)[::2, ::2], _FAST)))


def wheel(flow: Array, top: float = 0.0) -> Array:
    """(h, w, 3) BGR uint8 of a flow (h, w, 2): white where nothing moves, full colours at `top`
    pixels and above; 0 takes what is fast in this one. Black where nothing is known."""
    around = np.arctan2(-flow[..., 1], -flow[..., 0]) * (_ANGLES / (2 * np.pi)) + _ANGLES / 2
    outward = speeds(flow) * ((_SPEEDS - 1) / (top or fastest(flow)))
    angles = np.nan_to_num(around).astype(np.int32) % _ANGLES
    places = angles * _SPEEDS + np.minimum(outward, _SPEEDS - 1).astype(np.int32)
    shown: Array = _table()[places]
    shown[~np.isfinite(flow).all(2)] = 0
    return shown


def hue(degrees: float) -> tuple[int, int, int]:
    """The full colour of a direction, counter-clockwise from the right."""
    angle = np.deg2rad(degrees)
    flow = np.array([[[np.cos(angle), -np.sin(angle)]]])
    blue, green, red = wheel(flow, 1.0)[0, 0].tolist()
    return blue, green, red


def arrows(canvas: Array, flow: Array, top: float, line: int) -> None:
    """Draw on (h, w, 3) uint8, in place, how what moves in each cell of a lattice does. An arrow at
    `top` pixels and above is as long as two cells, so that slower ones have a length that tells."""
    h, w = canvas.shape[:2]
    cell = max(8, round((h * w) ** 0.5 / 28))
    columns, rows = max(1, w // cell), max(1, h // cell)
    means = _moving(flow, (columns, rows), top)
    lengths = np.minimum(speeds(means) / top, 1) * cell * _LONGEST
    hues = wheel(means * np.float32(1e3), 1.0)
    parts = []
    for row, column in np.argwhere(lengths >= cell * _SHORTEST).tolist():
        start = np.array([(column + 0.5) * w / columns, (row + 0.5) * h / rows])
        ahead = means[row, column] / max(float(speeds(means[row, column])), 1e-9)
        end = start + ahead * lengths[row, column]
        blue, green, red = hues[row, column].tolist()
        tip = min(0.5, _HEAD * cell / float(lengths[row, column]))
        parts.append((_fixed(start), _fixed(end), (blue, green, red), tip))
    for edge in (True, False):  # every edge first, so that none covers a neighbour's colour
        for tail, head, colour, tip in parts:
            ink, width = (edge_of(colour), line + 2) if edge else (colour, line)
            cv2.arrowedLine(canvas, tail, head, ink, width, cv2.LINE_AA, 4, tip)


def _moving(flow: Array, size: tuple[int, int], top: float) -> Array:
    """(rows, columns, 2): the mean of what moves in each cell, 0 where that is little of it; what
    stands around a small thing does not make it slower."""
    known = np.nan_to_num(flow, nan=0.0, posinf=0.0, neginf=0.0).astype(np.float32)
    moves = (speeds(known) >= _SLOW * top).astype(np.float32)
    share = cv2.resize(moves, size, interpolation=cv2.INTER_AREA)
    sums = cv2.resize(known * moves[..., None], size, interpolation=cv2.INTER_AREA)
    means = sums / np.maximum(share, _MUCH)[..., None]
    means[share < _MUCH] = 0
    return np.asarray(means)


def _fixed(point: Array) -> tuple[int, int]:
    """As OpenCV counts in sixteenths from pixel centres."""
    x, y = np.rint((point - 0.5) * 16).astype(int).tolist()
    return x, y


@cache
def _table() -> Array:
    """(angles * speeds, 3) BGR uint8."""
    corners = np.array([[255, 0, 0], [255, 255, 0], [0, 255, 0], [0, 255, 255], [0, 0, 255],
                        [255, 0, 255], [255, 0, 0]], float)  # fmt: skip
    at = np.concatenate([[0], np.cumsum(_SPANS)])
    steps = np.arange(_ANGLES) * (at[-1] / _ANGLES)
    hues = np.stack([np.interp(steps, at, corners[:, c]) for c in (2, 1, 0)], -1)
    share = np.linspace(0, 1, _SPEEDS)[None, :, None]
    table = 255 - share * (255 - hues[:, None])
    return np.asarray(np.rint(table).astype(np.uint8).reshape(-1, 3))
