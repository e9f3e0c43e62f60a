"""The gallery shows every stage, and only what cvkit made of the samples just now."""

from __future__ import annotations

import importlib
import re
import shlex
from pathlib import Path
from types import ModuleType

import cv2
import pytest

from cvkit.cli import examples
from cvkit.cli.arguments import parse
from cvkit.cli.parameters import parameters
from cvkit.core import catalog

ROOT = Path(__file__).resolve().parents[1]
OURS = [e for entries in catalog.topics().values() for e in entries if not e.distribution]


@pytest.fixture(scope="module")
def gallery() -> ModuleType:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "samples")
        return importlib.import_module("gallery")


@pytest.mark.parametrize("entry", OURS, ids=lambda e: e.name)
def test_every_stage_is_on_the_sheet_of_its_topic(entry: catalog.Entry, gallery: ModuleType):
    lines = gallery.lines_of(entry.topic)
    assert len(lines) == len(set(lines))
    steps = {re.sub("^cvkit ", "", part).split()[0] for x in lines for part in x.split(" then ")}
    assert entry.name in steps


@pytest.mark.parametrize("name", ["threshold", "edges", "blur", "morph"])
def test_every_way_of_the_stages_that_have_many_is_shown(name: str, gallery: ModuleType):
    field = {"morph": "op"}.get(name, "method")
    text = "\n".join(gallery.lines_of(catalog.entry(name).topic))
    found = parameters(catalog.load(name))[field]
    missing = [c for c in found.choices if not re.search(rf"--{field} {c}\b(?!-)", text)]
    assert missing in ([], [found.default])  # the default has an example without the option


@pytest.mark.parametrize("topic", list(catalog.topics()))
def test_every_command_of_a_sheet_can_be_typed(
    topic: str, gallery: ModuleType, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(ROOT / "samples")
    for line in gallery.lines_of(topic):
        for step in parse(shlex.split(line)[1:]).spec.steps:
            catalog.make(step.stage, step.params)


def test_the_small_sheets_are_small_and_linked(gallery: ModuleType):
    page = (gallery.SMALL / "README.md").read_text()
    linked = set(re.findall(r"\]\((\S+\.webp)\)", page))
    assert linked == {p.name for p in gallery.SMALL.glob("*.webp")}
    for sheet in gallery.SMALL.glob("*.webp"):
        assert sheet.stat().st_size <= gallery.HEAVIEST
    for name in re.findall(r"\((samples/gallery/\S+)\)", (ROOT / "README.md").read_text()):
        assert (ROOT / name).exists()


@pytest.mark.slow
def test_a_sheet_is_made(gallery: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(gallery, "BUILT", tmp_path / "large")
    monkeypatch.setattr(gallery, "SMALL", tmp_path / "small")
    assert gallery.main(["chain"]) == 0
    large, small = (cv2.imread(str(tmp_path / f / "chain.webp")) for f in ("large", "small"))
    assert large is not None
    assert small is not None
    assert abs(large.shape[1] - 2 * small.shape[1]) <= 1
    assert "cvkit objects coins.jpg" in (tmp_path / "large" / "index.html").read_text()


def test_a_command_that_fails_is_told(tmp_path: Path):
    ran = examples.run("cvkit threshold samples/coins.jpg --method ots", tmp_path / "a")
    assert (ran.code, ran.outputs) == (2, ())
    assert "did you mean otsu" in ran.said


def test_what_a_command_read_and_wrote_is_known(tmp_path: Path):
    ran = examples.run("cvkit keep samples/cat.jpg --name a then use a -o a/", tmp_path / "a")
    assert (ran.code, ran.printed) == (0, "")
    assert [p.name for p in ran.inputs] == ["cat.jpg"]
    assert [p.name for p in ran.outputs] == ["cat.jpg"]


def test_a_transparent_picture_is_seen_over_squares(tmp_path: Path):
    coin = examples.seen(ROOT / "samples" / "coin.png")
    assert coin.shape == (60, 60, 3)
    assert {int(coin[0, 0, 0]), int(coin[5, 0, 0])} == set(examples.CHECKS)
