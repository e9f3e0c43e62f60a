"""What a video file says of itself, in words and in numbers, without a frame being decoded.

Source: ITU-T H.273 (numbers of matrices, primaries and transfers), read by FFmpeg.
"""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cvkit.io.codecs.asked import MAX_PIXELS

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.stream import Stream
    from av.video.stream import VideoStream

_MATRIX = {
    0: "RGB", 1: "BT.709", 4: "FCC", 5: "BT.601", 6: "BT.601", 7: "SMPTE 240M", 8: "YCgCo",
    9: "BT.2020", 10: "BT.2020 constant", 14: "ICtCp",
}  # fmt: skip
_PRIMARIES = {
    1: "BT.709", 4: "BT.470 M", 5: "BT.601 (625 lines)", 6: "BT.601 (525 lines)", 7: "SMPTE 240M",
    8: "film", 9: "BT.2020", 11: "DCI-P3", 12: "Display P3",
}  # fmt: skip
_TRANSFER = {
    1: "BT.709", 4: "gamma 2.2", 5: "gamma 2.8", 6: "BT.601", 7: "SMPTE 240M", 8: "linear",
    11: "xvYCC", 13: "sRGB", 14: "BT.2020", 15: "BT.2020", 16: "PQ (HDR)", 18: "HLG (HDR)",
}  # fmt: skip
_RANGE = {1: "limited", 2: "full"}
_FIELDS = {1: "progressive", 2: "top field first", 3: "bottom field first",
           4: "top field first", 5: "bottom field first"}  # fmt: skip
_OURS = ("major_brand", "minor_version", "compatible_brands", "handler_name", "language",
         "duration", "alpha_mode", "vendor_id", "rotate", "bps")  # fmt: skip
"""Tags that say nothing to people, or what is said elsewhere."""

Facts = dict[str, Any]


def video_facts(path: str) -> Facts:
    """What the container and its streams say; what they do not say is left out.

    container codec profile pix_fmt: words; bits a channel, size_coded before it is turned, aspect
    of a pixel (width:height), fps and whether it is variable, frames, bit_rate (of the video) and
    file_bit_rate (bits a second), color: matrix range primaries transfer, scan (which field is
    first), videos where there are several, audio: codec rate channels layout language bit_rate of
    each, subtitles likewise, chapters, tags. Raises InputError where it cannot be opened.
    """
    from cvkit.io.sources.containers import open_container

    with open_container(Path(path), max_pixels=MAX_PIXELS) as opened:
        container, video = opened.container, opened.stream
        facts: Facts = {
            "container": container.format.long_name,
            # Of a raw stream, which has no times, both rates are guesses.
            **_video(video, timed=container.duration is not None),
            "videos": opened.streams if opened.streams > 1 else None,
            "file_bit_rate": container.bit_rate or None,
            "audio": [_sound(s) for s in container.streams.audio],
            "subtitles": [_words(s) for s in container.streams.subtitles],
            "chapters": len(container.chapters()),
            "tags": _tags(container, video),
        }
    return {name: value for name, value in facts.items() if value not in (None, [], {}, 0)}


def key_frames(path: str) -> Facts:
    """How many frames stand alone, and the longest time between two, from the packets alone."""
    import av

    from cvkit.io.sources.containers import open_container

    times: list[Fraction] = []
    # What is damaged is told by whoever decodes it.
    with open_container(Path(path), max_pixels=MAX_PIXELS) as opened, suppress(av.FFmpegError):
        packets = opened.container.demux(opened.stream)
        times.extend(p.pts * p.time_base for p in packets if p.is_keyframe and p.pts is not None)
    apart = [float(b - a) for a, b in pairwise(times)]
    return {"key_frames": len(times), "key_frame_interval": round(max(apart, default=0.0), 3)}


def _video(stream: VideoStream, *, timed: bool) -> Facts:
    codec = stream.codec_context
    aspect = stream.sample_aspect_ratio or Fraction(1)
    frame_rate, base = stream.average_rate, stream.base_rate
    apart = timed and frame_rate and base and abs(float(base / frame_rate) - 1) > 0.01
    form = codec.format
    bits = max((part.bits for part in form.components), default=0) if form is not None else 0
    color = {
        "matrix": _MATRIX.get(int(codec.colorspace)),
        "range": _RANGE.get(int(codec.color_range)),
        "primaries": _PRIMARIES.get(int(codec.color_primaries)),
        "transfer": _TRANSFER.get(int(codec.color_trc)),
    }
    return {
        "codec": codec.name,
        "profile": codec.profile,
        "pix_fmt": codec.pix_fmt,
        "bits": bits,
        "size_coded": [codec.width, codec.height],
        "aspect": f"{aspect.numerator}:{aspect.denominator}" if aspect != 1 else None,
        "fps": round(float(frame_rate), 3) if frame_rate else None,
        "variable": True if apart else None,
        "frames": stream.frames or None,
        "bit_rate": codec.bit_rate or None,
        "color": {name: word for name, word in color.items() if word},
        "scan": _FIELDS.get(int(codec.field_order)),
    }


def _sound(stream: Any) -> Facts:  # noqa: ANN401 - PyAV's audio streams
    codec = stream.codec_context
    told = {
        "codec": codec.name,
        "rate": codec.sample_rate,
        "channels": codec.channels,
        "layout": codec.layout.name,
        # Of an AAC stream cut short the header says next to nothing.
        "bit_rate": codec.bit_rate if (codec.bit_rate or 0) >= 1000 else None,
        **_words(stream),
    }
    return {name: value for name, value in told.items() if value}


def _words(stream: Stream) -> Facts:
    language = stream.language or ""
    name = {} if language in ("", "und") else {"language": language}
    codec: Any = stream.codec_context  # none of what FFmpeg has no decoder for
    title = stream.metadata.get("title")
    told = {"codec": codec.name if codec is not None else None, "title": title, **name}
    return {key: value for key, value in told.items() if value}


def _tags(container: InputContainer, stream: VideoStream) -> dict[str, str]:
    found: dict[str, str] = {}
    for tags in (container.metadata, stream.metadata):
        for name, text in tags.items():
            if name.lower() not in _OURS and not name.lower().startswith("_statistics"):
                found.setdefault(name.lower(), text)
    return found


def codecs(audio: list[Facts]) -> str:
    """`aac`, `2 × aac, opus`."""
    kinds = Counter(one["codec"] for one in audio)
    return ", ".join(f"{n} × {name}" if n > 1 else name for name, n in kinds.items())
