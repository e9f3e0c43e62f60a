"""Read YUV4MPEG2 as it comes, frame by frame: what FFmpeg writes with `-f yuv4mpegpipe -`.

FFmpeg's own reader takes a frame that is cut for the end of the stream, and reads ahead; here a
cut frame is damage, and each frame is there when its last byte is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, BinaryIO, Self

import numpy as np

from cvkit.core.errors import DamagedError, InputError
from cvkit.core.grid import Grid
from cvkit.core.time import Time
from cvkit.core.values import Image
from cvkit.core.warp import Size
from cvkit.io.codecs.asked import Asked
from cvkit.io.integrity import bounded
from cvkit.io.planes import NATIVE, Bytes, Planes, matrix_of, pixels_of, plane_shapes

if TYPE_CHECKING:
    from types import TracebackType

    import av

    from cvkit.io.sound import Sound

MAGIC = b"YUV4MPEG2 "
_LONGEST_LINE = 1024
_RATE = Fraction(25)
_CUT = "the next frame is cut"
FORMATS = {
    **dict.fromkeys(("420", "420jpeg", "420mpeg2", "420paldv"), "yuv420p"),
    "411": "yuv411p", "422": "yuv422p", "444": "yuv444p", "444alpha": "yuva444p", "mono": "gray",
    **{f"{c}p{d}": f"yuv{c}p{d}le" for c in ("420", "422", "444") for d in (9, 10, 12, 14, 16)},
    **{f"mono{d}": f"gray{d}le" for d in (9, 10, 12, 14, 16)},
}  # fmt: skip
"""FFmpeg's pixel format of each C tag. Where chroma lies differs between the first four; cvkit, as
OpenCV, takes all alike."""


@dataclass(frozen=True, slots=True)
class Header:
    """What the first line says."""

    size: Size
    rate: Fraction
    format: str
    """FFmpeg's name of the pixel format."""
    aspect: Fraction
    """Of a pixel, width by height; 1 where it is not known."""
    fields: str
    """Which field comes first, tff or bff, where frames hold two; nothing where they do not."""
    full_range: bool | None


class Y4m:
    """A raw video that comes through `file`. Iterate it once for (Time, Image)."""

    container = "yuv4mpegpipe"

    def __init__(self, file: BinaryIO, name: str, asked: Asked) -> None:
        """Raises DamagedError or InputError where the first line is not one of a video."""
        self._file, self._name, self._asked = file, name, asked
        told = header(_line(file), name)
        bounded(told.size, asked.max_pixels, name)
        self._told = told
        self.size = told.size
        self.aspect = told.aspect
        self.rate: Fraction | None = told.rate
        self.time_base = 1 / told.rate
        self.frames_declared: int | None = None
        self.duration: float | None = None
        self.notes: list[str] = asked.notes

    @property
    def sound(self) -> Sound | None:
        return None

    def __iter__(self) -> Iterator[tuple[Time, Image]]:
        """Every frame. Raises DamagedError, with the last good one, where bytes are missing."""
        if self._asked.deinterlace:
            yield from self._whole()
            return
        if self._told.fields:
            self.notes.append("interlaced: --deinterlace makes whole pictures of it")
        for number, data in self._stored():
            yield Time(number, self.time_base), self._image(data)

    def _stored(self) -> Iterator[tuple[int, Bytes]]:
        """Number and planes of each frame."""
        number, size = 0, sum(h * w for h, w in shapes(self._told.format, self.size))
        while line := _line(self._file):
            if not line.startswith(b"FRAME"):
                cut = b"FRAME".startswith(line)
                raise self._damage(number, _CUT if cut else "no frame begins where one should")
            data = np.empty(size, np.uint8)
            if self._file.readinto(data) < data.size:  # type: ignore[attr-defined]
                raise self._damage(number, _CUT)
            yield number, data
            number += 1
        if not number:
            raise self._damage(0, "it holds no frame")

    def _whole(self) -> Iterator[tuple[Time, Image]]:
        """Whole pictures of interlaced ones."""
        from cvkit.io.sources.decoding import Weaver

        weaver = Weaver(self._told.fields or "auto")

        def woven() -> Iterator[av.VideoFrame]:
            for number, data in self._stored():
                frame = self._decoded(data)
                frame.pts = number
                yield from weaver.push(frame)
            yield from weaver.end()

        for frame in woven():
            yield Time(frame.pts or 0, self.time_base), self._picture(frame)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """The file belongs to whoever opened it."""

    def _image(self, data: Bytes) -> Image:
        told = self._told
        if told.format not in NATIVE:
            return self._picture(self._decoded(data))
        layout, matrix = NATIVE[told.format], matrix_of(2, self.size[1])
        # Grey of no stated range is full, as FFmpeg has it.
        full = layout == "gray" if told.full_range is None else told.full_range
        planes = Planes.of(data, self.size, layout=layout, matrix=matrix, full_range=full)
        return Image(Grid.of(self.size), planes)

    def _picture(self, frame: av.VideoFrame) -> Image:
        from cvkit.io.deep import bits_of, deep_pixels_of

        bits = bits_of(frame.format)
        note = f"{bits} bits a channel are read as 8; --deep keeps them"
        if bits > 8 and not self._asked.deep and note not in self.notes:
            self.notes.append(note)
        deep = bits > 8 and self._asked.deep
        pixels, alpha = deep_pixels_of(frame) if deep else pixels_of(frame)
        return Image(Grid.of(self.size), pixels, alpha)

    def _decoded(self, data: Bytes) -> av.VideoFrame:
        import av

        told, start = self._told, 0
        frame = av.VideoFrame(*self.size, told.format)
        for plane, (h, w) in zip(frame.planes, shapes(told.format, self.size), strict=True):
            rows = np.frombuffer(plane, np.uint8)  # type: ignore[call-overload]
            rows.reshape(-1, plane.line_size)[:h, :w] = data[start : start + h * w].reshape(h, w)
            start += h * w
        if told.full_range is not None:
            frame.color_range = 2 if told.full_range else 1
        return frame

    def _damage(self, number: int, why: str) -> DamagedError:
        if not number:
            return DamagedError(f"{self._name}: damaged before its first frame", why=why)
        seconds = float((number - 1) * self.time_base)
        return DamagedError(
            f"{self._name}: damaged after frame {number - 1} ({seconds:.3f} s)",
            why=why,
            remedy="look at what the command before the pipe says",
        )


def header(line: bytes, name: str) -> Header:
    """Raises DamagedError where the line is broken, InputError for a format that is not known."""
    if not line.startswith(MAGIC) or not line.endswith(b"\n"):
        raise DamagedError(f"{name}: damaged", why="its first line is no YUV4MPEG2 header")
    told: dict[str, str] = {}
    extras = []
    for word in line.decode("ascii", "replace").split()[1:]:
        if word[0] == "X":
            extras.append(word)
        else:
            told[word[0]] = word[1:]
    try:
        size = int(told["W"]), int(told["H"])
    except (KeyError, ValueError) as error:
        raise DamagedError(f"{name}: damaged", why="its pictures have no size") from error
    form = told.get("C", "420jpeg")
    if form not in FORMATS:
        raise InputError(
            f"{name}: y4m of the pixel format {form[:20]!r} is not read",
            remedy="write it as -pix_fmt yuv420p",
        )
    spans = {"XCOLORRANGE=FULL": True, "XCOLORRANGE=LIMITED": False}
    return Header(
        size,
        _ratio(told.get("F", "")) or _RATE,
        FORMATS[form],
        _ratio(told.get("A", "")) or Fraction(1),
        {"t": "tff", "b": "bff", "m": "tff"}.get(told.get("I", "p"), ""),
        next((spans[word] for word in extras if word in spans), None),
    )


def shapes(form: str, size: Size) -> list[tuple[int, int]]:
    """Of each plane its rows, and the bytes of a row."""
    if form in NATIVE:
        return plane_shapes(size, NATIVE[form])
    import av

    told, (w, h) = av.VideoFormat(form, *size), size
    each = 2 if form.endswith("le") else 1
    planes = [(h, w * each)]
    if len(told.components) > 1:
        planes += [(told.chroma_height(h), told.chroma_width(w) * each)] * 2
    return [*planes, (h, w)] if len(told.components) > 3 else planes


def _ratio(text: str) -> Fraction | None:
    """`30000:1001`; None where it is not known, as `0:0` says."""
    match = re.fullmatch(r"(\d{1,9}):(\d{1,9})", text)
    known = match and int(match[1]) and int(match[2])
    return Fraction(int(match[1]), int(match[2])) if match and known else None


def _line(file: BinaryIO) -> bytes:
    return file.readline(_LONGEST_LINE)
