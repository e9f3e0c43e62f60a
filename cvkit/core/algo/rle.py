"""Run lengths of a bitmap, as COCO writes them: down the columns, beginning with what is not set.

Source: pycocotools' `maskApi.c` (rleEncode, rleToString, rleFrString).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]


def encoded(bitmap: NDArray[np.uint8]) -> Counts:
    """The runs of an (h, w) bitmap, of which the even ones are 0."""
    flat = (bitmap != 0).ravel(order="F")
    changes = np.flatnonzero(np.diff(flat)) + 1
    ends = np.concatenate([[0] if flat.size and flat[0] else [], changes, [flat.size]])
    return np.diff(ends.astype(np.int64), prepend=np.int64(0)).astype(np.int64)


def decoded(
    counts: Counts, size: tuple[int, int], window: tuple[int, int, int, int]
) -> NDArray[np.uint8]:
    """(h, w) 0 or 255, the rectangle `window` (x, y, width, height) of a picture of this `size`
    (width, height); what lies outside the picture is 0. Takes memory for its columns only.

    Raises ValueError where the runs are not those of that picture.
    """
    width, height = size
    ends = np.cumsum(counts)
    if (counts < 0).any() or (len(ends) and ends[-1]) != width * height:
        raise ValueError(f"the runs of a mask are not those of {width}×{height} pixels")
    x, y, w, h = window
    out = np.zeros((h, w), np.uint8)
    left, right, top, bottom = max(x, 0), min(x + w, width), max(y, 0), min(y + h, height)
    if left >= right or top >= bottom:
        return out
    start, end = left * height, right * height
    runs = np.diff(np.clip(ends, start, end), prepend=np.int64(start)).astype(np.int64)
    values = np.where(np.arange(len(runs)) % 2, 255, 0).astype(np.uint8)
    columns = np.repeat(values, runs).reshape(right - left, height).T
    out[top - y : bottom - y, left - x : right - x] = columns[top:bottom]
    return out


def bounds(counts: Counts, height: int) -> tuple[int, int, int, int]:
    """x1, y1, x2, y2 around what is set in a bitmap of this height; zeros where nothing is."""
    ends = np.cumsum(counts)
    first, last = (ends - counts)[1::2], ends[1::2] - 1
    first, last = first[last >= first], last[last >= first]
    if not len(first):
        return 0, 0, 0, 0
    left, right = first // height, last // height
    whole = left != right
    top = np.where(whole, 0, first % height).min()
    bottom = np.where(whole, height - 1, last % height).max()
    return int(left.min()), int(top), int(right.max()) + 1, int(bottom) + 1


def text_of(counts: Counts) -> str:
    """The runs as COCO packs them into letters, five bits each."""
    deltas = counts.astype(np.int64)
    deltas[3:] -= counts[1:-2]
    out = bytearray()
    for value in deltas.tolist():
        more = True
        while more:
            bits = value & 0x1F
            value >>= 5
            more = value != (-1 if bits & 0x10 else 0)
            out.append((bits | (0x20 if more else 0)) + 48)
    return out.decode()


def counts_of(text: str) -> Counts:
    """The runs that these letters pack. Raises ValueError where they are none."""
    codes = np.frombuffer(text.encode(), np.uint8).astype(np.int64) - 48
    if ((codes < 0) | (codes > 63)).any() or (len(codes) and codes[-1] & 0x20):
        raise ValueError("the letters of a mask are no run lengths")
    last = (codes & 0x20) == 0
    ends = np.flatnonzero(last) + 1
    starts = np.concatenate([[0], ends[:-1]])
    if len(ends) and (ends - starts).max() > 12:
        raise ValueError("a run of a mask is too long")
    place = np.arange(len(codes)) - np.repeat(starts, ends - starts)
    shifted = (codes & 0x1F) << (5 * place)
    values = np.add.reduceat(shifted, starts) if len(ends) else np.zeros(0, np.int64)
    negative = (codes[ends - 1] & 0x10) != 0
    values = np.where(negative, values - (np.int64(1) << (5 * (ends - starts))), values)
    values[1::2] = np.cumsum(values[1::2])
    values[2::2] = np.cumsum(values[2::2])
    return values.astype(np.int64)
