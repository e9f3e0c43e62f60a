"""`concat`: inputs of every kind as one film, times following on, sound in its place."""

from __future__ import annotations

import json
import subprocess
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

import cvkit as library
from cvkit.core.errors import ChainError, InputError, ParameterError
from cvkit.core.frame import Frame
from cvkit.core.spec import Step
from cvkit.core.values import Image, Objects
from cvkit.engine import plan
from cvkit.stages.video.concat import Concat
from tests.conftest import Command
from tests.invariant.media import decoded, heard, photo, video
from tests.stages.video.films import run


def made(**parameters: object) -> Concat:
    return Concat.model_validate(parameters)


def times(path: Path) -> list[Fraction]:
    with av.open(str(path)) as file:
        base = file.streams.video[0].time_base
        assert base is not None
        return [f.pts * base for f in file.decode(video=0) if f.pts is not None]


def slow(path: Path, frames: int = 6) -> Path:
    """A window of the same size at 10 frames a second, its times in 1/1000, without sound."""
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        for i in range(frames):
            picture = np.ascontiguousarray(photo((480, 360))[i * 8 :, :][:120, 100:260])
            file.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
        file.mux(stream.encode())
    return path


def test_times_follow_on_whatever_the_rates(cvkit: Command, tmp_path: Path) -> None:
    video(tmp_path / "a.mp4", frames=10)
    slow(tmp_path / "b.mkv")
    done = cvkit("concat", "a.mp4", "b.mkv", "a.mp4", "-o", "all.mp4", "-o", "all.jsonl")
    assert done.code == 0, done.err
    expected = [
        *(Fraction(i, 25) for i in range(10)),
        *(Fraction(10, 25) + Fraction(i, 10) for i in range(6)),
        *(Fraction(1) + Fraction(i, 25) for i in range(10)),
    ]
    assert times(tmp_path / "all.mp4") == expected
    rows = [json.loads(line) for line in (tmp_path / "all.jsonl").read_text().splitlines()]
    assert [r["index"] for r in rows] == list(range(26))
    assert [r["source"] for r in rows] == ["a.mp4"] * 10 + ["b.mkv"] * 6 + ["a.mp4"] * 10
    assert [r["time"] for r in rows] == [float(t) for t in expected]
    assert "b.mkv has no sound: silent there" in done.err


@pytest.mark.parametrize("kind", ["mp4", "mkv", "webm"])
def test_a_silent_part_is_silent_and_the_others_are_heard(
    cvkit: Command, tmp_path: Path, kind: str
) -> None:
    video(tmp_path / "a.mp4", frames=25)
    cv2.imwrite(str(tmp_path / "p.png"), photo((160, 120)))
    done = cvkit("concat", "p.png", "a.mp4", "p.png", "a.mp4", "--still", "2s", "-o", f"o.{kind}")
    assert done.code == 0, done.err
    assert "p.png has no sound: silent there" in done.err
    with av.open(str(tmp_path / f"o.{kind}")) as file:
        parts = [(f.time or 0, np.abs(f.to_ndarray()).max()) for f in file.decode(audio=0)]
    loud = [at for at, level in parts if level > 0.1]
    assert all(1.9 < at < 3.05 or 4.9 < at < 6.05 for at in loud)
    assert min(loud) == pytest.approx(2, abs=0.08)
    assert max(loud) == pytest.approx(6, abs=0.15)


def test_pictures_are_those_of_each_input(cvkit: Command, tmp_path: Path) -> None:
    video(tmp_path / "a.mp4", frames=5)
    slow(tmp_path / "b.mkv", frames=3)
    assert cvkit("concat", "a.mp4", "b.mkv", "-o", "f/{index}.png").code == 0
    assert cvkit("convert", "a.mp4", "-o", "a/{index}.png").code == 0
    assert cvkit("convert", "b.mkv", "-o", "b/{index}.png").code == 0
    apart = [*(f"a/{i}.png" for i in range(5)), *(f"b/{i}.png" for i in range(3))]
    for number, name in enumerate(apart):
        one, two = (cv2.imread(str(tmp_path / p)) for p in (f"f/{number}.png", name))
        np.testing.assert_array_equal(one, two)


def test_sound_follows_its_film_to_within_a_frame(cvkit: Command, tmp_path: Path) -> None:
    one = video(tmp_path / "v.mp4", frames=25)
    done = cvkit("concat", "v.mp4", "v.mp4", "v.mp4", "-o", "all.mp4")
    assert done.code == 0, done.err
    alone, joined = heard(one), heard(tmp_path / "all.mp4")
    assert 3 * len(alone) - 4 <= len(joined) <= 3 * len(alone)
    assert joined[: len(alone) - 2] == alone[: len(alone) - 2]
    with av.open(str(tmp_path / "all.mp4")) as file:
        packets = [(float(p.pts * p.time_base), bytes(p)) for p in file.demux(audio=0) if p.pts]
    middle = alone[len(alone) // 2]
    with av.open(str(one)) as file:
        at = [
            float(p.pts * p.time_base) for p in file.demux(audio=0) if p.pts if bytes(p) == middle
        ]
    again = [t for t, data in packets if data == middle]
    assert len(again) == 3 * len(at)
    for number in range(3):
        assert abs(again[number * len(at)] - at[0] - number) < 0.04


def test_pictures_are_shown_for_a_while(cvkit: Command, tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "p.png"), photo((160, 120)))
    slow(tmp_path / "b.mkv", frames=5)
    cv2.imwrite(str(tmp_path / "q.png"), cv2.cvtColor(photo((160, 120)), cv2.COLOR_BGR2GRAY))
    done = cvkit("concat", "b.mkv", "p.png", "q.png", "--still", "1.5s", "-o", "all.mp4")
    assert done.code == 0, done.err
    assert times(tmp_path / "all.mp4") == [Fraction(i, 10) for i in range(5 + 15 + 15)]
    assert cvkit("concat", "p.png", "q.png", "-o", "slides.mp4").code == 0
    assert times(tmp_path / "slides.mp4") == [Fraction(i, 25) for i in range(150)]


@pytest.mark.parametrize("fit", ["contain", "cover", "stretch"])
def test_other_sizes_fit_and_boxes_with_them(fit: str) -> None:
    first = Frame.of(Image.of(np.zeros((120, 160, 3), np.uint8)))
    white = Image.of(np.full((100, 50, 3), 255, np.uint8))
    second = Frame.of(white).found(Objects.of([[0, 0, 50, 100]], white.grid))
    out = run(made(fit=fit, fill="blue"), [first, second])[1]
    assert out.size == (160, 120)
    assert out.photo is not None
    bars = (out.photo.bgr == (255, 0, 0)).all(-1).mean()
    assert bars == pytest.approx(100 / 160 if fit == "contain" else 0, abs=0.01)
    objects = out.get(Objects)
    assert objects is not None
    expected = [50, 0, 110, 120] if fit == "contain" else [0, 0, 160, 120]
    np.testing.assert_allclose(objects.boxes[0], expected, atol=1)
    if fit == "cover":
        corners = out.grid.points_to_source(np.array([[0.0, 0], [160, 120]]))
        np.testing.assert_allclose(corners, [[0, 31.25], [50, 68.75]], atol=0.3)


def test_another_size_without_a_fit_is_refused_by_name(cvkit: Command, tmp_path: Path) -> None:
    video(tmp_path / "a.mp4", frames=3)
    cv2.imwrite(str(tmp_path / "b.png"), photo((50, 40)))
    done = cvkit("concat", "a.mp4", "b.png", "-o", "all.mp4")
    assert done.code == 3
    assert "b.png is 50×40, and the film began as 160×120" in done.err
    assert "--fit contain, cover or stretch" in done.err
    assert not (tmp_path / "all.mp4").exists()


def test_a_damaged_input_ends_the_run_and_nothing_is_written(
    cvkit: Command, tmp_path: Path
) -> None:
    whole = video(tmp_path / "a.mp4", frames=40).read_bytes()
    (tmp_path / "b.mp4").write_bytes(whole[: len(whole) // 2])
    done = cvkit("concat", "a.mp4", "b.mp4", "-o", "all.mp4", "-o", "all.jsonl")
    assert done.code == 3
    assert "b.mp4: damaged" in done.err
    assert not (tmp_path / "all.mp4").exists()
    assert not (tmp_path / "all.jsonl").exists()


def test_salvage_marks_where_something_is_missing(
    cvkit: Command, tmp_path: Path, shared: Path
) -> None:
    whole, cut = shared / "video/gesture.mkv", shared / "corrupt/mkv_cut.mkv"
    words = ["--on-corrupt", "salvage", "-o", "all.jsonl"]
    done = cvkit("concat", whole, cut, whole, *words)
    assert done.code == 0, done.err
    assert "mkv_cut.mkv: damaged" in done.err
    rows = [json.loads(line) for line in (tmp_path / "all.jsonl").read_text().splitlines()]
    frames = [r for r in rows if "gap" not in r]
    (gap,) = (r["gap"] for r in rows if "gap" in r)
    good = sum(r["source"] == "mkv_cut.mkv" for r in frames)
    assert len(frames) == 77 + good + 77
    assert gap["after"] == 77 + good - 1
    assert frames[gap["after"]]["time"] < gap["from"] <= frames[gap["after"] + 1]["time"] + 0.05
    assert gap["why"].startswith("mkv_cut.mkv: ")


def test_the_last_second_of_the_whole_film(cvkit: Command, tmp_path: Path) -> None:
    video(tmp_path / "a.mp4", frames=10)
    cv2.imwrite(str(tmp_path / "p.png"), photo((160, 120)))
    words = ["--still", "2s", "--frames", "-1s:", "-o", "rows.jsonl"]
    assert cvkit("concat", "a.mp4", "p.png", *words).code == 0
    rows = [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text().splitlines()]
    assert [r["index"] for r in rows] == list(range(35, 60))


def test_an_input_that_would_be_overwritten_is_refused(cvkit: Command, tmp_path: Path) -> None:
    for name in ("a.mp4", "b.mp4"):
        video(tmp_path / name, frames=3, sound=False)
    done = cvkit("concat", "a.mp4", "b.mp4", "-o", "b.mp4", "--overwrite")
    assert done.code == 2
    assert "an input is never overwritten" in done.err


@pytest.mark.parametrize("sound", [True, False])
def test_every_spelling_joins_alike(cvkit: Command, tmp_path: Path, sound: bool) -> None:
    (tmp_path / "in").mkdir()
    video(tmp_path / "in" / "a.mp4", frames=6, sound=sound)
    video(tmp_path / "in" / "b.mp4", frames=9, sound=sound)
    names = ["in/a.mp4", "in/b.mp4"]
    assert cvkit("concat", *names, "then", "gray", "-o", "one.mp4").code == 0
    expected = decoded(tmp_path / "one.mp4")
    assert len(expected) == 15
    (tmp_path / "list.txt").write_text("\n".join(names))
    (tmp_path / "s.yml").write_text("cvkit: 1\nsteps:\n- concat\n- gray\n")
    for other, words in {
        "folder": ["concat", "in", "then", "gray"],
        "glob": ["concat", "in/*.mp4", "then", "gray"],
        "list": ["concat", "@list.txt", "then", "gray"],
        "spec": ["run", "s.yml", *names],
    }.items():
        done = cvkit(*words, "-o", f"{other}.mp4")
        assert done.code == 0, done.err
        assert (tmp_path / f"{other}.mp4").read_bytes() == (tmp_path / "one.mp4").read_bytes()
    report = library.Pipeline([Concat(), library.Gray()]).run(
        [tmp_path / n for n in names], tmp_path / "python.mp4"
    )
    assert report.exit_code == 0
    assert (tmp_path / "python.mp4").read_bytes() == (tmp_path / "one.mp4").read_bytes()
    program = " ".join(cvkit.argv())
    line = f"{program} gray in -o - | {program} concat - -o pipe.mp4"
    piped = subprocess.run(["bash", "-c", f"set -o pipefail; {line}"], cwd=tmp_path,
                           env=cvkit.env(), check=True, capture_output=True)  # fmt: skip
    assert (b"sound left out: of a frame stream" in piped.stderr) == sound
    assert decoded(tmp_path / "pipe.mp4") == expected
    if not sound:
        assert (tmp_path / "pipe.mp4").read_bytes() == (tmp_path / "one.mp4").read_bytes()


def test_without_an_output_it_is_named_after_the_folder_or_the_step(
    cvkit: Command, tmp_path: Path
) -> None:
    (tmp_path / "trip").mkdir()
    for name in ("trip/a.mp4", "trip/b.mp4"):
        video(tmp_path / name, frames=3, sound=False)
    assert cvkit("concat", "trip").code == 0
    assert cvkit("concat", "trip/a.mp4", "trip/b.mp4").code == 0
    assert cvkit("concat", "trip/a.mp4", "trip/b.mp4", "then", "gray").code == 0
    made = {p.name for p in tmp_path.glob("*.mp4")}
    assert made == {"trip.concat.mp4", "concat.mp4", "concat.gray.mp4"}


def test_a_picture_through_a_pipe_is_a_film_too(cvkit: Command, tmp_path: Path) -> None:
    data = cv2.imencode(".png", photo((160, 120)))[1].tobytes()
    done = cvkit("concat", "-", "--still", "0.4s", "-o", "one.mp4", stdin=data)
    assert done.code == 0, done.err
    assert len(decoded(tmp_path / "one.mp4")) == 10


def test_it_is_the_first_step() -> None:
    with pytest.raises(ChainError, match="make concat the first step"):
        plan.fit([Step("gray", {}), Step("concat", {})])


@pytest.mark.parametrize("words", [{"still": "0s"}, {"still": "10f"}, {"fit": "crop"}])
def test_what_cannot_be_is_refused(words: dict[str, object]) -> None:
    with pytest.raises(ParameterError):
        made(**words)


def test_a_size_is_that_of_the_first_frame_of_each_stream() -> None:
    small, large = (Frame.of(Image.of(np.zeros((n, n), np.uint8))) for n in (4, 8))
    assert [f.size for f in run(made(fit="stretch"), [large, small])] == [(8, 8), (8, 8)]
    with pytest.raises(InputError, match="8×8, and the film began as 4×4"):
        run(Concat(), [small, large])
