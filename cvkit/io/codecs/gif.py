"""GIF: its blocks are walked to the trailer before Pillow decodes it, which ends cut files quietly.

Source: CompuServe, GIF89a specification.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from cvkit.core.errors import DamagedError
from cvkit.core.values import Image
from cvkit.core.warp import Size
from cvkit.io.codecs.asked import Asked
from cvkit.io.codecs.composing import composed, opened_by_pillow
from cvkit.io.codecs.pillowed import guarded
from cvkit.io.codecs.timeline import Timeline
from cvkit.io.integrity import bounded, damaged

Bytes = bytes | memoryview

_HEADER = 13
_EXTENSION, _PICTURE, _TRAILER = 0x21, 0x2C, 0x3B
_CONTROL = 0xF9


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture of the file, whole or not: where it reaches to, and how long it is shown."""

    reach: Size
    delay: Fraction


def read(data: Bytes, name: str, asked: Asked) -> Image:
    """The first picture."""
    timeline = timeline_of(data, name, asked.max_pixels)
    if timeline.damage:
        raise damaged(name, timeline.damage)
    opened = opened_by_pillow("gif", data, name)
    shown: Image = guarded(lambda: composed(opened, timeline.size, asked), "gif", name)
    return shown


def timeline_of(data: Bytes, name: str, max_pixels: int) -> Timeline:
    """Raises DamagedError where not even the first picture is whole, InputError where too big."""
    size = _canvas(data, name)
    bounded((max(size[0], 1), max(size[1], 1)), max_pixels, name)
    whole: list[Picture] = []
    damage = ""
    begun: Picture | None = None
    try:
        for picture in pictures(data):
            # Pillow makes room for what lies outside the canvas; it is cut off after that.
            bounded(picture.reach, max_pixels, name)
            whole += [begun] if begun else []
            begun = picture
        whole += [begun] if begun else []
    except DamagedError as error:
        damage = error.why
    if not whole:
        raise damaged(name, damage or "the GIF holds no picture")
    if not all(size):
        size = whole[0].reach
    return Timeline.of(size, [p.delay for p in whole], damage)


def pictures(data: Bytes) -> Iterator[Picture]:
    """Each picture as soon as its description was read; what follows is walked after that.

    Raises DamagedError where a block is cut or the trailer is missing.
    """
    view = memoryview(data)
    delay = Fraction(0)
    at = _HEADER + (_table(view[10]) if len(view) >= _HEADER else 0)
    while at < len(view):
        kind = view[at]
        if kind == _TRAILER:
            return
        if kind == _EXTENSION and at + 2 < len(view):
            if view[at + 1] == _CONTROL and at + 7 <= len(view):
                delay = Fraction(int.from_bytes(view[at + 4 : at + 6], "little"), 100)
            at = _after(view, at + 2)
        elif kind == _PICTURE and at + 10 <= len(view):
            x, y, width, height, flags = struct.unpack_from("<HHHHB", view, at + 1)
            if not (width and height):
                raise damaged("", f"the GIF's picture at byte {at} has no size")
            yield Picture((x + width, y + height), delay)
            delay = Fraction(0)
            at = _after(view, at + 10 + _table(flags) + 1)
        elif kind == 0:  # some writers end their blocks twice
            at += 1
        else:
            raise damaged("", f"byte {at} of the GIF should begin a block")
    raise damaged("", "the GIF is cut: it ends before its trailer")


def _after(view: memoryview, at: int) -> int:
    """Where the sub-blocks that begin at `at` end."""
    while at < len(view) and view[at]:
        at += 1 + view[at]
    if at >= len(view):
        raise damaged("", f"the GIF is cut: {at + 1 - len(view)} bytes or more are missing")
    return at + 1


def _table(flags: int) -> int:
    """Bytes of a colour table."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _canvas(data: Bytes, name: str) -> Size:
    if len(data) < _HEADER:
        raise damaged(name, "the GIF is cut inside its header")
    width, height = struct.unpack_from("<HH", data, 6)
    return width, height
