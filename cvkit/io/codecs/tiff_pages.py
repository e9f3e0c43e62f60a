"""A TIFF of several pages, written one after the other as they come."""

from __future__ import annotations

import struct
from typing import BinaryIO

from cvkit.core.errors import OutputError
from cvkit.io.codecs import ifd, tiff_tags

_SUBFILE, _STRIPS, _STRIP_BYTES = 254, 273, 279
_A_PAGE = 2
_MOST = 0xFFFFFFFF


class PageWriter:
    """`add` pages to an empty file; it is a whole TIFF after each of them."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._at = 8
        self._link = 4
        file.write(b"II*\0" + bytes(4))

    def add(self, page: bytes) -> None:
        """One more page: a little-endian TIFF of one page in strips, as `writing` makes it.

        Raises OutputError where the file would be longer than its offsets reach.
        """
        tags, inner = tiff_tags.parts_of(page)
        starts, lengths = (_numbers(tags[tag]) for tag in (_STRIPS, _STRIP_BYTES))
        strips = [page[s : s + n] for s, n in zip(starts, lengths, strict=True)]
        moved = []
        for strip in strips:
            moved.append(self._at)
            self._at += len(strip)
        room = self._at % 2  # directories begin at even bytes
        self._at += room
        if self._at + len(page) - sum(lengths) > _MOST:
            raise OutputError(
                "a TIFF holds 4 GB", remedy="number the pages: -o 'out/{stem}_{index:03d}.tif'"
            )
        tags[_STRIPS] = (ifd.LONG, len(moved), struct.pack(f"<{len(moved)}I", *moved))
        tags[_SUBFILE] = (ifd.LONG, 1, struct.pack("<I", _A_PAGE))
        directory = tiff_tags.with_inner(tags, inner, self._at)
        self._file.seek(0, 2)
        self._file.writelines([*strips, bytes(room), directory])
        self._file.seek(self._link)
        self._file.write(struct.pack("<I", self._at))
        (count,) = struct.unpack_from("<H", directory)
        self._link = self._at + 2 + 12 * count
        self._at += len(directory)


def _numbers(told: tuple[int, int, bytes]) -> tuple[int, ...]:
    kind, count, body = told
    return struct.unpack(f"<{count}{'H' if kind == ifd.SHORT else 'I'}", body)
