"""The end of a run: the frame of a gather, result files, and what is printed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from cvkit.core.errors import InputError
from cvkit.core.time import Time
from cvkit.engine import plan
from cvkit.engine.flow import Flow, gathered
from cvkit.engine.items import Workshop
from cvkit.engine.naming import GATHERED
from cvkit.engine.operands import Recalled
from cvkit.engine.outputs import RESULTS, Output
from cvkit.engine.piped import AtEnd
from cvkit.engine.records import labels_of, table_of
from cvkit.engine.report import Item, Outcome, Report, Table
from cvkit.engine.sinks import Medium, read_rows


def finish_gather(shop: Workshop, report: Report, flow: Flow) -> None:
    """Gather the rows of every input that was done, and run what follows on the one frame."""
    rest = shop.job.rest
    assert rest is not None
    rows = [o.rows for o in report.outcomes if o.state == "done" and o.rows]
    if not rows:
        raise InputError(f"{rest.steps[0].name} has nothing to gather", why="no input was read")
    frame = gathered(rest.steps[0], read_rows(iter(rows)), None)
    frame = replace(frame, source="", index=0, time=Time())
    steps = replace(rest, steps=rest.steps[1:])
    job = replace(shop.job, chain=steps, rest=None)
    item = Item(len(report.outcomes), _gather_name(shop), "-", False)
    source = replace(GATHERED, name=item.name)
    item = replace(item, outputs=job.paths(source) if job.pictures() else ())
    part = replace(shop, job=job, flow=Flow(steps, flow.resources, flow.options, job.draws))
    outcome = Outcome(item)
    medium = Medium(item.name, False, "png")
    made = part.flow.still(frame)
    part.drain(made, item, medium, outcome)
    if part.downstream is not None:
        from cvkit.engine.runner import pass_on

        pass_on(part, outcome)
    report.outputs += outcome.outputs
    report.outcomes[-1].notes += outcome.notes
    _records(report, outcome)


def _records(report: Report, outcome: Outcome) -> None:
    """Only the gather's own record counts."""
    for other in report.outcomes:
        other.records = ""
    report.outcomes[0].records = outcome.records


def _gather_name(shop: Workshop) -> str:
    rest = shop.job.rest
    assert rest is not None
    return f"{rest.last_name}.png"


def finish_results(shop: Workshop, report: Report) -> None:
    """Result files from the records of every input, in input order; and tables to print."""
    job = shop.job
    report.notes += [note for note in _recalled(shop) if note not in report.notes]
    if not report.done:
        return  # a result file of an earlier run is worth more than an empty one
    parts = [Path(o.records) for o in report.outcomes if o.records and o.state == "done"]
    for output in job.outputs:
        if output.kind == "results":
            _write(shop, output, parts)
            report.outputs += [output.template] if not output.on_stdout else []
        elif output.kind == "dataset":
            _write_labels(shop, output, parts, report)
        elif output.kind == "print":
            tables = _tables(job.whole, parts)
            report.tables += tables
            if not any(len(table.rows) for table in tables):
                report.notes.append(f"{job.whole.last_name} found nothing to tell of")


def _write(shop: Workshop, output: Output, parts: list[Path]) -> None:
    from cvkit.results.assembly import assemble

    kind, overwrite = table_of(shop.job.whole), shop.job.options.overwrite
    models = [model.plain() for model in shop.job.models]
    if output.on_stdout:
        made = shop.lent.folder / f"stdout{output.suffix}"
        assemble(parts, RESULTS[output.suffix], made, kind, models)
        assert isinstance(shop.downstream, AtEnd)
        shop.downstream.pass_on(made)
        return
    path = Path(output.template)
    with shop.files.appearing(path, overwrite=overwrite, may_be_empty=True) as temporary:
        assemble(parts, RESULTS[output.suffix], temporary, kind, models)
    shop.files.flush()


def _write_labels(shop: Workshop, output: Output, parts: list[Path], report: Report) -> None:
    from cvkit.results.datasets import write_dataset

    wrote = write_dataset(
        *(output.suffix, Path(output.folder or output.template), [labels_of(p) for p in parts]),
        shop.files,
        folder=bool(output.folder),
        overwrite=shop.job.options.overwrite,
        # Of several lists none would be that of the whole: classes are numbered as they come.
        classes=shop.job.classes[0] if len(shop.job.classes) == 1 else {},
        models=[model.plain() for model in shop.job.models],
    )
    report.outputs += wrote.paths
    report.notes += [note for note in wrote.notes if note not in report.notes]


def _recalled(shop: Workshop) -> list[str]:
    """What is to be said of saved results that were read."""
    operands = (o for step in shop.job.chain.steps for o in step.operands.values())
    return [note for o in operands if isinstance(o, Recalled) for note in o.notes]


def _tables(chain: plan.Chain, parts: list[Path]) -> list[Table]:
    from cvkit.results.assembly import table

    latest = chain.latest
    name = latest.__name__ if latest is not None else ""
    stream: Any = "stdout" if name in plan.PRINTED or chain.final.raster is None else "stderr"
    columns, rows = table(parts, table_of(chain))
    return [Table(chain.last_name, columns, rows, stream)] if columns else []
