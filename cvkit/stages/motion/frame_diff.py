"""Show where frames differ from earlier ones: a mask of what moves, or the difference itself.

Each frame is held against the one `--interval` before it, so that a video gives the same at 15 or
60 frames a second; 1f is the frame just before. The first frame differs from nothing.

Against `previous` a thing shows where it is and where it was. `three` asks that a pixel differs
from the frame one interval back and from that two back, which leaves where it is now. `first` shows
what has changed since the video began.

Without `--level` it follows the noise of the picture, and a change of light that all pixels share
counts for nothing; gaps are closed and specks dropped. With it the plain difference is cut there.
The camera must stand still; `stabilize` before it helps.

Example: cvkit frame-diff samples/walkers.mp4 -o moving.mp4
Example: cvkit frame-diff samples/coin.mp4 --give difference -o difference.mp4

Source: Collins et al. 2000, A System for Video Surveillance and Monitoring (three frames).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from typing import ClassVar, Literal

import cv2
from pydantic import field_validator

from cvkit.core import values
from cvkit.core.algo import movement
from cvkit.core.stage import Gray, Image, Stage
from cvkit.core.time import Time
from cvkit.core.units import Duration, Level

_LONGEST = {"s": 5, "f": 300}


class FrameDiff(Stage):
    depths: ClassVar[frozenset[str]] = frozenset({"uint8", "uint16", "float32"})

    against: movement.Against = "previous"
    """What a frame is held against: one before it, two before it (three), or the first one."""
    interval: Duration = Duration.parse("100ms")
    """How long before, in seconds or frames (1f): at least so long, at most 5s."""
    level: Level | None = None
    """From which difference on it moves (25, 10%); left out, it follows the picture's noise."""
    give: Literal["mask", "difference"] = "mask"
    """What is given: where it moves, or by how many levels each pixel differs."""

    @field_validator("interval")
    @classmethod
    def _held(cls, interval: Duration) -> Duration:
        most = _LONGEST[interval.unit]
        if not 0 < interval.value <= most:
            raise ValueError(f"must be above 0 and at most {most}{interval.unit}, got {interval}")
        return interval

    def gives(self, taken: Mapping[str, values.Kind]) -> values.Kind:
        return values.Mask if self.give == "mask" else values.Image

    def start(self) -> movement.Earlier:
        return movement.Earlier("frame-diff", self.against, self.interval)

    def apply(self, gray: Gray, time: Time, state: movement.Earlier) -> values.Mask | Image:
        others = state.see(gray, time)
        if self.give == "difference" or self.level is not None:
            apart = reduce(cv2.min, [cv2.absdiff(gray, other) for other in others])
            if self.give == "difference" or self.level is None:
                return apart
            return values.Mask.of(apart >= self.level.on(values.DEPTHS[gray.dtype.name]))
        away = movement.away(values.eight_bit(gray), tuple(map(values.eight_bit, others)))
        mask = (away > movement.noise_level(away)).astype("uint8") * 255
        return values.Mask.of(movement.solid(mask), binary=True)
