"""Put all pictures on one sheet, each over its name: a contact sheet.

The pictures keep their shape, are made smaller where they are larger than a cell, and come in the
order of the inputs. Without `--cell` cells are as large as the largest picture needs, at most
256×256; without `--columns` there are as many as make the sheet most like a screen. Of a video all
frames are shown, with their times: take fewer with `--frames ::25`. What is transparent shows the
ground; masks and labels are shown as they are drawn. After `crops` it shows everything found.

Example: cvkit montage samples/*.jpg -o sheet.png
Example: cvkit detect samples/portrait.mp4 --model haar-face then crops then montage -o faces.png
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Annotated

import numpy as np
from pydantic import AfterValidator, Field

from cvkit.core import compose, values, warp
from cvkit.core.draw import shown
from cvkit.core.errors import InputError
from cvkit.core.sheet import GROUND, MOST, contact_sheet, too_large
from cvkit.core.stage import Frame, Size, Stage
from cvkit.core.units import Color, Extent, Length
from cvkit.core.warp import Array

_CELL = (256, 256)


def _whole(cell: Extent) -> Extent:
    if cell.percent is not None:
        raise ValueError(f"a cell has a size in pixels (256x256), got {cell}")
    if max(cell.width or 1, cell.height or 1) > 8192:
        raise ValueError(f"a cell has at most 8192 pixels a side, got {cell}")
    return cell


def _inward(gap: Length) -> Length:
    if not 0 <= gap.value <= 1000:
        raise ValueError(f"must be from 0 to 1000, got {gap}")
    return gap


class Montage(Stage):
    columns: Annotated[int, Field(ge=1, le=10000)] | None = None
    """Pictures in a row; left out, as many as make the sheet most like a screen."""
    cell: Annotated[Extent, AfterValidator(_whole)] | None = None
    """The size of every cell (256x256; 256x is square); left out, what the pictures need."""
    labels: bool = True
    """Write each picture's name below it."""
    gap: Annotated[Length, AfterValidator(_inward)] = Length(4, "%")
    """Space between the cells: pixels, or a share of a cell's shorter side."""
    ground: Color = Color(*GROUND)
    """The colour around the pictures."""

    def apply(self, size: Size) -> warp.Scale:
        """The picture as large as it is on the sheet."""
        most = self._asked() or _CELL
        ratio = min(1.0, most[0] / size[0], most[1] / size[1])
        to = (max(1, round(size[0] * ratio)), max(1, round(size[1] * ratio)))
        return warp.Scale(size, to, "area")

    def gather(self, rows: Iterator[Frame]) -> values.Image:
        pictures: list[Array] = []
        frames: list[Frame] = []
        pixels = 0
        for frame in rows:
            if frame.raster is None:
                continue
            pictures.append(self._flat(frame.raster))
            frames.append(frame.only([values.Objects]))
            pixels += frame.size[0] * frame.size[1]
            if pixels > MOST:
                raise too_large(len(pictures))
        if not pictures:
            raise InputError("montage has no picture to show")
        names = _names(frames) if self.labels else []
        sheet = contact_sheet(
            pictures,
            names,
            cell=self._asked(),
            columns=self.columns,
            gap=self.gap,
            ground=self.ground.bgr,
        )
        return values.Image.of(sheet)

    def _asked(self) -> warp.Size | None:
        if self.cell is None:
            return None
        side = self.cell.width or self.cell.height or _CELL[0]
        return self.cell.width or side, self.cell.height or side

    def _flat(self, raster: values.Raster) -> Array:
        """(h, w, 3) BGR uint8, with the ground where it is transparent."""
        picture = shown(raster)
        if not isinstance(raster, values.Image) or raster.alpha is None:
            return picture
        top = np.float32(values.DEPTHS[raster.depth])
        below = np.full(picture.shape, self.ground.bgr, np.uint8)
        return compose.lay(below, picture, raster.alpha.astype(np.float32) / top, (0, 0))


def _names(frames: list[Frame]) -> list[str]:
    """The files' names; of one file's several pictures what was found, the time or the number."""
    many = Counter(f.source for f in frames)
    moves = {f.source for f in frames if f.time.pts}
    out = []
    for frame in frames:
        path, found = PurePosixPath(frame.source), frame.get(values.Objects)
        name = path.name
        if many[frame.source] > 1:
            label = (
                found.labels[0] if found is not None and len(found) == 1 and found.labels else ""
            )
            when = f"{frame.time.seconds:.2f} s" if frame.source in moves else ""
            name = " ".join(filter(None, (path.stem, label, when or f"{frame.index}")))
        out.append(name)
    return out
