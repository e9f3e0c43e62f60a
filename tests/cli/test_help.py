"""Help fits a screen, says everything once, and loads no stage to list them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from cvkit.cli import docs, group, parameters, reference, stub, terminal
from cvkit.cli.pages import SHELL_DOCS
from cvkit.core import catalog
from cvkit.core.names import cli_name
from cvkit.core.options import RunOptions
from tests.conftest import Command

OURS = [name for name in catalog.names() if not catalog.entry(name).distribution]


@pytest.mark.parametrize("name", OURS)
def test_the_help_of_a_stage_fits_a_screen_and_shows_each_parameter(name: str, cvkit: Command):
    page = cvkit(name, "--help", env={"COLUMNS": "80"}).out
    assert max(map(len, page.splitlines())) <= 80
    assert len(page.splitlines()) <= 40
    assert page.startswith(catalog.entry(name).summary[:40])
    for parameter in parameters.parameters(catalog.load(name)).values():
        assert re.search(rf"  --(\[no-\])?{parameter.name}\b", page)
        if parameter.default not in ("", "no"):
            assert re.search(rf"default\s+{re.escape(parameter.default)}", page)
    assert page.rstrip().splitlines()[-1].endswith(f"cvkit help {name}")


def test_the_list_names_every_stage_and_command(cvkit: Command):
    told = cvkit("--help").out
    for name in (*OURS, "run", "convert", "info", "stages", "models", "samples", "help", "doctor"):
        assert f"\n  {name} " in told
    for later in ("verify", "status"):
        assert f"\n  {later} " not in told


def test_the_list_imports_no_stage():
    code = (
        "import sys; from cvkit.cli.app import main; main(['--help']); "
        "print([m for m in sys.modules if m.startswith('cvkit.stages') "
        "or m in ('numpy', 'cv2', 'pydantic', 'rich')])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[-1] == "[]"


def test_help_run_has_every_option_of_a_run(cvkit: Command):
    told = cvkit("help", "run").out
    for field in RunOptions.model_fields:
        assert f"--{cli_name(field)} " in told
    for label in SHELL_DOCS:
        assert label in told
    grouped = [field for fields in RunOptions.groups.values() for field in fields]
    assert sorted(grouped) == sorted(RunOptions.model_fields)


@pytest.mark.parametrize(
    "topic", ["run", "inputs", "outputs", "units", "convert", "show", "stages"]
)
@pytest.mark.parametrize("columns", ["80", "120"])
def test_topics_fit_the_terminal(topic: str, columns: str, cvkit: Command):
    ran = cvkit("help", topic, env={"COLUMNS": columns})
    assert ran.code == 0
    assert max(map(len, ran.out.splitlines())) <= int(columns)


def test_help_of_a_later_step_is_that_steps(cvkit: Command):
    assert cvkit("convert", "a.png", "then", "detect", "--help").out == cvkit("detect", "-h").out


def test_the_stub_and_the_readme_are_up_to_date():
    assert docs.stale() == [], "run: python -m cvkit.cli.docs --write-stub --write-readme"


def test_the_stub_is_python_and_has_every_stage():
    made = stub.text()
    compile(made, "__init__.pyi", "exec")
    for name in OURS:
        assert f"\nclass {catalog.entry(name).attribute}(Stage):" in made


def test_the_reference_has_a_page_for_everything(tmp_path: Path):
    reference.write_pages(tmp_path)
    index = (tmp_path / "index.md").read_text()
    linked = set(re.findall(r"\]\((\S+\.md)\)", index))
    assert linked == {p.name for p in tmp_path.iterdir()} - {"index.md"}


@pytest.mark.parametrize(
    ("sentence", "line"),
    [
        ("Cut out a rectangle", "Cut out a rectangle"),
        ("Find things with a cascade: a box and a label each", "Find things with a cascade"),
        ("Smooth with a Gaussian, a box, a median, or a bilateral", "Smooth with a Gaussian, …"),
        ("Draw: a line, an arrow, a rectangle or a circle", "Draw: a line, an arrow, …"),
        ("List the few colours that pictures are made of", "List the few colours that…"),
    ],
)
def test_a_sentence_too_long_for_a_line_ends_with_a_clause(sentence: str, line: str):
    assert group._cut(sentence, 30) == line


@pytest.mark.parametrize("columns", [80, 120])
def test_on_a_terminal_each_stage_has_one_line(columns: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setattr(terminal, "is_terminal", lambda stream: True)
    monkeypatch.setenv("NO_COLOR", "1")
    lines = group.overview().splitlines()
    assert max(map(len, lines)) <= columns
    for name in OURS:
        assert sum(line.startswith(f"  {name} ") for line in lines) == 1
