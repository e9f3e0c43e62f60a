"""Grid: where a raster or a set of coordinates lies in its source."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from cvkit.core.warp import Array, Field, Floats, Matrix, Series, Size, Warp

_IDENTITY = np.eye(3)


@dataclass(frozen=True, eq=False)
class Grid:
    """Where a raster lies: its size, and the map from its source's box coordinates to its own."""

    size: Size
    source: Size
    steps: tuple[Warp, ...] = ()
    """The warps that led here, as they came."""

    @classmethod
    def of(cls, size: Size) -> Grid:
        return cls(size, size)

    def then(self, warp: Warp) -> Grid:
        """The grid after `warp`."""
        more = warp.warps if isinstance(warp, Series) else (warp,)
        return Grid(warp.after, self.source, (*self.steps, *more))

    @cached_property
    def maps(self) -> tuple[Warp, ...]:
        """The same in as few warps as can be: neighbouring matrices are one."""
        return _joined(self.steps)

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, Grid) or (self.size, self.source) != (other.size, other.source):
            return False
        return self.steps == other.steps or self.maps == other.maps

    def __hash__(self) -> int:
        return hash((self.size, self.source))

    def points_from_source(self, points: Floats) -> Floats:
        points = np.asarray(points, np.float64).reshape(-1, 2)
        for warp in self.maps:
            points = warp.points(points)
        return points

    def points_to_source(self, points: Floats) -> Floats:
        points = np.asarray(points, np.float64).reshape(-1, 2)
        for warp in reversed(self.maps):
            points = warp.back(points) if isinstance(warp, Field) else warp.inverse().points(points)
        return points

    def onto(self, other: Grid) -> Warp | None:
        """The warp from this grid to `other` for coordinates, or None where they are one grid."""
        return None if self == other else _Between(self, other)

    def __str__(self) -> str:
        where = "" if not self.maps else f" of a {self.source[0]}×{self.source[1]} source"
        return f"{self.size[0]}×{self.size[1]}{where}"


def _joined(maps: tuple[Warp, ...]) -> tuple[Warp, ...]:
    out: list[Warp] = []
    for warp in maps:
        matrix = warp.matrix
        last = out[-1].matrix if out else None
        if matrix is not None and last is not None:
            matrix, before = matrix @ last, out.pop().before
        else:
            before = warp.before
        if matrix is None:
            out.append(warp)
        elif not (before == warp.after and np.abs(matrix - _IDENTITY).max() < 1e-12):
            # Rounded far below a pixel, so that there and back again is the same grid.
            rows = tuple(tuple(round(v, 12) for v in row) for row in matrix.tolist())
            out.append(Matrix(before, warp.after, rows))
    return tuple(out)


@dataclass(frozen=True)
class _Between(Warp):
    """From one grid of a source to another, for coordinates and bitmaps local to objects."""

    start: Grid
    end: Grid

    @property
    def before(self) -> Size:  # type: ignore[override]
        return self.start.size

    @property
    def after(self) -> Size:
        return self.end.size

    def points(self, points: Floats) -> Floats:
        return self.end.points_from_source(self.start.points_to_source(points))

    def pixels(self, array: Array, *, nearest: bool = False) -> Array:
        w, h = self.after
        centres = np.stack(np.meshgrid(np.arange(w) + 0.5, np.arange(h) + 0.5), -1).reshape(-1, 2)
        at = self.start.points_from_source(self.end.points_to_source(centres)) - 0.5
        maps = at.astype(np.float32).reshape(h, w, 2)
        flag = cv2.INTER_NEAREST if nearest else cv2.INTER_LINEAR
        moved: Array = cv2.remap(array, maps[..., 0], maps[..., 1], flag)
        return moved
