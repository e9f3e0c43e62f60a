"""What an ONNX file says of itself, read without a runtime: OpenCV tells nothing of it, and a file
that is no ONNX network is refused before native code sees it."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cvkit.models.backends import wire
from cvkit.models.backends.metadata import facts
from cvkit.models.backends.wire import Message
from cvkit.models.network import Facts, Port

_GRAPH, _METADATA = 7, 14  # fields of ModelProto
_NODE, _INITIALIZER, _INPUT, _OUTPUT = 1, 5, 11, 12  # of GraphProto
_OP, _NAME = 4, 8  # of NodeProto, of TensorProto
_TYPES = {
    1: "float32", 2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32", 7: "int64",
    9: "bool", 10: "float16", 11: "float64", 12: "uint32", 13: "uint64", 16: "bfloat16",
}  # fmt: skip
_INTEGER = frozenset({"ConvInteger", "MatMulInteger", "DynamicQuantizeLinear"})


@dataclass(frozen=True, slots=True)
class OnnxFile:
    """`integer`: which operations that quantise while they run are in it."""

    facts: Facts
    integer: tuple[str, ...]


def read(path: Path) -> OnnxFile:
    """Raises `wire.Malformed` where the file is cut or no ONNX network."""
    with path.open("rb") as file:
        try:  # not closed by name: an error on its way out still holds parts of it
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except ValueError:
            raise wire.Malformed("the file is empty") from None
    return _read(path.name, Message(mapped))


def _read(name: str, message: Message) -> OnnxFile:
    graph, metadata = Message(b""), {}
    for number, value in wire.fields(message):
        if number == _GRAPH and isinstance(value, Message):
            graph = value
        elif number == _METADATA and isinstance(value, Message):
            metadata[wire.text(value, 1)] = wire.text(value, 2)
    inputs, outputs, weights, ops = [], [], set(), set()
    for number, value in wire.fields(graph):
        if not isinstance(value, Message):
            continue
        if number == _NODE:
            ops.add(wire.text(value, _OP))
        elif number == _INITIALIZER:
            weights.add(wire.text(value, _NAME))
        elif number == _INPUT:
            inputs.append(_port(value))
        elif number == _OUTPUT:
            outputs.append(_port(value))
    if not ops or not outputs:
        raise wire.Malformed("it holds no network")
    entries = [port for port in inputs if port.name not in weights]  # old files list weights too
    integer = tuple(sorted(ops & _INTEGER))
    return OnnxFile(facts(name, entries, outputs, metadata), integer)


def _port(value: Message) -> Port:
    tensor = wire.part(wire.part(value, 2), 1)
    kind = next(wire.numbers(tensor, 1), 0)
    return Port(wire.text(value, 1), _TYPES.get(kind, "unknown"), tuple(_shape(tensor)))


def _shape(tensor: Message) -> Iterator[int | None]:
    for dim in wire.parts(wire.part(tensor, 2), 1):
        side = next(wire.numbers(dim, 1), 0)
        yield side if side > 0 else None
