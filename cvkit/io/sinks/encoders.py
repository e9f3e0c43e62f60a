"""The video encoders that are known by name: what each takes, and how well it encodes unasked.

Defaults are a good picture at a speed that keeps up: H.264 at CRF 23 and HEVC at 28 with the preset
veryfast, VP9 at 31 and cpu-used 6, VP8 at 10 and cpu-used 5, AV1 at 35 with preset 10, MPEG-4 and
Motion JPEG at quantizer 3, ProRes 422 HQ (4444 with alpha), and FFV1, which loses nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cvkit.core.errors import ParameterError

SUFFIX_OF = {"mp4": "mp4", "mov": "mov", "matroska": "mkv", "webm": "webm"}
"""What users call FFmpeg's muxers."""
_X26X = (
    *("ultrafast", "superfast", "veryfast", "faster", "fast"),
    *("medium", "slow", "slower", "veryslow", "placebo"),
)
_PRORES = ("proxy", "lt", "standard", "hq", "4444", "4444xq")


def _numbers(last: int) -> tuple[str, ...]:
    return tuple(map(str, range(last + 1)))


@dataclass(frozen=True)
class Encoder:
    """One of FFmpeg's encoders. `known` is false where nothing is said here but its name."""

    name: str
    muxers: tuple[str, ...] = ()
    """That it goes into; empty: FFmpeg will say."""
    quality: tuple[int, int, int] | None = None
    """The best and the worst `--crf`, and the one that it gets unasked."""
    quantizer: bool = False
    """Whether `--crf` is a quantizer for all pictures, as older codecs have it."""
    preset_option: str = "preset"
    presets: tuple[str, ...] = ()
    preset: str = ""
    """The one that it gets unasked."""
    bitrate: bool = True
    plain: str = "yuv420p"
    """The pixel format of 8-bit pictures."""
    deep: str = ""
    """The one of deeper pictures, where it has one."""
    alpha: str = ""
    """The one of pictures with alpha, where it has one."""
    alpha_muxers: tuple[str, ...] = ()
    lossless: bool = False
    odd: bool = True
    """Whether 4:2:0 may have odd sides."""
    shapes: bool = True
    """Whether its stream says how wide pixels are, beside what the container says."""
    least: int = 1
    """The shortest side that it takes."""
    options: Mapping[str, str] = field(default_factory=dict)
    known: bool = True


_BOXES = ("mp4", "mov", "matroska")
_WEB = ("mp4", "matroska", "webm")
ENCODERS: dict[str, Encoder] = {
    "h264": Encoder(
        "libx264", _BOXES, (0, 51, 23), presets=_X26X, preset="veryfast", odd=False,
        deep="yuv420p10le",
    ),
    "hevc": Encoder(
        "libx265", _BOXES, (0, 51, 28), presets=_X26X, preset="veryfast", odd=False, least=16,
        deep="yuv420p10le",
    ),
    "vp9": Encoder(
        "libvpx-vp9", _WEB, (0, 63, 31), preset_option="cpu-used", presets=_numbers(8), preset="6",
        shapes=False, alpha="yuva420p", alpha_muxers=("matroska", "webm"),
        options={"deadline": "realtime"},
    ),
    # In real time VP8 chooses its speed by the clock, so that no two runs were alike.
    "vp8": Encoder(
        "libvpx", ("matroska", "webm"), (4, 63, 10), preset_option="cpu-used",
        presets=_numbers(5), preset="5", shapes=False, alpha="yuva420p",
        alpha_muxers=("matroska", "webm"), options={"deadline": "good"},
    ),
    "av1": Encoder(
        "libsvtav1", _WEB, (1, 63, 35), presets=_numbers(13), preset="10", least=16, shapes=False,
        deep="yuv420p10le",
    ),
    "mpeg4": Encoder("mpeg4", _BOXES, (1, 31, 3), quantizer=True),
    "mjpeg": Encoder(
        "mjpeg", ("mov", "matroska"), (1, 31, 3), quantizer=True, plain="yuvj420p"
    ),
    "prores": Encoder(
        "prores_ks", ("mov", "matroska"), preset_option="profile", presets=_PRORES, preset="hq",
        bitrate=False, plain="yuv422p10le", deep="yuv422p10le", alpha="yuva444p10le",
        alpha_muxers=("mov", "matroska"), odd=False, shapes=False,
        options={"vendor": "apl0"},
    ),
    "ffv1": Encoder(
        "ffv1", ("matroska",), bitrate=False, lossless=True, shapes=False,
        options={"level": "3", "slices": "4"}
    ),
}  # fmt: skip
"""By the codec's name."""
_ALIASES = {"h265": "hevc", "x264": "h264", "x265": "hevc", "avc": "h264"}


def encoder_of(asked: str | None, muxer: str) -> Encoder:
    """The encoder of a codec's name or its own; None: the container's usual one.

    Raises ParameterError where there is none, or it does not go into the container.
    """
    import av

    asked = asked or ("vp9" if muxer == "webm" else "h264")
    row = ENCODERS.get(_ALIASES.get(asked, asked))
    row = row or next((one for one in ENCODERS.values() if one.name == asked), None)
    row = row or Encoder(asked, known=False)
    try:
        codec = av.Codec(row.name, "w")
    except (av.codec.codec.UnknownCodecError, ValueError) as error:
        raise ParameterError(
            f"no video encoder {asked!r}", remedy=f"try {', '.join(ENCODERS)}"
        ) from error
    if codec.type != "video":
        raise ParameterError(f"{asked} encodes {codec.type}, not video")
    if row.muxers and muxer not in row.muxers:
        holds = ", ".join(name for name, one in ENCODERS.items() if muxer in one.muxers)
        raise ParameterError(
            f"{asked} does not go into {SUFFIX_OF[muxer]}",
            why=f"it goes into {', '.join(SUFFIX_OF[one] for one in row.muxers)}",
            remedy=f"{SUFFIX_OF[muxer]} holds {holds}",
        )
    return row


def formats_of(encoder: Encoder) -> list[str]:
    """The names of the pixel formats that it encodes; none where it does not say."""
    import av

    return [form.name for form in av.Codec(encoder.name, "w").video_formats or ()]
