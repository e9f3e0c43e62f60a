"""Join films and pictures into one film, in the order in which they are named.

A folder, a pattern, `@list.txt` and a frame stream are inputs like anywhere else. Times follow on,
and frames are numbered anew; in results `source` says which input a frame is from. A picture is
shown for `--still` seconds, each page of a document too. It is the first step of a chain: what the
others do, they do on the joined film.

All have to be of the first one's size, or `--fit` says how they get it: `contain` shows all of them
with bars, `cover` fills the frame and cuts off what hangs over, `stretch` changes the shape.

Sound is joined where inputs are files whose sound is of one kind, with silence where one has none,
and left out otherwise. A damaged input ends the run, and nothing is written; `--on-corrupt
salvage` goes on with the next.

Example: cvkit concat samples/coin.mp4 samples/portrait.mp4 --fit contain -o both.mp4
Example: cvkit concat samples/cat.jpg samples/coffee.jpg samples/rocket.jpg --still 2s --fit cover
    -o slides.mp4
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Literal

from pydantic import AfterValidator

from cvkit.core import warp
from cvkit.core.errors import InputError
from cvkit.core.stage import Frame, Stage
from cvkit.core.units import Color, Duration
from cvkit.core.warp import Size, Warp


@dataclass
class Film:
    """The size of the first frame, which all get."""

    size: Size | None = None


def _span(still: Duration) -> Duration:
    if still.unit == "f" or not 0 < still.value <= 86400:
        raise ValueError(f"must be seconds above 0, up to a day (3s), got {still}")
    return still


class Concat(Stage):
    fit: Literal["contain", "cover", "stretch"] | None = None
    """How frames of another size get the first one's; left out, they are refused."""
    still: Annotated[Duration, AfterValidator(_span)] = Duration(Fraction(3))
    """For how many seconds a picture is shown."""
    fill: Color = Color(0, 0, 0)
    """The colour of the bars."""

    def joins(self) -> Fraction:
        return self.still.value

    def start(self) -> Film:
        return Film()

    def apply(self, frame: Frame, state: Film) -> Frame:
        state.size = state.size or frame.size
        if frame.size == state.size:
            return frame
        if self.fit is None:
            (w, h), (old_w, old_h) = frame.size, state.size
            name = frame.source or "the frame"
            raise InputError(
                f"{name} is {w}×{h}, and the film began as {old_w}×{old_h}",
                remedy="say how it gets that size: --fit contain, cover or stretch",
            )
        return frame.moved(self._warp(frame.size, state.size))

    def _warp(self, size: Size, to: Size) -> Warp:
        if self.fit == "stretch":
            return warp.Scale(size, to, _smooth(size, to))
        if self.fit == "contain":
            return warp.letterbox(size, to, fill=self.fill.bgr)
        ratio = max(to[0] / size[0], to[1] / size[1])
        larger = (max(to[0], round(size[0] * ratio)), max(to[1], round(size[1] * ratio)))
        left, top = (larger[0] - to[0]) // 2, (larger[1] - to[1]) // 2
        whole = warp.Scale(size, larger, _smooth(size, larger))
        return warp.Series((whole, warp.Crop(larger, left, top, *to)))


def _smooth(size: Size, to: Size) -> warp.Interpolation:
    return "area" if to[0] < size[0] and to[1] < size[1] else "linear"
