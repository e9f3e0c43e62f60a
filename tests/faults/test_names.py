"""Names of results: nothing that is read is overwritten, and nothing is written twice."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import pytest

from tests.conftest import Command
from tests.invariant.media import photo


@pytest.fixture
def here(cvkit: Command) -> Path:
    """The folder of the command, with two pictures in it."""
    for name in ("a.png", "b.png"):
        cv2.imwrite(str(cvkit.folder / name), photo((40, 30)))
    return cvkit.folder


@pytest.mark.parametrize("field", ["index", "time", "label", "id", "index:05d"])
def test_a_template_that_makes_two_inputs_one_file_is_refused(
    cvkit: Command, here: Path, field: str
):
    done = cvkit("gray", "a.png", "b.png", "-o", f"n{{{field}}}.png", "--overwrite")
    assert done.code == 2, done.err
    assert "a.png and b.png would both write n" in done.err
    assert "{stem}" in done.err
    assert sorted(p.name for p in here.iterdir()) == ["a.png", "b.png"]


def test_a_template_does_not_reach_an_input(cvkit: Command, here: Path):
    (here / "a.png").rename(here / "f_00000.png")
    before = (here / "f_00000.png").read_bytes()
    done = cvkit("gray", "f_00000.png", "-o", "f_{index:05d}.png", "--overwrite")
    assert done.code == 2
    assert "f_00000.png is an input" in done.err
    assert (here / "f_00000.png").read_bytes() == before


@pytest.mark.parametrize(
    ("words", "lost"),
    [
        (["bitwise", "a.png", "b.png", "--op", "xor", "-o", "b.png"], "b.png"),
        (["gray", "a.png", "--save", "a.png", "-o", "q.png"], "a.png"),
        (["bitwise", "a.png", "--op", "and", "--with", "b.png", "--save", "b.png"], "b.png"),
        (["gray", "a.png", "--roi", "b.png", "-o", "b.png"], "b.png"),
        (["gray", "a.png", "-o", "q.png", "--save", "q.png"], ""),
    ],
)
def test_what_a_run_reads_is_not_written(cvkit: Command, here: Path, words: list[str], lost: str):
    before = {p.name: p.read_bytes() for p in here.iterdir()}
    done = cvkit(*words, "--overwrite")
    assert done.code == 2, done.err
    assert lost in done.err
    assert {p.name: p.read_bytes() for p in here.iterdir()} == before


def test_a_chain_that_is_refused_is_not_saved(cvkit: Command, here: Path):
    done = cvkit("gray", "a.png", "--seed", "abc", "--save", "spec.yaml")
    assert done.code == 2
    assert not (here / "spec.yaml").exists()


def test_a_mistyped_kept_name_writes_nothing(cvkit: Command, here: Path):
    done = cvkit("keep", "a.png", "--name", "f", "then", "threshold", "-o", "g=ff.png")
    assert done.code == 2
    assert "nothing is kept as g" in done.err
    assert "kept: f" in done.err
    done = cvkit("keep", "a.png", "--name", "f", "then", "threshold", "-o", "./g=ff.png")
    assert done.code == 0, done.err
    assert (here / "g=ff.png").exists()


def test_names_with_braces_are_names(cvkit: Command, tmp_path: Path):
    folder = tmp_path / "{in}"
    folder.mkdir()
    names = ["{x}.png", "{.png", "}{.png", "{0B3F-11}.png", "{index}.png", "plain.png"]
    for name in names:
        cv2.imwrite(str(folder / name), photo((24, 16)))
    done = cvkit("gray", folder, "-o", "out/", "--json")
    assert done.code == 0, done.err
    assert sorted(p.name for p in (cvkit.folder / "out").iterdir()) == sorted(names)
    assert cvkit("gray", folder).code == 0
    assert sorted(p.name for p in (cvkit.folder / "{in}.gray").iterdir()) == sorted(names)
    for name in names:
        done = cvkit("gray", folder / name, "-o", "t/{stem}_{index:02d}.png")
        assert done.code == 0, done.err
        assert (cvkit.folder / "t" / f"{Path(name).stem}_00.png").exists()
    alone = cvkit("gray", folder / "{x}.png", "--json")
    assert json.loads(alone.out)["items"][0]["outputs"] == ["{x}.gray.png"]
    again = cvkit("gray", folder / "{x}.png", "--in-place")
    assert again.code == 0, again.err


@pytest.mark.parametrize(
    "template",
    [
        "k{stem:05d}.png",
        "k{index:zz}.png",
        "k{label:5d}.png",
        "k{index:0999999999d}.png",
        "k{stem!r}.png",
        "k{index:{stem}}.png",
        "k{time:%H}.png",
        "k{nothing}.png",
        "k{0}.png",
        "k{.png",
        "k{stem.__class__}.png",
        "r{stem}.jsonl",
    ],
)
def test_a_template_that_cannot_be_filled_is_exit_2(cvkit: Command, here: Path, template: str):
    done = cvkit("gray", "a.png", "-o", template, timeout=20)
    assert done.code == 2, done.err
    assert "fault" not in done.err
    assert sorted(p.name for p in here.iterdir()) == ["a.png", "b.png"]


def test_the_offered_remedies_work(cvkit: Command, here: Path):
    cv2.imwrite(str(here / "a.jpg"), photo((40, 30)))
    done = cvkit("gray", "a.png", "a.jpg", "-o", "out/{stem}.png")
    assert done.code == 2
    assert "-o 'out/{name}.png'" in done.err
    assert cvkit("gray", "a.png", "a.jpg", "-o", "out/{name}.png").code == 0
    assert sorted(p.name for p in (here / "out").iterdir()) == ["a.jpg.png", "a.png.png"]


def test_one_output_twice_is_said_plainly(cvkit: Command, here: Path):
    done = cvkit("gray", "a.png", "-o", "q.png", "-o", "q.png")
    assert done.code == 2
    assert "-o q.png is given twice" in done.err


def test_several_pictures_of_a_pipe_go_to_a_folder(cvkit: Command, here: Path):
    for sub in ("deep/a", "deep/b"):
        (here / sub).mkdir(parents=True)
        cv2.imwrite(str(here / sub / "same.png"), photo((40, 30)))
    stream = cvkit("gray", "deep", "-o", "-")
    assert stream.code == 0, stream.err
    done = cvkit("edges", "-", stdin=stream.out_bytes)
    assert done.code == 0, done.err
    found = sorted(str(p.relative_to(here)) for p in here.rglob("*.png") if "edges" in str(p))
    assert found == ["edges/a/same.png", "edges/b/same.png"]


@pytest.mark.parametrize(
    "words",
    [["--dry-run"], ["then", "use", "g"], ["-o", "zz.mp4"], ["--seed", "x"], ["-o", "ok.png"]],
)
def test_no_copy_of_stdin_is_left(cvkit: Command, here: Path, tmp_path: Path, words: list[str]):
    spool = tmp_path / "spool"
    spool.mkdir()
    data = (here / "a.png").read_bytes()
    cvkit("gray", "-", *words, stdin=data, env={"TMPDIR": str(spool)})
    assert list(spool.iterdir()) == []
