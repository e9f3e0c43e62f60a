"""Tell what moves from a still scene: a mask, a cut-out, or the scene without it.

The camera must stand still. Each pixel's usual levels are learned over `--history`; what is unlike
them is moving, and what stays longer becomes background. Learning goes by the frames' times, so a
video gives the same at 15 or 60 frames a second. The first frame is all background.

`knn` models each pixel by samples of its past; `mog2` and `mog` as a few Gaussians, of which mog2
takes quiet pixels too exactly, so that a slow change of light floods it; `gmg` by its commonest
levels, without specks and slower; `running` is the average of the past, the quickest. Specks go
with `blur --method median` after it.

`--give foreground` makes all else transparent: .webm and .png keep it so, other formats lay it
over `--background`. `background-plate` gives one picture of the scene from the whole video.

Example: cvkit background samples/coin.mp4 -o moving.mp4
Example: cvkit background samples/coin.mp4 --give foreground -o coin.webm

Source: Zivkovic 2004 (mog2); Zivkovic and van der Heijden 2006 (knn); KaewTraKulPong and Bowden
2001 (mog); Godbehere et al. 2012 (gmg); OpenCV's implementations.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

import cv2
import numpy as np
from pydantic import Field, field_validator, model_validator

from cvkit.core import values
from cvkit.core.algo.subtraction import Method, Scene
from cvkit.core.errors import ParameterError
from cvkit.core.stage import Gray, Image, Layer, Stage
from cvkit.core.time import Time
from cvkit.core.units import Duration


class Background(Stage):
    revision = 2

    method: Method = "knn"
    """How the scene is modelled."""
    history: Duration = Duration.parse("20s")
    """How long the scene is remembered, in seconds or frames (500f)."""
    distance: Annotated[float, Field(gt=0)] | None = None
    """How unlike is moving: variances (mog2, 16), squared levels (knn, 400), levels (running, 25),
    a probability (gmg, 0.8)."""
    shadows: bool = False
    """Give moving shadows a coverage of 127 (mog2, knn), instead of taking them as things."""
    give: Literal["mask", "foreground", "background"] = "mask"
    """What is given: where it moves, only what moves, or the scene as it is known by then."""

    @field_validator("history")
    @classmethod
    def _positive(cls, history: Duration) -> Duration:
        if history.value <= 0:
            raise ValueError(f"must be above 0, got {history}")
        return history

    @model_validator(mode="after")
    def _fits(self) -> Background:
        if self.method == "mog" and self.distance is not None:
            raise ParameterError("background: mog has no distance", remedy="use --method mog2")
        if self.method == "gmg" and (self.distance or 0) > 1:
            raise ParameterError("background: gmg's distance is a probability, 0 to 1")
        if self.shadows and self.method not in ("mog2", "knn"):
            raise ParameterError(
                f"background: {self.method} knows no shadows", remedy="use --method mog2 or knn"
            )
        if self.give == "background" and self.method in ("mog", "gmg"):
            raise ParameterError(
                f"background: {self.method} keeps no picture of the scene",
                remedy="use --method mog2, knn or running",
            )
        return self

    def asks(self) -> Mapping[str, str]:
        """The scene is learned in colour where it is to be seen; else grey is enough."""
        views = {"mask": ("gray", "gray"), "foreground": ("gray", "layer")}
        gray, picture = views.get(self.give, ("picture", "picture"))
        return {"gray": gray, "picture": picture}

    def gives(self, taken: Mapping[str, values.Kind]) -> values.Kind:
        return values.Mask if self.give == "mask" else values.Image

    def transparent(self) -> bool:
        return self.give == "foreground"

    def start(self) -> Scene:
        limits = (self.history, self.distance)
        return Scene("background", self.method, *limits, shadows=self.shadows)

    def apply(self, gray: Gray, picture: Layer, time: Time, state: Scene) -> values.Mask | Image:
        mask = state.see(gray, time)
        if self.give == "mask":
            return values.Mask.of(mask, binary=not self.shadows)
        if self.give == "background":
            return state.plate()
        colour = picture if picture.ndim == 3 else cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR)
        if colour.shape[2] == 4:
            mask = cv2.min(mask, np.ascontiguousarray(colour[..., 3]))
        return np.dstack([colour[..., :3], mask])
