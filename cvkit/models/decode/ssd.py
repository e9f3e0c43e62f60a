"""SSD and its kin with suppression in the graph: Caffe's and OpenCV's, and TensorFlow's API.

Caffe's `DetectionOutput`, which OpenCV also makes of TensorFlow's frozen graphs, gives
[1, 1, n, 7]: picture, class, score, x1 y1 x2 y2 as shares; class 0 is the background. TensorFlow's
object detection API gives `detection_boxes` [b, n, 4] (y1 x1 y2 x2 as shares), and
`detection_scores` and `detection_classes` [b, n], counted from 1, so also Faster R-CNN and
EfficientDet from there; TFLite gives the same four (TFLite_Detection_PostProcess), counted from 0
and not always in one order.

Fed as MobileNet-SSD is: (level - 127.5) / 127.5, BGR for Caffe, RGB for TFLite; levels as they are
for TensorFlow, whose graphs do that themselves. SSD on VGG and OpenCV's face detector: `ssdvgg`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cvkit.core.warp import Array, Size
from cvkit.models.decode.layout import Candidates, Seen, floats, scaled
from cvkit.models.prepare import Preparation
from cvkit.models.wanted import Usual

_HALF = (127.5, 127.5, 127.5)
_MOBILENET = Preparation("stretch", "bgr", scale=1.0, mean=_HALF, std=_HALF)
_TFLITE = Preparation("stretch", "rgb", scale=1.0, mean=_HALF, std=_HALF)
_LEVELS = Preparation("stretch", "rgb", scale=1.0)
_XYXY = [1, 0, 3, 2]


@dataclass(frozen=True, slots=True)
class Ssd:
    """One list of seven columns."""

    preparation: Preparation = _MOBILENET
    sparse: bool = False
    classes: int | None = None
    first: int = 1
    overlap: bool = False
    usual: ClassVar[Usual] = Usual(0.5, 0.45)

    def candidates(self, outputs: Sequence[Array], size: Size, score: float) -> list[Candidates]:
        rows = floats(outputs[0])
        if rows.shape[-1] != 7:
            raise ValueError("it has not seven columns")
        rows = rows.reshape(-1, 7)
        pictures = range(max(len(outputs[0]), int(rows[:, 0].max(initial=0)) + 1))
        rows = rows[rows[:, 2] > score]
        lists = [rows[rows[:, 0] == i] for i in pictures]
        return [
            Candidates(scaled(part[:, 3:], size), part[:, 2], part[:, 1].astype(np.int32))
            for part in lists
        ]


@dataclass(frozen=True, slots=True)
class Postprocessed:
    """Four outputs: boxes, and two lists of which one holds scores, one classes."""

    boxes: int
    lists: tuple[int, int]
    """Scores and classes, where the names tell; else in any order."""
    told: bool
    first: int
    preparation: Preparation = _LEVELS
    classes: int | None = None
    overlap: bool = False
    usual: ClassVar[Usual] = Usual(0.5, 0.45)
    sparse: ClassVar[bool] = True

    def candidates(self, outputs: Sequence[Array], size: Size, score: float) -> list[Candidates]:
        boxes = floats(outputs[self.boxes])
        scores, classes = (floats(outputs[port]) for port in self.lists)
        if not self.told and _are_classes(scores, classes):
            scores, classes = classes, scores
        found = []
        for places, best, numbers in zip(boxes, scores, classes, strict=True):
            rows = np.flatnonzero(best > score)
            corners = scaled(places[rows][:, _XYXY], size)
            found.append(Candidates(corners, best[rows], np.rint(numbers[rows]).astype(np.int32)))
        return found


def _are_classes(first: Array, second: Array) -> bool:
    """Whether the first list can only be the classes: scores are 0–1 and fall."""

    def can_be_scores(array: Array) -> bool:
        falls = bool((np.diff(array, axis=-1) <= 1e-6).all())
        return falls and bool((array >= 0).all() and (array <= 1).all())

    if can_be_scores(first) != can_be_scores(second):
        return can_be_scores(second)
    return bool((first == np.rint(first)).all() and (second != np.rint(second)).any())


def read(seen: Seen) -> Ssd | Postprocessed | str:
    if len(seen.shapes) == 1:
        shape = seen.shapes[0]
        if len(shape) != 4 or shape[3] != 7 or shape[1] not in (1, None):
            return "it is not one list of seven columns"
        if seen.facts.format == "caffe" and not seen.named:
            return "it is one on VGG" if is_on_vgg(seen) else Ssd()
        return Ssd(_LEVELS, sparse=True) if seen.facts.format == "tensorflow" else Ssd()
    return _four(seen)


def is_on_vgg(seen: Seen) -> bool | None:
    """Networks on MobileNet and on VGG write alike, but are fed otherwise: which one Caffe's names
    of layers tell; None where they do not."""
    layers = seen.facts.metadata.get("layers", "")
    return True if "conv4_3" in layers else False if "/dw" in layers else None


def _four(seen: Seen) -> Postprocessed | str:
    named = [
        next(
            (i for i, port in enumerate(seen.facts.outputs) if f"detection_{word}" in port.name), -1
        )
        for word in ("boxes", "scores", "classes")
    ]
    lite = seen.facts.format == "tflite"
    feed = _TFLITE if lite else _LEVELS
    if -1 not in named:
        return Postprocessed(named[0], (named[1], named[2]), True, 0 if lite else 1, feed)
    boxes = [i for i, s in enumerate(seen.shapes) if len(s) == 3 and s[2] == 4]
    lists = [i for i, s in enumerate(seen.shapes) if len(s) == 2]
    if len(seen.shapes) != 4 or len(boxes) != 1 or len(lists) not in (2, 3):
        return "it has not boxes, classes, scores and their number"
    if not (lite or seen.named):
        return "its outputs have not the names of TensorFlow's API"
    rows = seen.shapes[boxes[0]][1]
    lists = [i for i in lists if rows is None or seen.shapes[i][1] in (rows, None)][:2]
    if len(lists) != 2:
        return "it has not two lists as long as its boxes"
    return Postprocessed(boxes[0], (lists[1], lists[0]), False, 0, feed)
