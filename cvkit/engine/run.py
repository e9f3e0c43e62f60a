"""Run: the coordinator. Items go out, outcomes come back in input order, and all is accounted."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, BinaryIO

from cvkit.core.errors import CvkitError, InterruptedRun, OutputError
from cvkit.core.spec import Spec
from cvkit.engine import runner
from cvkit.engine.check import Job, check
from cvkit.engine.downstream import open_pipe
from cvkit.engine.ending import finish_gather, finish_results
from cvkit.engine.flow import Flow
from cvkit.engine.items import Workshop
from cvkit.engine.lent import Lent
from cvkit.engine.operands import Recalled
from cvkit.engine.report import Event, Outcome, Report, Tell
from cvkit.engine.resources import Resources
from cvkit.io.safe import SafeFiles

if TYPE_CHECKING:
    from cvkit.engine.downstream import Pipe
    from cvkit.engine.previews import Opens, Previews

NAMED = 8
"""Letters that are named where no font has them."""


def run(spec: Spec, *, tell: Tell | None = None, stdout: BinaryIO | None = None) -> Report:
    """Check and run. Raises UsageError, ParameterError or InputError of the check; all that happens
    after it is in the report. `stdout` takes the frame stream where an output is `-`."""
    if not spec.steps:
        from cvkit.engine.converting import convert, is_conversion

        if is_conversion(spec):
            return convert(spec)
    return run_job(check(spec), tell=tell, stdout=stdout)


def run_job(
    job: Job,
    *,
    tell: Tell | None = None,
    stdout: BinaryIO | None = None,
    terminal: Opens | None = None,
) -> Report:
    """Run what was checked. `terminal` draws where an output is `term:`."""
    import cv2

    # OpenCV's own threads could change results and would fight with the pool for processors.
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    lent = Lent(job.options.jobs or os.cpu_count() or 1)
    report = Report([Outcome(i) for i in job.items], not_media=job.not_media)
    start = time.monotonic()
    single = len(job.items) == 1 and not job.items[0].moving and job.upstream is None
    resources = Resources(job.options, tell, single=single)
    try:
        with SafeFiles(overwrite=job.options.overwrite) as files:
            try:
                _work(job, report, lent, resources, files, tell or _silent, stdout, terminal)
            finally:
                lent.close()  # what its threads still write is named, too
    except KeyboardInterrupt:
        report.error = InterruptedRun("interrupted")
    except CvkitError as error:
        report.error = error
    finally:
        resources.close()
        cv2.setNumThreads(before)
        job.close()
        report.notes += unwritten()
        report.seconds = time.monotonic() - start
    return report


def unwritten() -> list[str]:
    """What is to be said of letters that pictures lack, where any were written on them."""
    lettering = sys.modules.get("cvkit.core.lettering")  # start-up: it is dear to load
    letters = lettering.unwritten() if lettering is not None else []
    if not letters:
        return []
    more = f" and {len(letters) - NAMED} more" if len(letters) > NAMED else ""
    shown = " ".join(letters[:NAMED]) + more
    return [f"no font here has {shown}: written as ?; install one, as fonts-noto-cjk"]


def _work(
    job: Job,
    report: Report,
    lent: Lent,
    resources: Resources,
    files: SafeFiles,
    tell: Tell,
    stdout: BinaryIO | None,
    terminal: Opens | None,
) -> None:
    flow = Flow(job.chain, resources, job.options, job.draws and job.rest is None)
    for step in job.chain.steps:
        if not step.number:
            report.notes.append(f"{step.name} was added: {step.why}")
        ran_on = getattr(resources.ready(step), "ran_on", "") if step.opens else ""
        if ran_on:
            report.ran.append(f"{step.name}: {ran_on}")
    before = job.upstream.models if job.upstream is not None else []
    report.models = job.models = [*before, *resources.models()]
    job.classes = _classes(job, resources)
    if note := _alone(job):
        report.notes.append(note)
    pipe = open_pipe(job, stdout)
    previews = _previews(job, terminal)
    shop = Workshop(job, flow, files, lent, tell, pipe, previews)
    try:
        _all_items(shop, report)
        files.flush()
        if job.rest is not None:
            finish_gather(shop, report, flow)
        finish_results(shop, report)
    except BaseException as error:
        _end(pipe, report, error)
        raise
    else:
        _end(pipe, report, None)
    finally:
        if previews is not None:
            previews.close()


def _classes(job: Job, resources: Resources) -> list[dict[int, str]]:
    """What each step that finds or recalls things can name, by number, seen or not; and those of
    the process before this one in a pipe."""
    lists = list(job.upstream.classes) if job.upstream is not None else []
    for step in job.chain.steps:
        lists += [dict(o.classes) for o in step.operands.values() if isinstance(o, Recalled)]
        names = getattr(resources.ready(step), "labels", ()) if step.opens else ()
        lists.append(dict(enumerate(names)))
    return [one for one in lists if one]


def _alone(job: Job) -> str:
    """What is to be said where single pictures meet a step that lives on frames in a row."""
    stills = sum(not item.moving for item in job.items)
    for step in job.chain.steps:
        paired = getattr(step.stage, "with_", None) is not None
        if step.serial and stills and not paired:
            which = "a single picture has" if stills == 1 else f"{stills} single pictures have"
            return (
                f"{step.name} works on frames in a row, and {which} none before; "
                "seq:FOLDER takes pictures as the frames of a video"
            )
    return ""


def _previews(job: Job, terminal: Opens | None) -> Previews | None:
    if not job.previews():
        return None
    from cvkit.engine.previews import Previews

    return Previews(job, terminal)


def _all_items(shop: Workshop, report: Report) -> None:
    total = None if shop.job.upstream is not None else len(report.outcomes)
    shop.tell(Event("start", total=total))
    outcomes = runner.outcomes(shop, iter(shop.job.items))
    try:
        for number, outcome in enumerate(outcomes):
            if number < len(report.outcomes):
                report.outcomes[number] = outcome
            else:
                report.outcomes.append(outcome)
            runner.pass_on(shop, outcome)
            for note in outcome.notes:
                if note not in report.notes:
                    report.notes.append(note)
            event = Event("item", outcome.item.shown, number + 1, total, report.failed)
            shop.tell(event)
            if outcome.state == "failed" and shop.job.stops:
                return
            if shop.previews is not None and shop.previews.closed():
                return
    finally:
        outcomes.close()
    upstream = shop.job.upstream
    end = upstream.reader.end if upstream is not None else None
    report.upstream = end.code if end is not None and end.code not in (0, 6, 7) else 0


def _end(pipe: Pipe | None, report: Report, error: BaseException | None) -> None:
    if pipe is None or isinstance(error, BrokenPipeError):
        return
    code = error.exit_code if isinstance(error, CvkitError) else 130 if error else report.exit_code
    try:
        pipe.end(code, str(error) if error is not None else "")
    except BrokenPipeError as broken:
        if error is None:
            raise OutputError("stdout was closed by its reader") from broken


def _silent(event: Event) -> None:
    """Nobody wants to know."""
