"""Grey levels that part dark from light, found in a picture of 8 bits.

`found` and `between` give levels for the whole picture, `local` one for each pixel. A pixel is
light where it is above its level. scikit-image is loaded only for the methods that are its.
"""

from __future__ import annotations

from typing import Literal

import cv2
import numpy as np

from cvkit.core.errors import InputError
from cvkit.core.warp import Array, Floats

Histogram = Literal["li", "yen", "isodata", "minimum", "mean"]
Local = Literal["sauvola", "niblack"]


def found(gray: Array, method: Histogram) -> float:
    """The level of (h, w) uint8, as `skimage.filters.threshold_METHOD` finds it.

    Raises InputError where `minimum` finds no valley between two peaks.
    """
    if method == "mean":
        return float(cv2.mean(gray)[0])
    from skimage import filters

    if method == "li":
        return float(filters.threshold_li(gray))  # type: ignore[no-untyped-call]
    counts, levels = _histogram(gray)
    try:
        return float(getattr(filters, f"threshold_{method}")(hist=(counts, levels)))
    except RuntimeError as error:
        raise InputError(
            "the histogram has no two peaks with a valley between them",
            why=f"scikit-image says: {error}",
            remedy="use --method otsu",
        ) from error


def between(gray: Array, classes: int) -> list[int]:
    """The levels between so many classes of (h, w) uint8 (Otsu's for several), darkest first.

    Raises InputError where the picture has fewer levels than classes.
    """
    from skimage import filters

    counts, levels = _histogram(gray)
    used = np.count_nonzero(counts)
    if used < classes:
        raise InputError(
            f"{classes} classes need as many grey levels, and this picture has {used}",
            remedy="ask for fewer --classes",
        )
    cuts = filters.threshold_multiotsu(  # type: ignore[no-untyped-call]
        classes=classes, hist=(counts, levels)
    )
    return [int(cut) for cut in cuts]


def local(gray: Array, method: Local, side: int, k: float) -> Floats:
    """(h, w) float64: each pixel's level, from mean and spread of side × side around it.

    As `skimage.filters.threshold_sauvola` and `threshold_niblack`, which say what `k` is.
    """
    window, border = (side, side), cv2.BORDER_REFLECT_101
    mean = cv2.boxFilter(gray, cv2.CV_64F, window, borderType=border)
    square = cv2.sqrBoxFilter(gray, cv2.CV_64F, window, borderType=border)
    spread = np.sqrt(np.maximum(square - mean * mean, 0))
    if method == "niblack":
        return np.asarray(mean - k * spread)
    return np.asarray(mean * (1 + k * (spread / 127.5 - 1)))


def _histogram(gray: Array) -> tuple[Array, Array]:
    """How often each level from the darkest to the lightest occurs, and these levels."""
    counts = cv2.calcHist([gray], [0], None, [256], [0, 256]).ravel()
    used = np.flatnonzero(counts)
    part = slice(int(used[0]), int(used[-1]) + 1)
    return counts[part], np.arange(256)[part]
