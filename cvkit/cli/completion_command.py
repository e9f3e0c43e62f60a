"""`cvkit completion`: the script that makes a shell complete cvkit's words."""

from __future__ import annotations

from typing import Annotated

import typer

from cvkit.cli import terminal
from cvkit.cli.completion import SCRIPTS
from cvkit.core.errors import UsageError


def command(
    shell: Annotated[str, typer.Argument(help="The shell that reads the script.")] = "",
) -> None:
    """Print the completion script of a shell.

    bash: source <(cvkit completion bash) · zsh: source <(cvkit completion zsh) ·
    fish: cvkit completion fish | source
    """
    if shell not in SCRIPTS:
        what = f"there is no completion for {shell}" if shell else "which shell?"
        raise UsageError(what, remedy="say cvkit completion bash, zsh or fish")
    terminal.data(SCRIPTS[shell].strip())
