"""`cvkit stages`: all stages, or those that match a word."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

from cvkit.cli import terminal
from cvkit.core import catalog
from cvkit.core.errors import UsageError


def command(
    word: Annotated[str, typer.Argument(help="Only stages in whose line this word stands.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON list.")] = False,
) -> None:
    """List stages with what they do."""
    groups = {
        topic: [e for e in entries if _matches(e, topic, word.lower())]
        for topic, entries in catalog.topics().items()
    }
    groups = {topic: entries for topic, entries in groups.items() if entries}
    if not groups and word:
        raise UsageError(f"no stage says {word!r}", remedy="cvkit stages lists them all")
    if as_json:
        rows = [
            {
                "name": e.name,
                "topic": topic,
                "summary": e.summary,
                "from": e.distribution or "cvkit",
            }
            for topic, entries in groups.items()
            for e in entries
        ]
        terminal.data(json.dumps(rows, indent=2))
        return
    terminal.data(listed(groups))


def listed(groups: dict[str, list[catalog.Entry]]) -> str:
    """A paragraph a topic, a line a stage."""
    left = max((len(e.name) for entries in groups.values() for e in entries), default=0) + 4
    parts = []
    for topic, entries in groups.items():
        lines = [terminal.styled(topic.capitalize(), "bold", sys.stdout)]
        for entry in entries:
            body = terminal.wrapped(entry.summary, terminal.width(), " " * left)
            name = terminal.styled(entry.name, "bold", sys.stdout)
            lines.append(f"  {name}{' ' * (left - 2 - len(entry.name))}{body.lstrip()}")
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def _matches(entry: catalog.Entry, topic: str, word: str) -> bool:
    return not word or word in f"{entry.name} {topic} {entry.summary}".lower()
