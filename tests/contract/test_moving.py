"""Every moving input and every moving output keeps the same promises."""

from __future__ import annotations

import gc
from fractions import Fraction
from pathlib import Path

import pytest

from cvkit.core.errors import CvkitError, DamagedError
from cvkit.engine.outputs import VIDEO
from cvkit.io.codecs.asked import Asked
from cvkit.io.codecs.formats import ANIMATION_SUFFIXES
from cvkit.io.sources.opening import open_moving
from tests.conftest import Command
from tests.contract.moving_files import FRAMES, KINDS, RATE, SIZE, Kind, held, read, source

SUFFIXES = (*VIDEO, *ANIMATION_SUFFIXES)
each_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))


@each_kind
def test_every_frame_comes_once_in_order_at_its_time(kind: Kind, tmp_path: Path):
    frames = read(source(kind, kind.make(tmp_path / kind.name)))
    assert [number for _, number in frames] == list(range(FRAMES))
    start = frames[0][0]
    for number, (seconds, _) in enumerate(frames):
        assert seconds - start == pytest.approx(number / RATE, abs=0.0011)


@each_kind
def test_what_is_said_before_reading_is_true(kind: Kind, tmp_path: Path):
    text = source(kind, kind.make(tmp_path / kind.name))
    with open_moving(text, Asked(fps=Fraction(RATE))) as moving:
        assert moving.size == SIZE
        assert moving.frames_declared in (None, FRAMES)
        assert moving.rate is None or float(moving.rate) == pytest.approx(RATE, rel=0.02)
        length = FRAMES / RATE
        if kind.tells_length and moving.duration is not None:
            assert moving.duration == pytest.approx(length, abs=1.1 / RATE)
        assert moving.sound is None


@each_kind
def test_who_leaves_early_leaves_no_thread_and_no_handle(kind: Kind, tmp_path: Path):
    text = source(kind, kind.make(tmp_path / kind.name))
    read(text)
    gc.collect()
    before = held()
    for taken in (0, 1, 5):
        with open_moving(text, Asked(fps=Fraction(RATE))) as moving:
            frames = iter(moving)
            for _ in range(taken):
                next(frames)
    del moving, frames
    gc.collect()
    assert held() == before


@each_kind
def test_a_cut_file_is_an_error_wherever_its_length_is_known(kind: Kind, tmp_path: Path):
    if kind.name == "numbered":
        pytest.skip("numbered pictures are files of their own")
    whole = kind.make(tmp_path / kind.name).read_bytes()
    cut = tmp_path / f"cut-{kind.name}"
    for part in (0.05, 0.5, 0.9):
        cut.write_bytes(whole[: int(len(whole) * part)])
        said = refusal(str(cut))
        assert said is not None or not kind.tells_length, part
        assert said is None or str(said).startswith(cut.name)
        assert said is None or isinstance(said, DamagedError) or part < 0.1, said


def refusal(text: str) -> CvkitError | None:
    try:
        read(text)
    except CvkitError as error:
        return error
    return None


@each_kind
def test_a_command_reads_it_and_loses_no_frame(kind: Kind, cvkit: Command, tmp_path: Path):
    text = source(kind, kind.make(tmp_path / kind.name))
    more = ("--fps", str(RATE)) if text.startswith("seq:") else ()
    done = cvkit("convert", text, "-o", "out.mkv", *more)
    assert done.code == 0, done.err
    assert [number for _, number in read(str(tmp_path / "out.mkv"))] == list(range(FRAMES))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_output_holds_each_frame_at_its_time(suffix: str, cvkit: Command, tmp_path: Path):
    KINDS["h264.mp4"].make(tmp_path / "v.mp4")
    done = cvkit("convert", "v.mp4", "-o", f"out{suffix}")
    assert done.code == 0, done.err
    frames = read(str(tmp_path / f"out{suffix}"))
    assert [number for _, number in frames] == list(range(FRAMES))
    for number, (seconds, _) in enumerate(frames):
        assert seconds == pytest.approx(number / RATE, abs=0.0011)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_output_has_the_same_bytes_each_time(suffix: str, cvkit: Command, tmp_path: Path):
    KINDS["h264.mp4"].make(tmp_path / "v.mp4")
    for name in ("a", "b"):
        assert cvkit("convert", "v.mp4", "-o", f"{name}{suffix}").code == 0
    assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("chain", ["gray", "threshold", "crop --box 0,0,33,21", "resize 1x1"])
def test_every_output_takes_masks_and_odd_sizes(
    suffix: str, chain: str, cvkit: Command, tmp_path: Path
):
    KINDS["h264.mp4"].make(tmp_path / "v.mp4")
    first, *words = chain.split()
    if words and not words[0].startswith("--"):
        words = ["--to", *words]
    done = cvkit(first, "v.mp4", *words, "-o", f"out{suffix}")
    assert done.code == 0, done.err
    with open_moving(str(tmp_path / f"out{suffix}"), Asked()) as moving:
        assert len(list(moving)) == FRAMES
