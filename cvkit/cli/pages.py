"""Help pages: of a stage, of `run`, `convert` and `show`, and the topics that hold for all.

`command_page` fits a screen (`cvkit STAGE --help`), `reference_page` is whole (`cvkit help NAME`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TextIO, cast

from cvkit.cli import terminal
from cvkit.cli.arguments import CHAINLESS
from cvkit.cli.parameters import Parameter, parameters
from cvkit.core import catalog
from cvkit.core.options import RunOptions
from cvkit.core.stage import Stage

SHELL_DOCS = {
    "-o OUTPUT": "Where a result goes; may be given several times. See cvkit help outputs.",
    "--dry-run": "Print the plan and do nothing.",
    "--save SPEC": "Write the chain and its options as a spec, which cvkit run repeats.",
    "--json": "Print one JSON object: the spec, counts, and what became of each input.",
    "-q, --quiet": "Say nothing but errors.",
    "-v, --verbose": "Print the plan, and what really ran.",
    "--no-progress": "No progress bar and no progress lines.",
    "--profile": "Say afterwards where the time went: by step, frames a second, what bounds it.",
    "--debug": "Show the traceback of an error.",
}
SET_DOC = "Change a parameter of the spec; STEP is a stage's name or its number from 1."
_SHORT = {"jobs": "-j, --jobs"}
_POINTERS = "More: cvkit help run, inputs, outputs, formats, units"


def command_page(name: str, stream: TextIO) -> str:
    """What `--help` prints. Raises UsageError where there is no such stage."""
    if name in CHAINLESS:
        return _run_page(name, stream)
    from cvkit.cli.strays import stage_word

    name = stage_word(name)
    stage = catalog.load(name)
    paragraphs = prose(name)
    parts = [terminal.wrapped(paragraphs[0], terminal.width())]
    parts += [_usage(name, stage, stream), _own_options(name, stage, stream)]
    page = [*parts, f"{_POINTERS}\nThe whole page: cvkit help {name}"]
    brief = "\n\n".join(filter(None, page))
    # The second paragraph is welcome while the page still fits a screen.
    if len(paragraphs) > 1:
        second = terminal.wrapped(paragraphs[1], terminal.width())
        if len(brief.splitlines()) + len(second.splitlines()) + 1 <= 38:
            page.insert(1, _marked(second, stream))
    return "\n\n".join(filter(None, page))


def reference_page(name: str, stream: TextIO) -> str:
    """The whole page of a stage."""
    stage = catalog.load(name)
    texts = [_marked(terminal.wrapped(p, terminal.width()), stream) for p in prose(name)]
    where = catalog.entry(name)
    origin = f", from {where.distribution}" if where.distribution else f", {where.topic}"
    head = terminal.styled(name, "bold", stream) + terminal.styled(origin, "dim", stream)
    source = source_of(name)
    parts = [head, *texts, _usage(name, stage, stream), _own_options(name, stage, stream)]
    if source:
        parts.append(terminal.wrapped(f"Source: {source}", terminal.width()))
    return "\n\n".join(filter(None, [*parts, _POINTERS]))


def prose(name: str) -> list[str]:
    """The docstring's paragraphs without example and source."""
    paragraphs = [" ".join(p.split()) for p in catalog.page(name).split("\n\n")]
    kept = [p for p in paragraphs if p and not p.startswith(("Example:", "Source:"))]
    return kept or [catalog.entry(name).summary or "(no description)"]


def source_of(name: str) -> str:
    for paragraph in catalog.page(name).split("\n\n"):
        if paragraph.startswith("Source:"):
            return " ".join(paragraph.removeprefix("Source:").split())
    return ""


def described(model: type[Stage] | type[RunOptions]) -> dict[str, str]:
    """The help sentence of each field."""
    return catalog.field_docs(cast("type[Stage]", model))


def run_options(stream: TextIO) -> str:
    """Every run option, by group."""
    docs = described(RunOptions)
    all_of = parameters(RunOptions)
    parts = [
        _table("Options of the command line", SHELL_DOCS.items(), stream),
    ]
    for group, fields in RunOptions.groups.items():
        rows = [(label(all_of[f], run=True), sentence(all_of[f], docs[f])) for f in fields]
        parts.append(_table(f"Options: {group.lower()}", rows, stream))
    return "\n\n".join(parts)


def sentence(parameter: Parameter, doc: str) -> str:
    """Help, then what the value looks like and the default, in brackets."""
    facts = [] if parameter.expects in ("", "text") else [parameter.expects]
    if parameter.required:
        facts.append("required")
    elif parameter.default and not (parameter.form == "flag" and parameter.default == "no"):
        facts.append(f"default {parameter.default}")
    return f"{doc} [{'; '.join(facts)}]".strip() if facts else doc


def _usage(name: str, stage: type[Stage], stream: TextIO) -> str:
    operand = parameters(stage).get("with")
    other = "" if operand is None else " OTHER" if operand.required else " [OTHER]"
    lines = [_line("Usage", f"cvkit {name} INPUT...{other} [options] [-o OUTPUT]", stream)]
    example = catalog.example(name)
    if example:
        lines.append(_line("Example", example, stream))
    return "\n".join(lines)


def _line(word: str, text: str, stream: TextIO) -> str:
    body = terminal.wrapped(text, terminal.width(), " " * 9)
    return terminal.styled(f"{word:<9}", "bold", stream) + body.lstrip()


def _own_options(name: str, stage: type[Stage], stream: TextIO) -> str:
    own = parameters(stage)
    if not own:
        return f"{name} has no options of its own."
    docs = described(stage)
    rows = [(label(p), sentence(p, docs[p.field])) for p in own.values()]
    return _table("Options", rows, stream)


def label(parameter: Parameter, *, run: bool = False) -> str:
    """The option as it is typed; a switch that is on can be turned off."""
    short = _SHORT.get(parameter.field) if run else None
    if parameter.form == "flag":
        return f"--[no-]{parameter.name}" if parameter.default == "yes" else f"--{parameter.name}"
    return short or f"--{parameter.name}"


def _table(title: str, rows: Iterable[tuple[str, str]], stream: TextIO) -> str:
    """Two columns, the second wrapped beside the first."""
    rows = list(rows)
    left = min(max(len(label) for label, _ in rows), 20) + 4
    lines = [terminal.styled(title, "bold", stream)]
    for label, text in rows:
        body = terminal.wrapped(text, terminal.width(), " " * left)
        shown = terminal.styled(label, "bold", stream)
        if len(label) + 3 > left:
            lines += [f"  {shown}", _facts(body, stream)]
        else:
            gap = " " * (left - 2 - len(label))
            lines.append(f"  {shown}{gap}{_facts(body.lstrip(), stream)}")
    return "\n".join(lines)


def _facts(body: str, stream: TextIO) -> str:
    """The bracket at the end dimmed, line by line."""
    before, bracket, after = body.rpartition(" [")
    if not bracket or not body.endswith("]"):
        return body
    dimmed = "\n".join(terminal.styled(x, "dim", stream) for x in f"[{after}".split("\n"))
    return f"{before} {dimmed}"


def _marked(text: str, stream: TextIO) -> str:
    """`code` in bold on a terminal."""
    if not terminal.coloured(stream):
        return text
    return re.sub(r"`([^`]+)`", lambda m: terminal.styled(m[1], "bold", stream), text)


def _run_page(name: str, stream: TextIO) -> str:
    if name == "run":
        text = (
            "Run a saved chain. SPEC is a YAML file as --save writes it; inputs and outputs named "
            "on the line take the place of those in the spec."
        )
        usage = "cvkit run SPEC INPUT... [--set STEP.PARAM=VALUE]... [-o OUTPUT]..."
        example = "cvkit run recipe.yml photos/ --set threshold.method=triangle -o out/"
    elif name == "show":
        text = (
            "Look at pictures and videos: in a window where there is a display, else in the "
            "terminal. In the window, space or an arrow goes to the next, q or Esc quits. A chain "
            "is looked at with -o show: or -o term:."
        )
        usage = "cvkit show INPUT... [options]"
        example = "cvkit show photos/"
    else:
        text = (
            "Write inputs in another format, or with other frames or encoding: the chain of no "
            "steps. The suffix of the output chooses the format. Labels become labels: coco: yolo: "
            "voc: mot: .jsonl .csv and .parquet, any of them from any other (cvkit convert "
            "coco:ann.json -o yolo:labels/)."
        )
        usage = "cvkit convert INPUT... [options] -o OUTPUT"
        example = "cvkit convert photo.png -o photo.webp --quality 85"
    parts = [terminal.wrapped(text, terminal.width())]
    parts.append(_line("Usage", usage, stream) + "\n" + _line("Example", example, stream))
    if name == "run":
        parts.append(_table("Options", [("--set S.P=VALUE", SET_DOC)], stream))
    more = "All other options: cvkit help run. More: inputs, outputs, formats, units"
    return "\n\n".join([*parts, more])
