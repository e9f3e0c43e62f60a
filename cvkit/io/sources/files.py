"""Which files an input on the command line means."""

from __future__ import annotations

import fnmatch
import glob
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass

from cvkit.core.errors import InputError, UsageError
from cvkit.io.codecs.formats import FORMATS, PICTURE_SUFFIXES
from cvkit.io.codecs.moves import seen
from cvkit.io.codecs.sniff import MOVING, VIDEO_SUFFIXES


@dataclass(frozen=True, slots=True)
class Found:
    """One file. `name` is its path relative to the folder on the line, else its last part."""

    path: str
    name: str
    folder: str = ""
    """The folder that was named on the line, or nothing."""

    @property
    def by_suffix(self) -> str:
        """picture, video, or nothing, as the name says."""
        suffix = os.path.splitext(self.name)[1].lower()
        return (
            "picture" if suffix in PICTURE_SUFFIXES else "video" if suffix in VIDEO_SUFFIXES else ""
        )


@dataclass
class Walk:
    """What was found, and how many files of a folder are no media."""

    files: list[Found]
    not_media: int = 0


def find(
    inputs: tuple[str, ...], *, include: tuple[str, ...] = (), exclude: tuple[str, ...] = (),
    own: tuple[str, ...] = (),
) -> Walk:  # fmt: skip
    """Every file that these words mean, in their order; folders by name.

    `own` are folders and files of this run, never walked. Raises InputError where one is missing
    or cannot be read, UsageError where a pattern matches nothing.
    """
    walk = Walk([])
    skipped = {os.path.realpath(p) for p in own}
    expanded = [p for text in inputs for p in _expanded(text)]
    folders = [p for p in expanded if os.path.isdir(p)]
    for path in expanded:
        if os.path.isdir(path):
            prefix = os.path.basename(os.path.abspath(path)) + "/" if len(folders) > 1 else ""
            _folder(walk, path, prefix, include, exclude, skipped)
        else:
            walk.files.append(Found(path, os.path.basename(path)))
    return walk


def _expanded(text: str) -> list[str]:
    if text == "-":
        return ["-"]
    try:
        os.stat(text)
        return [text]
    except FileNotFoundError as error:
        if any(c in text for c in "*?["):
            found = sorted(glob.glob(text, recursive=True))
            if found:
                return found
            raise UsageError(f"{text} matches no file") from error
        near = _near(text)
        remedy = f"did you mean {near}?" if near else ""
        raise InputError(f"{text} does not exist", remedy=remedy) from error
    except OSError as error:
        raise InputError(f"{text} cannot be read", why=error.strerror or str(error)) from error
    except ValueError as error:
        raise InputError(f"{text!r} is no file name", why=str(error)) from error


def _near(text: str) -> str:
    import difflib

    folder = os.path.dirname(text) or "."
    try:
        there = os.listdir(folder)
    except OSError:
        return ""
    near = difflib.get_close_matches(os.path.basename(text), there, 1, 0.7)
    return os.path.join(os.path.dirname(text), near[0]) if near else ""


def _folder(
    walk: Walk, folder: str, prefix: str, include: tuple[str, ...], exclude: tuple[str, ...],
    skipped: set[str],
) -> None:  # fmt: skip
    root = os.path.realpath(folder)
    for relative in _files(folder, "", skipped):
        if (include and not _matches(relative, include)) or _matches(relative, exclude):
            continue
        path = os.path.join(folder, relative)
        real = os.path.realpath(path)
        if real in skipped or not (real == root or real.startswith(root + os.sep)):
            continue  # our own output, or a link out of the tree
        found = Found(path, prefix + relative, folder)
        if found.by_suffix or _media(path):
            walk.files.append(found)
        else:
            walk.not_media += 1


def _files(folder: str, relative: str, skipped: set[str]) -> Iterator[str]:
    try:
        with os.scandir(os.path.join(folder, relative)) as entries:
            listed = sorted(entries, key=lambda e: e.name)
    except OSError as error:
        where = os.path.join(folder, relative)
        raise InputError(f"{where} cannot be read", why=error.strerror or str(error)) from error
    for entry in listed:
        if entry.name.startswith("."):
            continue
        below = os.path.join(relative, entry.name)
        if entry.is_dir(follow_symlinks=False):
            if os.path.realpath(entry.path) not in skipped:
                yield from _files(folder, below, skipped)
        elif entry.is_file():
            yield below


def _matches(relative: str, patterns: tuple[str, ...]) -> bool:
    last = os.path.basename(relative)
    return any(fnmatch.fnmatch(last, p) or fnmatch.fnmatch(relative, p) for p in patterns)


def _media(path: str) -> bool:
    found, kind = look(path)
    named = found in FORMATS and FORMATS[found].named
    return kind in ("picture", "video") and not named


def kind_of(path: str) -> str:
    """picture, video, stream or nothing, as the content says; nothing where unreadable."""
    return look(path)[1]


def look(path: str) -> tuple[str | None, str]:
    """The format, None where it cannot be told, and picture, video, stream or nothing.

    An animation is a video, and of one frame a picture.
    """
    try:
        with open(path, "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return None, ""
            found, moves = seen(file, path)
    except OSError:
        return None, ""
    if found is None:
        return None, ""
    moves = moves or found in MOVING
    return found, "stream" if found == "cvkit" else "video" if moves else "picture"
