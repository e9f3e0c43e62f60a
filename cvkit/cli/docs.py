"""Generates the reference: `python -m cvkit.cli.docs` writes build/docs.

`--write-readme` and `--write-stub` bring the README's table of stages and `cvkit/__init__.pyi` up
to date; `--check` exits 1 where one of them is not.
"""

from __future__ import annotations

import sys
from pathlib import Path

from cvkit.cli import stub, terminal
from cvkit.cli.pages import SHELL_DOCS, described, prose, sentence, source_of
from cvkit.cli.parameters import parameters
from cvkit.cli.topics import TOPICS, topic_page
from cvkit.core import catalog
from cvkit.core.options import RunOptions
from cvkit.core.stage import Stage

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
BEGIN, END = "<!-- stages -->", "<!-- /stages -->"


def main(argv: list[str]) -> int:
    """0, or 1 where `--check` found something that is not up to date."""
    if "--write-stub" in argv:
        stub.PATH.write_text(stub.text(), encoding="utf-8")
    if "--write-readme" in argv:
        README.write_text(with_table(README.read_text(encoding="utf-8")), encoding="utf-8")
    if "--check" in argv:
        old = stale()
        for name in old:
            terminal.people(f"{name} is not up to date: run python -m cvkit.cli.docs --write-"
                            f"{'stub' if name.endswith('.pyi') else 'readme'}")  # fmt: skip
        return 1 if old else 0
    if not argv:
        folder = ROOT / "build" / "docs"
        write_pages(folder)
        terminal.people(f"wrote {folder}")
    return 0


def stale() -> list[str]:
    """Generated files that differ from what would be written now."""
    found = []
    if not stub.PATH.exists() or stub.PATH.read_text(encoding="utf-8") != stub.text():
        found.append("cvkit/__init__.pyi")
    if README.exists():
        text = README.read_text(encoding="utf-8")
        if text != with_table(text):
            found.append("README.md")
    return found


def with_table(text: str) -> str:
    """The README with its table of stages made anew."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"the README has no {BEGIN} … {END}")
    return f"{before}{BEGIN}\n{stage_table()}{END}{after}"


def stage_table() -> str:
    lines = ["| Topic | Stage | What it does |", "|---|---|---|"]
    lines += [
        f"| {topic} | `{entry.name}` | {_cell(entry.summary)} |"
        for topic, entries in catalog.topics().items()
        for entry in entries
        if not entry.distribution
    ]
    return "\n".join(lines) + "\n"


def write_pages(folder: Path) -> None:
    """A page a stage and a topic, and an index of all."""
    folder.mkdir(parents=True, exist_ok=True)
    names = catalog.names()
    for name in names:
        (folder / f"{name}.md").write_text(stage_page(name), encoding="utf-8")
    for topic in TOPICS:
        body = run_page() if topic == "run" else f"# {topic}\n\n```\n{_plain_topic(topic)}\n```\n"
        (folder / f"{topic}.md").write_text(body, encoding="utf-8")
    (folder / "index.md").write_text(index(), encoding="utf-8")


def index() -> str:
    parts = ["# cvkit reference\n"]
    parts += [f"- [{name}]({name}.md): {text}" for name, text in TOPICS.items()]
    for topic, entries in catalog.topics().items():
        parts.append(f"\n## {topic}\n")
        parts += [f"- [{e.name}]({e.name}.md): {e.summary}" for e in entries]
    return "\n".join(parts) + "\n"


def stage_page(name: str) -> str:
    """The page of a stage as Markdown."""
    parts = [f"# {name}", *prose(name)]
    if catalog.example(name):
        parts.append(f"```\n{catalog.example(name)}\n```")
    parts.append(_parameter_table(catalog.load(name)) or "It has no options of its own.")
    if source_of(name):
        parts.append(f"Source: {source_of(name)}")
    parts.append("See also [run](run.md), [inputs](inputs.md), [outputs](outputs.md), "
                 "[units](units.md).")  # fmt: skip
    return "\n\n".join(parts) + "\n"


def run_page() -> str:
    lines = ["# run", "", "Options that hold for a whole run.", "", "| Option | |", "|---|---|"]
    lines += [f"| `{label}` | {_cell(doc)} |" for label, doc in SHELL_DOCS.items()]
    return "\n".join(lines) + "\n\n" + _parameter_table(RunOptions) + "\n"


def _parameter_table(model: type[Stage] | type[RunOptions]) -> str:
    docs = described(model)
    rows = [
        f"| `--{p.name}` | {_cell(sentence(p, docs[p.field]))} |"
        for p in parameters(model).values()
    ]
    return "\n".join(["| Option | |", "|---|---|", *rows]) if rows else ""


def _plain_topic(name: str) -> str:
    return topic_page(name, sys.stderr).partition("\n\n")[2]


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
