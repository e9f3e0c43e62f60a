"""Objects as others' libraries hold them.

Nothing of theirs is imported before a function is called.
"""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cvkit.core.errors import MissingError
from cvkit.core.grid import Grid
from cvkit.core.objects import Column, Objects, window
from cvkit.core.warp import Size

if TYPE_CHECKING:
    Detections = Any  # supervision.Detections, whose package need not be there

_NAME, _CORNERS = "class_name", "xyxyxyxy"
"""What supervision calls these in `data`."""
_COLUMNS = ("polygons", "keypoints", "embeddings", "texts", "step")


def to_supervision(objects: Objects) -> Detections:
    """As `supervision.Detections`, in the pixels of `objects.grid`.

    Labels are `data["class_name"]`, turned boxes `data["xyxyxyxy"]`, other columns and attributes
    stand in `data` under their names. Bitmaps become whole masks, (n, h, w) booleans. What is not
    known of one thing is nan or -1, as here. Raises MissingError where supervision is not there.
    """
    try:
        theirs = import_module("supervision")
    except ImportError as error:
        raise MissingError(
            "supervision is not installed", remedy="pip install supervision"
        ) from error
    data: dict[str, Any] = {key: _listed(column) for key, column in objects.attributes.items()}
    data |= {
        name: _listed(column) for name in _COLUMNS if (column := getattr(objects, name)) is not None
    }
    if objects.labels is not None:
        data[_NAME] = np.array(objects.labels, dtype=str)
    if objects.corners is not None:
        data[_CORNERS] = objects.corners.copy()
    return theirs.Detections(
        xyxy=objects.boxes.copy(),
        mask=None if objects.masks is None else _whole(objects),
        confidence=None if objects.scores is None else objects.scores.copy(),
        class_id=None if objects.classes is None else objects.classes.copy(),
        tracker_id=None if objects.ids is None else objects.ids.copy(),
        data=data,
    )


def from_supervision(detections: Detections, size: Size) -> Objects:
    """What `to_supervision` gives, or any `supervision.Detections`, of a picture of this `size`
    (width, height).

    Raises ValueError where masks are of a picture of another size.
    """
    data = dict(detections.data)
    labels, corners = data.pop(_NAME, None), data.pop(_CORNERS, None)
    own = {name: data.pop(name) for name in _COLUMNS if name in data}
    objects = Objects.of(
        detections.xyxy,
        Grid.of(size),
        scores=detections.confidence,
        classes=detections.class_id,
        labels=None if labels is None else [str(label) for label in labels],
        ids=detections.tracker_id,
        polygons=own.get("polygons"),
        attributes={
            key: np.asarray(column)
            for key, column in data.items()
            if len(np.shape(column)) == 1 and len(column) == len(detections.xyxy)
        },
    )
    more: dict[str, Any] = {
        name: tuple(map(str, own[name])) for name in ("texts", "step") if name in own
    }
    for name in ("keypoints", "embeddings"):
        if name in own:
            more[name] = np.asarray(own[name], np.float32)
    if corners is not None:
        more["corners"] = np.asarray(corners, np.float32).reshape(-1, 4, 2)
    if detections.mask is not None:
        more["masks"] = _cut(np.asarray(detections.mask), objects.boxes, size)
    return replace(objects, **more) if more else objects


def _listed(column: Column) -> Any:  # noqa: ANN401 - what supervision takes
    """A column as `data` has it: an array, or a list of arrays of different lengths."""
    if not isinstance(column, tuple):
        return column.copy()
    words = all(isinstance(one, str) for one in column)
    return np.array(column, dtype=str) if words else [np.array(one) for one in column]


def _whole(objects: Objects) -> NDArray[np.bool_]:
    assert objects.masks is not None
    width, height = objects.grid.size
    masks = np.zeros((len(objects), height, width), bool)
    for row in range(len(objects)):
        cover = None
        if objects.masks[row].any():
            cover = objects.cover(row, (0, 0, width, height))
        if cover is not None:
            masks[row] = cover != 0
    return masks


def _cut(
    masks: NDArray[Any], boxes: NDArray[np.float32], size: Size
) -> tuple[NDArray[np.uint8], ...]:
    """Each mask local to its box, where bitmaps of objects lie."""
    if masks.shape[1:] != size[::-1]:
        raise ValueError(f"masks of {masks.shape[1:]} are not of {size[0]}×{size[1]} pixels")
    cut = []
    for mask, box in zip(masks, boxes, strict=True):
        x, y, w, h = window(box)
        local = np.zeros((h, w), np.uint8)
        left, right, top, bottom = max(x, 0), min(x + w, size[0]), max(y, 0), min(y + h, size[1])
        if left < right and top < bottom:
            part = mask[top:bottom, left:right]
            local[top - y : bottom - y, left - x : right - x] = np.where(part, 255, 0)
        cut.append(local)
    return tuple(cut)
