"""Several inputs one after the other as one moving input: videos, and pictures for a while each.

Times follow on: an input begins where the last frame of the one before has been shown for as long
as that input's rate says. All are in ticks of 1/120000 second, exact at every usual rate, and the
same whether the inputs are files or come through a pipe.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Self

from cvkit.core.errors import InputError
from cvkit.core.time import Time
from cvkit.core.units import Duration
from cvkit.core.values import Image
from cvkit.io.codecs.asked import Asked
from cvkit.io.sound import Sound, SoundPacket, alike, later
from cvkit.io.sources.account import Gap
from cvkit.io.sources.opening import Recorded, open_moving, open_still

if TYPE_CHECKING:
    from types import TracebackType

    from cvkit.io.sources.opening import Moving

BASE = Fraction(1, 120_000)
RATE = Fraction(25)
_VIEWS = frozenset({"bgr", "gray"})


@dataclass(frozen=True)
class Part:
    """One of the inputs; `pages` are those of a picture that are shown, one after the other."""

    name: str
    path: str
    moving: bool
    pages: tuple[int, ...] = ()


@dataclass(frozen=True)
class Place:
    """Where an input begins, in seconds."""

    start: Fraction

    def moved(self, gap: Gap, name: str, frames: int) -> Gap:
        """What an input of this name lacks after so many of the whole, in the times of the
        whole, whose frames are counted as they come."""
        after = frames - 1 if frames else None
        end = gap.end if gap.end is None else gap.end + float(self.start)
        return Gap(after, gap.start + float(self.start), end, f"{name}: {gap.why}")


class Timeline:
    """When frames are shown that follow on: `begin` an input, `at` for each of its frames."""

    def __init__(self) -> None:
        self._start = self._end = Fraction(0)
        self._step = Fraction(0)
        self.frames = 0

    def begin(self, rate: Fraction | None) -> Place:
        self._start, self._step = self._end, 1 / (rate or RATE)
        return Place(self._start)

    def at(self, time: Time) -> Time:
        start, length = self._start + time.exact, time.length * time.base
        self._end = start + (length or self._step)
        self.frames += 1
        return Time(round(start / BASE), BASE, round(length / BASE))

    def still(self, seconds: Fraction, rate: Fraction) -> Iterator[Time]:
        """Times of a picture that is shown for so long, at so many frames a second."""
        self.begin(rate)
        for number in range(max(1, round(seconds * rate))):
            yield self.at(Time(number, 1 / rate))


class Joined:
    """Iterate it once for (Time, Image); `name` is the input that the last one came from."""

    container = "joined"

    def __init__(self, parts: Sequence[Part], still: Fraction, asked: Asked) -> None:
        """`still`: for how many seconds a picture is shown.

        Raises DamagedError or InputError where an input cannot be opened.
        """
        self._parts, self._still, self._asked = parts, still, asked
        self.name = parts[0].name
        self.notes: list[str] = []
        self.gaps: list[Gap] = []
        self.frames_declared: int | None = None
        self.duration: float | None = None
        self.time_base = BASE
        self.rate: Fraction | None = RATE
        self.aspect = Fraction(1)
        if parts[0].moving:
            with self._clip(parts[0]) as clip:
                self.rate, self.aspect, self.size = clip.rate or RATE, clip.aspect, clip.size
        else:
            self.size = self._picture(parts[0], 0).size

    @property
    def sound(self) -> Sound | None:
        """That of all that have any, where it is of the same kind; what else there is is a note."""
        found: list[Sound | None] = []
        for part in self._parts:
            sound = None
            if part.moving:
                with self._clip(part) as clip:
                    sound = clip.sound if isinstance(clip, Recorded) else None
            found.append(sound)
        first = next((s for s in found if s is not None), None)
        if first is None:
            return None
        for part, sound in zip(self._parts, found, strict=True):
            if sound is None:
                self._say(f"{part.name} has no sound: silent there")
            elif not alike(first.header(), sound.header()):
                self._say(f"sound left out: {part.name} has sound of another kind")
                return None
        return _Following(first.header(), self._heard)

    def begin(self, edge: Duration) -> int:
        """Nothing is skipped."""
        return 0

    def length(self) -> tuple[int, Fraction]:
        """How many frames there are in all, and when the last one ends, in seconds.

        Raises InputError where that of one is not known.
        """
        frames, end = 0, Fraction(0)
        for part in self._parts:
            if not part.moving:
                shown = self._shown(part)
                frames, end = frames + shown, end + shown / (self.rate or RATE)
                continue
            with self._clip(part) as clip:
                if not isinstance(clip, Recorded):
                    raise InputError(f"how long {part.name} is is not known")
                more = clip.length()
            frames, end = frames + more[0], end + more[1]
        return frames, end

    def __iter__(self) -> Iterator[tuple[Time, Image]]:
        """Raises DamagedError or InputError where one of the inputs cannot be read."""
        line = Timeline()
        for part in self._parts:
            self.name = part.name
            if part.moving:
                with self._clip(part) as clip:
                    before = line.begin(clip.rate)
                    lacks = clip.gaps if isinstance(clip, Recorded) else []
                    told = 0
                    for time, image in clip:
                        for gap in lacks[told:]:
                            self.gaps.append(before.moved(gap, part.name, line.frames))
                        told = len(lacks)
                        yield line.at(time), image
                        del image
                    for gap in lacks[told:]:
                        self.gaps.append(before.moved(gap, part.name, line.frames))
                continue
            for page in part.pages or (0,):
                image = self._picture(part, page)
                for time in line.still(self._still, self.rate or RATE):
                    yield time, image

    def _heard(self) -> Iterator[SoundPacket]:
        """The packets of each input at the time at which it is shown."""
        begun = Fraction(0)
        for part in self._parts:
            if not part.moving:
                begun += self._shown(part) / (self.rate or RATE)
                continue
            with self._clip(part) as clip:
                if not isinstance(clip, Recorded):
                    return
                over = begun + clip.length()[1]
                for packet in clip.sound.packets() if clip.sound is not None else ():
                    moved = later(packet, begun)
                    if moved.end is None or moved.end <= over:
                        yield moved
            begun = over

    def _shown(self, part: Part) -> int:
        """How many frames a picture is shown for."""
        return max(1, round(self._still * (self.rate or RATE))) * len(part.pages or (0,))

    def _clip(self, part: Part) -> Moving:
        return open_moving(part.path, replace(self._asked, notes=_Named(part.name, self._say)))

    def _picture(self, part: Part, page: int) -> Image:
        still = open_still(part.path, part.name)
        notes = _Named(part.name, self._say)
        return still.read(replace(self._asked, page=page, views=_VIEWS, notes=notes))

    def _say(self, note: str) -> None:
        if note not in self.notes:
            self.notes.append(note)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Nothing stays open between frames."""


class _Named(list[str]):
    """Notes of one input, told with its name."""

    def __init__(self, name: str, tell: Callable[[str], None]) -> None:
        super().__init__()
        self._name, self._tell = name, tell

    def append(self, note: str) -> None:
        super().append(note)
        self._tell(f"{self._name}: {note}")


class _Following(Sound):
    """The sound of inputs that follow each other; each call reads it anew."""

    def __init__(self, header: bytes, heard: Callable[[], Iterator[SoundPacket]]) -> None:
        super().__init__(path=None, header=header, packets=iter(()))
        self._heard = heard

    def packets(self) -> Iterator[SoundPacket]:
        ends: dict[int, Fraction] = {}
        for packet in self._heard():
            end, at = packet.end, packet.dts if packet.dts is not None else packet.pts
            if end is None or at is None:
                continue
            late = ends.get(packet.stream, at * packet.time_base) - at * packet.time_base
            if 2 * late > packet.duration * packet.time_base:
                continue  # it is heard while the input before still is
            yield later(packet, late) if late > 0 else packet
            ends[packet.stream] = max(end, end + late)
