"""Grey pictures as text, `.csv`: a line a row, a number a pixel.

Whole numbers up to 255 are 8 bits, up to 65535 they are 16; one number with a point makes all of
them floats. Read only where the file is named, since most tables are no pictures.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from cvkit.core.errors import OutputError
from cvkit.core.values import Image
from cvkit.core.warp import Array
from cvkit.io.codecs.asked import Asked
from cvkit.io.codecs.stored import image
from cvkit.io.integrity import bounded, damaged, unsupported

Bytes = bytes | memoryview

_FLOAT = re.compile(r"[.eEnN]")
_WORD = re.compile(r"could not convert string (.*?) to float64 at row (\d+), column (\d+)")
_SEPARATORS = ",;\t"


def read(data: Bytes, name: str, asked: Asked) -> Image:
    try:
        text = bytes(data).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise damaged(name, "its CSV is no text") from error
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        raise damaged(name, "its CSV holds no numbers")
    separator = max(_SEPARATORS, key=lines[0].count)
    mark = separator if separator in lines[0] else None
    width = _width(lines, mark, name)
    bounded((width, len(lines)), asked.max_pixels, name)
    return image(_picture(_numbers(lines, mark, name), text, name))


def encode(array: Array, fmt: str, *, quality: int | None, binary: bool) -> bytes:
    """Floats with as many digits as they need to be read back exactly."""
    if array.ndim != 2:
        raise OutputError("a colour picture cannot be written as CSV", remedy="add gray")
    return "".join(_lines(array)).encode()


def _lines(array: Array) -> Iterator[str]:
    form = "{:#.9g}".format if array.dtype.kind == "f" else str
    for row in array:
        yield ",".join(map(form, row.tolist())) + "\n"


def _width(lines: list[str], separator: str | None, name: str) -> int:
    """Numbers a line. Raises InputError where that differs."""
    counts = [
        len(line.split()) if separator is None else line.count(separator) + 1 for line in lines
    ]
    for number, there in enumerate(counts):
        if there != counts[0]:
            raise unsupported(
                name,
                f"its rows differ in length: row 1 holds {counts[0]} numbers, and row {number + 1}"
                f" {there}",
            )
    return counts[0]


def _numbers(lines: list[str], separator: str | None, name: str) -> Array:
    """(h, w) float64, which holds every level exactly."""
    try:
        return np.loadtxt(lines, delimiter=separator, comments=None, ndmin=2, dtype=np.float64)
    except ValueError as error:
        match = _WORD.match(str(error))
        where = f"{match[1]} in row {int(match[2]) + 1}" if match else str(error).partition(";")[0]
        raise unsupported(name, f"it is no table of numbers: {where}") from error


def _picture(numbers: Array, text: str, name: str) -> Array:
    if _FLOAT.search(text):
        return numbers.astype(np.float32)
    low, high = int(numbers.min()), int(numbers.max())
    if low < 0 or high > 65535:
        over = int(((numbers < 0) | (numbers > 255)).sum())
        raise unsupported(
            name,
            f"its numbers go from {low} to {high}, {over} of them outside of 0 to 255: pictures are"
            " 0 to 255, 0 to 65535 or floats",
        )
    return numbers.astype(np.uint8 if high < 256 else np.uint16)
