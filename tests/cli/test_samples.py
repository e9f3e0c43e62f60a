"""`cvkit samples`: what a newcomer is told to type works as it is told."""

from __future__ import annotations

import csv
import re
import shlex
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from cvkit.cli import samples
from cvkit.core import catalog
from cvkit.core.spec import read_spec
from tests.conftest import Command

RECIPES = [p for p in samples.sample_files() if p.suffix == ".yml"]


def pixels(path: Path) -> np.ndarray:
    """As stored."""
    picture = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert picture is not None
    return picture


@pytest.fixture
def tour(cvkit: Command) -> Path:
    assert cvkit("samples", "tour").code == 0
    return cvkit.folder / "tour"


def test_without_a_folder_only_the_tour_is_printed(cvkit: Command):
    ran = cvkit("samples", env={"COLUMNS": "80"})
    assert (ran.code, ran.err) == (0, "")
    assert all(line in ran.out for _, line in samples.TOUR)
    assert "cvkit samples tour && cd tour" in ran.out
    assert list(cvkit.folder.iterdir()) == []


def test_a_folder_gets_every_sample_and_is_named(cvkit: Command):
    ran = cvkit("samples", "my tour")
    given = {p.name: p.read_bytes() for p in samples.sample_files()}
    assert {p.name: p.read_bytes() for p in (cvkit.folder / "my tour").iterdir()} == given
    assert re.match(r"\d+ pictures, \d videos and \d recipes → my tour/\n", ran.err)
    assert "cd 'my tour'" in ran.out


def test_what_is_there_is_left_alone_unless_told(cvkit: Command, tour: Path):
    (tour / "coins.jpg").unlink()
    assert cvkit("samples", "tour").code == 0
    assert (tour / "coins.jpg").exists()
    (tour / "scan.yml").write_text("mine")
    (tour / "cat.jpg").unlink()
    ran = cvkit("samples", "tour")
    assert (ran.code, ran.out) == (2, "")
    assert "tour/scan.yml exists and is another file" in ran.err
    assert not (tour / "cat.jpg").exists()
    assert cvkit("samples", "tour", "--overwrite").code == 0
    assert (tour / "scan.yml").read_text() != "mine"


def test_a_folder_that_cannot_be_is_an_error(cvkit: Command):
    (cvkit.folder / "file").write_text("")
    ran = cvkit("samples", "file")
    assert ran.code == 5
    assert "file cannot be used" in ran.err


@pytest.mark.slow
def test_every_command_of_the_tour_runs(cvkit: Command, tour: Path):
    program = f"{shlex.quote(sys.executable)} -m cvkit "
    for _, line in samples.TOUR:
        command = re.sub(r"(^|\| )cvkit ", rf"\1{program}", line)
        done = subprocess.run(
            ["bash", "-c", f"set -o pipefail; {command}"], cwd=tour, env=cvkit.env(),
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, f"$ {line}\n{done.stderr}"
        written = re.findall(r"-o ([\w.]+/?)", line)
        assert all((tour / name).exists() for name in written)
        assert written or done.stdout


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda p: p.stem)
def test_a_recipe_says_how_it_is_run_and_names_stages(recipe: Path):
    text = recipe.read_text()
    assert text.startswith("# ")
    assert f"cvkit run {recipe.name} " in text
    for step in read_spec(recipe).steps:
        catalog.make(step.stage, step.params)


def test_the_recipe_for_coins_finds_each_of_the_24(cvkit: Command, tour: Path):
    ran = cvkit("run", "coins.yml", "coins.jpg", "-o", "out.jpg", "-o", "out.csv", cwd=tour)
    assert ran.code == 0, ran.err
    with (tour / "out.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 24
    assert min(float(row["circularity"]) for row in rows) > 0.7
    before, after = (pixels(tour / name) for name in ("coins.jpg", "out.jpg"))
    changed = (np.abs(before[..., None].astype(int) - after) > 64).any(2).mean()
    assert 0.02 < changed < 0.2  # outlines on the photograph, and not on what came out of morph


def test_the_recipe_for_scans_leaves_ink_on_paper(cvkit: Command, tour: Path):
    assert cvkit("run", "scan.yml", "page.jpg", "-o", "out.png", cwd=tour).code == 0
    page = pixels(tour / "out.png")
    assert page.shape == (382, 768)
    assert set(np.unique(page)) == {0, 255}
    thirds = np.array_split((page == 0).mean(0), 3)  # the shadow lies on the left
    assert all(0.05 < third.mean() < 0.25 for third in thirds)


def test_the_recipe_for_sketches_leaves_white_paper_and_dark_lines(cvkit: Command, tour: Path):
    assert cvkit("run", "sketch.yml", "astronaut.jpg", "-o", "out.png", cwd=tour).code == 0
    sketch = pixels(tour / "out.png")
    assert np.median(sketch) > 235
    assert (sketch < 128).mean() > 0.02


def test_the_recipe_for_vessels_finds_lines_on_the_retina(cvkit: Command, tour: Path):
    assert cvkit("run", "vessels.yml", "retina.jpg", "-o", "out.png", cwd=tour).code == 0
    vessels = pixels(tour / "out.png")
    assert 0.03 < (vessels > 0).mean() < 0.15
    wide = cv2.erode(vessels[100:540, 100:540], np.ones((17, 17), np.uint8))
    assert not wide.any()


def test_the_recipe_for_privacy_changes_the_face_alone(cvkit: Command, tour: Path):
    ran = cvkit("run", "privacy.yml", "astronaut.jpg", "-o", "out.png", cwd=tour)
    assert ran.code == 0, ran.err
    before, after = (pixels(tour / n).astype(int) for n in ("astronaut.jpg", "out.png"))
    moved = np.abs(before - after).max(2) > 20
    rows, columns = np.nonzero(moved)
    assert 60 < rows.min() < rows.max() < 200
    assert 160 < columns.min() < columns.max() < 300
