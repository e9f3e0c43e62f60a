"""Levels of a picture: of one pixel, and of all of them by channel."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from cvkit.core.values import DEPTHS, Image, eight_bit
from cvkit.core.warp import Array

Figures = dict[str, Any]


def channels(image: Image) -> dict[str, Array]:
    """(h, w) each, by name, as they are stored: blue, green, red or grey; and alpha."""
    array = image.array
    if array.ndim == 2:
        found = {"grey": array}
    else:
        found = {name: array[..., i] for i, name in enumerate(("blue", "green", "red"))}
    return found if image.alpha is None else {**found, "alpha": image.alpha}


def pixel(image: Image, x: int, y: int) -> Figures:
    """What is known of one pixel.

    `bgr` and `rgb` (or `grey`) and `alpha` in the picture's own units; of its 8-bit view `hex`,
    `luma` (BT.601) and HSV twice: `hsv` as degrees and percent, `hsv_opencv` as OpenCV's 8 bits
    have it, hue 0–179; none of these for a pixel that holds no number.
    """
    point = slice(y, y + 1), slice(x, x + 1)
    # JSON has no word for what is no number, so that is told in letters: nan, inf.
    held = {name: plane[y, x] for name, plane in channels(image).items()}
    levels = {k: _number(v) if np.isfinite(v) else str(v) for k, v in held.items()}
    view = eight_bit(image.bgr[point])
    blue, green, red = view[0, 0].tolist()
    exact = cv2.cvtColor(view.astype(np.float32) / np.float32(255), cv2.COLOR_BGR2HSV)[0, 0]
    told: Figures = {"x": x, "y": y}
    if "grey" in levels:
        told["grey"] = levels["grey"]
    else:
        told["bgr"] = [levels["blue"], levels["green"], levels["red"]]
        told["rgb"] = told["bgr"][::-1]
    if "alpha" in levels:
        told["alpha"] = levels["alpha"]
    if any(isinstance(level, str) for level in levels.values()):
        return told
    return {
        **told,
        "hex": f"#{red:02x}{green:02x}{blue:02x}",
        "luma": int(cv2.cvtColor(view, cv2.COLOR_BGR2GRAY)[0, 0]),
        "hsv": [round(float(exact[0]), 1), *(round(float(v) * 100, 1) for v in exact[1:])],
        "hsv_opencv": cv2.cvtColor(view, cv2.COLOR_BGR2HSV)[0, 0].tolist(),
    }


def statistics(image: Image) -> dict[str, Figures]:
    """By channel `min`, `max`, `mean`, `std` (of all pixels), `median` in the picture's own units,
    and `clipped_low` and `clipped_high`, the shares of pixels at or beyond the ends of the range.

    Of floats only those that are numbers count; `invalid` is the share of the others.
    """
    top = DEPTHS[image.depth]
    return {name: _of_channel(plane, top) for name, plane in channels(image).items()}


def _of_channel(plane: Array, top: float) -> Figures:
    good = plane if plane.dtype != np.float32 else plane[np.isfinite(plane)]
    told: Figures = {}
    if good.size:
        mean, std = cv2.meanStdDev(good.reshape(-1, 1))
        told = {
            "min": _number(good.min()),
            "max": _number(good.max()),
            "mean": round(float(mean[0, 0]), 4),
            "std": round(float(std[0, 0]), 4),
            "median": _number(np.median(good)),
            "clipped_low": round(float(np.count_nonzero(good <= 0)) / good.size, 6),
            "clipped_high": round(float(np.count_nonzero(good >= top)) / good.size, 6),
        }
    if good.size != plane.size:
        told["invalid"] = round(1 - good.size / plane.size, 6)
    return told


def _number(value: Any) -> int | float | None:  # noqa: ANN401 - a NumPy number
    if not np.isfinite(value):
        return None
    exact = float(value)
    return int(exact) if exact == int(exact) else round(exact, 6)
