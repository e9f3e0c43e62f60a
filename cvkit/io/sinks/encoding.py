"""How a video is encoded: what is asked for, held against what the encoder takes."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import cv2

from cvkit.core.errors import ParameterError
from cvkit.core.warp import Size
from cvkit.io.sinks.encoders import Encoder, encoder_of, formats_of
from cvkit.io.sinks.forms import form_of, is_written

FORMATS = {"mp4": "mp4", "m4v": "mp4", "mov": "mov", "mkv": "matroska", "webm": "webm"}
"""FFmpeg's muxer for each suffix that can be written."""
_AVX512 = 256  # OpenCV's CPU_AVX512_SKX, which Python's cv2 does not name
# x264's and libvpx's output depends on the number of threads, so it is a constant of the picture's
# size: up to so many pixels, so many threads.
_THREADS = ((640 * 480, 2), (1280 * 720, 4), (1920 * 1088, 6), (3840 * 2160, 8))


@dataclass(frozen=True, slots=True)
class Encoding:
    """What the command line says of the encoder; None is cvkit's default."""

    codec: str | None = None
    """`h264`, `hevc`, `vp9`, `vp8`, `av1`, `mpeg4`, `mjpeg`, `prores`, `ffv1` or the name of one of
    FFmpeg's encoders."""
    crf: int | None = None
    preset: str | None = None
    bitrate: int | None = None
    """Bits a second; instead of `crf`."""
    pix_fmt: str | None = None
    fps: Fraction | None = None
    """Show frame i at i / fps, whatever its time was; the sound is then left out."""


def checked(encoding: Encoding, suffix: str) -> Encoder:
    """The encoder for a file of that suffix (without its dot).

    Raises ParameterError where it does not exist, does not go into the container, or does not take
    what is asked of it.
    """
    encoder = encoder_of(encoding.codec, FORMATS[suffix])
    name = encoding.codec or encoder.name
    if encoding.crf is not None and encoding.bitrate is not None:
        raise ParameterError("--crf and --bitrate exclude each other", remedy="give one")
    if encoder.known:
        _check_quality(encoding, encoder, name)
    if encoding.preset is not None and encoder.presets and encoding.preset not in encoder.presets:
        raise ParameterError(
            f"{encoder.name} has no preset {encoding.preset}",
            remedy=f"it has {', '.join(encoder.presets)}",
        )
    if encoding.preset is not None and encoder.known and not encoder.presets:
        raise ParameterError(f"{name} knows no preset", remedy="leave --preset out")
    if encoding.pix_fmt is not None:
        form_of(encoding.pix_fmt)
        _check_format(encoding.pix_fmt, encoder, name)
    return encoder


def _check_quality(encoding: Encoding, encoder: Encoder, name: str) -> None:
    if encoding.bitrate is not None and not encoder.bitrate:
        why = "it loses nothing" if encoder.lossless else "its preset decides"
        raise ParameterError(f"{name} takes no --bitrate", why=why, remedy="leave it out")
    if encoding.crf is None:
        return
    if encoder.quality is None:
        why = "it loses nothing" if encoder.lossless else "its preset decides"
        remedy = "leave it out" if encoder.lossless else f"--preset {'|'.join(encoder.presets)}"
        raise ParameterError(f"{name} takes no --crf", why=why, remedy=remedy)
    best, worst, usual = encoder.quality
    if not best <= encoding.crf <= worst:
        raise ParameterError(
            f"--crf {encoding.crf}",
            why=f"{name} has {best} (best) to {worst}",
            remedy=f"{usual} is usual",
        )


def _check_format(pix_fmt: str, encoder: Encoder, name: str) -> None:
    formats = formats_of(encoder)
    if formats and pix_fmt not in formats:
        can = [one for one in formats if is_written(one)]
        raise ParameterError(
            f"{name} has no pixel format {pix_fmt}", remedy=f"it has {', '.join(can)}"
        )


def options_of(encoder: Encoder, encoding: Encoding, pix_fmt: str, size: Size) -> dict[str, str]:
    """What the encoder is opened with."""
    options = {"flags": "+bitexact", **encoder.options}
    if encoder.presets or encoding.preset is not None:
        options[encoder.preset_option] = encoding.preset or encoder.preset
    crf = encoding.crf
    if crf is None and encoder.quality is not None and encoding.bitrate is None:
        crf = encoder.quality[2]
    if crf is not None and encoder.quantizer:
        options |= {"qmin": str(crf), "qmax": str(crf)}
    elif crf is not None:
        options["crf"] = str(crf)
    if "yuva" in pix_fmt and encoder.name == "libvpx":
        options["auto-alt-ref"] = "0"
    if encoder.name == "prores_ks" and "444" in pix_fmt and encoding.preset is None:
        options["profile"] = "4444"
    if encoder.name == "ffv1" and min(size) < 64:
        options["slices"] = "1"
        options["level"] = "1"
    return options | _library_options(encoder, size)


def _library_options(encoder: Encoder, size: Size) -> dict[str, str]:
    """What the encoder's own library is told."""
    threads = threads_of(size)
    if encoder.name == "libx264" and cv2.checkHardwareSupport(_AVX512):
        # x264's AVX-512 code reads memory that nobody wrote, so its bytes change from run to
        # run; without it they are those of every other processor, and it is no slower.
        return {"x264-params": "asm=AVX2,FMA3,BMI2,LZCNT"}
    if encoder.name == "libx265":
        return {"x265-params": f"log-level=none:info=0:pools={threads}:frame-threads=2"}
    return {"svtav1-params": f"lp={min(threads, 4)}"} if encoder.name == "libsvtav1" else {}


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
