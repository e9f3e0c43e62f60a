"""What is said to who typed a command on videos: the value, why, and what to do."""

from __future__ import annotations

import wave
from pathlib import Path

import pytest

from tests.conftest import Command
from tests.invariant.media import video
from tests.io.clips import NEEDS_FFMPEG, ffmpeg


@pytest.fixture
def film(tmp_path: Path) -> Path:
    return video(tmp_path / "v.mp4", frames=5)


def test_a_bit_rate_that_is_none_is_named(cvkit: Command, film: Path) -> None:
    done = cvkit("gray", film, "--bitrate", "10", "-o", "a.mp4")
    assert done.code == 2
    assert "--bitrate 10: that is 10 bits a second" in done.err
    assert "try 10M or 10k" in done.err
    assert "preset" not in done.err


def test_sound_is_no_unknown_picture(cvkit: Command, tmp_path: Path) -> None:
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setparams((1, 2, 8000, 800, "NONE", ""))
        file.writeframes(bytes(1600))
    for command in ("gray", "info"):
        done = cvkit(command, "a.wav")
        assert done.code == 3
        assert "a.wav cannot be read: it is sound without a picture" in done.err


def test_what_a_pipe_cannot_be_is_said_with_a_way_out(cvkit: Command, film: Path) -> None:
    done = cvkit("info", "-", stdin=b"x")
    assert (done.code, "info looks at files" in done.err) == (2, True)
    done = cvkit("concat", "-", film, "-o", "all.mp4", stdin=b"x")
    assert "write what it carries to a file" in done.err
    frames = cvkit("gray", film, "-o", "-").out_bytes
    done = cvkit("blur", "-", "--on-corrupt", "salvage", "-o", "b.mp4", stdin=frames)
    assert done.code == 2
    assert "say it to the process that reads the files" in done.err


@pytest.mark.parametrize("name", ["mkv_cut.mkv", "jpeg_cut_50.jpg"])
def test_an_error_from_before_the_pipe_names_its_file_once(
    cvkit: Command, shared: Path, name: str
) -> None:
    before = cvkit("gray", shared / "corrupt" / name, shared / "images/coins.png", "-o", "-")
    done = cvkit("blur", "-", "-o", "out/", stdin=before.out_bytes)
    assert done.code == 6
    told = done.err.partition("failed")[2]
    assert told.count(name) == 1
    assert str(shared) not in told
    assert "salvage" not in told or "salvage before the pipe" in told


def test_nothing_done_is_no_success(cvkit: Command, shared: Path) -> None:
    cut, whole = shared / "corrupt/mkv_cut.mkv", shared / "corrupt/good.mp4"
    assert cvkit("gray", cut, "--on-corrupt", "skip", "-o", "a.mp4").code == 3
    assert cvkit("gray", cut, whole, "--on-corrupt", "skip", "-o", "out/").code == 0


def test_results_where_nothing_gives_any(cvkit: Command, film: Path) -> None:
    done = cvkit("sample", film, "-o", "x.csv")
    assert "x.csv holds results, and no step of sample gives any" in done.err
    assert "-o x.jsonl" in done.err


@NEEDS_FFMPEG
@pytest.mark.parametrize("step", ["gray", "motion"])
def test_a_size_that_changes_costs_one_input(cvkit: Command, tmp_path: Path, step: str) -> None:
    for name, size in (("a", "64x48"), ("b", "96x72")):
        source = ("-f", "lavfi", "-i", f"testsrc2=s={size}:r=25:d=1")
        ffmpeg(*source, "-c:v", "libx264", tmp_path / f"{name}.ts")
    joined = (tmp_path / "a.ts").read_bytes() + (tmp_path / "b.ts").read_bytes()
    (tmp_path / "c.ts").write_bytes(joined)
    for output in ("c.mp4", "c.y4m", "y4m:-"):
        alone = cvkit(step, "c.ts", "-o", output)
        assert alone.code == 3
        assert "frame 25" in alone.err
        assert "resize 64x48" in alone.err
    assert cvkit(step, "c.ts", "a.ts", "-o", "out/").code == 6
    assert (tmp_path / "out/a.ts.mp4").exists() or list((tmp_path / "out").iterdir())
