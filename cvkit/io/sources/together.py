"""Encoded pictures one after the other in a pipe, as FFmpeg's image2pipe and mjpeg write them.

Each is found by its own structure, so that of a pipe which never ends no more than one is in
memory. More than one JPEG, PNG, BMP or PNM is a moving input; one alone is a still. A JPEG that
lists others behind it (MPO) is one file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, BinaryIO, Self

from cvkit.core.errors import DamagedError, InputError
from cvkit.core.time import Time
from cvkit.core.values import Image
from cvkit.io.codecs.asked import Asked
from cvkit.io.codecs.reading import read_picture
from cvkit.io.codecs.sniff import HEAD, sniff
from cvkit.io.pipes import WIDE
from cvkit.io.sources.sequence import RATE

if TYPE_CHECKING:
    from types import TracebackType

    from cvkit.io.sound import Sound

_LARGEST = 1 << 31
"""Bytes of one encoded picture: more than any format here means by accident."""
_MARKER = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")  # a JPEG's bytes of value 255 have 0 behind them
_ALONE = {0x01, *range(0xD0, 0xD8)}
_BLANK = rb"(?:[ \t\r\n]|#[^\n]*\n)+"
_NETPBM = re.compile(rb"P([456])" + rb"".join(_BLANK + rb"(\d{1,7})" for _ in range(2)))
_LEVELS = re.compile(_BLANK + rb"(\d{1,5})[ \t\r\n]")
_LISTS_OTHERS = b"MPF\0"


class Parts:
    """The bytes of a pipe, cut where a picture ends. `kind` is what `sniff` said of its start."""

    def __init__(self, file: BinaryIO, kind: str) -> None:
        self._file = file
        self._held = bytearray()
        self._end = _ENDS[kind]
        self.kind = kind

    def next(self) -> bytes | None:
        """The next picture, None at the end. Raises DamagedError where it is cut."""
        self.skip()
        if not self.upto(1):
            return None
        end = self._end(self)
        picture = bytes(memoryview(self._held)[:end])
        del self._held[:end]
        return picture

    def more(self) -> bool:
        """Whether another picture of this kind comes."""
        self.skip()
        self.upto(HEAD)
        return sniff(bytes(self._held[:HEAD])) == self.kind

    def rest(self) -> Iterator[bytes]:
        """What is left, whatever it is."""
        held, self._held = self._held, bytearray()
        yield bytes(held)
        while data := self._file.read(WIDE):
            yield data

    def skip(self) -> None:
        """Zeros between pictures, with which some cameras fill up."""
        while self.upto(1) and not self._held[0]:
            filled = len(self._held) - len(self._held.lstrip(b"\0"))
            del self._held[:filled]

    def upto(self, size: int) -> bool:
        """Whether there are so many bytes."""
        while len(self._held) < size:
            data = self._file.read1(WIDE)  # type: ignore[attr-defined]
            if not data or len(self._held) > _LARGEST:
                return False
            self._held += data
        return True

    def need(self, start: int, size: int) -> bytes:
        """Bytes of the picture in work. Raises DamagedError where it ends before."""
        if not self.upto(start + size):
            raise _cut()
        return bytes(self._held[start : start + size])

    def match(self, pattern: re.Pattern[bytes], start: int) -> re.Match[bytes] | None:
        """Within the first bytes; a match of the bytes themselves would keep them from growing."""
        return pattern.match(bytes(self._held[:HEAD]), start)

    def find(self, pattern: re.Pattern[bytes], start: int) -> int:
        """Where it stands. Raises DamagedError where it does not."""
        while (found := pattern.search(self._held, start)) is None:
            start = max(start, len(self._held) - 1)
            self.need(len(self._held), 1)
        return found.start()


def _of_jpeg(parts: Parts) -> int:
    at = 2
    while True:
        first, marker = parts.need(at, 2)
        if first != 0xFF:
            raise _damaged("a marker is missing")
        if marker == 0xD9:
            return at + 2
        if marker in _ALONE or marker == 0xFF:
            at += 1 if marker == 0xFF else 2
            continue
        at += 2 + int.from_bytes(parts.need(at + 2, 2), "big")
        if marker == 0xDA:
            at = parts.find(_MARKER, at)


def _of_png(parts: Parts) -> int:
    at = 8
    while True:
        head = parts.need(at, 8)
        at += 12 + int.from_bytes(head[:4], "big")
        if head[4:] == b"IEND":
            parts.need(at - 1, 1)
            return at


def _of_bmp(parts: Parts) -> int:
    size = int.from_bytes(parts.need(2, 4), "little")
    if size < 26:
        raise _damaged("its size is not said")
    parts.need(size - 1, 1)
    return size


def _of_netpbm(parts: Parts) -> int:
    parts.upto(HEAD)
    found = parts.match(_NETPBM, 0)
    if found is None:
        raise _damaged("its first line says no size")
    form, w, h = (int(part) for part in found.groups())
    at, row = found.end() + 1, (w + 7) // 8
    if form != 4:
        levels = parts.match(_LEVELS, found.end())
        if levels is None:
            raise _damaged("its first line says no depth")
        at, row = levels.end(), w * (3 if form == 6 else 1) * (2 if int(levels[1]) > 255 else 1)
    parts.need(at, row * h)
    return at + row * h


_ENDS: dict[str, Callable[[Parts], int]] = {
    "jpeg": _of_jpeg,
    "png": _of_png,
    "bmp": _of_bmp,
    **dict.fromkeys(("pbm", "pgm", "ppm"), _of_netpbm),
}


def may_follow(kind: str | None, head: bytes) -> bool:
    """Whether pictures that begin like this may follow each other."""
    return kind in _ENDS and head[:2] not in (b"P1", b"P2", b"P3")  # text has no end of its own


def alone(first: bytes) -> bool:
    """Whether what follows belongs to this picture."""
    return first.startswith(b"\xff\xd8") and _LISTS_OTHERS in first[: 1 << 18]


class Together:
    """Pictures that follow each other. Iterate it once for (Time, Image)."""

    container = "image2pipe"

    def __init__(self, first: bytes, parts: Parts, name: str, asked: Asked) -> None:
        """Raises DamagedError or InputError where the first cannot be read."""
        self._parts, self._name, self._asked = parts, name, asked
        rate = asked.fps or RATE
        self.rate: Fraction | None = rate
        self.time_base = 1 / rate
        self.aspect = Fraction(1)
        self.frames_declared: int | None = None
        self.duration: float | None = None
        self.notes: list[str] = asked.notes
        self._first: Image | None = read_picture(first, name, asked)
        self.size = self._first.size

    @property
    def sound(self) -> Sound | None:
        return None

    def __iter__(self) -> Iterator[tuple[Time, Image]]:
        """Raises DamagedError where one is cut, InputError where one is of another size."""
        image, self._first = self._first, None
        number = 0
        while image is not None:
            yield Time(number, self.time_base, 1), image
            number += 1
            image = self._next(number)

    def _next(self, number: int) -> Image | None:
        name = f"{self._name}, picture {number + 1}"
        try:
            data = self._parts.next()
        except DamagedError as error:
            raise DamagedError(f"{name}: damaged", why=error.why, remedy=error.remedy) from error
        if data is None:
            return None
        image = read_picture(data, name, self._asked)
        if image.size != self.size:
            had, has = (f"{w}×{h}" for w, h in (self.size, image.size))
            raise InputError(f"{name} is {has}, and the first is {had}", remedy="resize them first")
        return image

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._first = None


def _cut() -> DamagedError:
    return DamagedError(
        "the picture is damaged",
        why="it is cut",
        remedy="look at what the command before the pipe says",
    )


def _damaged(why: str) -> DamagedError:
    return DamagedError("the picture is damaged", why=why)
