"""A frame's results as one JSON object, the line of a results file."""

from __future__ import annotations

import json
import math
from typing import Any, Literal

import numpy as np

from cvkit.core.frame import Frame
from cvkit.core.grid import Grid
from cvkit.core.values import Camera, Event, Measures, Objects, Scores, Text, Value, Vector

Record = dict[str, Any]
Coords = Literal["source", "output"]

FIELDS = ("box", "score", "class", "label", "id", "polygon", "corners", "keypoints", "text")
"""Names that an object's own properties have; an attribute so named is left out."""


def record(frame: Frame, *, coords: Coords = "source") -> Record:
    """What is known of this frame, except its pictures; empty fields and NaN are left out.

    Coordinates and `size` are the source's or the frame's own. Bitmaps, embeddings and features
    are no part of a record. Its last key is the value that came last.
    """
    size = frame.grid.source if coords == "source" else frame.grid.size
    out: Record = {
        "source": frame.source or None,
        "index": frame.index,
        "time": round(frame.time.seconds, 6),
        "size": list(size),
    }
    for value in frame.values:
        out.update(_field(value, size, to_source=coords == "source"))
    return out


def line(record: Record, *, first: bool = False) -> str:
    """One line of JSON with its end; the first one of a file says what the file is."""
    told = {"cvkit": 1, **record} if first else record
    compact = (",", ":")
    text = json.dumps(told, ensure_ascii=False, allow_nan=False, separators=compact)
    try:
        text.encode()
    except UnicodeEncodeError:  # a file name that is no text
        text = json.dumps(told, allow_nan=False, separators=compact)
    return text + "\n"


def _field(value: Value, size: tuple[int, int], *, to_source: bool) -> Record:
    found: Record = {}
    if isinstance(value, Objects):
        placed = Objects(value.grid, value.boxes, **_light(value))
        found["objects"] = _objects(placed.onto(Grid.of(size)) if to_source else placed)
    elif isinstance(value, Scores):
        pairs = zip(value.labels, value.scores, strict=True)
        found["scores"] = [{"label": k, "score": round(float(v), 4)} for k, v in pairs]
    elif isinstance(value, Measures):
        found["measures"] = [_cells(row) for row in value.rows]
    elif isinstance(value, Event):
        found["events"] = [_cells(row) for row in value.rows]
    elif isinstance(value, Text):
        found["text"] = value.text
    elif isinstance(value, Vector):
        found["vector"] = [plain(v) for v in value.values]
    elif isinstance(value, Camera):
        found["camera"] = {
            "matrix": value.matrix.tolist(),
            "distortion": value.distortion.ravel().tolist(),
            "size": list(value.size),
        }
    return {key: inner for key, inner in found.items() if inner}


def _light(objects: Objects) -> dict[str, Any]:
    """Its columns without bitmaps and embeddings, which would be moved in vain."""
    left_out = ("grid", "boxes", "masks", "embeddings", "step")
    names = [name for name in objects.__dataclass_fields__ if name not in left_out]
    return {name: getattr(objects, name) for name in names}


def _objects(objects: Objects) -> list[Record]:
    return [_object(objects, row) for row in range(len(objects))]


def _object(objects: Objects, row: int) -> Record:
    out: Record = {"box": _rounded(objects.boxes[row])}
    if objects.scores is not None and math.isfinite(objects.scores[row]):
        out["score"] = round(float(objects.scores[row]), 4)
    if objects.classes is not None and objects.classes[row] >= 0:
        out["class"] = int(objects.classes[row])
    if objects.labels is not None and objects.labels[row]:
        out["label"] = objects.labels[row]
    if objects.ids is not None and objects.ids[row] >= 0:
        out["id"] = int(objects.ids[row])
    if objects.polygons is not None and len(objects.polygons[row]):
        out["polygon"] = _rounded(objects.polygons[row])
    if objects.corners is not None and objects.corners[row].any():
        out["corners"] = _rounded(objects.corners[row])
    if objects.keypoints is not None and objects.keypoints[row].any():
        out["keypoints"] = _rounded(objects.keypoints[row])
    if objects.texts is not None and objects.texts[row]:
        out["text"] = objects.texts[row]
    more = {k: column[row] for k, column in objects.attributes.items() if k not in FIELDS}
    return {**out, **{key: _short(value) for key, value in _cells(more).items()}}


def _short(value: object) -> object:
    """Attributes to 7 digits, all that a float32 holds."""
    return float(f"{value:.7g}") if isinstance(value, float) else value


def _cells(row: Any) -> Record:  # noqa: ANN401 - a mapping of numpy's and Python's scalars
    made = ((str(key), plain(value)) for key, value in row.items())
    return {key: value for key, value in made if value is not None and value != ""}


def plain(value: object) -> str | int | float | bool | None:
    """A scalar as JSON has it; None for what is not finite. Of a float32 the shortest decimals."""
    if isinstance(value, np.floating):
        value = float(str(value))
    elif isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, str | int | float | None) else str(value)


def _rounded(points: Any) -> list[Any]:  # noqa: ANN401 - an array of any shape
    """To 2 decimals; what is not finite becomes 0."""
    clean = np.nan_to_num(np.asarray(points, np.float64), posinf=0, neginf=0)
    # -0.0 is 0 to everybody, but prints otherwise.
    rounded: list[Any] = (np.round(clean, 2) + 0.0).tolist()
    return rounded
