"""Open a video file with FFmpeg: its container, the stream to read and the decoder for it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from cvkit.core.errors import DamagedError, InputError

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.codeccontext import VideoCodecContext
    from av.video.stream import VideoStream

# Lists that name other files or addresses: what they name was not on the command line.
_LISTS = (b"#EXTM3U", b"ffconcat", b"[playlist]", b"v=0\r\n", b"v=0\n")
# How Matroska, AVI, FLV, Ogg, ASF, IVF and raw video begin.
_STARTS = (
    *(b"\x1aE\xdf\xa3", b"RIFF", b"FLV\x01", b"OggS", b"0&\xb2u\x8ef\xcf\x11"),
    *(b"DKIF", b"YUV4MPEG2"),
)
_LIST_FORMATS = ("hls", "concat", "dash", "sdp", "imf")
# FFmpeg's own decoders of these leave their alpha out.
_WITH_ALPHA = {"vp8": "libvpx", "vp9": "libvpx-vp9"}


@dataclass
class Opened:
    """A container with the stream that is read of it. `close` it, or use it as a context."""

    path: Path
    container: InputContainer
    stream: VideoStream
    decoder: VideoCodecContext
    streams: int
    """How many videos it holds, covers not counted."""

    @property
    def name(self) -> str:
        return self.path.name

    def close(self) -> None:
        """Free decoder, threads and file; harmless when repeated."""
        self.container.close()

    def __enter__(self) -> Opened:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_container(path: Path, *, max_pixels: int, salvage: bool = False) -> Opened:
    """Raises DamagedError where it is empty or cut before its index; InputError where it cannot
    be read, has no video, or its frames have more than `max_pixels`."""
    import av

    start = _start(path)
    # One JPEG after the other looks like a picture to FFmpeg.
    kind = "mjpeg" if path.suffix.lower() in (".mjpeg", ".mjpg") else None
    try:
        # `file:` keeps a name with a colon from being taken for a protocol. The bound holds for
        # frames that grow in the middle of the stream, too.
        container = av.open(
            f"file:{path}",
            "r",
            format=kind if start.startswith(b"\xff\xd8") else None,
            options={"protocol_whitelist": "file", "max_pixels": str(max_pixels)},
            metadata_errors="replace",
        )
    except av.FFmpegError as error:
        raise _unreadable(path.name, start, error, salvage=salvage) from error
    try:
        streams = _videos(path.name, container)
        best = container.streams.best("video")
        stream = next(
            (s for s in streams if best is not None and s.index == best.index), streams[0]
        )
        decoder = _decoder(path.name, stream, max_pixels)
        if salvage:  # what threads make of a broken frame depends on which is faster
            decoder.thread_count = 1
        return Opened(path, container, stream, decoder, len(streams))
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


def _unreadable(name: str, start: bytes, error: Exception, *, salvage: bool) -> InputError:
    if start[4:8] in (b"ftyp", b"moov", b"mdat", b"free", b"wide", b"skip"):
        nothing = " and nothing can be salvaged" if salvage else ""
        return DamagedError(
            f"{name}: damaged",
            why=f"its index (moov) is missing or broken, so no frame can be found{nothing}",
            remedy="copy or record it again",
        )
    why = getattr(error, "strerror", None) or str(error)
    if start.startswith(_STARTS):
        return DamagedError(
            f"{name}: damaged",
            why=f"its header is cut or broken ({why}), so no frame can be found",
            remedy="copy or record it again",
        )
    return InputError(f"{name}: not a video that FFmpeg can read", why=str(why))


def _videos(name: str, container: InputContainer) -> list[VideoStream]:
    from av.stream import Disposition

    kind = container.format.name
    if kind in _LIST_FORMATS:
        raise InputError(f"{name}: a playlist, not a video", remedy="name its files instead")
    if kind.endswith("_pipe") or kind.startswith("image2"):
        raise InputError(f"{name}: not a video", why="FFmpeg takes it for a picture")
    streams = [s for s in container.streams.video if s.disposition & Disposition.attached_pic == 0]
    if not streams:
        raise InputError(f"{name}: holds no video")
    return streams


def _decoder(name: str, stream: VideoStream, max_pixels: int) -> VideoCodecContext:
    context = stream.codec_context
    if context is None:
        raise InputError(f"{name}: FFmpeg has no decoder for its video")
    w, h = context.width, context.height
    if w * h > max_pixels:
        raise InputError(
            f"{name}: {w}×{h} is more than {max_pixels} pixels",
            remedy="raise --max-pixels if you trust the file",
        )
    if not w or not h:
        raise DamagedError(f"{name}: damaged", why="its pictures have no size")
    if stream.metadata.get("alpha_mode") == "1" and context.name in _WITH_ALPHA:
        context = _alpha_decoder(context)
    context.options = {"max_pixels": str(max_pixels)}
    context.thread_type = "AUTO"
    return context


def _alpha_decoder(context: VideoCodecContext) -> VideoCodecContext:
    """One that gives the alpha, too; without libvpx in FFmpeg the one that there is."""
    import av

    try:
        made = av.CodecContext.create(_WITH_ALPHA[context.name], "r")
    except ValueError:  # UnknownCodecError is one
        return context
    if context.extradata:
        made.extradata = context.extradata
    return cast("VideoCodecContext", made)
