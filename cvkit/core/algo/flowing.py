"""How pixels and points move from one frame to the next. Frames are (h, w) uint8, of one size."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import cv2
import numpy as np

from cvkit.core.errors import InputError
from cvkit.core.grid import Grid
from cvkit.core.objects import Objects
from cvkit.core.warp import Array

Dense = Literal["dis", "farneback"]
Effort = Literal["low", "medium", "high"]
_DIS = {
    "low": cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST,
    "medium": cv2.DISOPTICAL_FLOW_PRESET_FAST,
    "high": cv2.DISOPTICAL_FLOW_PRESET_MEDIUM,
}
_FARNEBACK = {"low": (3, 15, 1), "medium": (4, 15, 2), "high": (5, 15, 3)}
"""Levels of the pyramid, window, iterations."""
_SMALLEST = 32
_WINDOW = (21, 21)
_ASTRAY = 0.7
"""Pixels that a point may be off when it is followed there and back."""
_GAIN = 0.4
"""Levels by which motion must explain a frame better than standing still."""
_SHARE = 0.15
"""The share of what is unlike that it must explain, too."""
_RESTS = 0.3
_FEW = 0.1
"""The share of what has texture that may move less than that many pixels when the camera does."""
_BACK = 0.25
"""Pixels, and the share of its way, that a pixel may be off when it is taken there and back."""
_QUALITY = 0.02
_STEP = 0.04
_SURE = 0.25
"""Seconds after which a point's speed is more than trembling."""
_ANEW = 0.2
"""Seconds between two searches for new points."""


def dense(before: Array, now: Array, method: Dense, effort: Effort) -> Array:
    """(h, w, 2) float32: pixels right and down from `before` to `now`."""
    before, now = np.ascontiguousarray(before), np.ascontiguousarray(now)
    h, w = now.shape
    # OpenCV's DIS chooses its pyramid by the width alone, and reads past the end of low pictures.
    right, down = max(0, _SMALLEST - w), max(0, _SMALLEST - h, (w + 1) // 2 - h)
    if right or down:
        before, now = (
            cv2.copyMakeBorder(one, 0, down, 0, right, cv2.BORDER_REPLICATE)
            for one in (before, now)
        )
    if method == "dis":
        flow = cv2.DISOpticalFlow.create(_DIS[effort]).calc(before, now, None)  # type: ignore[call-overload]
    else:
        levels, window, turns = _FARNEBACK[effort]
        flow = cv2.calcOpticalFlowFarneback(
            *(before, now, None, 0.5, levels, window, turns, 5, 1.1, 0)  # type: ignore[call-overload]
        )
    return np.ascontiguousarray(flow[:h, :w])


def believed(before: Array, now: Array, method: Dense, effort: Effort) -> Array:
    """Like `dense`, but with the camera where nothing speaks for motion of one's own: going with
    it explains the frame as well, as on bare walls, or, with high effort, the way back leads
    elsewhere."""
    flow = dense(before, now, method, effort)
    shown, camera = now.astype(np.float32), _camera(before, flow)
    still, moved = (
        cv2.GaussianBlur(cv2.absdiff(before.astype(np.float32), one), (0, 0), _around(now))
        for one in (_taken(shown, np.broadcast_to(camera, flow.shape)), _taken(shown, flow))
    )
    noise = float(np.median(still[::4, ::4]))
    doubtful = still - moved < np.maximum(max(_GAIN, noise / 2), _SHARE * still)
    if effort == "high":
        back = dense(now, before, method, effort)
        astray = flow + np.dstack([_taken(part, flow) for part in cv2.split(back)])
        length, apart = (np.sqrt((one * one).sum(2)) for one in (flow, astray))
        doubtful |= apart > _BACK * (1 + length)
    flow[doubtful] = camera
    return flow


def _camera(before: Array, flow: Array) -> Array:
    """(2,) float32: how what has texture moves, where next to nothing of it stands still; else 0,
    for then the camera does."""
    right, down = (cv2.Sobel(before, cv2.CV_32F, dx, 1 - dx)[::2, ::2] for dx in (1, 0))
    steep = np.abs(right) + np.abs(down)
    ways = flow[::2, ::2][steep > np.percentile(steep, 75)]
    if not len(ways) or (np.abs(ways).max(1) < _RESTS).mean() > _FEW:
        return np.zeros(2, np.float32)
    return np.asarray(np.median(ways, 0), np.float32)


def _around(gray: Array) -> float:
    """How far pixels speak for each other."""
    return max(2.0, 0.012 * float(min(gray.shape)))


def _taken(values: Array, flow: Array) -> Array:
    """What lies where each pixel goes."""
    h, w = values.shape
    y, x = np.mgrid[:h, :w].astype(np.float32)
    ends = (x + flow[..., 0], y + flow[..., 1])
    return cv2.remap(values, *ends, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def followed(before: Array, now: Array, points: Array) -> tuple[Array, Array]:
    """Where these points (n, 2) float32 are now, and of which it is sure: (n,) bool. Positions
    count from pixel centres. Lucas and Kanade's method, there and back."""
    if not len(points):
        return points, np.zeros(0, bool)
    start = points.reshape(-1, 1, 2)
    there, found, _ = cv2.calcOpticalFlowPyrLK(before, now, start, None, winSize=_WINDOW)  # type: ignore[call-overload]
    back, again, _ = cv2.calcOpticalFlowPyrLK(now, before, there, None, winSize=_WINDOW)  # type: ignore[call-overload]
    astray = np.abs(back - start).reshape(-1, 2).max(1)
    ends = there.reshape(-1, 2)
    inside = ((ends >= 0) & (ends <= np.array(now.shape[::-1]) - 1)).all(1)
    return ends, (found.ravel() > 0) & (again.ravel() > 0) & (astray < _ASTRAY) & inside


@dataclass
class Path:
    """One point: its number and where it was, as time, x, y, latest last."""

    number: int
    places: list[tuple[float, float, float]]

    @property
    def seconds(self) -> float:
        return self.places[-1][0] - self.places[0][0]


@dataclass
class Points:
    """Points that are followed through one stream, and how they came."""

    most: int
    trail: float
    """Seconds of its path that a point keeps."""
    paths: list[Path] = field(default_factory=list)
    before: Array | None = None
    _next: int = 0
    _searched: float = 0.0

    def see(self, gray: Array, now: float) -> None:
        """Follow the points into this frame, and look for new ones from time to time."""
        if self.before is not None:
            self._follow(self.before, gray, now)
        few = len(self.paths) < self.most // 4
        if self.before is None or few or not 0 <= now - self._searched < _ANEW - 1e-9:
            self._search(gray, now)
        self.before = gray

    def _follow(self, before: Array, gray: Array, now: float) -> None:
        starts = np.array([p.places[-1][1:] for p in self.paths], np.float32).reshape(-1, 2)
        ends, sure = followed(before, gray, starts)
        kept = []
        for path, (x, y), good in zip(self.paths, ends.tolist(), sure.tolist(), strict=True):
            if good:
                path.places.append((now, x, y))
                while len(path.places) > 2 and now - path.places[1][0] >= self.trail - 1e-9:
                    path.places.pop(0)
                kept.append(path)
        self.paths = kept

    def _search(self, gray: Array, now: float) -> None:
        """Corners where no point is yet."""
        self._searched = now
        wanted = self.most - len(self.paths)
        if wanted <= 0:
            return
        apart = max(3.0, 0.015 * min(gray.shape))
        free = np.full(gray.shape, 255, np.uint8)
        for path in self.paths:
            _, x, y = path.places[-1]
            cv2.circle(free, (round(x), round(y)), round(apart), 0, -1)
        corners: Array | None = cv2.goodFeaturesToTrack(gray, wanted, _QUALITY, apart, mask=free)
        for x, y in np.reshape(() if corners is None else corners, (-1, 2)).tolist():
            self.paths.append(Path(self._next, [(now, x, y)]))
            self._next += 1


@dataclass
class Film:
    """What is known of one stream besides its points: the frame before, and when it was."""

    points: Points
    before: Array | None = None
    now: float = 0.0
    step: float = 0.0
    top: float = 0.0

    def come(self, gray: Array, seconds: float) -> None:
        """A frame comes; those without times are taken as 25 a second.

        Raises InputError where it has another size.
        """
        if self.before is None:
            self.now = seconds
            return
        if self.before.shape != gray.shape:
            (old_h, old_w), (h, w) = self.before.shape, gray.shape
            raise InputError(
                f"optical-flow compares frames of one size: the first is {old_w}x{old_h}, this one"
                f" {w}x{h}",
                remedy=f"put resize {old_w}x{old_h} before it",
            )
        self.step = seconds - self.now if seconds > self.now else _STEP
        self.now += self.step


def trails(paths: Sequence[Path], grid: Grid, least: float) -> Objects:
    """The paths of the points that move, `least` pixels a second or more, as lines there and back.

    A path within one moment (of two pictures) has its length for a speed, and any is taken.
    """
    rows = []
    for path in (p for p in paths if len(p.places) > 1):
        at = np.array(path.places)[:, 1:] + 0.5
        whole, last = at[-1] - at[0], at[-1] - at[-2]
        speed = math.hypot(*whole) / (path.seconds or 1.0)
        if not path.seconds or (speed >= least and path.seconds >= _SURE):
            line = cv2.approxPolyDP(at.astype(np.float32)[:, None], 0.4, False).reshape(-1, 2)
            there = np.concatenate([line, line[-2:0:-1]])
            rows.append((path.number, there, at[-1], last, speed, direction(*whole.tolist())))
    numbers, lines, ends, steps, speeds, ways = zip(*rows, strict=True) if rows else ((),) * 6
    boxes = [[*line.min(0), *line.max(0)] for line in lines]
    (x, y), (dx, dy) = (np.array(part, float).reshape(-1, 2).round(3).T for part in (ends, steps))
    told = {"point_x": x, "point_y": y, "dx": dx, "dy": dy}
    told |= {"speed": np.round(np.array(speeds, float), 2), "direction": np.array(ways, float)}
    return Objects.of(boxes, grid, ids=numbers, polygons=lines, attributes=told)


def direction(right: float, down: float) -> float:
    """Degrees counter-clockwise from the right, 0 to 360; nan where nothing moves."""
    if math.hypot(right, down) < 1e-6:
        return math.nan
    return round(math.degrees(math.atan2(-down, right)) % 360, 1) % 360


def summary(flow: Array, speeds: Array, least: float) -> dict[str, float | None]:
    """What a flow is on the whole; `speeds` (h, w) of its pixels, in the unit of `least`."""
    right, down = (float(v) for v in flow.reshape(-1, 2).mean(0, dtype=np.float64))
    way = direction(right, down)
    return {
        "mean_speed": round(float(speeds.mean(dtype=np.float64)), 3),
        "median_speed": round(float(np.median(speeds)), 3),
        "max_speed": round(float(speeds.max()), 3),
        "direction": None if math.isnan(way) else way,
        "moving": round(float((speeds >= max(least, 1e-6)).mean()) * 100, 2),
    }
