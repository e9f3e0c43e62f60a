"""`cvkit help`: the whole page of a stage, a command or a topic."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from cvkit.cli import pages, terminal
from cvkit.cli.group import COMMANDS, invoke
from cvkit.cli.stages import listed
from cvkit.cli.topics import TOPICS, topic_page
from cvkit.core import catalog


def command(
    name: Annotated[
        str, typer.Argument(help="A stage, a command, or run, inputs, outputs, formats, units.")
    ] = "",
) -> int:
    """Show the whole page of a stage or a topic."""
    if not name:
        return invoke(["--help"])
    if name in TOPICS:
        terminal.data(topic_page(name, sys.stdout))
    elif name in ("convert", "show"):
        terminal.data(pages.command_page(name, sys.stdout))
    elif name.lower() in catalog.topics() and name not in catalog.names():
        topic = name.lower()
        terminal.data(listed({topic: catalog.topics()[topic]}))
    elif name in COMMANDS:
        return invoke([name, "--help"])
    else:
        from cvkit.cli.strays import stage_word

        terminal.data(pages.reference_page(stage_word(name), sys.stdout))
    return 0
