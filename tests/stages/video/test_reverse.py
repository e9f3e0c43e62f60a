"""`reverse`: the last frame first, each shown as long as before, memory flat."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from cvkit.stages.video.reverse import Reverse
from tests.conftest import Command
from tests.invariant.media import decoded, heard, video
from tests.stages.video.films import levels, run, spelled, starts, stream


def test_the_last_frame_comes_first_at_even_times() -> None:
    back = run(Reverse(), stream(5, 25))
    assert levels(back) == [4, 3, 2, 1, 0]
    assert [f.index for f in back] == [4, 3, 2, 1, 0]
    assert starts(back) == [Fraction(i, 25) for i in range(5)]


def test_each_is_shown_for_as_long_as_before() -> None:
    back = run(Reverse(), stream(4, 10, start=7, lengths=[1, 5, 2, 2]))
    assert starts(back) == [Fraction(t, 10) for t in (7, 9, 11, 16)]


def test_one_frame_and_none_stay_as_they_are() -> None:
    assert levels(run(Reverse(), stream(1))) == [0]
    assert run(Reverse(), []) == []


def test_twice_is_the_video_itself() -> None:
    frames = stream(9, 30, lengths=[1, 1, 2, 3, 1, 1, 1, 2, 2])
    twice = run(Reverse(), run(Reverse(), frames))
    assert levels(twice) == levels(frames)
    assert starts(twice) == starts(frames)


def test_every_spelling_plays_it_backwards(cvkit: Command, tmp_path: Path) -> None:
    video(tmp_path / "v.mp4", frames=20)
    spelled(cvkit, tmp_path, "v.mp4", "reverse", Reverse())
    done = cvkit("reverse", "v.mp4", "-o", "back.mp4", "--crf", "0")
    assert "sound left out" in done.err
    assert heard(tmp_path / "v.mp4")
    one, back = decoded(tmp_path / "v.mp4"), decoded(tmp_path / "back.mp4")
    assert [p for p, _ in back] == [p for p, _ in one]
