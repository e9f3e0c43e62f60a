"""Find how points, or all pixels, move from one frame to the next.

`lucas-kanade` draws the paths of good corners; `dis` and `farneback` colour every pixel's motion.
Hue is direction: right is red, up violet, left blue, down yellow.

Corners are followed there and back to be sure, and new ones are looked for all the time. Each is an
object with its number, where it is (`point_x`, `point_y`), how far it came since the frame before
(`dx`, `dy`, pixels right and down), its `speed` in pixels a second over its trail and its
`direction` in degrees counter-clockwise from the right.

`dis` and `farneback` give every pixel's motion since the frame before. It is shown as colours, the
stronger the faster, or as `--draw arrows` on the picture, written as numbers to .npy, and summed up
in the results: `mean_speed`, `median_speed` and `max_speed` in pixels a second, the `direction` of
their mean, and how many percent are `moving`.

`--with` compares two pictures, with `dis` unless told otherwise; speeds are then pixels.

Example: cvkit optical-flow samples/walkers.mp4 -o trails.mp4
Example: cvkit optical-flow samples/walkers.mp4 --frames 2s:2.4s --method dis -o colours.mp4
Example: cvkit optical-flow samples/portrait.mp4 --method dis --draw arrows -o arrows.mp4

Source: Lucas and Kanade 1981, Shi and Tomasi 1994; Farnebäck 2003; Kroeger et al. 2016 (dis).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Annotated, Literal

import cv2
import numpy as np
from pydantic import AfterValidator, Field

from cvkit.core import values, wheel
from cvkit.core.algo import flowing
from cvkit.core.draw import Style
from cvkit.core.stage import Frame, Gray, Operand, Picture, Stage
from cvkit.core.units import Duration, Length
from cvkit.core.warp import Array

_STILL = 0.5
"""Pixels that count for nothing between two pictures."""
_CALM = 2.0
"""Seconds in which what counts as fast is half forgotten, so that colours do not flicker."""


def _span(trail: Duration) -> Duration:
    if trail.unit == "f" or not 0 < trail.value <= 60:
        raise ValueError(f"must be seconds above 0, at most 60s, got {trail}")
    return trail


def _forward(length: Length) -> Length:
    if length.value < 0:
        raise ValueError(f"must be 0 or more, got {length}")
    return length


class OpticalFlow(Stage):
    method: Literal["lucas-kanade", "farneback", "dis"] | None = None
    """Left out, lucas-kanade, and dis with --with."""
    with_: Operand[Picture] | None = None
    """The picture that comes next."""
    effort: flowing.Effort = "high"
    """How carefully pixels match."""
    points: Annotated[int, Field(ge=1, le=20000)] = 400
    """At most so many."""
    trail: Annotated[Duration, AfterValidator(_span)] = Duration.parse("1s")
    """How much of its path a point shows."""
    min_speed: Annotated[Length, AfterValidator(_forward)] = Length(2, "%")
    """Slower points are left out: so far a second."""
    draw: Literal["wheel", "arrows"] = "wheel"
    """All pixels: as colours, or as arrows on the picture."""

    @property
    def _how(self) -> Literal["lucas-kanade", "farneback", "dis"]:
        return self.method or ("lucas-kanade" if self.with_ is None else "dis")

    def gives(self, taken: Mapping[str, values.Kind]) -> tuple[values.Kind, ...]:
        if self._how == "lucas-kanade":
            return (values.Objects,)
        return values.Measures, values.Flow if self.draw == "wheel" else values.Image

    def several(self) -> bool:
        return False

    def start(self) -> flowing.Film:
        return flowing.Film(flowing.Points(self.points, float(self.trail.value)))

    def apply(
        self, gray: Gray, frame: Frame, state: flowing.Film, with_: Picture | None = None
    ) -> Iterator[Frame]:
        gray, other = values.eight_bit(gray), None if with_ is None else _gray(with_)
        state = state if other is None else self.start()
        state.come(gray, frame.time.seconds)
        if self._how == "lucas-kanade":
            for one in (gray, other):
                if one is not None:
                    state.points.see(one, state.now)
            state.before = gray
            least = self.min_speed.pixels(frame.size)
            found = flowing.trails(state.points.paths, frame.grid, least)
            yield frame.found(replace(found, step=("optical-flow",) * len(found)))
            return
        before, now = (state.before, gray) if other is None else (gray, other)
        if before is None:
            flow = np.zeros((*gray.shape, 2), np.float32)
        else:
            flow = flowing.believed(before, now, self._how, self.effort)
        state.before = gray
        state.top = max(wheel.fastest(flow), state.top * 0.5 ** (state.step / _CALM))
        timed = other is None
        least = self.min_speed.pixels(frame.size) if timed else _STILL
        speeds = wheel.speeds(flow) / np.float32(state.step or 1.0) if timed else wheel.speeds(flow)
        row = flowing.summary(flow, speeds, least)
        yield self._shown(frame.put(values.Measures((row,))), flow, state.top)

    def _shown(self, frame: Frame, flow: Array, top: float) -> Frame:
        if self.draw == "wheel":
            return frame.put(values.Flow.of(flow, frame.grid, top=top))
        picture = frame.picture("optical-flow")
        canvas = values.eight_bit(picture.bgr).copy()
        wheel.arrows(canvas, flow, top, max(1, Style.fitting(frame.size).line // 2))
        alpha = None if picture.alpha is None else values.eight_bit(picture.alpha)
        return frame.put(values.Image.of(canvas, frame.grid, alpha))


def _gray(picture: Array) -> Array:
    grey = picture if picture.ndim == 2 else cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    return values.eight_bit(grey)
