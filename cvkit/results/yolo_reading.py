"""YOLO's text labels: a file a picture, a line an object, in parts of the picture's size.

`class cx cy w h`, with a score as sixth number in what a network found; `class x1 y1 x2 y2 …` is an
outline, and one of four corners that form a turned rectangle a turned box. As ultralytics saves
them: https://docs.ultralytics.com/datasets/.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from cvkit.core.errors import InputError
from cvkit.core.warp import Size
from cvkit.results.finding import root
from cvkit.results.folders import below, pictures_below, read_small, size_of_picture
from cvkit.results.record import Record
from cvkit.results.scanning import Scan, Stored
from cvkit.results.stored import FAULTS, check

_NAMES = ("classes.txt", "obj.names", "labels.txt")
_NO_LABELS = {*_NAMES, "readme.txt", "train.txt", "val.txt", "test.txt", "requirements.txt"}
_FAR = 10
"""How often the picture's size a coordinate may be: those in pixels are told by it."""


def scan_yolo(path: Path) -> Scan:
    """A folder of labels, a data set's folder, or its data.yaml. Raises InputError."""
    top = path.parent if path.is_file() else path
    folder = top / "labels" if (top / "labels").is_dir() else top
    labels = [p for p in below(folder, ".txt") if p.name.lower() not in _NO_LABELS]
    names = {root(p.relative_to(folder).as_posix()): p for p in labels}
    pictures = _pictures(folder)
    if not names and not pictures:
        raise InputError(f"{path} holds no YOLO labels", why="it has no .txt file")
    facts = _facts(path, folder)
    every = list(dict.fromkeys([*sorted(names), *sorted(pictures)]))
    scan = Scan(_unread, objects_only=not pictures, pictures=True)
    scan.classes.update(_classes(facts, path, folder))
    images = [pictures.get(name) for name in every]
    files = [names.get(name) for name in every]
    reader = _Reader(files, scan.classes, str(facts.get("task", "")))
    scan.rows = reader.rows
    scan.sized = lambda frame: _size(images[frame.spans[0][0]])
    for number, name in enumerate(every):
        image = images[number]
        source = name if image is None else name + image.suffix
        scan.frames.setdefault(source, {})[0] = Stored(((number, number),))
    return scan


def _unread(*_: object) -> NoReturn:
    raise AssertionError("files are read one by one")


def _size(image: Path | None) -> Size | None:
    return None if image is None else size_of_picture(image)


def _pictures(folder: Path) -> dict[str, Path]:
    """Pictures by name without suffix: in `images` for `labels`, else among the labels."""
    parts = folder.absolute().parts
    places = []
    if "labels" in parts:
        at = len(parts) - 1 - parts[::-1].index("labels")
        places = [Path(*parts[:at], "images", *parts[at + 1 :])]
    places += [folder.parent / "images", folder]
    for place in places:
        if place.is_dir():
            found = pictures_below(place)
            if found:
                return {root(p.relative_to(place).as_posix()): p for p in found}
    return {}


class _Reader:
    """Objects of each file of labels."""

    def __init__(self, files: list[Path | None], classes: Mapping[int, str], task: str) -> None:
        self._files, self._classes, self._task = files, classes, task

    def rows(self, frame: Stored, size: Size | None) -> list[Record]:
        """In pixels of a picture of this size. Raises InputError with the line."""
        path = self._files[frame.spans[0][0]]
        if path is None:  # a picture without a file of labels has no objects
            return []
        lines = read_small(path).decode("utf-8-sig", "replace").splitlines()
        found = []
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            if size is None:
                raise InputError(
                    f"{path} says boxes in parts of a picture of unknown size",
                    why="there is no picture of that name in images/ or beside it",
                    remedy="give the pictures or the video: cvkit objects INPUT --from"
                    f" yolo:{path.parent} -o boxes.jsonl",
                )
            try:
                one = self._object(line.split(), size)
                check(one)
            except FAULTS as error:
                raise InputError(
                    f"{path}, line {number} holds no label", why=str(error)[:200]
                ) from error
            found.append(one)
        return found

    def _object(self, words: list[str], size: Size) -> Record:
        if len(words) < 5:
            raise ValueError(f"it has {len(words)} numbers, and a box needs 5")
        number, rest = _class(words[0]), words[1:]
        one: Record = {"box": [], "class": number}
        if self._classes.get(number, words[0]) != words[0]:  # one called 7 has no name
            one["label"] = self._classes[number]
        if len(rest) >= 6 and rest[-1].isdecimal() and "." in rest[-2] and len(rest) % 2 == 0:
            *rest, score, track = rest  # a tracker's number stands last
            one["id"], one["score"] = int(track[:18]), float(score)
        elif len(rest) % 2:
            *rest, score = rest
            one["score"] = float(score)
        if "score" in one and not 0 <= one["score"] <= 1:
            raise ValueError(f"{one['score']:g} is no score from 0 to 1")
        numbers = [_part(word) for word in rest]
        if len(numbers) == 4:
            one["box"] = _box(numbers, size)
            return one
        places = zip(numbers[::2], numbers[1::2], strict=True)
        points = [[_pixels(x * size[0]), _pixels(y * size[1])] for x, y in places]
        xs, ys = zip(*points, strict=True)
        one["box"] = [min(xs), min(ys), max(xs), max(ys)]
        turned = self._task == "obb" or (self._task != "segment" and _is_rectangle(points))
        one["corners" if turned and len(points) == 4 else "polygon"] = points
        return one


def _class(word: str) -> int:
    number = float(word)
    if not number.is_integer() or not 0 <= number < 2**31:
        raise ValueError(f"{word:.40} is no class")
    return int(number)


def _part(word: str) -> float:
    number = float(word)
    if not math.isfinite(number) or abs(number) > _FAR:
        raise ValueError(f"{word:.40} is no part of a picture's size, 0 to 1")
    return number


def _box(numbers: list[float], size: Size) -> list[float]:
    cx, cy, w, h = numbers
    if w < 0 or h < 0:
        raise ValueError("a box has no size below 0")
    width, height = size
    left, top = (cx - w / 2) * width, (cy - h / 2) * height
    return [_pixels(v) for v in (left, top, left + w * width, top + h * height)]


def _pixels(value: float) -> float:
    """To what results hold, so that whole pixels are whole again after six digits of a part."""
    return round(value, 2)


def _is_rectangle(points: list[list[float]]) -> bool:
    """Whether four corners are those of a turned rectangle, to a pixel: halves of its diagonals
    meet in the middle and are equal."""
    if len(points) != 4:
        return False
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = points
    middle = math.hypot(ax + cx - bx - dx, ay + cy - by - dy) / 2
    return middle < 1 and abs(math.hypot(ax - cx, ay - cy) - math.hypot(bx - dx, by - dy)) < 2


def _facts(path: Path, folder: Path) -> Mapping[str, Any]:
    """What data.yaml says, in the folder of labels or a folder or two above."""
    import yaml

    places = [folder, folder.parent, folder.parent.parent] if path.is_dir() else []
    yamls = [p / name for p in places for name in ("data.yaml", "dataset.yaml", "data.yml")]
    file = path if path.is_file() else next((p for p in yamls if p.is_file()), None)
    if file is None:
        return {}
    try:
        told = yaml.safe_load(read_small(file))
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        why = str(error).splitlines()[0]
        raise InputError(f"{file} is no YAML", why=why) from error
    if not isinstance(told, dict):
        raise InputError(f"{file} says no classes", why="it is no mapping")
    return told


def _classes(facts: Mapping[str, Any], path: Path, folder: Path) -> dict[int, str]:
    names = facts.get("names")
    if names is None:
        places = [p / name for p in (folder, folder.parent) for name in _NAMES]
        file = next((p for p in places if p.is_file()), None)
        if file is None:
            return {}
        names = read_small(file).decode("utf-8-sig", "replace").split("\n")
        names = [line.strip() for line in names]
        while names and not names[-1]:
            names.pop()
    if isinstance(names, list):
        names = dict(enumerate(names))
    if not isinstance(names, dict):
        raise InputError(f"{path} says no classes", why="names is no list")
    try:
        return {_class(str(number)): str(name) for number, name in names.items()}
    except ValueError as error:
        raise InputError(f"{path} says no classes", why=str(error)) from error
