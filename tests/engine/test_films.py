"""Films that runs write: in sync, in scenes, whole or absent, and the same bytes again."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import pytest

from cvkit.engine.templates import checked
from cvkit.io.sources.video import open_video
from tests.conftest import Command
from tests.io.clap import clap, claps

FRAME = 1 / 25
CLAPS = (0.8, 1.72, 3.0)
SCENES = ((0, 40), (1.2, 170), (2.4, 90))
EARLY = (0.4, 1.6, 2.8)
"""Claps so soon after a cut that none begins a scene."""


def times(path: Path) -> list[float]:
    with open_video(path) as clip:
        return [at.seconds for at, _ in clip]


@pytest.mark.parametrize("kind", ["mp4", "mov", "mkv", "webm"])
@pytest.mark.parametrize(
    ("codec", "source"),
    [("aac", "mp4"), ("aac", "mkv"), ("libopus", "webm"), ("libmp3lame", "mkv"),
     ("pcm_s16le", "mov"), ("libopus", "mkv")],
)  # fmt: skip
def test_flash_and_beep_stay_together(
    cvkit: Command, tmp_path: Path, codec: str, source: str, kind: str
):
    clap(tmp_path / f"in.{source}", CLAPS, codec=codec)
    before = claps(tmp_path / f"in.{source}")
    assert before.apart < FRAME
    assert cvkit("flip", f"in.{source}", "-o", f"out.{kind}").code == 0
    after = claps(tmp_path / f"out.{kind}")
    assert after.apart < FRAME
    assert after.flashes == pytest.approx(before.flashes, abs=0.001)


@pytest.mark.parametrize("kind", ["mp4", "mkv", "webm"])
@pytest.mark.parametrize("source", ["mp4", "mkv"])
@pytest.mark.parametrize(("video", "sound"), [(0.52, 0), (0, 0.61), (0.28, 0.4)])
def test_sound_and_picture_that_begin_late(
    cvkit: Command, tmp_path: Path, video: float, sound: float, source: str, kind: str
):
    clap(tmp_path / f"in.{source}", CLAPS, video_from=video, sound_from=sound)
    assert cvkit("flip", f"in.{source}", "-o", f"out.{kind}").code == 0
    assert claps(tmp_path / f"out.{kind}").apart < FRAME


@pytest.mark.parametrize("kind", ["mp4", "mkv", "webm"])
def test_uneven_frames_keep_their_times_and_their_sound(cvkit: Command, tmp_path: Path, kind: str):
    ticks = [*range(0, 900, 33), 950, 1200, *range(1203, 1700, 50), *range(1720, 4000, 17)]
    clap(tmp_path / "in.mp4", CLAPS, ticks=ticks)
    done = cvkit("flip", "in.mp4", "-o", f"out.{kind}")
    assert done.code == 0, done.err
    assert claps(tmp_path / f"out.{kind}").apart < FRAME
    before, after = times(tmp_path / "in.mp4"), times(tmp_path / f"out.{kind}")
    assert len(before) == len(after) == len(ticks)
    assert after == pytest.approx(before, abs=0 if kind == "mp4" else 0.0005)


def test_a_film_of_the_web_keeps_its_uneven_times(cvkit: Command, shared: Path, tmp_path: Path):
    source = shared / "video" / "bottles_vfr.mp4"
    for kind in ("mp4", "mkv", "webm"):
        assert cvkit("resize", source, "--to", "64x", "-o", f"a.{kind}").code == 0
    before = times(source)
    assert times(tmp_path / "a.mp4") == before  # to the tick
    assert len({round(b - a, 4) for a, b in pairwise(before)}) > 1
    for kind in ("mkv", "webm"):
        assert times(tmp_path / f"a.{kind}") == pytest.approx(before, abs=0.0005)


def test_fps_gives_new_times_and_says_what_becomes_of_the_sound(cvkit: Command, tmp_path: Path):
    clap(tmp_path / "in.mp4", CLAPS)
    done = cvkit("flip", "in.mp4", "--fps", "10", "-o", "out.mp4")
    assert "sound left out: --fps changes the frames' times" in done.err
    assert times(tmp_path / "out.mp4") == pytest.approx([i / 10 for i in range(100)])
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert not container.streams.audio
        assert (container.duration or 0) / 1e6 == pytest.approx(10)


def test_no_audio_drops_the_sound(cvkit: Command, tmp_path: Path):
    clap(tmp_path / "in.mp4", CLAPS)
    assert cvkit("flip", "in.mp4", "--no-audio", "-o", "out.mp4").code == 0
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert not container.streams.audio


@pytest.mark.parametrize("kind", ["mp4", "mkv", "webm"])
def test_scenes_are_films_of_their_own(cvkit: Command, tmp_path: Path, kind: str):
    clap(tmp_path / "in.mp4", EARLY, levels=SCENES)
    name = f"out/{{stem}}_{{index:02d}}.{kind}"
    done = cvkit("scene-cut", "in.mp4", "--method", "histogram", "-o", name)
    assert done.code == 0, done.err
    parts = sorted((tmp_path / "out").iterdir())
    assert [p.name for p in parts] == [f"in_{i:02d}.{kind}" for i in range(3)]
    assert done.out.split() == [f"out/{p.name}" for p in parts]
    shown = [times(p) for p in parts]
    assert [len(one) for one in shown] == [30, 30, 40]
    for one in shown:
        assert one == pytest.approx([i / 25 for i in range(len(one))], abs=0.0006)
    for part, length in zip(parts, (1.2, 1.2, 1.6), strict=True):
        heard = claps(part)
        assert heard.flashes == pytest.approx([0.4], abs=0.001)
        assert heard.apart < FRAME
        with av.open(str(part)) as container:
            assert (container.duration or 0) / 1e6 == pytest.approx(length, abs=0.05)


def test_a_pipe_splits_the_same(cvkit: Command, tmp_path: Path):
    clap(tmp_path / "in.mp4", EARLY, levels=SCENES)
    found = ("scene-cut", "in.mp4", "--method", "histogram")
    assert cvkit(*found, "then", "gray", "-o", "a_{index}.mp4").code == 0
    stream = cvkit(*found, "-o", "-")
    assert cvkit("gray", "-", "-o", "b_{index}.mp4", stdin=stream.out_bytes).code == 0
    for index in range(3):
        one, two = (tmp_path / f"{name}_{index}.mp4" for name in "ab")
        assert one.read_bytes() == two.read_bytes()
    assert len(list(tmp_path.glob("[ab]_*"))) == 6


def test_scenes_overwrite_nothing(cvkit: Command, tmp_path: Path):
    clap(tmp_path / "in.mp4", EARLY, levels=SCENES)
    found = ("scene-cut", "in.mp4", "--method", "histogram")
    (tmp_path / "s_1.mp4").write_bytes(b"mine")
    done = cvkit(*found, "-o", "s_{index}.mp4")
    assert done.code == 5
    assert "s_1.mp4 exists" in done.err
    assert (tmp_path / "s_1.mp4").read_bytes() == b"mine"
    assert not list(tmp_path.glob(".cvkit-*"))
    assert cvkit(*found, "-o", "s_{index}.mp4", "--overwrite").code == 0
    assert len(times(tmp_path / "s_1.mp4")) == 30
    done = cvkit("gray", "in.mp4", "-o", "t_{index}.mp4")
    assert (done.code, "no step finds any" in done.err) == (2, True)
    done = cvkit(*found, "-o", "t_{label}.mp4")
    assert (done.code, "a video has no {label}" in done.err) == (2, True)


def test_printf_numbers_are_indices(cvkit: Command, tmp_path: Path):
    clap(tmp_path / "in.mp4", CLAPS)
    assert cvkit("gray", "in.mp4", "--frames", "3:6", "-o", "f_%05d.png").code == 0
    assert sorted(p.name for p in tmp_path.glob("f_*")) == [f"f_0000{i}.png" for i in (3, 4, 5)]
    assert checked("%d.png") == "{index:d}.png"
    assert checked("a%%05d_%3d.png") == "a%05d_{index:3d}.png"
    assert checked("50%.png") == "50%.png"
    assert checked("100%%_off.png") == "100%%_off.png"


def test_raw_video_is_a_file_too(cvkit: Command, tmp_path: Path):
    clap(tmp_path / "in.mp4", CLAPS)
    done = cvkit("flip", "in.mp4", "-o", "a.y4m")
    assert done.code == 0
    assert "sound left out: y4m holds none" in done.err
    data = (tmp_path / "a.y4m").read_bytes()
    assert data.startswith(b"YUV4MPEG2 W96 H64 F")
    assert data.count(b"FRAME\n") == 100


WORDS = [
    (("--codec", "prores"), "a.mp4", "prores does not go into mp4"),
    (("--crf", "20", "--codec", "ffv1"), "a.mkv", "ffv1 takes no --crf"),
    (("--pix-fmt", "yuv444p"), "out/", "fine"),
    (("--preset", "hasty"), "out/", "libx264 has no preset hasty\n  it has ultrafast"),
    (("--bitrate", "fast"), "a.mp4", "--bitrate fast: it is bits a second"),
]


@pytest.mark.parametrize(("options", "out", "message"), WORDS)
def test_what_cannot_be_encoded_is_said_before_any_pixel(
    cvkit: Command, tmp_path: Path, options: tuple[str, ...], out: str, message: str
):
    clap(tmp_path / "in.mp4", CLAPS)
    done = cvkit("flip", "in.mp4", *options, "-o", out, "--dry-run")
    assert (done.code, message in done.err) == ((0, False) if message == "fine" else (2, True))


@pytest.mark.parametrize("kind", ["mp4", "mov", "mkv", "webm"])
def test_two_runs_at_other_seconds_are_the_same_bytes(cvkit: Command, tmp_path: Path, kind: str):
    clap(tmp_path / "in.mp4", CLAPS)
    seen = set()
    for _ in range(2):
        done = cvkit("flip", "in.mp4", "-o", f"a.{kind}", "--overwrite")
        assert done.code == 0
        seen.add(hashlib.sha256((tmp_path / f"a.{kind}").read_bytes()).hexdigest())
        time.sleep(1.1)
    assert len(seen) == 1
    assert cvkit("flip", "in.mp4", "-o", f"c.{kind}", "--no-audio").code == 0
    data = (tmp_path / f"c.{kind}").read_bytes()  # the sound is not of our making
    assert not any(word in data for word in (b"Lavf6", b"Lavc6", b"x264 - core"))
    if kind in ("mp4", "mov"):
        assert data.index(b"moov") < data.index(b"mdat")


def test_a_killed_run_leaves_no_file_under_its_name(cvkit: Command, tmp_path: Path):
    clap(tmp_path / "in.mp4", CLAPS, seconds=40)
    process = cvkit.start("blur", "in.mp4", "--size", "31px", "-o", "out.mp4")
    give_up = time.monotonic() + 20
    while not list(tmp_path.glob(".cvkit-*")) and time.monotonic() < give_up:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert not (tmp_path / "out.mp4").exists()


def test_a_full_disk_ends_the_run_and_leaves_nothing(cvkit: Command, tmp_path: Path):
    clap(tmp_path / "in.mp4", CLAPS, seconds=8)
    code = (
        "import resource, signal, runpy, sys\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))\n"
        "sys.argv[0] = 'cvkit'\n"
        "runpy.run_module('cvkit', run_name='__main__')\n"
    )
    words = [sys.executable, "-c", code, "flip", "in.mp4", "--codec", "mjpeg", "-o", "out.mov"]
    environment = {**cvkit.env(), "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, check=False)
    assert done.returncode == 5, done.stderr
    assert b"File too large" in done.stderr
    assert sorted(os.listdir(tmp_path)) == ["in.mp4"]


def test_the_first_frame_after_zero_and_the_length_of_the_last(cvkit: Command, tmp_path: Path):
    clap(tmp_path / "in.mp4", CLAPS, video_from=0.52)
    assert cvkit("flip", "in.mp4", "-o", "out.mp4").code == 0
    assert times(tmp_path / "out.mp4")[0] == pytest.approx(times(tmp_path / "in.mp4")[0])
    with av.open(str(tmp_path / "out.mp4")) as container:
        stream = container.streams.video[0]
        packets = [p for p in container.demux(stream) if p.pts is not None]
        last = max(packets, key=lambda p: p.pts or 0)
        assert (last.duration or 0) * (stream.time_base or 0) == Fraction(1, 25)


def test_a_film_of_uneven_frames_ends_when_its_source_does(cvkit: Command, shared: Path):
    assert cvkit("flip", shared / "video/bottles_vfr.mp4", "-o", "a.mp4").code == 0
    with av.open(str(cvkit.folder / "a.mp4")) as file:
        stream = file.streams.video[0]
        assert stream.duration is not None
        assert stream.time_base is not None
        # The last one is shown from 5.866 s for 0.034 s, not for the mean of 0.058 s.
        assert float(stream.duration * stream.time_base) == pytest.approx(5.8994, abs=0.002)
