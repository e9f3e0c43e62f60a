"""Where something moves in a stream, and from when to when.

Frames are looked at small: enough for anything a thousandth of the picture large, and quick.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

import cv2
import numpy as np

from cvkit.core.algo import movement
from cvkit.core.time import Time
from cvkit.core.units import Duration
from cvkit.core.values import Cell
from cvkit.core.warp import Array

_LONGEST = 480
_BEFORE = Duration(Fraction(1, 10))
_FLASH = 0.6
"""The share of the picture that changes at once when the light does, and never with a thing."""
_STIRS = 0.004
"""The share of a thing's pixels that change when it stirs."""
_SOON = 3.0
"""Seconds in which the scene follows slow changes of light where nothing moves."""
_OUTLINED = 60
"""Pixels of things whose outline can be told."""
_FAINT = 1.5
"""How many times as sharp an outline is in the scene where its thing has left."""
_LATELY = 0.3
_FEW = 0.1
"""The share of a thing's pixels that may have changed within these seconds when it has left."""
_STEP = 0.04
"""Seconds between frames that have no times."""


class Watch:
    """What is known of one stream. Frames are (h, w) uint8."""

    def __init__(self, who: str, method: Literal["background", "frame-diff"], patience: float):
        """Of `patience` seconds; `who` is named in errors."""
        self._patience, self._learns = patience, method == "background"
        self._earlier = movement.Earlier(who, "previous", _BEFORE)
        self._scene: Array = np.zeros((0, 0), np.float32)
        self._stirred: Array = np.zeros((0, 0))
        self._last = 0.0

    def see(self, gray: Array, time: Time, least: float, within: Array | None) -> movement.Regions:
        """The things of at least `least` pixels that move in this frame; none in the first, and
        none where the light changed. `within` is a mask, (h, w) uint8, of what counts."""
        small, now = _reduced(gray), time.seconds
        (before,) = self._earlier.see(small, time)
        if not self._scene.size:
            self._begin(small)
        changed = _unlike(small, before)
        flash = float((changed > 0).mean()) > _FLASH
        self._stirred[(changed > 0) & (not flash)] = now
        moving = _unlike(small, np.rint(self._scene).astype(np.uint8)) if self._learns else changed
        if flash or float((moving > 0).mean()) > _FLASH:
            self._begin(small)
            moving = np.zeros_like(small)
        counted = moving
        if within is not None:
            size = (small.shape[1], small.shape[0])
            counted = cv2.bitwise_and(moving, _halves(cv2.resize(within, size)))
        if self._learns:
            ghost = self._ghosts(small, moving, now)
            self._scene[ghost], moving[ghost], counted[ghost] = small[ghost], 0, 0
        found = movement.regions(counted, least * small.size / gray.size)
        found = self._stirring(found, counted, now)
        if self._learns:
            self._learn(small, moving, now)
        self._last = now
        return _large(found, gray.shape, small.shape)

    def _begin(self, small: Array) -> None:
        """This frame is the scene."""
        self._scene = small.astype(np.float32)
        if not self._stirred.size:
            self._stirred = np.full(small.shape, -np.inf)

    def _learn(self, small: Array, moving: Array, now: float) -> None:
        """Soon where nothing moves, at once what has not stirred for long, else not at all."""
        fine = movement.evened(small, np.rint(self._scene).astype(np.uint8)).astype(np.float32)
        still = cv2.dilate(moving, np.ones((5, 5), np.uint8)) == 0
        step = now - self._last if now > self._last else _STEP
        rate = np.where(still, np.float32(1 - math.exp(-step / _SOON)), np.float32(0))
        rate[(moving > 0) & self._settled(moving, now)] = 1
        self._scene += rate * (fine - self._scene)

    def _ghosts(self, small: Array, moving: Array, now: float) -> Array:
        """(h, w) bool: where something stood when the scene was learned that has left. What moves
        has its outline in the frame; what is gone left it in the scene (Cucchiara et al. 2003)."""
        sharp = [_edges(small), _edges(np.rint(self._scene).astype(np.uint8))]
        count, labels, stats, _ = cv2.connectedComponentsWithStats(moving)
        gone = np.zeros(small.shape, bool)
        for number in range(1, count):
            x, y, w, h, area = stats[number].tolist()
            if area < _OUTLINED:
                continue
            place = np.s_[max(0, y - 3) : y + h + 3, max(0, x - 3) : x + w + 3]
            thing = (labels[place] == number).astype(np.uint8)
            outline = cv2.morphologyEx(thing, cv2.MORPH_GRADIENT, np.ones((5, 5), np.uint8)) > 0
            here, before = (float(edges[place][outline].mean()) for edges in sharp)
            late = float((self._stirred[place][thing > 0] >= now - _LATELY).mean())
            if before > _FAINT * here and late < _FEW:
                gone[place] |= thing > 0
        return gone

    def _settled(self, moving: Array, now: float) -> Array:
        """(h, w) bool: of the things that move, those that have not stirred for long."""
        count, labels = cv2.connectedComponents(moving)
        late = np.bincount(labels.ravel(), (self._stirred >= now - self._patience).ravel(), count)
        sizes = np.bincount(labels.ravel(), minlength=count)
        return np.asarray((late < sizes * _STIRS)[labels])

    def _stirring(self, found: movement.Regions, moving: Array, now: float) -> movement.Regions:
        """Those in which something has changed of late: what is left where a thing stood, and
        what was put down, move no more."""
        kept = []
        for box in found.boxes.astype(int).tolist():
            x1, y1, x2, y2 = box
            thing = moving[y1:y2, x1:x2] > 0
            late = self._stirred[y1:y2, x1:x2][thing] >= now - self._patience
            kept.append(bool(late.mean() >= _STIRS))
        rows = np.array(kept, bool)
        return movement.Regions(found.boxes[rows], found.areas[rows])


def _large(
    found: movement.Regions, whole: tuple[int, ...], small: tuple[int, ...]
) -> movement.Regions:
    """On the grid of the frame."""
    down, right = whole[0] / small[0], whole[1] / small[1]
    scale = np.array([right, down, right, down], np.float32)
    return movement.Regions(found.boxes * scale, found.areas * (right * down))


def _unlike(small: Array, other: Array) -> Array:
    """(h, w) uint8, 255 where it is, in the light of the other; a pixel that is found beside its
    place is alike, for a camera trembles."""
    now, around = movement.evened(small, other), np.ones((3, 3), np.uint8)
    nearest = cv2.min(cv2.max(now, cv2.erode(other, around)), cv2.dilate(other, around))
    away = movement.away(now, (nearest,))
    return movement.solid((away > movement.noise_level(away)).astype(np.uint8) * np.uint8(255))


def _edges(gray: Array) -> Array:
    """(h, w) float32: how steep levels are."""
    soft = cv2.GaussianBlur(gray, (0, 0), 1)
    right, down = (cv2.Sobel(soft, cv2.CV_32F, dx, 1 - dx) for dx in (1, 0))
    return np.sqrt(right * right + down * down)


def _reduced(gray: Array) -> Array:
    h, w = gray.shape
    ratio = _LONGEST / max(h, w)
    if ratio >= 1:
        return gray
    size = max(1, round(w * ratio)), max(1, round(h * ratio))
    return cv2.resize(gray, size, interpolation=cv2.INTER_AREA)


def _halves(mask: Array) -> Array:
    return np.asarray(cv2.threshold(mask, 127, 255, cv2.THRESH_BINARY)[1])


@dataclass
class _Episode:
    start: Fraction
    last: Fraction
    area: float = 0.0
    things: int = 0
    told: bool = False

    def row(self, event: str, *, ended: bool) -> Mapping[str, Cell]:
        return {
            "event": event,
            "start": round(float(self.start), 6),
            "area": round(self.area * 100, 2),
            "things": self.things,
            "end": round(float(self.last), 6) if ended else None,
            "seconds": round(float(self.last - self.start), 6) if ended else None,
        }


@dataclass
class Episodes:
    """From when to when something moved. `hold` bridges gaps; what is shorter than `least` is
    none. Both in seconds."""

    hold: Fraction
    least: Fraction
    _open: _Episode | None = field(default=None)

    def see(self, share: float, things: int, now: Fraction) -> list[Mapping[str, Cell]]:
        """What begins or has ended by now, where so many things move on this share of the
        picture."""
        rows = []
        if self._open is not None and now - self._open.last > self.hold:
            rows += self.close()
        if things:
            one = self._open = self._open or _Episode(now, now)
            one.last, one.area = now, max(one.area, share)
            one.things = max(one.things, things)
            if not one.told and now - one.start >= self.least:
                one.told = True
                rows.append(one.row("motion-start", ended=False))
        return rows

    def close(self) -> list[Mapping[str, Cell]]:
        """The end of what was open."""
        one, self._open = self._open, None
        return [one.row("motion-end", ended=True)] if one is not None and one.told else []
