"""Find where a film cuts from one scene to the next, and list, split or picture its scenes.

Without `-o` the list is printed: a line a scene, with its first frame, the first one after it,
both times and its length. `-o scenes.csv` writes it; `-o 'scene_{index:03d}.mp4'` writes a file a
scene, with its sound; `--pictures first -o 'scene_{index:05d}.jpg'` a picture of each, called after
its frame.

`content` compares each frame with the one before in hue, saturation and value, `histogram` by how
often colours come, `hash` by a perceptual hash; `adaptive` asks that a change stands out from those
in `--window` around it, so that fast camera moves are no cuts. `threshold` finds fades through
black: a scene begins where the picture is no longer dark. A cross-fade shows in none but
`adaptive`, at times.

`--threshold` is from where on it is a cut: content 27 (mean difference, 0–255), adaptive 3 (times
the changes around), histogram 0.35 and hash 0.35 (0–1), threshold 12 (mean level, 0–255).

Example: cvkit scene-cut samples/portrait.mp4
Example: cvkit scene-cut samples/portrait.mp4 --pictures middle then montage -o scenes.png

Source: PySceneDetect (content, adaptive, threshold, hash); OpenCV compareHist (histogram).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from cvkit.core import values
from cvkit.core.algo.shots import Cuts, Scene
from cvkit.core.stage import Frame, Photo, Stage
from cvkit.core.units import Duration

_FROM = {"content": 27.0, "adaptive": 3.0, "threshold": 12.0, "histogram": 0.35, "hash": 0.35}


@dataclass
class Film:
    """What is known of one stream: the scene that is open, and the last frame, held back so that
    the end of the film can be told on it."""

    cuts: Cuts
    scene: Scene | None = None
    last: Frame | None = None
    step: Fraction = Fraction(0)


def _span(duration: Duration) -> Duration:
    if duration.unit == "f" or duration.value < 0:
        raise ValueError(f"must be seconds from 0 (0.6s), got {duration}")
    return duration


class SceneCut(Stage):
    method: Literal["content", "adaptive", "histogram", "hash", "threshold"] = "content"
    """What tells a cut: a change of colours, one that stands out, or the end of darkness."""
    threshold: Annotated[float, Field(gt=0, le=255)] | None = None
    """From where on it is a cut, in the method's own units; left out, its own level."""
    min_len: Annotated[Duration, AfterValidator(_span)] = Duration(Fraction(3, 5))
    """The shortest scene, in seconds: a cut that comes sooner is none."""
    window: Annotated[Duration, AfterValidator(_span)] = Duration(Fraction(1, 10))
    """Adaptive: the seconds before and after that a change is compared with."""
    pictures: Literal["all", "first", "middle"] = "all"
    """Let all frames go on, or of each scene only its first or the one near its middle."""

    def keeps_length(self) -> bool:
        return self.pictures == "all"

    def gives(self, taken: Mapping[str, values.Kind]) -> values.Kind:
        return values.Event

    def start(self) -> Film:
        level = self.threshold or _FROM[self.method]
        return Film(Cuts(self.method, level, self.min_len.value, self.window.value))

    def apply(self, photo: Photo, frame: Frame, state: Film) -> Iterator[Frame]:
        yield from self._on(state.cuts.see(photo, frame), state)

    def flush(self, state: Film) -> Iterator[Frame]:
        yield from self._on(state.cuts.rest(), state)
        if state.last is not None and state.scene is not None:
            end = state.last.time.exact + state.step
            yield self._told("end", state.last, state.scene, state.last.index + 1, end)

    def _on(self, decided: Iterable[tuple[Frame, bool]], state: Film) -> Iterator[Frame]:
        """What goes on of these frames, each of which begins a scene or does not."""
        for frame, cut in decided:
            before, now = state.scene, frame.time.exact
            one = frame
            if before is None:
                state.scene = Scene(frame, 1)
            elif cut:
                one = self._told("cut", frame, before, frame.index, now)
                state.scene = Scene(frame, before.number + 1)
            elif self.pictures == "middle":
                before.add(frame)
            if self.pictures == "all":
                if state.last is not None:
                    yield state.last
            elif cut:
                yield one
            state.step = now - state.last.time.exact if state.last is not None else state.step
            state.last = one if self.pictures == "all" else frame

    def _told(self, event: str, frame: Frame, scene: Scene, after: int, end: Fraction) -> Frame:
        """The frame with what is known of the scene before it, or the picture of that scene."""
        if self.pictures != "all":
            event, frame = "scene", scene.picture(end)
        row = {"event": event, **scene.row(after, end)}
        others = frame.get(values.Event)
        return frame.put(values.Event((*(others.rows if others is not None else ()), row)))
