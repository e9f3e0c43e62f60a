"""What of a frame is unlike the scene that was learned: models of the background, one a stream.

A model is fed grey or BGR frames of one size, uint8, and gives a mask (h, w) uint8: 255 where a
pixel is unlike, 127 in a shadow. How fast it learns is said at every frame, by the frames' times,
so that a film gives the same at 15 or 60 frames a second.
"""

from __future__ import annotations

import math
from typing import Literal, Protocol

import cv2
import numpy as np

from cvkit.core.errors import InputError, ParameterError
from cvkit.core.time import Time
from cvkit.core.units import Duration
from cvkit.core.warp import Array

Method = Literal["knn", "mog2", "mog", "gmg", "running"]
_PRIMING = 8
"""Times the first frame is learned: enough samples for knn and gmg to believe in it."""
_RATE = 25
"""Frames a second where frames have no times."""
LIMITS: dict[str, float] = {"mog2": 16, "knn": 400, "gmg": 0.8, "running": 25}
"""From where on a pixel is unlike, in each method's own units."""


class Model(Protocol):
    def learn(self, picture: Array, rate: float) -> Array:
        """The mask of a frame, of which so much is learned, 0 to 1."""

    def plate(self) -> Array:
        """The background, in the frames' shape or with one more axis of length 1."""


class Subtractor:
    """OpenCV's, whose mixtures draw from the generator that anyone may have used since."""

    def __init__(self, made: cv2.BackgroundSubtractor) -> None:
        self._made, self._turn = made, 0

    def learn(self, picture: Array, rate: float) -> Array:
        cv2.setRNGSeed(self._turn)
        self._turn += 1
        mask: Array = self._made.apply(picture, learningRate=rate)
        return mask

    def plate(self) -> Array:
        return np.asarray(self._made.getBackgroundImage())


class Average:
    """The running average: a pixel is unlike where it is so many levels away from it."""

    def __init__(self, level: float) -> None:
        self._level = level
        self._mean: Array | None = None

    def learn(self, picture: Array, rate: float) -> Array:
        now = picture.astype(np.float32)
        if self._mean is None:
            self._mean = now.copy()
        away = cv2.absdiff(now, self._mean)
        if away.ndim == 3:
            away = away.max(2)
        cv2.accumulateWeighted(now, self._mean, rate)
        mask: Array = (away > self._level).astype(np.uint8) * np.uint8(255)
        return mask

    def plate(self) -> Array:
        assert self._mean is not None
        return np.rint(self._mean).astype(np.uint8)


def model(method: Method, limit: float | None, *, shadows: bool = False) -> Model:
    """One that has seen nothing. Raises ParameterError where it does not go with a limit."""
    if method == "mog":
        if limit is not None:
            raise ParameterError("background: mog has no distance", remedy="use --method mog2")
        return Subtractor(cv2.bgsegm.createBackgroundSubtractorMOG())
    level = LIMITS[method] if limit is None else limit
    if method == "knn":
        return Subtractor(cv2.createBackgroundSubtractorKNN(500, level, shadows))
    if method == "gmg":
        return Subtractor(cv2.bgsegm.createBackgroundSubtractorGMG(_PRIMING, min(level, 1.0)))
    if method == "running":
        return Average(level)
    return Subtractor(cv2.createBackgroundSubtractorMOG2(500, level, shadows))


class Scene:
    """What is known of one stream: the model, and when its frames were."""

    def __init__(
        self,
        who: str,
        method: Method,
        history: Duration,
        limit: float | None = None,
        *,
        shadows: bool = False,
    ) -> None:
        """`who` is named in errors. Models' own history is never used: each call says its rate."""
        self._who, self._method, self._history = who, method, history
        self._again = (method, limit, shadows)
        self._model = model(method, limit, shadows=shadows)
        self._shape: tuple[int, ...] = ()
        self._frames = 0
        self._first = self._last = 0.0

    def see(self, picture: Array, time: Time) -> Array:
        """The mask of this frame, which is then learned; the first one is all background.

        Raises InputError for a frame of another size.
        """
        now = time.seconds
        if not self._frames:
            self._shape, self._first = picture.shape, now
            self._prime(picture, now)
            return np.zeros(picture.shape[:2], np.uint8)
        if picture.shape[:2] != self._shape[:2]:
            (old_h, old_w), (h, w) = self._shape[:2], picture.shape[:2]
            raise InputError(
                f"{self._who} learned frames of {old_w}x{old_h}, this one is {w}x{h}",
                remedy=f"put resize {old_w}x{old_h} before it",
            )
        picture = self._channels(picture)
        rate = self._rate(now)
        self._frames, self._last = self._frames + 1, now
        return self._model.learn(picture, rate)

    def forget(self, picture: Array, time: Time) -> None:
        """Begin anew: this frame is the background."""
        method, limit, shadows = self._again
        self._model = model(method, limit, shadows=shadows)
        self._prime(self._channels(picture), time.seconds)

    def plate(self) -> Array:
        """The background as it is known now, like the frames."""
        picture: Array = self._model.plate()
        return picture.reshape(self._shape)

    def _prime(self, picture: Array, now: float) -> None:
        self._frames, self._last = 1, now
        for turn in range(_PRIMING):
            self._model.learn(picture, 1.0 if turn == 0 else 0.5)

    def _channels(self, picture: Array) -> Array:
        """With as many channels as the first frame had."""
        if picture.ndim == len(self._shape):
            return picture
        code = cv2.COLOR_GRAY2BGR if len(self._shape) == 3 else cv2.COLOR_BGR2GRAY
        return cv2.cvtColor(picture, code)

    def _rate(self, now: float) -> float:
        """As OpenCV's 1 / min(2n, history), with times for frame counts and not as hasty at first:
        what stays for a tenth of the time that counts is background already. An average is that
        of all frames until they are as old as the history.
        """
        step, seen = now - self._last, now - self._first
        counts = self._history.unit == "f"
        if counts or step <= 0:
            frames = float(self._history.value) * (1 if counts else _RATE)
            most = self._frames + 1 if self._method == "running" else 2 * (self._frames + 1)
            least = 0 if self._method == "running" else frames / 2
            return 1 / max(1.0, min(max(most, least), frames))
        history = float(self._history.value)
        if self._method == "running":
            return max(step / (seen + step), 1 - math.exp(-step / history))
        return 1 - math.exp(-step / min(max(2 * seen, history / 2), history))
