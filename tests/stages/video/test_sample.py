"""`sample`: which frames are kept, by time, by number, in all, and by what changed."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

import cvkit as library
from cvkit.core.errors import InputError, ParameterError
from cvkit.core.frame import Frame
from cvkit.core.time import Time
from cvkit.core.values import Image
from cvkit.io.stream.spool import FrameSpool
from cvkit.stages.video.sample import Sample
from tests.conftest import Command
from tests.invariant.media import decoded, video


def made(**parameters: object) -> Sample:
    return Sample.model_validate(parameters)


def frames(times: Sequence[Fraction], levels: Sequence[int] | None = None) -> list[Frame]:
    out = []
    for i, at in enumerate(times):
        level = levels[i] if levels is not None else i
        base = Fraction(1, 12000)
        picture = np.full((4, 6, 3), level, np.uint8)
        out.append(Frame.of(Image.of(picture), index=i, time=Time(int(at / base), base)))
    return out


def kept(stage: Sample, given: Sequence[Frame]) -> list[int]:
    state = stage.start()
    out = [f for one in given for f in stage.apply(one, state)]
    return [f.index for f in (*out, *stage.flush(state))]


def at(fps: int, seconds: int) -> list[Fraction]:
    return [Fraction(i, fps) for i in range(fps * seconds)]


@pytest.mark.parametrize("fps", [15, 24, 30, 60])
def test_one_a_second_unasked_is_the_frame_of_each_whole_second(fps: int) -> None:
    assert kept(Sample(), frames(at(fps, 4), [0] * fps * 4)) == [0, fps, 2 * fps, 3 * fps]


def test_a_video_that_does_not_begin_at_zero_counts_from_its_first_frame() -> None:
    late = [Fraction(7, 10) + t for t in at(10, 3)]
    assert kept(made(every="1s"), frames(late)) == [0, 10, 20]


def test_uneven_times_give_the_first_frame_at_or_after_each_turn() -> None:
    times = [Fraction(t, 10) for t in (0, 9, 12, 15, 19, 21, 49, 50)]
    assert kept(made(every="1s"), frames(times)) == [0, 2, 5, 6, 7]


def test_every_tenth_frame_is_counted() -> None:
    assert kept(made(every="10f"), frames(at(25, 2))) == [0, 10, 20, 30, 40]


@pytest.mark.parametrize(
    ("count", "expected"),
    [(1, [0]), (2, [0, 10]), (3, [0, 5, 10]), (6, [0, 2, 4, 6, 8, 10]), (99, list(range(11)))],
)
def test_so_many_in_all_begin_with_the_first_and_end_with_the_last(
    count: int, expected: list[int]
) -> None:
    assert kept(made(count=count), frames(at(11, 1))) == expected


def test_a_file_of_known_length_takes_no_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    video(tmp_path / "v.mp4", frames=20)
    spooled: list[int] = []
    add = FrameSpool.add

    def noting(spool: FrameSpool, frame: Frame) -> None:
        spooled.append(frame.index)
        add(spool, frame)

    monkeypatch.setattr(FrameSpool, "add", noting)
    for number, steps in enumerate(([made(count=3)], [made(every="2f"), made(count=3)])):
        folder = tmp_path / f"{number}"
        report = library.Pipeline(steps).run(tmp_path / "v.mp4", f"{folder}/{{index}}.png")
        assert report.exit_code == 0
    assert {p.name for p in (tmp_path / "0").iterdir()} == {"0.png", "10.png", "19.png"}
    assert {p.name for p in (tmp_path / "1").iterdir()} == {"0.png", "10.png", "18.png"}
    assert spooled == list(range(0, 20, 2))  # only where the length is not known


def test_only_what_changed_is_compared_with_the_last_one_kept() -> None:
    levels = [10, 12, 14, 15, 16, 20, 40, 40, 10]
    assert kept(made(changed="5"), frames(at(9, 1), levels)) == [0, 3, 5, 6, 8]
    assert kept(made(changed="2%"), frames(at(9, 1), levels)) == [0, 4, 6, 8]  # 5.1 levels


def test_every_and_changed_hold_together() -> None:
    levels = [0, 99, 0, 99, 50, 99, 50, 99]
    assert kept(made(every="2f", changed="5"), frames(at(8, 1), levels)) == [0, 4]


def test_the_difference_is_the_mean_of_the_grey_levels() -> None:
    rng = np.random.default_rng(1)
    one, two = (rng.integers(0, 256, (20, 30, 3)).astype(np.uint8) for _ in range(2))
    grey = [cv2.cvtColor(p, cv2.COLOR_BGR2GRAY).astype(float) for p in (one, two)]
    mean = np.abs(grey[0] - grey[1]).mean()
    pair = [Frame.of(Image.of(p), index=i, time=Time(i)) for i, p in enumerate((one, two))]
    assert kept(made(changed=f"{mean - 1e-6}"), pair) == [0, 1]
    assert kept(made(changed=f"{mean + 1e-6}"), pair) == [0]


def test_a_share_means_the_same_at_each_depth() -> None:
    for depth, top in (("uint8", 255), ("uint16", 65535), ("float32", 1)):
        levels = [np.full((2, 2), top * v / 255).astype(depth) for v in (100, 103, 110)]
        given = [Frame.of(Image.of(a), index=i, time=Time(i)) for i, a in enumerate(levels)]
        assert kept(made(changed="2%"), given) == [0, 2], depth


def test_frames_of_another_size_cannot_be_compared() -> None:
    sizes = [Frame.of(Image.of(np.zeros((h, 5), np.uint8))) for h in (4, 5)]
    with pytest.raises(InputError, match="put resize before it"):
        kept(made(changed="1"), sizes)


@pytest.mark.parametrize("words", [{"every": "0s"}, {"every": "-1f"}, {"count": 0}])
def test_nothing_is_no_sample(words: dict[str, object]) -> None:
    with pytest.raises(ParameterError):
        made(**words)


def test_a_count_goes_alone() -> None:
    with pytest.raises(ParameterError, match="count goes without every"):
        made(count=3, every="1s")


def test_the_frames_of_a_video_keep_number_and_time(cvkit: Command, tmp_path: Path) -> None:
    video(tmp_path / "v.mp4", frames=60)
    done = cvkit("sample", "v.mp4", "--count", "3", "-o", "f_{index}.png", "-o", "out.mp4")
    assert done.code == 0, done.err
    assert sorted(p.name for p in tmp_path.glob("f_*")) == ["f_0.png", "f_30.png", "f_59.png"]
    assert len(decoded(tmp_path / "out.mp4")) == 3
    done = cvkit("sample", "v.mp4", "--every", "1s", "-o", "rows.jsonl")
    assert done.code == 0, done.err
    lines = (tmp_path / "rows.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    assert [(r["index"], r["time"]) for r in rows] == [(0, 0), (25, 1), (50, 2)]


@pytest.mark.parametrize("words", ["--every 5f", "--every 0.2s", "--count 4", "--changed 10%"])
def test_every_spelling_keeps_the_same_frames(cvkit: Command, tmp_path: Path, words: str) -> None:
    video(tmp_path / "v.mp4", frames=40)
    assert cvkit("sample", "v.mp4", *words.split(), "then", "gray", "-o", "one.mp4").code == 0
    program = " ".join(cvkit.argv())
    line = f"set -o pipefail; {program} sample v.mp4 {words} -o - | {program} gray - -o pipe.mp4"
    subprocess.run(["bash", "-c", line], cwd=tmp_path, env=cvkit.env(), check=True)
    name, value = words.removeprefix("--").split()
    (tmp_path / "s.yml").write_text(f"cvkit: 1\nsteps:\n- sample: {{{name}: {value}}}\n- gray\n")
    assert cvkit("run", "s.yml", "v.mp4", "-o", "spec.mp4").code == 0
    pipeline = library.Pipeline([made(**{name: value}), library.Gray()])
    report = pipeline.run(tmp_path / "v.mp4", tmp_path / "python.mp4")
    assert report.exit_code == 0
    one = (tmp_path / "one.mp4").read_bytes()
    assert 1 < len(decoded(tmp_path / "one.mp4")) < 40
    for other in ("pipe", "spec", "python"):
        assert (tmp_path / f"{other}.mp4").read_bytes() == one, other


@pytest.mark.parametrize("asked", [{"every": "4s"}, {"every": "40f"}, {"changed": "5"}])
def test_the_last_frame_kept_is_shown_up_to_the_end(asked: dict[str, str]) -> None:
    """Of ten seconds at ten frames a second; a loop does not flash it up for a tenth."""
    given = frames(at(10, 10), [0] * 80 + [9] * 20)
    stage = made(**asked)
    state = stage.start()
    out = [f for one in given for f in stage.apply(one, state)]
    out += stage.flush(state)
    shown = [f.time.exact + f.time.length * f.time.base for f in out]
    assert shown == [*(f.time.exact for f in out[1:]), 10]


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "webm", "gif"])
def test_a_film_of_samples_lasts_as_long_as_before(
    cvkit: Command, tmp_path: Path, suffix: str
) -> None:
    """Also where the last one shown is not the last that the encoder gives."""
    video(tmp_path / "v.mp4", frames=100, sound=False)
    assert cvkit("sample", "v.mp4", "--every", "0.8s", "-o", f"out.{suffix}").code == 0
    with av.open(str(tmp_path / f"out.{suffix}")) as film:
        assert film.duration == pytest.approx(4_000_000, abs=1000)
        assert len(list(film.decode(video=0))) == 5
