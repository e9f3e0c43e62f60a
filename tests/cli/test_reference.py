"""The reference says what is true: its tables, its spellings and its pictures."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

import cvkit
from cvkit.cli import reference
from cvkit.cli.arguments import parse
from cvkit.cli.parameters import parameters
from cvkit.core import catalog
from cvkit.core.errors import InternalError
from cvkit.core.spec import Spec, Step, from_yaml

Words = str | Sequence[str]
OURS = [name for name in catalog.names() if not catalog.entry(name).distribution]


def canonical(spec: Spec) -> dict[str, object]:
    steps = [Step(s.stage, catalog.make(s.stage, s.params).canonical()) for s in spec.steps]
    return Spec(tuple(steps), spec.inputs, spec.outputs, spec.run).canonical()


@pytest.mark.parametrize("name", OURS)
def test_the_table_has_each_option_with_values_and_default(name: str):
    page = reference.stage_page(name, {})
    rows = [[c.strip() for c in re.split(r"(?<!\\)\|", x)[1:-1]] for x in page.splitlines()
            if x.startswith("| `--")]  # fmt: skip
    found = list(parameters(catalog.load(name)).values())
    assert [row[0].strip("`").removeprefix("--").removeprefix("[no-]") for row in rows] == [
        p.name for p in found
    ]
    for (_, values, default, does), p in zip(rows, found, strict=True):
        assert does
        assert values
        assert all(f"`{choice}`" in values for choice in p.choices) or "…" in p.expects
        assert default == ("required" if p.required else f"`{p.default}`" if p.default else "")


@pytest.mark.parametrize("name", OURS)
def test_the_python_of_an_example_is_the_command(name: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(Path(__file__).resolve().parents[2])
    asked = []

    def run(chain: cvkit.Pipeline, inputs: Words, outputs: Words = (), **run: object) -> None:
        given, made = ((w,) if isinstance(w, str) else tuple(w) for w in (inputs, outputs))
        asked.append(Spec(chain.spec().steps, given, made, run))

    monkeypatch.setattr(cvkit.Pipeline, "run", run)
    spec = parse(shlex.split(catalog.example(name))[1:]).spec
    exec(reference.in_python(spec), {})  # noqa: S102 # our own lines
    assert asked[0].canonical() == canonical(spec)


@pytest.mark.parametrize("name", OURS)
def test_the_spec_of_an_example_is_the_command(name: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(Path(__file__).resolve().parents[2])
    page = reference.stage_page(name, {})
    text = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)[0]
    spec = parse(shlex.split(catalog.example(name))[1:]).spec
    assert canonical(from_yaml(text))["steps"] == canonical(spec)["steps"]


@pytest.mark.slow
def test_pictures_show_what_the_examples_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(catalog, "names", lambda: ("flip", "dominant-colors", "crops"))
    monkeypatch.setattr(
        catalog, "topics", lambda: {"all": list(map(catalog.entry, catalog.names()))}
    )
    reference.write_pages(tmp_path, pictures=True)
    for page in tmp_path.glob("*.md"):
        for link in re.findall(r'\]\((\S+)\)|src="(\S+)"', page.read_text()):
            assert (tmp_path / "".join(link)).is_file()
    picture = cv2.imread(str(tmp_path / "pictures" / "flip-1.webp"))
    assert picture is not None
    width = (picture.shape[1] - 64) // 2
    before, after = picture[:, :width].astype(int), picture[:, -width:].astype(int)
    assert np.abs(before - after[:, ::-1]).mean() < 6
    assert np.abs(before - after).mean() > 30
    assert "sienna" in (tmp_path / "dominant-colors.md").read_text()


def test_an_example_that_fails_ends_the_reference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(catalog, "names", lambda: ("flip",))
    monkeypatch.setattr(catalog, "examples", lambda name: ["cvkit flip samples/none.jpg"])
    with pytest.raises(InternalError, match=r"none\.jpg"):
        reference.write_pages(tmp_path, pictures=True)
