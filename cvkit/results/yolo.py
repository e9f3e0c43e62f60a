"""YOLO's text labels, written: a file a picture, and their classes in classes.txt and data.yaml.

A box is `class cx cy w h`, and the score stands behind it where there is one; what has an outline,
or is a turned box, is its corners. Pictures without objects have an empty file.
Source: https://docs.ultralytics.com/datasets/detect/#ultralytics-yolo-format.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

import cv2
import numpy as np

from cvkit.core.errors import OutputError
from cvkit.results.bitmaps import bitmap_of
from cvkit.results.record import Record
from cvkit.results.survey import Labels

_HELD = ("score", "class", "label", "polygon", "corners", "mask")


def yolo_files(labels: Labels) -> Iterator[tuple[str, bytes]]:
    """Each file's path and content. Raises OutputError where two pictures would have one file, or
    the size of a picture is not known."""
    labels.lost(_HELD, "yolo")
    places = labels.classes.without_gaps()
    _say(labels, places)
    if labels.unsized:
        raise OutputError(
            f"yolo says boxes in parts of a picture, and the size of {labels.unsized} is unknown",
            remedy="give the pictures or the video: cvkit objects INPUT --from RESULTS -o"
            " yolo:labels/",
        )
    task = "detect"
    for path, _, record in labels.files(".txt"):
        lines = []
        for one in record.get("objects", ()):
            kind, points = _points(one)
            task = kind if points else task
            lines.append(_line(one, points, places[labels.classes.of(one)], record["size"]))
        yield path, "".join(lines).encode()
    names = [f"class{number}" for number in range(max(places.values(), default=-1) + 1)]
    for number, place in places.items():
        names[place] = labels.classes.name(number)
    yield "classes.txt", "".join(f"{_one_line(name)}\n" for name in names).encode()
    yield "data.yaml", _yaml(names, task)


def _say(labels: Labels, places: dict[int, int]) -> None:
    moved = sum(number != place for number, place in places.items())
    if moved:
        labels.notes.append(f"yolo counts classes from 0 without gaps: {moved} have new numbers")
    if labels.classes.unnamed:
        labels.notes.append("yolo needs a class of each thing: those without one are an object")
    if "score" in labels.keys:
        labels.notes.append("yolo: scores stand last in a line; labels to train on have none")
    if "mask" in labels.keys:
        labels.notes.append("yolo: of each bitmap the largest outline is kept")


def _points(one: Record) -> tuple[str, list[list[float]]]:
    """Which task this object is of, and its corners; none of a plain box."""
    if len(one.get("polygon", ())) > 2:
        return "segment", one["polygon"]
    if "corners" in one:
        return "obb", one["corners"]
    if "mask" in one:
        return "segment", _outline(one)
    return "detect", []


def _outline(one: Record) -> list[list[float]]:
    """Of the largest piece of a bitmap; no point where nothing is set."""
    box = np.array(one["box"], np.float64)
    bitmap = bitmap_of(one["mask"], box)
    found, _ = cv2.findContours(bitmap, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    largest = max(found, key=cv2.contourArea, default=None)
    if largest is None or len(largest) < 3:
        return []
    points = largest.reshape(-1, 2) + np.floor(box[:2] + 1e-3) + 0.5
    return [[float(x), float(y)] for x, y in points]


def _line(one: Record, points: list[list[float]], number: int, size: tuple[int, int]) -> str:
    width, height = size
    if points:
        numbers = list(chain.from_iterable((x / width, y / height) for x, y in points))
    else:
        x1, y1, x2, y2 = one["box"]
        numbers = [(x1 + x2) / 2 / width, (y1 + y2) / 2 / height]
        numbers += [(x2 - x1) / width, (y2 - y1) / height]
    words = [str(number), *(f"{v:.7g}" if abs(v) >= 1e-3 else f"{v:.7f}" for v in numbers)]
    if "score" in one:
        words.append(f"{one['score']:.4f}")
    return " ".join(words) + "\n"


def _yaml(names: list[str], task: str) -> bytes:
    """As `yolo train data=labels/data.yaml` reads it, with the pictures in images/ beside."""
    import yaml

    told: Record = {"train": "../images", "val": "../images", "task": task}
    told["names"] = dict(enumerate(names))
    text: str = yaml.safe_dump(told, sort_keys=False, allow_unicode=True)
    return text.encode()


def _one_line(text: str) -> str:
    return " ".join(text.split())
