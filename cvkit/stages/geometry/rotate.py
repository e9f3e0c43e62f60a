"""Turn a picture by quarter turns, counter-clockwise.

Nothing is interpolated: pixels only change their places, and objects move along.

Example: cvkit rotate samples/coffee.jpg --angle 90 -o turned.jpg

Source: cv2.rotate.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from cvkit.core import warp
from cvkit.core.stage import Size, Stage
from cvkit.core.units import Angle


def _quarter(angle: Angle) -> Angle:
    if angle.degrees % 90:
        raise ValueError(f"only quarter turns are done (90, 180, 270, -90), got {angle}")
    return angle


class Rotate(Stage):
    angle: Annotated[Angle, AfterValidator(_quarter)] = Angle(90)
    """How far to turn, in degrees counter-clockwise: a multiple of 90."""

    def apply(self, size: Size) -> warp.Quarter:
        return warp.Quarter(size, round(self.angle.degrees / 90) % 4)
