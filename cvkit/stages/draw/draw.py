"""Show on the photograph what was found: boxes, outlines, masks, points, labels and values.

Everything found so far is drawn, where it lies in the photograph. Each class or label has a colour
of its own, the same in every frame and run. Lines and letters are scaled to the picture, and are
finer on small things. A name goes where it hides no other name and little of other things; where
there is no room for it, it is left out.

Where a thing has an outline, that is drawn and not its box; outlines without names of their own
(contours) get no labels, and colours by their place in the list.

A picture output gets this step by itself where things were found after the last picture; write it
to choose how it looks.

Example: cvkit contours samples/hubble.jpg --top 12 then draw --color gold -o marked.png
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from pydantic import Field, field_validator

from cvkit.core.draw import Style, paint
from cvkit.core.stage import Image, Marks, Photo, Stage
from cvkit.core.units import Color, Length


class Draw(Stage):
    line: Length | None = None
    """Width of lines (3px, 0.5%), at most; left out, it follows the picture's size."""
    text_size: Length | None = None
    """Height of capital letters (14px, 2%), at most; left out, it follows the picture's size."""
    color: Color | None = None
    """One colour for everything; left out, each class or label has its own."""
    labels: bool = True
    """Write what things are called."""
    scores: bool = True
    """Write how sure it is, 0 to 1."""
    boxes: bool = True
    """Draw the boxes of things that have no outline."""
    fill: Annotated[float, Field(ge=0, le=1)] = 0.35
    """How opaque masks are laid over the picture, 0 to 1."""

    @field_validator("line", "text_size")
    @classmethod
    def _positive(cls, length: Length | None) -> Length | None:
        if length is not None and length.value <= 0:
            raise ValueError(f"must be above 0, got {length}")
        return length

    def apply(self, photo: Photo, marks: Marks) -> Image:
        canvas = photo.copy()
        style = self._style((photo.shape[1], photo.shape[0]))
        for value in marks:
            paint(canvas, value, style)
        return canvas

    def _style(self, size: tuple[int, int]) -> Style:
        auto = Style.fitting(size)
        line = auto.line if self.line is None else max(1, round(self.line.pixels(size)))
        text = auto.text if self.text_size is None else max(4, round(self.text_size.pixels(size)))
        return replace(
            auto,
            line=min(line, 255),
            text=min(text, 2000),
            labels=self.labels,
            scores=self.scores,
            boxes=self.boxes,
            fill=self.fill,
            color=None if self.color is None else self.color.bgr,
        )
