"""The list of everything that `cvkit` does, and the commands that are no stages, by Typer.

A stage stands in the list by its name and the first line of its file; none is imported.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from typing import Protocol

import typer
from typer.core import TyperCommand, TyperGroup

from cvkit.cli import terminal
from cvkit.core import catalog
from cvkit.core.errors import CvkitError, InterruptedRun, MissingError, UsageError

COMMANDS = {
    "run": "Run a saved chain.",
    "convert": "Write pictures and videos in another format.",
    "show": "Look at pictures and videos, in a window or in the terminal.",
    "info": "Say what a file holds: size, depth, format, frames, duration.",
    "stages": "List all stages, or those that match a word.",
    "evaluate": "Compare what was found with what is true: AP, recall, confusion, errors.",
    "models": "List, fetch, check and carry the networks that find things.",
    "samples": "Fill a folder with pictures and recipes, and print a tour.",
    "help": "Show the whole page of a stage or a topic.",
    "schema": "Print the JSON Schema of specs.",
    "doctor": "Check this machine and say what is missing.",
    "completion": "Print the completion script of a shell.",
}
_USAGE = """\
cvkit STAGE INPUT... [options] [then STAGE [options]]... [-o OUTPUT]...

  cvkit threshold scan.png                 one picture: scan.threshold.png
  cvkit gray photos/ then edges -o out/    a folder through a chain
  cvkit STAGE --help                       what a stage does, and its options
  cvkit samples tour                       pictures to try it on, and a tour
"""
_POINTERS = """\
cvkit stages WORD finds stages by what they do; cvkit help NAME tells all.
Options of every run: cvkit help run.
Topics: cvkit help inputs, outputs, formats, units.
"""


class _Text(Protocol):
    """What Typer's formatter does for us."""

    def write(self, string: str) -> None: ...


class Surface(TyperGroup):
    """Stages and commands, found when they are asked for."""

    def list_commands(self, ctx: object) -> list[str]:
        return [*catalog.names(), *COMMANDS]

    def get_command(self, ctx: object, cmd_name: str) -> TyperCommand | TyperGroup | None:
        if cmd_name in COMMANDS:
            return _command(cmd_name)
        return None  # stages and chains have a grammar of their own

    def format_help(self, ctx: object, formatter: _Text) -> None:
        """The list by topic. Rich panels took 0.2 ms a stage, and two screens for 150 stages."""
        formatter.write(overview())


def overview() -> str:
    """Usage, then a line a stage by topic, then the other commands. Imports no stage."""
    rows = {
        topic.replace("_", " ").capitalize(): [(e.name, e.summary) for e in entries]
        for topic, entries in catalog.topics().items()
    }
    rows["Other commands"] = list(COMMANDS.items())
    left = max(len(name) for lines in rows.values() for name, _ in lines) + 4
    room = terminal.width(limit=140) - left
    # A reader of a pipe may be a pager on this terminal; without one the reader is grep.
    cut = terminal.is_terminal(sys.stdout) or terminal.is_terminal(sys.stderr)
    parts = [_USAGE]
    for topic, lines in rows.items():
        parts.append(terminal.styled(topic, "bold", sys.stdout))
        for name, summary in lines:
            shown = terminal.styled(name, "bold", sys.stdout)
            text = _cut(summary.rstrip("."), room) if cut else summary.rstrip(".")
            parts.append(f"  {shown}{' ' * (left - 2 - len(name))}{text}")
        parts.append("")
    return "\n".join([*parts, _POINTERS])


def invoke(words: Sequence[str]) -> int:
    """Run one of our own commands, or show the list. Raises CvkitError."""
    name = "cvkit" if words[0] == "--help" else f"cvkit {words[0]}"
    surface = Surface(name="cvkit", rich_markup_mode=None)
    try:
        code = surface.main(args=list(words), prog_name="cvkit", standalone_mode=False)
    except SystemExit as error:  # Typer's answer to a closed pipe; ours is made in one place
        raise BrokenPipeError from error
    except typer.Abort as error:
        raise KeyboardInterrupt from error
    except CvkitError:
        raise
    except Exception as error:
        # Typer's own usage errors have no public base class; they can all format themselves.
        format_message = getattr(error, "format_message", None)
        if format_message is None:
            raise
        told = str(format_message()).rstrip(".")
        raise UsageError(told[:1].lower() + told[1:], remedy=f"see {name} --help") from error
    if code == InterruptedRun.exit_code:
        raise KeyboardInterrupt  # which Typer has caught without a word
    return code if isinstance(code, int) else 0


def _command(name: str) -> TyperCommand | TyperGroup:
    """The command in `cvkit/cli/NAME.py`: its function `command`, or its `app` of several."""
    module = importlib.import_module(f"cvkit.cli.{_FILES.get(name, name)}")
    app = getattr(module, "app", None)
    if app is None:
        app = typer.Typer(add_completion=False, rich_markup_mode="rich")
        epilog = getattr(module, "EXAMPLE", None)
        app.command(name, help=COMMANDS[name], epilog=epilog)(module.command)
    made = typer.main.get_command(app)
    if not isinstance(made, (TyperCommand, TyperGroup)):
        raise MissingError("this Typer makes no command of a function", remedy="pip install typer")
    return made


def options(name: str) -> list[tuple[str, str]]:
    """The options of one of our commands, and what is said of each."""
    return [
        (param.opts[-1], str(getattr(param, "help", "") or ""))
        for param in _command(name).params
        if param.param_type_name == "option" and param.name != "help"
    ]


_FILES = {
    "help": "help_command",
    "completion": "completion_command",
    "models": "models_command",
}


def _cut(text: str, room: int) -> str:
    """One line of a terminal, to the end of a clause; `cvkit stages` has the whole sentence."""
    if len(text) <= room:
        return text
    for end in (":", ";", " ("):
        clause = text.partition(end)[0]
        if 20 <= len(clause) <= room:
            return clause
    parts = text[: max(room - 2, 20)].rpartition(", ")
    if len(parts[0]) > room // 2:
        return f"{parts[0]}, …"
    return text[: max(room - 1, 20)].rpartition(" ")[0].rstrip(",;:") + "…"
