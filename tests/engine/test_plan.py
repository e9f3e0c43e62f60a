"""The plan that --dry-run prints is written as it would be typed."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from cvkit.cli.arguments import parse
from cvkit.core import catalog
from cvkit.engine import plan

EXAMPLES = [line for name in catalog.names() for line in catalog.examples(name)]


@pytest.mark.parametrize("line", EXAMPLES)
def test_a_step_of_the_plan_can_be_typed_again(line: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(Path(__file__).resolve().parents[2])
    for step in parse(shlex.split(line)[1:]).spec.steps:
        stage = catalog.make(step.stage, step.params)
        words = shlex.split(" ".join(plan._typed(k, v) for k, v in stage.canonical().items()))
        (again,) = parse([step.stage, "a.png", *words]).spec.steps
        assert catalog.make(again.stage, again.params) == stage


def test_switches_and_lists_are_written_as_on_the_command_line():
    assert plan._typed("labels", False) == "--no-labels"
    assert plan._typed("min_area", 400) == "--min-area 400"
    assert plan._typed("points", ["1,2", "3,4"]) == "--points '1,2 3,4'"
    assert plan._typed("weights", [1.0, 2.0]) == "--weights 1.0,2.0"
