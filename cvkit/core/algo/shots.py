"""How unlike a video's frame is to the one before: what tells one shot from the next."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from fractions import Fraction

import cv2
import numpy as np

from cvkit.core.errors import InputError
from cvkit.core.frame import Frame
from cvkit.core.values import Cell
from cvkit.core.warp import Array

_LONGEST = 256
_LEVELS = 8
_HASH = 8


def reduced(photo: Array) -> Array:
    """(h, w, 3) uint8 BGR with its longer side at most 256 pixels, averaged: enough for a shot,
    and without the camera's grain."""
    h, w = photo.shape[:2]
    ratio = _LONGEST / max(h, w)
    if ratio >= 1:
        return photo
    size = max(1, round(w * ratio)), max(1, round(h * ratio))
    return cv2.resize(photo, size, interpolation=cv2.INTER_AREA)


def seen(photo: Array, method: str) -> Array:
    """What of a reduced frame is compared by `method`."""
    if method in ("content", "adaptive"):
        return cv2.cvtColor(photo, cv2.COLOR_BGR2HSV)
    if method == "histogram":
        colors: Array = cv2.calcHist([photo], [0, 1, 2], None, [_LEVELS] * 3, [0, 256] * 3)
        return colors
    gray = cv2.cvtColor(photo, cv2.COLOR_BGR2GRAY)
    small = cv2.resize(gray, (2 * _HASH, 2 * _HASH), interpolation=cv2.INTER_AREA)
    low = cv2.dct(small.astype(np.float32))[:_HASH, :_HASH]
    bits: Array = low > np.median(low)
    return bits


def unlikeness(one: Array, two: Array, method: str) -> float:
    """Of two frames as `seen` gave them.

    `content` and `adaptive`: the mean difference of hue (0–179), saturation and value (0–255), as
    PySceneDetect's ContentDetector has it. `histogram`: the Hellinger distance of the histograms
    of 512 colours, 0 to 1. `hash`: the share of the 64 bits of a perceptual hash that differ.
    """
    if method in ("content", "adaptive"):
        return float(np.mean(cv2.mean(cv2.absdiff(one, two))[:3]))
    if method == "histogram":
        return float(cv2.compareHist(one, two, cv2.HISTCMP_HELLINGER))
    return float((one != two).mean())


class Cuts:
    """Which frames of one stream begin a scene: `see` each, then the `rest`.

    A frame is given back when all is there that tells of it: at once, or where the frames after it
    count (`adaptive`) when those within `window` seconds, and at least two, have been seen.
    """

    _NEAREST = 2
    _LEAST_CHANGE = 15
    """Adaptive: a smaller mean difference is no cut, however still the frames around it are."""

    def __init__(self, method: str, level: float, min_len: Fraction, window: Fraction) -> None:
        self._method, self._level = method, level
        self._min_len, self._window = min_len, window
        self._last: Array | None = None
        self._dark = False
        self._begun: Fraction | None = None
        self._ahead: deque[tuple[Frame, float]] = deque()
        self._behind: deque[tuple[Fraction, float]] = deque()

    def see(self, photo: Array, frame: Frame) -> Iterator[tuple[Frame, bool]]:
        """Raises InputError where the frame has another size than the one before."""
        self._ahead.append((frame, self._change(reduced(photo))))
        while self._ahead and self._complete():
            yield self._decided()

    def rest(self) -> Iterator[tuple[Frame, bool]]:
        while self._ahead:
            yield self._decided()

    def _change(self, small: Array) -> float:
        """How unlike the frame before it is, or for fades whether darkness ends with it."""
        if self._method == "threshold":
            was, self._dark = self._dark, float(small.mean()) < self._level
            return self._level if was and not self._dark else 0.0
        now, before = seen(small, self._method), self._last
        if before is not None and before.shape != now.shape:
            raise InputError("only frames of one size are compared", remedy="put resize before it")
        self._last = now
        return 0.0 if before is None else unlikeness(before, now, self._method)

    def _complete(self) -> bool:
        if self._method != "adaptive":
            return True
        span = self._ahead[-1][0].time.exact - self._ahead[0][0].time.exact
        return len(self._ahead) > self._NEAREST and span > self._window

    def _decided(self) -> tuple[Frame, bool]:
        frame, change = self._ahead.popleft()
        now = frame.time.exact
        found = change >= self._level
        if self._method == "adaptive":
            around = self._around(now)
            usual = sum(around) / max(1, len(around))
            found = change >= max(self._level * usual, self._LEAST_CHANGE)
            self._behind.append((now, change))
        cut = self._begun is not None and found and now - self._begun >= self._min_len
        if cut or self._begun is None:
            self._begun = now
        return frame, cut

    def _around(self, now: Fraction) -> list[float]:
        """The changes of the frames near this one."""
        behind = self._behind
        while len(behind) > self._NEAREST and now - behind[0][0] > self._window:
            behind.popleft()
        after = enumerate(self._ahead)
        near = [c for i, (f, c) in after if i < self._NEAREST or f.time.exact - now <= self._window]
        return [c for _, c in behind] + near


class Scene:
    """One scene of a film: its number from 1, its first frame and, thinned out, some of its
    others, so that the one near its middle is still there when it ends."""

    _MOST = 16

    def __init__(self, first: Frame, number: int) -> None:
        self.number = number
        self.frames = [first]
        self._seen = 1
        self._stride = 1

    def add(self, frame: Frame) -> None:
        if self._seen % self._stride == 0:
            self.frames.append(frame)
        self._seen += 1
        if len(self.frames) > self._MOST:
            self.frames, self._stride = self.frames[::2], self._stride * 2

    def picture(self, end: Fraction) -> Frame:
        """Of the frames kept, the one nearest its middle."""
        middle = (self.frames[0].time.exact + end) / 2
        return min(self.frames, key=lambda frame: abs(frame.time.exact - middle))

    def row(self, end_frame: int, end: Fraction) -> Mapping[str, Cell]:
        """What a scene list says of it; `end_frame` and `end` are the first that are not its."""
        first = self.frames[0]
        start = first.time.exact
        return {
            "scene": self.number,
            "start_frame": first.index,
            "end_frame": end_frame,
            "start": float(start),
            "end": float(end),
            "seconds": float(end - start),
        }
