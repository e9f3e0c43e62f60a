"""`retime`: other times for all frames, and frames for even times."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from cvkit.core.errors import ParameterError
from cvkit.core.frame import Frame
from cvkit.core.time import Time
from cvkit.core.values import Image, Objects
from cvkit.stages.video.retime import Retime
from tests.conftest import Command
from tests.invariant.media import video
from tests.stages.video.films import levels, run, spelled, starts, stream


def made(**parameters: object) -> Retime:
    return Retime.model_validate(parameters)


@pytest.mark.parametrize("speed", [2, 0.25, 1.5])
def test_a_speed_changes_times_and_no_frame(speed: float) -> None:
    frames = stream(10, 25, start=3, lengths=[1, 2, 1, 1, 3, 1, 1, 1, 1, 1])
    fast = run(made(speed=speed), frames)
    assert levels(fast) == list(range(10))
    begun = Fraction(3, 25)
    exact = [begun + (t - begun) / Fraction(speed) for t in starts(frames)]
    assert starts(fast) == exact


def test_a_length_is_reached_with_the_last_frame_shown_to_its_end() -> None:
    fast = run(made(fit="3s"), stream(10, 5))
    times = starts(fast)
    assert times[0] == 0
    assert float(times[-1]) == pytest.approx(2.7, abs=1e-6)
    assert float(fast[-1].time.length * fast[-1].time.base) == pytest.approx(0.3, abs=1e-6)


def test_a_rate_repeats_and_leaves_out() -> None:
    assert levels(run(made(rate=50), stream(3, 25))) == [0, 0, 1, 1, 2, 2]
    assert levels(run(made(rate=10), stream(6, 30))) == [1, 4]  # nearest, as FFmpeg's fps filter
    even = run(made(rate=50), stream(3, 25))
    assert starts(even) == [Fraction(i, 50) for i in range(6)]
    assert [f.index for f in even] == list(range(6))


def test_the_same_rate_again_changes_nothing_even_with_times_in_milliseconds() -> None:
    frames = [f.at(Time(round(i * 1000 / 30), Fraction(1, 1000)))
              for i, f in enumerate(stream(90, 30))]  # fmt: skip
    again = run(made(rate=30), frames)
    assert levels(again) == list(range(90))
    assert starts(again) == [Fraction(i, 30) for i in range(90)]


def test_uneven_times_become_even_ones() -> None:
    frames = stream(4, 10, lengths=[1, 4, 1, 1])
    assert levels(run(made(rate=10), frames)) == [0, 1, 1, 1, 1, 2, 3]


def test_29_97_is_the_broadcasters_rate() -> None:
    assert run(made(rate=29.97), stream(40, 30))[30].time.exact == Fraction(1001, 1000)


def test_blending_mixes_the_two_frames_around_a_moment() -> None:
    pictures = [Image.of(np.full((2, 2, 3), v, np.uint8)) for v in (0, 100, 200)]
    frames = [Frame.of(p, index=i, time=Time(i, Fraction(1))) for i, p in enumerate(pictures)]
    mixed = run(made(rate=4, blend=True), frames)
    assert levels(f.put(Image.of(f.photo.bgr[..., 0])) for f in mixed if f.photo)[:9] == [
        0, 25, 50, 75, 100, 125, 150, 175, 200,
    ]  # fmt: skip
    assert len(mixed) == 12


def test_what_is_found_goes_with_the_nearer_frame() -> None:
    frames = [f.found(Objects.of([[i, 0, i + 1, 1]], f.grid)) for i, f in enumerate(stream(3, 1))]
    mixed = run(made(rate=4, blend=True), frames)
    found = [f.get(Objects) for f in mixed]
    assert [o.boxes[0][0] for o in found if o is not None][:6] == [0, 0, 1, 1, 1, 1]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ({}, "needs a speed, a length or a rate"),
        ({"speed": 2, "fit": "3s"}, "fit finds the speed"),
        ({"speed": 2, "blend": True}, "add --rate"),
        ({"fit": "10f"}, "must be seconds"),
        ({"speed": 0}, "speed"),
        ({"rate": 1e-9}, "at least 0.001"),
    ],
)
def test_what_cannot_be_is_refused(words: dict[str, object], says: str) -> None:
    with pytest.raises(ParameterError, match=says):
        made(**words)


@pytest.mark.parametrize("words", ["--speed 3", "--rate 30 --blend", "--fit 1s --rate 24"])
def test_every_spelling_gives_the_same_film(cvkit: Command, tmp_path: Path, words: str) -> None:
    video(tmp_path / "v.mp4", frames=20)
    pairs = words.replace("--blend", "--blend true").split()
    stage = made(**{k[2:]: v for k, v in zip(pairs[::2], pairs[1::2], strict=True)})
    spelled(cvkit, tmp_path, "v.mp4", f"retime {words}", stage)


def test_the_file_says_its_rate_and_length(cvkit: Command, tmp_path: Path) -> None:
    video(tmp_path / "v.mp4", frames=50)
    done = cvkit("retime", "v.mp4", "--speed", "0.5", "--rate", "60", "-o", "slow.mp4")
    assert done.code == 0, done.err
    assert cvkit("retime", "v.mp4", "--fit", "5s", "-o", "fit.mp4").code == 0
    with av.open(str(tmp_path / "slow.mp4")) as file:
        assert file.streams.video[0].average_rate == 60
        assert sum(1 for _ in file.decode(video=0)) == 240
    with av.open(str(tmp_path / "fit.mp4")) as file:
        assert file.duration is not None
        assert file.duration / 1e6 == pytest.approx(5, abs=0.001)


def test_one_frame_is_shown_for_the_whole_length() -> None:
    (alone,) = run(made(fit="3s"), stream(1, 25))
    assert alone.time.length * alone.time.base == 3
    assert len(run(made(fit="3s", rate=10), stream(1, 25))) == 30
