"""Which files an input on the command line means."""

from __future__ import annotations

import fnmatch
import glob
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass

from cvkit.core.errors import CvkitError, InputError, UsageError
from cvkit.io.codecs.formats import FORMATS, PICTURE_SUFFIXES, SUFFIX_FORMAT
from cvkit.io.codecs.moves import seen
from cvkit.io.codecs.sniff import MOVING, VIDEO_SUFFIXES
from cvkit.io.sources import generated, sequence


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
    left_out: int = 0
    """Files that --include and --exclude leave out."""
    named: tuple[str, ...] = ()
    """The inputs one by one, as if lists and patterns had been written out."""


def find(
    inputs: tuple[str, ...], *, include: tuple[str, ...] = (), exclude: tuple[str, ...] = (),
    own: tuple[str, ...] = (),
) -> Walk:  # fmt: skip
    """Every file that these words mean, in their order; folders by name.

    `own` are folders and files of this run, never walked. Raises InputError where one is missing
    or cannot be read, UsageError where a pattern matches nothing.
    """
    skipped = {os.path.realpath(p) for p in own}
    expanded: list[str] = []
    for number, text in enumerate(inputs):
        try:
            expanded += _expanded(text)
        except InputError as error:
            written = os.path.splitext(text)[1].lower() in (*SUFFIX_FORMAT, *VIDEO_SUFFIXES)
            if 0 < number == len(inputs) - 1 and written and not os.path.lexists(text):
                # As ImageMagick and FFmpeg have it: the last word is what is written.
                raise InputError(
                    error.what, why=error.why, remedy=f"to write it: -o {text}"
                ) from error
            raise
    walk = Walk([], named=tuple(expanded))
    folders = [p for p in expanded if os.path.isdir(p)]
    for path in expanded:
        if os.path.isdir(path):
            prefix = os.path.basename(os.path.abspath(path)) + "/" if len(folders) > 1 else ""
            _folder(walk, path, prefix, include, exclude, skipped)
        else:
            walk.files.append(Found(path, name_of(path)))
    return walk


def files_of(path: str) -> list[str]:
    """The files that an input reads."""
    if path.startswith(sequence.SCHEME):
        return sequence.files_of(path)
    return [] if path.startswith(generated.SCHEMES) else [path]


def name_of(path: str) -> str:
    """What the results of an input that was named on the line are called after."""
    if path.startswith(sequence.SCHEME):
        return sequence.name_of(path)
    if path.startswith(generated.SCHEMES):
        return generated.Generated(path).name
    return os.path.basename(path)


def _expanded(text: str) -> list[str]:
    if text == "-":
        return ["-"]
    if text.startswith((sequence.SCHEME, *generated.SCHEMES)):
        _checked(text)
        return [text]
    if text.startswith("@") and not os.path.lexists(text):
        return _listed(text[1:])
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


def _checked(text: str) -> None:
    """Raises UsageError or InputError where a word with a scheme means nothing."""
    if text.startswith(sequence.SCHEME):
        sequence.files_of(text)
    else:
        generated.Generated(text)


def _listed(path: str) -> list[str]:
    """The inputs that a list names, one a line; `#` begins a comment line.

    A name is looked for beside the list, then in the current folder. Raises InputError where the
    list cannot be read, and with its line where an input is none.
    """
    try:
        with open(path, encoding="utf-8-sig", errors="surrogateescape") as file:
            lines = file.read().splitlines()
    except OSError as error:
        raise InputError(f"@{path} cannot be read", why=error.strerror or str(error)) from error
    out = []
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        if text == "-" or text.startswith("@"):
            raise InputError(f"{path}, line {number}: {text} is no file", why="a list names files")
        try:
            out += _expanded(_beside(text, os.path.dirname(path)))
        except CvkitError as error:
            raise InputError(
                f"{path}, line {number}: {error.what}", why=error.why, remedy=error.remedy
            ) from error
    if not out:
        raise InputError(f"@{path} names no file", remedy="one a line")
    return out


def _beside(text: str, folder: str) -> str:
    """A line of a list that lies in `folder`, as seen from here."""
    scheme = sequence.SCHEME if text.startswith(sequence.SCHEME) else ""
    if text.startswith(generated.SCHEMES):
        return text
    near = os.path.join(folder, text.removeprefix(scheme))
    there = glob.glob(re.sub(sequence.NUMBERED, "*", near)) if scheme else glob.glob(near)
    return scheme + near if there or os.path.lexists(near) else text


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
            walk.left_out += 1
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
    if path.startswith((sequence.SCHEME, *generated.SCHEMES)):
        return None, "video" if path.startswith(sequence.SCHEME) else "picture"
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
