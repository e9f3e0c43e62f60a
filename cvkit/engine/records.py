"""What is found, on its way into result files: a record a frame, kept on disk by input."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from cvkit.core.errors import OutputError
from cvkit.core.values import Camera, Event, Kind, Measures, Objects, Scores, Text, Vector

if TYPE_CHECKING:
    from cvkit.engine.check import Job
    from cvkit.engine.plan import Chain
    from cvkit.engine.sinks import Made
    from cvkit.results.jsonl import Part
    from cvkit.results.parquet import Columns

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


class Records:
    """One record a frame, in files of this input; assembled in input order at the end.

    Rows of a video's Parquet are written as they come. Stills have a few each, so that theirs are
    made of the lines of all.
    """

    def __init__(self, path: Path, job: Job, *, moving: bool) -> None:
        from cvkit.results.jsonl import Part

        forms = {o.suffix for o in job.outputs if o.kind == "results"}
        columns = moving and ".parquet" in forms
        self._coords = job.options.coords
        alone = columns and len(forms) == 1 and not job.has("print")
        self._part: Part | None = None if alone else Part(path)
        self._columns: Columns | None = None
        if columns:
            from cvkit.results.parquet import Columns, folder_of

            self._columns = Columns(folder_of(path), table_of(job.whole), coords=self._coords)

    def write(self, made: Made, number: int) -> None:
        from cvkit.results.record import record

        told = record(made.frame, coords=self._coords)
        with _kept():
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
            if self._part is not None:
                self._part.close()
            if self._columns is not None:
                self._columns.close()
        return []

    def abort(self) -> None:
        with suppress(OSError):
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
