"""The reference as Markdown: a page a stage and a topic, with what the examples make."""

from __future__ import annotations

import shlex
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from cvkit.cli.arguments import parse
from cvkit.cli.examples import Ran, before_and_after, run
from cvkit.cli.pages import SHELL_DOCS, described, label, prose, source_of
from cvkit.cli.parameters import Parameter, parameters
from cvkit.cli.topics import TOPICS, topic_page
from cvkit.core import catalog
from cvkit.core.errors import InternalError
from cvkit.core.names import python_name
from cvkit.core.options import RunOptions
from cvkit.core.spec import Spec, to_yaml
from cvkit.core.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Mapping

PRINTED = 12
"""Lines shown of what an example prints."""


def write_pages(folder: Path, *, pictures: bool = False) -> None:
    """A page a stage and a topic, and an index; with `pictures` our own examples are run.

    Raises InternalError where an example fails.
    """
    folder.mkdir(parents=True, exist_ok=True)
    made = _run_all(folder / "pictures") if pictures else {}
    for name in catalog.names():
        (folder / f"{name}.md").write_text(stage_page(name, made), encoding="utf-8")
    for topic in TOPICS:
        body = run_page() if topic == "run" else f"# {topic}\n\n```\n{_plain_topic(topic)}\n```\n"
        (folder / f"{topic}.md").write_text(body, encoding="utf-8")
    (folder / "index.md").write_text(index(made), encoding="utf-8")


def index(made: Mapping[str, str]) -> str:
    """Every page, by topic; a stage with the picture of its first example, where there are any."""
    parts = ["# cvkit reference\n"]
    parts += [f"- [{name}]({name}.md): {text}" for name, text in TOPICS.items()]
    for topic, entries in catalog.topics().items():
        parts.append(f"\n## {topic}\n")
        if made:
            parts += ["| | | |", "|---|---|---|"]
        for e in entries:
            shown = made.get(catalog.example(e.name), "")
            picture = f'<img src="{shown}" width="280" alt="">' if shown.endswith(".webp") else ""
            link = f"[{e.name}]({e.name}.md)"
            row = f"| {link} | {cell(e.summary)} | {picture} |"
            parts.append(row if made else f"- {link}: {e.summary}")
    return "\n".join(parts) + "\n"


def stage_page(name: str, made: Mapping[str, str]) -> str:
    """`made` holds, by example, the path of its picture or what it printed."""
    parts = [f"# {name}", *prose(name)]
    for line in catalog.examples(name):
        parts.append(f"```\n{line}\n```")
        shown = made.get(line, "")
        if shown.endswith(".webp"):
            parts.append(f"![what the example reads and writes]({shown})")
        elif shown:
            parts.append(f"prints\n\n```\n{shown}\n```")
    table = _parameter_table(catalog.load(name))
    parts.append(f"## Options\n\n{table}" if table else "It has no options of its own.")
    if catalog.example(name):
        spec = parse(shlex.split(catalog.example(name))[1:]).spec
        parts.append(f"## The first example otherwise\n\nAs a spec:\n\n```yaml\n{_steps(spec)}```")
        parts.append(f"In Python:\n\n```python\n{in_python(spec)}\n```")
    if source_of(name):
        parts.append(f"Source: {source_of(name)}")
    topics = ", ".join(f"[{topic}]({topic}.md)" for topic in TOPICS)
    return "\n\n".join([*parts, f"See also {topics}."]) + "\n"


def _steps(spec: Spec) -> str:
    return to_yaml(replace(spec, inputs=(), outputs=()))


def in_python(spec: Spec) -> str:
    """A script that does what the spec says, in the same engine."""
    steps = []
    for step in spec.steps:
        stage = catalog.make(step.stage, step.params)
        given = [f"{python_name(k)}={_literal(v)}" for k, v in stage.canonical().items()]
        steps.append(f"cvkit.{type(stage).__name__}({', '.join(given)})")
    words = [_words(spec.inputs)] + ([_words(spec.outputs)] if spec.outputs else [])
    words += [f"{name}={_literal(value)}" for name, value in spec.run.items()]
    chain = f"[{', '.join(steps)}]"
    if len(chain) > 60:
        chain = "[\n" + "".join(f"    {step},\n" for step in steps) + "]"
    return f"import cvkit\n\ncvkit.Pipeline({chain}).run({', '.join(words)})"


def _words(words: tuple[str, ...]) -> str:
    return _literal(words[0] if len(words) == 1 else list(words))


def _literal(value: object) -> str:
    if isinstance(value, str):
        quote = "'" if '"' in value else '"'
        return f"{quote}{value}{quote}" if "\\" not in value and "'" not in value else repr(value)
    if isinstance(value, list):
        return f"[{', '.join(map(_literal, value))}]"
    return repr(value)


def run_page() -> str:
    lines = ["# run", "", "Options that hold for a whole run.", "", "| Option | |", "|---|---|"]
    lines += [f"| `{option}` | {cell(doc)} |" for option, doc in SHELL_DOCS.items()]
    return "\n".join(lines) + "\n\n" + _parameter_table(RunOptions) + "\n"


def _parameter_table(model: type[Stage] | type[RunOptions]) -> str:
    docs = described(model)
    rows = [
        f"| `{label(p)}` | {cell(_values(p))} | {_default(p)} | {cell(docs[p.field])} |"
        for p in parameters(model).values()
    ]
    head = ["| Option | Values | Default | What it does |", "|---|---|---|---|"]
    return "\n".join([*head, *rows]) if rows else ""


def _values(parameter: Parameter) -> str:
    if parameter.form == "flag":
        return "a switch"
    text = parameter.expects
    if parameter.choices:
        listed = ", ".join(f"`{choice}`" for choice in parameter.choices)
        text = text.replace(", ".join(parameter.choices), listed)
    return text


def _default(parameter: Parameter) -> str:
    if parameter.required:
        return "required"
    return f"`{parameter.default}`" if parameter.default else ""


def _run_all(folder: Path) -> dict[str, str]:
    """By example, the picture made of it, relative to the reference, or what it printed."""
    folder.mkdir(exist_ok=True)
    ours = [n for n in catalog.names() if not catalog.entry(n).distribution]
    names = [(n, i, x) for n in ours for i, x in enumerate(catalog.examples(n), 1)]
    with tempfile.TemporaryDirectory() as work, ThreadPoolExecutor(2) as pool:
        ran = pool.map(lambda job: run(job[2], Path(work, f"{job[0]}-{job[1]}")), names)
        return {
            line: _shown(r, folder / f"{name}-{number}.webp")
            for (name, number, line), r in zip(names, ran, strict=True)
        }


def _shown(ran: Ran, path: Path) -> str:
    if ran.code:
        raise InternalError(f"the example {ran.line} ended with {ran.code}", why=ran.said)
    picture = before_and_after(ran)
    if picture is None:
        text = ran.printed or ran.outputs[0].read_text(encoding="utf-8")
        lines = [line if len(line) <= 100 else f"{line[:99]}…" for line in text.splitlines()]
        return "\n".join(lines[:PRINTED] + (["…"] if len(lines) > PRINTED else []))
    from PIL import Image

    Image.fromarray(picture[:, :, ::-1].copy()).save(path, quality=85)
    return f"{path.parent.name}/{path.name}"


def _plain_topic(name: str) -> str:
    return topic_page(name, sys.stderr).partition("\n\n")[2]


def cell(text: str) -> str:
    """Text in a Markdown table."""
    return " ".join(text.replace("|", "\\|").split())
