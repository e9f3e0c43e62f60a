"""`cvkit completion`: the script that makes a shell complete cvkit's words."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from cvkit.cli import terminal
from cvkit.cli.completion import SCRIPTS

Shell = Literal["bash", "zsh", "fish"]


def command(
    shell: Annotated[Shell, typer.Argument(help="The shell that reads the script.")],
) -> None:
    """Print the completion script of a shell.

    bash: source <(cvkit completion bash) · zsh: source <(cvkit completion zsh) ·
    fish: cvkit completion fish | source
    """
    terminal.data(SCRIPTS[shell].strip())
