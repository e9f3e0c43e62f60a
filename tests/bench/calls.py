"""Budget 9: what calling a stage from Python costs over calling the library."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import cv2
import numpy as np

import cvkit
from tests.bench import media
from tests.bench.measure import Result, Side, compared, in_turns

SECONDS = 0.2
"""Each figure is the mean of as many calls as fit in."""


def single_calls(runs: int) -> Iterator[Result]:
    bgr = media.window(0, 1)
    gray = cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY)
    half = (bgr.shape[1] // 2, bgr.shape[0] // 2)
    otsu = cv2.THRESH_BINARY | cv2.THRESH_OTSU
    threshold, blur, to_gray = cvkit.Threshold(), cvkit.Blur(size="5px"), cvkit.Gray()
    flip, resize = cvkit.Flip(), cvkit.Resize(to="50%")
    pairs: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
        "Threshold": (lambda: threshold(gray), lambda: cv2.threshold(gray, 0, 255, otsu)[1]),
        "Blur": (lambda: blur(bgr), lambda: cv2.GaussianBlur(bgr, (5, 5), 0)),
        "Gray": (lambda: to_gray(bgr), lambda: cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY)),
        "Flip": (lambda: flip(bgr), lambda: cv2.flip(bgr, 1)),
        "Resize": (
            lambda: resize(bgr),
            lambda: cv2.resize(bgr, half, interpolation=cv2.INTER_AREA),
        ),
    }
    for name, (ours, library) in pairs.items():
        if not np.array_equal(ours(), library()):  # type: ignore[arg-type]
            raise AssertionError(f"{name} and the call it is compared with do different things")
        ratios, seconds = compared(in_turns(runs, repeated(ours), repeated(library)))
        work = f"cvkit.{name}()(array of 2 MP)"
        yield Result(9, work, "the library's call", ratios, 1.1, seconds=seconds)


def repeated(call: Callable[[], object]) -> Side:
    """Seconds of one call, as the mean over many."""
    call()
    start = time.perf_counter()
    call()
    count = max(1, round(SECONDS / (time.perf_counter() - start)))

    def side() -> float:
        start = time.perf_counter()
        for _ in range(count):
            call()
        return (time.perf_counter() - start) / count

    return side
