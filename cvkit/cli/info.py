"""`cvkit info`: what files hold."""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cvkit.cli import failure, terminal
from cvkit.cli.info_labels import holds_labels, label_facts, label_lines
from cvkit.cli.info_lines import lines
from cvkit.cli.progress import span
from cvkit.core.algo.statistics import pixel as pixel_facts
from cvkit.core.algo.statistics import statistics
from cvkit.core.errors import CvkitError, InputError, UsageError
from cvkit.core.units import Pages, Point
from cvkit.core.values import Image
from cvkit.io.photo_facts import photo_facts

if TYPE_CHECKING:
    from cvkit.core.time import Time
    from cvkit.io.sources.files import Found
    from cvkit.io.sources.opening import Moving


def command(
    files: Annotated[
        list[str], typer.Argument(help="Pictures, videos, folders; labels as coco:FILE.")
    ],
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
    page: Annotated[
        str | None, typer.Option(help="Of documents these pages, from 1: 3, 2-5, 1,4,7- or all.")
    ] = None,
    scan: Annotated[
        bool, typer.Option("--scan", help="Read videos through: frames, times, key frames, damage.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON list.")] = False,
) -> int:
    """Say what files hold: size, channels, depth, format; of videos frames, times and sound.

    A video that is named gets lines of its own on its streams, colours and tags; in a folder each
    file has one line. Pixels and levels are of the first frame of a video, and of the first page
    of a document where --page names no other.
    """
    if "-" in files:
        remedy = "save it first: cat > FILE"
        raise UsageError("info looks at files, - is none", why="stdin comes once", remedy=remedy)
    asked = More(tuple(_point(text) for text in pixel or ()), stats, exif, _pages(page), scan)
    facts, code = _all_facts(files, asked, as_json=as_json)
    if as_json:
        terminal.data(json.dumps(facts, indent=2))
    else:
        for fact in facts:
            told = label_lines(fact) if "labels" in fact else [described(fact), *lines(fact)]
            terminal.data("\n".join(told))
    return (6 if any("error" not in f for f in facts) else code) if code else 0


def _all_facts(files: list[str], asked: More, *, as_json: bool) -> tuple[list[dict[str, Any]], int]:
    """Of every file that can be read; errors of the others are said. The last one's exit code."""
    from cvkit.io.sources.files import find

    facts: list[dict[str, Any]] = []
    code = 0

    def failed(path: str, error: CvkitError) -> int:
        if as_json:
            facts.append({"file": path, "error": str(error)})
        failure.say(error)
        return error.exit_code

    for text in files:
        try:
            if holds_labels(text):
                facts.append(label_facts(text))
                continue
            there = find((text,)).files
        except CvkitError as error:  # what the others hold is told all the same
            code = failed(text, error)
            continue
        for found in there:
            try:
                told = facts_of(found, asked)
                facts += told if as_json or not found.folder else map(_brief, told)
            except CvkitError as error:
                code = failed(found.path, error)
    return facts, code


@dataclass(frozen=True, slots=True)
class More:
    """What is asked for beyond the first line."""

    pixels: tuple[Point, ...] = ()
    stats: bool = False
    exif: bool = False
    pages: Pages | None = None
    scan: bool = False

    def of(self, image: Image, name: str) -> dict[str, Any]:
        """Raises InputError where a pixel lies outside the picture."""
        told: dict[str, Any] = {}
        if self.pixels:
            told["pixels"] = [_pixel(image, point, name) for point in self.pixels]
        if self.stats:
            told["stats"] = statistics(image)
        return told


def facts_of(found: Found, more: More) -> list[dict[str, Any]]:
    """One of the file, or one of each page that is asked for.

    Raises InputError where the file is missing, damaged, or neither picture nor video.
    """
    from cvkit.io.sources.files import kind_of

    # What FFmpeg knows only by trying (a raw stream) is a video by its suffix, as in a run.
    if (kind_of(found.path) or found.by_suffix) == "video":
        return [_video(found.path, more)]
    return _picture(found.path, more)


def _brief(fact: dict[str, Any]) -> dict[str, Any]:
    """Without what a video says beyond its one line."""
    return {name: value for name, value in fact.items() if name != "streams"}


def described(fact: dict[str, Any]) -> str:
    """One line for a person."""
    name = terminal.styled(str(fact["file"]), "bold", sys.stdout)
    width, height = fact["size"]
    pages = f"{fact['pages']} pages" if fact.get("pages", 1) > 1 else ""
    if "page" in fact:
        pages = f"page {fact['page']} of {fact['pages']}"
    seen = " seen as {}×{}".format(*fact["display_size"]) if "display_size" in fact else ""
    parts = [fact["format"], pages, f"{width}×{height}{seen}", fact["channels"], fact["depth"]]
    if "frames" in fact:
        many = fact["frames"]
        varies = "about " if fact.get("streams", {}).get("variable") else ""
        rate = f" at {varies}{fact['fps']:g}/s" if fact["fps"] else ""
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


def _pages(text: str | None) -> Pages | None:
    try:
        return None if text is None else Pages.parse(text)
    except ValueError as error:
        raise UsageError(f"--page: {error}") from error


def _picture(path: str, more: More) -> list[dict[str, Any]]:
    from cvkit.io.codecs.asked import Asked
    from cvkit.io.sources.files import look
    from cvkit.io.sources.opening import open_still

    still = open_still(path, path)
    count = still.count()
    facts = []
    for page in more.pages.of(count) if more.pages is not None else (0,):
        image = still.read(Asked(page=page))
        channels = {"gray": "grey", "bgr": "colour"}.get(image.space.lower(), image.space)
        facts.append(
            {
                "file": path,
                "format": look(path)[0] or "generated",
                **({"page": page + 1} if more.pages is not None else {}),
                "pages": count,
                "size": list(image.size),
                "channels": channels + (" with alpha" if image.alpha is not None else ""),
                "depth": image.depth,
                "bytes": _size(path),
                **more.of(image, path),
                **({"exif": photo_facts(still.metadata(page).exif)} if more.exif else {}),
            }
        )
    return facts


def _video(path: str, more: More) -> dict[str, Any]:
    from cvkit.io.codecs.asked import Asked
    from cvkit.io.codecs.formats import FORMATS
    from cvkit.io.sources.opening import open_moving
    from cvkit.io.video_facts import codecs, key_frames, video_facts

    with open_moving(path, Asked()) as clip:
        streams = {} if clip.container in (*FORMATS, "sequence") else video_facts(path)
        told = {"codec": streams["codec"]} if streams else {}
        if streams:
            told["sound"] = codecs(streams.get("audio", [])) or None
            told["streams"] = streams
        keys = key_frames(path) if streams and more.scan else {}
        frames = iter(clip)
        at, first = next(frames)
        return {
            "file": path,
            "format": clip.container.partition(",")[0],
            "size": list(clip.size),
            **_displayed(clip),
            "channels": "colour" + (" with alpha" if first.alpha is not None else ""),
            "depth": first.depth,
            "frames": clip.frames_declared,
            "fps": round(float(clip.rate), 3) if clip.rate else None,
            "duration": clip.duration,
            **told,
            "bytes": _size(path),
            **(
                {"scan": {**_scanned(frames, at, os.path.basename(path)), **keys}}
                if more.scan
                else {}
            ),
            **(more.of(first, path) if more.pixels or more.stats else {}),
            **({"exif": {}} if more.exif else {}),
        }


def _displayed(clip: Moving) -> dict[str, list[int]]:
    """The size that it is meant to be seen in, where pixels are no squares."""
    width, height = clip.size
    if clip.aspect == 1:
        return {}
    return {"display_size": [round(width * clip.aspect), height]}


def _scanned(frames: Iterator[tuple[Time, Image]], first: Time, name: str) -> dict[str, Any]:
    """What there is of a video up to where it is damaged; `frames` are those behind the first."""
    times, damage = [first.exact], ""
    try:
        times += (at.exact for at, _ in frames)
    except InputError as error:
        damage = str(error).removeprefix(f"{name}: ")
    apart = [float(b - a) for a, b in pairwise(times)]
    told: dict[str, Any] = {"frames": len(times), "last": round(float(times[-1]), 6)}
    if apart:
        told["interval"] = [round(min(apart), 6), round(max(apart), 6)]
    return {**told, "damage": damage or None}


def _size(path: str) -> int:
    """Bytes of all that it is read from."""
    from cvkit.io.sources.files import files_of

    return sum(os.path.getsize(file) for file in files_of(path))


def _bytes(count: int) -> str:
    size = float(count)
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" or size >= 100 else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.2f} GB"
