"""The invariant: one chain gives one result, however it is spelled."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import cvkit as library
from cvkit.core import catalog
from tests.conftest import Command
from tests.invariant.media import folder, heard, tree, video
from tests.models.conftest import blocks

NETWORK = "blocks.onnx"
"""A network of free batch and size, which a fixture puts into the folder of each test."""
CHAINS = (
    "threshold",
    "gray then blur --method median then edges",
    "threshold then blur --size 7px then contours --min-area 20",
    "keep whole then crop --box 10%,10%,70%,70% then contours then use whole then draw",
    "resize 50% then flip then edges --method sobel",
    "detect --model haar-face then redact --method pixelate",
    "keep a then threshold then bitwise --with a then blur",
    "background --method mog2 then contours",
    "detect --model haar-eye --min-neighbors 2 then filter --score 0.3 then count",
    f"detect --model {NETWORK} --score 0.9 then nms --iou 0.4 then draw then flip",
)
MOVING = (
    "sample --every 3f then edges",
    "frame-diff then contours then draw",
    "detect --model haar-face then smooth then redact",
    "stabilize then gray",
    "sketch then retime --speed 2",
    "blur then reverse",
    "scene-cut then flip",
)
"""Chains that say something of videos only."""


@pytest.fixture(autouse=True)
def network(tmp_path: Path) -> None:
    blocks(tmp_path / NETWORK, "n", ("h", "w"))


def steps(chain: str) -> list[list[str]]:
    return [shlex.split(part) for part in chain.split(" then ")]


def one_line(chain: str, source: str) -> list[str]:
    """The chain with `then`; in the first step every bare word is an input."""
    (name, *words), *rest = steps(chain)
    if words and not words[0].startswith("--"):
        words.insert(0, f"--{only_required(name)}")
    line = [name, source, *words]
    for step in rest:
        line += ["then", *step]
    return line


def spec(chain: str) -> str:
    """The same chain as YAML, written by hand and not by cvkit."""
    lines = ["cvkit: 1", "steps:"]
    for name, *words in steps(chain):
        params = {}
        while words:
            word = words.pop(0)
            if word.startswith("--"):
                params[word[2:]] = words.pop(0)
            else:
                params[only_required(name)] = word
        inner = ", ".join(f"{k}: '{v}'" for k, v in params.items())
        lines.append(f"- {name}: {{{inner}}}")
    return "\n".join(lines) + "\n"


def only_required(name: str) -> str:
    fields = catalog.load(name).model_fields
    return next(k for k, v in fields.items() if v.is_required())


def pipeline(chain: str) -> library.Pipeline:
    made = []
    for name, *words in steps(chain):
        params = {}
        while words:
            word = words.pop(0)
            key = word[2:] if word.startswith("--") else only_required(name)
            value = words.pop(0) if word.startswith("--") else word
            params[key.replace("-", "_") + ("_" if key == "with" else "")] = value
        made.append(catalog.load(name)(**params))
    return library.Pipeline(made)


@pytest.mark.parametrize("chain", CHAINS)
def test_a_folder_is_the_same_however_the_chain_is_spelled(
    cvkit: Command, tmp_path: Path, chain: str
):
    folder(tmp_path / "in")
    words = one_line(chain, "in")
    outs = ["-o", "{}/", "-o", "{}.jsonl"] if "contours" in chain or "detect" in chain else []
    outs = outs or ["-o", "{}/"]

    def out(name: str) -> list[str]:
        return [o.format(name) for o in outs]

    done = cvkit(*words, *out("one"), "--jobs", "1")
    assert done.code == 0, done.err
    assert cvkit(*words, *out("four"), "--jobs", "4").code == 0
    (tmp_path / "chain.yaml").write_text(spec(chain))
    assert cvkit("run", "chain.yaml", "in", *out("spec")).code == 0
    os.chdir(tmp_path)
    report = pipeline(chain).run("in", out("python")[1::2])
    assert report.exit_code == 0
    expected = tree(tmp_path / "one")
    assert len(expected) == 4
    for name in ("four", "spec", "python"):
        assert tree(tmp_path / name) == expected, name
        if len(outs) > 2:
            records = (tmp_path / "one.jsonl").read_bytes()
            assert (tmp_path / f"{name}.jsonl").read_bytes() == records, name
    if "background" not in chain:
        assert piped(cvkit, chain, "in", "pipe/").returncode == 0
        assert tree(tmp_path / "pipe") == expected


@pytest.mark.parametrize("chain", [*CHAINS, *MOVING])
def test_a_video_is_the_same_in_one_process_and_in_a_pipe(
    cvkit: Command, tmp_path: Path, chain: str
):
    video(tmp_path / "v.mp4")
    words = one_line(chain, "v.mp4")
    done = cvkit(*words, "-o", "one.mp4")
    assert done.code == 0, done.err
    ran = piped(cvkit, chain, "v.mp4", "pipe.mp4")
    assert ran.returncode == 0, ran.stderr.decode()
    (tmp_path / "chain.yaml").write_text(spec(chain))
    assert cvkit("run", "chain.yaml", "v.mp4", "-o", "spec.mp4").code == 0
    for name in ("pipe.mp4", "spec.mp4"):
        assert (tmp_path / name).read_bytes() == (tmp_path / "one.mp4").read_bytes(), name
    if "sound left out" not in done.err:
        assert heard(tmp_path / "pipe.mp4") == heard(tmp_path / "v.mp4")


@pytest.mark.parametrize("chain", [c for c in (*CHAINS, *MOVING) if "contours" in c or "det" in c])
def test_records_of_a_video_are_the_same_in_a_pipe(cvkit: Command, tmp_path: Path, chain: str):
    video(tmp_path / "v.mp4")
    assert cvkit(*one_line(chain, "v.mp4"), "-o", "one.jsonl").code == 0
    ran = piped(cvkit, chain, "v.mp4", "pipe.jsonl")
    assert ran.returncode == 0, ran.stderr.decode()
    records = (tmp_path / "one.jsonl").read_text()
    assert (tmp_path / "pipe.jsonl").read_text() == records
    assert records.count('"index"') == 20


def piped(cvkit: Command, chain: str, source: str, out: str) -> subprocess.CompletedProcess[bytes]:
    """A process a step, as a shell pipe."""
    program = f"{shlex.quote(sys.executable)} -m cvkit"
    commands = []
    for number, (name, *words) in enumerate(steps(chain)):
        feed = source if number == 0 else "-"
        options = " ".join(shlex.quote(w) for w in words)
        if words and not words[0].startswith("--"):
            options = f"--{only_required(name).rstrip('_')} {options}"
        commands.append(f"{program} {name} {feed} {options} -o -")
    commands[-1] = commands[-1].removesuffix("-o -") + f"-o {out}"
    line = "set -o pipefail; " + " | ".join(commands)
    return subprocess.run(
        ["bash", "-c", line], cwd=cvkit.folder, env=cvkit.env(), capture_output=True, check=False,
        timeout=120,
    )  # fmt: skip


@pytest.mark.serial
def test_a_video_does_not_depend_on_jobs_or_processors(cvkit: Command, tmp_path: Path):
    video(tmp_path / "v.mp4", frames=40)
    results = set()
    for cores in ("0", "0-1"):
        for jobs in ("1", "2", "4"):
            name = f"out_{cores}_{jobs}.mp4"
            words = ["blur", "v.mp4", "then", "edges", "-o", name, "--jobs", jobs]
            pinned = ["taskset", "-c", cores, *cvkit.argv(*words)]
            env, where = cvkit.env(), tmp_path
            done = subprocess.run(pinned, cwd=where, env=env, capture_output=True, check=False)
            assert done.returncode == 0, done.stderr.decode()
            results.add((tmp_path / name).read_bytes())
    assert len(results) == 1


def test_sound_goes_through_three_processes(cvkit: Command, tmp_path: Path):
    video(tmp_path / "v.mp4")
    ran = piped(cvkit, "gray then blur then edges", "v.mp4", "out.mp4")
    assert ran.returncode == 0, ran.stderr.decode()
    assert heard(tmp_path / "out.mp4") == heard(tmp_path / "v.mp4")


@pytest.mark.slow
def test_a_cascade_is_right_under_threads(cvkit: Command, tmp_path: Path):
    import cv2
    from skimage import data

    face = cv2.cvtColor(data.astronaut(), cv2.COLOR_RGB2BGR)
    (tmp_path / "in").mkdir()
    for i in range(12):
        cv2.imwrite(str(tmp_path / "in" / f"{i:02}.png"), face[i * 3 : 300, i * 5 : 400])
    results = set()
    for i in range(20):
        report = library.Pipeline([library.Detect(model="haar-face")]).run(
            tmp_path / "in", tmp_path / f"{i}.jsonl", jobs=1 + 3 * (i % 2)
        )
        assert report.exit_code == 0
        results.add((tmp_path / f"{i}.jsonl").read_bytes())
    assert len(results) == 1
    assert results.pop().count(b'"label":"face"') >= 12


def test_what_a_damaged_video_lacks_is_told_behind_a_pipe_too(cvkit: Command, tmp_path: Path):
    video(tmp_path / "whole.mkv", frames=60, sound=False)
    data = (tmp_path / "whole.mkv").read_bytes()
    (tmp_path / "v.mkv").write_bytes(data[: len(data) * 2 // 3])
    keep = ("--on-corrupt", "salvage")
    one = cvkit("flip", "v.mkv", "then", "gray", *keep, "-o", "one.mp4", "-o", "one.jsonl")
    assert one.code == 0, one.err
    program = shlex.join(cvkit.argv())
    line = f"{program} flip v.mkv {' '.join(keep)} -o - | {program} gray - -o two.mp4 -o two.jsonl"
    ran = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {line}"], cwd=tmp_path, env=cvkit.env(),
        capture_output=True, check=False, timeout=60,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr.decode()
    assert b"v.mkv: damaged, frames are missing" in ran.stderr
    assert '"gap"' in (tmp_path / "one.jsonl").read_text()
    for suffix in ("jsonl", "mp4"):
        piped, chained = (tmp_path / f"{name}.{suffix}" for name in ("two", "one"))
        assert piped.read_bytes() == chained.read_bytes()
