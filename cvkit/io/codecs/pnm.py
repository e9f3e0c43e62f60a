"""PNM: the five kinds of Netpbm's files and PFM, plain and raw, read and written.

Levels run up to any maximum and are spread over 8 or 16 bits, so that the file's maximum is white.
PFM's values are kept as they are, also above 1, whatever unit its scale says. Of several pictures
in one file the first is taken.

Source: Netpbm's format pages; https://www.pauldebevec.com/Research/HDR/PFM/
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice

import numpy as np

from cvkit.core.depths import DEPTHS, at_depth
from cvkit.core.errors import OutputError
from cvkit.core.values import Image
from cvkit.core.warp import Array
from cvkit.io.codecs.asked import Asked
from cvkit.io.codecs.stored import image, spread
from cvkit.io.integrity import bounded, damaged, unsupported

Bytes = bytes | memoryview

_TOKEN = re.compile(rb"(?:\s|#[^\n]*\n)*([^\s#]+)")
_COMMENT = re.compile(rb"#[^\n]*")
_CHANNELS = {b"1": 1, b"2": 1, b"3": 3, b"4": 1, b"5": 1, b"6": 3}
_PLAIN = b"123"
_HEADER = 1 << 16  # comments may be long, but a header is not


@dataclass(frozen=True, slots=True)
class _Header:
    width: int
    height: int
    channels: int
    top: int
    start: int
    """Where the levels begin."""


def read(data: Bytes, name: str, asked: Asked) -> Image:
    kind = bytes(data[1:2])
    if kind in b"Ff":
        return image(_floats(data, name, asked.max_pixels))
    header = _pam(data, name) if kind == b"7" else _numbers(data, name, kind)
    bounded((header.width, header.height), asked.max_pixels, name)
    if not 0 < header.top < 65536:
        raise damaged(name, f"its PNM header says levels up to {header.top}")
    levels = _plain(data, name, header, kind) if kind in _PLAIN else _raw(data, name, header, kind)
    if int(levels.max()) > header.top:
        raise damaged(name, f"it holds levels above the {header.top} that its PNM header says")
    shape = (header.height, header.width, header.channels)
    array = spread(levels.reshape(shape[: 2 if header.channels == 1 else 3]), header.top)
    if kind in b"14":
        array = np.bitwise_not(array)  # a PBM's 1 is black
    if header.channels == 2:  # grey and alpha
        return image(array[:, :, [0, 0, 0, 1]], gray=True)
    order = [2, 1, 0, 3][: header.channels]
    return image(np.ascontiguousarray(array[:, :, order]) if header.channels > 2 else array)


def encode(array: Array, fmt: str, *, quality: int | None, binary: bool) -> bytes:
    """The raw kind of each; floats for PFM in native order, the others in the array's depth."""
    height, width = array.shape[:2]
    colour = array.ndim == 3
    rgb = array[:, :, [2, 1, 0, 3][: array.shape[2]]] if colour else array
    if fmt == "pfm":
        floats = at_depth(rgb, "float32")[::-1].astype("<f4")  # rows from the bottom
        return f"P{'F' if colour else 'f'}\n{width} {height}\n-1.0\n".encode() + floats.tobytes()
    if fmt == "pbm":
        if not binary and not np.isin(array, (0, 255)).all():
            raise OutputError(
                "the picture cannot be written as PBM",
                why="it holds black and white only",
                remedy="add threshold, or write PGM",
            )
        return f"P4\n{width} {height}\n".encode() + np.packbits(array == 0, axis=1).tobytes()
    top = int(DEPTHS[array.dtype.name])
    levels = rgb.astype(array.dtype.newbyteorder(">")).tobytes()
    if fmt == "pam":
        depth = array.shape[2] if colour else 1
        kind = {1: "GRAYSCALE", 3: "RGB", 4: "RGB_ALPHA"}[depth]
        lines = f"P7\nWIDTH {width}\nHEIGHT {height}\nDEPTH {depth}\nMAXVAL {top}\nTUPLTYPE {kind}"
        return f"{lines}\nENDHDR\n".encode() + levels
    if fmt == "ppm" and not colour:
        levels = np.repeat(rgb.astype(array.dtype.newbyteorder(">")), 3).tobytes()
    return f"P{5 if fmt == 'pgm' else 6}\n{width} {height}\n{top}\n".encode() + levels


def _numbers(data: Bytes, name: str, kind: bytes) -> _Header:
    """Of P1 to P6: sizes and the maximum, then one white space."""
    bilevel = kind in b"14"
    tokens, at = _tokens(data, name, 2 if bilevel else 3)
    try:
        numbers = [int(t) for t in tokens]
    except ValueError as error:
        raise damaged(name, "its PNM header holds words where numbers should be") from error
    return _Header(numbers[0], numbers[1], _CHANNELS[kind], 1 if bilevel else numbers[2], at + 1)


def _pam(data: Bytes, name: str) -> _Header:
    """Of P7: lines of a name and a value up to ENDHDR."""
    head = bytes(data[:_HEADER])
    end = head.find(b"\nENDHDR\n")
    if end < 0:
        raise damaged(name, "its PAM header has no end")
    lines = (line.split(maxsplit=1) for line in head[3:end].splitlines())
    said = {line[0]: line[1] for line in lines if len(line) == 2 and line[0] != b"#"}
    try:
        width, height, channels, top = (
            int(said[key]) for key in (b"WIDTH", b"HEIGHT", b"DEPTH", b"MAXVAL")
        )
    except (KeyError, ValueError) as error:
        raise damaged(name, "its PAM header lacks a size") from error
    if not 1 <= channels <= 4:
        raise unsupported(name, f"PAM pictures of {channels} channels are not read")
    return _Header(width, height, channels, top, end + len(b"\nENDHDR\n"))


def _floats(data: Bytes, name: str, max_pixels: int) -> Array:
    tokens, at = _tokens(data, name, 3)
    try:
        width, height, scale = int(tokens[0]), int(tokens[1]), float(tokens[2])
    except ValueError as error:
        raise damaged(name, "its PFM header holds words where numbers should be") from error
    bounded((width, height), max_pixels, name)
    channels = 3 if data[1] == ord("F") else 1
    count = width * height * channels
    view = memoryview(data)[at + 1 :]
    _enough(len(view), count * 4, name)
    values = np.frombuffer(view, ">f4" if scale > 0 else "<f4", count).astype(np.float32)
    rows = values.reshape(height, width, channels)[::-1]
    return np.ascontiguousarray(rows[:, :, ::-1] if channels == 3 else rows[:, :, 0])


def _tokens(data: Bytes, name: str, count: int) -> tuple[list[bytes], int]:
    """The words after the kind, and where the last one ends; comments are passed over."""
    found = list(islice(_TOKEN.finditer(bytes(data[:_HEADER]), 2), count))
    if len(found) < count or found[-1].end() >= len(data):
        raise damaged(name, "the PNM is cut inside its header")
    return [match[1] for match in found], found[-1].end()


def _raw(data: Bytes, name: str, header: _Header, kind: bytes) -> Array:
    view = memoryview(data)[header.start :]
    if kind == b"4":
        row = -(-header.width // 8)
        _enough(len(view), row * header.height, name)
        packed = np.frombuffer(view, np.uint8, row * header.height).reshape(header.height, row)
        return np.unpackbits(packed, axis=1, count=header.width)
    count = header.width * header.height * header.channels
    depth = np.dtype(np.uint8 if header.top < 256 else ">u2")
    _enough(len(view), count * depth.itemsize, name)
    return np.frombuffer(view, depth, count)


def _plain(data: Bytes, name: str, header: _Header, kind: bytes) -> Array:
    count = header.width * header.height * header.channels
    text = _COMMENT.sub(b"", bytes(memoryview(data)[header.start - 1 :]))
    if kind == b"1":  # digits may stand without a space between them
        digits = np.frombuffer(b"".join(text.split()), np.uint8)[:count]
        _enough(len(digits), count, name, "levels")
        if not np.isin(digits, (48, 49)).all():
            raise damaged(name, "a PBM's text holds more than 0 and 1")
        return digits - np.uint8(48)
    words = text.split(maxsplit=count)[:count]
    _enough(len(words), count, name, "levels")
    try:
        levels = np.array(words).astype(np.int64)
    except (ValueError, OverflowError) as error:
        raise damaged(name, "its PNM text holds more than numbers") from error
    if levels.min() < 0:
        raise damaged(name, "its PNM text holds levels below 0")
    return levels


def _enough(there: int, wanted: int, name: str, what: str = "bytes") -> None:
    if there < wanted:
        raise damaged(name, f"the PNM is cut: {wanted - there} {what} are missing")
