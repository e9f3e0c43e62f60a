"""COCO's JSON: instances with boxes, outlines, bitmaps and keypoints; lists of results; LVIS.

Source: https://cocodataset.org/#format-data and #format-results; https://www.lvisdataset.org.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from cvkit.core.errors import InputError
from cvkit.core.warp import Size
from cvkit.results.bitmaps import bounds_of, check_mask
from cvkit.results.elements import elements, parsed
from cvkit.results.record import FIELDS, Record
from cvkit.results.scanning import Lines, Scan, Span, Stored
from cvkit.results.stored import FAULTS, are_numbers, check, is_number

LISTS = frozenset({"images", "annotations", "categories", "videos"})
_OWN = {"id", "image_id", "category_id", "bbox", "segmentation", "keypoints", "num_keypoints",
        "score", "track_id", "attributes"}  # fmt: skip
_LARGEST_SIDE = 1 << 20

Key = int | str


@dataclass(frozen=True, slots=True)
class _Picture:
    source: str
    index: int
    size: Size | None
    time: float | None


@dataclass
class _Found:
    """What the file holds, before its parts are put together."""

    pictures: dict[Key, _Picture] = field(default_factory=dict)
    spans: dict[Key, list[Span]] = field(default_factory=dict)
    first: dict[Key, int] = field(default_factory=dict)
    """The first annotation of each picture, for messages."""
    categories: dict[int, str] = field(default_factory=dict)
    used: dict[int, int] = field(default_factory=dict)
    """The first annotation of each category."""
    videos: dict[Key, str] = field(default_factory=dict)
    of_videos: dict[Key, Key] = field(default_factory=dict)
    models: object = None
    parts: int = 0
    negative: bool = False
    last: Key | None = None


def scan_coco(lines: Lines, name: str) -> Scan:
    """Raises InputError which names the element, and where the file is not COCO's."""
    found = _Found()
    counts: dict[str, int] = {}
    key = ""
    try:
        lines.file.seek(lines.end)
        for key, told, start, end in elements(lines.file, LISTS):
            if key == "info" and isinstance(told, dict):
                found.models = told.get("models")
            if key in LISTS or not key:
                number = counts[key] = counts.get(key, -1) + 1
                _take(found, key or "annotations", told, number, (start, end), alone=not key)
    except FAULTS as error:
        where = f", {key or 'element'}[{counts[key]}]" if key in counts else ""
        raise InputError(f"{name}{where} cannot be read", why=_why(error)) from error
    if not counts:
        raise InputError(f"{name} is no COCO file", why="it has no images and no annotations")
    return _scan(found, name, alone="" in counts)


def _take(
    found: _Found, key: str, told: Any, number: int, span: Span, *, alone: bool  # noqa: ANN401
) -> None:  # fmt: skip
    if not isinstance(told, dict):
        raise TypeError(f"{told!r:.60} is none of a list")
    if key == "images":
        _picture(found, told)
    elif key == "categories":
        found.categories[_whole(told["id"], "id")] = _text(told["name"], "name")
    elif key == "videos":
        found.videos[_key(told["id"])] = _text(told.get("name", told.get("file_name")), "name")
    else:
        one = _object(told, {}, alone=alone)
        check(one)
        found.parts += "parts" in one.get("mask", ())
        at = _key(told["image_id"])
        found.used.setdefault(one["class"], number)
        spans = found.spans.setdefault(at, [])
        if spans and found.last == at:
            spans[-1] = (spans[-1][0], span[1])
        else:
            spans.append(span)
            found.first.setdefault(at, number)
        found.last = at


def _picture(found: _Found, told: Any) -> None:  # noqa: ANN401 - what JSON holds
    key = _key(told["id"])
    if key in found.pictures:
        raise ValueError(f"there are two images of id {key}")
    name = told.get("file_name") or str(told.get("coco_url", "")).rpartition("/")[2]
    size = None
    if told.get("width") is not None and told.get("height") is not None:
        size = _side(told["width"], "width"), _side(told["height"], "height")
    source, index = told.get("source"), told.get("index")
    if source is None and "video_id" in told and "frame_id" in told:
        found.of_videos[key] = _key(told["video_id"])
        index = told["frame_id"]
    time = told.get("time")
    found.negative = found.negative or bool(told.get("neg_category_ids"))
    found.pictures[key] = _Picture(
        _text(name if source is None else source, "file_name"),
        0 if index is None else _whole(index, "index"),
        size,
        float(time) if is_number(time) else None,
    )


def _scan(found: _Found, name: str, *, alone: bool) -> Scan:
    categories = found.categories
    missing = [] if alone or not categories else [c for c in found.used if c not in categories]
    if missing:
        where = f"{name}, annotations[{found.used[missing[0]]}]"
        raise InputError(f"{where} cannot be read", why=f"there is no category {missing[0]}")
    scan = Scan(lambda lines, span: _read(lines, span, categories, alone=alone), pictures=True)
    scan.classes.update(categories)
    scan.add_models(found.models)
    for key, picture in found.pictures.items():
        video = found.videos.get(found.of_videos[key]) if key in found.of_videos else None
        source, index = (video or picture.source, picture.index)
        if index in scan.frames.get(source, ()):
            raise InputError(f"{name} cannot be read", why=f"it has two pictures called {source}")
        _add(scan, key, source, index, Stored(tuple(found.spans.pop(key, ())), picture.size,
                                              picture.time))  # fmt: skip
    for key, spans in found.spans.items():
        if not alone:
            where = f"{name}, annotations[{found.first[key]}]"
            raise InputError(f"{where} cannot be read", why=f"there is no image of id {key}")
        _add(scan, key, str(key), 0, Stored(tuple(spans)))
    scan.objects_only = alone
    if found.parts:
        scan.notes.append(f"{name}: {found.parts} outlines of several parts become bitmaps")
    if found.negative:
        scan.notes.append(f"{name}: the categories that pictures surely lack are left out")
    return scan


def _add(scan: Scan, key: Key, source: str, index: int, frame: Stored) -> None:
    scan.frames.setdefault(source, {})[index] = frame
    if isinstance(key, int):
        scan.numbers[source, index] = key


def _read(lines: Lines, span: Span, categories: dict[int, str], *, alone: bool) -> list[Record]:
    told = parsed(b"[" + lines.between(*span) + b"]")
    return [_object(one, categories, alone=alone) for one in told]


def _object(told: Any, categories: dict[int, str], *, alone: bool) -> Record:  # noqa: ANN401
    """An annotation as an object of a record. `alone`: in a list of results."""
    number = _whole(told["category_id"], "category_id")
    one: Record = {"box": _box(told)}
    if told.get("score") is not None:
        one["score"] = told["score"]
    one["class"] = number
    if categories.get(number, str(number)) != str(number):  # one called 7 has no name
        one["label"] = categories[number]
    if told.get("track_id") is not None:
        one["id"] = told["track_id"]
    one.update(_shape(told.get("segmentation")))
    points = told.get("keypoints")
    if points:
        if len(points) % 3:
            raise ValueError(f"{len(points)} numbers are no keypoints")
        # A label says 0, 1 or 2 (not there, hidden, seen), a result a score.
        most = 1 if alone else 2
        rows = [points[i : i + 3] for i in range(0, len(points), 3)]
        one["keypoints"] = [[x, y, v / most] for x, y, v in rows]
    if not one.keys() >= {"box"}:
        raise KeyError("bbox")
    more = told.get("attributes")
    for name, value in ({**told, **more} if isinstance(more, dict) else told).items():
        if name in _OWN or name in FIELDS or value == "":
            continue
        if isinstance(value, str | bool) or is_number(value):
            one[name] = value
    return one


def _box(told: Any) -> list[float]:  # noqa: ANN401 - what JSON holds
    if "bbox" not in told:
        shape = _shape(told.get("segmentation"))
        if "polygon" in shape:
            (x1, y1), (x2, y2) = (f(zip(*shape["polygon"], strict=True)) for f in (_least, _most))
            return [x1, y1, x2, y2]
        if "mask" not in shape:
            raise KeyError("bbox")
        check_mask(shape["mask"], [0, 0, 0, 0])
        return list(bounds_of(shape["mask"]))
    box = told["bbox"]
    if not isinstance(box, list) or len(box) != 4 or not are_numbers(box):
        raise ValueError(f"{box!r:.60} is no bbox")
    x, y, w, h = box
    if w < 0 or h < 0:
        raise ValueError(f"{box!r:.60} is no bbox: its size is negative")
    return [x, y, x + w, y + h]


def _least(columns: Any) -> tuple[float, ...]:  # noqa: ANN401 - a zip
    return tuple(min(column) for column in columns)


def _most(columns: Any) -> tuple[float, ...]:  # noqa: ANN401 - a zip
    return tuple(max(column) for column in columns)


def _shape(told: Any) -> Record:  # noqa: ANN401 - what JSON holds
    """The outline, or the bitmap where it has none or several."""
    if not told:
        return {}
    if isinstance(told, dict):
        height, width = told["size"]
        return {"mask": {"size": [width, height], "counts": told["counts"]}}
    if not isinstance(told, list):
        raise TypeError(f"{told!r:.60} is no segmentation")
    flat = told if is_number(told[0]) else told[0] if len(told) == 1 else None
    if flat is None:
        return {"mask": {"parts": told}}
    if len(flat) % 2 or not are_numbers(flat):
        raise ValueError(f"{told!r:.60} is no segmentation")
    return {"polygon": [[x, y] for x, y in zip(flat[::2], flat[1::2], strict=True)]}


def _key(value: object) -> Key:
    if isinstance(value, str):
        return value
    return _whole(value, "id")


def _whole(value: object, name: str) -> int:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if type(value) is not int or abs(value) >= 2**63:
        raise TypeError(f"{value!r:.60} is no {name}")
    return value


def _side(value: object, name: str) -> int:
    side = _whole(value, name)
    if not 0 < side <= _LARGEST_SIDE:
        raise ValueError(f"a {name} of {side} is none of a picture")
    return side


def _text(value: object, name: str) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError(f"{value!r:.60} is no {name}")
    return value


def _why(error: BaseException) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if isinstance(error, KeyError):
        return f"{error.args[0]} is missing"
    return str(error)[:200]
