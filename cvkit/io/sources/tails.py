"""Whether a video file is as long as it says, and hangs together, from its structure alone.

Readers of a stream take a cut for its end, and pass over what they do not know. These formats know
better: packets of one length, pages, boxes and elements with a size of their own.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from cvkit.core.errors import CvkitError

_STRUCTURED = ("mpegts", "matroska,webm")
_BROKEN = "its structure is broken at byte {}"
_TAIL = 1 << 17  # two pages of Ogg
_ASF_FILE = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
_BROADCAST = 1
_LINE = 1024
_HOLDERS = (b"\x18S\x80g", b"\x1fC\xb6u")  # a segment, and the clusters in it


def cut_short(path: Path, kind: str, *, declared: bool) -> str:
    """In words what is wrong with a file of FFmpeg's format `kind`; nothing where it is whole or
    cannot tell. `declared`: how many frames there are is known already."""
    look = _LOOKS.get(kind)
    if look is None or (declared and look is _boxes):
        return ""
    try:
        with path.open("rb") as file:
            return look(file, os.fstat(file.fileno()).st_size)
    except (OSError, CvkitError):  # what could be read was read
        return ""


def broken_at(path: Path, kind: str) -> tuple[int, str] | None:
    """At which byte the structure of a file of FFmpeg's format `kind` breaks, and that in words;
    None where it does not, or cannot tell."""
    if kind not in _STRUCTURED:
        return None
    found = re.search(_BROKEN.format(r"(\d+)"), cut_short(path, kind, declared=False))
    return (int(found[1]), found[0]) if found else None


def _transport(file: BinaryIO, size: int) -> str:
    """MPEG-TS: packets of 188 bytes, 192 with a time before each, or 204 with a checksum behind."""
    start = file.read(512)
    for length, first in ((188, 0), (192, 4), (204, 0)):
        if start[first : first + 1] == start[first + length : first + length + 1] == b"G":
            if size % length:
                return "it ends in the middle of a packet"
            return _in_step(file, length, first)
    return ""


def _in_step(file: BinaryIO, length: int, first: int) -> str:
    """Whether each packet begins as they do."""
    at = 0
    file.seek(0)
    while chunk := file.read(length * 4096):
        marks = chunk[first::length]
        if marks.count(b"G") != len(marks):
            lost = next(i for i, mark in enumerate(marks) if mark != 0x47)
            return _BROKEN.format(at + lost * length)
        at += len(chunk)
    return ""


def _pages(file: BinaryIO, size: int) -> str:
    """Ogg: each page says how long it is."""
    file.seek(max(0, size - _TAIL))
    tail = file.read()
    last = tail.rfind(b"OggS")
    count = tail[last + 26] if last >= 0 and len(tail) > last + 26 else None
    if count is None or len(tail) < last + 27 + count:
        return "it ends in the middle of a page"
    ends = last + 27 + count + sum(tail[last + 27 : last + 27 + count])
    return "it ends in the middle of a page" if len(tail) < ends else ""


def _header(file: BinaryIO, size: int) -> str:
    """ASF: how long the file is, unless it was broadcast."""
    start = file.read(1 << 16)
    at = start.find(_ASF_FILE)
    if at < 0 or len(start) < at + 92:
        return ""
    told = int.from_bytes(start[at + 40 : at + 48], "little")
    flags = int.from_bytes(start[at + 88 : at + 92], "little")
    if told <= size or flags & _BROADCAST:
        return ""
    return f"{told} bytes are declared, {size} are there"


def _boxes(file: BinaryIO, size: int) -> str:
    """MP4 in fragments: boxes with sizes one after the other."""
    at = 0
    while at + 8 <= size:
        file.seek(at)
        head = file.read(16)
        length = int.from_bytes(head[:4], "big")
        if length == 1:
            length = int.from_bytes(head[8:16], "big")
        if length < 8:  # to the end, or nothing that can be trusted
            return ""
        at += length
    return "it ends in the middle of a fragment" if at != size else ""


def _elements(file: BinaryIO, size: int) -> str:
    """Matroska: elements with a name and a length; those in clusters are looked at one by one."""
    file.seek(0)
    at = 0
    while at < size:
        file.seek(at)
        head = file.read(12)
        wide = 9 - head[0].bit_length() if head[0] else 9
        name = head[:wide]
        length, end = _number(head, wide)
        if wide > 4 or (length is None and name not in _HOLDERS):
            return _BROKEN.format(at)
        if name in _HOLDERS:
            whole = length is None or at + end + length <= size
            length = 0 if whole else length
        at += end + (length or 0)
    return f"{at} bytes are declared, {size} are there" if at > size else ""


def _raw(file: BinaryIO, size: int) -> str:
    """YUV4MPEG2: a line and then the same number of bytes for each frame."""
    from cvkit.io.sources.y4m import header, shapes

    told = header(file.readline(_LINE), "")
    length = sum(h * w for h, w in shapes(told.format, told.size))
    while line := file.readline(_LINE):
        if not line.endswith(b"\n") or file.seek(length, os.SEEK_CUR) > size:
            return "it ends in the middle of a frame"
    return ""


def _number(data: bytes, at: int) -> tuple[int | None, int]:
    """A number of EBML and where it ends; None where it stands for "unknown"."""
    if at >= len(data) or not data[at]:
        return None, at + 1
    wide = 9 - data[at].bit_length()
    value = int.from_bytes(data[at : at + wide], "big") - (1 << 7 * wide)
    return (None if value == (1 << 7 * wide) - 1 else value), at + wide


_LOOKS: dict[str, Callable[[BinaryIO, int], str]] = {
    "mpegts": _transport,
    "ogg": _pages,
    "asf": _header,
    "mov,mp4,m4a,3gp,3g2,mj2": _boxes,
    "matroska,webm": _elements,
    "yuv4mpegpipe": _raw,
}
