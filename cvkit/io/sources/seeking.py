"""Find a frame in a video without decoding what lies before it, and prove that it is the one.

The packets say when each frame is shown, so that reading them, which is many times cheaper than
decoding, numbers the frames. Decoding then begins at the key frame before. Where packets do not
tell (no times, two fields in packets of their own, clocks that jump), nothing is found, and
whoever asks decodes from the start.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import chain, islice, pairwise
from typing import TYPE_CHECKING

from cvkit.core.units import Duration
from cvkit.io.sources.decoding import FAILURES, Decoding, Read

if TYPE_CHECKING:
    import av
    from av.video.stream import VideoStream

    from cvkit.io.sources.containers import Opened

_UNKNOWN = -(1 << 62)
# Packets come at most so many before the frames that are shown earlier.
_REORDERED = 64
# How many key frames to go back where seeking does not land before the right one.
_TRIES = 4


def _numbers() -> array[int]:
    """A frame of hours of video takes a few bytes."""
    return array("q")


@dataclass
class Timetable:
    """What the packets of a stream say, in the order in which they lie in the file."""

    pts: array[int] = field(default_factory=_numbers)
    dts: array[int] = field(default_factory=_numbers)
    sizes: array[int] = field(default_factory=_numbers)
    keys: list[int] = field(default_factory=list)
    """Places of key frames in these lists."""
    silent: set[int] = field(default_factory=set)
    """Places of packets that show nothing."""
    whole: bool = False
    """Whether it goes to the stream's end."""
    shown: array[int] = field(default_factory=_numbers)
    """The instants of all frames, in order."""

    def add(self, packet: av.Packet[VideoStream], *, silent: bool) -> bool:
        """False where this packet does not let frames be numbered."""
        pts, dts, place = packet.pts, packet.dts, len(self.pts)
        if dts is None and (not self.dts or self.dts[-1] < _UNKNOWN + _REORDERED):
            dts = _UNKNOWN + place  # Matroska tells none, and the first ones cannot be worked out
        if pts is None or dts is None or (self.dts and dts <= self.dts[-1]):
            return False
        if packet.is_keyframe:
            self.keys.append(place)
        if silent:
            self.silent.add(place)
        self.pts.append(pts)
        self.dts.append(dts)
        self.sizes.append(packet.size)
        return True

    def finish(self, first: int) -> bool:
        """Order the frames from the one at `first` on, which is the one that a decoder gives
        first. False where they cannot be told apart."""
        silent = self.silent
        shown = sorted(p for i, p in enumerate(self.pts) if i not in silent and p >= first)
        self.shown = array("q", shown)
        return bool(shown) and shown[0] == first and all(a < b for a, b in pairwise(shown))

    def start_for(self, pts: int) -> list[int]:
        """Key frames to begin at for a frame, the nearest first: all that is shown from it on
        comes after it in the file."""
        highest, peaks = _UNKNOWN, []
        for value in self.pts:
            peaks.append(highest)
            highest = max(highest, value)
        whole = (k for k in self.keys if peaks[k] < self.pts[k] <= pts)
        return list(whole)[::-1]


def timetable(opened: Opened, first: int | None, edge: Duration | None) -> Timetable | None:
    """Of a freshly opened video, up to `edge` (frames, or seconds of the file's own clock), or to
    its end; `first` is when its first frame is shown. None where packets do not tell."""
    import av
    from av.stream import Discard

    stream = opened.stream
    if first is None or not stream.time_base:
        return None
    for other in opened.container.streams:
        if other.index != stream.index:  # its bytes are not even read
            other.discard = Discard.all
    table, until = Timetable(), _until(edge, stream.time_base)
    try:
        for packet in opened.container.demux(stream):
            if packet.dts is None and not packet.size:
                table.whole = True
                break
            if packet.is_corrupt or not table.add(packet, silent=_silent(packet, opened)):
                return None
            if until.reached(table):
                break
    except av.FFmpegError:
        return None
    return table if table.finish(first) else None


def instants(opened: Opened) -> array[int] | None:
    """When the frames of a freshly opened video are shown, in order, as its packets say, whether
    they can be decoded or not; None where packets do not tell."""
    import av

    found, last, failures = array("q"), _UNKNOWN, 0
    packets = opened.container.demux(opened.stream)
    while failures < FAILURES:
        try:
            for packet in packets:
                if packet.dts is None and not packet.size:
                    return _advancing(found)
                if packet.pts is None or (packet.dts is not None and packet.dts <= last):
                    return None
                last, failures = last if packet.dts is None else packet.dts, 0
                if not _silent(packet, opened):
                    found.append(packet.pts)
            break
        except av.FFmpegError:
            failures += 1
            packets = opened.container.demux(opened.stream)
    return _advancing(found)


def _advancing(found: array[int]) -> array[int] | None:
    shown = array("q", sorted(found))
    return shown if all(a < b for a, b in pairwise(shown)) else None


@dataclass(frozen=True)
class _Until:
    count: int | None
    pts: int | None

    def reached(self, table: Timetable) -> bool:
        """Whether every frame up to the edge and the edge itself are in."""
        if self.count is not None:
            return len(table.pts) - len(table.silent) > self.count + _REORDERED
        return self.pts is not None and table.dts[-1] > self.pts and len(table.pts) > _REORDERED


def _until(edge: Duration | None, base: Fraction) -> _Until:
    if edge is None:
        return _Until(None, None)
    if edge.unit == "f":
        return _Until(int(edge.value), None)
    return _Until(None, int(edge.value / base) + 1)


def _silent(packet: av.Packet[VideoStream], opened: Opened) -> bool:
    """Whether a packet shows no frame: it is a placeholder, lies before the edit's start, or says
    itself that it is only referred to."""
    if packet.is_discard or not packet.size:
        return True
    return opened.decoder.name in ("vp8", "libvpx") and not bytes(packet)[0] >> 4 & 1


def position_of(table: Timetable, edge: Duration, base: Fraction) -> int:
    """How many frames are shown before an edge."""
    if edge.unit == "f":
        return min(int(edge.value), len(table.shown))
    ticks = edge.value / base
    return bisect_left(table.shown, -(-ticks.numerator // ticks.denominator))


def packets_from(
    decoding: Decoding, opened: Opened, table: Timetable, pts: int
) -> tuple[int, Iterator[Read]] | None:
    """Bring an opened video to the key frame for the frame at `pts`: that packet's place in the
    table, and the packets from it on. None where seeking does not get there."""
    import av

    second = round(1 / (opened.stream.time_base or Fraction(1)))
    for place in table.start_for(pts)[:_TRIES]:
        if place == 0:
            return None
        shown, sent = table.pts[place], table.dts[place]
        # The first packets that MPEG gives after seeking may have the times of others.
        for instant in dict.fromkeys((shown, sent, sent - second)):
            if instant < _UNKNOWN + _REORDERED:
                continue
            try:
                opened.container.seek(instant, stream=opened.stream)
                found = _landed(decoding.packets(), opened.stream.index, table, place)
            except av.FFmpegError:
                continue
            if found is not None:
                return place, found
    return None


def _landed(
    packets: Iterator[Read], index: int, table: Timetable, place: int
) -> Iterator[Read] | None:
    """The packets from `place` on, where they are among the next ones."""
    wanted = (table.pts[place], table.sizes[place])
    for packet in islice(packets, 100_000):
        if isinstance(packet, str):
            return None
        if packet.stream_index != index:
            continue
        if (packet.pts, packet.size) == wanted and packet.is_keyframe:
            return chain([packet], packets)
        if packet.pts is None or (packet.is_keyframe and packet.pts >= wanted[0]):
            return None
    return None
