"""Of boxes that cover the same thing, keep the one with the best score.

The best box stays, and those of its class go whose overlap with it, intersection over union, is
above `--iou`; then the best of the rest, and so on. Boxes may come from anything: detectors that
follow one another, saved results, contours. Those without a score count as equally good, and the
first found stays. `--agnostic` compares boxes of different classes, too: of a van found as a car
and as a truck one stays.

What stays is given best first, as detectors give it.

Example: cvkit detect samples/astronaut.jpg --model haar-face then nms --iou 0.3 -o faces.jpg

Source: Felzenszwalb et al. 2010; the greedy rule of torchvision's `nms`.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from cvkit.core.algo.nms import nms
from cvkit.core.stage import Objects, Stage


class Nms(Stage):
    iou: Annotated[float, Field(ge=0, le=1)] = 0.5
    """Boxes that overlap a better one by more go, 0 to 1."""
    agnostic: bool = False
    """Boxes of different classes are compared, too."""

    def apply(self, objects: Objects) -> Objects:
        return nms(objects, self.iou, per_class=not self.agnostic)
