"""What the text of Darknet and Caffe networks, and TensorFlow's graph, say of their input."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from cvkit.core.errors import ParameterError
from cvkit.core.warp import Size
from cvkit.models.backends import metadata, wire
from cvkit.models.backends.formats import ModelFile, damaged
from cvkit.models.labels import labels
from cvkit.models.network import Facts, Port

_USUAL_SIDE = 300
_MOST_SIDE = 16384
_MOST_BYTES = 1 << 26


def facts(model: ModelFile, size: Size | None) -> Facts:
    """The input as OpenCV takes it, [1, channels, height, width] of float32; outputs unknown.

    `size` is used where the file leaves it free. Raises ParameterError where it cannot be run.
    """
    if model.facts is not None:
        return model.facts
    reader = {"darknet": _darknet, "caffe": _caffe, "tensorflow": _tensorflow}.get(model.kind)
    name, shape = reader(model.graph) if reader else ("", ())
    usual = size or (_USUAL_SIDE, _USUAL_SIDE)
    channels, height, width = shape or (3, 0, 0)
    height, width = height or usual[1], width or usual[0]
    if not (0 < channels <= 4 and 0 < height <= _MOST_SIDE and 0 < width <= _MOST_SIDE):
        raise ParameterError(
            f"{model.name} takes no picture", why=f"its input is {channels}×{height}×{width}"
        )
    told = metadata.facts(
        model.name,
        [Port(name or "input", "float32", (1, channels, height, width))],
        [],
        model.metadata,
        model.kind,
    )
    if model.kind == "darknet" and not told.names:
        return replace(told, names=_darknet_labels(model.graph))
    return told


def _darknet(path: Path) -> tuple[str, tuple[int, ...]]:
    options = _section(path)
    channels, height, width = (int(options.get(k) or 0) for k in ("channels", "height", "width"))
    if not height or not width:
        raise damaged(path, "its [net] has no width and height")
    return "", (channels or 3, height, width)


def _section(path: Path) -> dict[str, str]:
    """The options of the first section, `[net]`, and of the last `[yolo]` or `[region]`."""
    found: dict[str, str] = {}
    taken, first = True, True
    for line in _text(path).splitlines():
        line = line.partition("#")[0].partition(";")[0].strip()
        if line.startswith("["):
            taken = first or line in ("[yolo]", "[region]", "[detection]")
            first = False
        elif taken and "=" in line:
            name, value = (word.strip() for word in line.split("=", 1))
            if value.isdecimal() and len(value) < 10:
                found[name] = value
    return found


def _darknet_labels(path: Path) -> tuple[str, ...]:
    """COCO's, where there are as many classes as it has."""
    coco = labels("coco80")
    return coco if _section(path).get("classes") == str(len(coco)) else ()


def _caffe(path: Path) -> tuple[str, tuple[int, ...]]:
    text = re.sub(r"#.*", "", _text(path))
    name = re.search(r'^\s*input\s*:\s*"([^"]{1,200})"', text, re.MULTILINE)
    dims = re.findall(r"input_dim\s*:\s*(\d{1,9})", text)[:4]
    if len(dims) < 4:
        block = re.search(r"shape\s*:?\s*\{([^{}]*)\}", text)
        dims = re.findall(r"dim\s*:\s*(\d{1,9})", block[1])[:4] if block else []
    shape = tuple(int(side) for side in dims[1:]) if len(dims) == 4 else ()
    return name[1] if name else "", shape


def _tensorflow(path: Path) -> tuple[str, tuple[int, ...]]:
    """The first placeholder of four axes, turned from [batch, height, width, channels]."""
    try:
        with path.open("rb") as file:
            nodes = list(wire.parts(memoryview(file.read()), 1))
        for node in nodes:
            if wire.text(node, 2) == "Placeholder":
                sides = _placeholder(node)
                if len(sides) == 4:
                    return wire.text(node, 1), (sides[3] or 3, sides[1], sides[2])
    except wire.Malformed:
        raise damaged(path, "it is cut, damaged or no TensorFlow graph") from None
    if not nodes:
        raise damaged(path, "it holds no network")
    return "", ()


def _placeholder(node: wire.Message) -> list[int]:
    """The sides of its shape, 0 where one is free."""
    for attribute in wire.parts(node, 5):
        if wire.text(attribute, 1) == "shape":
            shape = wire.part(wire.part(attribute, 2), 7)
            sides = [next(wire.numbers(dim, 1), 0) for dim in wire.parts(shape, 2)]
            return [max(side, 0) for side in sides]
    return []


def _text(path: Path) -> str:
    with path.open("rb") as file:
        return file.read(_MOST_BYTES).decode("utf-8", "replace")
