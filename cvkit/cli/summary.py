"""After a run: what was written, what failed and why; tables; the one JSON object."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from cvkit.cli import failure, terminal
from cvkit.cli.arguments import ShellOptions
from cvkit.cli.progress import per_second, span
from cvkit.cli.table import show_table
from cvkit.core.errors import CvkitError
from cvkit.core.spec import Spec

if TYPE_CHECKING:
    from cvkit.engine.profiling import Profile
    from cvkit.engine.report import Outcome, Report

LISTED = 10
"""How many failed inputs are named."""
NAMED = 3
"""How many files that one input became are named."""


def tell(spec: Spec, shell: ShellOptions, report: Report, profile: Profile | None = None) -> None:
    """Data on stdout, the rest on stderr; the caller exits with the report's code."""
    if shell.json:
        _json(spec, shell, report, profile)
    else:
        _data(spec, report)
    if not shell.quiet:
        for note in report.notes:
            terminal.people(terminal.styled(f"note: {note}", "magenta", sys.stderr))
        if not shell.json:
            for table in report.tables:
                if table.stream == "stderr":
                    show_table(table, sys.stderr)
        _counts(report)
        if profile is not None and not shell.json:
            _detected(report, profile)
    if profile is not None and shell.profile and not shell.json:
        from cvkit.cli.profile import lines

        for line in lines(profile.found()):
            terminal.people(line)
    if report.error is not None:
        failure.say(report.error)
    _failures(report)


def _data(spec: Spec, report: Report) -> None:
    printed = [t for t in report.tables if t.stream == "stdout"]
    for table in printed:
        with terminal.stdout_told():
            show_table(table, sys.stdout)
    streams = any(o == "-" or o.endswith(":-") for o in spec.outputs)
    if not (printed or streams or terminal.is_terminal(sys.stdout)):
        for path in written(report):
            terminal.data(path)


def written(report: Report) -> list[str]:
    """Every path written, each once, in input order."""
    paths = [path for outcome in report.outcomes for path in outcome.outputs] + report.outputs
    return list(dict.fromkeys(p for p in paths if p != "-"))


def _detected(report: Report, profile: Profile) -> None:
    """How many things were found, where a model looked for them, how fast and by what."""
    if profile.tally is None:
        return
    from cvkit.cli.detections import lines
    from cvkit.engine.tally import Detected

    for line in lines(Detected.of(profile.tally, profile.found(), report)):
        terminal.people(line)


def _json(spec: Spec, shell: ShellOptions, report: Report, profile: Profile | None) -> None:
    import json

    counts = {n: getattr(report, n) for n in ("inputs", "done", "skipped", "failed", "pending")}
    items = [
        {
            "input": outcome.item.shown,
            "state": outcome.state,
            "outputs": outcome.outputs,
            "error": outcome.error or None,
            "seconds": round(outcome.seconds, 3),
            **_of_moving(outcome),
        }
        for outcome in report.outcomes
    ]
    told: dict[str, object] = {"cvkit": 1, "spec": spec.canonical(), "counts": counts}
    told |= {"items": items, "notes": list(report.notes), "ran": list(report.ran)}
    told["models"] = [model.plain() for model in report.models]
    told |= {"exit_code": report.exit_code}
    if profile is not None and profile.tally is not None:
        from cvkit.engine.tally import Detected

        told["detected"] = Detected.of(profile.tally, profile.found(), report).plain()
    if profile is not None and shell.profile:
        told["profile"] = profile.found().plain()
    if report.tables:
        told["tables"] = [
            {"title": t.title, "columns": list(t.columns), "rows": [list(r) for r in t.rows]}
            for t in report.tables
        ]
    if report.error is not None:
        error = report.error
        told["error"] = {"what": error.what, "why": error.why, "remedy": error.remedy}
    terminal.data(json.dumps(told, default=str))


def _of_moving(outcome: Outcome) -> dict[str, object]:
    """What is told of a moving input besides."""
    if not outcome.item.moving:
        return {}
    told: dict[str, object] = {"frames_read": outcome.frames_read, "frames": outcome.frames}
    return told | {"gaps": outcome.gaps} if outcome.gaps else told


def _counts(report: Report) -> None:
    """What was done, in a line."""
    paths = written(report)
    if report.inputs == 1:
        if report.done and paths:
            took = f" in {span(report.seconds)}" if report.seconds >= 2 else ""
            name = terminal.plain(report.outcomes[0].item.shown)
            terminal.people(f"{name} → {named(paths)}{_frames(report) or took}")
        if report.skipped:
            said = terminal.plain(report.outcomes[0].error)
            terminal.people(terminal.styled(f"skipped: {said}", "magenta", sys.stderr))
        return
    if not report.inputs:
        return
    pace = ""
    if report.done and report.seconds >= 0.5:
        pace = f" in {span(report.seconds)} ({per_second(report.done, report.seconds)})"
        pace = _frames(report) or pace
    target = _target(paths)
    arrow = f" → {target}" if target else ""
    rest = [
        terminal.styled(f"{count} {word}", style, sys.stderr)
        for count, word, style in (
            (report.skipped, "skipped", "magenta"),
            (report.failed, "failed", "bold red"),
            (report.pending, "not reached", "magenta"),
            (report.not_media, f"other file{'s' * (report.not_media > 1)} passed over", "dim"),
        )
        if count
    ]
    tail = "; " + ", ".join(rest) if rest else ""
    of = f" of {report.inputs}" if report.done < report.inputs else ""
    terminal.people(f"{report.done}{of} done{pace}{arrow}{tail}")


def _frames(report: Report) -> str:
    """How many of videos were worked on, and how fast; nothing of a short run."""
    done = (o for o in report.outcomes if o.item.moving and o.state == "done")
    many = sum(max(o.frames_read, o.frames) for o in done)
    if not many or report.seconds < 0.5:
        return ""
    frames = f"{many:,} frame{'s' * (many > 1)}"
    return f": {frames} in {span(report.seconds)} ({per_second(many, report.seconds)})"


def _failures(report: Report) -> None:
    """The first failed inputs with their reasons; a single one in the form of every error."""
    failed = [outcome for outcome in report.outcomes if outcome.state == "failed"]
    if report.inputs == 1 and failed:
        if report.error is None:
            failure.say(CvkitError(failed[0].error or f"{failed[0].item.shown} failed"))
        return
    for outcome in failed[:LISTED]:
        name, said = terminal.plain(outcome.item.shown), terminal.plain(outcome.error)
        said = said if said.startswith(name) else f"{name}: {said}"
        line = terminal.hanging(f"  {said}", "      ", sys.stderr)
        terminal.people(line.replace(name, terminal.styled(name, "bold", sys.stderr), 1))
    if len(failed) > LISTED:
        terminal.people(f"  and {len(failed) - LISTED} more; --json lists them all")


def named(paths: Sequence[str]) -> str:
    """What one input became: each file, or where many files are."""
    if len(paths) <= NAMED:
        return ", ".join(map(terminal.plain, paths))
    target = _target(paths)
    return f"{len(paths)} files in {target}" if target else f"{len(paths)} files"


def _target(paths: Sequence[str]) -> str:
    """The file or folder that holds everything written."""
    if len(paths) < 2:
        return "".join(map(terminal.plain, paths))
    folders = {os.path.dirname(p) or "." for p in paths}
    if len({os.path.isabs(f) for f in folders}) > 1:
        return ""
    folder = os.path.commonpath(folders)
    return terminal.plain(folder) + "/" if folder not in (".", "/", "") else ""
