"""--roi: the chain works on one region, and everything outside it is unchanged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from cvkit.core.errors import ChainError, InputError, ParameterError
from cvkit.core.frame import Frame
from cvkit.core.units import Box
from cvkit.core.values import Features, Image, Mask, Objects, Raster, eight_bit
from cvkit.core.warp import Array, Crop
from cvkit.engine.plan import Chain

_BACK = "\0whole"
"""The name under which the whole picture waits; no user can type it."""


@dataclass(frozen=True)
class Region:
    """A box, a mask on the source's grid, or the name of a picture that the chain keeps."""

    box: Box | None = None
    mask: Mask | None = None
    name: str = ""

    def enter(self, frame: Frame) -> Frame:
        """The frame cut to the region, with the whole kept; a kept mask is known only later."""
        if self.name:
            return frame.keep(_BACK)
        x, y, w, h = self._rectangle(frame)
        return frame.keep(_BACK).moved(Crop(frame.size, x, y, w, h))

    def leave(self, frame: Frame) -> Frame:
        """The region's result laid into the whole. Raises ChainError where its size changed."""
        if self.name:
            return Region(mask=_seen(frame.kept[self.name])).leave_whole(frame)
        return self.leave_whole(frame)

    def leave_whole(self, frame: Frame) -> Frame:
        """The same, where the region is known."""
        whole = frame.kept[_BACK]
        x, y, w, h = self._rectangle_of(whole)
        if frame.size == whole.grid.size:  # nothing was cut off
            x, y, w, h = 0, 0, *whole.grid.size
        if frame.size != (w, h):
            raise ChainError(
                "--roi holds for a chain that keeps the size",
                why=f"{w}×{h} became {frame.size[0]}×{frame.size[1]}",
            )
        last = frame.raster
        laid = whole if last is None else self._laid(whole, last, (x, y, w, h))
        kept = {k: v for k, v in frame.kept.items() if k != _BACK}
        values: list[Any] = []
        for value in frame.values:
            if value is last:
                values.append(laid)
            elif isinstance(value, (Objects, Features)):
                moved = value.onto(whole.grid)
                values.append(self._inside(moved) if isinstance(moved, Objects) else moved)
            elif not isinstance(value, Raster):
                values.append(value)
        return replace(frame, values=tuple(values), grid=whole.grid, kept=kept)

    def _laid(self, whole: Raster, part: Raster, at: tuple[int, int, int, int]) -> Raster:
        assert isinstance(whole, Image)
        x, y, w, h = at
        new = part.array
        if not isinstance(part, (Image, Mask)):
            raise ChainError("--roi needs a picture at the end of the chain")
        old = whole.array
        if new.ndim == 2 and old.ndim == 3:
            new = np.repeat(new[:, :, None], 3, 2)
        elif new.ndim == 3 and old.ndim == 2:
            old = whole.bgr
        if new.dtype != old.dtype:
            raise InputError("--roi: the chain changed the depth of the picture")
        out: Array = old.copy()
        window = out[y : y + h, x : x + w]
        if self.mask is None:
            window[:] = new
        else:
            chosen = self.mask.array[y : y + h, x : x + w] >= 128
            window[chosen] = new[chosen]
        return Image.of(out, whole.grid, whole.alpha)

    def _inside(self, objects: Objects) -> Objects:
        if self.mask is None or not len(objects):
            return objects
        h, w = self.mask.array.shape
        centres = (objects.boxes[:, :2] + objects.boxes[:, 2:]) / 2
        columns = np.clip(centres[:, 0].astype(int), 0, w - 1)
        rows = np.clip(centres[:, 1].astype(int), 0, h - 1)
        return objects.take(self.mask.array[rows, columns] >= 128)

    def _rectangle(self, frame: Frame) -> tuple[int, int, int, int]:
        raster = frame.raster
        if raster is None:
            raise ChainError("--roi needs a picture")
        return self._rectangle_of(raster)

    def _rectangle_of(self, raster: Raster) -> tuple[int, int, int, int]:
        w, h = raster.grid.size
        if self.box is not None:
            x, y, bw, bh = self.box.on((w, h))
            x1, y1, x2, y2 = max(0, x), max(0, y), min(w, x + bw), min(h, y + bh)
            if x2 <= x1 or y2 <= y1:
                raise InputError(f"--roi {self.box} lies outside a picture of {w}×{h}")
            return x1, y1, x2 - x1, y2 - y1
        assert self.mask is not None
        if self.mask.size != (w, h):
            raise InputError(f"--roi: the mask is on {self.mask.grid}, the picture on {w}×{h}")
        rows, columns = np.nonzero(self.mask.array >= 128)
        if not len(rows):
            raise InputError("--roi: the mask is empty")
        x1, y1 = int(columns.min()), int(rows.min())
        return x1, y1, int(columns.max()) + 1 - x1, int(rows.max()) + 1 - y1


def _seen(raster: Raster) -> Mask:
    """A kept picture as a mask: its grey is the coverage."""
    if isinstance(raster, Mask):
        return raster
    if not isinstance(raster, Image):
        raise ChainError(f"--roi: a kept {type(raster).__name__.lower()} is no mask")
    return Mask.of(eight_bit(raster.gray), raster.grid)


def read_region(text: str, chain: Chain) -> Region:
    """Raises ParameterError where it is neither a box nor a mask's file."""
    from cvkit.core.options import RunOptions
    from cvkit.engine.operands import load

    if any("warp" in s.sig.gives for s in chain.steps):
        raise ParameterError("--roi holds for a chain that keeps the size", why="a step moves it")
    if text in chain.final.kept:
        return Region(name=text)
    try:
        return Region(box=Box.parse(text))
    except ValueError:
        pass
    try:
        mask = load(text, "mask", RunOptions())
    except InputError as error:
        raise ParameterError(
            f"--roi {text} is no box x,y,w,h and no mask", why=str(error)
        ) from error
    assert isinstance(mask, Mask)
    return Region(mask=mask)


def around(region: Region, frames: Iterator[Frame]) -> Iterator[Frame]:
    """Each frame entered."""
    for frame in frames:
        yield region.enter(frame)
