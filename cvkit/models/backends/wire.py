"""Fields of a protobuf message, read without its schema: ONNX, TensorFlow and Caffe store networks
so, and what such a file says of itself can be read before any runtime sees it."""

from __future__ import annotations

from collections.abc import Iterator

Message = memoryview
Field = tuple[int, int | Message]
"""Its number, and its value: of numbers an int (floats as their bits), else the bytes."""

_FIXED = {1: 8, 5: 4}


class Malformed(ValueError):
    """Bytes that are no protobuf message, or a cut one."""


def fields(message: Message) -> Iterator[Field]:
    """Every field of a message in its order. Raises Malformed."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        number, kind = key >> 3, key & 7
        if not number:
            raise Malformed("a field has the number 0")
        if kind == 0:
            value, at = _varint(message, at)
            yield number, value
            continue
        size, at = _varint(message, at) if kind == 2 else (_FIXED.get(kind, -1), at)
        if size < 0 or at + size > len(message):
            raise Malformed("a field is cut" if kind in (1, 2, 5) else f"a field of kind {kind}")
        part = message[at : at + size]
        yield number, part if kind == 2 else int.from_bytes(part, "little")
        at += size


def parts(message: Message, number: int) -> Iterator[Message]:
    """The messages or texts of one field."""
    return (value for n, value in fields(message) if n == number and isinstance(value, Message))


def numbers(message: Message, number: int) -> Iterator[int]:
    """The numbers of one field, as signed 64-bit ones; packed ones too."""
    for n, value in fields(message):
        if n != number:
            continue
        if isinstance(value, int):
            yield _signed(value)
            continue
        at = 0
        while at < len(value):
            packed, at = _varint(value, at)
            yield _signed(packed)


def part(message: Message, number: int) -> Message:
    """The last message of one field, as protobuf has it; an empty one where there is none."""
    return next(reversed(list(parts(message, number))), Message(b""))


def text(message: Message, number: int) -> str:
    """The text of one field; empty where there is none."""
    return bytes(part(message, number)).decode("utf-8", "replace")


def _signed(value: int) -> int:
    return value - (1 << 64) if value >> 63 else value


def _varint(message: Message, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(message) and shift < 70:
        byte = message[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value & (1 << 64) - 1, at
        shift += 7
    raise Malformed("a number is cut")
