"""Completion: what may stand next, asked as a shell asks."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cvkit.cli.completion import SCRIPTS, candidates
from cvkit.engine.outputs import PIPED
from tests.conftest import Command


def offered(*words: str) -> list[str]:
    return [word for word, _ in candidates(words)]


@pytest.mark.usefixtures("glow")
@pytest.mark.parametrize(
    ("words", "some"),
    [
        (["tu"], {"tune"}),
        (["tune", "a.png", "then", "str"], {"stretch"}),
        (["tune", "--method", ""], {"otsu", "soft-light", "hard"}),
        (["tune", "--method", "s"], {"soft-light"}),
        (["tune", "--no-s"], {"--no-smooth"}),
        (["tune", "--over"], {"--overwrite"}),
        (["tune", "--on-error", ""], {"stop", "skip"}),
        (["tune", ""], {":files"}),
        (["tune", "pattern:b"], {":files", "pattern:bars"}),
        (["tune", "a.png", ""], {"then", ":files"}),
        (["tune", "a.png", "then", "stretch", "50%", ""], {"then"}),
        (["pair", "--with", ""], {":files"}),
        (["tune", "-o", ""], {":files", "show:", "term:", "-", *PIPED}),
        (["tune", "-o", "p"], {":files", "png:-"}),
        (["completion", ""], {"bash", "zsh", "fish", "--help"}),
    ],
)
def test_words_that_may_stand_next(words: list[str], some: set[str]):
    assert set(offered(*words)) == some


@pytest.mark.usefixtures("glow")
def test_a_step_offers_its_own_options_first():
    assert offered("tune", "--")[:2] == ["--method", "--level"]
    assert "--set" in offered("run", "--")


def test_a_stage_that_cannot_be_loaded_offers_files(cvkit: Command, outside: Path):
    ran = cvkit("__complete", "--", "broken-glow", "--", env={"PYTHONPATH": str(outside)})
    assert (ran.code, ran.out, ran.err) == (0, ":files\n", "")


@pytest.mark.parametrize("shell", sorted(SCRIPTS))
def test_each_shell_reads_its_script(shell: str, cvkit: Command):
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    script = cvkit("completion", shell).out
    done = subprocess.run([shell, "-n"], input=script, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_bash_completes_stages_choices_and_files(cvkit: Command, outside: Path, tmp_path: Path):
    if shutil.which("bash") is None:
        pytest.skip("bash is not installed")
    program = tmp_path / "bin" / "cvkit"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m cvkit "$@"\n')
    program.chmod(0o755)
    (tmp_path / "fruit salad.jpg").touch()
    script = f"""
{cvkit("completion", "bash").out}
complete_line() {{
    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _cvkit; printf '%s|' "${{COMPREPLY[@]}}"; echo
}}
complete_line cvkit stret
complete_line cvkit tune --method ""
complete_line cvkit tune fru
"""
    path = f"{program.parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        env=cvkit.env({"PYTHONPATH": str(outside), "PATH": path}),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == ["stretch|", "otsu|soft-light|hard|", "fruit salad.jpg|"]
