"""`--profile`: what a run's time went into, and that nothing else changes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, cast

import pytest

from cvkit.core.spec import Spec, Step
from cvkit.engine.bind import Bound
from cvkit.engine.check import check
from cvkit.engine.profiling import Profile, Row
from tests.conftest import ROOT, Command

PORTRAIT = ROOT / "samples" / "portrait.mp4"
COINS = ROOT / "samples" / "coins.jpg"
CHAIN = (
    "gray",
    str(PORTRAIT),
    "then",
    "blur",
    "then",
    "background",
    "-o",
    "v.mp4",
    "-o",
    "v.jsonl",
)


def profiled(cvkit: Command, *words: str) -> dict[str, Any]:
    ran = cvkit(*words, "--profile", "--json")
    assert ran.code == 0, ran.err
    assert "ms/frame" not in ran.err
    return cast("dict[str, Any]", json.loads(ran.out)["profile"])


def test_every_step_of_a_video_is_counted_and_the_result_is_the_same(cvkit: Command):
    found = profiled(cvkit, *CHAIN)
    steps = found["steps"]
    assert [(step["step"], step["calls"]) for step in steps] == [
        ("decode", 50), ("1 gray", 50), ("2 blur", 50), ("3 background", 50),
        ("encode", 50), ("results", 50),
    ]  # fmt: skip
    assert sum(step["share"] for step in steps) == pytest.approx(1, abs=0.01)
    for step in steps:
        assert step["ms_per_frame"] == pytest.approx(step["seconds"] * 20, abs=0.01)
    assert found["frames"] == 50
    assert found["frames_per_second"] * found["seconds"] == pytest.approx(50, rel=0.01)
    assert found["bound_by"]
    first = [(cvkit.folder / name).read_bytes() for name in ("v.mp4", "v.jsonl")]
    assert cvkit(*CHAIN, "--overwrite").code == 0
    assert [(cvkit.folder / name).read_bytes() for name in ("v.mp4", "v.jsonl")] == first


def test_a_table_for_people_and_two_lines_on_the_whole(cvkit: Command):
    ran = cvkit("contours", COINS, "-o", "c.png", "--profile", "-q")
    assert (ran.code, ran.out) == (0, "c.png\n")
    head, *rows, whole, bound = ran.err.splitlines()
    assert head.split() == ["step", "calls", "seconds", "ms/frame", "share"]
    names = [re.split(r"\s{2,}", row)[0] for row in rows]
    assert names == ["decode", "threshold", "1 contours", "draw", "write"]
    assert re.match(r"1 frame in [\d.]+ s: [\d.]+ frames/s, [\d.]+ ms a frame; [\d.]+ of", whole)
    assert bound.startswith("bound by ")


def test_what_a_gather_and_what_follows_took_is_told(cvkit: Command):
    found = profiled(cvkit, "montage", str(COINS), str(COINS.with_name("cat.jpg")), "-o", "m.png")
    steps = found["steps"]
    assert [step["step"] for step in steps][:2] == ["decode", "1 montage"]


def test_without_it_a_job_has_no_clocks():
    job = check(Spec((Step("gray", {}), Step("blur", {})), (str(COINS),)))
    assert job.profile is None
    assert {type(step) for step in job.chain.steps} == {Bound}
    with_clocks = Profile().job(job)
    assert Bound not in {type(step) for step in with_clocks.chain.steps}
    assert {type(step) for step in job.chain.steps} == {Bound}


def test_a_source_is_closed_through_its_clock():
    closed = []

    def frames() -> Iterator[int]:
        try:
            yield from range(5)
        finally:
            closed.append(True)

    pulled = Profile().source(frames())
    assert next(pulled) == 0
    pulled.close()  # type: ignore[attr-defined]
    assert closed == [True]


@pytest.mark.parametrize(
    ("seconds", "busy", "said"),
    [
        ({"decode": 9.0, "1 gray": 1.0}, 0.1, "decode, at work for 90% of the time"),
        ({"decode": 1.0, "1 gray": 8.0}, 99.0, "the processors, most of all 1 gray"),
        ({"decode": 2.0, "1 gray": 1.0}, 0.1, "nothing that is at work for long"),
        ({"read": 9.5}, 0.1, "read, the process before it"),
        ({"preview": 9.5}, 0.1, "preview, the pace of what is watched"),
    ],
)
def test_what_bounds_a_run_is_named(seconds: dict[str, float], busy: float, said: str):
    rows = [Row(name, 1, took, {"cvkit-prefetch"}) for name, took in seconds.items()]
    assert Profile()._bound(rows, 10.0, busy).startswith(said)


def test_threads_of_a_pool_share_the_work():
    profile = Profile()
    profile._jobs = 4
    rows = [Row("1 detect", 1, 20.0, {"cvkit-frames_0", "cvkit-frames_3"})]
    assert profile._bound(rows, 10.0, 0.5).startswith("nothing")
    rows.append(Row("2 blur", 1, 18.0, {"cvkit-frames_1"}))
    assert profile._bound(rows, 10.0, 0.5) == "1 detect, at work for 95% of the time"
