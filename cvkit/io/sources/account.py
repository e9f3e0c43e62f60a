"""What was read and shown of a video, to tell at its end whether it was all of it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from cvkit.core.errors import DamagedError
from cvkit.core.time import Time
from cvkit.io.sources.tails import cut_short

if TYPE_CHECKING:
    import av
    from av.container import InputContainer
    from av.video.stream import VideoStream

# Containers whose declared duration is a statement, not an estimate from the bit rate.
_DECLARE_DURATION = ("matroska,webm", "mov,mp4,m4a,3gp,3g2,mj2", "avi", "flv", "asf")
# Streams that may begin anywhere: what cannot be decoded before the first whole frame is normal.
_BEGIN_ANYWHERE = ("mpegts", "mpeg", "mpegvideo", "h264", "hevc", "rtsp")
# Formats whose first frame comes at any instant of a clock of their own.
_OWN_CLOCK = ("mpegts", "mpeg", "mpegvideo", "m4v", "h264", "hevc", "flv", "live_flv")
# A step back of more than so many seconds, or a second one, is a clock that was set anew.
_NEW_CLOCK = 1
# The format that says of each frame how long it is shown; others guess it from the rate.
_EXACT = "mov,mp4,m4a,3gp,3g2,mj2"
_GAPS_NAMED = 3
# Where files were joined the packets of all streams come within so many of the video's.
_NEAR = 50
# A rate of more is a time base that was taken for one.
_FASTEST = 10_000


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch that a damaged video or animation lacks.

    `after` is the number of the last whole frame before it, None where there is none; `start` and
    `end` are seconds, `end` None where nothing whole follows.
    """

    after: int | None
    start: float
    end: float | None
    why: str

    def told(self) -> dict[str, object]:
        """As results hold it."""
        end = None if self.end is None else round(self.end, 6)
        return {"after": self.after, "from": round(self.start, 6), "to": end, "why": self.why}

    def __str__(self) -> str:
        where = "from its start" if self.after is None else f"after frame {self.after}"
        begins = "" if self.after is None else f" ({self.start:.3f} s)"
        return f"{where}{begins} " + ("to its end" if self.end is None else f"to {self.end:.3f} s")


def note_of(gaps: list[Gap], frames: int) -> str:
    """What the user is told of what was salvaged."""
    named = ", ".join(map(str, gaps[:_GAPS_NAMED]))
    more = len(gaps) - _GAPS_NAMED
    named += f" and {more} more" if more > 0 else ""
    whole = "1 whole frame" if frames == 1 else f"{frames} whole frames"
    return f"damaged ({gaps[0].why}): {whole} kept; missing {named}"


class Account:
    """What was read and shown of one stream."""

    def __init__(
        self,
        path: Path,
        container: InputContainer,
        stream: VideoStream,
        *,
        notes: list[str],
        salvage: bool = False,
    ) -> None:
        """With `salvage`, damage becomes gaps instead of errors as long as a frame was whole."""
        self._path, self._kind = path, container.format.name
        self._name, self._notes, self._salvage = path.name, notes, salvage
        self._base = stream.time_base or Fraction(1, 1000)
        rate = rate_of(stream)
        self.step = 1 / rate if rate else Fraction(0)
        """Seconds from a frame to the next, on average; 0 where it is not known."""
        self._declared = stream.frames
        kind = self._kind
        self._tolerant = kind in _BEGIN_ANYWHERE
        # An AVI numbers its packets, which is all it knows of times; placeholders among them show
        # no frame of their own, and Xvid packs two frames into one.
        self._numbered = kind == "avi"
        honest = kind in _DECLARE_DURATION
        self._until = Fraction(container.duration or 0, 1_000_000) if honest else Fraction(0)
        # Where the clock starts anywhere, the first instant of all streams is 0.
        self._offset = -round(origin_of(container, self._base) / self._base)
        self._packets = self._unseen = 0
        self._end = Fraction(0)
        self._longest = self._longest_sound = Fraction(0)
        self._open: Gap | None = None
        self._begun = self._behind = False
        self._kept = self._skipped = 0
        self._unheard: deque[tuple[int, Fraction, Fraction]] = deque()
        self._joint: int | None = None
        self._lasting: dict[int, tuple[int, int]] = {}
        self._silent = Fraction(0)
        self._hushed: Fraction | None = None
        self._before: int | None = None
        self.frames = 0
        """The number of the next frame: how many were shown, those before the first one wanted
        counted in, and those that gaps are known to lack."""
        self.lacking: Callable[[int | None, int], int | None] = lambda _before, _after: None
        """How many frames lie between two instants of the file's clock, where packets tell."""
        self.last: Time | None = None
        self.gaps: list[Gap] = []

    def resume(self, *, frames: int, packets: int, unseen: int) -> None:
        """Go on at a key frame in the middle, with what lies before it; frames that come before
        it and cannot be decoded without those are no damage."""
        self.frames, self._packets, self._unseen = frames, packets, unseen
        self._tolerant = True

    def packet(self, packet: av.Packet[av.stream.Stream], *, video: bool) -> None:
        """Count a packet of any stream. Raises DamagedError where a video's was not read whole."""
        if packet.pts is not None:
            last = self._lasting.get(packet.stream_index, (packet.pts, 0))
            apart = max(last[1], packet.pts - last[0])
            self._lasting[packet.stream_index] = (packet.pts, apart)
            lasts = packet.duration or (0 if video else apart)
            self._end = max(self._end, (packet.pts + lasts) * packet.time_base)
            if not video:
                self._longest_sound = max(self._longest_sound, lasts * packet.time_base)
        if video:
            self._packets += 1
            if self._numbered and packet.dts is not None:
                self._packets = max(self._packets, packet.dts + 1)
            self._unseen += packet.is_discard or not packet.size
            self._heed(self._packets - _NEAR)
        elif packet.is_corrupt and packet.stream.type == "audio":
            start = packet.pts if packet.pts is not None else packet.dts
            at = Fraction(0) if start is None else start * packet.time_base
            length = (packet.duration or 0) * packet.time_base
            self._unheard.append((self._packets, at + self._offset * self._base, length))

    def joint(self) -> None:
        """Two files were joined here: FFmpeg takes what is whole for broken."""
        self._joint = self._packets

    def _heed(self, until: int) -> None:
        """Tell of sound that is broken up to packet `until`, unless files were joined near it.

        Raises DamagedError unless what is whole is to be kept.
        """
        while self._unheard and self._unheard[0][0] <= until:
            place, at, length = self._unheard.popleft()
            if self._joint is not None and abs(place - self._joint) <= _NEAR:
                continue
            if self.raises:
                raise self._damage(f"a part of its sound is missing at {float(at):.3f} s")
            self._silent += length
            self._hushed = at if self._hushed is None else self._hushed

    def shown(self, pts: int | None, dts: int | None = None, lasts: int = 0) -> Time:
        """Count a frame that `lasts` so many ticks, or 0; its time, made from the rate where
        it has none that advances."""
        at = self._advancing(dts if self._numbered and dts is not None else pts)
        if self.last is not None:
            self._longest = max(self._longest, (at - self.last.pts) * self._base)
        self._close(at, pts)
        self._begun, self._before = True, pts
        self.last = Time(at, self._base, lasts if self._kind == _EXACT else 0)
        self._end = max(self._end, (at - self._offset) * self._base)
        self.frames += 1
        self._kept += 1
        return self.last

    def _advancing(self, pts: int | None) -> int:
        ticks = max(round(self.step / self._base), 1)
        if pts is None:
            return 0 if self.last is None else self.last.pts + ticks
        at = pts + self._offset
        if self.last is None or at > self.last.pts:
            self._behind = False
            return at
        said = f"its times go back at frame {self.frames}: they are made to advance"
        if not any(note.startswith("its times go back") for note in self._notes):
            self._notes.append(said)
        if self._behind or (self.last.pts - at) * self._base > _NEW_CLOCK:
            self._offset += self.last.pts + ticks - at
            self._behind = False
            return self.last.pts + ticks
        self._behind = True
        return self.last.pts + max(ticks // 2, 1)

    @property
    def salvages(self) -> bool:
        """Whether what is whole is kept."""
        return self._salvage

    @property
    def ignores(self) -> bool:
        """Whether `broken` means nothing now: the stream may begin anywhere, and has not begun."""
        return self._tolerant and not self._begun

    @property
    def raises(self) -> bool:
        """Whether `broken` raises now."""
        return not self._salvage and not self.ignores

    def _close(self, at: int, pts: int | None) -> None:
        """Let a gap end where something whole is shown again."""
        gap, self._open = self._open, None
        if gap is None:
            return
        lost = None
        if self._numbered:
            lost = at - (-1 if self.last is None else self.last.pts) - 1
        elif pts is not None:
            lost = self.lacking(self._before, pts)
        self.frames += lost or 0
        self._skipped += lost or 0
        end = float(max(at * self._base, Fraction(gap.start)))
        self.gaps.append(replace(gap, end=end))

    def skips(self, pts: int | None) -> bool:
        """Whether frames between the last one shown and one at this instant are missing."""
        if self._before is None or pts is None or self._numbered:
            return False
        return (self.lacking(self._before, pts) or 0) > 0

    def broken(self, why: str) -> None:
        """Something cannot be decoded.

        Raises DamagedError unless the stream may begin anywhere and has not begun, or what is whole
        is to be kept.
        """
        if self.ignores:
            return
        if self.raises:
            raise self._damage(why)
        if self._open is None:
            self._open = self._gap(why)

    def _gap(self, why: str) -> Gap:
        """After what was shown last."""
        return Gap(self.frames - 1 if self.frames else None, float(self._due()), None, why)

    def _due(self) -> Fraction:
        """When the next frame comes, in seconds, where they come evenly."""
        return Fraction(0) if self.last is None else self.last.pts * self._base + self.step

    def _damage(self, why: str) -> DamagedError:
        if self.last is None and not self.frames:
            end = ", so nothing can be salvaged" if self._salvage else ""
            return DamagedError(
                f"{self._name}: damaged before its first frame",
                why=why + end,
                remedy="" if end else "--on-corrupt salvage keeps what is whole after it",
            )
        at = "" if self.last is None else f" ({self.last.seconds:.3f} s)"
        return DamagedError(
            f"{self._name}: damaged after frame {self.frames - 1}{at}",
            why=why,
            remedy="copy it again, or keep what is whole with --on-corrupt salvage",
        )

    def check_end(self) -> None:
        """Raises DamagedError where less was there than the container declares."""
        self._heed(self._packets + 1)
        if self._hushed is not None:
            self._notes.append(
                f"its sound is damaged at {float(self._hushed):.3f} s:"
                f" {float(self._silent):.3f} s of it left out"
            )
        why = self._missing()
        if why and (self._ends_early() or not self._explained()):
            self.broken(why)
        if not self.frames and (why or self._open):
            raise self._damage(why or (self._open.why if self._open else ""))
        if self._open is not None:
            self.gaps.append(self._gap(self._open.why))
            self._open = None
        if self.gaps:
            self._notes.append(note_of(self.gaps, self._kept))

    def _explained(self) -> bool:
        """Whether the gaps so far are all that is missing."""
        if self._open is not None or not self._declared:
            return bool(self.gaps or self._open)
        ends = sum(Fraction(g.end - g.start) for g in self.gaps if g.end is not None)
        lost = round(ends / self.step) if self.step and not self._skipped else 0
        return bool(self.gaps) and self._seen() + lost >= self._declared

    def _seen(self) -> int:
        return self._packets if self._numbered else self.frames + self._unseen

    def _missing(self) -> str:
        """What is missing at the end, in words."""
        if not self.frames:
            broken = self._open is not None
            return f"it holds no frame that {'is whole' if broken else 'can be decoded'}"
        if self._seen() < self._declared:
            return f"{self._declared} frames are declared, {self._seen()} are there"
        if not self._declared and self._ends_early():
            return f"{float(self._until):.3f} s are declared, it ends at {float(self._end):.3f} s"
        return cut_short(self._path, self._kind, declared=self._declared > 0)

    def _ends_early(self) -> bool:
        # Less one frame, of pictures or sound: the last may last for as long as the longest did.
        slack = max(self.step, self._longest, self._longest_sound) + Fraction(1, 100)
        return self._end + slack < self._until


def rate_of(stream: VideoStream) -> Fraction | None:
    """Average frames a second; None where there is nothing to go by."""
    rates = (stream.average_rate, stream.guessed_rate, stream.base_rate)
    return next((rate for rate in rates if rate and rate <= _FASTEST), None)


def origin_of(container: InputContainer, base: Fraction) -> Fraction:
    """The instant, in seconds of the file's clock and in whole ticks, that counts as 0."""
    start = container.start_time if container.format.name in _OWN_CLOCK else None
    return round(Fraction(start, 1_000_000) / base) * base if start is not None else Fraction(0)
