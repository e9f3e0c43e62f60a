"""Whether a file of a picture format is an animation, from its structure alone.

Nothing is decoded, and damage is no matter here: whoever reads the file says what is wrong.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice
from typing import BinaryIO

from cvkit.core.errors import DamagedError
from cvkit.io.codecs.formats import FORMATS
from cvkit.io.codecs.sniff import HEAD, told


def seen(file: BinaryIO, name: str) -> tuple[str | None, bool]:
    """What `told` says of an open file, and whether it has more than one frame to show."""
    kind = told(file.read(HEAD), name)
    return kind, kind in FORMATS and FORMATS[kind].moves and _moves(kind, file)


def _moves(kind: str, file: BinaryIO) -> bool:
    if kind == "gif":
        from cvkit.io.codecs import gif  # start-up: few pictures are

        file.seek(0)
        return _two(gif.pictures(file.read()))
    if kind == "avif":
        file.seek(8)
        return file.read(4) == b"avis"
    return _png(file) if kind == "png" else _two(_webp(file))


def _two(frames: Iterator[object]) -> bool:
    try:
        return len(list(islice(frames, 2))) == 2
    except DamagedError:
        return False


def _webp(file: BinaryIO) -> Iterator[int]:
    """Where each frame begins."""
    at = 12
    while len(head := _at(file, at, 8)) == 8:
        if head[:4] in (b"VP8 ", b"VP8L"):  # a still
            return
        if head[:4] == b"ANMF":
            yield at
        length = int.from_bytes(head[4:], "little")
        at += 8 + length + length % 2


def _png(file: BinaryIO) -> bool:
    """An animation says so before its first pixels."""
    at = 8
    while len(head := _at(file, at, 12)) == 12 and head[4:8] not in (b"IDAT", b"IEND"):
        if head[4:8] == b"acTL":
            return int.from_bytes(head[8:], "big") > 1
        at += 12 + int.from_bytes(head[:4], "big")
    return False


def _at(file: BinaryIO, at: int, count: int) -> bytes:
    file.seek(at, os.SEEK_SET)
    return file.read(count)
