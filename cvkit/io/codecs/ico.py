"""ICO: of an icon's pictures the largest comes first; each is a PNG or a bitmap with a mask."""

from __future__ import annotations

import io
import struct

from cvkit.core.values import Image
from cvkit.io.codecs import pillowed, png
from cvkit.io.codecs.asked import Asked
from cvkit.io.codecs.reading import page_out_of
from cvkit.io.integrity import bounded, damaged

Bytes = bytes | memoryview

_PNG = b"\x89PNG"
_ENTRY = 16


def read(data: Bytes, name: str, asked: Asked) -> Image:
    from PIL.IcoImagePlugin import IcoFile

    pieces = _pieces(data, name)
    if asked.page >= len(pieces):
        raise page_out_of(name, asked.page, len(pieces))
    length, start = pieces[asked.page]
    piece = memoryview(data)[start : start + length]
    if piece[:4] == _PNG:
        return png.read(piece, name, asked)
    _bitmap(piece, name, asked.max_pixels)
    alone = struct.pack("<HHH", 0, 1, 1) + _entry(data, start) + bytes(piece)
    opened = pillowed.guarded(lambda: IcoFile(io.BytesIO(alone)).frame(0), "ico", name)
    pillowed.guarded(opened.load, "ico", name)
    return pillowed.picture(opened, asked)


def count(data: Bytes, name: str) -> int:
    return len(_pieces(data, name))


def _pieces(data: Bytes, name: str) -> list[tuple[int, int]]:
    """Length and place of each picture, the largest first, then the one of most colours."""
    found = []
    for index in range(int.from_bytes(data[4:6], "little")):
        try:
            wide, high, _, _, _, bits, length, start = struct.unpack_from(
                "<4B2H2I", data, 6 + _ENTRY * index
            )
        except struct.error as error:
            raise damaged(name, "the ICO is cut inside its table") from error
        if start + length > len(data):
            missing = start + length - len(data)
            raise damaged(name, f"the ICO is cut: {missing} bytes are missing")
        found.append(((wide or 256) * (high or 256), bits, length, start))
    found.sort(key=lambda one: (-one[0], -one[1]))
    return [(length, start) for _, _, length, start in found]


def _entry(data: Bytes, start: int) -> bytes:
    """Its line of the table, made that of an icon of one picture."""
    for index in range(int.from_bytes(data[4:6], "little")):
        line = bytes(data[6 + _ENTRY * index : 6 + _ENTRY * (index + 1)])
        if struct.unpack_from("<I", line, 12) == (start,):
            return line[:12] + struct.pack("<I", 6 + _ENTRY)
    raise LookupError(start)


def _bitmap(piece: memoryview, name: str, max_pixels: int) -> None:
    """Colours and mask, which share the height that the header says, must be there."""
    try:
        header, wide, doubled, _, bits = struct.unpack_from("<IiiHH", piece)
    except struct.error as error:
        raise damaged(name, "the ICO is cut inside a picture's header") from error
    size = (wide, abs(doubled) // 2)
    bounded(size, max_pixels, name)
    mask = -(-wide // 32) if bits < 32 else 0  # alpha does without one
    needed = header + (-(-wide * bits // 32) + mask) * 4 * size[1]
    if bits <= 8:
        needed += 4 * (int.from_bytes(piece[32:36], "little") or 1 << bits)
    if header < 40 or needed > len(piece):
        raise damaged(name, "the ICO is cut: its picture is shorter than it says")
