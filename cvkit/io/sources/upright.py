"""Stand stored video pictures upright, as their container's display matrix says."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple, cast

import numpy as np

from cvkit.core.values import Decoded, Pixels, frozen
from cvkit.core.warp import Array
from cvkit.io.planes import Planes

if TYPE_CHECKING:
    import av
    from av.sidedata.sidedata import SideData

_ONE = 1 << 16  # a display matrix has 16 bits after the point


class Stand(NamedTuple):
    """How a stored picture is shown: mirrored left to right first, then so many quarter turns
    counter-clockwise."""

    turns: int = 0
    mirrored: bool = False

    def of(self, array: Array) -> Array:
        """A picture or plane, shown this way; as it is where there is nothing to do."""
        return frozen(np.ascontiguousarray(self.view(array))) if self != UPRIGHT else array

    def view(self, array: Array) -> Array:
        """The same without a copy."""
        return np.rot90(np.fliplr(array) if self.mirrored else array, self.turns)

    def pixels(self, pixels: Pixels) -> Pixels:
        """The pixels of a decoded frame, shown this way."""
        if self == UPRIGHT:
            return pixels
        if isinstance(pixels, Planes):
            return pixels.turned(self.turns, mirrored=self.mirrored)
        return Decoded(self.of(pixels.bgr()), self.of(pixels.gray()))


UPRIGHT = Stand()


def stand_of(frame: av.VideoFrame) -> Stand:
    """What a frame's display matrix says; angles between the quarter turns are left alone."""
    matrix = _matrix(frame)
    if matrix is None:
        return UPRIGHT
    a, b, c, d = (round(matrix[i] / _ONE) for i in (0, 1, 3, 4))
    return _STANDS.get((a, b, c, d), UPRIGHT)


def _matrix(frame: av.VideoFrame) -> tuple[int, ...] | None:
    import av.filter
    from av.sidedata.sidedata import Type

    # `Frame.rotation` knows no mirroring, and PyAV 18's `Frame.side_data` frees a dictionary
    # twice (an ICC profile's), so that this goes first.
    graph = av.filter.Graph()
    start = graph.add_buffer(
        width=frame.width, height=frame.height, format=frame.format, time_base=Fraction(1, 1000)
    )
    without = graph.add("sidedata", "mode=delete:type=ICC_PROFILE")
    end = graph.add("buffersink")
    start.link_to(without)
    without.link_to(end)
    graph.configure()
    graph.push(frame)
    data = cast("Iterable[SideData]", graph.pull().side_data)
    found = next((part for part in data if part.type == Type.DISPLAYMATRIX), None)
    return None if found is None else struct.unpack("=9i", bytes(found))


def _stands() -> dict[tuple[int, int, int, int], Stand]:
    """By the signs of a matrix, which takes (x, y) to (ax + cy, bx + dy)."""
    quarter, mirror = np.array([[0, 1], [-1, 0]]), np.array([[-1, 0], [0, 1]])
    out = {}
    for mirrored in (False, True):
        for turns in range(4):
            start = mirror if mirrored else np.eye(2, dtype=int)
            (a, c), (b, d) = (np.linalg.matrix_power(quarter, turns) @ start).tolist()
            out[a, b, c, d] = Stand(turns, mirrored)
    return out


_STANDS = _stands()
