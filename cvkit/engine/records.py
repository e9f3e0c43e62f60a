"""What is found, on its way into result files: a record a frame, kept on disk by input."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from cvkit.core.errors import OutputError
from cvkit.core.values import Camera, Event, Kind, Measures, Objects, Scores, Text, Vector
from cvkit.engine.films import is_film
from cvkit.engine.naming import path_of

if TYPE_CHECKING:
    from cvkit.engine.check import Job
    from cvkit.engine.plan import Chain
    from cvkit.engine.report import Item
    from cvkit.engine.sinks import Made
    from cvkit.results.jsonl import Part
    from cvkit.results.parquet import Columns
    from cvkit.results.record import Coords

_TABLES: dict[Kind, str] = {
    Objects: "objects",
    Measures: "measures",
    Event: "events",
    Scores: "scores",
    Text: "text",
    Vector: "vector",
    Camera: "camera",
}


def table_of(chain: Chain) -> str:
    """What tables of the chain's results hold a row of each of, as records call it."""
    return next((_TABLES[kind] for kind in reversed(chain.final.kinds) if kind in _TABLES), "")


def labels_of(path: Path) -> Path:
    """The file of labels beside that of records."""
    return path.with_suffix(".labels")


class Labels:
    """What data sets are written of: a line a frame, which names its picture.

    Coordinates are those of the pictures and videos that the run writes, else the source's. So is
    the picture's name where a warp moved it, or the source has frames.
    """

    def __init__(self, path: Path, job: Job, item: Item) -> None:
        from cvkit.results.jsonl import Part

        self._part = Part(path)
        self._counted = job.whole.several
        self._template, self._below = "", ""
        written = [o.takes_picture for o in job.pictures()]
        self._coords: Coords = "output" if any(written) else "source"
        self._moving = item.moving
        places = zip(job.pictures(), item.outputs, strict=False)
        for output, template in places:
            film = is_film(template, moving=item.moving)
            if output.takes_picture and not film and not self._template:
                self._template = template
                self._below = output.folder or os.path.dirname(template.partition("{")[0])

    def write(self, made: Made, number: int) -> None:
        from cvkit.results.finding import picture_name
        from cvkit.results.record import record

        frame = made.frame
        told = record(frame, coords=self._coords, bitmaps=True)
        index = number if self._counted else frame.index
        # A picture that was only drawn on has the labels of its source.
        if self._template and (self._moving or self._counted or frame.grid.steps):
            path = path_of(self._template, frame, index)
            told["picture"] = os.path.relpath(path, self._below or ".")
        elif self._moving or self._counted:
            told["picture"] = picture_name(frame.source, index)
        self._part.add(told)

    def close(self) -> None:
        self._part.close()


class Records:
    """One record a frame, in files of this input; assembled in input order at the end.

    Rows of a video's Parquet are written as they come. Stills have a few each, so that theirs are
    made of the lines of all.
    """

    def __init__(self, path: Path, job: Job, item: Item, *, moving: bool) -> None:
        from cvkit.results.jsonl import Part

        self._labels = Labels(labels_of(path), job, item) if job.has("dataset") else None
        forms = {o.suffix for o in job.outputs if o.kind == "results"}
        self.tables = sorted(forms & {".csv", ".parquet"})
        """Suffixes of those results that hold rows alone."""
        columns = moving and ".parquet" in forms
        self._coords = job.options.coords
        alone = columns and len(forms) == 1 and not job.has("print")
        alone = alone or not (forms or job.has("print"))
        self._part: Part | None = None if alone else Part(path)
        self._columns: Columns | None = None
        if columns:
            from cvkit.results.parquet import Columns, folder_of

            models = [model.plain() for model in job.models]
            kind = table_of(job.whole)
            self._columns = Columns(folder_of(path), kind, coords=self._coords, models=models)

    def write(self, made: Made, number: int) -> None:
        from cvkit.results.record import record

        with _kept():
            if self._labels is not None:
                self._labels.write(made, number)
            if self._part is None and self._columns is None:
                return
            told = record(made.frame, coords=self._coords)
            if self._part is not None:
                self._part.add(told)
            if self._columns is not None:
                self._columns.add(told)

    def gap(self, source: str, gap: Mapping[str, object]) -> None:
        """Say in a line of its own which frames a damaged input lacks; tables hold only rows."""
        if self._part is not None:
            with _kept():
                self._part.add({"source": source or None, "gap": dict(gap)})

    def close(self) -> list[str]:
        with _kept():
            if self._labels is not None:
                self._labels.close()
            if self._part is not None:
                self._part.close()
            if self._columns is not None:
                self._columns.close()
        return []

    def abort(self) -> None:
        with suppress(OSError):
            if self._labels is not None:
                self._labels.close()
            if self._part is not None:
                self._part.close()
            if self._columns is not None:
                self._columns.abort()


@contextmanager
def _kept() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        why = error.strerror or str(error)
        raise OutputError("results cannot be kept until the end of the run", why=why) from error
