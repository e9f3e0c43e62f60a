"""Pascal VOC's XML: a file a picture.

Coordinates there count pixels from 1 and include the last one. Polygons are those of Roboflow,
`attributes` those of CVAT.
Source: Everingham et al., The PASCAL Visual Object Classes Challenge, development kit (2012).
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import NoReturn
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from cvkit.core.errors import InputError
from cvkit.core.warp import Size
from cvkit.results.folders import below, read_small
from cvkit.results.record import FIELDS, Record
from cvkit.results.scanning import Scan, Stored, cell
from cvkit.results.stored import FAULTS, check

_DEEPEST = 32
_FLAGS = ("truncated", "difficult", "occluded")
_SCORES = ("score", "confidence")


def scan_voc(path: Path) -> Scan:
    """Every .xml below a folder, or one file. Raises InputError with the file and element."""
    folder = path / "Annotations" if (path / "Annotations").is_dir() else path
    files = [path] if path.is_file() else below(folder, ".xml")
    if not files:
        raise InputError(f"{path} holds no Pascal VOC labels", why="it has no .xml file")
    root = path.parent if path.is_file() else folder
    scan = Scan(_unread, objects_only=True, pictures=True)
    scan.rows = lambda frame, size: _Annotation(files[frame.spans[0][0]]).objects()
    parts = 0
    for number, file in enumerate(files):
        told = _Annotation(file)
        told.objects()
        parts += told.parts
        source, index = told.place(file.relative_to(root))
        if index in scan.frames.get(source, ()):
            raise InputError(f"{file} is of a picture that has labels already", why=source)
        frame = Stored(((number, number),), told.size)
        scan.frames.setdefault(source, {})[index] = frame
    if parts:
        scan.notes.append(f"{path}: {parts} parts of objects are left out")
    return scan


def _unread(*_: object) -> NoReturn:
    raise AssertionError("files are read one by one")


class _Annotation:
    """One file's elements. Raises InputError where it is none."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._root = _parsed(read_small(path), path)
        if self._root.tag != "annotation":
            raise self._fault(f"its root is {self._root.tag[:40]}, not annotation")
        self.parts = len(self._root.findall("object/part"))

    @property
    def size(self) -> Size | None:
        """Of the picture; None where the file says none, or 0."""
        try:
            sides = [self._number(self._root, f"size/{name}", 0.0) for name in ("width", "height")]
        except ValueError as error:
            raise self._fault(str(error)) from error
        if any(side < 0 or side > 1 << 20 or side != int(side) for side in sides):
            raise self._fault(f"{sides[0]:g}×{sides[1]:g} is no size")
        return (int(sides[0]), int(sides[1])) if all(sides) else None

    def place(self, path: Path) -> tuple[str, int]:
        """The picture's name and index; `path` is the file's own, from the folder on."""
        video, frame = self._root.findtext("source/video"), self._root.findtext("source/frame")
        if video and frame and frame.isdecimal() and len(frame) < 10:
            return video, int(frame)
        name = (self._root.findtext("filename") or "").strip()
        name = name.replace("\\", "/").rpartition("/")[2] or f"{path.stem}.jpg"
        if name.rpartition(".")[0] != path.stem and name != path.stem:
            name = path.stem + Path(name).suffix  # a copy that was renamed: the file's name holds
        return path.with_name(name).as_posix(), 0

    def objects(self) -> list[Record]:
        """In pixels of the picture."""
        found = []
        for number, element in enumerate(self._root.findall("object")):
            try:
                one = self._object(element)
                check(one)
            except FAULTS as error:
                raise self._fault(f"object {number + 1}: {error}"[:200]) from error
            found.append(one)
        return found

    def _object(self, element: Element) -> Record:
        box = element.find("bndbox")
        if box is None:
            raise ValueError("it has no bndbox")
        x1, y1, x2, y2 = (self._number(box, name) for name in ("xmin", "ymin", "xmax", "ymax"))
        # Tools that count from 0 are told by boxes at the edge.
        x1, y1 = (round(v - 1, 6) if v else v for v in (x1, y1))
        if x1 > x2 or y1 > y2:
            raise ValueError("its bndbox has no size")
        one: Record = {"box": [x1, y1, x2, y2]}
        name = (element.findtext("name") or "").strip()
        if name.isdecimal():
            one["class"] = int(name[:12])
        elif name:
            one["label"] = name
        pose = (element.findtext("pose") or "").strip()
        if pose and pose != "Unspecified":
            one["pose"] = pose
        for flag in _FLAGS:
            if element.find(flag) is not None:
                one[flag] = int(self._number(element, flag))
        for score in _SCORES:
            if element.find(score) is not None:
                one["score"] = self._number(element, score)
        polygon = element.find("polygon")
        if polygon is not None:
            one["polygon"] = self._corners(polygon)
        for told in element.findall("attributes/attribute"):
            self._attribute(one, told)
        return one

    def _corners(self, polygon: Element) -> list[list[float]]:
        count = sum(1 for child in polygon if child.tag.startswith("x"))
        names = [(f"x{n}", f"y{n}") for n in range(1, count + 1)]
        return [[self._number(polygon, x), self._number(polygon, y)] for x, y in names]

    def _attribute(self, one: Record, told: Element) -> None:
        name, value = told.findtext("name") or "", told.findtext("value") or ""
        if name in ("id", "track_id") and value.lstrip("-").isdecimal():
            one["id"] = int(value[:20])
        elif name and value and name not in FIELDS:
            one[name] = cell(value.capitalize() if value in ("true", "false") else value)

    def _number(self, parent: Element, name: str, default: float | None = None) -> float:
        text = parent.findtext(name)
        if text is None and default is not None:
            return default
        if text is None:
            raise ValueError(f"{name} is missing")
        try:
            number = float(text)
        except ValueError:
            raise ValueError(f"{text.strip()!r:.40} is no {name}") from None
        if not math.isfinite(number):
            raise ValueError(f"{text.strip()!r:.40} is no {name}")
        return number

    def _fault(self, why: str) -> InputError:
        return InputError(f"{self._path} cannot be read", why=why)


def _parsed(data: bytes, path: Path) -> Element:
    """The file's root. No document type is taken, so that no entity can be declared."""
    builder, depth = TreeBuilder(), 0
    parser = expat.ParserCreate()

    def begin(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _DEEPEST:
            raise ValueError("it is nested too deeply")
        builder.start(tag, attributes)

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(tag)

    def refuse(*_: object) -> NoReturn:
        raise ValueError("it declares a document type, which may hold entities")

    parser.StartElementHandler, parser.EndElementHandler = begin, end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(data, True)
        return builder.close()
    except expat.ExpatError as error:
        why = f"line {error.lineno}: {expat.ErrorString(error.code)}"
        raise InputError(f"{path} is no XML", why=why) from error
    except (ValueError, LookupError) as error:
        raise InputError(f"{path} cannot be read", why=str(error)) from error
