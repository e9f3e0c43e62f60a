"""`import cvkit`: light, lazy, and the stages as classes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import cvkit
from cvkit.core.errors import InputError, UsageError


def test_importing_the_package_loads_nothing_heavy():
    code = (
        "import sys, cvkit; cvkit.__version__; "
        "print({'numpy', 'cv2', 'pydantic', 'typer', 'importlib.metadata'} & set(sys.modules))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "set()\n"


def test_stages_are_attributes():
    assert cvkit.Detect(model="hog").max == 300
    assert {"Detect", "Pipeline", "open", "__version__"} <= set(dir(cvkit))


def test_a_name_that_is_no_stage_is_an_attribute_error():
    with pytest.raises(AttributeError, match="cvkit has no Detectt"):
        cvkit.Detectt  # type: ignore[attr-defined]  # noqa: B018


def test_operands_of_a_stage_may_be_files_or_arrays(tmp_path: Path):
    picture = np.random.default_rng(1).integers(0, 256, (20, 30, 3), np.uint8)
    cv2.imwrite(str(tmp_path / "b.png"), picture)
    stage = cvkit.Bitwise(op="xor", with_=str(tmp_path / "b.png"))
    assert not stage(picture).any()
    assert (stage(picture, with_=np.zeros_like(picture)) == picture).all()
    with pytest.raises(InputError, match="no such file"):
        cvkit.Bitwise(op="xor", with_="missing.png")(picture)


@pytest.mark.parametrize("wrong", [1, "gray", cvkit.Gray])
def test_a_pipeline_is_made_of_stages(wrong: Any):
    with pytest.raises(UsageError, match="made of stages"):
        cvkit.Pipeline([wrong])


def test_a_gather_of_one_array_is_its_result():
    rows = cvkit.DominantColors(count=1)(np.full((8, 8, 3), (71, 99, 255), np.uint8)).rows
    assert (rows[0]["name"], rows[0]["share"]) == ("tomato", 100.0)
