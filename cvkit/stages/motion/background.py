"""Tell what moves from a still scene: a mask of what differs from what was learned of it.

The camera must stand still. Each pixel's usual levels are learned over `--history`; what is unlike
them is moving, and what stays longer becomes background. Learning goes by the frames' times, so a
video gives the same at 15 or 60 frames a second. The first frame is all background.

`mog2` models each pixel as a few Gaussians; `knn` by samples of its past, and holds better where
little moves. Specks go with `blur --method median` after it.

Example: cvkit background samples/coin.mp4 -o moving.mp4

Source: Zivkovic 2004 (mog2); Zivkovic and van der Heijden 2006 (knn); OpenCV's implementations.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import cv2
import numpy as np
from pydantic import Field, field_validator

from cvkit.core import values
from cvkit.core.errors import InputError
from cvkit.core.stage import Gray, Stage
from cvkit.core.time import Time
from cvkit.core.units import Duration

_PRIMING = 8
"""Times the first frame is learned: enough samples for knn to believe in it."""


@dataclass
class Scene:
    """What is known of one stream: the model, and when its frames were."""

    model: Any
    size: tuple[int, ...] = ()
    frames: int = 0
    first: float = 0.0
    last: float = 0.0


class Background(Stage):
    method: Literal["mog2", "knn"] = "mog2"
    """A mixture of Gaussians, or nearest samples."""
    history: Duration = Duration.parse("20s")
    """How long the scene is remembered, in seconds or frames (500f)."""
    distance: Annotated[float, Field(gt=0)] | None = None
    """How unlike is moving, squared: 16 variances (mog2), 400 squared grey levels (knn)."""
    shadows: bool = False
    """Give moving shadows a coverage of 127, instead of taking them as things that move."""

    @field_validator("history")
    @classmethod
    def _positive(cls, history: Duration) -> Duration:
        if history.value <= 0:
            raise ValueError(f"must be above 0, got {history}")
        return history

    def start(self) -> Scene:
        # The model's own history is never used: every call says its learning rate.
        if self.method == "knn":
            return Scene(cv2.createBackgroundSubtractorKNN(500, self.distance or 400, self.shadows))
        return Scene(cv2.createBackgroundSubtractorMOG2(500, self.distance or 16, self.shadows))

    def apply(self, gray: Gray, time: Time, state: Scene) -> values.Mask:
        now = time.seconds
        if not state.frames:
            state.frames, state.first, state.last, state.size = 1, now, now, gray.shape
            for turn in range(_PRIMING):
                self._learn(state, gray, 1.0 if turn == 0 else 0.5, turn)
            return values.Mask.of(np.zeros(gray.shape, np.uint8), binary=True)
        if gray.shape != state.size:
            (old_h, old_w), (h, w) = state.size, gray.shape
            raise InputError(
                f"background learned frames of {old_w}x{old_h}, this one is {w}x{h}",
                remedy=f"put resize {old_w}x{old_h} before it",
            )
        rate = self._rate(state, now)
        state.frames, state.last = state.frames + 1, now
        mask = self._learn(state, gray, rate, state.frames + _PRIMING)
        return values.Mask.of(mask, binary=not self.shadows)

    def _learn(self, state: Scene, gray: Gray, rate: float, turn: int) -> Gray:
        # knn draws from OpenCV's generator of this thread, which anyone may have used since.
        cv2.setRNGSeed(turn)
        mask: Gray = state.model.apply(gray, learningRate=rate)
        return mask

    def _rate(self, state: Scene, now: float) -> float:
        """As OpenCV's 1 / min(2n, history), with times for frame counts and not as hasty at first:
        what stays for a tenth of the time that counts is background already.
        """
        step, seen = now - state.last, now - state.first
        if self.history.unit == "f" or step <= 0:
            frames = float(self.history.value) * (1 if self.history.unit == "f" else 25)
            return 1 / max(1.0, min(max(2 * (state.frames + 1), frames / 2), frames))
        history = float(self.history.value)
        return 1 - math.exp(-step / min(max(2 * seen, history / 2), history))
