"""Open an input, whatever it is: one picture or several, or frames with times."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Self, runtime_checkable

from cvkit.core.errors import CvkitError, InputError, MissingError
from cvkit.core.time import Time
from cvkit.core.values import Image
from cvkit.io.codecs.asked import Asked
from cvkit.io.codecs.formats import FORMATS
from cvkit.io.codecs.metadata import Metadata
from cvkit.io.codecs.reading import count_pages, metadata_of, read_picture
from cvkit.io.integrity import read_bytes
from cvkit.io.sources import sequence
from cvkit.io.sources.files import look
from cvkit.io.sources.generated import SCHEMES, Generated

if TYPE_CHECKING:
    from types import TracebackType

    from cvkit.core.units import Duration
    from cvkit.io.sound import Sound
    from cvkit.io.sources.account import Gap


class Moving(Protocol):
    """A moving input. Iterate it once; use it as a context manager."""

    container: str
    """The name of its format."""
    size: tuple[int, int]
    aspect: Fraction
    """How wide a pixel is where it is as high as 1; 1 where that is not known."""
    time_base: Fraction
    rate: Fraction | None
    """Average frames a second, where known."""
    frames_declared: int | None
    duration: float | None
    """Seconds, as the file says."""
    notes: list[str]
    """What the user should know of it; more may come while it is read."""

    @property
    def sound(self) -> Sound | None: ...
    def __iter__(self) -> Iterator[tuple[Time, Image]]: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


@runtime_checkable
class Recorded(Moving, Protocol):
    """A moving input in a file, which can be begun anywhere."""

    gaps: list[Gap]
    """What a damaged one lacks, as far as it was read; only where that was asked for."""

    def begin(self, edge: Duration) -> int:
        """Let iteration begin at the first frame at or after `edge`, in frames or seconds from the
        start; its number, which may be less where nothing is gained by skipping."""
        ...

    def length(self) -> tuple[int, Fraction]:
        """How many frames there are, and when the last one ends, in seconds. May read it all."""
        ...


@runtime_checkable
class Numbered(Protocol):
    """A moving input that may lack frames, whose numbers go on after them."""

    number: int
    """That of the frame that came last."""


class Still:
    """A file of one picture or several, in memory; each page is decoded when it is asked for."""

    def __init__(self, path: str, name: str) -> None:
        self.name = name
        self.data = read_bytes(Path(path), name)

    def count(self) -> int:
        """How many pictures it holds."""
        return count_pages(self.data, self.name)

    def read(self, asked: Asked) -> Image:
        """The picture of `asked.page`. Raises what `read_picture` does, and InputError where a
        package is not there: files that the user named were held against those before."""
        try:
            return read_picture(self.data, self.name, asked)
        except MissingError as error:
            raise InputError(error.what, why=error.why, remedy=error.remedy) from error

    def metadata(self, page: int) -> Metadata:
        """What the file holds beside the pixels of a page that was read."""
        return metadata_of(self.data, self.name, page)


def open_still(path: str, name: str) -> Still | Generated:
    """Raises InputError where there is nothing to read."""
    return Generated(path) if path.startswith(SCHEMES) else Still(path, name)


def pages_of(path: str, name: str) -> int:
    """How many pictures a file holds; 1 where it cannot be read at all."""
    try:
        return open_still(path, name).count()
    except CvkitError:  # reading it will say what is wrong
        return 1


def open_moving(path: str, asked: Asked) -> Moving:
    """A video, an animation or numbered pictures.

    Raises DamagedError or InputError where it cannot be read.
    """
    if path.startswith(sequence.SCHEME):
        return sequence.Numbered(path, asked)
    if look(path)[0] in FORMATS:
        from cvkit.io.sources.animation import open_animation

        return open_animation(Path(path), asked)
    from cvkit.io.sources.video import open_video

    return open_video(
        path,
        max_pixels=asked.max_pixels,
        deep=asked.deep,
        deinterlace=asked.deinterlace,
        salvage=asked.salvage,
        notes=asked.notes,
    )
