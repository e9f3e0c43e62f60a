"""Errors on the screen: one form for all, and a report for faults of cvkit itself."""

from __future__ import annotations

import os
import sys
import time
import traceback
from pathlib import Path

from cvkit.cli import terminal
from cvkit.core.errors import CvkitError, MissingError


def say(error: CvkitError) -> None:
    """`cvkit: what: why`, and on a second line what to do."""
    head = terminal.styled("cvkit:", "bold red", sys.stderr)
    why = f": {error.why}" if error.why else ""
    text = terminal.hanging(
        f"cvkit: {terminal.plain(error.what)}{terminal.plain(why)}", "  ", sys.stderr
    )
    lines = [head + text.removeprefix("cvkit:")]
    if error.remedy:
        remedy = terminal.hanging("  " + terminal.plain(error.remedy), "  ", sys.stderr)
        lines.append(terminal.styled(remedy, "bold", sys.stderr))
    terminal.people("\n".join(lines))


def say_fault(error: BaseException, argv: list[str]) -> None:
    """One sentence, and where the report is."""
    where = _report(error, argv)
    kind = type(error).__name__
    head = terminal.styled("cvkit:", "bold red", sys.stderr)
    told = terminal.plain(str(error).partition("\n")[0][:200])
    terminal.people(f"{head} a fault of cvkit itself, not of your command: {kind}: {told}")
    kept = f"the report is in {where}; please pass it on" if where else "no report could be written"
    terminal.people("  " + terminal.styled(kept, "bold", sys.stderr))


def reader_is_gone(error: BaseException | None) -> bool:
    """Whether a closed pipe is what stopped the run."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        if isinstance(error, BrokenPipeError):
            return True
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return False


def absent_package(error: BaseException) -> CvkitError | None:
    """The error to tell where a package that cvkit declares is not installed."""
    if not isinstance(error, ModuleNotFoundError) or not error.name:
        return None
    package = error.name.partition(".")[0]
    if package == "cvkit":
        return None
    remedy = 'pip install "cvkit-cli" brings it; cvkit doctor checks the rest'
    return MissingError(f"the package {package} is not installed", remedy=remedy)


def _report(error: BaseException, argv: list[str]) -> Path | None:
    import platform
    import tempfile

    import cvkit

    lines = [
        f"cvkit {cvkit.__version__}, Python {platform.python_version()}, {platform.platform()}",
        f"command: {argv!r}",
        "",
        *traceback.format_exception(error),
    ]
    name = f"fault-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.txt"
    state = os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
    for folder in (Path(state) / "cvkit", Path(tempfile.gettempdir())):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            file = folder / name
            file.write_text("\n".join(lines), encoding="utf-8", errors="backslashreplace")
        except OSError:
            continue
        return file
    return None
