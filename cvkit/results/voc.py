"""Pascal VOC's XML, written: a file a picture.

Coordinates count pixels from 1 and include the last one, with decimals where they have any. Scores
stand under `confidence`, outlines under `polygon` as Roboflow has them, ids and what else is known
under `attributes` as CVAT has them.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from cvkit.results.record import FIELDS, Record
from cvkit.results.survey import UNNAMED, Labels

_FLAGS = ("truncated", "difficult", "occluded")
_HELD = ("score", "label", "id", "polygon")


def voc_files(labels: Labels) -> Iterator[tuple[str, bytes]]:
    """Each file's path and content. Raises OutputError where two pictures would have one file."""
    labels.lost([*_HELD, "class", *(k for k in labels.keys if k not in FIELDS)], "voc")
    if "class" in labels.keys and "label" in labels.keys:
        labels.notes.append("voc knows classes by name: their numbers are left out")
    if labels.classes.unnamed:
        labels.notes.append("voc needs a class of each thing: those without one are an object")
    for path, name, record in labels.files(".xml"):
        yield path, _annotation(name, record)


def _annotation(name: str, record: Record) -> bytes:
    root, path = Element("annotation"), PurePosixPath(name)
    _add(root, "folder", path.parent.name)
    _add(root, "filename", path.name)
    source = SubElement(root, "source")
    _add(source, "database", "Unknown")
    if record["source"] and (record["index"] or record["source"] != name):
        _add(source, "video", record["source"])
        _add(source, "frame", record["index"])
    size = SubElement(root, "size")
    width, height = record.get("size") or (0, 0)
    for tag, value in (("width", width), ("height", height), ("depth", 3)):
        _add(size, tag, value)
    objects = record.get("objects", ())
    _add(root, "segmented", int(any("polygon" in one for one in objects)))
    for one in objects:
        _object(SubElement(root, "object"), one)
    ElementTree.indent(root)
    text: bytes = ElementTree.tostring(root, encoding="utf-8")
    return text + b"\n"


def _object(parent: Element, one: Record) -> None:
    _add(parent, "name", one.get("label") or one.get("class", UNNAMED))
    _add(parent, "pose", one.get("pose", "Unspecified"))
    for flag in _FLAGS[: 2 + (_FLAGS[2] in one)]:
        _add(parent, flag, int(one.get(flag, 0)))
    box = SubElement(parent, "bndbox")
    x1, y1, x2, y2 = one["box"]
    sides = {"xmin": x1 + 1, "ymin": y1 + 1, "xmax": x2, "ymax": y2}
    for tag, value in sides.items():
        _add(box, tag, _number(value))
    if "score" in one:
        _add(parent, "confidence", _number(one["score"], 4))
    if one.get("polygon"):
        polygon = SubElement(parent, "polygon")
        for number, (x, y) in enumerate(one["polygon"], 1):
            _add(polygon, f"x{number}", _number(x))
            _add(polygon, f"y{number}", _number(y))
    more = {"id": one["id"]} if "id" in one else {}
    more |= {k: v for k, v in one.items() if k not in (*FIELDS, *_FLAGS, "pose")}
    if more:
        attributes = SubElement(parent, "attributes")
        for key, value in more.items():
            attribute = SubElement(attributes, "attribute")
            _add(attribute, "name", key)
            _add(attribute, "value", value)


def _add(parent: Element, tag: str, value: object) -> None:
    text = str(value).encode("utf-8", "backslashreplace").decode()
    # XML has no word for control characters.
    SubElement(parent, tag).text = "".join(c if c >= " " else " " for c in text)


def _number(value: float, digits: int = 2) -> str:
    return f"{round(value, digits) + 0.0:.{digits}f}".rstrip("0").rstrip(".")
