"""Read an animation: GIF, WebP, APNG or AVIF, every frame as it is shown, at its exact time.

The file lies in memory as it is encoded; of its frames there are never more than a few.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Self

from cvkit.core.errors import CvkitError, DamagedError, InputError
from cvkit.core.time import Time
from cvkit.core.units import Duration
from cvkit.core.values import Image
from cvkit.io.codecs import gif, png, timeline
from cvkit.io.codecs.asked import Asked
from cvkit.io.codecs.composing import composed, opened_by_pillow
from cvkit.io.codecs.pillowed import guarded
from cvkit.io.codecs.sniff import HEAD, sniff
from cvkit.io.codecs.timeline import Timeline
from cvkit.io.integrity import read_bytes
from cvkit.io.sources.account import Gap, note_of

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from PIL.ImageFile import ImageFile

    from cvkit.io.sound import Sound

_TIMELINES: dict[str, Callable[[bytes, str, int], Timeline]] = {
    "gif": gif.timeline_of,
    "png": timeline.of_png,
    "webp": timeline.of_webp,
    "avif": timeline.of_avif,
}
_WANTED = (b"IHDR", b"PLTE", b"tRNS", b"acTL", b"fcTL", b"fdAT", b"IDAT", b"iCCP")


class Animation:
    """An opened animation. Iterate it once for (Time, Image).

    Each Image is the whole canvas, composed of what the file stores: with alpha where something of
    it is clear, without where nothing is. 16-bit colours come as 8 bits.
    """

    def __init__(self, data: bytes, kind: str, name: str, asked: Asked) -> None:
        """`kind` is what `sniff` said. Raises DamagedError or InputError where nothing can be
        read of it."""
        self._name, self._data, self._asked = name, data, asked
        self._timeline = _TIMELINES[kind](data, name, asked.max_pixels)
        self._started = False
        self.container = kind
        self.size = self._timeline.size
        self.time_base = self._timeline.base
        self.aspect = Fraction(1)
        self.rate: Fraction | None = self._timeline.rate
        self.frames_declared: int | None = len(self._timeline.starts)
        self.duration: float | None = float(self._timeline.seconds)
        self.notes: list[str] = asked.notes
        self.gaps: list[Gap] = []
        self._from = 0

    def begin(self, edge: Duration) -> int:
        """Compose no picture of the frames before `edge`, in frames or seconds; its number."""
        line = self._timeline
        wanted = edge.value if edge.unit == "f" else edge.value / line.base
        where = range(len(line.starts)) if edge.unit == "f" else line.starts
        self._from = bisect_left(where, -(-wanted.numerator // wanted.denominator))
        return self._from

    def length(self) -> tuple[int, Fraction]:
        """How many frames there are, and when the last one ends, in seconds."""
        return len(self._timeline.starts), self._timeline.seconds

    @property
    def sound(self) -> Sound | None:
        return None

    def __iter__(self) -> Iterator[tuple[Time, Image]]:
        """Every frame. Raises DamagedError, with the last good one, where bytes are wrong."""
        if self._started:
            raise RuntimeError(f"{self._name} has been iterated; open it again")
        self._started = True
        line, last = self._timeline, -1
        try:
            opened = opened_by_pillow(self.container, self._wanted(), self._name)
            with opened:
                for number, (pts, after) in enumerate(pairwise([*line.starts, line.end])):
                    if number < self._from:
                        continue
                    image = self._frame(opened, number + line.skip)
                    yield Time(pts, line.base, after - pts), image
                    last = number
        except InputError as error:  # its structure was known to be one that Pillow reads
            self._broken(last, error.why, error)
            return
        if line.damage:
            self._broken(last, line.damage, None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._data = b""

    def _frame(self, opened: ImageFile, number: int) -> Image:
        def work() -> Image:
            opened.seek(number)
            return composed(opened, self.size, self._asked)

        image: Image = guarded(work, self.container, self._name)
        return image

    def _wanted(self) -> bytes:
        return _without_notes(self._data, self._name) if self.container == "png" else self._data

    def _broken(self, last: int, why: str, error: InputError | None) -> None:
        """Frames are whole up to the first one that is not."""
        if not self._asked.salvage or last < 0:
            raise self._damage(last, why) from error
        line = self._timeline
        ends = [*line.starts[1:], line.end]
        self.gaps.append(Gap(last, float(ends[last] * line.base), None, why))
        self.notes.append(note_of(self.gaps, last + 1))

    def _damage(self, last: int, why: str) -> DamagedError:
        if last < 0:
            return DamagedError(f"{self._name}: damaged before its first frame", why=why)
        seconds = float(self._timeline.starts[last] * self._timeline.base)
        return DamagedError(
            f"{self._name}: damaged after frame {last} ({seconds:.3f} s)",
            why=why,
            remedy="copy it again, or keep what is whole with --on-corrupt salvage",
        )


def open_animation(path: Path, asked: Asked) -> Animation:
    """Raises InputError where it cannot be read, DamagedError where nothing of it is whole."""
    data = read_bytes(path, path.name)
    return Animation(data, sniff(data[:HEAD]) or "", path.name, asked)


def _without_notes(data: bytes, name: str) -> bytes:
    """A PNG's picture chunks up to its damage; broken texts fail Pillow, and pictures need none."""
    out: list[bytes | memoryview] = [png.SIGNATURE]
    try:
        for kind, body in png.chunks(data, name):
            if kind in _WANTED:
                out += png.chunk(kind, body)
    except CvkitError:  # the timeline holds it
        pass
    return b"".join([*out, *png.chunk(b"IEND", b"")])
