"""A stage from another package is everything that one of ours is, without another line."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

import cvkit as package
from cvkit.cli import docs, reference
from cvkit.cli.schema import schema
from tests.conftest import Command


@pytest.fixture
def glowing(cvkit: Command, outside: Path) -> dict[str, str]:
    return {"PYTHONPATH": str(outside), "XDG_CACHE_HOME": str(cvkit.folder / ".cache")}


def test_it_is_listed_with_its_first_line(cvkit: Command, glowing: dict[str, str]):
    told = cvkit("--help", env=glowing).out
    assert re.search(r"\nGlow\n  broken-glow +Fail at import\n", told)
    listed = json.loads(cvkit("stages", "stretch", "--json", env=glowing).out)
    assert {"name": "stretch", "topic": "glow", "summary": "Stretch a picture to a size.",
            "from": "glow"} in listed  # fmt: skip


def test_it_has_a_page(cvkit: Command, glowing: dict[str, str]):
    page = cvkit("stretch", "--help", env=glowing).out
    assert page.startswith("Stretch a picture to a size.\n")
    assert (
        "  --to  The size to reach. [a size (640x480, 640x, x480) or a share (50%); required]"
        in page
    )
    assert cvkit("help", "stretch", env=glowing).out.startswith("stretch, from glow\n")


def test_it_completes(cvkit: Command, glowing: dict[str, str]):
    assert (
        "stretch\tStretch a picture to a size.\n"
        in cvkit("__complete", "--", "st", env=glowing).out
    )
    offered = cvkit("__complete", "--", "stretch", "--to", env=glowing).out
    assert offered == "--to\tThe size to reach.\n"


def test_it_is_a_class(glow: Path):
    stretch = getattr(package, "Stretch")(to="50%")  # noqa: B009 - the stub knows only our own
    stretched = stretch(np.zeros((8, 6, 3), np.uint8))
    assert stretched.shape == (4, 3, 3)
    assert "Stretch" in dir(package)


def test_it_is_a_step_of_a_spec_and_in_the_reference(glow: Path, outside: Path):
    (outside / "glow_broken_glow.py").touch()
    assert "| required | The size to reach. |" in reference.stage_page("stretch", {})
    assert "stretch" not in docs.stage_table()  # the README lists our own


def test_a_broken_one_costs_only_its_own_command(cvkit: Command, glowing: dict[str, str]):
    ran = cvkit("doctor", "--json", env=glowing)
    states = {f["name"]: f["state"] for f in json.loads(ran.out)}
    assert states["broken-glow"] == "warning"


def test_the_schema_has_every_stage(monkeypatch: pytest.MonkeyPatch):
    made = schema()
    assert made["$defs"]["keep"]["required"] == ["name"]
    assert {"const": "detect"} in made["properties"]["steps"]["items"]["anyOf"]
