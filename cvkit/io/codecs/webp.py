"""WebP: its chunks must fill the file as they say before OpenCV decodes it (a first frame)."""

from __future__ import annotations

from collections.abc import Iterator

from cvkit.core.values import Image
from cvkit.core.warp import Size
from cvkit.io.codecs.asked import Asked
from cvkit.io.codecs.stored import decoded, image
from cvkit.io.integrity import bounded, damaged

Bytes = bytes | memoryview

MAX_SIDE = 16383


def read(data: Bytes, name: str, asked: Asked) -> Image:
    size = _checked(data, name, asked.max_pixels)
    return image(decoded(data, name, "WebP", size))


def _checked(data: Bytes, name: str, max_pixels: int) -> Size:
    size: Size | None = None
    for kind, body in _chunks(data, name):
        if size is None:
            size = _size(kind, body, name)
            bounded(size, max_pixels, name)
    if size is None:
        raise damaged(name, "the WebP holds no picture")
    return size


def _chunks(data: Bytes, name: str) -> Iterator[tuple[bytes, memoryview]]:
    view = memoryview(data)
    end = 8 + int.from_bytes(view[4:8], "little")
    if end > len(view):
        raise damaged(name, f"the WebP is cut: {end - len(view)} bytes are missing")
    at = 12
    while at + 8 <= end:
        length = int.from_bytes(view[at + 4 : at + 8], "little")
        if at + 8 + length > end:
            raise damaged(name, f"the WebP's chunk at byte {at} is longer than the file")
        yield bytes(view[at : at + 4]), view[at + 8 : at + 8 + length]
        at += 8 + length + length % 2


def _size(kind: bytes, body: memoryview, name: str) -> Size:
    """Of the picture or the canvas, from the first chunk."""
    if kind == b"VP8X" and len(body) >= 10:
        wide, high = body[4:7], body[7:10]
        return int.from_bytes(wide, "little") + 1, int.from_bytes(high, "little") + 1
    if kind == b"VP8L" and len(body) >= 5 and body[0] == 0x2F:
        bits = int.from_bytes(body[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 " and len(body) >= 10 and bytes(body[3:6]) == b"\x9d\x01\x2a":
        wide, high = body[6:8], body[8:10]
        return int.from_bytes(wide, "little") & 0x3FFF, int.from_bytes(high, "little") & 0x3FFF
    raise damaged(name, "the WebP does not begin with a picture")
