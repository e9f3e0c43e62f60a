"""The command `cvkit`: from the words of the command line to an exit code.

Stages, `run`, `convert` and `show` are parsed by `cli.arguments` and load neither Typer nor rich;
Typer makes the other commands and the list of them.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import FrameType
from typing import TypeAlias

from cvkit.cli import failure, terminal
from cvkit.core.errors import CvkitError, InternalError, InterruptedRun, OutputError, UsageError

TYPER = (
    "stages", "models", "samples", "info", "evaluate", "schema", "doctor", "help", "completion",
)  # fmt: skip
"""Commands that Typer parses."""
HELP = ("-h", "--help")
_Handler: TypeAlias = "Callable[[int, FrameType | None], object] | int | signal.Handlers | None"


def main(argv: Sequence[str] | None = None) -> int:
    """Run and give the exit code; never raises what a person should not see."""
    words = list(sys.argv[1:] if argv is None else argv)
    # Plug-ins of pydantic are looked up in every installed package: 30 to 75 ms for nothing.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "1")
    gc.disable()  # what start-up makes lives to the end
    before = _catch_sigterm()
    try:
        code = _guarded(words)
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        code = 5
        _silence_stdout()
    except OSError as error:  # the last of what was printed
        terminal.people(f"cvkit: stdout cannot be written: {terminal.said(error)}")
        code = 5
        _silence_stdout()
    finally:
        gc.enable()
        if before is not None:
            signal.signal(signal.SIGTERM, before)
    return code


def _guarded(words: list[str]) -> int:
    try:
        return _dispatch(words)
    except BrokenPipeError:
        raise
    except (KeyboardInterrupt, InterruptedRun):
        terminal.people(terminal.styled("cvkit: interrupted", "magenta", sys.stderr))
        return 130
    except CvkitError as error:
        if failure.reader_is_gone(error):
            raise BrokenPipeError from error
        _say(error, words)
        return error.exit_code
    except Exception as error:
        if failure.reader_is_gone(error):
            raise BrokenPipeError from error
        absent = failure.absent_package(error)
        if absent is not None:
            _say(absent, words)
            return absent.exit_code
        if "--debug" in words:
            raise
        failure.say_fault(error, words)
        _tell_json(InternalError("a fault of cvkit itself", why=str(error)), words)
        return 1


def _say(error: CvkitError, words: list[str]) -> None:
    if "--debug" in words:
        import traceback

        terminal.people("".join(traceback.format_exception(error)).rstrip())
    failure.say(error)
    _tell_json(error, words)


def _tell_json(error: CvkitError, words: list[str]) -> None:
    if "--json" in words:
        import json

        told = {"what": error.what, "why": error.why, "remedy": error.remedy}
        with suppress(OutputError):  # stdout itself may be what failed
            terminal.data(json.dumps({"cvkit": 1, "error": told, "exit_code": error.exit_code}))


def _dispatch(words: list[str]) -> int:
    if not words or words[0] in HELP:
        return _overview(asked=bool(words))
    if words[0] in ("--version", "-V"):
        import cvkit

        terminal.data(f"cvkit {cvkit.__version__}")
        return 0
    if words[0] == "__complete":
        from cvkit.cli.completion import complete

        return complete(words[1:])
    if words[0] in TYPER:
        from cvkit.cli.group import invoke

        return invoke(words)
    step = _asks_for_help(words)
    if step:
        from cvkit.cli.pages import command_page

        terminal.data(command_page(step, sys.stdout))
        return 0
    from cvkit.cli.running import run_line

    return run_line(words)


def _overview(*, asked: bool) -> int:
    """Help that nobody asked for is no success."""
    from cvkit.cli.group import invoke

    if asked:
        return invoke(["--help"])
    import contextlib

    with contextlib.redirect_stdout(sys.stderr):
        invoke(["--help"])
    return UsageError.exit_code


def _asks_for_help(words: list[str]) -> str:
    """The stage or command whose help is asked for, or nothing."""
    step = ""
    for before, word in zip(["then", *words], words, strict=False):
        if before == "then":
            step = word
        elif word == "--":
            return ""
        elif word in HELP:
            return step
    return ""


def _catch_sigterm() -> _Handler:
    """SIGTERM ends a run as Ctrl-C does, so that no fragment is left."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    try:
        return signal.signal(signal.SIGTERM, stop)
    except ValueError:  # not in the main thread: the caller's business
        return None


def _silence_stdout() -> None:
    """What is still in the buffer goes nowhere, so that Python says nothing at exit."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
    except (OSError, ValueError):
        pass
