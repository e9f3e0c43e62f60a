"""Where an input's frames go: pictures, a video, the frame stream, rows of a gather."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol

from cvkit.core.errors import InputError, OutputError
from cvkit.core.frame import Frame
from cvkit.core.options import RunOptions
from cvkit.core.values import Image, Raster
from cvkit.engine import templates
from cvkit.engine.naming import path_of
from cvkit.engine.outputs import Output, format_of
from cvkit.io.about import UNSAID, About
from cvkit.io.codecs.metadata import NO_ALBUM, NOTHING, Album
from cvkit.io.safe import SafeFiles


@dataclass(frozen=True, slots=True)
class Made:
    """A frame at the end of the chain, with the picture that picture outputs get."""

    frame: Frame
    picture: Raster | None


@dataclass(frozen=True)
class Medium:
    """What a sink knows of the input that its frames come from."""

    name: str
    moving: bool
    format: str = ""
    rate: Fraction | None = None
    time_base: Fraction = Fraction(1, 1000)
    sound: Any = None
    several: bool = False
    """Several results of one picture come from upstream."""
    aspect: Fraction = Fraction(1)
    """How wide its pixels are where they are as high as 1."""
    cut: bool = False
    """Whether it is a part of the input: a film of it begins with its first frame, at 0."""
    about: About = UNSAID
    """Title and chapters, these at the times of its frames."""
    album: Album = NO_ALBUM
    """What the input's pages hold beside pixels, as far as it goes into results."""


class Sink(Protocol):
    def write(self, made: Made, number: int) -> None: ...
    def close(self) -> list[str]:
        """Finish; the files that were written."""

    def abort(self) -> None: ...


class Quit(Exception):
    """Whoever looks at a preview wants no more, in the midst of an input."""


def picture_of(output: Output, made: Made) -> Raster:
    """What this output holds of a frame: the picture at its end, or the one it keeps."""
    raster = made.frame.kept[output.kept] if output.kept else made.picture
    if raster is None:
        raise OutputError("there is no picture to write")
    return raster


class Claims:
    """Names that frames decide: each is taken once in a run, and none is one that it reads."""

    def __init__(self, protected: Mapping[str, str]) -> None:
        self._protected = protected
        self._taken: set[str] = set()
        self._lock = threading.Lock()

    def take(self, path: str) -> None:
        """Raises OutputError where the name is taken."""
        real = os.path.realpath(path)
        if real in self._protected:
            what = self._protected[real]
            raise OutputError(f"{path} is {what}", why="an input is never overwritten")
        with self._lock:
            if real in self._taken:
                raise OutputError(
                    f"{path} would hold two results", remedy="add {stem} and {index} to its name"
                )
            self._taken.add(real)


def encoded(
    output: Output, made: Made, kind: str, options: RunOptions, album: Album, notes: list[str]
) -> bytes:
    """The file of format `kind` of this output's picture. Raises InputError where it cannot be."""
    from cvkit.io.codecs.writing import ARRAYS, drops_alpha, write_picture

    picture = picture_of(output, made)
    told = album.page(made.frame.index) if isinstance(picture, Image) else NOTHING
    raster = picture if kind in ARRAYS else shown(picture)
    if drops_alpha(raster, kind):
        notes.append(f"{kind} has no alpha: laid over {options.background}")
    quality, below = options.quality, options.background.bgr
    try:
        return write_picture(
            raster, kind, quality=quality, background=below, metadata=told, notes=notes
        )
    except OutputError as error:  # this one does not fit the format; others may
        raise InputError(error.what, why=error.why, remedy=error.remedy) from error


class Pictures:
    """A picture a frame, each under its own name."""

    def __init__(
        self,
        output: Output,
        template: str,
        options: RunOptions,
        files: SafeFiles,
        claims: Claims,
        notes: list[str],
        *,
        counted: bool = False,
        album: Album = NO_ALBUM,
    ) -> None:
        """`counted`: a frame may become several results, so these are what `index` counts."""
        self._album = album
        self._output, self._template, self._options = output, template, options
        self._files, self._notes, self._counted = files, notes, counted
        self._claims = claims if templates.per_frame(template) else None
        self._replace = options.overwrite or options.in_place or not output.named
        self._written: list[str] = []

    def write(self, made: Made, number: int) -> None:
        index = number if self._counted else made.frame.index
        path = path_of(self._template, made.frame, index)
        data = encoded(self._output, made, format_of(path), self._options, self._album, self._notes)
        if self._claims is not None:
            self._claims.take(path)
        elif self._written:
            raise OutputError(f"{path} would hold two results", remedy="add {index} to its name")
        self._files.write_bytes(Path(path), data, overwrite=self._replace)
        self._written.append(path)

    def close(self) -> list[str]:
        return self._written

    def abort(self) -> None:
        """Pictures that are written stay: each is whole."""


class Rows:
    """Frames for a gather, in the frame stream's encoding."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = open(path, "wb")  # noqa: SIM115 - closed by close or abort

    def write(self, made: Made, number: int) -> None:
        from cvkit.io.stream import write_row

        write_row(self._file, made.frame)

    def close(self) -> list[str]:
        self._file.close()
        return []

    def abort(self) -> None:
        self._file.close()


def read_rows(paths: Iterator[str]) -> Iterator[Frame]:
    """The rows of these files one after the other; one frame in memory at a time."""
    from cvkit.io.stream import read_rows as read

    for path in paths:
        with open(path, "rb") as file:
            yield from read(file)


def shown(raster: Raster) -> Raster:
    """The raster as a picture format can hold it."""
    if type(raster).__name__ in ("Image", "Mask"):
        return raster
    from cvkit.core.draw import shown as drawn

    return Image.of(drawn(raster), raster.grid)
