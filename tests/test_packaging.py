"""What a person gets who clones or installs cvkit."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import re
import subprocess
import sys
import tomllib
import venv
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from cvkit.io.codecs.extras import MODULES

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
README = (ROOT / "README.md").read_text()

TOP_LEVEL = {
    *("pyproject.toml", "cvkit", "tests", "samples", "README.md", "Makefile", "LICENSE"),
    "CHANGELOG.md",
}


def declared() -> dict[tuple[str, str], Requirement]:
    """Each requirement under (package, extra); the extra of the core is empty."""
    rows = {(Requirement(text).name, ""): Requirement(text) for text in PROJECT["dependencies"]}
    for extra, texts in PROJECT["optional-dependencies"].items():
        rows |= {(Requirement(text).name, extra): Requirement(text) for text in texts}
    return {row: what for row, what in rows.items() if row[0] != PROJECT["name"]}


def table() -> dict[tuple[str, str], tuple[str, str]]:
    """(package, extra) to (reason, licence), as the README says."""
    text = README.split("<!-- dependencies -->")[1].split("<!-- /dependencies -->")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.split("\n")]
    body = [row for row in rows if len(row) == 4][2:]
    return {(package, extra): (reason, licence) for package, extra, reason, licence in body}


_MIT = (
    "Permission is hereby granted, free of charge, to any person obtaining a copy of this software"
)


def _licence_text(package: str) -> str:
    files = importlib.metadata.files(package) or []
    texts = (
        Path(str(f.locate())).read_text(errors="replace") for f in files if "LICENSE" in f.name
    )
    return " ".join(" ".join(texts).split())


HEAVY = {"torch", "yolo"}
"""Extras that `all` and `.venv` are without: with CUDA they take gigabytes."""


def needs(package: str, extra: str) -> None:
    if extra in HEAVY and not importlib.util.find_spec(package):
        pytest.skip(f"{package}, of the extra {extra}, is not installed here")


def tracked() -> list[str]:
    """Every path that git has in this checkout."""
    listing = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listing.returncode:
        pytest.skip("not a git checkout")
    return [path for path in listing.stdout.split("\0") if path and (ROOT / path).exists()]


def test_the_readme_lists_exactly_the_declared_packages():
    assert set(table()) == set(declared())


@pytest.mark.parametrize(("package", "extra"), sorted(table()))
def test_the_readme_gives_reason_and_licence_of(package: str, extra: str):
    needs(package, extra)
    reason, licence = table()[package, extra]
    assert len(reason) > 3
    told = importlib.metadata.metadata(package)
    words = [told["License-Expression"] or "", told["License"] or ""]
    words += told.get_all("Classifier") or []
    words += ["MIT"] if _MIT in _licence_text(package) else []  # some say it by the text alone
    family = re.match("[A-Za-z]+", licence)
    assert family, "the licence is missing"
    assert family[0].casefold() in " ".join(words).casefold()


@pytest.mark.parametrize("row", sorted(declared()), ids=" ".join)
def test_the_installed_version_is_in_the_declared_range(row: tuple[str, str]):
    needs(*row)
    assert declared()[row].specifier.contains(importlib.metadata.version(row[0]))


def test_opencv_is_named_three_times_with_one_range():
    ranges = {
        name: str(requirement.specifier)
        for (name, _), requirement in declared().items()
        if name.startswith("opencv")
    }
    assert ranges == dict.fromkeys(
        ["opencv-contrib-python", "opencv-python", "opencv-python-headless"], "<5,>=4.12"
    )


def test_versions_agree():
    import cvkit

    newest = re.search(r"^## (\S+?),? ", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert newest is not None
    assert cvkit.__version__ == PROJECT["version"] == newest[1]


def test_only_what_belongs_at_the_top_is_there():
    top = {path.split("/")[0] for path in tracked()}
    assert {name for name in top if not name.startswith(".")} <= TOP_LEVEL


def test_a_wheel_brings_every_sample():
    from cvkit.cli.samples import sample_files

    targets = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]
    brought = targets["targets"]["wheel"]["force-include"]
    assert brought == {f"samples/{p.name}": f"cvkit/samples/{p.name}" for p in sample_files()}


def test_no_tracked_file_is_over_a_mebibyte():
    assert [path for path in tracked() if (ROOT / path).stat().st_size > 1 << 20] == []


def test_nothing_is_left_unfinished():
    words = re.compile("|".join(["raise NotImplemented" + "Error", "TO" + "DO", "FIX" + "ME"]))
    left = [
        path
        for path in tracked()
        if path.endswith((".py", ".md")) and words.search((ROOT / path).read_text())
    ]
    assert left == []


def test_the_readme_names_the_libraries_that_slim_images_lack():
    assert "apt-get install -y libgl1 libglib2.0-0" in README


def test_all_brings_every_extra_that_a_user_can_add():
    extras = PROJECT["optional-dependencies"]
    formats, every = (Requirement(t).extras for t in extras["formats"] + extras["all"])
    assert formats == set(MODULES)
    assert every == set(extras) - formats - {"all", "dev"} - HEAVY


@pytest.mark.slow
def test_a_fresh_environment_with_only_the_core_runs_a_stage(tmp_path: Path):
    home = tmp_path / "environment"
    venv.create(home, with_pip=True)
    python = home / "bin" / "python"
    pip = [str(python), "-m", "pip", "--disable-pip-version-check"]
    reach = [*pip, "--timeout", "10", "--retries", "0", "download", "--no-deps", "--quiet"]
    probe = subprocess.run([*reach, "hatchling", "-d", tmp_path], capture_output=True, check=False)
    if probe.returncode:
        pytest.skip("pip reaches no package index")
    subprocess.run([*pip, "install", "--quiet", "--prefer-binary", ROOT], check=True)

    absent = "import importlib.util as u, sys; sys.exit(u.find_spec('pytest') is not None)"
    subprocess.run([python, "-c", absent], check=True)
    subprocess.run([python, "-c", "import cv2; cv2.ximgproc.thinning"], check=True)

    photograph = "from skimage import data; import cv2; cv2.imwrite('coins.png', data.coins())"
    subprocess.run([python, "-c", photograph], cwd=tmp_path, check=True)
    command = home / "bin" / "cvkit"
    helped = subprocess.run(
        [command, "--help"], cwd=tmp_path, check=True, capture_output=True, text=True
    )
    assert "threshold" in helped.stdout
    subprocess.run([command, "threshold", "coins.png", "-o", "mask.png"], cwd=tmp_path, check=True)
    levels = "import cv2, numpy as np; print(np.unique(cv2.imread('mask.png', 0)).tolist())"
    seen = subprocess.run(
        [sys.executable, "-c", levels], cwd=tmp_path, check=True, capture_output=True, text=True
    )
    assert seen.stdout.strip() == "[0, 255]"

    subprocess.run([command, "samples", "tour"], cwd=tmp_path, check=True)
    subprocess.run([command, "run", "sketch.yml", "cat.jpg"], cwd=tmp_path / "tour", check=True)
