"""A frame's results as one JSON object, the line of a results file."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any, Literal

import numpy as np

from cvkit.core.frame import Frame
from cvkit.core.grid import Grid
from cvkit.core.objects import moved_pairs
from cvkit.core.values import Camera, Event, Measures, Objects, Scores, Text, Value, Vector

Record = dict[str, Any]
Coords = Literal["source", "output"]

FIELDS = (
    "box", "score", "class", "label", "id", "polygon", "corners", "keypoints", "text", "mask",
)  # fmt: skip
"""Names that an object's own properties have; an attribute so named is left out."""


def record(frame: Frame, *, coords: Coords = "source", bitmaps: bool = False) -> Record:
    """What is known of this frame, except its pictures; empty fields and NaN are left out.

    Coordinates and `size` are the source's, or the frame's own, which the record then says:
    `"coords": "output"`. Embeddings and features are no part of a record, and bitmaps of objects
    only where asked for, as `results.bitmaps` has them. Its last key is the value that came last.
    """
    size = frame.grid.source if coords == "source" else frame.grid.size
    out: Record = {
        "source": frame.source or None,
        "index": frame.index,
        "time": round(frame.time.seconds, 6),
        "size": list(size),
    }
    if coords == "output":
        out["coords"] = coords
    for value in frame.values:
        if isinstance(value, Objects) and coords == "source":
            value = _of_the_source(value)
        out.update(_field(value, size, to_source=coords == "source"))
        if bitmaps and isinstance(value, Objects) and value.masks is not None:
            _add_bitmaps(out, value if coords == "output" else value.onto(Grid.of(size)))
    return out


def _of_the_source(objects: Objects) -> Objects:
    """Without what lies beside the source, on what a turn or a padding added to the picture."""
    if not len(objects) or not _wider(objects.grid):
        return objects
    boxes = _source_boxes(objects.grid.points_to_source(_corners(objects.boxes)))
    cut = _cut(boxes, objects.grid)
    # A line or a point has no area to lose.
    lost = (boxes[:, :2] < boxes[:, 2:]).all(1) & (cut[:, :2] >= cut[:, 2:]).any(1)
    return objects.take(~lost)


def _wider(grid: Grid) -> bool:
    """Whether the picture shows more than its source, as after a turn or with a padding."""
    if not grid.steps:
        return False
    moved = grid.points_to_source(_corners(np.array([[0, 0, *grid.size]])))
    return bool((moved < -0.01).any() or (moved > np.add(grid.source, 0.01)).any())


def _corners(boxes: Any) -> Any:  # noqa: ANN401 - arrays
    """(4n, 2) corners of (n, 4) boxes."""
    return boxes[:, [0, 1, 2, 1, 2, 3, 0, 3]].reshape(-1, 2)


def _source_boxes(moved: Any) -> Any:  # noqa: ANN401 - arrays
    """(n, 4) boxes around (4n, 2) corners."""
    corners = moved.reshape(-1, 4, 2)
    return np.hstack([corners.min(1), corners.max(1)])


def _cut(boxes: Any, grid: Grid) -> Any:  # noqa: ANN401 - arrays
    """Boxes in the source; where the picture shows more than that, cut to it."""
    return np.clip(boxes, 0, [*grid.source, *grid.source]) if _wider(grid) else boxes


def _add_bitmaps(out: Record, objects: Objects) -> None:
    from cvkit.results.bitmaps import mask_of

    assert objects.masks is not None
    for row, one in enumerate(out.get("objects", ())):
        if objects.masks[row].any():
            size = out["size"][0], out["size"][1]
            one["mask"] = mask_of(objects.masks[row], objects.boxes[row], size)


def line(record: Record) -> str:
    """One line of JSON with its end."""
    compact = (",", ":")
    text = json.dumps(record, ensure_ascii=False, allow_nan=False, separators=compact)
    try:
        text.encode()
    except UnicodeEncodeError:  # a file name that is no text
        text = json.dumps(record, allow_nan=False, separators=compact)
    return text + "\n"


def _field(value: Value, size: tuple[int, int], *, to_source: bool) -> Record:
    found: Record = {}
    if isinstance(value, Objects):
        grid = value.grid if to_source else Grid.of(size)
        pairs = moved_pairs(value.attributes, grid.points_to_source)
        found["objects"] = _objects(replace(value, attributes=pairs), _placed(value, grid))
    elif isinstance(value, Scores):
        named = zip(value.labels, value.scores, strict=True)
        found["scores"] = [{"label": k, "score": round(float(v), 4)} for k, v in named]
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


def _placed(objects: Objects, grid: Grid) -> list[Record]:
    """What each one has coordinates for, in those of the grid's source, to 2 decimals.

    The points of all objects are mapped at once: there may be thousands of outlines.
    """
    n = len(objects)
    found: list[tuple[int, str]] = []
    points: list[Any] = [_corners(objects.boxes)]
    for row in range(n):
        own: dict[str, Any] = {}
        if objects.polygons is not None:
            own["polygon"] = objects.polygons[row]
        # Zeros stand for what is unknown, and may have been moved with the picture since.
        if objects.corners is not None and np.ptp(objects.corners[row], axis=0).any():
            own["corners"] = objects.corners[row]
        if objects.keypoints is not None and objects.keypoints[row][:, 2].any():
            own["keypoints"] = objects.keypoints[row][:, :2]
        for name, array in own.items():
            if len(array):
                found.append((row, name))
                points.append(array)
    moved = grid.points_to_source(np.concatenate(points))
    boxes = _cut(_source_boxes(moved[: 4 * n]), grid)
    placed: list[Record] = [{"box": box} for box in _rounded(boxes)]
    rounded, start = _rounded(moved), 4 * n
    for (row, name), array in zip(found, points[1:], strict=True):
        placed[row][name] = rounded[start : start + len(array)]
        start += len(array)
    return placed


def _objects(objects: Objects, placed: list[Record]) -> list[Record]:
    return [_object(objects, row, where) for row, where in enumerate(placed)]


def _object(objects: Objects, row: int, where: Record) -> Record:
    out: Record = {"box": where["box"]}
    if objects.scores is not None and math.isfinite(objects.scores[row]):
        out["score"] = round(float(objects.scores[row]), 4)
    if objects.classes is not None and objects.classes[row] >= 0:
        out["class"] = int(objects.classes[row])
    if objects.labels is not None and objects.labels[row]:
        out["label"] = objects.labels[row]
    if objects.ids is not None and objects.ids[row] >= 0:
        out["id"] = int(objects.ids[row])
    out.update((key, where[key]) for key in ("polygon", "corners", "keypoints") if key in where)
    if objects.keypoints is not None and "keypoints" in out:
        seen = _rounded(objects.keypoints[row][:, 2])
        out["keypoints"] = [[*p, v] for p, v in zip(out["keypoints"], seen, strict=True)]
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
