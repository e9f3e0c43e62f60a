"""Draw a line, an arrow, a rectangle, a circle, an ellipse or a polygon on a picture.

The points are `x,y`, in pixels from 0 or in percent (0% the first, 100% the last pixel), with
spaces between: two or more for a line, an arrow (its head is at the last one), two opposite
corners for a rectangle and an ellipse, three or more for a polygon, the centre of a circle. Without
points the shape lies in the middle. A grey picture becomes a colour one where the colour has a hue.

Example: cvkit draw-shape samples/cat.jpg --shape arrow --points "5%,90% 40%,50%" -o pointed.jpg
Example: cvkit draw-shape samples/cat.jpg --shape circle --points 38%,38% --radius 22% --color gold

Source: OpenCV polylines, arrowedLine, circle, ellipse, fillPoly, with LINE_AA.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

import cv2
import numpy as np
from pydantic import Field, field_validator, model_validator

from cvkit.core import compose, values
from cvkit.core.draw import FAR, Style
from cvkit.core.errors import ParameterError
from cvkit.core.stage import Image, Layer, Stage
from cvkit.core.units import Angle, Color, Length, Point
from cvkit.core.warp import Array, Size

_BITS = 4  # OpenCV draws at sixteenths of a pixel
_NEEDS = {
    "line": (2, None, "two points or more"),
    "arrow": (2, None, "two points or more"),
    "rectangle": (2, 2, "two opposite corners"),
    "circle": (1, 1, "one point, its centre"),
    "ellipse": (2, 2, "two opposite corners of the box around it"),
    "polygon": (3, None, "three points or more"),
}
_MIDDLE = {
    "line": "25%,75% 75%,25%",
    "arrow": "25%,75% 75%,25%",
    "rectangle": "25%,25% 75%,75%",
    "circle": "50%,50%",
    "ellipse": "25%,25% 75%,75%",
    "polygon": "50%,25% 75%,75% 25%,75%",
}


class DrawShape(Stage):
    depths: ClassVar[frozenset[str]] = frozenset({"uint8", "uint16", "float32"})

    shape: Literal["line", "arrow", "rectangle", "circle", "ellipse", "polygon"] = "rectangle"
    """What is drawn."""
    points: tuple[Point, ...] = ()
    """Where: corners, ends or the centre; left out, in the middle."""
    radius: Length = Length(25, "%")
    """The radius of a circle."""
    angle: Angle = Angle(0)
    """How far a rectangle or an ellipse is turned about its middle, counter-clockwise."""
    color: Color = Color(255, 0, 0)
    """Its colour."""
    line: Length | None = None
    """Width of its line (3px, 0.5%); left out, it follows the picture's size."""
    filled: bool = False
    """Fill its inside, of lines nothing."""
    opacity: Annotated[float, Field(ge=0, le=1)] = 1
    """How much it hides what lies below, 0 to 1."""

    @field_validator("line", "radius")
    @classmethod
    def _positive(cls, length: Length | None) -> Length | None:
        if length is not None and length.value <= 0:
            raise ValueError(f"must be above 0, got {length}")
        return length

    @model_validator(mode="after")
    def _fits(self) -> DrawShape:
        least, most, words = _NEEDS[self.shape]
        count = len(self.points)
        if count and not least <= count <= (most or count):
            raise ParameterError(f"draw-shape: {self.shape} takes {words}, got {count}")
        if self.filled and self.shape in ("line", "arrow"):
            raise ParameterError(f"draw-shape: {self.shape} has no inside to fill")
        if self.angle.degrees and self.shape not in ("rectangle", "ellipse"):
            raise ParameterError("draw-shape: angle turns a rectangle or an ellipse")
        return self

    def gives(self, taken: Mapping[str, values.Kind]) -> values.Kind:
        return taken["picture"] if compose.is_grey(self.color) else values.Image

    def apply(self, picture: Layer) -> Image | values.Mask:
        h, w = picture.shape[:2]
        canvas = compose.channelled(picture, self.color)
        return compose.paint(canvas, self._stencil((w, h)), self.color, self.opacity)

    def _stencil(self, size: Size) -> Array:
        """(h, w) uint8, what the shape covers."""
        stencil = np.zeros(size[::-1], np.uint8)
        points = self.points or tuple(Point.parse(p) for p in _MIDDLE[self.shape].split())
        at = np.array([p.on((size[0] - 1, size[1] - 1)) for p in points])
        line = cv2.FILLED if self.filled else self._line(size)
        pen = (255, line, cv2.LINE_AA, _BITS)
        if self.shape == "circle":
            radius = _fixed(np.array(self.radius.pixels(size)))
            cv2.circle(stencil, _fixed(at[0]).tolist(), int(radius), *pen)
        elif self.shape == "ellipse":
            middle, axes = _fixed(at.mean(0)).tolist(), _fixed(np.abs(at[1] - at[0]) / 2).tolist()
            cv2.ellipse(stencil, middle, axes, -self.angle.degrees, 0, 360, *pen)
        elif self.shape == "arrow":
            if len(at) > 2:
                cv2.polylines(stencil, [_fixed(at[:-1])], False, *pen)
            start, end = (_fixed(p).tolist() for p in at[-2:])
            head = (8 + 6 * line) / max(1.0, float(np.linalg.norm(at[-1] - at[-2])))
            cv2.arrowedLine(stencil, start, end, *pen, min(0.5, head))
        elif self.shape == "rectangle" and not self.angle.degrees:  # sharp, not antialiased
            start, end = np.rint(np.clip(at, -FAR, FAR)).astype(int).tolist()
            cv2.rectangle(stencil, start, end, 255, line)
        elif self.filled:
            cv2.fillPoly(stencil, [_fixed(self._corners(at))], 255, cv2.LINE_AA, _BITS)
        else:
            cv2.polylines(stencil, [_fixed(self._corners(at))], self.shape != "line", *pen)
        return stencil

    def _line(self, size: Size) -> int:
        auto = Style.fitting(size).line * 2
        asked = auto if self.line is None else round(self.line.pixels(size))
        return min(max(1, asked), 32767)  # the most that OpenCV takes

    def _corners(self, at: Array) -> Array:
        """(k, 2) the points, or all corners of the rectangle."""
        if self.shape != "rectangle":
            return at
        middle, half = at.mean(0), np.abs(at[1] - at[0]) / 2
        turn = np.radians(self.angle.degrees)
        cos, sin = np.cos(turn), np.sin(turn)
        around = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * half
        return np.asarray(middle + around @ np.array([[cos, -sin], [sin, cos]]))


def _fixed(points: Array) -> Array:
    return np.asarray(np.rint(np.clip(points, -FAR, FAR) * (1 << _BITS)).astype(np.int32))
