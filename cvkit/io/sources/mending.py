"""What of a damaged video is whole: nothing between the damage and where decoding can begin anew.

Frames are made from those before them, so one that is broken smears all that follow, up to a key
frame, and those before it in time that were made from it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING

from cvkit.io.sources.account import Account

if TYPE_CHECKING:
    import av
    from av.video.codeccontext import VideoCodecContext

# After a flush it shows nothing before a key frame or a recovery point has made the picture whole,
# which with intra refresh is the only way back: no key frame comes again.
_WAITS = ("h264",)
_BOTH_WAYS = 3  # AV_PICTURE_TYPE_B: made from frames that are shown later, too
# So many lie between two that are made from earlier ones alone; some encoders make no others.
_BETWEEN = 16
# Key frames that may lie between what was sent to a decoder and what it shows.
_AHEAD = 64


class Mending:
    """The frames of a stream that are whole; None where damage lies between two of them."""

    def __init__(self, decoder: VideoCodecContext, account: Account) -> None:
        self._decoder, self._account = decoder, account
        self._waits = decoder.name in _WAITS
        self._alone = decoder.codec.intra_only
        self._held: list[av.VideoFrame] = []
        self._keys: deque[int] = deque(maxlen=_AHEAD)
        self._lost = self._flushed = False
        self._begins: int | None = None

    def sent(self, packet: av.Packet[av.stream.Stream]) -> Iterator[av.VideoFrame | None]:
        """What comes of a packet."""
        if packet.is_keyframe and packet.pts is not None:
            self._keys.append(packet.pts)
        yield from self._decoded(packet)

    def missing(self, why: str) -> Iterator[av.VideoFrame | None]:
        """A packet is not there; what was sent before it is whole, which may be shown later."""
        if self._account.ignores:
            return
        for frame in self._drained():
            if frame is not None and self._account.skips(frame.pts):
                yield None
                self._account.broken(why)
            yield frame
        self._flush()
        yield from self._broken(why)

    def end(self) -> Iterator[av.VideoFrame | None]:
        """What is left."""
        yield from self._drained()

    def _drained(self) -> Iterator[av.VideoFrame | None]:
        yield from self._decoded(None)
        yield from self._released()

    def _decoded(
        self, packet: av.Packet[av.stream.Stream] | None
    ) -> Iterator[av.VideoFrame | None]:
        import av

        try:
            frames = self._decoder.decode(packet)
        except av.EOFError:  # it was drained before
            return
        except av.FFmpegError as error:
            why = error.strerror or str(error)
            if packet is None:
                yield from self._broken(why)
            else:
                yield from self.missing(why)
            return
        while frames:
            frame = frames.pop(0)
            if not frame.is_corrupt:
                yield from self._whole(frame)
                continue
            self._held.clear()  # they may have been made from it
            if self._account.ignores:
                continue
            yield from self._broken("the next frame is broken")
            at = frame.pts
            self._begins = next((k for k in self._keys if at is None or k > at), None)
            if self._begins is None and packet is not None:
                self._decoder.decode(None)
                self._flush()
                return

    def _whole(self, frame: av.VideoFrame) -> Iterator[av.VideoFrame | None]:
        if self._lost and not self._anew(frame):
            return
        self._lost = self._flushed = False
        self._begins = None
        if int(frame.pict_type) == _BOTH_WAYS:
            self._held.append(frame)
            if len(self._held) > _BETWEEN:
                yield self._held.pop(0)
            return
        yield from self._released()
        yield frame

    def _anew(self, frame: av.VideoFrame) -> bool:
        """Whether nothing before this frame is needed for it and those after it."""
        if self._begins is not None and frame.pts is not None and frame.pts >= self._begins:
            return True
        return bool(frame.key_frame) or self._alone or (self._waits and self._flushed)

    def _broken(self, why: str) -> Iterator[None]:
        yield None
        self._account.broken(why)
        self._lost = True

    def _released(self) -> Iterator[av.VideoFrame]:
        while self._held:
            yield self._held.pop(0)

    def _flush(self) -> None:
        self._decoder.flush_buffers()
        self._flushed = True
        self._keys.clear()
