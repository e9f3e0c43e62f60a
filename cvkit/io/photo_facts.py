"""What a camera wrote about a photograph, in words and in numbers.

Source: CIPA DC-008 (EXIF 3.0), read by Pillow.
"""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Mapping
from typing import Any

_EXIF, _GPS = 0x8769, 0x8825
_PROGRAMS = {
    1: "manual", 2: "automatic", 3: "aperture priority", 4: "shutter priority", 5: "creative",
    6: "action", 7: "portrait", 8: "landscape",
}  # fmt: skip
_METERING = {1: "average", 2: "centre-weighted", 3: "spot", 4: "multi-spot", 5: "pattern"}
_WORDS = {
    "lens": ("LensModel",),
    "software": ("Software",),
    "title": ("ImageDescription",),
    "artist": ("Artist",),
    "copyright": ("Copyright",),
}

Facts = dict[str, Any]


def photo_facts(exif: bytes) -> Facts:
    """What the EXIF block says that people ask for; what is missing or makes no sense is left out.

    camera lens date software title artist copyright: words (date as ISO 8601 without a zone unless
    the camera gave one); exposure (`1/320 s`) and exposure_seconds, aperture (f-number), iso,
    bias (EV), focal_length and focal_length_35mm (mm), flash (whether it fired), program, metering;
    gps: latitude and longitude (degrees, north and east positive), altitude (metres), date (UTC).
    """
    tags, place = _read(exif)
    facts: Facts = {"camera": _camera(tags)}
    facts |= {name: _words(tags, *names) for name, names in _WORDS.items()}
    facts["date"] = _date(tags)
    seconds = _number(tags.get("ExposureTime"), 1e-7, 1e6, places=12)
    seconds = None if seconds is None else float(f"{seconds:.6g}")
    facts["exposure"] = _exposure(seconds)
    facts["exposure_seconds"] = seconds
    facts["aperture"] = _number(tags.get("FNumber"), 0.1, 1000)
    facts["iso"] = _number(_first(tags.get("ISOSpeedRatings")), 1, 1e8)
    facts["bias"] = _number(tags.get("ExposureBiasValue"), -20, 20)
    facts["focal_length"] = _number(tags.get("FocalLength"), 0.1, 1e5)
    facts["focal_length_35mm"] = _number(tags.get("FocalLengthIn35mmFilm"), 1, 1e5)
    flash = tags.get("Flash")
    facts["flash"] = bool(flash & 1) if isinstance(flash, int) else None
    facts["program"] = _named(_PROGRAMS, tags.get("ExposureProgram"))
    facts["metering"] = _named(_METERING, tags.get("MeteringMode"))
    facts["gps"] = _gps(place)
    return {k: v for k, v in facts.items() if v not in (None, "", {})}


def _read(exif: bytes) -> tuple[dict[str, Any], dict[int, Any]]:
    """Tags by name, and those of the GPS directory by number; what is broken is passed over."""
    from PIL import ExifTags
    from PIL import Image as Pillow

    block = Pillow.Exif()
    named: dict[str, Any] = {}
    place: dict[int, Any] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of tags that are cut
        try:
            block.load(exif)
            own, inner = dict(block), dict(block.get_ifd(_EXIF))
            place = dict(block.get_ifd(_GPS))
        except Exception:  # noqa: BLE001 - Pillow raises whatever a broken block leads it to
            return {}, {}
    for number, value in {**own, **inner}.items():
        named[ExifTags.TAGS.get(number, str(number))] = value
    return named, place


def _camera(tags: Mapping[str, Any]) -> str:
    make, model = _words(tags, "Make"), _words(tags, "Model")
    known = make.split(" ")[0].lower()
    return model if known and model.lower().startswith(known) else f"{make} {model}".strip()


def _words(tags: Mapping[str, Any], *names: str) -> str:
    """Printable words in one line, at most 200 letters."""
    value = next((tags[n] for n in names if n in tags), "")
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    text = "".join(c if c.isprintable() else " " for c in str(value).partition("\0")[0])
    return " ".join(text.split())[:200]


def _date(tags: Mapping[str, Any]) -> str:
    for name, zone in (
        ("DateTimeOriginal", "OffsetTimeOriginal"),
        ("DateTimeDigitized", "OffsetTimeDigitized"),
        ("DateTime", "OffsetTime"),
    ):
        match = re.fullmatch(r"(\d{4}):(\d\d):(\d\d) (\d\d:\d\d:\d\d)", _words(tags, name))
        if match and match[1] != "0000":
            offset = re.fullmatch(r"[+-]\d\d:\d\d", _words(tags, zone))
            return f"{match[1]}-{match[2]}-{match[3]}T{match[4]}{offset[0] if offset else ''}"
    return ""


def _first(value: object) -> object:
    return value[0] if isinstance(value, tuple) and value else value


def _number(value: object, least: float, most: float, *, places: int = 6) -> float | int | None:
    """The number where it makes sense; whole ones as such, others to so many places."""
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    if not math.isfinite(number) or not least <= number <= most:
        return None
    return int(number) if number == int(number) else round(number, places)


def _exposure(seconds: float | None) -> str:
    if seconds is None:
        return ""
    return f"1/{round(1 / seconds)} s" if seconds < 0.3 else f"{seconds:g} s"


def _named(names: Mapping[int, str], value: object) -> str:
    return names.get(value, "") if isinstance(value, int) else ""


def _gps(place: Mapping[int, Any]) -> Facts:
    north = _degrees(place.get(2), place.get(1), "S", 90)
    east = _degrees(place.get(4), place.get(3), "W", 180)
    if north is None or east is None:
        return {}
    facts: Facts = {"latitude": north, "longitude": east}
    height = _number(place.get(6), 0, 1e6)
    if height is not None:
        below = place.get(5) in (1, b"\x01")
        facts["altitude"] = -height if below else height
    return facts


def _degrees(value: object, side: object, negative: str, most: int) -> float | None:
    if not isinstance(value, tuple) or not 1 <= len(value) <= 3:
        return None
    parts = [number for v in value if (number := _number(v, 0, 100000)) is not None]
    degrees = float(sum(part / 60.0**place for place, part in enumerate(parts)))
    if len(parts) < len(value) or degrees > most:
        return None
    word = side.decode("ascii", "replace") if isinstance(side, bytes) else str(side or "")
    return round(-degrees if word.strip("\0 ").upper() == negative else degrees, 6)
