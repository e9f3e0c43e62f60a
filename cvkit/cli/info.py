"""`cvkit info`: what files hold."""

from __future__ import annotations

import json
import math
import os
import sys
from collections import Counter
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from cvkit.cli import failure, terminal
from cvkit.cli.info_lines import lines
from cvkit.cli.progress import span
from cvkit.core.algo.statistics import pixel as pixel_facts
from cvkit.core.algo.statistics import statistics
from cvkit.core.errors import CvkitError, InputError, UsageError
from cvkit.core.units import Point
from cvkit.core.values import Image
from cvkit.io.photo_facts import photo_facts


def command(
    files: Annotated[list[str], typer.Argument(help="Pictures, videos and folders.")],
    pixel: Annotated[
        list[str] | None,
        typer.Option(help="The pixel X,Y: its levels, colour and hue. May be repeated."),
    ] = None,
    stats: Annotated[
        bool, typer.Option("--stats", help="Least, greatest, mean, spread and clipping of levels.")
    ] = False,
    exif: Annotated[
        bool, typer.Option("--exif", help="What the camera wrote: exposure, lens, date, place.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON list.")] = False,
) -> int:
    """Say what files hold: size, channels, depth, format; of videos frames, times and sound.

    Pixels and levels are of the first frame of a video, and of the first page of a document.
    """
    from cvkit.io.sources.files import find

    asked = More(tuple(_point(text) for text in pixel or ()), stats, exif)
    facts: list[dict[str, Any]] = []
    code = 0

    def failed(path: str, error: CvkitError) -> int:
        if as_json:
            facts.append({"file": path, "error": str(error)})
        failure.say(error)
        return error.exit_code

    for text in files:
        try:
            there = find((text,)).files
        except CvkitError as error:  # what the others hold is told all the same
            code = failed(text, error)
            continue
        for found in there:
            try:
                facts.append(facts_of(found.path, asked))
            except CvkitError as error:
                code = failed(found.path, error)
    if as_json:
        terminal.data(json.dumps(facts, indent=2))
    else:
        for fact in facts:
            terminal.data("\n".join([described(fact), *lines(fact)]))
    return (6 if any("error" not in f for f in facts) else code) if code else 0


@dataclass(frozen=True, slots=True)
class More:
    """What is asked for beyond the first line."""

    pixels: tuple[Point, ...] = ()
    stats: bool = False
    exif: bool = False

    def of(self, image: Image, name: str) -> dict[str, Any]:
        """Raises InputError where a pixel lies outside the picture."""
        told: dict[str, Any] = {}
        if self.pixels:
            told["pixels"] = [_pixel(image, point, name) for point in self.pixels]
        if self.stats:
            told["stats"] = statistics(image)
        return told


def facts_of(path: str, more: More = More()) -> dict[str, Any]:
    """Raises InputError where the file is missing, damaged, or neither picture nor video."""
    from cvkit.io.sources.files import kind_of

    if kind_of(path) == "video":
        return _video(path, more)
    return _picture(path, more)


def described(fact: dict[str, Any]) -> str:
    """One line for a person."""
    name = terminal.styled(str(fact["file"]), "bold", sys.stdout)
    width, height = fact["size"]
    pages = f"{fact['pages']} pages" if fact.get("pages", 1) > 1 else ""
    parts = [fact["format"], pages, f"{width}×{height}", fact["channels"], fact["depth"]]
    if "frames" in fact:
        many = fact["frames"]
        rate = f" at {fact['fps']:g}/s" if fact["fps"] else ""
        parts.append(f"{many if many is not None else '?'} frames{rate}")
        parts += [span(fact["duration"])] if fact["duration"] else []
        parts += [fact["codec"], f"sound: {fact['sound'] or 'none'}"] if "codec" in fact else []
    return f"{name}: {', '.join(map(str, filter(None, parts)))}, {_bytes(fact['bytes'])}"


def _point(text: str) -> Point:
    try:
        return Point.parse(text)
    except ValueError as error:
        raise UsageError(f"--pixel: {error}") from error


def _pixel(image: Image, point: Point, name: str) -> dict[str, Any]:
    w, h = image.size
    x, y = (math.floor(v + 0.5) for v in point.on((w - 1, h - 1)))
    if not (0 <= x < w and 0 <= y < h):
        raise InputError(
            f"{name}: the pixel {point} lies outside the picture, which is {w}×{h}",
            remedy=f"the last one is {w - 1},{h - 1}",
        )
    return pixel_facts(image, x, y)


def _picture(path: str, more: More) -> dict[str, Any]:
    from cvkit.io.codecs.asked import Asked
    from cvkit.io.sources.files import look
    from cvkit.io.sources.opening import open_still

    still = open_still(path, path)
    image = still.read(Asked())
    channels = {"gray": "grey", "bgr": "colour"}.get(image.space.lower(), image.space)
    return {
        "file": path,
        "format": look(path)[0] or "generated",
        "pages": still.count(),
        "size": list(image.size),
        "channels": channels + (" with alpha" if image.alpha is not None else ""),
        "depth": image.depth,
        "bytes": _size(path),
        **more.of(image, path),
        **({"exif": photo_facts(still.metadata(0).exif)} if more.exif else {}),
    }


def _video(path: str, more: More) -> dict[str, Any]:
    from cvkit.io.codecs.asked import Asked
    from cvkit.io.codecs.formats import FORMATS
    from cvkit.io.sources.opening import open_moving

    with open_moving(path, Asked()) as clip:
        first = next(iter(clip))[1]
        return {
            "file": path,
            "format": clip.container.partition(",")[0],
            "size": list(clip.size),
            "channels": "colour" + (" with alpha" if first.alpha is not None else ""),
            "depth": first.depth,
            "frames": clip.frames_declared,
            "fps": round(float(clip.rate), 3) if clip.rate else None,
            "duration": clip.duration,
            **({} if clip.container in (*FORMATS, "sequence") else _streams(path)),
            "bytes": _size(path),
            **(more.of(first, path) if more.pixels or more.stats else {}),
            **({"exif": {}} if more.exif else {}),
        }


def _size(path: str) -> int:
    """Bytes of all that it is read from."""
    from cvkit.io.sources.files import files_of

    return sum(os.path.getsize(file) for file in files_of(path))


def _streams(path: str) -> dict[str, str | None]:
    """Names of the codecs."""
    import av

    with av.open(path) as container:
        kinds = Counter(s.codec_context.name for s in container.streams.audio)
        sound = ", ".join(f"{n} × {name}" if n > 1 else name for name, n in kinds.items())
        return {"codec": container.streams.video[0].codec_context.name, "sound": sound or None}


def _bytes(count: int) -> str:
    size = float(count)
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" or size >= 100 else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.2f} GB"
