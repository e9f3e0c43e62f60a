"""Moving inputs of every kind, whose frames say by their level which they are."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import cv2
import numpy as np
from av.video.stream import VideoStream

from cvkit.core.time import Time
from cvkit.core.values import Image
from cvkit.io.codecs.asked import Asked
from cvkit.io.sinks.animation import AnimationWriter
from cvkit.io.sinks.encoding import Encoding
from cvkit.io.sinks.video import VideoWriter
from cvkit.io.sources.opening import open_moving

FRAMES = 12
RATE = 25
SIZE = (96, 64)
_LEVELS = range(20, 20 + 18 * FRAMES, 18)


@dataclass(frozen=True)
class Kind:
    """A kind of moving input and how a small one is made."""

    name: str
    make: Callable[[Path], Path]
    tells_length: bool = True
    """Whether the file itself says how much of it there is, so that a cut is seen."""


def picture(number: int, size: tuple[int, int] = SIZE) -> np.ndarray:
    """(h, w, 3) uint8: one grey level a frame, with a white bar in the second half of the picture
    so that codecs have an edge to keep."""
    w, h = size
    out = np.full((h, w, 3), _LEVELS[number % FRAMES], np.uint8)
    out[h // 2 :, : w // 8] = 255
    return out


def number_of(image: Image) -> int:
    """Which frame a picture is, by its level."""
    level = float(np.median(image.gray[: image.size[1] // 2]))
    return round((level - _LEVELS[0]) / _LEVELS.step)


def _encoded(container: str, codec: str, pix_fmt: str = "yuv420p", **options: str):
    def make(path: Path) -> Path:
        with av.open(str(path), "w", format=container) as file:
            stream = cast("VideoStream", file.add_stream(codec, rate=RATE, options=options))
            stream.width, stream.height, stream.pix_fmt = *SIZE, pix_fmt
            stream.codec_context.bit_rate = 4_000_000
            for number in range(FRAMES):
                frame = av.VideoFrame.from_ndarray(picture(number), format="bgr24")
                frame = frame.reformat(
                    format=pix_fmt, dst_color_range=2 if pix_fmt.startswith("yuvj") else 1
                )
                frame.pts, frame.time_base = number, Fraction(1, RATE)
                file.mux(stream.encode(frame))
            file.mux(stream.encode())
        return path

    return make


def _written(container: str, codec: str) -> Callable[[Path], Path]:
    """By cvkit's writer: SVT-AV1 left alone makes its caller a real-time process."""

    def make(path: Path) -> Path:
        writer = VideoWriter(path, container, rate=Fraction(RATE), encoding=Encoding(codec=codec))
        with writer:
            for number in range(FRAMES):
                writer.write(Time(number, Fraction(1, RATE)), Image.of(picture(number)))
        return path

    return make


def _animated(path: Path) -> Path:
    writer = AnimationWriter(path, path.suffix[1:], rate=Fraction(RATE), quality=100)
    for number in range(FRAMES):
        writer.write(Time(number, Fraction(1, RATE), 1), Image.of(picture(number)))
    writer.close()
    return path


def _numbered(path: Path) -> Path:
    path.mkdir()
    for number in range(FRAMES):
        cv2.imwrite(str(path / f"f_{number:03d}.png"), picture(number))
    return path


KINDS = {
    kind.name: kind
    for kind in (
        Kind("h264.mp4", _encoded("mp4", "libx264", bf="2", g="6")),
        Kind("h264.mov", _encoded("mov", "libx264")),
        Kind("hevc.mp4", _encoded("mp4", "libx265", **{"x265-params": "log-level=none"})),
        Kind("av1.mkv", _written("mkv", "av1")),
        Kind("h264.mkv", _encoded("matroska", "libx264", bf="2")),
        Kind("ffv1.mkv", _encoded("matroska", "ffv1", "yuv444p")),
        Kind("vp9.webm", _encoded("webm", "libvpx-vp9", deadline="realtime")),
        Kind("vp8.webm", _encoded("webm", "libvpx", deadline="realtime")),
        Kind("mpeg4.avi", _encoded("avi", "mpeg4", bf="0")),
        Kind("mjpeg.avi", _encoded("avi", "mjpeg", "yuvj422p")),
        Kind("mpeg4.3gp", _encoded("3gp", "mpeg4")),
        Kind("h264.ts", _encoded("mpegts", "libx264"), tells_length=False),
        Kind("mpeg2.mpg", _encoded("mpeg", "mpeg2video"), tells_length=False),
        Kind("h264.flv", _encoded("flv", "libx264"), tells_length=False),
        Kind("wmv2.wmv", _encoded("asf", "wmv2"), tells_length=False),
        Kind("bare.h264", _encoded("h264", "libx264"), tells_length=False),
        Kind("raw.y4m", _encoded("yuv4mpegpipe", "rawvideo"), tells_length=False),
        Kind("a.gif", _animated),
        Kind("a.webp", _animated),
        Kind("a.apng", _animated),
        Kind("numbered", _numbered, tells_length=False),
    )
}


def source(kind: Kind, path: Path) -> str:
    """What a user would type for it."""
    return f"seq:{path}" if path.is_dir() else str(path)


def read(text: str) -> list[tuple[float, int]]:
    """Time and number of every frame."""
    with open_moving(text, Asked(fps=Fraction(RATE))) as moving:
        return [(time.seconds, number_of(image)) for time, image in moving]


def held() -> tuple[int, int]:
    """Threads and file handles of this process."""
    return threading.active_count(), len(os.listdir("/proc/self/fd"))
