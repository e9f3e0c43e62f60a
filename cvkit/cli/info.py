"""`cvkit info`: what files hold."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer

from cvkit.cli import failure, terminal
from cvkit.cli.progress import span
from cvkit.core.errors import CvkitError


def command(
    files: Annotated[list[str], typer.Argument(help="Pictures, videos and folders.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON list.")] = False,
) -> int:
    """Say what files hold: size, channels, depth, format; of videos frames, times and sound."""
    from cvkit.io.sources.files import find

    facts: list[dict[str, Any]] = []
    code = 0
    for found in find(tuple(files)).files:
        try:
            facts.append(facts_of(found.path))
        except CvkitError as error:
            code = error.exit_code
            if as_json:
                facts.append({"file": found.path, "error": str(error)})
            failure.say(error)
    if as_json:
        terminal.data(json.dumps(facts, indent=2))
    else:
        for fact in facts:
            terminal.data(described(fact))
    return (6 if any("error" not in f for f in facts) else code) if code else 0


def facts_of(path: str) -> dict[str, Any]:
    """Raises InputError where the file is missing, damaged, or neither picture nor video."""
    from cvkit.io.integrity import read_bytes
    from cvkit.io.sources.files import kind_of

    if kind_of(path) == "video":
        return _video(path)
    return _picture(path, read_bytes(Path(path), path))


def described(fact: dict[str, Any]) -> str:
    """One line for a person."""
    name = terminal.styled(str(fact["file"]), "bold", sys.stdout)
    width, height = fact["size"]
    parts = [fact["format"], f"{width}×{height}", fact["channels"], fact["depth"]]
    if "frames" in fact:
        many = fact["frames"]
        rate = f" at {fact['fps']:g}/s" if fact["fps"] else ""
        parts.append(f"{many if many is not None else '?'} frames{rate}")
        parts += [span(fact["duration"])] if fact["duration"] else []
        parts += [fact["codec"], f"sound: {fact['sound'] or 'none'}"]
    return f"{name}: {', '.join(map(str, filter(None, parts)))}, {_bytes(fact['bytes'])}"


def _picture(path: str, data: bytes) -> dict[str, Any]:
    from cvkit.io.codecs.reading import read_picture
    from cvkit.io.codecs.sniff import HEAD, sniff

    image = read_picture(data, path)
    channels = {"gray": "grey", "bgr": "colour"}.get(image.space.lower(), image.space)
    return {
        "file": path,
        "format": sniff(data[:HEAD]) or "?",
        "size": list(image.size),
        "channels": channels + (" with alpha" if image.alpha is not None else ""),
        "depth": image.depth,
        "bytes": len(data),
    }


def _video(path: str) -> dict[str, Any]:
    from cvkit.io.sources.video import open_video

    with open_video(path) as clip:
        return {
            "file": path,
            "format": clip.container.partition(",")[0],
            "size": list(clip.size),
            "channels": "colour",
            "depth": "uint8",
            "frames": clip.frames_declared,
            "fps": round(float(clip.rate), 3) if clip.rate else None,
            "duration": clip.duration,
            **_streams(path),
            "bytes": os.path.getsize(path),
        }


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
