"""Inflate compressed picture data in small pieces, so that all of its damage is seen."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator

from cvkit.io.integrity import damaged

PIECE = 65535
"""Most bytes of a piece: what a stored block of deflate holds."""

_SLICE = 1 << 16


def inflated(chunks: Iterable[memoryview], name: str, what: str) -> Iterator[bytes]:
    """The data of one zlib stream that lies in `chunks`, its checksum verified at the end.

    Raises DamagedError, which says `what` was broken.
    """
    inflate = zlib.decompressobj()
    try:
        for chunk in chunks:
            # Sliced, since zlib copies what it has not used yet at every turn.
            for at in range(0, len(chunk), _SLICE):
                rest: bytes | memoryview = chunk[at : at + _SLICE]
                while rest and not inflate.eof:
                    yield inflate.decompress(rest, PIECE)
                    rest = inflate.unconsumed_tail
        while not inflate.eof and (piece := inflate.decompress(b"", PIECE)):
            yield piece
    except zlib.error as error:
        reason = str(error).partition(": ")[2] or str(error)
        raise damaged(name, f"{what} is broken ({reason})") from error
    if not inflate.eof:
        raise damaged(name, f"{what} stops in the middle")
