"""--frames and --duration: which frames are worked on, and that each of them is accounted for."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from cvkit.core.errors import DamagedError, InputError
from cvkit.core.options import RunOptions
from cvkit.core.spec import Spec, Step
from cvkit.core.time import Time
from cvkit.core.values import Image
from cvkit.engine.flow import Flow
from cvkit.engine.report import Event, Report
from cvkit.engine.run import run
from cvkit.engine.selection import Count, foreseen, selected
from cvkit.io.sources.video import open_video

FRAMES = 60


def number(image: Image) -> int:
    """What `film` wrote into a picture."""
    return sum(int(image.gray[16, bit * 16 + 8] > 127) << bit for bit in range(8))


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Frames that say their number in eight bars; a key frame every ten."""
    path = tmp_path_factory.mktemp("film") / "film.mkv"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=30, options={"bf": "2", "crf": "10"})
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 128, 32, "yuv420p"
        stream.codec_context.gop_size = 10
        for index in range(FRAMES):
            bars = np.repeat([(index >> bit & 1) * 255 for bit in range(8)], 16).astype(np.uint8)
            frame = av.VideoFrame.from_ndarray(np.tile(bars, (32, 1)), format="gray")
            out.mux(stream.encode(frame.reformat(format="yuv420p")))
        out.mux(stream.encode(None))
    return path


def chosen(film: Path, counted: Count | None = None, /, **options: str) -> list[int]:
    """Numbers in the pictures, which are those of the frames."""
    with open_video(film) as clip:
        frames = list(
            selected(clip, "film", RunOptions.model_validate(options), counted or Count())
        )
    numbers = [number(frame.photo) for frame in frames if frame.photo is not None]
    assert numbers == [frame.index for frame in frames]
    np.testing.assert_allclose([f.time.seconds for f in frames], np.array(numbers) / 30, atol=1e-3)
    return numbers


@pytest.mark.parametrize(
    ("options", "numbers"),
    [
        ({}, range(60)),
        ({"frames": "10:20"}, range(10, 20)),
        ({"frames": "33:37"}, range(33, 37)),
        ({"frames": "7:"}, range(7, 60)),
        ({"frames": ":5"}, range(5)),
        ({"frames": "41"}, [41]),
        ({"frames": "0:60:25"}, [0, 25, 50]),
        ({"frames": "13:40:10"}, [13, 23, 33]),
        ({"frames": "-5:"}, range(55, 60)),
        ({"frames": "-20:-17"}, range(40, 43)),
        ({"frames": "55:200"}, range(55, 60)),
        ({"frames": "1s:1.2s"}, range(30, 36)),
        ({"frames": "0.5s:20"}, range(15, 20)),
        ({"frames": "-0.1s:"}, range(57, 60)),
        ({"duration": "4f"}, range(4)),
        ({"duration": "0.5s"}, range(15)),
        ({"frames": "20:", "duration": "0.2s"}, range(20, 26)),
        ({"frames": "20:", "duration": "3f"}, range(20, 23)),
    ],
)
def test_the_frames_asked_for_and_no_others(
    film: Path, options: dict[str, str], numbers: Iterator[int]
):
    assert chosen(film, **options) == list(numbers)


@pytest.mark.parametrize("frames", ["60:", "100:120", "5s:6s", "2s:3s"])
def test_a_range_without_a_frame_is_said(film: Path, frames: str):
    with pytest.raises(InputError, match="holds no frame of this video"):
        chosen(film, frames=frames)


def test_what_step_leaves_out_was_read(film: Path):
    count = Count()
    chosen(film, count, frames="0:60:25")
    assert count.read == 60
    count = Count()
    chosen(film, count, frames="30:40")
    assert count.read == 10


def test_nothing_behind_the_last_frame_is_read(film: Path, tmp_path: Path):
    data = film.read_bytes()
    (tmp_path / "cut.mkv").write_bytes(data[: len(data) * 2 // 3])
    for options in ({"frames": "5:30"}, {"duration": "0.9s"}, {"frames": "0.2s:1s"}):
        assert chosen(tmp_path / "cut.mkv", **options)
    with pytest.raises(DamagedError, match="damaged after frame"):
        chosen(tmp_path / "cut.mkv", frames="5:50")


class Pipe:
    """A moving input that can only be read from its start, of unknown length."""

    container, size, notes = "pipe", (8, 8), ()
    rate, time_base, aspect = Fraction(30), Fraction(1, 30), Fraction(1)
    frames_declared = duration = sound = None

    def __iter__(self) -> Iterator[tuple[Time, Image]]:
        image = Image.of(np.zeros((8, 8), np.uint8))
        return ((Time(i, self.time_base), image) for i in itertools.count())


def test_of_a_pipe_the_start_is_passed_over_and_no_end_is_known():
    frames = selected(Pipe(), "pipe", RunOptions(frames="5:8"), Count())  # type: ignore[arg-type]
    assert [frame.index for frame in frames] == [5, 6, 7]
    for edge in ("-5:", "-1s:"):
        with pytest.raises(InputError, match="is not known; count from the start"):
            list(selected(Pipe(), "pipe", RunOptions(frames=edge), Count()))  # type: ignore[arg-type]


def ran(film: Path, *outputs: Path, stage: str = "gray", **options: object) -> Report:
    spec = Spec((Step(stage),), inputs=(str(film),), outputs=tuple(map(str, outputs)), run=options)
    return run(spec)


def test_frames_in_are_frames_out(film: Path, tmp_path: Path):
    report = ran(film, tmp_path / "a.mp4")
    (outcome,) = report.outcomes
    assert (outcome.frames_read, outcome.frames) == (FRAMES, FRAMES)
    assert not [note for note in report.notes if "frames read" in note]


def test_what_step_drops_is_counted_in_the_summary(film: Path, tmp_path: Path):
    report = ran(film, tmp_path / "a.mp4", frames="0:60:25")
    assert "film.mkv: 60 frames read, 3 written" in report.notes


def test_a_frame_that_gets_lost_inside_is_a_fault(
    film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def moving(self, frames, *rest):
        return (self.finish(f) for f in frames if f.index != 7)

    monkeypatch.setattr(Flow, "moving", moving)
    report = ran(film, tmp_path / "a.mp4")
    (outcome,) = report.outcomes
    assert outcome.state == "failed"
    assert outcome.code == 1
    assert "60 frames read, 59 written: no step drops or adds any" in outcome.error
    assert not (tmp_path / "a.mp4").exists()


def test_salvage_is_done_and_marked(shared: Path, tmp_path: Path):
    clip, film, results = shared / "corrupt/webm_cut.webm", tmp_path / "a.mp4", tmp_path / "a.jsonl"
    report = ran(clip, film, results, on_corrupt="salvage")
    (outcome,) = report.outcomes
    assert (outcome.state, report.exit_code) == ("done", 0)
    assert outcome.frames == 7
    (note,) = [note for note in report.notes if "damaged" in note]
    assert "7 whole frames kept; missing after frame 6 (0.292 s) to its end" in note
    lines = [json.loads(line) for line in results.read_text().splitlines()]
    assert [line.get("index") for line in lines[:-1]] == list(range(7))
    gap = lines[-1]["gap"]
    assert lines[-1]["source"] == "webm_cut.webm"
    assert (gap["after"], gap["from"], gap["to"]) == (6, pytest.approx(0.291667), None)
    with open_video(film) as written:
        assert len(list(written)) == 7  # and it is whole


def test_a_table_cannot_mark_a_gap_and_that_is_said(cvkit, shared: Path):
    words = ("contours", shared / "corrupt/webm_cut.webm", "--on-corrupt", "salvage", "-o")
    assert ".csv holds no mark of what is missing; .jsonl and" in cvkit(*words, "a.csv").err
    assert "no mark" not in cvkit(*words, "a.jsonl").err


def test_salvage_of_nothing_fails_and_skip_skips(shared: Path, tmp_path: Path):
    clip = shared / "corrupt/mp4_no_moov.mp4"
    report = ran(clip, tmp_path / "a.mp4", on_corrupt="salvage")
    assert report.exit_code == 3
    assert "nothing can be salvaged" in report.outcomes[0].error
    assert ran(clip, tmp_path / "a.mp4", on_corrupt="skip").outcomes[0].state == "skipped"


def test_an_animation_is_salvaged_too(shared: Path, tmp_path: Path):
    report = ran(shared / "corrupt/gif_cut.gif", tmp_path / "a.mp4", on_corrupt="salvage")
    (outcome,) = report.outcomes
    assert outcome.state == "done"
    assert outcome.gaps[0]["to"] is None
    assert outcome.frames == outcome.gaps[0]["after"] + 1  # type: ignore[operator]


def test_the_json_summary_tells_what_went_in_and_out(cvkit, film: Path, shared: Path):
    done = cvkit("gray", film, "--frames", "0:60:25", "-o", "a.mp4", "--json")
    (item,) = json.loads(done.out)["items"]
    assert (item["frames_read"], item["frames"]) == (60, 3)
    assert "gaps" not in item
    clip = shared / "corrupt/mp4_cut_50.mp4"
    done = cvkit("gray", clip, "--on-corrupt", "salvage", "-o", "b.mp4", "--json")
    (item,) = json.loads(done.out)["items"]
    assert [gap["after"] for gap in item["gaps"]] == [13, 15]
    assert "Last message" not in done.err
    assert "[h264" not in done.err


@pytest.mark.parametrize("words", [("--frames", "5"), ("--duration", "1f"), ("--frames", "-1")])
def test_one_frame_is_a_picture_without_a_number(cvkit, film: Path, words: tuple[str, ...]):
    done = cvkit("gray", film, *words, "-o", "p.png", "-o", "p.mp4")
    assert done.code == 0, done.err
    array = cv2.imread(str(cvkit.folder / "p.png"), cv2.IMREAD_UNCHANGED)
    number = {"5": 5, "1f": 0, "-1": FRAMES - 1}[words[1]]
    assert array is not None
    bits = np.packbits(array[16, 8::16] > 127, bitorder="little")
    assert int(bits[0]) == number
    data = (cvkit.folder / "p.png").read_bytes()
    assert b"acTL" not in data  # no animation
    assert cvkit("gray", film, "--frames", "5:7", "-o", "q.jpg").code == 2


@pytest.mark.parametrize(
    ("options", "frames"),
    [
        ({}, 60),
        ({"frames": "10:40"}, 30),
        ({"frames": "10:40:7"}, 5),
        ({"frames": "-5f:"}, 5),
        ({"frames": "1s:"}, 30),
        ({"frames": "50:900"}, 10),
        ({"duration": "0.5s"}, 15),
        ({"frames": "55:", "duration": "20f"}, 5),
    ],
)
def test_how_many_frames_will_come_is_told_before_they_do(
    film: Path, options: dict[str, str], frames: int
):
    assert len(chosen(film, **options)) == frames
    asked = RunOptions.model_validate(options)
    with open_video(film) as clip:
        clip.frames_declared = None
        assert foreseen(clip, asked) is None
        clip.frames_declared = FRAMES
        assert foreseen(clip, asked) == frames


@pytest.mark.parametrize(
    ("step", "first"),
    [
        (Step("gray"), 1),
        (Step("sample", {"every": "20f"}), 0),
        (Step("background_plate"), 0),
    ],
)
def test_progress_is_told_in_frames_of_the_input(
    film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: Step, first: int
):
    """Also where few of them come out, or one at the end."""
    monkeypatch.setattr("cvkit.engine.items._TELL", -1)
    events: list[Event] = []
    out = tmp_path / ("out.png" if step.stage == "background_plate" else "out.mp4")
    spec = Spec((step,), (str(film),), (str(out),))
    assert run(spec, tell=events.append).exit_code == 0
    told = [event.frames for event in events if event.kind == "frames"]
    assert told == list(range(first, first + FRAMES))
