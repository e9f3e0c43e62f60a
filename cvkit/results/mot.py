"""MOT Challenge's text, written: `frame, id, left, top, width, height, score, class, visibility`.

Frames and pixels count from 1; what is not known is -1, but for the score, which is 1 then.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from cvkit.core.errors import OutputError
from cvkit.results.record import Record
from cvkit.results.survey import Labels

_HELD = ("score", "class", "id", "visibility", "ignore")


def mot_lines(labels: Labels) -> Iterator[str]:
    """Of one video, or of pictures as the frames of one. Raises OutputError for several videos."""
    labels.lost(_HELD, "mot")
    stills = not any(labels.sources.values())
    if len(labels.sources) > 1 and not stills:
        named = " and ".join(list(labels.sources)[:2])
        raise OutputError(
            f"a MOT file holds one video, and there are {named}",
            remedy="name a folder, with a file each: -o mot:tracks/",
        )
    if len(labels.sources) > 1:
        labels.notes.append("mot: each picture is a frame, in their order")
    for place, record in enumerate(labels):
        frame = place if stills else record["index"]
        for one in record.get("objects", ()):
            yield _line(frame, one)


def mot_files(labels: Labels) -> Iterator[tuple[str, bytes]]:
    """A file a video. Raises OutputError where two would have one name."""
    labels.lost(_HELD, "mot")
    files: dict[str, str] = {}
    for source in labels.sources:
        path = str(PurePosixPath(source).with_suffix(".txt"))
        if path in files.values():
            raise OutputError(f"{source} and another would both be {path}")
        files[source] = path
    lines: dict[str, list[str]] = {source: [] for source in files}
    for record in labels:
        told = lines[record["source"] or "picture"]
        told += (_line(record["index"], one) for one in record.get("objects", ()))
    for source, path in files.items():
        yield path, "".join(lines[source]).encode()


def _line(frame: int, one: Record) -> str:
    x1, y1, x2, y2 = (round(v, 2) for v in one["box"])
    sides = (x1 + 1, y1 + 1, x2 - x1, y2 - y1)
    score = "0" if one.get("ignore") else f"{one['score']:.4f}" if "score" in one else "1"
    words = [str(frame + 1), str(one.get("id", -1)), *(_number(v) for v in sides), score]
    words += [str(one.get("class", -1)), _number(float(one.get("visibility", -1)), 4)]
    return ",".join(words) + "\n"


def _number(value: float, digits: int = 2) -> str:
    return f"{round(value, digits) + 0.0:.{digits}f}".rstrip("0").rstrip(".")
