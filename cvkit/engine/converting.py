"""`convert` of labels: from results and data sets to others, without a picture being read."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cvkit.core.errors import InputError, ParameterError, UsageError
from cvkit.core.names import cli_name
from cvkit.core.options import RunOptions
from cvkit.core.spec import Spec
from cvkit.core.spec_paths import path_of
from cvkit.core.values import Objects
from cvkit.engine import plan, templates
from cvkit.engine.known import Known
from cvkit.engine.naming import Placed, Source, check_labels, check_places
from cvkit.engine.outputs import RESULTS, Output, is_dataset, read_outputs
from cvkit.engine.report import Item, Outcome, Report

if TYPE_CHECKING:
    from cvkit.results.reading import Saved, Told
    from cvkit.results.record import Record

_KEPT = ("overwrite", "on_error", "on_corrupt")
_ALWAYS = (".jsonl", ".parquet")
"""What only results are called."""


def is_conversion(spec: Spec) -> bool:
    """Whether labels become labels: named as such, or nothing else could become such outputs."""
    if spec.steps or not spec.inputs or "-" in spec.inputs:
        return False  # what comes through a pipe are frames, with what was found in them
    named = [text for text in spec.inputs if _is_named(text)]
    if named:
        return True
    wanted = [is_dataset(o) or o.lower().endswith(_ALWAYS) for o in spec.outputs]
    return bool(wanted) and any(wanted) and all(
        told or o.lower().endswith(".csv") for told, o in zip(wanted, spec.outputs, strict=True)
    )  # fmt: skip


def _is_named(text: str) -> bool:
    if path_of(text) != text:
        return not text.startswith("seq:")
    if text.lower().endswith(".csv") and os.path.isfile(text):
        with open(text, "rb") as file:
            return {b"source", b"index", b"x1"} <= set(file.readline(1 << 16).strip().split(b","))
    return text.lower().endswith(_ALWAYS)


def outputs_of(spec: Spec) -> list[Output]:
    """Where the labels go, checked. Raises UsageError and ParameterError before a file is read."""
    options = RunOptions.model_validate(dict(spec.run))
    for name, info in RunOptions.model_fields.items():
        if name not in _KEPT and getattr(options, name) != info.default:
            raise ParameterError(
                f"--{cli_name(name)} has no meaning here", why="labels are converted, no pictures"
            )
    if not spec.outputs:
        raise UsageError("where to?", remedy="name the labels with -o, as -o coco:ann.json")
    first = spec.inputs[0]
    chain = plan.fit((), Known((Objects,), source=False))
    for text in spec.outputs:
        if not (is_dataset(text) or text.lower().endswith(tuple(RESULTS))):
            raise UsageError(
                f"{first} holds labels, and -o {text} is none",
                remedy=f"to draw them: cvkit objects PICTURES --from {first} then draw -o {text}",
            )
    outputs = read_outputs(spec.outputs, chain)
    run = Source("", "", False)
    paths = [os.path.realpath(path_of(text)) for text in spec.inputs]
    placed = [Placed(o, run, templates.escaped(o.template)) for o in outputs if not o.folder]
    protected = dict.fromkeys(paths, "an input of labels")
    check_places(placed, protected, overwrite=options.overwrite)
    check_labels(outputs, protected, overwrite=options.overwrite)
    return outputs


def convert(spec: Spec) -> Report:
    """Read every input and write every output. Raises CvkitError where one cannot be."""
    from cvkit.io.safe import SafeFiles
    from cvkit.results.reading import read_results

    outputs = outputs_of(spec)
    start = time.monotonic()
    report = Report()
    with tempfile.TemporaryDirectory(prefix="cvkit-") as folder, SafeFiles() as files:
        every = [read_results(text) for text in spec.inputs]
        parts = _Parts(Path(folder), outputs)
        for number, (text, saved) in enumerate(zip(spec.inputs, every, strict=True)):
            count = parts.take(text, saved)
            item = Item(number, os.path.basename(path_of(text).rstrip("/")), text, False)
            report.outcomes.append(Outcome(item, "done", frames=count))
            report.notes += saved.notes
        parts.close()
        overwrite = spec.run.get("overwrite") in (True, "true")
        for output in outputs:
            _write(output, parts, files, every, report, overwrite=overwrite)
    report.seconds = time.monotonic() - start
    return report


class _Parts:
    """The frames of all inputs on disk, as results and as data sets are made of them."""

    def __init__(self, folder: Path, outputs: Sequence[Output]) -> None:
        from cvkit.results.jsonl import Part

        kinds = {output.kind for output in outputs}
        self.labels = Part(folder / "labels.jsonl") if "dataset" in kinds else None
        self.records = Part(folder / "records.jsonl") if "results" in kinds else None
        self._seen: set[tuple[str, int]] = set()

    def take(self, text: str, saved: Saved) -> int:
        """Every frame of one input; how many there are. Raises InputError for one that another
        input has."""
        count = 0
        for told in saved.each():
            place = told.source, told.index
            if place in self._seen:
                raise InputError(
                    f"{text} has labels of {told.source}, frame {told.index}",
                    why="another input has some of it too",
                )
            self._seen.add(place)
            if self.labels is not None:
                self.labels.add(_told(told))
            if self.records is not None:
                self.records.add(_record(told))
            count += 1
        return count

    def close(self) -> None:
        for part in (self.labels, self.records):
            if part is not None:
                part.close()


def _told(told: Told) -> Record:
    """With all that the file says."""
    more = {"number": told.number} if told.number is not None else {}
    size = {"size": list(told.size)} if told.size is not None else {}
    frame: Record = {"source": told.source, "index": told.index, "time": told.time}
    return {**frame, **size, **more, "objects": told.objects}


def _record(told: Told) -> Record:
    """As results have it: to 0.01 px and 0.0001, without bitmaps and numbers of pictures."""
    out = _told(told)
    out.pop("number", None)
    out["source"] = told.source or None
    out["objects"] = [dict(_rounded(one)) for one in told.objects]
    return out


def _rounded(one: Record) -> Iterator[tuple[str, Any]]:
    for key, value in one.items():
        if key == "box":
            yield key, [round(v, 2) + 0.0 for v in value]
        elif key in ("polygon", "corners", "keypoints"):
            yield key, [[round(v, 2) + 0.0 for v in point] for point in value]
        elif key == "score":
            yield key, round(value, 4)
        elif key != "mask":
            yield key, value


def _classes(every: Sequence[Saved]) -> dict[int, str]:
    """Those of all inputs; a number or a name that is taken stays as it is."""
    found: dict[int, str] = {}
    for saved in every:
        for number, name in saved.classes.items():
            if number not in found and name not in found.values():
                found[number] = name
    return found


def _write(
    output: Output,
    parts: _Parts,
    files: Any,  # noqa: ANN401 - SafeFiles, which start-up does not load
    every: Sequence[Saved],
    report: Report,
    *,
    overwrite: bool,
) -> None:
    models = [model for saved in every for model in saved.models]
    if output.kind == "dataset":
        from cvkit.results.datasets import write_dataset

        assert parts.labels is not None
        wrote = write_dataset(
            *(output.suffix, Path(output.folder or output.template), [parts.labels.path], files),
            folder=bool(output.folder),
            overwrite=overwrite,
            classes=_classes(every),
            models=models,
        )
        report.outputs += wrote.paths
        report.notes += [note for note in wrote.notes if note not in report.notes]
        return
    from cvkit.results.assembly import assemble

    assert parts.records is not None
    path = Path(output.template)
    with files.appearing(path, overwrite=overwrite, may_be_empty=True) as temporary:
        assemble([parts.records.path], RESULTS[output.suffix], temporary, "objects", models)
    report.outputs.append(output.template)
