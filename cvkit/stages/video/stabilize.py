"""Take the shake out of a film that was held in the hand.

Points are followed from each frame to the next, and their common motion (a shift, a turn, a scale)
is the camera's; what moves on its own is outvoted. Each frame is then moved to where a steady hand
would have held it: `--window` seconds before and after are smoothed over, so that a pan stays a
pan. A cut begins anew. Found objects move along with their frame.

A moved frame leaves a gap at the border: `--crop 5%` is cut from each side and the rest enlarged,
and no frame is moved further than that hides. With `--crop 0` it is moved all the way, and the gap
shows `--fill`. Frames wait for `--window` seconds of those after them, in memory.

Example: cvkit stabilize samples/portrait.mp4 -o steady.mp4

Source: Shi and Tomasi 1994, Lucas and Kanade 1981, RANSAC for a similarity (OpenCV
goodFeaturesToTrack, calcOpticalFlowPyrLK, estimateAffinePartial2D); local linear regression.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Annotated

from pydantic import AfterValidator

from cvkit.core import warp
from cvkit.core.algo import camera_path
from cvkit.core.stage import Frame, Gray, Stage
from cvkit.core.units import Color, Duration, Length
from cvkit.core.warp import Array, Floats


@dataclass
class Step:
    """When a frame was, and the camera's motion to it; None at the start of a scene."""

    at: Fraction
    motion: Floats | None


@dataclass
class Hand:
    """What is known of one stream: the picture before, steps, and the frames that wait."""

    before: Array | None = None
    past: deque[Step] = field(default_factory=deque)
    waiting: deque[tuple[Frame, Step]] = field(default_factory=deque)


def _span(window: Duration) -> Duration:
    if window.unit == "f" or not 0 < window.value <= 60:
        raise ValueError(f"must be seconds above 0, up to 60 (1s), got {window}")
    return window


def _edge(crop: Length) -> Length:
    if crop.value < 0 or (crop.unit == "%" and crop.value > 40):
        raise ValueError(f"must be from 0% to 40%, got {crop}")
    return crop


class Stabilize(Stage):
    window: Annotated[Duration, AfterValidator(_span)] = Duration(Fraction(1))
    """Seconds before and after each frame over which the camera's way is smoothed."""
    crop: Annotated[Length, AfterValidator(_edge)] = Length(5, "%")
    """What each side loses, to hide the gaps: pixels, or a share of the shorter side."""
    fill: Color = Color(0, 0, 0)
    """What the gaps show where nothing is cropped."""

    def start(self) -> Hand:
        return Hand()

    def apply(self, gray: Gray, frame: Frame, state: Hand) -> Iterator[Frame]:
        now, before = camera_path.reduced(gray), state.before
        state.before = now
        motion = None if before is None else camera_path.motion(before, now, frame.size)
        step = Step(frame.time.exact, motion)
        state.waiting.append((frame, step))
        while step.at - state.waiting[0][1].at > self.window.value:
            yield self._steady(state)

    def flush(self, state: Hand) -> Iterator[Frame]:
        while state.waiting:
            yield self._steady(state)

    def _steady(self, state: Hand) -> Frame:
        """The frame that has waited longest, moved."""
        frame, own = state.waiting.popleft()
        state.past.appendleft(own)
        while own.at - state.past[-1].at > self.window.value:
            state.past.pop()
        ahead = []
        for _, step in state.waiting:
            if step.motion is None or step.at - own.at > self.window.value:
                break
            ahead.append((float(step.at - own.at), step.motion))
        behind = []
        for later, earlier in zip(list(state.past), list(state.past)[1:], strict=False):
            if later.motion is None:
                break
            behind.append((float(earlier.at - own.at), later.motion))
        matrix = camera_path.steadied(behind, ahead, float(self.window.value) / 2)
        return frame.moved(self._warp(matrix, frame.size))

    def _warp(self, matrix: Floats, size: tuple[int, int]) -> warp.Matrix:
        edge = min(self.crop.pixels(size), 0.4 * min(size))
        zoom = min(size) / (min(size) - 2 * edge)
        held = camera_path.held_inside(matrix, size, zoom)
        rows = tuple((float(r[0]), float(r[1]), float(r[2])) for r in held)
        return warp.Matrix(size, size, rows, fill=self.fill.bgr)
