"""Make one picture of a scene from its video, without the things that move through it.

Each pixel gets the median of its levels in `--samples` frames spread evenly over the whole video,
so what covers a place for less than half of the time is gone. The camera must stand still;
`stabilize` before it helps. A video becomes one picture.

Memory holds the samples, however long the video is: 6 MB each at 1920x1080.

Example: cvkit background-plate samples/coin.mp4 -o table.png

Source: the temporal median, as in Gloyer et al. 1995.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from cvkit.core import values
from cvkit.core.algo.plate import median, spread
from cvkit.core.errors import InputError
from cvkit.core.stage import Frame, Picture, Stage
from cvkit.core.warp import Array


class BackgroundPlate(Stage):
    depths: ClassVar[frozenset[str]] = frozenset({"uint8", "uint16", "float32"})
    changes_length: ClassVar[bool] = True
    gathers: ClassVar[Literal["stream", "run"]] = "stream"

    samples: Annotated[int, Field(ge=1, le=255)] = 40
    """At most so many frames are held; from half as many on."""

    def apply(self, picture: Picture) -> values.Image:
        return values.Image.of(picture)

    def gather(self, rows: Iterator[Frame]) -> values.Image:
        return values.Image.of(median(spread(_pictures(rows), self.samples)))


def _pictures(rows: Iterator[Frame]) -> Iterator[Array]:
    """Arrays of one shape and depth. Raises InputError where a frame has another size."""
    first: Array | None = None
    for row in rows:
        picture = row.picture("background-plate").array
        first = picture if first is None else first
        if picture.shape != first.shape or picture.dtype != first.dtype:
            (old_h, old_w), (h, w) = first.shape[:2], picture.shape[:2]
            raise InputError(
                f"background-plate needs frames of one size and kind: the first is {old_w}x{old_h},"
                f" this one {w}x{h}",
                remedy=f"put resize {old_w}x{old_h} before it",
            )
        yield picture
