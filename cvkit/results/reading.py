"""Results that were saved, read back: objects by input and frame.

A file is read through once, which finds its faults and where each frame lies; a frame's objects
are made when they are asked for.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from cvkit.core.errors import InputError
from cvkit.core.grid import Grid
from cvkit.core.objects import Objects
from cvkit.core.warp import Size
from cvkit.results.finding import Names, Place, root
from cvkit.results.kinds import opened
from cvkit.results.record import Record
from cvkit.results.scanning import Lines, Scan, Stored
from cvkit.results.stored import FAULTS, objects_of

_NAMED = 3


def read_results(where: str | Path) -> Saved:
    """A results file or a data set: `coco:FILE`, `yolo:FOLDER`, `voc:FOLDER`, `mot:FILE`, or a path
    whose content says what it is. Raises InputError with the line, row or field.
    """
    try:
        return Saved(*opened(where))
    except OSError as error:
        raise InputError(f"{where} cannot be read", why=error.strerror or str(error)) from error


@dataclass(frozen=True, slots=True)
class Told:
    """What is told of a frame; `objects` as records hold them, in pixels."""

    source: str
    index: int
    objects: list[Record]
    size: Size | None = None
    time: float | None = None
    number: int | None = None
    """Of a picture of COCO."""


class Saved:
    """The objects of a results file or data set, by source and index."""

    def __init__(self, path: Path, scan: Scan, state: object, held: bytes | None = None) -> None:
        """`state` tells whether the file changed since; `held` is what a pipe held."""
        self._path, self._scan, self._state, self._held = path, scan, state, held
        self._served = ""
        self._other: tuple[Saved, dict[Place, Place]] | None = None

    @property
    def notes(self) -> list[str]:
        """What could not be taken from it, as far as it was read."""
        return self._scan.notes

    @property
    def models(self) -> list[dict[str, str]]:
        """Those with which it was made, as far as it says."""
        return self._scan.models

    @property
    def classes(self) -> Mapping[int, str]:
        """Names of classes by number, in its own order, where it has a list of them."""
        return self._scan.classes

    @property
    def objects_only(self) -> bool:
        """Whether it does not speak of frames without objects, as tables do."""
        return self._scan.objects_only

    def each(self) -> Iterator[Told]:
        """Every frame, in the file's order."""
        for source, frames in self._scan.frames.items():
            for index, frame in frames.items():
                yield self._told((source, index), frame, None)

    def things(self) -> Iterator[list[Record]]:
        """The objects of every frame, where they need not be in pixels: no picture is read."""
        for frames in self._scan.frames.values():
            for frame in frames.values():
                yield self._rows(frame, frame.size or (1, 1))

    def heads(self) -> Iterator[Told]:
        """Every frame in the file's order, without its objects: they are not read."""
        for source, frames in self._scan.frames.items():
            for index, frame in frames.items():
                number = self._scan.numbers.get((source, index))
                yield Told(source, index, [], self._scan.size_of(frame), frame.time, number)

    def place(self, source: str, index: int, number: int | None = None) -> Place | None:
        """Under which source and index it knows this frame of an input, if it does.

        `number` is the picture's in COCO, where the other file says it.
        """
        if number is not None and self._scan.numbers:
            place = self._scan.by_number.get(number)
            if place is not None:
                return place
        if index in self._scan.frames.get(source, ()):
            return source, index
        if self._scan.nameless:
            (only,) = self._scan.frames or ("",)
            return (only, index) if index in self._scan.frames.get(only, ()) else None
        if self._scan.stems:
            names = (root(source), root(source).rpartition("/")[2])
            frames = self._scan.frames
            return next(((n, index) for n in names if index in frames.get(n, ())), None)
        return self._names.of(source, index) if self._scan.pictures else None

    def same(self, told: Told, other: Saved) -> Place | None:
        """Under which source and index it knows a frame of another file, if it does. A file of one
        input and one that names none are of the same; other names may be spelled in the ways that
        data sets have, on either side."""
        sources = self._scan.frames
        if other._scan.nameless and len(sources) == 1 and told.source not in sources:
            (only,) = sources
            return (only, told.index) if told.index in sources[only] else None
        place = self.place(told.source, told.index, told.number)
        if place is not None or self._scan.nameless or other._scan.nameless:
            return place
        place = self._names.of(told.source, told.index)
        return place or self._called_by(other).get((told.source, told.index))

    def _called_by(self, other: Saved) -> dict[Place, Place]:
        """Its frames by what the other file calls them."""
        if self._other is None or self._other[0] is not other:
            frames = ((s, index) for s, found in self._scan.frames.items() for index in found)
            called = ((other._names.of(*place), place) for place in frames)
            self._other = other, {name: place for name, place in called if name is not None}
        return self._other[1]

    def at(self, place: Place, size: Size | None = None) -> Told | None:
        """What it tells of a frame under its own name. `size` is the picture's, where known."""
        frame = self._scan.frames.get(place[0], {}).get(place[1])
        return None if frame is None else self._told(place, frame, size)

    def objects(self, source: str, index: int, size: Size) -> Objects | None:
        """Of the frame of this `size`, in the source's coordinates; None where none are known.

        Raises InputError where the file does not speak of this source, or of another size of it.
        A table says nothing of pictures without objects: there, a source may only be missing
        where there are several.
        """
        if self._scan.nameless:
            self._serve(source)
        place = self.place(source, index)
        if place is None:
            known = self._scan.frames.keys() & {source, root(source)}
            if not known and not self._scan.nameless:
                self._missing(source)
            return None
        frame = self._scan.frames[place[0]][place[1]]
        saved = self._scan.size_of(frame) or size
        if saved != tuple(size):
            raise InputError(
                f"{self._path} is of other pictures",
                why=f"{source}, frame {index} was {saved[0]}×{saved[1]} and is {size[0]}×{size[1]}",
                remedy="give the pictures that the results are of",
            )
        return objects_of(self._rows(frame, size), Grid.of(size))

    @cached_property
    def _names(self) -> Names:
        frames = self._scan.frames
        return Names((source, index) for source, found in frames.items() for index in found)

    def _serve(self, source: str) -> None:
        """A file that names no input is of one."""
        if self._served not in ("", source):
            raise InputError(
                f"{self._path} is of one video",
                why=f"it says not whether of {self._served} or {source}",
                remedy="name one input",
            )
        self._served = source

    def _told(self, place: Place, frame: Stored, size: Size | None) -> Told:
        size = self._scan.size_of(frame) or size
        rows = self._rows(frame, size)
        return Told(*place, rows, size, frame.time, self._scan.numbers.get(place))

    def _missing(self, source: str) -> None:
        held = list(self._scan.frames)
        if self._scan.objects_only and (len(held) != 1 or self._scan.pictures):
            return
        names = ", ".join(name or "a gather" for name in held[:_NAMED])
        more = f" and {len(held) - _NAMED} more" if len(held) > _NAMED else ""
        remedy = "results are found by the input's name"
        if self._scan.objects_only:
            remedy += "; save them as .jsonl, which also names inputs without objects"
        raise InputError(
            f"{self._path} holds no results of {source or 'a gather'}",
            why=f"it holds those of {names}{more}",
            remedy=remedy,
        )

    def _rows(self, frame: Stored, size: Size | None) -> list[Record]:
        changed = InputError(f"{self._path} has changed since it was read")
        if self._scan.rows is not None:
            return self._scan.rows(frame, size)
        try:
            with Lines.of(self._path, self._held) as lines:
                if lines.state != self._state:
                    raise changed
                return [row for span in frame.spans for row in self._scan.read(lines, span)]
        except OSError as error:
            raise InputError(
                f"{self._path} cannot be read", why=error.strerror or os.strerror(error.errno or 5)
            ) from error
        except FAULTS as error:
            raise changed from error
