"""What `cvkit info` says beyond the first line of a file, for people."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from cvkit.cli import terminal

_COLUMNS = ("min", "max", "mean", "std", "median")
_INDENT = "  "
_NAME = 11
"""Columns of a row's name and the space behind it."""

_LANGUAGES = {
    "eng": "English", "deu": "German", "ger": "German", "fra": "French", "fre": "French",
    "spa": "Spanish", "ita": "Italian", "por": "Portuguese", "nld": "Dutch", "dut": "Dutch",
    "jpn": "Japanese", "zho": "Chinese", "chi": "Chinese", "rus": "Russian", "ara": "Arabic",
    "hin": "Hindi", "kor": "Korean", "pol": "Polish", "tur": "Turkish", "swe": "Swedish",
}  # fmt: skip
"""By ISO 639-2; others are shown as they are."""


def lines(fact: Mapping[str, Any]) -> list[str]:
    """Indented lines, in 80 columns; none where there is nothing more to say."""
    out = _streams(fact) if "streams" in fact else []
    out += _scan(fact["scan"]) if "scan" in fact else []
    out += [line for told in fact.get("pixels", ()) for line in _pixel(told)]
    if "stats" in fact:
        out += _stats(fact["stats"], str(fact["depth"]))
    if "exif" in fact:
        out += _exif(fact["exif"])
    return [_INDENT + line for line in out]


def _streams(fact: Mapping[str, Any]) -> list[str]:
    told = fact["streams"]
    depth = f"{told.get('bits') or '?'} bits"
    coded, seen = told["size_coded"], fact["size"]
    kind = f"{told['codec']} {told.get('profile', '')}".rstrip()
    rows = {
        "video": [
            kind,
            f"{told.get('pix_fmt', '?')} ({depth})",
            "times vary" if told.get("variable") else "",
            _rate(told.get("bit_rate")),
            "interlaced, " + told["scan"] if "field" in told.get("scan", "") else "",
        ],
        "stored": [
            f"{coded[0]}×{coded[1]}, turned when it is shown"
            if coded == seen[::-1] != seen
            else "",
            f"pixels {told['aspect']}" if "aspect" in told else "",
        ],
        "colour": _colour(told.get("color", {})),
        **_numbered("sound", [_sound(one) for one in told.get("audio", ())]),
        **_numbered("subtitles", [_sound(one) for one in told.get("subtitles", ())]),
        "chapters": [str(told.get("chapters", ""))],
        "videos": [f"{told['videos']}, of which the main one is read" if "videos" in told else ""],
        "container": [told["container"], _rate(told.get("file_bit_rate"))],
        **{name: [text] for name, text in told.get("tags", {}).items()},
    }
    return [line for name, parts in rows.items() for line in _row(name, parts)]


def _row(name: str, parts: list[str]) -> list[str]:
    """Nothing where there is nothing to say; as wide as the terminal, at least 40."""
    text = ", ".join(part for part in parts if part)
    if not text:
        return []
    room = max(terminal.width(120) - len(_INDENT) - _NAME, 40)
    head, *more = terminal.wrapped(terminal.plain(_cut(text, 4 * room)), room).splitlines()
    return [_bold(f"{_cut(name, _NAME - 1):<{_NAME}}") + head, *(" " * _NAME + m for m in more)]


def _numbered(name: str, rows: list[list[str]]) -> dict[str, list[str]]:
    several = len(rows) > 1
    return {f"{name} {n}" if several else name: row for n, row in enumerate(rows, 1)}


def _sound(told: Mapping[str, Any]) -> list[str]:
    rate, layout = told.get("rate"), told.get("layout", "")
    channels = f"{told['channels']} channels" if told.get("channels", 0) > 2 else ""
    return [
        str(told.get("codec", "?")),
        f"{rate / 1000:g} kHz" if rate else "",
        f"{layout} ({channels})" if layout and channels else layout,
        _rate(told.get("bit_rate")),
        _LANGUAGES.get(told.get("language", ""), str(told.get("language", ""))),
        str(told.get("title", "")),
    ]


def _colour(told: Mapping[str, str]) -> list[str]:
    extent = f"{told['range']} range" if "range" in told else ""
    matrix = told.get("matrix", "")
    others = [f"{name} {told[name]}" for name in ("primaries", "transfer")
              if told.get(name, matrix) != matrix]  # fmt: skip
    return [matrix, extent, *others]


def _rate(bits: float | None) -> str:
    if not bits:
        return ""
    return f"{bits / 1e6:.3g} Mbit/s" if bits >= 1e6 else f"{bits / 1e3:.3g} kbit/s"


def _scan(told: Mapping[str, Any]) -> list[str]:
    least, greatest = told.get("interval", (0, 0))
    steady = greatest - least <= 0.002
    apart = (
        f"{greatest * 1000:.4g} ms" if steady else f"{least * 1000:.4g} to {greatest * 1000:.4g} ms"
    )
    keys = told.get("key_frames", 0)
    every = f", at most {told['key_frame_interval']:g} s apart" if keys > 1 else ""
    rows = {
        "read": [f"{told['frames']:,} frames, the last at {told['last']:.3f} s"],
        "apart": [apart if greatest else ""],
        "key frames": [f"{keys:,}{every}" if keys else ""],
        "damage": [told["damage"] or "none"],
    }
    return [line for name, parts in rows.items() for line in _row(name, parts)]


def _pixel(told: Mapping[str, Any]) -> list[str]:
    place = _bold(f"pixel {told['x']},{told['y']}")
    own = []
    if "grey" in told:
        own.append(f"grey {told['grey']}")
    else:
        own.append("B,G,R " + _joined(told["bgr"]))
        own.append("R,G,B " + _joined(told["rgb"]))
    if "alpha" in told:
        own.append(f"alpha {told['alpha']}")
    first = f"{place}  " + "   ".join(own)
    if "hsv" not in told:
        return [first]
    hue, saturation, value = told["hsv"]
    hsv = f"HSV {hue:g}°, {saturation:g} %, {value:g} %"
    view = [told["hex"], f"luma {told['luma']}", f"{hsv} (OpenCV {_joined(told['hsv_opencv'])})"]
    return [first, " " * 2 + "   ".join(view)]


def _joined(levels: list[Any]) -> str:
    return ",".join(v if isinstance(v, str) else "none" if v is None else f"{v:g}" for v in levels)


def _stats(stats: Mapping[str, Mapping[str, Any]], depth: str) -> list[str]:
    top = {"uint8": "255", "uint16": "65535"}.get(depth, "1")
    head = "".join(f"{name:>10}" for name in _COLUMNS) + f"{'at 0':>9}{'at ' + top:>10}"
    out = [_bold(f"{'levels':<7}") + _dim(head)]
    for name, figures in stats.items():
        if "mean" not in figures:
            out.append(f"{name:<7}no number at all")
            continue
        cells = "".join(f"{_short(figures[c]):>10}" for c in _COLUMNS)
        shares = f"{_share(figures['clipped_low']):>9}{_share(figures['clipped_high']):>10}"
        out.append(f"{name:<7}{cells}{shares}")
        if "invalid" in figures:
            out.append(f"{'':<7}{_share(figures['invalid'])} are no numbers")
    return out


def _short(value: float) -> str:
    if value == int(value):
        return str(int(value))
    return f"{value:.2f}" if abs(value) >= 10 else f"{value:.4f}"


def _share(share: float) -> str:
    percent = share * 100
    return f"{percent:.1f} %" if percent >= 0.05 or not percent else "< 0.1 %"


def _exif(facts: Mapping[str, Any]) -> list[str]:
    if not facts:
        return ["no EXIF"]
    told = {
        "camera": facts.get("camera", ""),
        "lens": facts.get("lens", ""),
        "date": str(facts.get("date", "")).replace("T", " "),
        "taken": _taken(facts),
        "flash": {True: "fired", False: "did not fire"}.get(facts.get("flash", ""), ""),
        "program": facts.get("program", ""),
        "metering": facts.get("metering", ""),
        "place": _place(facts.get("gps", {})),
        "title": facts.get("title", ""),
        "artist": facts.get("artist", ""),
        "copyright": facts.get("copyright", ""),
        "software": facts.get("software", ""),
    }
    return [_bold(f"{name:<10}") + _cut(value, 66) for name, value in told.items() if value]


def _taken(facts: Mapping[str, Any]) -> str:
    parts = [facts.get("exposure", "")]
    if "aperture" in facts:
        parts.append(f"f/{facts['aperture']:g}")
    if "iso" in facts:
        parts.append(f"ISO {facts['iso']:g}")
    if facts.get("bias"):
        parts.append(f"{facts['bias']:+.2g} EV")
    if "focal_length" in facts:
        film = facts.get("focal_length_35mm")
        parts.append(f"{facts['focal_length']:.3g} mm" + (f" ({film:g} on film)" if film else ""))
    return ", ".join(filter(None, parts))


def _place(gps: Mapping[str, float]) -> str:
    if not gps:
        return ""
    north, east = gps["latitude"], gps["longitude"]
    text = f"{abs(north):.5f}° {'N' if north >= 0 else 'S'}, "
    text += f"{abs(east):.5f}° {'E' if east >= 0 else 'W'}"
    return text + (f", {gps['altitude']:.0f} m" if "altitude" in gps else "")


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def _bold(text: str) -> str:
    return terminal.styled(text, "bold", sys.stdout)


def _dim(text: str) -> str:
    return terminal.styled(text, "dim", sys.stdout)
