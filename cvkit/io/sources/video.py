"""Read a video with FFmpeg: every frame, its exact time, its planes as they were decoded."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Generator, Iterator
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from cvkit.core.errors import DamagedError, InputError
from cvkit.core.time import Time
from cvkit.core.units import Duration
from cvkit.core.values import Image
from cvkit.core.warp import Size
from cvkit.io.about import about_of, subtitles_of
from cvkit.io.sound import Sound
from cvkit.io.sources import seeking
from cvkit.io.sources.account import Account, Gap, origin_of, rate_of
from cvkit.io.sources.containers import Opened, open_container
from cvkit.io.sources.decoding import AstrayError, Decoding, Shown, Wish, before

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream

# Where a picture may lie in two packets, one a field, packets do not number frames.
_FIELDS_APART = ("h264", "vc1")
_PROGRESSIVE = (0, 1)  # AV_FIELD_UNKNOWN, AV_FIELD_PROGRESSIVE


class Clip:
    """An opened video. Iterate it once for (Time, Image); use as a context manager or `close`."""

    def __init__(self, path: Path, *, max_pixels: int, wish: Wish, salvage: bool) -> None:
        self._path, self._max_pixels = path, max_pixels
        self._wish, self._salvage = wish, salvage
        self._opened = self._open()
        self._sound: Sound | None = None
        container, stream = self._opened.container, self._opened.stream
        self._has_sound = bool(container.streams.audio)
        self._started = self._listed = False
        self._instants: array[int] | None = None
        self.number = 0
        """That of the frame that came last."""
        self.container = container.format.name
        """FFmpeg's name of the container format."""
        self.time_base = stream.time_base or Fraction(1, 1000)
        self.rate = rate_of(stream)
        """Average frames a second."""
        self.frames_declared = stream.frames or None
        """How many frames the container says there are."""
        self.duration = _duration(container, stream)
        """Seconds, as the container says."""
        self.notes = wish.notes
        if self._opened.streams > 1:
            self.notes.append(f"holds {self._opened.streams} videos; only the main one is read")
        self._account, self._decoding, self._frames = self._pass()
        try:
            self._first: Shown | None = next(self._frames)
        except BaseException:
            self._opened.close()
            raise
        self._begun = self._first.pts
        self.about = about_of(container, self._origin)
        """Title and chapters."""
        self.subtitles = subtitles_of(container)
        """The codecs of its subtitles, which are not read."""
        # The display matrix travels with the frames, so that the first one tells the size.
        self.size: Size = self._first.image.size
        self.aspect = _aspect(self._opened, lying=self._decoding.turned)
        """How wide a pixel is, seen as it is shown, where it is as high as 1."""

    @property
    def gaps(self) -> list[Gap]:
        """What a damaged file lacks, as far as it was read; only with `salvage`."""
        return self._account.gaps

    @property
    def sound(self) -> Sound | None:
        """The encoded sound, or None where there is none, or none that can be carried on; then
        `notes` say so. Raises DamagedError where its start is broken."""
        if self._sound is None and self._has_sound:
            self._sound = self._opened_sound()
            self._has_sound = self._sound is not None
        return self._sound

    def _opened_sound(self) -> Sound | None:
        import av

        try:
            return Sound.of_file(self._path, origin=self._origin, salvage=self._salvage)
        except (av.FFmpegError, InputError) as error:
            if not self._salvage:
                why = getattr(error, "strerror", None) or str(error)
                raise DamagedError(f"{self._path.name}: its sound is damaged", why=why) from error
            self.notes.append("sound left out: it is damaged")
        except ValueError:  # FFmpeg can neither copy nor decode it
            self.notes.append("sound left out: FFmpeg can neither copy nor decode it")
        return None

    def begin(self, edge: Duration) -> int:
        """Let iteration begin at the first frame at or after `edge`, in frames or seconds from 0;
        its number. Seeks where that gives the same frames as decoding from the start.

        Raises DamagedError where the file is damaged before that frame.
        """
        first = self._first
        if self._started or first is None:
            raise RuntimeError(f"{self._path.name} is being iterated; open it again")
        if not before(first.number, first.time, edge):
            return first.number
        del first
        self._first = None
        self._frames.close()
        if not self._sought(edge):
            self._reopen()
            self._decoding.edge = edge
            self._first = next(self._frames, None)
        return self._account.frames if self._first is None else self._first.number

    def length(self) -> tuple[int, Fraction]:
        """How many frames there are, and when the last one ends, in seconds. Reads the whole file,
        and decodes it where that is needed to know.

        Raises DamagedError where it is damaged.
        """
        if (table := self._table(None)) is not None:
            last = (table.shown[-1] * self.time_base) - self._origin
            return len(table.shown), last + (1 / self.rate if self.rate else 0)
        with self._open() as opened:
            account, decoding, frames = self._pass(opened)
            decoding.edge = Duration(Fraction(1 << 62), "f")
            for _ in frames:
                pass
            last = account.last.pts * account.last.base if account.last else Fraction(0)
            return account.frames, last + (1 / self.rate if self.rate else 0)

    def __iter__(self) -> Iterator[tuple[Time, Image]]:
        """Every frame in the order it is shown.

        Raises DamagedError, with the last good frame, where bytes are missing or wrong.
        """
        if self._started:
            raise RuntimeError(f"{self._path.name} has been iterated; open it again")
        self._started = True
        first, self._first = self._first, None
        if first is not None:
            self.number = first.number
            yield first.time, first.image
        del first
        for shown in self._frames:
            self.number = shown.number
            yield shown.time, shown.image
            del shown

    def close(self) -> None:
        """Free decoder, threads and file; harmless when repeated."""
        self._frames.close()
        self._first = None
        self._opened.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def _origin(self) -> Fraction:
        return origin_of(self._opened.container, self.time_base)

    def _open(self) -> Opened:
        return open_container(self._path, max_pixels=self._max_pixels, salvage=self._salvage)

    def _reopen(self) -> None:
        self._opened.close()
        self._opened = self._open()
        self._account, self._decoding, self._frames = self._pass()

    def _pass(self, opened: Opened | None = None) -> tuple[Account, Decoding, Generator[Shown]]:
        """A way through the frames of an opened file, from where it stands."""
        opened = opened or self._opened
        account = Account(
            *(opened.path, opened.container, opened.stream),
            notes=self._wish.notes,
            salvage=self._salvage,
        )
        decoding = Decoding(opened, account, self._wish)
        if self._salvage:
            account.lacking = self._lacking
        return account, decoding, decoding.frames()

    def _lacking(self, before: int | None, after: int) -> int | None:
        """How many frames lie between two instants of the file's clock, as its packets say."""
        if not self._listed:
            self._listed = True
            if not self._by_fields():
                with self._open() as opened:
                    self._instants = seeking.instants(opened)
        shown = self._instants
        if shown is None:
            return None
        place = bisect_left(shown, after)
        return place - (0 if before is None else bisect_left(shown, before) + 1)

    def _by_fields(self) -> bool:
        """Whether a picture may lie in two packets, so that these do not number frames."""
        context = self._opened.decoder
        return context.name in _FIELDS_APART and (
            self._decoding.interlaced or context.field_order not in _PROGRESSIVE
        )

    def _table(self, edge: Duration | None) -> seeking.Timetable | None:
        """What the packets tell up to `edge`, where they number the frames."""
        if self._salvage or self._by_fields():
            return None
        if edge is not None and edge.unit == "s":
            edge = Duration(edge.value + self._origin)
        with self._open() as opened:
            return seeking.timetable(opened, self._begun, edge)

    def _sought(self, edge: Duration) -> bool:
        """Bring the frames to `edge` by seeking; False where that is not sure to be right."""
        table = self._table(edge)
        if table is None:
            return False
        own = edge if edge.unit == "f" else Duration(edge.value + self._origin)
        number = seeking.position_of(table, own, self.time_base)
        # Deinterlacing needs the frame before, too.
        back = number - 1 if self._wish.deinterlace else number
        if number >= len(table.shown) or back <= 0:
            return False
        self._account, self._decoding, _ = self._pass()
        self._opened.decoder.flush_buffers()
        found = seeking.packets_from(self._decoding, self._opened, table, table.shown[back])
        if found is None:
            return False
        place, packets = found
        start = bisect_left(table.shown, table.pts[place])
        unseen = sum(silent < place for silent in table.silent)
        self._account.resume(frames=start, packets=place, unseen=unseen)
        self._decoding.edge = Duration(Fraction(number), "f")
        self._decoding.announced = iter(table.shown[start : number + 1])
        self._frames = self._decoding.frames(packets)
        try:
            self._first = next(self._frames, None)
        except AstrayError:
            return False
        return self._first is not None


def open_video(
    path: str | Path,
    *,
    max_pixels: int = 500_000_000,
    deep: bool = False,
    deinterlace: bool = False,
    salvage: bool = False,
    notes: list[str] | None = None,
) -> Clip:
    """Open a local video file. `deep` keeps more than 8 bits a channel as uint16; `deinterlace`
    makes whole pictures of interlaced ones; with `salvage` damage becomes `Clip.gaps` instead of an
    error as long as one frame is whole. What the user should know is added to `notes`.

    Raises DamagedError where it is empty, cut before its index or damaged before its first frame;
    InputError where it cannot be read, has no video, or a frame has more than `max_pixels`.
    """
    wish = Wish(deep, deinterlace, notes if notes is not None else [])
    return Clip(Path(path), max_pixels=max_pixels, wish=wish, salvage=salvage)


def _duration(container: InputContainer, stream: VideoStream) -> float | None:
    if stream.duration is not None and stream.time_base:
        return float(stream.duration * stream.time_base)
    return container.duration / 1_000_000 if container.duration is not None else None


def _aspect(opened: Opened, *, lying: bool) -> Fraction:
    """Of the pixels as they are shown, turned with the picture where that is `lying`."""
    aspect = opened.stream.sample_aspect_ratio or opened.decoder.sample_aspect_ratio
    if not aspect or aspect <= 0:
        return Fraction(1)
    return 1 / Fraction(aspect) if lying else Fraction(aspect)
