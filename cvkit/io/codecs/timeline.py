"""When each frame of an animation is shown, from the file's structure, with all damage seen there.

Decoders hide it: Pillow and browsers end a cut file quietly. A delay of 0 is shown for 0.1 s, as
browsers do; every other delay counts as it stands.

Source: PNG third edition (acTL, fcTL, fdAT), the WebP container specification, GIF89a.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from fractions import Fraction

from cvkit.core.errors import DamagedError
from cvkit.core.warp import Size
from cvkit.io.codecs import png, webp
from cvkit.io.integrity import bounded, damaged

Bytes = bytes | memoryview

UNSAID = Fraction(1, 10)
"""How long a frame is shown whose delay is 0."""
_FINEST = 1_000_000


@dataclass(frozen=True)
class Timeline:
    """The canvas, and the frames that are whole."""

    size: Size
    base: Fraction
    """Seconds of a tick."""
    starts: list[int]
    """Of each frame, in ticks from 0 on."""
    end: int
    """When the last one is no longer shown."""
    damage: str = ""
    """What is wrong after the last whole frame."""
    skip: int = 0
    """Pictures before the first frame, for programs that show no animations."""

    @classmethod
    def of(cls, size: Size, delays: list[Fraction], damage: str = "", skip: int = 0) -> Timeline:
        """From the seconds of each frame; exact, down to a millionth of a second."""
        shown = [delay or UNSAID for delay in delays]
        ticks = min(math.lcm(100, *{delay.denominator for delay in shown}), _FINEST)
        starts, now = [], Fraction(0)
        for delay in shown:
            starts.append(round(now * ticks))
            now += delay
        return cls(size, Fraction(1, ticks), starts, round(now * ticks), damage, skip)

    @property
    def seconds(self) -> Fraction:
        return self.end * self.base

    @property
    def rate(self) -> Fraction:
        """Average frames a second."""
        return len(self.starts) / self.seconds


def of_png(data: Bytes, name: str, max_pixels: int) -> Timeline:
    """Raises DamagedError where not even the first frame is whole, InputError for a big canvas."""
    walk = _Frames()
    damage = ""
    try:
        for kind, body in png.chunks(data, name):
            if kind == b"IHDR":
                walk.size = struct.unpack(">II", bytes(body[:8]).ljust(8, b"\0"))
                bounded(walk.size, max_pixels, name)
            walk.take(kind, body)
    except (DamagedError, _OutOfOrder) as error:
        damage = error.why if isinstance(error, DamagedError) else str(error)
    whole = walk.delays[: len(walk.delays) - bool(damage)]
    if not whole:
        raise damaged(name, damage or "the APNG has no frame")
    return Timeline.of(walk.size, whole, damage, walk.skip)


class _OutOfOrder(Exception):
    """The chunks of an animation do not follow each other as they must."""


class _Frames:
    """The chunks of an APNG, as they come."""

    def __init__(self) -> None:
        self.size: Size = (0, 0)
        self.delays: list[Fraction] = []
        self.skip = 0
        self._declared = 0
        self._next = 0
        self._filled = True

    def take(self, kind: bytes, body: memoryview) -> None:
        if kind == b"acTL":
            self._declared = int.from_bytes(body[:4], "big")
        elif kind == b"fcTL":
            self._control(body)
        elif kind == b"fdAT":
            self._in_order(body)
            self._filled = True
        elif kind == b"IDAT":
            self.skip = int(not self.delays)
            self._filled = True
        elif kind == b"IEND":
            self._end()

    def _control(self, body: memoryview) -> None:
        self._in_order(body)
        self._end_of_frame()
        if len(body) != 26:
            raise _OutOfOrder(f"what the APNG says of frame {len(self.delays)} is cut")
        width, height, x, y, shown, ticks = struct.unpack_from(">IIIIHH", body, 4)
        if not (width and height and x + width <= self.size[0] and y + height <= self.size[1]):
            raise _OutOfOrder(f"frame {len(self.delays)} of the APNG lies outside its canvas")
        self.delays.append(Fraction(shown, ticks or 100))
        self._filled = False

    def _in_order(self, body: memoryview) -> None:
        number = int.from_bytes(body[:4], "big")
        if len(body) < 4 or number != self._next:
            raise _OutOfOrder(f"piece {self._next} of the APNG's frames is missing")
        self._next += 1

    def _end_of_frame(self) -> None:
        if not self._filled:
            raise _OutOfOrder(f"frame {len(self.delays) - 1} of the APNG has no pixels")

    def _end(self) -> None:
        self._end_of_frame()
        if len(self.delays) != self._declared:
            self.delays.append(UNSAID)  # stands for what is missing
            there = len(self.delays) - 1
            raise _OutOfOrder(f"the APNG says {self._declared} frames, {there} are there")


def of_webp(data: Bytes, name: str, max_pixels: int) -> Timeline:
    """Raises DamagedError where a byte is missing, InputError for a big canvas."""
    size: Size = (0, 0)
    delays: list[Fraction] = []
    for kind, body in webp.chunks(data, name):
        if kind == b"VP8X":
            size = webp.size_of(kind, body, name)
            bounded(size, max_pixels, name)
        elif kind == b"ANMF":
            delays.append(_webp_delay(body, size, len(delays), name))
    if not delays:
        raise damaged(name, "the WebP has no frame")
    return Timeline.of(size, delays)


def _webp_delay(body: memoryview, size: Size, number: int, name: str) -> Fraction:
    if len(body) < 16:
        raise damaged(name, f"frame {number} of the WebP is cut")
    x, y, width, height, shown = (int.from_bytes(body[at : at + 3], "little") for at in _FIELDS)
    if 2 * x + width + 1 > size[0] or 2 * y + height + 1 > size[1]:
        raise damaged(name, f"frame {number} of the WebP lies outside its canvas")
    if not any(kind in (b"VP8 ", b"VP8L") for kind, _ in webp.within(body, 16, len(body), name)):
        raise damaged(name, f"frame {number} of the WebP has no pixels")
    return Fraction(shown, 1000)


_FIELDS = range(0, 15, 3)


def of_avif(data: bytes, name: str, max_pixels: int) -> Timeline:
    """Raises DamagedError where no frame can be found, InputError for a big canvas."""
    import io

    import av

    try:
        with av.open(io.BytesIO(data), "r") as container:
            # The first picture may be there once more, alone; alpha runs along with its frames.
            stream = max(container.streams.video, key=lambda s: s.frames)
            size = stream.codec_context.width, stream.codec_context.height
            bounded(size, max_pixels, name)
            times = [(p.pts, p.duration or 0) for p in container.demux(stream) if p.size]
            declared, base = stream.frames, stream.time_base or Fraction(1, 1000)
    except (av.FFmpegError, ValueError) as error:
        raise damaged(name, f"the AVIF's index is broken ({error})") from error
    starts = sorted(pts for pts, _ in times if pts is not None)
    if not starts:
        raise damaged(name, "the AVIF has no frame")
    damage = f"{declared} frames are declared, {len(starts)} are there"
    first, last = starts[0], max((p or 0) + length for p, length in times)
    return Timeline(
        size, base, [s - first for s in starts], last - first,
        damage if len(starts) < declared else "",
    )  # fmt: skip
