"""COCO's JSON, written: instances, or a list of results as its evaluation reads them.

Pictures say besides which frame of which source they are (`source`, `index`, `time`), where their
name does not; attributes stand under `attributes`, as CVAT has them.
Source: https://cocodataset.org/#format-data and #format-results.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import TextIO

from cvkit.results.bitmaps import counts_of
from cvkit.results.jsonl import Models
from cvkit.results.record import FIELDS, Record
from cvkit.results.survey import Labels

_IN_MEMORY = 8 << 20
_HELD = ("score", "class", "label", "id", "polygon", "mask", "keypoints")
_OWN = ("area", "iscrowd")


def write_coco(labels: Labels, path: Path, models: Models = ()) -> int:
    """All of them to one file, whose `info` says with which models they were found; how many
    annotations it has. Memory stays flat."""
    labels.lost([*_HELD, *(k for k in labels.keys if k not in FIELDS)], "coco")
    if labels.classes.unnamed:
        labels.notes.append("coco needs a class of each thing: those without one are an object")
    count = 0
    with (
        open(path, "w", encoding="utf-8", newline="\n") as file,
        SpooledTemporaryFile(_IN_MEMORY, "w+", encoding="utf-8", newline="\n") as held,
    ):
        info: Record = {"description": "made by cvkit"}
        info |= {"models": list(models)} if models else {}
        file.write(f'{{"info":{_line(info)},"licenses":[],\n"images":[')
        for place, (number, record) in enumerate(_numbered(labels)):
            file.write("," * bool(place) + "\n" + _line(_image(labels, record, number)))
            for one in record.get("objects", ()):
                held.write("," * bool(count) + "\n")
                count += 1
                held.write(_line(_annotation(labels, one, count, number)))
        file.write('],\n"annotations":[')
        held.seek(0)
        _copy(held, file)
        categories = [{"id": n, "name": labels.classes.name(n)} for n in labels.classes.names]
        file.write('],\n"categories":[' + ",".join("\n" + _line(c) for c in categories) + "]}\n")
    return count


def write_coco_results(labels: Labels, path: Path) -> int:
    """The list that COCO's evaluation takes; how many results it has."""
    labels.lost([*_HELD[:2], *_HELD[4:], "label"], "coco-results")
    if not labels.numbered:
        labels.notes.append(
            "coco-results names pictures by number: that of their name, else in their order from 1"
        )
    count = 0
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        file.write("[")
        for number, record in _numbered(labels, by_name=True):
            for one in record.get("objects", ()):
                told: Record = {"image_id": number, "category_id": labels.classes.of(one)}
                told |= {"bbox": _bbox(one), "score": one.get("score", 1.0)}
                if shape := _shape(one):
                    told["segmentation"] = shape
                if "keypoints" in one:
                    told["keypoints"] = [round(v, 4) for p in one["keypoints"] for v in p]
                file.write("," * bool(count) + "\n" + _line(told))
                count += 1
        file.write("]\n")
    return count


def _numbered(labels: Labels, *, by_name: bool = False) -> Iterator[tuple[int, Record]]:
    """Each picture with its number: its own, or with `by_name` the digits that it is called."""
    taken: set[int] = set()
    for place, record in enumerate(labels, 1):
        number = record["number"] if labels.numbered else place
        digits = re.search(r"(\d{1,15})(?:\.\w+)?$", record["source"] or "")
        if by_name and not labels.numbered and digits and int(digits[1]) not in taken:
            number = int(digits[1])
        taken.add(number)
        yield number, record


def _image(labels: Labels, record: Record, number: int) -> Record:
    name, source = labels.picture(record), record["source"]
    told: Record = {"id": number, "file_name": name}
    if record.get("size"):
        told["width"], told["height"] = record["size"]
    if source and (name != source or record["index"]):
        told |= {"source": source, "index": record["index"]}
        told |= {"time": record["time"]} if record.get("time") is not None else {}
    return told


def _annotation(labels: Labels, one: Record, number: int, image: int) -> Record:
    told: Record = {"id": number, "image_id": image, "category_id": labels.classes.of(one)}
    shape = _shape(one)
    told |= {"bbox": _bbox(one), "area": _area(one), "iscrowd": int(one.get("iscrowd", 0))}
    told["segmentation"] = shape or []
    if "keypoints" in one:
        # Labels say 0, 1 or 2: not there, hidden, seen.
        points = [(x, y, min(2, round(2 * v))) for x, y, v in one["keypoints"]]
        told["keypoints"] = [v for p in points for v in p]
        told["num_keypoints"] = sum(v > 0 for *_, v in points)
    if "score" in one:
        told["score"] = one["score"]
    if "id" in one:
        told["track_id"] = one["id"]
    more = {k: v for k, v in one.items() if k not in FIELDS and k not in _OWN}
    return {**told, "attributes": more} if more else told


def _bbox(one: Record) -> list[float]:
    x1, y1, x2, y2 = (round(v, 2) for v in one["box"])
    return [x1, y1, round(x2 - x1, 2), round(y2 - y1, 2)]


def _shape(one: Record) -> object:
    """The outline, or the bitmap as run lengths; nothing where it has neither."""
    mask = one.get("mask")
    if mask is not None and "parts" in mask:
        return [[round(v, 2) for v in part] for part in mask["parts"]]
    if mask is not None:
        return {"size": mask["size"][::-1], "counts": mask["counts"]}
    polygon = one.get("polygon", ())
    return [[round(v, 2) for p in polygon for v in p]] if len(polygon) > 2 else None


def _area(one: Record) -> float:
    if isinstance(one.get("area"), int | float):
        return float(one["area"])
    mask, polygon = one.get("mask"), one.get("polygon", ())
    if mask is not None and "counts" in mask:
        return float(counts_of(mask)[1::2].sum())
    if len(polygon) > 2:
        after = [*polygon[1:], polygon[0]]
        twice = sum(x * v - u * y for (x, y), (u, v) in zip(polygon, after, strict=True))
        return float(round(abs(twice) / 2, 2))
    x1, y1, x2, y2 = one["box"]
    return float(round((x2 - x1) * (y2 - y1), 2))


def _line(told: Record) -> str:
    return json.dumps(told, ensure_ascii=True, allow_nan=False, separators=(",", ":"))


def _copy(held: SpooledTemporaryFile[str], file: TextIO) -> None:
    while text := held.read(1 << 20):
        file.write(text)
