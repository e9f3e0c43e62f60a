"""Decode a video stream: packets in, frames out, each whole, upright and at its time."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import chain, pairwise
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from cvkit.core.grid import Grid
from cvkit.core.time import Time
from cvkit.core.units import Duration
from cvkit.core.values import Image
from cvkit.io.deep import bits_of, deep_pixels_of
from cvkit.io.planes import pixels_of
from cvkit.io.sources.account import Account
from cvkit.io.sources.containers import Opened
from cvkit.io.sources.mending import Mending
from cvkit.io.sources.tails import broken_at
from cvkit.io.sources.upright import Stand, stand_of

if TYPE_CHECKING:
    import av
    from av.filter import Graph

Read: TypeAlias = "av.Packet[av.stream.Stream] | str"
"""A packet, or why one could not be read."""
# So many packets after one that FFmpeg says is broken the next file may begin.
_AHEAD = 2
_PART = "a part of its bytes is missing"
# Reading that fails so often in a row does not get anywhere any more.
FAILURES = 1000
_PQ, _HLG = 16, 18  # H.273 transfer characteristics


class Shown(NamedTuple):
    """A frame: its number and time, its picture, and its time as the file has it."""

    number: int
    time: Time
    image: Image
    pts: int | None


class AstrayError(Exception):
    """What is shown after seeking is not what the packets announced."""


def before(index: int, time: Time, edge: Duration) -> bool:
    """Whether a frame comes before an edge in frames or seconds."""
    if edge.unit == "f":
        return index < edge.value
    return bool(time.pts * time.base < edge.value)


@dataclass
class Wish:
    """How frames are wanted; `notes` takes what the user should know."""

    deep: bool = False
    deinterlace: bool = False
    notes: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        """Say something once."""
        if text not in self.notes:
            self.notes.append(text)


class Decoding:
    """One pass over the frames of an opened video."""

    def __init__(self, opened: Opened, account: Account, wish: Wish) -> None:
        self._opened, self._account, self._wish = opened, account, wish
        self._stands: dict[int, Stand] = {}
        self._weaver = Weaver() if wish.deinterlace else None
        self._first = True
        self._dts: int | None = None
        self._joint: av.Packet[av.stream.Stream] | None = None
        self.interlaced = False
        """Whether a frame was."""
        self.turned = False
        """Whether the last picture was turned by a quarter."""
        self.edge: Duration | None = None
        """Frames before it are counted, and no picture is made of them."""
        self.announced: Iterator[int] | None = None
        """After seeking: when frames are shown, from the key frame to the first one wanted."""

    def frames(self, packets: Iterator[Read] | None = None) -> Generator[Shown]:
        """Every frame from `edge` on in the order it is shown, from `packets` where they are not
        the file's own.

        Raises DamagedError, with the last good frame, where bytes are missing or wrong, and
        AstrayError where frames are not those `announced`.
        """
        account, edge = self._account, self.edge
        for frame in self._woven(packets if packets is not None else self.packets()):
            pts = frame.pts
            if self.announced is not None and not self._due(pts):
                continue
            time = account.shown(pts, frame.dts, 0 if self._weaver else frame.duration or 0)
            index = account.frames - 1
            if edge is not None:
                if before(index, time, edge):
                    continue
                edge = self.announced = None
            image = self._image(frame)
            del frame  # its memory goes back to the decoder while the image is in work
            yield Shown(index, time, image, pts)
            del image
        account.check_end()

    def _due(self, pts: int | None) -> bool:
        """Whether a frame is the next one announced, and not one that precedes the first."""
        assert self.announced is not None
        first, self._first = self._first, False
        due = next(self.announced, None)
        if pts is not None and due is not None and first and pts < due:
            self.announced, self._first = chain([due], self.announced), True
            return False
        if pts is None or pts != due:
            raise AstrayError
        return True

    def packets(self) -> Generator[Read]:
        """All packets from where the container stands; in words, where one cannot be read."""
        import av

        container, failures = self._opened.container, 0
        packets = container.demux()
        while failures < FAILURES:
            try:
                for packet in packets:
                    # At the end PyAV adds empty packets without a time.
                    if packet.dts is None and not packet.size:
                        return
                    failures = 0
                    yield packet
                return
            except av.FFmpegError as error:
                yield error.strerror or str(error)
                failures += 1
                packets = container.demux()

    def _woven(self, packets: Iterator[Read]) -> Iterator[av.VideoFrame]:
        """Frames as they are to be seen, whole ones of interlaced ones where that is wanted."""
        for frame in self._decoded(packets):
            if frame is None:  # the last one before damage has nothing after it
                yield from self._weaver.end() if self._weaver is not None else ()
                continue
            if self._weaver is not None:
                yield from self._weaver.push(frame)
            else:
                if frame.interlaced_frame and not self.interlaced:
                    self.interlaced = True
                    self._wish.note("interlaced: --deinterlace makes whole pictures of it")
                yield frame
            del frame
        if self._weaver is not None:
            yield from self._weaver.end()

    def _decoded(self, packets: Iterator[Read]) -> Iterator[av.VideoFrame | None]:
        """Frames as the decoder gives them; None where damage lies between two."""
        account, index = self._account, self._opened.stream.index
        mending = Mending(self._opened.decoder, account) if account.salvages else None
        if self._opened.container.format.name == "mpegts":
            packets = self._joined(packets)
        if mending is not None:
            packets = self._located(packets)
        for packet in packets:
            why = packet if isinstance(packet, str) else ""
            if not isinstance(packet, str):
                video = packet.stream_index == index
                account.packet(packet, video=video)
                # A packet of no bytes would tell the decoder that the stream is over.
                if not video or not packet.size:
                    continue
                self._dts = packet.dts
                why = _PART if packet.is_corrupt and packet is not self._joint else ""
            if mending is not None:
                yield from mending.missing(why) if why else mending.sent(packet)  # type: ignore[arg-type]
            elif why:
                if account.raises:
                    yield from self._before_break(packet)
                account.broken(why)
            else:
                yield from self._given(packet)  # type: ignore[arg-type]
        yield from mending.end() if mending is not None else self._given(None)

    def _joined(self, packets: Iterator[Read]) -> Iterator[Read]:
        """Packets of MPEG-TS, whose count of packets begins anew where two files were joined: what
        was not whole before it, as FFmpeg says, is, where a key frame follows."""
        index = self._opened.stream.index
        held: list[av.Packet[av.stream.Stream]] = []
        for packet in packets:
            if isinstance(packet, str) or packet.stream_index != index:
                yield packet
                continue
            held.append(packet)
            if len(held) > _AHEAD or not held[0].is_corrupt:
                if self._continued(held):
                    self._joint = held[0]
                    self._account.joint()
                yield held.pop(0)
        yield from held

    def _located(self, packets: Iterator[Read]) -> Iterator[Read]:
        """Packets without the one in which the structure of the file breaks, of which FFmpeg gives
        what it finds."""
        opened = self._opened
        broken = broken_at(opened.path, opened.container.format.name)
        if broken is None:
            yield from packets
            return
        (place, why), held = broken, None
        for packet in packets:
            if isinstance(packet, str) or packet.stream_index != opened.stream.index:
                yield packet
                continue
            if held is not None:
                yield why if (held.pos or 0) <= place < (packet.pos or 0) else held
            held = packet
        if held is not None:
            yield why if (held.pos or 0) <= place else held

    def _continued(self, held: list[av.Packet[av.stream.Stream]]) -> bool:
        """Whether a key frame comes soon after the first packet, and none seems to be missing."""
        for one, other in pairwise(held):
            if one.dts is None or other.dts is None:
                return False
            if (other.dts - one.dts) * one.time_base > self._account.step * 3 / 2:
                return False
        return any(packet.is_keyframe for packet in held[1:])

    def _before_break(self, packet: Read) -> Iterator[av.VideoFrame]:
        """What the decoder still holds, as far as it is shown before a packet that is missing."""
        until = self._dts if isinstance(packet, str) else packet.pts
        for frame in self._given(None):
            if frame.pts is not None and until is not None and frame.pts < until:
                yield frame

    def _given(self, packet: av.Packet[av.stream.Stream] | None) -> Iterator[av.VideoFrame]:
        """What the decoder gives for a packet, or for the end."""
        import av

        try:
            frames = self._opened.decoder.decode(packet)
        except av.EOFError:  # it was drained before
            return
        except av.FFmpegError as error:
            self._account.broken(error.strerror or str(error))
            return
        while frames:
            frame = frames.pop(0)
            if frame.is_corrupt:
                self._account.broken("the next frame is broken")
                continue
            yield frame
            del frame

    def _image(self, frame: av.VideoFrame) -> Image:
        bits = bits_of(frame.format) if frame.format.name not in _EIGHT_BITS else 8
        deep = bits > 8 and self._wish.deep
        if bits > 8 and not deep:
            self._wish.note(f"{bits} bits a channel are read as 8; --deep keeps them")
        if frame.color_trc in (_PQ, _HLG):
            kind = "PQ" if frame.color_trc == _PQ else "HLG"
            self._wish.note(f"high dynamic range ({kind}): shown as stored, so it looks pale")
        pixels, alpha = deep_pixels_of(frame) if deep else pixels_of(frame)
        stand = self._stand(frame)
        self.turned = stand.turns % 2 == 1
        pixels = stand.pixels(pixels)
        return Image(Grid.of(pixels.size), pixels, None if alpha is None else stand.of(alpha))

    def _stand(self, frame: av.VideoFrame) -> Stand:
        """The matrix is looked up once for each angle that frames have."""
        stand = self._stands.get(frame.rotation)
        if stand is None:
            stand = self._stands[frame.rotation] = stand_of(frame)
        return stand


_EIGHT_BITS = frozenset({"yuv420p", "yuvj420p", "nv12", "yuv444p", "yuv422p"})


class Weaver:
    """FFmpeg's bwdif: of each interlaced frame a whole one, at its time."""

    def __init__(self, parity: str = "auto") -> None:
        """`parity`: which field comes first, `tff` or `bff`, where frames do not say it."""
        self._parity = parity
        self._graph: Graph | None = None
        self._key: tuple[object, ...] = ()
        self._waiting: deque[tuple[int | None, int, int]] = deque()
        self._count = 0

    def push(self, frame: av.VideoFrame) -> Iterator[av.VideoFrame]:
        """Those that are ready; a frame needs the one after it."""
        key = (frame.width, frame.height, frame.format.name)
        if self._graph is None or key != self._key:
            yield from self.end()
            self._graph, self._key = _bwdif(frame, self._parity), key
        self._waiting.append((frame.pts, frame.colorspace, frame.color_range))
        # Times are put back afterwards; the filter wants some that advance.
        frame.pts = self._count = self._count + 1
        self._graph.push(frame)
        yield from self._ready()

    def end(self) -> Iterator[av.VideoFrame]:
        """The last one."""
        if self._graph is not None:
            self._graph.push(None)
            yield from self._ready()
            self._graph = None

    def _ready(self) -> Iterator[av.VideoFrame]:
        import av

        assert self._graph is not None
        while True:
            try:
                frame = self._graph.pull()
            except (av.BlockingIOError, av.EOFError):
                return
            frame.pts, frame.colorspace, frame.color_range = self._waiting.popleft()  # type: ignore[union-attr]
            yield frame  # type: ignore[misc]


def _bwdif(frame: av.VideoFrame, parity: str) -> Graph:
    import av.filter

    graph = av.filter.Graph()
    start = graph.add_buffer(
        width=frame.width, height=frame.height, format=frame.format, time_base=Fraction(1, 1000)
    )
    weave = graph.add("bwdif", f"mode=send_frame:parity={parity}:deint=all")
    end = graph.add("buffersink")
    start.link_to(weave)
    weave.link_to(end)
    graph.configure()
    return graph
