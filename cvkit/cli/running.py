"""Run a chain: check, plan, save, run, and say what was done."""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from cvkit.cli import terminal
from cvkit.cli.arguments import Line, parse
from cvkit.cli.failure import reader_is_gone
from cvkit.core.errors import UsageError
from cvkit.core.options import RunOptions
from cvkit.core.spec import to_yaml
from cvkit.core.spec_paths import relative

if TYPE_CHECKING:
    from cvkit.cli.pictures import TerminalPictures
    from cvkit.engine.check import Job


def run_line(words: Sequence[str]) -> int:
    """The exit code of one command line."""
    line = parse(words)
    if line.shell.save and not line.spec.inputs:
        from cvkit.engine.plan import fit

        fit(line.spec.steps)
        RunOptions.model_validate(dict(line.spec.run))
        _save(line)
        return 0
    if not line.spec.inputs:
        raise UsageError(
            f"cvkit {words[0]} needs an input", remedy="a file, a folder, a glob, or - for stdin"
        )
    if not line.spec.steps:
        from cvkit.engine.converting import is_conversion

        if is_conversion(line.spec):
            return _convert(line)
    if line.shell.dry_run:
        return _plan(line)
    return _run(line)


def _save(line: Line, job: Job | None = None) -> None:
    """Steps and run options; inputs and outputs are named when the spec is run.

    A spec may name nothing outside its own folder, so kept inputs would often not load again.
    """
    from cvkit.io.safe import write_bytes

    if job is not None:
        job.spare(line.shell.save)
    path = Path(line.shell.save)
    text = to_yaml(relative(replace(line.spec, inputs=(), outputs=()), path.parent))
    overwrite = line.spec.run.get("overwrite") in (True, "true")
    write_bytes(path, text.encode(), overwrite=overwrite)


def _plan(line: Line) -> int:
    from cvkit.engine.check import check

    job = check(line.spec)
    lines = job.lines()
    job.close()
    if line.shell.save:
        _save(line, job)
    if line.shell.json:
        import json

        terminal.data(json.dumps({"spec": line.spec.canonical(), "plan": lines}, default=str))
        return 0
    for text in lines:
        terminal.data(text)
    return 0


def _convert(line: Line) -> int:
    """Labels to labels."""
    from cvkit.cli.summary import tell
    from cvkit.engine.converting import convert, outputs_of

    if line.shell.save:
        raise UsageError("--save keeps a chain, and labels are converted without one")
    if line.shell.dry_run:
        for output in outputs_of(line.spec):
            terminal.data(f"{' '.join(line.spec.inputs)} → {output.text}")
        return 0
    report = convert(line.spec)
    tell(line.spec, line.shell, report)
    return report.exit_code


def _run(line: Line) -> int:
    from cvkit.cli.progress import Progress
    from cvkit.cli.summary import tell
    from cvkit.engine.check import check
    from cvkit.engine.run import run_job

    spec, shell = line.spec, line.shell
    job = check(spec)
    ours = [o.text for o in job.outputs if o.on_stdout]
    if shell.json and ours:
        job.close()
        raise UsageError(f"-o {ours[0]} and --json would both write to stdout", remedy="choose one")
    if shell.save:
        _save(line, job)
    if shell.verbose and not shell.quiet:
        for text in job.lines():
            terminal.people(terminal.styled(text, "dim", sys.stderr))
    gc.freeze()
    gc.enable()
    if any(o.text.startswith("term:") for o in job.previews()):
        shell = replace(shell, progress=False)  # bars would be drawn over the pictures
    profile = None
    if shell.profile or any(step.stage.needs & {"model"} for step in job.chain.steps):
        from cvkit.engine.profiling import Profile

        profile = Profile()
        job = profile.job(job)
    with Progress.of(shell, sys.stderr) as progress:
        report = run_job(job, tell=progress, terminal=_pictures)
    if reader_is_gone(report.error):
        raise BrokenPipeError from report.error
    if shell.verbose and not shell.quiet:
        for text in report.ran:
            terminal.people(terminal.styled(text, "dim", sys.stderr))
    tell(spec, shell, report, profile)
    return report.exit_code


def _pictures(form: str) -> TerminalPictures:
    from cvkit.cli.pictures import TerminalPictures

    return TerminalPictures(form)
