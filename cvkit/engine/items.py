"""Work on one input: read it, let the chain flow, write what comes, account for it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from cvkit.core.errors import (
    CvkitError,
    DamagedError,
    InputError,
    InternalError,
    MissingError,
    OutputError,
    UsageError,
)
from cvkit.core.frame import Frame
from cvkit.core.options import RunOptions
from cvkit.engine.check import Job
from cvkit.engine.downstream import Held, Pipe, Straight, mark
from cvkit.engine.films import film_of, is_film
from cvkit.engine.flow import Flow
from cvkit.engine.lent import Lent
from cvkit.engine.naming import holds_pages
from cvkit.engine.outputs import Output
from cvkit.engine.records import Records
from cvkit.engine.report import Event, Item, Outcome, Tell
from cvkit.engine.segments import closing
from cvkit.engine.sinks import (
    Claims,
    Made,
    Medium,
    Pictures,
    Quit,
    Rows,
    Sink,
)
from cvkit.io.codecs.asked import Asked
from cvkit.io.codecs.metadata import Album, Metadata
from cvkit.io.safe import SafeFiles

if TYPE_CHECKING:
    from cvkit.engine.previews import Previews
    from cvkit.io.sources.opening import Moving
    from cvkit.io.stream import Head

_TELL = 0.1
"""Seconds between two tellings of progress."""


@dataclass
class Workshop:
    """What the items of a run share."""

    job: Job
    flow: Flow
    files: SafeFiles
    lent: Lent
    tell: Tell
    downstream: Pipe | None = None
    """What stdout carries, written by the coordinator alone."""
    previews: Previews | None = None
    held: dict[int, Held] = field(default_factory=dict)
    """Stills that wait for their turn on stdout."""
    claims: Claims = field(init=False)

    def __post_init__(self) -> None:
        self.claims = Claims(self.job.protected)

    def still(self, item: Item) -> Outcome:
        """One picture, in the calling thread."""
        return self._accounted(item, lambda outcome: self._still(item, outcome))

    def moving(self, item: Item) -> Outcome:
        """One video, its segments in threads."""
        return self._accounted(item, lambda outcome: self._moving(item, outcome))

    def streamed(self, item: Item, head: Head, frames: Iterator[Frame]) -> Outcome:
        """One item of a frame stream."""
        return self._accounted(item, lambda outcome: self._streamed(item, head, frames, outcome))

    def _accounted(self, item: Item, work: Callable[[Outcome], None]) -> Outcome:
        outcome, start = Outcome(item), time.monotonic()
        try:
            work(outcome)
            outcome.state = "done"
        except (OutputError, MissingError, UsageError):
            raise
        except Quit:
            self._quit(outcome)
        except MemoryError:
            error = InputError(f"{item.name}: there is not enough memory for it")
            self._failed(outcome, error, "failed")
        except DamagedError as error:
            skip = self.job.options.on_corrupt == "skip"
            self._failed(outcome, error, "skipped" if skip else "failed")
        except CvkitError as error:
            self._failed(outcome, error, "failed")
        outcome.seconds = time.monotonic() - start
        return outcome

    def _quit(self, outcome: Outcome) -> None:
        """Seen as far as somebody wanted; what would be written besides is not whole."""
        assert self.previews is not None
        outcome.state = "done" if self.previews.only else "pending"
        if not self.previews.only:
            outcome.outputs = []
            outcome.notes.append(f"{outcome.item.name}: closed before its end, so not written")

    def _failed(
        self, outcome: Outcome, error: CvkitError, state: Literal["failed", "skipped"]
    ) -> None:
        outcome.state, outcome.code, outcome.outputs = state, error.exit_code, []
        if outcome.item.parts:  # it says which of them
            outcome.error = str(error)
            return
        path = outcome.item.shown
        text, last = str(error), os.path.basename(path)
        text = text.replace(os.path.basename(outcome.item.path), last)
        for start in (path, last):
            text = text.removeprefix(f"{start}: ") if text.startswith(f"{start}: ") else text
        outcome.error = (
            f"{path}: {text}" if not text.startswith(last) else path[: -len(last)] + text
        )

    def _still(self, item: Item, outcome: Outcome) -> None:
        from cvkit.io.sources.opening import open_still

        still = open_still(item.path, item.name)
        options = self.job.options
        asked = asked_of(options, self.flow.chain.views or frozenset({"bgr"}))

        def frames() -> Iterator[Frame]:
            for page in item.pages or (0,):
                image = still.read(asked if not page else replace(asked, page=page))
                yield Frame((image,), image.grid, index=page, source=item.name)

        def told(page: int) -> Metadata:
            return still.metadata(page).kept(strip=options.strip, keep_icc=options.keep_icc)

        album = Album(item.pages or (0,), told)
        try:
            form = os.path.splitext(item.name)[1][1:].lower()
            medium = Medium(item.name, False, form, album=album)
            self._stills(frames(), item, medium, outcome)
        finally:
            outcome.notes += [f"{item.name}: {note}" for note in dict.fromkeys(asked.notes)]

    def _stills(
        self, frames: Iterator[Frame], item: Item, medium: Medium, outcome: Outcome
    ) -> None:
        """Pictures of one item, each through the chain on its own."""
        if self.job.profile is not None:
            frames = self.job.profile.source(frames)

        def made() -> Iterator[Made]:
            for frame in frames:
                region = self.job.region
                yield from self._left(self.flow.still(region.enter(frame) if region else frame))

        self.drain(made(), item, medium, outcome)

    def _moving(self, item: Item, outcome: Outcome) -> None:
        from cvkit.engine.media import medium_of
        from cvkit.engine.selection import Count, foreseen, is_whole, selected
        from cvkit.io.sources.opening import Recorded

        options = self.job.options
        with self.job.open_moving(item, asked_of(options, frozenset())) as clip:
            count = Count()
            frames = selected(clip, item.name, options, count)
            medium = medium_of(
                *(clip, item, self.flow.chain, options, outcome.notes),
                piped=self.downstream is not None,
            )

            def ended(sinks: Sequence[Sink]) -> None:
                self._counted(item, count.read, outcome)
                gaps = clip.gaps if isinstance(clip, Recorded) else ()
                mark([gap.told() for gap in gaps], outcome, sinks)

            try:
                exact = self._length(clip) if is_whole(options) else None
                total = exact or foreseen(clip, options)
                self._run_moving(item, frames, medium, outcome, total, ended, exact)
            finally:
                outcome.notes += [f"{item.name}: {n}" for n in dict.fromkeys(clip.notes)]

    def _length(self, clip: Moving) -> int | None:
        """How many frames come, where a step wants to know and the file tells."""
        from cvkit.io.sources.opening import Recorded

        salvage = self.job.options.on_corrupt == "salvage"
        if self.flow.chain.counting is None or salvage or not isinstance(clip, Recorded):
            return None
        try:
            return clip.length()[0]
        except InputError:  # reading it will say what is wrong
            return None

    def _counted(self, item: Item, read: int, outcome: Outcome) -> None:
        """Hold the frames that came out against those that were read.

        Raises InternalError where some are missing that no step may drop.
        """
        outcome.frames_read = read
        chain, chosen = self.flow.chain, self.job.options.frames
        if read == outcome.frames or chain.single:
            return
        told = f"{read} frames read, {outcome.frames} written"
        if chain.changes_length or (chosen is not None and chosen.step > 1):
            outcome.notes.append(f"{item.name}: {told}")
        elif chain.several_step is None and not any(step.gathers for step in chain.steps):
            raise InternalError(f"{item.name}: {told}", why="no step drops or adds any")

    def _streamed(self, item: Item, head: Head, frames: Iterator[Frame], outcome: Outcome) -> None:
        from cvkit.engine.media import medium_of_head

        base = Fraction(1, 1000)
        if head.moving:
            first = next(frames, None)
            if first is not None:
                base = first.time.base
                frames = _first_then(first, frames)
        medium = medium_of_head(head, item, self.flow.chain, self.job.options, base)
        if head.moving:
            from cvkit.engine.selection import Count

            count = Count()

            def ended(sinks: Sequence[Sink]) -> None:
                self._counted(item, count.read, outcome)
                mark(head.gaps, outcome, sinks)
                if head.gaps:
                    outcome.notes.append(f"{item.name}: damaged, frames are missing")

            self._run_moving(item, count.of(frames), medium, outcome, None, ended)
            return
        self._stills(frames, item, medium, outcome)

    def _run_moving(
        self,
        item: Item,
        frames: Iterator[Frame],
        medium: Medium,
        outcome: Outcome,
        total: int | None,
        ended: Callable[[Sequence[Sink]], None] | None = None,
        exact: int | None = None,
    ) -> None:
        region = self.job.region
        if self.job.profile is not None:
            frames = self.job.profile.source(frames)
        if region is not None:
            from cvkit.engine.roi import around

            frames = around(region, frames)
        if self.flow.chain.changes_length:  # what comes out says little of how far it is
            frames = self._told(frames, item, total)
        made = self._left(self.flow.moving(frames, self.lent.frames, self.lent.jobs + 2, exact))
        self.drain(made, item, medium, outcome, total, ended)

    def _told(self, frames: Iterator[Frame], item: Item, total: int | None) -> Iterator[Frame]:
        """The same frames, told as progress when they are read."""
        told = time.monotonic()
        try:
            for number, frame in enumerate(frames):
                if time.monotonic() - told > _TELL:
                    told = time.monotonic()
                    self.tell(Event("frames", item.name, frames=number, frames_total=total))
                yield frame
        finally:
            closing(frames)

    def _left(self, made: Iterator[Made]) -> Iterator[Made]:
        """Frames laid back into the whole picture where there is a region."""
        region = self.job.region
        try:
            for one in made:
                if region is not None:
                    frame = region.leave(one.frame)
                    one = self.flow.finish(frame)
                yield one
        finally:
            closing(made)

    def drain(
        self,
        made: Iterator[Made],
        item: Item,
        medium: Medium,
        outcome: Outcome,
        total: int | None = None,
        ended: Callable[[Sequence[Sink]], None] | None = None,
    ) -> None:
        """Write what comes; `ended` is told when nothing more does, before files are whole."""
        own = sinks = self._sinks(item, medium, outcome)
        if self.job.profile is not None:
            sinks = self.job.profile.sinks(own)
        telling = medium.moving and not self.flow.chain.changes_length
        told = time.monotonic()
        try:
            number = 0
            for one in made:
                for sink in sinks:
                    sink.write(one, number)
                number += 1
                if telling and time.monotonic() - told > _TELL:
                    told = time.monotonic()
                    self.tell(Event("frames", item.name, frames=number, frames_total=total))
            outcome.frames += number
            if ended is not None:
                ended(own)
            for sink in sinks:
                outcome.outputs += sink.close()
        except BaseException as error:
            for sink in sinks:
                sink.abort()
            self.job.leave(error)
            raise
        finally:
            closing(made)

    def _sinks(self, item: Item, medium: Medium, outcome: Outcome) -> list[Sink]:
        job, options = self.job, self.job.options
        sinks: list[Sink] = []
        if job.rest is not None:
            outcome.rows = str(self.lent.folder / f"{item.number}.rows")
            return [Rows(Path(outcome.rows))]
        for output, path in zip(job.pictures(), item.outputs, strict=True):
            if is_film(path, moving=medium.moving and not job.alone):
                sinks.append(film_of(output, path, options, medium, outcome.notes, self.claims))
            else:
                sinks.append(self._pictures(output, path, item, medium, outcome))
        if job.has("results") or job.has("dataset") or job.has("print"):
            outcome.records = str(self.lent.folder / f"{item.number}.jsonl")
            sinks.append(Records(Path(outcome.records), job, item, moving=medium.moving))
        if self.previews is not None:
            sinks.append(self.previews.sink(item))
        if self.downstream is not None:
            told = (self.downstream, item, medium, outcome.notes)
            if medium.moving:
                sinks.append(Straight(*told))
            else:
                self.held[item.number] = Held(*told)
                sinks.append(self.held[item.number])
        return sinks

    def _pictures(
        self, output: Output, path: str, item: Item, medium: Medium, outcome: Outcome
    ) -> Sink:
        counted = self.job.whole.several or medium.several
        if (counted or len(item.pages) > 1) and holds_pages(path):
            from cvkit.engine.pages import Pages

            shared = (self.job.options, self.files, outcome.notes, medium.album)
            return Pages(output, path, *shared)
        return Pictures(
            *(output, path, self.job.options, self.files, self.claims, outcome.notes),
            counted=counted,
            album=medium.album,
        )


def asked_of(options: RunOptions, views: frozenset[str]) -> Asked:
    """What a run's options ask of decoders."""
    fps = Fraction(options.fps).limit_denominator(1001) if options.fps else None
    return Asked(
        options.max_pixels,
        views,
        dpi=options.dpi,
        keep_icc=options.keep_icc,
        seed=options.seed,
        fps=fps,
        deep=options.deep,
        deinterlace=options.deinterlace,
        salvage=options.on_corrupt == "salvage",
    )


def _first_then(first: Frame, rest: Iterator[Frame]) -> Iterator[Frame]:
    try:
        yield first
        yield from rest
    finally:
        closing(rest)
