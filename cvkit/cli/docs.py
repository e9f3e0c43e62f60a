"""Generates the reference: `python -m cvkit.cli.docs` writes build/docs, with pictures.

`--write-readme` and `--write-stub` bring the README's table of stages and `cvkit/__init__.pyi` up
to date; `--check` exits 1 where one of them is not.
"""

from __future__ import annotations

import sys
from pathlib import Path

from cvkit.cli import stub, terminal
from cvkit.cli.reference import cell, write_pages
from cvkit.core import catalog

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
        write_pages(folder, pictures=True)
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
        f"| {topic} | `{entry.name}` | {cell(entry.summary)} |"
        for topic, entries in catalog.topics().items()
        for entry in entries
        if not entry.distribution
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
