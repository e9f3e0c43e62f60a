"""Where frames differ from earlier ones, and the things that move there.

Frames are grey, (h, w) uint8, of one size. What is smooth and slow (light, the camera's exposure)
and what is fine and random (its noise) is told apart from things.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import cv2
import numpy as np

from cvkit.core.errors import InputError
from cvkit.core.time import Time
from cvkit.core.units import Duration
from cvkit.core.warp import Array

Against = Literal["previous", "first", "three"]
_FINE = 0.003
"""How far grain is smoothed, of the shorter side."""
_LEAST = 8.0
"""Levels that a coded film trembles by where nothing moves."""
_SIGMAS = 5.0
_DARK = 16
"""Levels below which a change of light cannot be measured."""


class Earlier:
    """The frames of one stream that later ones are held against."""

    def __init__(self, who: str, against: Against, interval: Duration) -> None:
        """`who` is named in errors. Memory holds the frames of one interval, or of two (three)."""
        self._who, self._against = who, against
        self._counts = interval.unit == "f"
        self._interval = interval.value
        self._past: deque[tuple[Fraction, Array]] = deque()
        self._number = 0

    def see(self, picture: Array, time: Time) -> tuple[Array, ...]:
        """Those that this frame is held against, and remember it: one, or two for `three`, at
        least an interval and two intervals old, or the oldest there are; the first one itself.

        Raises InputError for a frame of another size.
        """
        now = Fraction(self._number) if self._counts else time.exact
        self._number += 1
        if not self._past:
            self._past.append((now, picture))
            return (picture,)
        self._check(picture)
        if self._against == "first":
            return (self._past[0][1],)
        if now <= self._past[-1][0]:  # frames without times follow each other
            self._past = deque([(now, self._past[-1][1])])
        steps = (1, 2) if self._against == "three" else (1,)
        found = tuple(self._at(now - n * self._interval) for n in steps)
        self._past.append((now, picture))
        while len(self._past) > 2 and self._past[1][0] <= now - steps[-1] * self._interval:
            self._past.popleft()
        return found

    def _at(self, when: Fraction) -> Array:
        old = (picture for at, picture in reversed(self._past) if at <= when)
        return next(old, self._past[0][1])

    def _check(self, picture: Array) -> None:
        before = self._past[0][1]
        if before.shape != picture.shape:
            (old_h, old_w), (h, w) = before.shape[:2], picture.shape[:2]
            raise InputError(
                f"{self._who} compares frames of one size: the first is {old_w}x{old_h}, this one"
                f" {w}x{h}",
                remedy=f"put resize {old_w}x{old_h} before it",
            )


def away(gray: Array, others: tuple[Array, ...]) -> Array:
    """(h, w) float32: levels between this frame and the most alike of the others, without grain
    and without what all pixels share."""
    sigma = max(1.0, _FINE * min(gray.shape))
    now, least = gray.astype(np.float32), None
    for other in others:
        apart = cv2.GaussianBlur(now - other.astype(np.float32), (0, 0), sigma)
        apart = cv2.absdiff(apart, np.full_like(apart, np.median(apart[::4, ::4])))
        least = apart if least is None else cv2.min(least, apart)
    assert least is not None
    return np.asarray(least)


def noise_level(away: Array) -> float:
    """Above which a difference is no noise: five deviations over what a coded film trembles by."""
    deviation = 1.4826 * float(np.median(away[::4, ::4]))
    return max(_LEAST, _LEAST / 2 + _SIGMAS * deviation)


def solid(mask: Array) -> Array:
    """(h, w) uint8: gaps within a thing closed, specks gone."""
    side = max(3, round(min(mask.shape) * 0.01)) | 1
    ellipse = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * side + 1, 2 * side + 1))
    small = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))
    opened = cv2.morphologyEx(mask, cv2.MORPH_OPEN, small)
    return np.asarray(cv2.morphologyEx(opened, cv2.MORPH_CLOSE, ellipse))


def evened(gray: Array, like: Array) -> Array:
    """The frame in the light of another: with the exposure that most of its pixels had there."""
    part, there = gray[::4, ::4].astype(np.float32), like[::4, ::4].astype(np.float32)
    seen = (part >= _DARK) & (there >= _DARK) & (part < 250) & (there < 250)
    if not seen.any():
        return gray
    gain = float(np.median(there[seen] / part[seen]))
    return gray if abs(gain - 1) < 0.01 else cv2.convertScaleAbs(gray, alpha=gain)


@dataclass(frozen=True)
class Regions:
    """Moving things: boxes (n, 4) x1 y1 x2 y2 and the pixels that move in each, largest first."""

    boxes: Array
    areas: Array


def regions(mask: Array, least: float) -> Regions:
    """The things of at least so many pixels in a mask of 0 and 255; near parts are one."""
    reach = max(1, round(min(mask.shape) * 0.015))
    side = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    count, labels = cv2.connectedComponents(cv2.dilate(mask, side))
    labels = np.where(mask > 0, labels, 0)
    areas = np.bincount(labels.ravel(), minlength=count)[1:]
    boxes = [
        cv2.boundingRect((labels == n + 1).astype(np.uint8))
        for n in np.flatnonzero(areas >= max(least, 1))
    ]
    found = np.array(boxes, np.float32).reshape(-1, 4)
    found[:, 2:] += found[:, :2]
    kept = areas[areas >= max(least, 1)]
    order = np.argsort(-kept, kind="stable")
    return Regions(found[order], kept[order])
