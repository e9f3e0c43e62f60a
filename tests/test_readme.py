"""Every command of the README's tour is run, and says what the README says."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Command

ROOT = Path(__file__).resolve().parents[1]


def blocks() -> list[tuple[str, list[str]]]:
    """Each command with the lines that are shown after it."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    commands: list[tuple[str, list[str]]] = []
    for block in re.findall(r"```console\n(.*?)```", text, re.DOTALL):
        for line in block.splitlines():
            if line.startswith("$ "):
                commands.append((line[2:], []))
            else:
                commands[-1][1].append(line)
    return commands


@pytest.mark.slow
def test_the_tour_is_true(cvkit: Command, tmp_path: Path):
    (tmp_path / "samples").symlink_to(ROOT / "samples")
    program = f"{shlex.quote(sys.executable)} -m cvkit "
    commands = blocks()
    assert len(commands) > 10
    for command, shown in commands:
        line = re.sub(r"(^|\| )cvkit ", rf"\1{program}", command)
        done = subprocess.run(
            ["bash", "-c", f"set -o pipefail; {line}"], cwd=tmp_path, env=cvkit.env(),
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        said = done.stdout + done.stderr
        assert "Traceback" not in said
        for text in shown:
            assert text in said, f"$ {command}\n{said}"
