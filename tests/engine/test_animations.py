"""Animations, sequences and pictures without a file, through the command and in every spelling."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

import cvkit as library
from cvkit.core.time import Time
from cvkit.core.values import Image
from cvkit.engine.python import Video
from cvkit.io.codecs.asked import Asked
from cvkit.io.sinks.animation import AnimationWriter
from cvkit.io.sources.opening import open_moving
from tests.conftest import Command
from tests.invariant.media import photo, video

CHAIN = "gray then blur --size 3px then edges"


def animation(path: Path, count: int = 6) -> Path:
    """A window that moves over the astronaut, 100 and 200 ms in turn, half of it clear at times."""
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = photo((320, 240))
    writer = AnimationWriter(path, "apng" if path.suffix == ".png" else path.suffix[1:])
    start = 0
    for i in range(count):
        window = np.ascontiguousarray(whole[40:112, 100 + 5 * i :][:, :96])
        alpha = np.full(window.shape[:2], 255, np.uint8)
        alpha[:, : 48 * (i % 2)] = 0
        length = 10 * (i % 2 + 1)
        writer.write(Time(start, Fraction(1, 100), length), Image.of(np.dstack([window, alpha])))
        start += length
    writer.close()
    return path


def shown(path: Path) -> list[tuple[float, float, bool]]:
    """Of each frame when it is shown, for how long, and whether it has alpha."""
    with open_moving(str(path), Asked()) as moving:
        return [
            (t.seconds, float(t.length * t.base), image.alpha is not None) for t, image in moving
        ]


TURNS = [(0.0, 0.1), (0.1, 0.2), (0.3, 0.1), (0.4, 0.2), (0.6, 0.1), (0.7, 0.2)]


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".apng"])
def test_one_chain_gives_one_animation_in_every_spelling(
    suffix: str, cvkit: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    source = animation(tmp_path / f"in/a{suffix}").relative_to(tmp_path)
    words = shlex.split(CHAIN)
    assert cvkit(words[0], source, *words[1:]).code == 0
    expected = (tmp_path / f"a.edges{suffix}").read_bytes()
    assert [s[:2] for s in shown(tmp_path / f"a.edges{suffix}")] == TURNS

    assert cvkit(words[0], "in", *words[1:], "-o", "folder/", "--jobs", "3").code == 0
    assert (tmp_path / f"folder/a{suffix}").read_bytes() == expected
    assert cvkit(words[0], source, *words[1:], "--save", "chain.yaml", "--dry-run").code == 0
    assert cvkit("run", "chain.yaml", source, "-o", f"spec{suffix}").code == 0
    assert (tmp_path / f"spec{suffix}").read_bytes() == expected

    run = f"{shlex.quote(sys.executable)} -m cvkit"
    line = " | ".join(
        [
            f"cat {source}",
            f"{run} gray - -o -",
            f"{run} blur - --size 3px -o -",
            f"{run} edges - -o pipe{suffix}",
        ]
    )
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {line}"],
        cwd=tmp_path,
        env=cvkit.env(),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / f"pipe{suffix}").read_bytes() == expected

    monkeypatch.chdir(tmp_path)
    chain = library.Pipeline([library.Gray(), library.Blur(size="3px"), library.Edges()])
    assert chain.run(str(source), f"python{suffix}").exit_code == 0
    assert (tmp_path / f"python{suffix}").read_bytes() == expected


def test_python_opens_an_animation_as_a_video(tmp_path: Path):
    clip = library.open(animation(tmp_path / "a.gif"))
    assert isinstance(clip, Video)
    frames = list(clip)
    assert [f.time.seconds for f in frames] == [start for start, _ in TURNS]
    assert [f.index for f in frames] == list(range(6))
    assert library.open("pattern:bars").size == (640, 480)


@pytest.mark.parametrize("given", [".gif", ".webp", ".apng"])
@pytest.mark.parametrize("wanted", [".gif", ".webp", ".apng"])
def test_times_and_alpha_go_from_format_to_format(
    given: str, wanted: str, cvkit: Command, tmp_path: Path
):
    animation(tmp_path / f"a{given}")
    assert cvkit("convert", f"a{given}", "-o", f"b{wanted}").code == 0
    turns = shown(tmp_path / f"b{wanted}")
    assert [s[:2] for s in turns] == TURNS
    assert [s[2] for s in turns] == [False, True] * 3


def test_times_go_into_a_video_and_back(cvkit: Command, tmp_path: Path):
    animation(tmp_path / "a.gif")
    done = cvkit("convert", "a.gif", "-o", "a.mp4")
    assert done.code == 0, done.err
    with open_moving(str(tmp_path / "a.mp4"), Asked()) as moving:
        assert [t.seconds for t, _ in moving] == [start for start, _ in TURNS]
        assert moving.duration == pytest.approx(0.9)
    assert cvkit("convert", "a.mp4", "-o", "b.gif").code == 0
    assert [s[0] for s in shown(tmp_path / "b.gif")] == [start for start, _ in TURNS]


def test_an_animated_input_keeps_its_format(cvkit: Command, tmp_path: Path):
    for name in ("a.gif", "b.webp", "c.apng", "d.png"):
        animation(tmp_path / "in" / name, 2)
    video(tmp_path / "in/e.mp4", frames=2)
    assert cvkit("gray", "in", "-o", "out/").code == 0
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        *("a.gif", "b.webp", "c.apng", "d.apng", "e.mp4"),
    ]


def test_in_place_keeps_the_name(cvkit: Command, tmp_path: Path):
    animation(tmp_path / "d.png")
    assert cvkit("gray", "d.png", "--in-place").code == 0
    assert [s[:2] for s in shown(tmp_path / "d.png")] == TURNS


def test_frames_of_an_animation(cvkit: Command, tmp_path: Path):
    animation(tmp_path / "a.gif")
    assert cvkit("convert", "a.gif", "--frames", "1:3", "-o", "b.gif").code == 0
    assert [s[:2] for s in shown(tmp_path / "b.gif")] == [(0.0, 0.2), (0.2, 0.1)]
    assert cvkit("convert", "a.gif", "--frames", "0:1", "-o", "{stem}_{index}.png").code == 0
    assert cvkit("convert", "a.gif", "-o", "f_{index}.gif").code == 0
    with Pillow.open(tmp_path / "f_5.gif") as still:
        assert not getattr(still, "is_animated")  # noqa: B009 - unknown to its types
    assert cvkit("convert", "a.gif", "--fps", "20", "-o", "c.webp").code == 0
    assert {s[1] for s in shown(tmp_path / "c.webp")} == {0.05}


def test_what_cannot_be(cvkit: Command, tmp_path: Path):
    animation(tmp_path / "a.gif")
    (tmp_path / "still.png").write_bytes(b"")
    for words, said in {
        ("a.gif", "-o", "a.png"): ".apng",
        ("a.gif", "-o", "{stem}.png"): "every frame of a.gif in one picture",
        ("a.gif", "-o", "{index}.apng"): "one frame",
        ("still.png", "-o", "a.apng"): "an animation",
        ("still.png", "-o", "{stem}.apng"): "an animation",
        ("a.gif", "-o", "b.gif", "--codec", "h264"): "--codec has no meaning here",
        ("a.gif", "-o", "b.gif", "--crf", "20"): "--crf has no meaning here",
        ("a.gif", "-o", "b.gif", "--quality", "20"): "--quality has no meaning here",
        ("a.gif", "-o", "b.mp4", "--page", "2"): "--page has no meaning here",
    }.items():
        done = cvkit("gray", *words)
        assert done.code == 2, (words, done.err)
        assert said in done.err
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.gif", "still.png"]


def test_a_damaged_animation_leaves_nothing(cvkit: Command, tmp_path: Path):
    data = animation(tmp_path / "a.gif").read_bytes()
    (tmp_path / "cut.gif").write_bytes(data[: len(data) * 2 // 3])
    done = cvkit("gray", "cut.gif", "-o", "b.gif")
    assert done.code == 3
    assert "cut.gif: damaged after frame" in done.err
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.gif", "cut.gif"]


def test_the_sound_of_a_video_is_said_to_be_left_out(cvkit: Command, tmp_path: Path):
    video(tmp_path / "v.mp4", frames=4)
    done = cvkit("resize", "v.mp4", "--to", "50%", "-o", "v.gif")
    assert done.code == 0
    assert "sound left out: GIF holds none" in done.err
    assert [s[0] for s in shown(tmp_path / "v.gif")] == [0, 0.04, 0.08, 0.12]
    assert "sound" not in cvkit("gray", "v.mp4", "--no-audio", "-o", "w.gif").err


def test_what_is_piped_in_is_called_stdin(cvkit: Command, tmp_path: Path):
    data = animation(tmp_path / "a.webp").read_bytes()
    done = cvkit("gray", "-", stdin=data)
    assert (done.code, done.err) == (0, "stdin.webp → stdin.gray.webp\n")
    assert [s[:2] for s in shown(tmp_path / "stdin.gray.webp")] == TURNS
    done = cvkit("gray", "-", stdin=data[:900])
    assert done.code == 3
    assert "stdin.webp is damaged" in done.err
    assert "cvkit-stdin" not in done.err
    told = json.loads(cvkit("gray", "-", "--json", stdin=data).out)
    assert told["items"][0]["input"] == "stdin.webp"


def test_info_of_what_moves_and_of_what_is_no_file(cvkit: Command, tmp_path: Path):
    animation(tmp_path / "a.gif")
    assert cvkit("convert", "a.gif", "-o", "f/{index}.png").code == 0
    told = json.loads(cvkit("info", "a.gif", "seq:f", "pattern:bars", "--json").out)
    assert [(t["format"], t.get("frames"), t["size"]) for t in told] == [
        *(("gif", 6, [96, 72]), ("sequence", 6, [96, 72]), ("generated", None, [640, 480])),
    ]


def test_names_of_results_without_a_file(cvkit: Command, tmp_path: Path):
    animation(tmp_path / "a.gif")
    assert cvkit("convert", "a.gif", "-o", "shots/f_{index:03d}.png").code == 0
    assert cvkit("gray", "canvas:64x48:tomato").code == 0
    assert cvkit("edges", "pattern:bars").code == 0
    assert cvkit("gray", "seq:shots").code == 0
    assert cvkit("gray", "seq:shots/f_%03d.png", "-o", "f.gif", "--fps", "10").code == 0
    names = {p.name for p in tmp_path.iterdir()}
    assert names == {
        "a.gif",
        "shots",
        "canvas.gray.png",
        "bars.edges.png",
        "shots.gray.mp4",
        "f.gif",
    }
    assert {s[1] for s in shown(tmp_path / "f.gif")} == {0.1}


def test_pictures_of_a_sequence_are_never_overwritten(cvkit: Command, tmp_path: Path):
    animation(tmp_path / "a.gif")
    assert cvkit("convert", "a.gif", "-o", "shots/{index}.png").code == 0
    before = (tmp_path / "shots/0.png").read_bytes()
    done = cvkit("gray", "seq:shots", "-o", "shots/{index}.png", "--overwrite")
    assert done.code != 0
    assert "an input" in done.err
    assert (tmp_path / "shots/0.png").read_bytes() == before


def test_lists_and_patterns_go_where_inputs_written_out_go(cvkit: Command, tmp_path: Path):
    for name in ("in/a.png", "in/b.png"):
        assert cvkit("convert", "canvas:8x8:red", "-o", name).code == 0
    (tmp_path / "list.txt").write_text("in/a.png\nin/b.png\n")
    for inputs in (["in/a.png", "in/b.png"], ["in/*.png"], ["@list.txt"]):
        assert cvkit("gray", *inputs).code == 0
        assert sorted(p.name for p in (tmp_path / "gray").iterdir()) == ["a.png", "b.png"]
        for path in (tmp_path / "gray").iterdir():
            path.unlink()
    assert sorted(os.listdir(tmp_path)) == ["gray", "in", "list.txt"]


def test_noise_follows_the_seed(cvkit: Command, tmp_path: Path):
    for name, seed in (("a", 0), ("b", 0), ("c", 7)):
        words = ["--seed", str(seed)] if seed else []
        assert cvkit("convert", "pattern:noise:32x32", *words, "-o", f"{name}.png").code == 0
    a, b, c = ((tmp_path / f"{name}.png").read_bytes() for name in "abc")
    assert a == b != c
