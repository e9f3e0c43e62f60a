"""WebP: its chunks must fill the file as they say before OpenCV decodes it (a first frame)."""

from __future__ import annotations

from collections.abc import Iterator

from cvkit.core.values import Image
from cvkit.core.warp import Size
from cvkit.io.codecs import exif
from cvkit.io.codecs.asked import Asked
from cvkit.io.codecs.metadata import Metadata
from cvkit.io.codecs.stored import decoded, image
from cvkit.io.integrity import bounded, damaged

Bytes = bytes | memoryview

MAX_SIDE = 16383
_NOTES = (b"ICCP", b"EXIF")


def read(data: Bytes, name: str, asked: Asked) -> Image:
    size, notes = _checked(data, name, asked.max_pixels)
    array = exif.upright(decoded(data, name, "WebP", size), exif.orientation(_exif(notes)))
    return image(array, profile=notes.get(b"ICCP", b""), asked=asked)


def metadata(data: Bytes, name: str, page: int) -> Metadata:
    """Of the picture; `page` is 0."""
    notes = {kind: bytes(body) for kind, body in chunks(data, name) if kind in _NOTES}
    told = _exif(notes)
    return Metadata(told, notes.get(b"ICCP", b""), exif.density(told))


def _exif(notes: dict[bytes, bytes]) -> bytes:
    return notes.get(b"EXIF", b"").removeprefix(b"Exif\0\0")  # some writers leave it on


def _checked(data: Bytes, name: str, max_pixels: int) -> tuple[Size, dict[bytes, bytes]]:
    """Size, and the chunks that are notes. The picture itself is held against its own lengths."""
    size: Size | None = None
    notes: dict[bytes, bytes] = {}
    for kind, body in chunks(data, name):
        if size is None:
            size = size_of(kind, body, name)
            bounded(size, max_pixels, name)
        if kind in _NOTES:
            notes.setdefault(kind, bytes(body))
        elif kind == b"VP8 ":
            _check_parts(body, name)
    if size is None:
        raise damaged(name, "the WebP holds no picture")
    return size, notes


def _check_parts(body: memoryview, name: str) -> None:
    """The first partition of a lossy picture ends inside its chunk. Source: RFC 6386, 9.1."""
    first = int.from_bytes(body[:3], "little") >> 5
    if len(body) < 10 or 10 + first > len(body):
        raise damaged(name, "the WebP's picture data is cut")


def chunks(data: Bytes, name: str) -> Iterator[tuple[bytes, memoryview]]:
    """Kind and body of each chunk of a file."""
    view = memoryview(data)
    end = 8 + int.from_bytes(view[4:8], "little")
    if end > len(view):
        raise damaged(name, f"the WebP is cut: {end - len(view)} bytes are missing")
    yield from within(view, 12, end, name)


def within(view: memoryview, at: int, end: int, name: str) -> Iterator[tuple[bytes, memoryview]]:
    """Kind and body of the chunks in a part of a file: in it all, or in a frame."""
    while at + 8 <= end:
        length = int.from_bytes(view[at + 4 : at + 8], "little")
        if at + 8 + length > end:
            raise damaged(name, f"the WebP's chunk at byte {at} is longer than the file")
        yield bytes(view[at : at + 4]), view[at + 8 : at + 8 + length]
        at += 8 + length + length % 2


def size_of(kind: bytes, body: memoryview, name: str) -> Size:
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
