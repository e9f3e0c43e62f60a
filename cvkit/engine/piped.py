"""stdout in forms that others read: pictures one after the other, a raw video, lines of results."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any, BinaryIO

from cvkit.engine.outputs import RESULTS, Output, one_video
from cvkit.engine.report import Item, Outcome
from cvkit.engine.sinks import Made, Medium, encoded, picture_of, shown
from cvkit.io.codecs.formats import SUFFIX_FORMAT
from cvkit.io.pipes import WIDE, Outgoing

if TYPE_CHECKING:
    from pathlib import Path

    from cvkit.core.time import Time
    from cvkit.core.values import Raster
    from cvkit.engine.check import Job
    from cvkit.engine.downstream import Pipe
    from cvkit.io.sinks.y4m import Y4mWriter


def pipe_of(output: Output, file: BinaryIO, job: Job) -> Pipe:
    """What an output on stdout means that is not the frame stream."""
    out = Outgoing(file, "stdout")
    if output.suffix == ".csv":
        return AtEnd(out)
    if output.suffix in RESULTS:
        return Lines(out, job)
    return RawVideo(output, out, job) if output.suffix == ".y4m" else Pictures(output, out, job)


class _Plain:
    """A pipe that has no word for an input's end or failure: its reader has the exit code."""

    def __init__(self, out: Outgoing) -> None:
        self._out = out

    def begin(self, about: Any) -> None:  # noqa: ANN401 - what `about` gave
        """An input begins like any frame."""

    def write(self, ready: bytes) -> None:
        self._out.write(ready)
        self._out.flush()

    def finish(self) -> None:
        """Its last frame is written."""

    def gap(self, source: str, gap: Mapping[str, object]) -> None:
        """Frames that are not there have no place."""

    def failed(self, outcome: Outcome) -> None:
        """The exit code says it."""

    def end(self, code: int, error: str) -> None:
        self._out.flush()


class Pictures(_Plain):
    """Encoded pictures, one a frame, as FFmpeg's image2pipe has them."""

    def __init__(self, output: Output, out: Outgoing, job: Job) -> None:
        super().__init__(out)
        self._output, self._options = output, job.options
        self._form = SUFFIX_FORMAT[output.suffix]

    def about(self, item: Item, medium: Medium, notes: list[str]) -> tuple[Medium, list[str]]:
        return medium, notes

    def ready(self, about: tuple[Medium, list[str]], made: Made) -> bytes:
        medium, notes = about
        return encoded(self._output, made, self._form, self._options, medium.album, notes)


class RawVideo(_Plain):
    """The frames of one input as YUV4MPEG2."""

    def __init__(self, output: Output, out: Outgoing, job: Job) -> None:
        super().__init__(out)
        self._output, self._options = output, job.options
        if job.options.pix_fmt is not None:
            from cvkit.io.sinks.y4m import held

            held(job.options.pix_fmt)
        self._writer: Y4mWriter | None = None
        self._notes: list[str] = []

    def about(self, item: Item, medium: Medium, notes: list[str]) -> tuple[Medium, list[str]]:
        return medium, notes

    def ready(self, about: tuple[Medium, list[str]], made: Made) -> tuple[Time, Raster]:
        return made.frame.time, shown(picture_of(self._output, made))

    def begin(self, about: tuple[Medium, list[str]]) -> None:
        """Raises UsageError for a second input."""
        from cvkit.io.sinks.y4m import Y4mWriter

        medium, self._notes = about
        if self._writer is not None:
            raise one_video()
        if medium.sound is not None:
            self._notes.append("sound left out: y4m holds none")
        options = self._options
        self._writer = Y4mWriter(
            self._out,
            rate=Fraction(options.fps).limit_denominator(1001) if options.fps else medium.rate,
            aspect=medium.aspect,
            pix_fmt=options.pix_fmt,
            background=options.background.bgr,
        )

    def write(self, ready: tuple[Time, Raster]) -> None:  # type: ignore[override]
        assert self._writer is not None
        self._writer.write(*ready)
        self._out.flush()

    def finish(self) -> None:
        assert self._writer is not None
        self._notes += self._writer.notes


class Lines(_Plain):
    """Results as JSON lines, each at once."""

    def __init__(self, out: Outgoing, job: Job) -> None:
        super().__init__(out)
        self._coords, self._begun = job.options.coords, False
        self._models = [model.plain() for model in job.models]

    def about(self, item: Item, medium: Medium, notes: list[str]) -> None:
        return None

    def ready(self, about: None, made: Made) -> bytes:
        from cvkit.results.record import line, record

        return line(record(made.frame, coords=self._coords)).encode()

    def write(self, ready: bytes) -> None:
        from cvkit.results.jsonl import headed

        told = ready if self._begun else headed(ready.decode(), self._models).encode()
        super().write(told)
        self._begun = True

    def gap(self, source: str, gap: Mapping[str, object]) -> None:
        """Which frames a damaged input lacks, in a line of its own."""
        from cvkit.results.record import line

        self.write(line({"source": source or None, "gap": dict(gap)}).encode())


class AtEnd(_Plain):
    """Results as CSV: its columns depend on every row, so that all come at the end."""

    def about(self, item: Item, medium: Medium, notes: list[str]) -> None:
        return None

    def ready(self, about: None, made: Made) -> bytes:
        return b""

    def pass_on(self, made: Path) -> None:
        """Write what was put together."""
        with open(made, "rb") as file:
            while data := file.read(WIDE):
                self._out.write(data)
        self._out.flush()
