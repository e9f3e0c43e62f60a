"""Text for people: width, colour by plain ANSI codes, wrapping. Loads nothing."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from cvkit.core.errors import OutputError

_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "magenta": "35"}
"""Yellow and cyan are all but invisible on white, blue is on black."""


def coloured(stream: TextIO) -> bool:
    """Only a terminal gets colour, and none where `NO_COLOR` is set."""
    return (
        not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb" and is_terminal(stream)
    )


def is_terminal(stream: TextIO | None) -> bool:
    try:
        return stream is not None and stream.isatty()
    except ValueError:  # it has been closed
        return False


def styled(text: str, style: str, stream: TextIO) -> str:
    if not text or not coloured(stream):
        return text
    codes = ";".join(_CODES[word] for word in style.split())
    return f"\033[{codes}m{text}\033[0m"


def width(limit: int = 100) -> int:
    """Columns to fill: those of the terminal (`COLUMNS` first), at most `limit`."""
    columns = os.environ.get("COLUMNS", "")
    if columns.isdigit() and int(columns) > 0:
        return min(int(columns), limit)
    for stream in (sys.__stdout__, sys.__stderr__):
        try:
            if stream is not None:
                return min(os.get_terminal_size(stream.fileno()).columns or 80, limit)
        except (OSError, ValueError):
            continue
    return 80


def wrapped(text: str, columns: int, indent: str = "") -> str:
    """Paragraphs filled to `columns`; every line begins with `indent`."""
    import textwrap

    return "\n".join(
        textwrap.fill(
            " ".join(part.split()),
            max(columns, 30),
            initial_indent=indent,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
        for part in text.split("\n\n")
    )


def hanging(text: str, indent: str, stream: TextIO) -> str:
    """Filled, later lines indented, on a terminal; elsewhere one line, for grep."""
    if not is_terminal(stream):
        return text
    lead = text[: len(text) - len(text.lstrip())]
    return lead + wrapped(text, width(120), indent).lstrip()


def plain(text: str) -> str:
    """Without control characters: a file's name must not drive the terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def people(text: str) -> None:
    """A line for people: on stderr, and never an error of its own."""
    try:
        sys.stderr.write(text + "\n")
        sys.stderr.flush()
    except (OSError, ValueError):
        pass  # nobody listens


def data(text: str) -> None:
    """A line of data: on stdout, as the bytes that a file name has."""
    line = (text + "\n").encode("utf-8", "surrogateescape")
    with stdout_told():
        sys.stdout.flush()
        sys.stdout.buffer.write(line)
        sys.stdout.buffer.flush()


@contextmanager
def stdout_told() -> Iterator[None]:
    """What stops stdout as an OutputError; a reader that has gone stays a BrokenPipeError."""
    if sys.stdout is None:
        raise OutputError("stdout is closed", why="there is something to write to it")
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError("stdout cannot be written", why=said(error)) from error


def said(error: OSError) -> str:
    """What the system says of it."""
    return (error.strerror or str(error)).lower()
