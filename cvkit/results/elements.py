"""The elements of a large JSON file's lists, one at a time, with where they lie."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from json import JSONDecodeError
from typing import IO, Any, NoReturn

_CHUNK = 1 << 20
_LARGEST = 64 << 20
"""Bytes that one element may have."""
_SPACE = re.compile(r"[ \t\r\n]*")
_TAIL = 64
"""Characters that are held ahead, so that a number or a word is not cut at the end of a chunk."""


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number")


def parsed(data: bytes) -> Any:  # noqa: ANN401 - what JSON holds
    """One value. Raises ValueError or RecursionError where it is none."""
    return json.loads(data.decode(), parse_constant=_no_number)


def elements(file: IO[bytes], lists: frozenset[str]) -> Iterator[tuple[str, Any, int, int]]:
    """The members of the file's one object: of those in `lists` each element by itself, of others
    the whole value; of a file that is one list its elements, under no name. With each come its key
    and where it begins and ends.

    Raises ValueError where the file is no JSON, RecursionError where it is nested too deeply.
    """
    text = _Text(file)
    if text.take("[{") == "[":
        yield from _listed(text, "")
    else:
        yield from _members(text, lists)
    if text.next():
        raise ValueError("there is something behind its end")


def _members(text: _Text, lists: frozenset[str]) -> Iterator[tuple[str, Any, int, int]]:
    if text.next() == "}":
        text.take("}")
        return
    while True:
        key, *_ = text.value()
        if not isinstance(key, str):
            raise ValueError("a name is missing")
        text.take(":")
        if key in lists and text.next() == "[":
            text.take("[")
            yield from _listed(text, key)
        else:
            yield key, *text.value()
        if text.take(",}") == "}":
            return


def _listed(text: _Text, key: str) -> Iterator[tuple[str, Any, int, int]]:
    if text.next() == "]":
        text.take("]")
        return
    while True:
        yield key, *text.value()
        if text.take(",]") == "]":
            return


class _Text:
    """A file's bytes as characters of one byte each, so that places in both are the same."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._start = file.tell()
        self._text, self._at, self._ended = "", 0, False
        self._decoder = json.JSONDecoder(parse_constant=_no_number)

    def next(self) -> str:
        """The next character that is no space; nothing at the end."""
        while True:
            match = _SPACE.match(self._text, self._at)
            assert match is not None
            self._at = match.end()
            if self._at < len(self._text) or self._ended:
                return self._text[self._at : self._at + 1]
            self._more()

    def take(self, wanted: str) -> str:
        """The next character, which has to be one of these."""
        found = self.next()
        if not found or found not in wanted:
            raise ValueError(self._fault(f"{' or '.join(wanted)} is missing"))
        self._at += 1
        return found

    def value(self) -> tuple[Any, int, int]:
        """The next value, and where it begins and ends."""
        self.next()
        while True:
            try:
                told, end = self._decoder.raw_decode(self._text, self._at)
            except JSONDecodeError as error:
                if self._ended or len(self._text) - self._at > _LARGEST:
                    raise ValueError(self._fault(error.msg.lower())) from error
            except ValueError as error:  # a number of thousands of digits, or NaN
                raise ValueError(self._fault(str(error).partition(";")[0])) from error
            else:
                if end < len(self._text) - _TAIL or self._ended:
                    break
            self._more()
        start, span = self._at, self._text[self._at : end]
        self._at = end
        if not span.isascii():
            told = parsed(span.encode("latin-1"))
        return told, self._start + start, self._start + end

    def _fault(self, why: str) -> str:
        return f"it is no JSON: {why} at byte {self._start + self._at}"

    def _more(self) -> None:
        """Read on, by more for what is longer, and let go of what was taken."""
        chunk = self._file.read(max(_CHUNK, len(self._text) - self._at))
        self._ended = not chunk
        self._text = self._text[self._at :] + chunk.decode("latin-1")
        self._start, self._at = self._start + self._at, 0
