"""The kinds of value that flow through a chain. Frozen; arrays are read-only.

Rasters are `Image`, `Mask`, `Labels`, `Depth`, `Flow`; found things `Objects`, `Features`;
whole-picture values `Scores`, `Vector`, `Text`; and `Measures`, `Event`, `Camera`. Every raster
and every set of coordinates carries its grid. How a kind is drawn is in `core.draw`, how it
travels in `io.stream`, how it is recorded in `results`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, Protocol, TypeVar

import cv2
import numpy as np

from cvkit.core.depths import DEPTHS as DEPTHS
from cvkit.core.depths import at_depth as at_depth
from cvkit.core.depths import eight_bit as eight_bit
from cvkit.core.errors import InputError
from cvkit.core.grid import Grid
from cvkit.core.objects import Objects as Objects
from cvkit.core.warp import Array, Size, Warp, for_alpha

if TYPE_CHECKING:
    from numpy.typing import NDArray

_NAMES = {np.dtype(name): name for name in DEPTHS}  # dtype.name is slow
Space = Literal["bgr", "gray"]
_R = TypeVar("_R", bound="Raster")


def frozen(array: Array) -> Array:
    """The same memory, read-only, without touching the caller's own view."""
    if not array.flags.writeable:
        return array
    view = array.view()
    view.flags.writeable = False
    return view


class Pixels(Protocol):
    """How an Image is stored: as it was decoded, with views made on demand.

    Sources make their own (an encoded JPEG, YUV planes); `Plain` is what stages give.
    """

    @property
    def size(self) -> Size: ...
    @property
    def depth(self) -> str: ...
    @property
    def space(self) -> Space: ...
    def bgr(self) -> Array:
        """(h, w, 3) in the stored depth."""

    def gray(self) -> Array:
        """(h, w) in the stored depth."""


@dataclass(frozen=True, slots=True)
class Plain:
    """Pixels that are an array: (h, w) grey or (h, w, 3) BGR; uint8, uint16 or float32."""

    array: Array

    @property
    def size(self) -> Size:
        return (self.array.shape[1], self.array.shape[0])

    @property
    def depth(self) -> str:
        return _NAMES[self.array.dtype]

    @property
    def space(self) -> Space:
        return "gray" if self.array.ndim == 2 else "bgr"

    def bgr(self) -> Array:
        return cv2.cvtColor(self.array, cv2.COLOR_GRAY2BGR) if self.array.ndim == 2 else self.array

    def gray(self) -> Array:  # BT.601
        return cv2.cvtColor(self.array, cv2.COLOR_BGR2GRAY) if self.array.ndim == 3 else self.array


@dataclass(frozen=True, slots=True)
class Decoded:
    """Untouched pixels that came with a grey view of their own (a JPEG's luma)."""

    colour: Array
    luma: Array

    @property
    def size(self) -> Size:
        return (self.luma.shape[1], self.luma.shape[0])

    @property
    def depth(self) -> str:
        return self.luma.dtype.name

    @property
    def space(self) -> Space:
        return "bgr"

    def bgr(self) -> Array:
        return self.colour

    def gray(self) -> Array:
        return self.luma


@dataclass(frozen=True, slots=True)
class Raster:
    """A value with one level, name or vector a pixel. Make one with `of`."""

    grid: Grid

    @property
    def array(self) -> Array:
        raise TypeError(f"{type(self).__name__} holds no array")

    def moved(self: _R, warp: Warp) -> _R:
        raise InputError(f"{type(self).__name__} cannot be moved by {type(warp).__name__}")


@dataclass(frozen=True, slots=True, eq=False)
class Image(Raster):
    """A photograph or drawing: uint8, uint16 or float32 (0–1); grey or BGR; maybe with alpha.

    `alpha` is (h, w) in the same depth. `untouched` is true as long as no stage has replaced it.
    """

    pixels: Pixels
    alpha: Array | None = None
    _views: dict[str, Array] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, array: Array, grid: Grid | None = None, alpha: Array | None = None) -> Image:
        """From (h, w), (h, w, 1), (h, w, 3) BGR or (h, w, 4) BGRA of uint8, uint16 or float32."""
        array = _checked(array)
        if array.ndim == 3 and array.shape[2] == 1:
            array = array[:, :, 0]
        if array.ndim == 3 and array.shape[2] == 4:
            array, alpha = np.ascontiguousarray(array[:, :, :3]), array[:, :, 3]
        grid = grid or Grid.of((array.shape[1], array.shape[0]))
        return cls(grid, Plain(frozen(array)), None if alpha is None else frozen(alpha))

    @property
    def size(self) -> Size:
        return self.pixels.size

    @property
    def depth(self) -> str:
        return self.pixels.depth

    @property
    def space(self) -> Space:
        return self.pixels.space

    @property
    def untouched(self) -> bool:
        return not isinstance(self.pixels, Plain)

    @property
    def bgr(self) -> Array:
        return self._view("bgr")

    @property
    def gray(self) -> Array:
        return self._view("gray")

    @property
    def array(self) -> Array:
        """(h, w) where grey, else (h, w, 3) BGR."""
        return self._view(self.space)

    def _view(self, name: Space) -> Array:
        view = self._views.get(name)
        if view is None:
            view = frozen(self.pixels.bgr() if name == "bgr" else self.pixels.gray())
            self._views[name] = view
        return view

    def moved(self, warp: Warp) -> Image:
        alpha = None if self.alpha is None else frozen(for_alpha(warp).pixels(self.alpha))
        pixels = Plain(frozen(warp.pixels(self.array)))
        return Image(self.grid.then(warp), pixels, alpha)


@dataclass(frozen=True, slots=True, eq=False)
class _ArrayRaster(Raster):
    values: Array

    @property
    def array(self) -> Array:
        return self.values

    @property
    def size(self) -> Size:
        return (self.values.shape[1], self.values.shape[0])


@dataclass(frozen=True, slots=True, eq=False)
class Mask(_ArrayRaster):
    """Coverage, (h, w) uint8, 0 to 255. `binary` where it is known to hold only 0 and 255."""

    binary: bool = False

    @classmethod
    def of(cls, array: Array, grid: Grid | None = None, *, binary: bool = False) -> Mask:
        """From (h, w) uint8 or bool."""
        if array.dtype == np.bool_:
            array, binary = array.astype(np.uint8) * np.uint8(255), True
        if array.ndim != 2 or array.dtype != np.uint8:
            raise TypeError(f"a mask is (h, w) uint8, got {array.shape} {array.dtype}")
        return cls(grid or Grid.of((array.shape[1], array.shape[0])), frozen(array), binary)

    def moved(self, warp: Warp) -> Mask:
        moved = frozen(warp.pixels(self.values, nearest=True))
        return Mask(self.grid.then(warp), moved, self.binary)


@dataclass(frozen=True, slots=True, eq=False)
class Labels(_ArrayRaster):
    """A name a pixel: (h, w) int32, 0 is background; `names` by number where known."""

    names: Mapping[int, str] = field(default_factory=dict)

    @classmethod
    def of(cls, array: Array, grid: Grid | None = None) -> Labels:
        """From (h, w) of any integer type."""
        if array.ndim != 2 or not np.issubdtype(array.dtype, np.integer):
            raise TypeError(f"labels are (h, w) integers, got {array.shape} {array.dtype}")
        grid = grid or Grid.of((array.shape[1], array.shape[0]))
        return cls(grid, frozen(array.astype(np.int32, copy=False)))

    def moved(self, warp: Warp) -> Labels:
        # OpenCV resizes no int32; float64 holds every int32 exactly.
        moved = warp.pixels(self.values.astype(np.float64), nearest=True).astype(np.int32)
        return replace(self, grid=self.grid.then(warp), values=frozen(moved))


@dataclass(frozen=True, slots=True, eq=False)
class Depth(_ArrayRaster):
    """Distance or disparity a pixel: (h, w) float32; `metric` where it is metres."""

    metric: bool = False

    @classmethod
    def of(cls, array: Array, grid: Grid | None = None) -> Depth:
        """From (h, w) of a real type."""
        if array.ndim != 2:
            raise TypeError(f"depth is (h, w), got {array.shape}")
        grid = grid or Grid.of((array.shape[1], array.shape[0]))
        return cls(grid, frozen(array.astype(np.float32, copy=False)))

    def moved(self, warp: Warp) -> Depth:
        return replace(self, grid=self.grid.then(warp), values=frozen(warp.pixels(self.values)))


@dataclass(frozen=True, slots=True, eq=False)
class Flow(_ArrayRaster):
    """Motion a pixel since the frame before: (h, w, 2) float32, pixels right and down. `top` is
    what counts as fast where it is shown, the same from frame to frame; 0: the fastest there."""

    top: float = 0.0

    @classmethod
    def of(cls, array: Array, grid: Grid | None = None, *, top: float = 0.0) -> Flow:
        """From (h, w, 2) float32."""
        if array.ndim != 3 or array.shape[2] != 2:
            raise TypeError(f"flow is (h, w, 2), got {array.shape}")
        grid = grid or Grid.of((array.shape[1], array.shape[0]))
        return cls(grid, frozen(array.astype(np.float32, copy=False)), top)

    def moved(self, warp: Warp) -> Flow:
        # A vector ends where its end point goes: both ends are moved, then subtracted.
        h, w = self.values.shape[:2]
        starts = np.stack(np.meshgrid(np.arange(w) + 0.5, np.arange(h) + 0.5), -1)
        ends = warp.points((starts + self.values).reshape(-1, 2).astype(np.float64))
        turned = (ends - warp.points(starts.reshape(-1, 2))).reshape(h, w, 2).astype(np.float32)
        return Flow(self.grid.then(warp), frozen(warp.pixels(turned)), self.top)


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """Points with descriptors: `points` (n, 2) float32; `descriptors` (n, d) or none."""

    grid: Grid
    points: NDArray[np.float32]
    descriptors: Array | None = None
    sizes: NDArray[np.float32] | None = None
    angles: NDArray[np.float32] | None = None

    def moved(self, warp: Warp) -> Features:
        points = warp.points(self.points.astype(np.float64)).astype(np.float32)
        return replace(self, grid=self.grid.then(warp), points=points)

    def onto(self, grid: Grid) -> Features:
        warp = self.grid.onto(grid)
        return self if warp is None else replace(self.moved_by(warp), grid=grid)

    def moved_by(self, warp: Warp) -> Features:
        points = warp.points(self.points.astype(np.float64)).astype(np.float32)
        return replace(self, points=points)


@dataclass(frozen=True, slots=True)
class Scores:
    """What the whole picture is: labels with scores 0–1, best first."""

    labels: tuple[str, ...]
    scores: tuple[float, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Vector:
    """An embedding of the whole picture: (d,) float32."""

    values: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Text:
    """Text read from the whole picture."""

    text: str


Cell = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Measures:
    """Rows of named numbers and words; every row has the same columns."""

    rows: tuple[Mapping[str, Cell], ...]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened at this frame: rows as Measures have them."""

    rows: tuple[Mapping[str, Cell], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Camera:
    """A calibrated camera: `matrix` 3×3 float64 in pixels, `distortion` (k,) as OpenCV orders."""

    matrix: NDArray[np.float64]
    distortion: NDArray[np.float64]
    size: Size


Value = (
    Image | Mask | Labels | Depth | Flow | Objects | Features | Scores | Vector | Text | Measures
    | Event | Camera
)  # fmt: skip
Kind = type[Value]
RASTERS: tuple[Kind, ...] = (Image, Mask, Labels, Depth, Flow)
MARKS: tuple[Kind, ...] = (Objects, Features, Text, Scores, Measures)
KINDS: dict[str, Kind] = {
    kind.__name__.lower(): kind
    for kind in (*RASTERS, Objects, Features, Scores, Vector, Text, Measures, Event, Camera)
}


def _checked(array: Array) -> Array:
    if array.dtype not in _NAMES:
        raise TypeError(f"an image is uint8, uint16 or float32, got {array.dtype}")
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 3, 4)):
        raise TypeError(f"an image is (h, w), (h, w, 3) BGR or (h, w, 4) BGRA, got {array.shape}")
    if not array.size:
        raise TypeError(f"an image has at least one pixel, got {array.shape}")
    return array
