"""Which encoder a video gets, and with what settings."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import cv2

from cvkit.core.errors import ParameterError
from cvkit.core.warp import Size
from cvkit.io.planes import SUBSAMPLING, Layout

FORMATS = {"mp4": "mp4", "m4v": "mp4", "mov": "mov", "mkv": "matroska", "webm": "webm"}
"""FFmpeg's muxer for each suffix that can be written."""
_ENCODERS = {"h264": "libx264", "hevc": "libx265", "h265": "libx265", "vp9": "libvpx-vp9"}
_AVX512 = 256  # OpenCV's CPU_AVX512_SKX, which Python's cv2 does not name
ODD_SIZES = ("libvpx-vp9", "libvpx", "libaom-av1")
"""Encoders whose 4:2:0 may have odd sides; the others get a row or column more."""
# x264's and libvpx's output depends on the number of threads, so it is a constant of the picture's
# size: up to so many pixels, so many threads.
_THREADS = ((640 * 480, 2), (1280 * 720, 4), (1920 * 1088, 6), (3840 * 2160, 8))


@dataclass(frozen=True, slots=True)
class Encoding:
    """What the command line says of the encoder; None is cvkit's default."""

    codec: str | None = None
    """`h264`, `hevc`, `vp9` or the name of one of FFmpeg's encoders."""
    crf: int | None = None
    preset: str | None = None
    bitrate: int | None = None
    """Bits a second; instead of `crf`."""
    pix_fmt: str | None = None
    fps: Fraction | None = None
    """Show frame i at i / fps, whatever its time was; the sound is then left out."""


_PRESETS = (
    *("ultrafast", "superfast", "veryfast", "faster", "fast"),
    *("medium", "slow", "slower", "veryslow", "placebo"),
)


def encoder_of(encoding: Encoding, suffix: str) -> str:
    """The name of FFmpeg's encoder. Raises ParameterError where there is none."""
    import av

    if encoding.crf is not None and encoding.bitrate is not None:
        raise ParameterError("--crf and --bitrate exclude each other", remedy="give one")
    asked = encoding.codec or ("vp9" if suffix == "webm" else "h264")
    name = _ENCODERS.get(asked, asked)
    try:
        codec = av.Codec(name, "w")
    except (av.codec.codec.UnknownCodecError, ValueError) as error:
        raise ParameterError(
            f"no video encoder {asked!r}", remedy=f"try {', '.join(_ENCODERS)}"
        ) from error
    if codec.type != "video":
        raise ParameterError(f"{asked} encodes {codec.type}, not video")
    return name


def options_of(encoder: str, encoding: Encoding) -> dict[str, str]:
    """What the encoder is opened with."""
    options: dict[str, str] = {}
    if encoder in ("libx264", "libx265"):
        options = {"preset": "veryfast", "crf": "23" if encoder == "libx264" else "28"}
        if encoder == "libx264" and cv2.checkHardwareSupport(_AVX512):
            # x264's AVX-512 code reads memory that nobody wrote, so its bytes change from run to
            # run; without it they are those of every other processor, and it is no slower.
            options["x264-params"] = "asm=AVX2,FMA3,BMI2,LZCNT"
    elif encoder == "libvpx-vp9":
        options = {"deadline": "realtime", "cpu-used": "6", "crf": "31"}
    if encoding.bitrate is not None:
        options.pop("crf", None)
    if encoding.crf is not None:
        options["crf"] = str(encoding.crf)
    if encoding.preset is not None:
        if encoder in ("libx264", "libx265") and encoding.preset not in _PRESETS:
            raise ParameterError(
                f"{encoder} has no preset {encoding.preset}", remedy=f"it has {', '.join(_PRESETS)}"
            )
        options["preset"] = encoding.preset
    return options


def muxing_of(muxer: str, base: Fraction) -> dict[str, str]:
    """What the container is opened with; `base` is a tick of the video."""
    if muxer in ("matroska", "webm"):
        # Sound that begins before 0 (an encoder's run-in) would move every frame.
        return {"avoid_negative_ts": "disabled"}
    # A first frame after 0 is placed in the film's own ticks: at least as fine as the frames'.
    ticks = base.denominator
    while ticks < 10_000:
        ticks *= 2
    return {"movflags": "+faststart", "movie_timescale": str(min(ticks, 2**31 - 1))}


def threads_of(size: Size) -> int:
    """Encoder threads: of the size alone, never of the machine or its load."""
    pixels = size[0] * size[1]
    return next((threads for limit, threads in _THREADS if pixels <= limit), 12)


def layout_of(pix_fmt: str) -> Layout:
    """How a pixel format samples chroma. Raises ParameterError for one that is not written."""
    import av

    try:
        form = av.VideoFormat(pix_fmt)
    except ValueError as error:
        raise ParameterError(f"no pixel format {pix_fmt!r}", remedy="try yuv420p") from error
    names = {(shape[0], shape[1]): layout for layout, shape in SUBSAMPLING.items()}
    if not form.is_rgb and len(form.components) == 3 and not pix_fmt.startswith("yuvj"):
        layout = names.get((8 // form.chroma_width(8), 8 // form.chroma_height(8)))
        if layout is not None:
            return layout
    raise ParameterError(
        f"pixel format {pix_fmt!r} is not written", remedy="try yuv420p, yuv422p or yuv444p"
    )
