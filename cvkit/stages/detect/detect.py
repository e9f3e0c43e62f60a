"""Find things in pictures with a network or a cascade: a box, a label and a score each.

`--model` is the path of an ONNX file (a YOLOv8 detector as ultralytics exports it), or one of
the detectors that need no file: `hog` finds people upright and whole, `haar-face` faces seen from
the front, `haar-plate` number plates of the long European shape.

The defaults of score and overlap are those of ultralytics' `predict`, and so are the boxes. Scores
of `hog` and the cascades are the logistic of their own margin, which the objects carry as
`margin`; they are no probabilities and do not compare between detectors.

Example: cvkit detect samples/astronaut.jpg --model haar-face -o faces.jpg

Source: Redmon et al. 2016; Viola and Jones 2001; Dalal and Triggs 2005.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from cvkit.core.stage import Env, Found, Photo, Stage
from cvkit.models.detector import Detector
from cvkit.models.wanted import Wanted, check_labels


class Detect(Stage):
    needs: ClassVar[frozenset[str]] = frozenset({"model"})

    model: str
    """A YOLOv8 network as an .onnx file, or hog, haar-face or haar-plate."""
    score: Annotated[float, Field(ge=0, le=1)] = 0.25
    """Only things whose score is above this are given, 0 to 1."""
    iou: Annotated[float, Field(ge=0, le=1)] = 0.7
    """Of two boxes of a class that overlap by more (intersection over union), the better stays."""
    classes: tuple[str, ...] = ()
    """Only things with these labels; all where none is named."""
    max_objects: Annotated[int, Field(ge=1)] = 300
    """At most so many things a picture, those with the best scores."""

    def open(self, env: Env) -> Detector:
        detector: Detector = env.models.open(self.model, task="detect")
        check_labels(self.model, detector.labels, self.classes)
        return detector

    def apply(self, photo: list[Photo], resource: Detector) -> list[Found]:
        wanted = Wanted(self.score, self.iou, self.classes, self.max_objects)
        return resource.detect(photo, wanted)
