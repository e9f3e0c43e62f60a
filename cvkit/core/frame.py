"""Frame: everything known of one picture at one time, as it flows through a chain."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TypeVar

from cvkit.core.errors import ChainError
from cvkit.core.grid import Grid
from cvkit.core.time import Time
from cvkit.core.values import MARKS, Features, Image, Kind, Mask, Objects, Raster, Value
from cvkit.core.warp import Size, Warp

_V = TypeVar("_V")
_NOTHING: Mapping[str, Raster] = MappingProxyType({})


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """Values in the order in which they came (one a kind, the latest last), all on one grid.

    `kept` pictures stay on the grids they were kept on. `source` is the input's name as outputs
    use it; `index` and `time` are the source's own.
    """

    values: tuple[Value, ...]
    grid: Grid
    index: int = 0
    time: Time = Time()
    source: str = ""
    kept: Mapping[str, Raster] = field(default_factory=lambda: _NOTHING)

    @classmethod
    def of(cls, raster: Raster, *, index: int = 0, time: Time | None = None) -> Frame:
        """A frame that starts with this raster."""
        return cls((raster,), raster.grid, index, time or Time())  # type: ignore[arg-type]

    @property
    def size(self) -> Size:
        return self.grid.size

    @property
    def raster(self) -> Raster | None:
        """The raster that came last."""
        return next((v for v in reversed(self.values) if isinstance(v, Raster)), None)

    @property
    def photo(self) -> Image | None:
        return self.get(Image)

    def picture(self, name: str) -> Image:
        """The raster that came last, as a picture: an Image as it is, a Mask in its grey.

        Raises ChainError, for the stage of this name, where it is neither.
        """
        last = self.raster
        if isinstance(last, Image):
            return last
        if isinstance(last, Mask):
            return Image.of(last.array, last.grid)
        has = "there is none here" if last is None else "the step before leaves "
        has += "" if last is None else type(last).__name__.lower()
        raise ChainError(f"{name} needs a picture", why=has)

    @property
    def marks(self) -> tuple[Value, ...]:
        """Every value here that can be drawn on a photograph, in the order they came."""
        return tuple(v for v in self.values if type(v) in MARKS)

    def get(self, kind: type[_V]) -> _V | None:
        return next((v for v in self.values if type(v) is kind), None)

    def put(self, value: Value) -> Frame:
        """With this value as the latest; one of its kind that was here goes."""
        if isinstance(value, (Objects, Features)):
            value = value.onto(self.grid)
        rest = tuple(v for v in self.values if type(v) is not type(value))
        if isinstance(value, Raster) and value.grid != self.grid:
            raise ChainError(
                f"a {type(value).__name__.lower()} on the grid {value.grid} does not fit a frame"
                f" on {self.grid}",
                remedy="resize or crop one of them first",
            )
        return replace(self, values=(*rest, value))

    def found(self, objects: Objects) -> Frame:
        """With these objects joined to what was there."""
        before = self.get(Objects)
        objects = objects.onto(self.grid)
        return self.put(objects if before is None else before.joined(objects))

    def moved(self, warp: Warp) -> Frame:
        """The whole frame moved; the order of the values stays."""
        grid = self.grid.then(warp)
        return replace(self, values=tuple(_moved(v, warp, grid) for v in self.values), grid=grid)

    def at(self, time: Time) -> Frame:
        return replace(self, time=time)

    def keep(self, name: str) -> Frame:
        """The latest raster under this name."""
        raster = self.raster
        if raster is None:
            raise ChainError("there is no picture to keep")
        return replace(self, kept=MappingProxyType({**self.kept, name: raster}))

    def use(self, name: str) -> Frame:
        """The kept raster as the latest; rasters on other grids go, the rest moves to its grid."""
        raster = self.kept[name]
        values: list[Value] = []
        for value in self.values:
            if isinstance(value, (Objects, Features)):
                values.append(value.onto(raster.grid))
            elif not isinstance(value, Raster) or value.grid == raster.grid:
                values.append(value)
        return replace(self, values=tuple(values), grid=raster.grid).put(raster)  # type: ignore[arg-type]

    def only(self, kinds: Iterable[Kind]) -> Frame:
        """Without the values of other kinds."""
        wanted = set(kinds)
        return replace(self, values=tuple(v for v in self.values if type(v) in wanted))


def _moved(value: Value, warp: Warp, grid: Grid) -> Value:
    if isinstance(value, (Raster, Objects, Features)):
        return replace(value.moved(warp), grid=grid)
    return value
