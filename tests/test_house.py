"""How the code is laid out: sizes, rooms and what start-up may load."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MODULES = sorted((ROOT / "cvkit").rglob("*.py"))


def lines(path: Path) -> int:
    return len(path.read_text().splitlines())


def room(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_modules_stay_under_400_lines_and_stages_under_150():
    limits = {path: 150 if "stages" in path.parts else 400 for path in MODULES}
    assert {room(path): lines(path) for path in MODULES if lines(path) > limits[path]} == {}


def test_functions_stay_under_50_lines():
    long = {
        f"{room(path)}:{node.name}": node.end_lineno - node.lineno + 1
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno >= 50
    }
    assert long == {}


def test_no_module_is_a_drawer_for_anything():
    assert [room(path) for path in MODULES if path.stem in {"utils", "common", "misc"}] == []


def test_every_folder_of_the_package_is_a_package():
    bare = {path.parent for path in MODULES if not (path.parent / "__init__.py").exists()}
    assert bare == set()


@pytest.mark.parametrize(
    ("code", "forbidden"),
    [
        ("import cvkit", {"numpy", "cv2", "pydantic", "typer", "rich", "importlib.metadata"}),
        ("import cvkit.cli.app", {"numpy", "cv2", "av", "pyarrow", "sqlite3", "PIL", "skimage"}),
    ],
)
def test_start_up_loads_nothing_heavy(code: str, forbidden: set[str]):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    loaded = subprocess.run(
        [sys.executable, "-c", f"import sys; {code}; print(*sys.modules)"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert forbidden & set(loaded) == set()
