"""Cut out everything found, each as a picture of its own.

Each result holds the one thing that it shows, so that files are named after it:
`{stem}_{label}_{index:05d}`, counted in the order found. `--margin` leaves some of the
surroundings, `--square` makes every picture square, as classifiers want them, and `--cutout` makes
transparent what lies outside the thing's mask or outline. What of a box lies outside the picture
is left away.

Example: cvkit detect samples/astronaut.jpg --model haar-face then crops --margin 20% -o faces/
Example: cvkit contours samples/coins.jpg --min-area 400 then crops --cutout -o coins/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Annotated, ClassVar

import numpy as np
from pydantic import AfterValidator

from cvkit.core import values
from cvkit.core.stage import Frame, Photo, Stage
from cvkit.core.units import Length
from cvkit.core.values import Objects
from cvkit.core.warp import Array, Crop


def _outward(margin: Length) -> Length:
    if margin.value < 0:
        raise ValueError(f"must be 0 or more, got {margin}")
    return margin


class Crops(Stage):
    results: ClassVar[str] = "{stem}_{label}_{index:05d}"

    margin: Annotated[Length, AfterValidator(_outward)] = Length(0, "%")
    """What stays around the box on each side: pixels, or a share of the box's shorter side."""
    square: bool = False
    """Widen the box to a square, moved inside the picture where it would hang over."""
    cutout: bool = False
    """Make transparent what lies outside the thing's mask or outline, where it has one."""

    def several(self) -> bool:
        return True

    def transparent(self) -> bool:
        return self.cutout

    def gives(self, taken: Mapping[str, values.Kind]) -> values.Kind:
        return values.Image

    def apply(self, photo: Photo, objects: Objects, frame: Frame) -> Iterator[Frame]:
        whole = frame.photo
        assert whole is not None
        for row in range(len(objects)):
            x1, y1, x2, y2 = self._sides(objects.boxes[row].astype(float), frame.size)
            if x2 <= x1 or y2 <= y1:
                continue
            # The photograph is what is cut, whatever mask led to the boxes.
            one = frame.put(whole).put(objects.take([row]))
            part = one.moved(Crop(frame.size, x1, y1, x2 - x1, y2 - y1))
            yield self._cut_out(part) if self.cutout else part.put(_photo(part))

    def _sides(self, box: Array, size: tuple[int, int]) -> tuple[int, int, int, int]:
        """Left, top, right and bottom pixel edges inside a picture of this size."""
        more = self.margin.pixels((box[2] - box[0], box[3] - box[1]))
        low, high = np.floor(box[:2] - more + 1e-3), np.ceil(box[2:] + more - 1e-3)
        if self.square:
            side = min(float((high - low).max()), *size)
            low = np.floor((low + high - side) / 2)
            low = np.clip(low, 0, np.array(size) - side)
            high = low + side
        left, top = np.maximum(low, 0).astype(int).tolist()
        right, bottom = np.minimum(high, size).astype(int).tolist()
        return left, top, right, bottom

    def _cut_out(self, part: Frame) -> Frame:
        photo, objects = _photo(part), part.get(Objects)
        cover = objects.cover(0, (0, 0, *part.size)) if objects else None
        if cover is None:
            return part.put(photo)
        inside = cover > 0
        top = values.DEPTHS[photo.depth]
        alpha = np.full(inside.shape, top, photo.depth) if photo.alpha is None else photo.alpha
        return part.put(replace(photo, alpha=values.frozen(np.where(inside, alpha, 0))))


def _photo(frame: Frame) -> values.Image:
    photo = frame.photo
    assert photo is not None
    return photo
