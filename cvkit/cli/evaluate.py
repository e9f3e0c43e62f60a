"""`cvkit evaluate`: found objects against true ones."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from cvkit.cli import failure, terminal
from cvkit.core.errors import ComparisonError, ParameterError

if TYPE_CHECKING:
    from cvkit.cli.evaluation_rules import Rule
    from cvkit.results.evaluation import Compared


EXAMPLE = (
    "cvkit detect photos/ -o found.jsonl, then "
    "cvkit evaluate found.jsonl --truth coco:truth.json -o report/"
)


def _option(metavar: str, text: str, *names: str) -> Any:  # noqa: ANN401 - what Typer's are
    """One that leaves room: the help has to fit a screen."""
    return typer.Option(*names, metavar=metavar or None, help=text, show_default=False)


_Found = Annotated[
    str, typer.Argument(metavar="FOUND", help=".jsonl .csv .parquet, coco: yolo: voc: mot: or -")
]
_Truth = Annotated[str, typer.Option(metavar="TRUTH", help="In any of these forms.")]
_Metric = Annotated[
    Literal["coco", "voc", "voc07"],
    _option("RULE", "coco (default), voc, voc07 (11 recalls)."),
]
_Iou = Annotated[float, _option("SHARE", "Right from this overlap on; 0.5.")]
_Score = Annotated[float | None, _option("SCORE", "For precision, recall; else best F1.")]
_Classes = Annotated[
    list[str] | None, _option("NAMES", "Only person,car; NAME=OTHER in the truth.")
]
_Agnostic = Annotated[bool, _option("", "Take all classes for one.", "--agnostic")]
_Most = Annotated[int, _option("N", "coco: best of picture and class; 100.", "--max")]
_Page = Annotated[
    Literal["classes", "errors", "confusion", "pr", "pairs"],
    _option("PAGE", "classes, errors, confusion, pr or pairs.", "--table"),
]
_Outputs = Annotated[
    list[str] | None,
    _option("FILE", "report/, x.json, pairs.csv, confusion.png.", "-o", "--output"),
]
_Overwrite = Annotated[bool, _option("", "Replace what is there.", "--overwrite")]
_FailBelow = Annotated[list[str] | None, _option("RULE", "map50=0.6, recall:person=0.9; exit 7.")]
_Json = Annotated[bool, _option("", "One JSON object.", "--json")]


def command(
    found: _Found,
    truth: _Truth,
    metric: _Metric = "coco",
    iou: _Iou = 0.5,
    score: _Score = None,
    classes: _Classes = None,
    agnostic: _Agnostic = False,
    most: _Most = 100,
    page: _Page = "classes",
    output: _Outputs = None,
    overwrite: _Overwrite = False,
    fail_below: _FailBelow = None,
    as_json: _Json = False,
) -> int:
    """Say how well found objects agree with true ones: AP, precision, recall, errors by kind.

    Pictures are matched by name and frame, classes by label in any spelling. The first line is of
    all classes together: its AP is the mean over classes, its precision and recall are of all
    objects.
    """
    from cvkit.cli.evaluation_files import outputs, write
    from cvkit.cli.evaluation_rules import Rule, Wanted
    from cvkit.cli.summary import named
    from cvkit.core.algo.evaluation import Settings
    from cvkit.results.evaluation import evaluate

    _check(iou, score, most)
    wanted = [Wanted.parse(text) for text in fail_below or ()]
    files = outputs(output or [], page, [found, truth], overwrite=overwrite)
    names = [name.strip() for text in classes or () for name in text.split(",") if name.strip()]
    settings = Settings(metric, iou, score, most)
    found = "/dev/stdin" if found == "-" else found
    told = evaluate(found, truth, settings, classes=names, agnostic=agnostic)
    rules = [Rule.of(one, told.evaluation) for one in wanted]
    broken = [rule for rule in rules if not rule.held]
    code = ComparisonError.exit_code if broken else 0
    write(files, told, rules, code, overwrite=overwrite)
    _tell(told, rules, code, page, as_json=as_json)
    if files:
        from cvkit.engine.run import unwritten

        _note(unwritten())
        terminal.people(f"→ {named([str(file.path) for file in files])}")
    for rule in broken:
        failure.say(ComparisonError(str(rule)))
    return code


def _check(iou: float, score: float | None, most: int) -> None:
    """Raises ParameterError."""
    if not 0 < iou <= 1:
        raise ParameterError(f"--iou must be more than 0 and at most 1, got {iou:g}")
    if score is not None and not 0 <= score <= 1:
        raise ParameterError(f"--score must be 0 to 1, got {score:g}")
    if most < 1:
        raise ParameterError(f"--max must be at least 1, got {most}")


def _tell(told: Compared, rules: list[Rule], code: int, page: str, *, as_json: bool) -> None:
    from cvkit.cli.evaluation_tables import plain, table
    from cvkit.cli.table import show_table

    if as_json:
        terminal.data(json.dumps(plain(told, rules, code)))
    else:
        with terminal.stdout_told():
            show_table(table(told, page), sys.stdout)
    _note(told.notes)
    terminal.people(_in_words(told))


def _note(notes: Sequence[str]) -> None:
    for note in notes:
        terminal.people(terminal.styled(f"note: {note}", "magenta", sys.stderr))


def _in_words(told: Compared) -> str:
    """What the figures are of, in two lines."""
    from cvkit.core.algo.detection_errors import ERRORS

    of = told.evaluation
    row, figures = of.overall, of.figures
    means = [("mAP", figures["map"]), ("mAP50", figures.get("map50"))]
    said = ", ".join(f"{name} {value:.3f}" for name, value in means if value is not None)
    many = f"{of.pictures:,} picture{'s' * (of.pictures != 1)}, "
    many += f"{row.truths:,} true object{'s' * (row.truths != 1)}"
    at = "where F1 is best" if row.f1 else "nothing is right"
    at = at if of.settings.score is None else "as asked"
    lines = [f"{many}: {said}; found, precision and recall from score {of.score:.4g} on, {at}"]
    counts = of.errors.sum(0)[:-1]
    if counts.sum():
        shares = [
            f"{100 * count / counts.sum():.0f} % {name}"
            for name, count in zip(ERRORS, counts, strict=False)
            if count
        ]
        lines.append(f"of the best {counts.sum():,} found: {', '.join(shares)}")
    return "\n".join(lines)
