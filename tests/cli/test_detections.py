"""The end of a run in which a model looked for things: how many, how fast, by what."""

from __future__ import annotations

import json
import re

from cvkit.cli.detections import lines
from cvkit.engine.tally import Detected
from tests.conftest import ROOT, Command

ASTRONAUT = ROOT / "samples" / "astronaut.jpg"
PORTRAIT = ROOT / "samples" / "portrait.mp4"


def test_a_picture_says_what_was_found_and_what_ran(cvkit: Command):
    ran = cvkit("detect", ASTRONAUT, "--model", "haar-face", "-o", "f.jpg")
    assert ran.code == 0, ran.err
    assert "found 1 face\n" in ran.err
    assert re.search(r"ms: decode [\d.]+, detect \d+.*; ran on opencv .* cascade CPU", ran.err)
    assert (
        "found" not in cvkit("detect", ASTRONAUT, "--model", "haar-face", "-q", "-o", "g.jpg").err
    )


def test_a_video_says_how_many_in_all_and_at_most(cvkit: Command):
    words = ("detect", PORTRAIT, "--model", "haar-face", "--frames", "34:44", "-o", "f.jsonl")
    ran = cvkit(*words)
    assert ran.code == 0, ran.err
    rows = (cvkit.folder / "f.jsonl").read_text().splitlines()
    counts = [len(json.loads(row).get("objects", ())) for row in rows]
    told = re.search(r"found (\d+) face \(at most (\d+) a frame\) in 10 frames", ran.err)
    assert told
    assert (int(told[1]), int(told[2])) == (sum(counts), max(counts))
    found = json.loads(cvkit(*words, "--overwrite", "--json").out)["detected"]
    assert found["objects"] == {"face": {"count": sum(counts), "most": max(counts)}}
    assert found["frames"] == 10
    assert set(found["ms_per_frame"]) >= {"decode", "detect", "results"}
    assert found["ran"][0].startswith("detect: opencv")


def test_what_is_left_at_the_end_of_the_chain_is_counted(cvkit: Command):
    chain = ("detect", ASTRONAUT, "--model", "haar-face", "then", "filter", "--classes", "cat")
    ran = cvkit(*chain, "-o", "f.jsonl")
    assert "found nothing; a lower --score finds more" in ran.err


def test_runs_without_a_model_say_nothing_of_it(cvkit: Command):
    assert "found" not in cvkit("contours", ROOT / "samples" / "coins.jpg", "-o", "c.png").err


def test_many_labels_are_said_in_one_line():
    objects = tuple((f"label{i}", 20 - i, 1) for i in range(12))
    (things, pace) = lines(Detected(objects, 1, 2.0, (("decode", 12.3), ("draw", 0.01)), ()))
    assert things.startswith("found 20 label0, 19 label1")
    assert things.endswith("13 label7, 42 with 4 other labels")
    assert pace == "ms: decode 12"
    assert lines(Detected((), 0, 0.0, (), ())) == []
