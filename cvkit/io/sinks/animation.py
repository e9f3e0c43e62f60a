"""Write an animation: GIF, WebP or APNG, every frame once, each shown as long as its input says.

A frame is encoded as a still is, only where it differs from the one before, and goes to the disk
as soon as the next one tells how long it is shown. Animations loop for ever.

Source: GIF89a, the WebP container specification, PNG third edition (acTL, fcTL, fdAT).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO, Protocol

import cv2
import numpy as np

from cvkit.core.errors import InputError, OutputError
from cvkit.core.time import Time
from cvkit.core.values import Image, Mask, Raster, eight_bit
from cvkit.core.warp import Array, Size
from cvkit.io.codecs import gif_writing, opencv, png, webp
from cvkit.io.codecs.formats import FORMATS, NAMES

Box = tuple[int, int, int, int]
"""x, y, width, height."""

LOSSLESS = 100
"""The WebP quality at which nothing is lost."""
SHORTEST = Fraction(1, 100)
"""Browsers show frames of no more than this for 0.1 s."""


class Container(Protocol):
    """The file of one format."""

    ticks: int
    """A second in its times."""
    longest: int
    """The most ticks that a frame may be shown."""

    def begin(self, size: Size) -> None: ...
    def add(self, frame: Array, shown: int, before: Array | None, after: Array | None) -> None:
        """A frame, shown for so many ticks, and its neighbours."""

    def finish(self, size: Size, frames: int) -> None: ...


class AnimationWriter:
    """One animation at a temporary path. `write` each frame, then `close`; or `abort`.

    `notes` holds what the user should know of the result.
    """

    def __init__(
        self,
        path: str | Path,
        fmt: str,
        *,
        rate: Fraction | None = None,
        fps: Fraction | None = None,
        quality: int | None = None,
    ) -> None:
        """`rate` says how long the last frame is shown where it does not; `fps` gives all frames
        new times; `quality` is WebP's, of which 100 loses nothing."""
        self.notes: list[str] = []
        self.frames = 0
        self._path, self._fmt = Path(path), fmt
        self._rate, self._fps = fps or rate or Fraction(25), fps
        self._file: BinaryIO = open(path, "wb")  # noqa: SIM115 - closed by close or abort
        self._container = _container(fmt, self._file, quality)
        self._waiting: tuple[Array, Time] | None = None
        self._before: Array | None = None
        self._start = Fraction(0)
        self._closed = False

    def write(self, time: Time, raster: Raster) -> None:
        """Add a picture: an Image or a Mask, of the first one's size, later than the one before.

        Raises OutputError where it cannot be written; then only `abort` is left to do.
        """
        if not isinstance(raster, (Image, Mask)):
            raise TypeError(f"{type(raster).__name__} is no picture; draw it first")
        array = _array(raster, self._fmt)
        if self._fps:
            time = Time(self.frames, 1 / self._fps)
        with _said():
            if self._waiting is None:
                self._begin(array, time)
            else:
                self._check_like(array)
                self._put(array, time.pts * time.base - self._start)
        self._waiting = (array, time)
        self.frames += 1

    def close(self) -> None:
        """Finish the file. Raises OutputError where it is not whole; then `abort` removes it."""
        if self._closed:
            return
        if self._waiting is None:
            raise OutputError("the animation has no frame", why="none reached the output")
        array, time = self._waiting
        shown = time.length * time.base or 1 / self._rate
        with _said():
            self._put(None, time.pts * time.base - self._start + shown)
            self._container.finish(_size(array), self.frames)
            self._file.close()
        self._closed = True

    def abort(self) -> None:
        """Drop what was written and remove the file; harmless when repeated, or after `close`."""
        if self._closed:
            return
        self._closed = True
        self._file.close()
        self._path.unlink(missing_ok=True)

    def _begin(self, array: Array, time: Time) -> None:
        size, most = _size(array), FORMATS[self._fmt].side
        if most is not None and max(size) > most:
            raise OutputError(
                f"{size[0]}×{size[1]} pixels cannot be written as {NAMES[self._fmt]}",
                why=f"its sides go up to {most}", remedy="add resize",
            )  # fmt: skip
        self._start = time.pts * time.base
        self._container.begin(size)

    def _check_like(self, array: Array) -> None:
        assert self._waiting is not None
        size, first = _size(array), _size(self._waiting[0])
        if size != first:
            raise InputError(  # the next one may be well
                f"frame {self.frames} is {size[0]}×{size[1]}",
                why=f"the animation began as {first[0]}×{first[1]}",
                remedy=f"add resize {first[0]}x{first[1]}",
            )
        before = self._waiting[0]
        if self._fmt == "apng" and (array.shape, array.dtype) != (before.shape, before.dtype):
            raise OutputError(
                f"frame {self.frames} has other channels or another depth than the ones before",
                remedy="add colorspace or bit-depth",
            )

    def _put(self, after: Array | None, until: Fraction) -> None:
        """Write the frame that waits, shown up to `until` seconds after the first one began."""
        assert self._waiting is not None
        array, time = self._waiting
        ticks = self._container.ticks
        # Both ends are rounded, not the length, so that nothing adds up.
        begin = time.pts * time.base - self._start
        shown = round(until * ticks) - round(begin * ticks)
        if shown < 1:
            raise OutputError(
                f"frame {self.frames} comes less than 1/{ticks} s after the one before",
                why=f"{NAMES[self._fmt]} counts no shorter time",
                remedy="set --fps to give the frames new times",
            )
        if shown > self._container.longest:
            raise OutputError(f"{NAMES[self._fmt]} shows no frame for {float(until - begin):g} s")
        if Fraction(shown, ticks) <= SHORTEST:
            self._say("browsers slow down what is shown for 10 ms or less: --fps 50 goes well")
        self._container.add(array, shown, self._before, after)
        self._before = array

    def _say(self, note: str) -> None:
        if note not in self.notes:
            self.notes.append(note)


class _Gif:
    """Alpha is all or nothing here. Before a frame that has some, the canvas is cleared."""

    ticks, longest = 100, gif_writing.MOST

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._cleared = True

    def begin(self, size: Size) -> None:
        self._file.write(gif_writing.header(size, loops=True))

    def add(self, frame: Array, shown: int, before: Array | None, after: Array | None) -> None:
        clears = after is not None and _has_alpha(after)
        whole = clears or self._cleared or before is None
        box = _all(frame) if whole else _new(frame, before)
        new, same = _cut(frame, box), None
        if not whole and before is not None and before.shape == frame.shape:
            same = ~_differ(new, _cut(before, box))
        disposal = gif_writing.CLEAR if clears else gif_writing.KEEP
        self._file.write(
            gif_writing.block(new, at=box[:2], delay=shown, disposal=disposal, same=same)
        )
        self._cleared = clears

    def finish(self, size: Size, frames: int) -> None:
        self._file.write(gif_writing.TRAILER)


class _WebP:
    ticks, longest = 1000, 0xFFFFFF

    def __init__(self, file: BinaryIO, quality: int | None) -> None:
        quality = quality or FORMATS["webp"].quality
        # OpenCV takes what lies above 100 as lossless.
        self._quality = LOSSLESS + 1 if quality == LOSSLESS else quality
        self._file, self._clear = file, False

    def begin(self, size: Size) -> None:
        self._file.write(self._header(size, 0))
        self._file.write(_riff(b"ANIM", struct.pack("<IH", 0, 0)))

    def add(self, frame: Array, shown: int, before: Array | None, after: Array | None) -> None:
        x, y, w, h = _new(frame, before)
        w, h, x, y = w + x % 2, h + y % 2, x - x % 2, y - y % 2  # places are even
        new = _cut(frame, (x, y, w, h))
        quality, blend = self._quality, 2  # it takes the place of what was there
        if before is not None and np.array_equal(frame, before):
            # A pixel that were encoded again would change.
            new, quality, blend = np.zeros((1, 1, 4), np.uint8), LOSSLESS + 1, 0
        self._clear = self._clear or (_has_alpha(new) and bool(new[:, :, 3].min() < 255))
        still = opencv.encode(new, "webp", quality=quality, binary=False)
        told = (x // 2, y // 2, w - 1, h - 1, shown)
        body = b"".join(n.to_bytes(3, "little") for n in told) + bytes([blend])
        for kind, part in webp.chunks(still, "frame"):
            if kind in (b"ALPH", b"VP8 ", b"VP8L"):
                body += _riff(kind, bytes(part))
        self._file.write(_riff(b"ANMF", body))

    def finish(self, size: Size, frames: int) -> None:
        end = self._file.tell()
        self._file.seek(0)
        self._file.write(self._header(size, end))

    def _header(self, size: Size, end: int) -> bytes:
        flags = 0x02 | self._clear << 4  # animation, alpha
        sides = b"".join((side - 1).to_bytes(3, "little") for side in size)
        start = b"RIFF" + struct.pack("<I", max(end - 8, 0)) + b"WEBP"
        return start + _riff(b"VP8X", struct.pack("<I", flags) + sides)


class _Apng:
    ticks = 120_000  # exact for 24, 25, 30, 50 and 60 frames a second, and the NTSC rates
    longest = 0xFFFF * ticks

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._pieces = file, 0

    def begin(self, size: Size) -> None:
        self._file.write(png.SIGNATURE)

    def add(self, frame: Array, shown: int, before: Array | None, after: Array | None) -> None:
        x, y, w, h = box = _new(frame, before)
        still = opencv.encode(_cut(frame, box), "png", quality=None, binary=False)
        parts = list(png.chunks(still, "frame"))
        if before is None:
            self._chunk(b"IHDR", bytes(parts[0][1]))
            self._chunk(b"acTL", struct.pack(">II", 0, 0))
        delay = Fraction(shown, self.ticks)
        delay = delay.limit_denominator(int(0xFFFF / max(delay, Fraction(1))))
        told = (w, h, x, y, delay.numerator, delay.denominator, 0, 0)
        self._piece(b"fcTL", struct.pack(">IIIIHHBB", *told))
        for kind, body in parts:
            if kind == b"IDAT" and before is None:
                self._chunk(kind, bytes(body))
            elif kind == b"IDAT":
                self._piece(b"fdAT", bytes(body))

    def finish(self, size: Size, frames: int) -> None:
        self._chunk(b"IEND", b"")
        self._file.seek(len(png.SIGNATURE) + 12 + 13)
        self._chunk(b"acTL", struct.pack(">II", frames, 0))

    def _piece(self, kind: bytes, body: bytes) -> None:
        self._chunk(kind, struct.pack(">I", self._pieces) + body)
        self._pieces += 1

    def _chunk(self, kind: bytes, body: bytes) -> None:
        self._file.writelines(png.chunk(kind, body))


def _container(fmt: str, file: BinaryIO, quality: int | None) -> Container:
    if fmt == "gif":
        return _Gif(file)
    return _WebP(file, quality) if fmt == "webp" else _Apng(file)


def _array(raster: Image | Mask, fmt: str) -> Array:
    """What is encoded. Where alpha can come and go, it is always there; masks have none."""
    if isinstance(raster, Mask):
        return raster.array
    deep = fmt == "apng" and raster.depth == "uint16"
    colours = raster.array if deep else eight_bit(raster.array)
    alpha = raster.alpha
    if fmt == "gif":
        if alpha is None:
            return colours
        return np.dstack([eight_bit(raster.bgr), eight_bit(alpha)])
    bgr = raster.bgr if deep else eight_bit(raster.bgr)
    if alpha is None:
        return np.dstack([bgr, np.full(bgr.shape[:2], np.iinfo(bgr.dtype).max, bgr.dtype)])
    return np.dstack([bgr, alpha if deep else eight_bit(alpha)])


def _new(frame: Array, before: Array | None) -> Box:
    """Where it differs from the frame before; one pixel where nowhere."""
    if before is None or before.shape != frame.shape:
        return _all(frame)
    x, y, w, h = cv2.boundingRect(_differ(frame, before).view(np.uint8))
    return (x, y, w, h) if w else (0, 0, 1, 1)


def _all(frame: Array) -> Box:
    return (0, 0, *_size(frame))


def _has_alpha(frame: Array) -> bool:
    return frame.ndim == 3 and frame.shape[2] == 4


def _differ(one: Array, two: Array) -> Array:
    """(h, w) bool."""
    different: Array = one != two
    return different if different.ndim == 2 else np.asarray(different.any(axis=2))


def _cut(array: Array, box: Box) -> Array:
    x, y, w, h = box
    return np.ascontiguousarray(array[y : y + h, x : x + w])


def _size(array: Array) -> Size:
    return array.shape[1], array.shape[0]


@contextmanager
def _said() -> Iterator[None]:
    """Errors of the disk, said as an OutputError."""
    try:
        yield
    except OSError as error:
        why = error.strerror or str(error)
        raise OutputError("the animation cannot be written", why=why) from error


def _riff(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)
