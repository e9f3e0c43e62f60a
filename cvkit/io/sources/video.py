"""Read a video with FFmpeg: every frame, its exact time, its planes as they were decoded."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

import numpy as np

from cvkit.core.errors import DamagedError, InputError
from cvkit.core.grid import Grid
from cvkit.core.time import Time
from cvkit.core.values import Decoded, Image, frozen
from cvkit.core.warp import Array, Size
from cvkit.io.planes import Planes, pixels_of
from cvkit.io.sound import Sound

if TYPE_CHECKING:
    import av
    from av.container import InputContainer
    from av.video.stream import VideoStream

# Containers whose declared duration is a statement, not an estimate from the bit rate.
_DECLARE_DURATION = ("matroska,webm", "mov,mp4,m4a,3gp,3g2,mj2", "avi")
# Streams that may begin anywhere: what cannot be decoded before the first whole frame is normal.
_BEGIN_ANYWHERE = ("mpegts", "mpeg", "mpegvideo", "h264", "hevc", "rtsp")
# Lists that name other files or addresses: what they name was not on the command line.
_LISTS = (b"#EXTM3U", b"ffconcat", b"[playlist]", b"v=0\r\n", b"v=0\n")
_LIST_FORMATS = ("hls", "concat", "dash", "sdp", "imf")


class Clip:
    """An opened video. Iterate it once for (Time, Image); use as a context manager or `close`."""

    def __init__(self, path: Path, container: InputContainer, stream: VideoStream) -> None:
        self._name = path.name
        self._path = path
        self._container: InputContainer | None = container
        self._stream: VideoStream | None = stream
        self._decoded = _decode(path.name, container, stream)
        self._sound: Sound | None = None
        self._has_sound = bool(container.streams.audio)
        self._started = False
        self.container = container.format.name
        """FFmpeg's name of the container format."""
        self.time_base = stream.time_base or Fraction(1, 1000)
        self.rate = stream.average_rate or stream.guessed_rate or None
        """Average frames a second."""
        self.frames_declared = stream.frames or None
        """How many frames the container says there are."""
        self.duration = _duration(container, stream)
        """Seconds, as the container says."""
        self.notes: list[str] = []
        first = next(self._decoded)  # the display matrix travels with the frames
        self._first: tuple[Time, Image] | None = first
        self.size: Size = first[1].size

    @property
    def sound(self) -> Sound | None:
        """The encoded sound, or None where there is none."""
        if self._sound is None and self._has_sound:
            self._sound = Sound.of_file(self._path)
            self._has_sound = self._sound is not None
        return self._sound

    def __iter__(self) -> Iterator[tuple[Time, Image]]:
        """Every frame in the order it is shown.

        Raises DamagedError, with the last good frame, where bytes are missing or wrong.
        """
        if self._started:
            raise RuntimeError(f"{self._name} has been iterated; open it again")
        self._started = True
        first, self._first = self._first, None
        if first is not None:
            yield first
        del first
        yield from self._decoded

    def close(self) -> None:
        """Free decoder, threads and file; harmless when repeated."""
        self._decoded.close()
        self._first = None
        self._stream = None
        container, self._container = self._container, None
        if container is not None:
            container.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def open_video(path: str | Path, *, max_pixels: int = 500_000_000) -> Clip:
    """Open a local video file.

    Raises DamagedError where it is empty, cut before its index or damaged before its first frame;
    InputError where it cannot be read, has no video, or a frame has more than `max_pixels`.
    """
    import av

    path = Path(path)
    name = path.name
    start = _start(path)
    try:
        # `file:` keeps a name with a colon from being taken for a protocol. The bound holds for
        # frames that grow in the middle of the stream, too.
        container = av.open(
            f"file:{path}",
            "r",
            options={"protocol_whitelist": "file", "max_pixels": str(max_pixels)},
        )
    except av.FFmpegError as error:
        raise _unreadable(name, start, error) from error
    try:
        return Clip(path, container, _video_stream(name, container, max_pixels))
    except BaseException:
        container.close()
        raise


def _start(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            start = file.read(64)
    except OSError as error:
        raise InputError(
            f"{path.name}: cannot be read", why=error.strerror or str(error)
        ) from error
    if not start:
        raise DamagedError(f"{path.name}: damaged", why="the file is empty")
    if start.startswith(_LISTS):
        raise InputError(
            f"{path.name}: a playlist, not a video",
            why="it names other files",
            remedy="name those instead",
        )
    return start


def _unreadable(name: str, start: bytes, error: Exception) -> InputError:
    if start[4:8] in (b"ftyp", b"moov", b"mdat", b"free", b"wide"):
        return DamagedError(
            f"{name}: damaged",
            why="its index (moov) is missing or broken, so no frame can be found",
            remedy="copy or record it again",
        )
    why = getattr(error, "strerror", None) or str(error)
    return InputError(f"{name}: not a video that FFmpeg can read", why=str(why))


def _video_stream(name: str, container: InputContainer, max_pixels: int) -> VideoStream:
    from av.stream import Disposition

    kind = container.format.name
    if kind in _LIST_FORMATS:
        raise InputError(f"{name}: a playlist, not a video", remedy="name its files instead")
    if kind.endswith("_pipe") or kind.startswith("image2"):
        raise InputError(f"{name}: not a video", why="FFmpeg takes it for a picture")
    streams = [s for s in container.streams.video if s.disposition & Disposition.attached_pic == 0]
    if not streams:
        raise InputError(f"{name}: holds no video")
    best = container.streams.best("video")
    stream = next((s for s in streams if best is not None and s.index == best.index), streams[0])
    if stream.codec_context is None:
        raise InputError(f"{name}: FFmpeg has no decoder for its video")
    w, h = stream.codec_context.width, stream.codec_context.height
    if w * h > max_pixels:
        raise InputError(
            f"{name}: {w}×{h} is more than {max_pixels} pixels",
            remedy="raise --max-pixels if you trust the file",
        )
    if not w or not h:
        raise DamagedError(f"{name}: damaged", why="its pictures have no size")
    stream.codec_context.options = {"max_pixels": str(max_pixels)}
    stream.thread_type = "AUTO"
    return stream


def _duration(container: InputContainer, stream: VideoStream) -> float | None:
    if stream.duration is not None and stream.time_base:
        return float(stream.duration * stream.time_base)
    return container.duration / 1_000_000 if container.duration is not None else None


class _Account:
    """What was read and shown of one stream, to tell at the end whether it was all of it."""

    def __init__(self, name: str, container: InputContainer, stream: VideoStream) -> None:
        self.name = name
        self.base = stream.time_base or Fraction(1, 1000)
        rate = stream.average_rate or stream.guessed_rate
        self.step = 1 / rate if rate else Fraction(0)
        self.declared = stream.frames
        # A placeholder packet of an AVI shows no frame of its own, and Xvid packs two into one.
        self.packets_count = container.format.name == "avi"
        honest = container.format.name in _DECLARE_DURATION and not self.declared
        self.until = Fraction(container.duration or 0, 1_000_000) if honest else Fraction(0)
        self.packets = 0
        self.unseen = 0
        self.frames = 0
        self.end = Fraction(0)
        self.last: Time | None = None
        self.longest = Fraction(0)

    def packet(self, packet: av.Packet[av.stream.Stream], *, video: bool) -> None:
        if packet.pts is not None:
            end = (packet.pts + (packet.duration or 0)) * packet.time_base
            self.end = max(self.end, end)
        if video:
            self.packets += 1
            self.unseen += packet.is_discard or not packet.size

    def shown(self, pts: int | None) -> Time:
        """Count a frame; its time, made from the rate where it has none."""
        if pts is None:
            ticks = round(self.step / self.base)
            pts = 0 if self.last is None else self.last.pts + max(ticks, 1)
        if self.last is not None:
            self.longest = max(self.longest, (pts - self.last.pts) * self.base)
        self.last = Time(pts, self.base)
        self.end = max(self.end, pts * self.base)
        self.frames += 1
        return self.last

    def damage(self, why: str) -> DamagedError:
        if self.last is None:
            return DamagedError(f"{self.name}: damaged before its first frame", why=why)
        where = f"after frame {self.frames - 1} ({self.last.seconds:.3f} s)"
        return DamagedError(
            f"{self.name}: damaged {where}", why=why, remedy="copy or record it again"
        )

    def check_end(self) -> None:
        """Raises DamagedError where less was there than the container declares."""
        if not self.frames:
            raise self.damage("it holds no frame that can be decoded")
        seen = self.packets if self.packets_count else self.frames + self.unseen
        if seen < self.declared:
            raise self.damage(f"{self.declared} frames are declared, {seen} are there")
        # Less one frame: the last may be shown for as long as the longest was.
        slack = max(self.step, self.longest) + Fraction(1, 100)
        if self.end + slack < self.until:
            raise self.damage(
                f"{float(self.until):.3f} s are declared, it ends at {float(self.end):.3f} s"
            )


def _decode(
    name: str, container: InputContainer, stream: VideoStream
) -> Generator[tuple[Time, Image]]:
    import av

    account = _Account(name, container, stream)
    tolerant = container.format.name in _BEGIN_ANYWHERE
    packets = container.demux()
    ended = False
    while not ended:
        try:
            packet = next(packets, None)
            # The end of the packets, and the empty ones PyAV adds there, drain the decoder once.
            ended = packet is None or (packet.dts is None and not packet.size)
            if packet is not None and not ended:
                video = packet.stream_index == stream.index
                account.packet(packet, video=video)
                # A packet of no bytes would tell the decoder that the stream is over.
                if not video or not packet.size:
                    continue
            frames = stream.decode(None if ended else packet)
        except av.FFmpegError as error:
            if tolerant and not account.frames and isinstance(error, av.InvalidDataError):
                continue
            raise account.damage(error.strerror or str(error)) from error
        while frames:
            frame = frames.pop(0)
            if frame.is_corrupt:
                raise account.damage("the next frame is broken")
            image = _image(frame)
            pts = frame.pts
            del frame  # its memory goes back to the decoder while the image is in work
            yield account.shown(pts), image
    account.check_end()


def _image(frame: av.VideoFrame) -> Image:
    pixels, alpha = pixels_of(frame)
    # The matrix itself would also tell of mirroring, but PyAV 18's `Frame.side_data` frees a
    # dictionary twice (an ICC profile's), so only the angle is asked for.
    turns, rest = divmod(frame.rotation, 90)
    if turns % 4 and not rest:
        if isinstance(pixels, Planes):
            pixels = pixels.turned(turns)
        else:
            pixels = Decoded(_turned(pixels.bgr(), turns), _turned(pixels.gray(), turns))
        alpha = None if alpha is None else _turned(alpha, turns)
    return Image(Grid.of(pixels.size), pixels, alpha)


def _turned(array: Array, turns: int) -> Array:
    return frozen(np.ascontiguousarray(np.rot90(array, turns)))
