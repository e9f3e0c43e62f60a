"""`import cvkit`: light, lazy, and the stages as classes."""

from __future__ import annotations

import subprocess
import sys

import pytest

import cvkit


def test_importing_the_package_loads_nothing_heavy():
    code = (
        "import sys, cvkit; cvkit.__version__; "
        "print({'numpy', 'cv2', 'pydantic', 'typer', 'importlib.metadata'} & set(sys.modules))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "set()\n"


def test_stages_are_attributes():
    assert cvkit.Detect(model="hog").score == 0.25
    assert {"Detect", "Pipeline", "open", "__version__"} <= set(dir(cvkit))


def test_a_name_that_is_no_stage_is_an_attribute_error():
    with pytest.raises(AttributeError, match="cvkit has no Detectt"):
        cvkit.Detectt  # type: ignore[attr-defined]  # noqa: B018
