"""What is recorded of a frame: one plain mapping, as JSON Lines hold it."""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np

from cvkit.core.frame import Frame
from cvkit.core.grid import Grid
from cvkit.core.values import Camera, Event, Measures, Objects, Scores, Text, Vector

Coords = Literal["source", "output"]
Record = dict[str, Any]
COLUMNS = ("box", "score", "class", "label", "id")
"""Keys of an object that have columns of their own in tables."""
SHAPES = ("polygon", "corners", "keypoints", "embedding")
"""Keys of an object that tables leave out."""


def record(frame: Frame, *, coords: Coords) -> Record:
    """The frame as the format has it: boxes to 2 decimals, scores to 4, nothing that is empty.

    Coordinates, and `size` with them, are the source's or the written picture's.
    """
    grid = frame.grid
    out: Record = {
        "source": frame.source or None,
        "index": frame.index,
        "time": round(frame.time.seconds, 6),
        "size": list(grid.source if coords == "source" else grid.size),
    }
    if coords == "output":
        out["coords"] = "output"
    objects = frame.get(Objects)
    if objects is not None and len(objects):
        here = objects if coords == "output" else objects.onto(Grid.of(grid.source))
        out["objects"] = [_object(here, i) for i in range(len(here))]
    if (scores := frame.get(Scores)) is not None:
        pairs = zip(scores.labels, scores.scores, strict=True)
        out["scores"] = [{"label": label, "score": round(s, 4)} for label, s in pairs]
    if (measures := frame.get(Measures)) is not None:
        out["measures"] = [dict(row) for row in measures.rows]
    if (event := frame.get(Event)) is not None:
        out["events"] = [dict(row) for row in event.rows]
    if (text := frame.get(Text)) is not None:
        out["text"] = text.text
    if (vector := frame.get(Vector)) is not None:
        out["vector"] = _numbers(vector.values, 6)
    if (camera := frame.get(Camera)) is not None:
        out["camera"] = {
            "matrix": _numbers(camera.matrix, 6),
            "distortion": _numbers(camera.distortion, 9),
            "size": list(camera.size),
        }
    return out


def _object(objects: Objects, i: int) -> Record:
    one: Record = {"box": _numbers(objects.boxes[i], 2)}
    if objects.scores is not None and not np.isnan(objects.scores[i]):
        one["score"] = round(float(objects.scores[i]), 4)
    for key, numbers in (("class", objects.classes), ("id", objects.ids)):
        if numbers is not None and numbers[i] >= 0:
            one[key] = int(numbers[i])
    for key, words in (("label", objects.labels), ("text", objects.texts)):
        if words is not None and words[i]:
            one[key] = words[i]
    if objects.polygons is not None and len(objects.polygons[i]):
        one["polygon"] = _numbers(objects.polygons[i], 2)
    if objects.corners is not None and objects.corners[i].any():
        one["corners"] = _numbers(objects.corners[i], 2)
    if objects.keypoints is not None and objects.keypoints[i].any():
        one["keypoints"] = _numbers(objects.keypoints[i], 2)
    for key, column in objects.attributes.items():
        value = column[i]
        if isinstance(value, str):
            if value:
                one[key] = value
        elif not math.isnan(float(value)):
            whole = np.issubdtype(type(value), np.integer)
            one[key] = int(value) if whole else round(float(value), 4)
    return one


def _numbers(array: Any, digits: int) -> Any:  # noqa: ANN401 - nested lists of any depth
    rounded = np.round(np.asarray(array, np.float64), digits) + 0.0  # no -0.0
    return rounded.tolist()
