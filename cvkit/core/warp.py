"""Geometry: what moves a whole frame.

Coordinates are those of boxes: x to the right, y down, pixel *i* covers [i, i+1). OpenCV's
matrices and maps count from pixel centres, so they are shifted by half a pixel before and after.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import Any, Literal

import cv2
import numpy as np

# Spelled out: numpy.typing costs a tenth of a short run's time.
Array = np.ndarray[Any, np.dtype[Any]]
Floats = np.ndarray[Any, np.dtype[np.float64]]
Floats32 = np.ndarray[Any, np.dtype[np.float32]]
Size = tuple[int, int]
"""Width and height in pixels."""

Interpolation = Literal[
    "nearest", "nearest-exact", "linear", "linear-exact", "cubic", "area", "lanczos"
]
INTERPOLATIONS: dict[str, int] = {
    "nearest": cv2.INTER_NEAREST,
    "nearest-exact": cv2.INTER_NEAREST_EXACT,
    "linear": cv2.INTER_LINEAR,
    "linear-exact": cv2.INTER_LINEAR_EXACT,
    "cubic": cv2.INTER_CUBIC,
    "area": cv2.INTER_AREA,
    "lanczos": cv2.INTER_LANCZOS4,
}
# OpenCV knows these for resizing only.
_AT_POINTS = {"area": "linear", "linear-exact": "linear", "nearest-exact": "nearest"}
_ROTATE = {1: cv2.ROTATE_90_COUNTERCLOCKWISE, 2: cv2.ROTATE_180, 3: cv2.ROTATE_90_CLOCKWISE}
_TO_CENTRES = np.array([[1, 0, -0.5], [0, 1, -0.5], [0, 0, 1.0]])
_TO_EDGES = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1.0]])


class Warp(ABC):
    """A move of the whole frame from pictures of size `before` to pictures of size `after`."""

    before: Size

    @property
    @abstractmethod
    def after(self) -> Size: ...

    @property
    def matrix(self) -> Floats | None:
        """3×3 float64, this warp on box coordinates; None where no matrix can say it."""
        return None

    @abstractmethod
    def pixels(self, array: Array, *, nearest: bool = False) -> Array:
        """The moved raster, (h, w) or (h, w, c); `nearest` for names and coverage."""

    def points(self, points: Floats) -> Floats:
        """(n, 2) box coordinates before → (n, 2) after."""
        matrix = self.matrix
        assert matrix is not None
        return transform(matrix, points)

    def inverse(self) -> Warp:
        """The warp back. Raises ValueError where none exists."""
        raise ValueError(f"a {type(self).__name__} cannot be undone")


def transform(matrix: Floats, points: Floats) -> Floats:
    """(n, 2) points through a 3×3 homography."""
    points = np.asarray(points, np.float64).reshape(-1, 2)
    if not len(points):
        return points
    moved = np.c_[points, np.ones(len(points))] @ matrix.T
    out: Floats = moved[:, :2] / moved[:, 2:]
    return out


@dataclass(frozen=True)
class Scale(Warp):
    """Resize with `cv2.resize`."""

    before: Size
    to: Size
    interpolation: Interpolation = "linear"

    @property
    def after(self) -> Size:
        return self.to

    @property
    def matrix(self) -> Floats:
        return np.diag([self.to[0] / self.before[0], self.to[1] / self.before[1], 1.0])

    def pixels(self, array: Array, *, nearest: bool = False) -> Array:
        if self.to == self.before:
            return array
        # OpenCV's plain nearest takes the pixel at the left edge; the exact one takes the centre.
        flag = cv2.INTER_NEAREST_EXACT if nearest else INTERPOLATIONS[self.interpolation]
        return cv2.resize(array, self.to, interpolation=flag)

    def inverse(self) -> Warp:
        return Scale(self.after, self.before, self.interpolation)


@dataclass(frozen=True)
class Flip(Warp):
    """Mirror left-right, top-bottom, or both."""

    before: Size
    horizontal: bool = True
    vertical: bool = False

    @property
    def after(self) -> Size:
        return self.before

    @property
    def matrix(self) -> Floats:
        w, h = self.before
        m = np.eye(3)
        if self.horizontal:
            m[0] = [-1, 0, w]
        if self.vertical:
            m[1] = [0, -1, h]
        return m

    def pixels(self, array: Array, *, nearest: bool = False) -> Array:
        if not (self.horizontal or self.vertical):
            return array
        code = -1 if self.horizontal and self.vertical else int(self.horizontal)
        return cv2.flip(array, code)

    def inverse(self) -> Warp:
        return self


@dataclass(frozen=True)
class Quarter(Warp):
    """Turn by quarter turns, counter-clockwise."""

    before: Size
    turns: int = 1

    @property
    def after(self) -> Size:
        w, h = self.before
        return (h, w) if self.turns % 2 else (w, h)

    @property
    def matrix(self) -> Floats:
        w, h = self.before
        rows = {
            0: [[1, 0, 0], [0, 1, 0]],
            1: [[0, 1, 0], [-1, 0, w]],
            2: [[-1, 0, w], [0, -1, h]],
            3: [[0, -1, h], [1, 0, 0]],
        }[self.turns % 4]
        return np.array([*rows, [0, 0, 1]], np.float64)

    def pixels(self, array: Array, *, nearest: bool = False) -> Array:
        if self.turns % 4 == 0:
            return array
        return cv2.rotate(array, _ROTATE[self.turns % 4])

    def inverse(self) -> Warp:
        return Quarter(self.after, -self.turns % 4)


@dataclass(frozen=True)
class Crop(Warp):
    """Cut out the rectangle whose top left pixel is (x, y); it must lie inside."""

    before: Size
    x: int
    y: int
    width: int
    height: int

    @property
    def after(self) -> Size:
        return (self.width, self.height)

    @property
    def matrix(self) -> Floats:
        return np.array([[1, 0, -self.x], [0, 1, -self.y], [0, 0, 1.0]])

    def pixels(self, array: Array, *, nearest: bool = False) -> Array:
        return array[self.y : self.y + self.height, self.x : self.x + self.width]

    def inverse(self) -> Warp:
        right = self.before[0] - self.x - self.width
        return Pad(self.after, self.x, self.y, right, self.before[1] - self.y - self.height)


@dataclass(frozen=True)
class Pad(Warp):
    """Add a border of `fill`: one 8-bit level for all, or blue, green, red and maybe alpha."""

    before: Size
    left: int
    top: int
    right: int
    bottom: int
    fill: tuple[float, ...] = (0,)

    @property
    def after(self) -> Size:
        return (self.before[0] + self.left + self.right, self.before[1] + self.top + self.bottom)

    @property
    def matrix(self) -> Floats:
        return np.array([[1, 0, self.left], [0, 1, self.top], [0, 0, 1.0]])

    def pixels(self, array: Array, *, nearest: bool = False) -> Array:
        edges = (self.top, self.bottom, self.left, self.right)
        fill = [0.0] if nearest else _fill(self.fill, array)
        return cv2.copyMakeBorder(array, *edges, cv2.BORDER_CONSTANT, value=fill)

    def inverse(self) -> Warp:
        return Crop(self.after, self.left, self.top, *self.before)


@dataclass(frozen=True)
class Matrix(Warp):
    """A homography on box coordinates, by `cv2.warpPerspective`."""

    before: Size
    to: Size
    rows: tuple[tuple[float, float, float], ...]
    interpolation: Interpolation = "linear"
    fill: tuple[float, ...] = (0,)

    @property
    def after(self) -> Size:
        return self.to

    @property
    def matrix(self) -> Floats:
        return np.array(self.rows, np.float64)

    def pixels(self, array: Array, *, nearest: bool = False) -> Array:
        flag = _flag(self.interpolation, nearest=nearest)
        centres = _TO_CENTRES @ self.matrix @ _TO_EDGES
        fill = [0.0] if nearest else _fill(self.fill, array)
        return cv2.warpPerspective(array, centres, self.to, flags=flag, borderValue=fill)

    def inverse(self) -> Warp:
        rows = np.linalg.inv(self.matrix)
        back = tuple((float(r[0]), float(r[1]), float(r[2])) for r in rows)
        return Matrix(self.to, self.before, back, self.interpolation, self.fill)


@dataclass(frozen=True, eq=False)
class Field(Warp):
    """A map for `cv2.remap`: for each pixel after, the centre coordinates of the one before."""

    before: Size
    map_x: Floats32
    map_y: Floats32
    interpolation: Interpolation = "linear"
    fill: tuple[float, ...] = (0,)

    @property
    def after(self) -> Size:
        return (self.map_x.shape[1], self.map_x.shape[0])

    def pixels(self, array: Array, *, nearest: bool = False) -> Array:
        flag = _flag(self.interpolation, nearest=nearest)
        fill = [0.0] if nearest else _fill(self.fill, array)
        return cv2.remap(array, self.map_x, self.map_y, flag, borderValue=fill)

    def back(self, points: Floats) -> Floats:
        """(n, 2) box coordinates after → before, by bilinear reading of the map."""
        at = np.asarray(points, np.float32).reshape(-1, 1, 2) - np.float32(0.5)
        where = (at[..., 0], at[..., 1], cv2.INTER_LINEAR)
        x = cv2.remap(self.map_x, *where, borderMode=cv2.BORDER_REPLICATE)
        y = cv2.remap(self.map_y, *where, borderMode=cv2.BORDER_REPLICATE)
        before: Floats = np.c_[x.ravel(), y.ravel()].astype(np.float64) + 0.5
        return before

    def points(self, points: Floats) -> Floats:
        """(n, 2) before → after: fixed-point iteration on the map."""
        target = np.asarray(points, np.float64).reshape(-1, 2)
        scale = np.array(self.after, float) / np.array(self.before, float)
        guess: Floats = target * scale
        for _ in range(30):
            miss = target - self.back(guess)
            guess = guess + miss * scale
            if not len(miss) or np.abs(miss).max() < 1e-3:
                break
        return guess


@dataclass(frozen=True)
class Series(Warp):
    """Warps one after the other (letterboxing is a Scale and a Pad); pixels are moved by each."""

    warps: tuple[Warp, ...]

    @property
    def before(self) -> Size:  # type: ignore[override]
        return self.warps[0].before

    @property
    def after(self) -> Size:
        return self.warps[-1].after

    @property
    def matrix(self) -> Floats | None:
        m = np.eye(3)
        for warp in self.warps:
            step = warp.matrix
            if step is None:
                return None
            m = step @ m
        return m

    def pixels(self, array: Array, *, nearest: bool = False) -> Array:
        for warp in self.warps:
            array = warp.pixels(array, nearest=nearest)
        return array

    def points(self, points: Floats) -> Floats:
        for warp in self.warps:
            points = warp.points(points)
        return points

    def inverse(self) -> Warp:
        return Series(tuple(w.inverse() for w in reversed(self.warps)))


def for_alpha(warp: Warp) -> Warp:
    """The same for alpha: what `warp` fills is transparent, unless the fill has an alpha."""
    if isinstance(warp, Series):
        return Series(tuple(for_alpha(w) for w in warp.warps))
    if isinstance(warp, (Pad, Matrix, Field)):
        return replace(warp, fill=(warp.fill[3] if len(warp.fill) == 4 else 0,))
    return warp


def letterbox(before: Size, to: Size, *, fill: tuple[float, ...] = (114, 114, 114)) -> Series:
    """Fit into `to` keeping the aspect, centred on `fill`, as ultralytics' LetterBox rounds it."""
    ratio = min(to[0] / before[0], to[1] / before[1])
    inner = (max(1, round(before[0] * ratio)), max(1, round(before[1] * ratio)))
    dx, dy = (to[0] - inner[0]) / 2, (to[1] - inner[1]) / 2
    left, top = round(dx - 0.1), round(dy - 0.1)
    pad = Pad(inner, left, top, round(dx + 0.1), round(dy + 0.1), fill)
    return Series((Scale(before, inner, "linear"), pad))


def _flag(interpolation: Interpolation, *, nearest: bool) -> int:
    name = "nearest" if nearest else interpolation
    return INTERPOLATIONS[_AT_POINTS.get(name, name)]


def _fill(fill: tuple[float, ...], array: Array) -> list[float]:
    """The fill, which is in 8-bit levels, in the array's own depth and channels."""
    top = {"uint16": 65535, "float32": 1}.get(array.dtype.name, 255)
    fill = tuple(v * top / 255 for v in fill) if top != 255 else fill
    channels = 1 if array.ndim == 2 else array.shape[2]
    if len(fill) == 1:
        return [fill[0]] * min(channels, 4)
    if channels == 1:  # a colour on a grey raster: its BT.601 luma
        blue, green, red = fill[:3]
        return [0.114 * blue + 0.587 * green + 0.299 * red]
    return list(fill[:channels])
