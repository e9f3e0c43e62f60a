"""Progress while a run goes, and what is said after it."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from cvkit.cli import summary
from cvkit.cli.arguments import ShellOptions
from cvkit.cli.fetching import Fetching
from cvkit.cli.progress import Progress, span, told
from cvkit.cli.summary import tell
from cvkit.cli.table import show_table
from cvkit.core.errors import OutputError
from cvkit.core.spec import Spec
from cvkit.core.values import Cell
from cvkit.engine.report import Event, Item, Outcome, Report, Table
from tests.conftest import ROOT, Command
from tests.invariant.media import video

SAMPLES = ROOT / "samples"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def event(done: int, **more: object) -> Event:
    return Event("item", name="a.jpg", done=done, total=100, **more)  # type: ignore[arg-type]


def outcome(number: int, state: str = "done", error: str = "") -> Outcome:
    item = Item(number, f"{number}.jpg", f"in/{number}.jpg", moving=False)
    written = [f"out/{number}.png"] if state == "done" else []
    return Outcome(item, state, written, error)  # type: ignore[arg-type]


def test_a_short_run_shows_no_bar():
    clock, stream = Clock(), Terminal()
    with Progress(stream, "bars", clock=clock) as progress:
        for at in range(5):
            clock.now = at * 0.1
            progress(event(at))
    assert stream.getvalue() == ""


def test_a_longer_run_shows_a_bar_and_takes_it_away():
    clock, stream = Clock(), Terminal()
    with Progress(stream, "bars", clock=clock) as progress:
        clock.now = 1.0
        progress(event(25, failed=2))
        progress(Event("note", text="alpha was laid over white"))
    drawn = stream.getvalue()
    assert "25/100" in drawn
    assert "2 failed" in drawn
    assert "alpha was laid over white" in drawn


def test_without_a_terminal_a_line_comes_every_five_seconds():
    clock, stream = Clock(), io.StringIO()
    with Progress(stream, "lines", clock=clock) as progress:
        for second in range(12):
            clock.now = float(second)
            progress(event(second * 2))
    assert stream.getvalue().splitlines() == [
        "10 of 100, 2.0/s, about 45 s left: a.jpg",
        "20 of 100, 2.0/s, about 40 s left: a.jpg",
    ]


@pytest.mark.parametrize(
    ("shell", "shown"),
    [(ShellOptions(quiet=True), ""), (ShellOptions(progress=False), "a note\n")],
)
def test_nothing_is_shown_where_nothing_is_wanted(shell: ShellOptions, shown: str):
    """A note, such as a model's licence, is no progress."""
    stream = Terminal()
    with Progress.of(shell, stream) as progress:
        progress(Event("note", text="a note"))
        progress(event(5))
        progress(Event("fetch", "a.onnx", 1, 10))
    assert stream.getvalue() == shown


def test_a_download_is_a_line_every_few_seconds_where_there_is_no_terminal():
    now = [0.0]
    stream = io.StringIO()
    fetching = Fetching(stream, bars=False, clock=lambda: now[0])
    for second in range(12):
        now[0] = float(second)
        fetching("a.pt", second * 1_000_000, 22_588_772)
    fetching("a.pt", 22_588_772, 22_588_772)
    fetching("b.pt", 0, None)
    assert stream.getvalue().splitlines() == [
        "fetching a.pt: 0.0 MB of 22.6 MB",
        "fetching a.pt: 5.0 MB of 22.6 MB",
        "fetching a.pt: 10.0 MB of 22.6 MB",
        "fetching a.pt: 22.6 MB of 22.6 MB",
        "fetching b.pt: 0.0 MB",
    ]


def test_a_download_is_a_bar_on_a_terminal():
    stream = Terminal()
    with Progress(stream, "bars") as progress:
        progress(Event("fetch", "yolov8n.pt", 1_000_000, 6_549_796))
        progress(Event("fetch", "yolov8n.pt", 3_000_000, 6_549_796))
    assert "yolov8n.pt" in stream.getvalue()
    assert "6.5 MB" in stream.getvalue()


def test_frames_of_a_video_are_counted():
    line = told(Event("frames", name="v.mp4", total=1, frames=300, frames_total=450), 10.0)
    assert line == "300 of 450 frames, 30/s, about 5.0 s left: v.mp4"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.41, "0.4 s"), (12.4, "12 s"), (185, "3 min 05 s"), (7805, "2 h 10 min")],
)
def test_spans_are_written_as_people_say_them(seconds: float, text: str):
    assert span(seconds) == text


def test_many_inputs_are_summed_up_and_the_failed_named(capsysbinary: pytest.CaptureFixture[bytes]):
    failed = [outcome(n, "failed", f"in/{n}.jpg: it is cut") for n in range(2, 14)]
    report = Report([outcome(0), outcome(1), *failed], seconds=2.0, not_media=3)
    tell(Spec(), ShellOptions(), report)
    out, err = capsysbinary.readouterr()
    assert out == b"out/0.png\nout/1.png\n"
    lines = err.decode().splitlines()
    assert lines[0] == (
        "2 of 14 done in 2.0 s (1.0/s) → out/; 12 failed, 3 other files passed over"
    )
    assert lines[1] == "  in/2.jpg: it is cut"
    assert lines[-1] == "  and 2 more; --json lists them all"
    assert len(lines) == 12


@pytest.mark.parametrize(
    ("many", "seconds", "said"),
    [
        (1, 4.2, "in/0.mp4 → out/0.mp4: 300 frames in 4.2 s (71/s)"),
        (1, 0.3, "in/0.mp4 → out/0.mp4"),
        (3, 9.0, "3 done: 900 frames in 9.0 s (100/s) → out/"),
    ],
)
def test_the_speed_of_videos_is_told_in_frames(
    many: int, seconds: float, said: str, capsysbinary: pytest.CaptureFixture[bytes]
):
    videos = [
        Outcome(Item(n, f"{n}.mp4", f"in/{n}.mp4", True), "done", [f"out/{n}.mp4"], frames=300)
        for n in range(many)
    ]
    tell(Spec(), ShellOptions(), Report(videos, seconds=seconds))
    assert capsysbinary.readouterr().err.decode() == said + "\n"


def test_the_speed_of_a_video_is_that_of_reading_it_where_few_frames_come_out(
    capsysbinary: pytest.CaptureFixture[bytes],
):
    plate = Outcome(Item(0, "v.mp4", "v.mp4", True), "done", ["out.png"], frames=1, frames_read=80)
    tell(Spec(), ShellOptions(), Report([plate], seconds=2.0))
    assert capsysbinary.readouterr().err == "v.mp4 → out.png: 80 frames in 2.0 s (40/s)\n".encode()


def test_printed_values_stand_alone_on_stdout(capsysbinary: pytest.CaptureFixture[bytes]):
    table = Table("", ["source", "mean"], [["a,b.jpg", 0.5], ["c.jpg", None]], "stdout")
    tell(Spec(), ShellOptions(), Report([outcome(0), outcome(1)], tables=[table]))
    out = capsysbinary.readouterr().out.decode()
    assert list(csv.reader(io.StringIO(out))) == [
        ["source", "mean"],
        ["a,b.jpg", "0.5"],
        ["c.jpg", ""],
    ]


def drawn(columns: list[str], rows: list[list[Cell]], monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("NO_COLOR", "1")
    stream = Terminal()
    show_table(Table("Found", columns, rows, "stdout"), stream)
    return stream.getvalue()


def test_a_table_on_a_terminal_is_what_a_person_reads(monkeypatch: pytest.MonkeyPatch):
    columns = ["source", "index", "time", "x1", "y1", "x2", "y2", "score", "class", "label"]
    rows: list[list[Cell]] = [["a.jpg", 0, 0.0, 1.0, 2.25, 30.0, 45.5, 0.87654321, 0, "person"],
            ["a.jpg", 0, 0.0, 100.0, 2.0, 140.0, 45.0, 0.5, 5, "bus"]]  # fmt: skip
    assert drawn(columns, rows, monkeypatch).splitlines() == [
        "box                 score  label",
        "1, 2.2 – 30, 45.5  0.8765  person",
        "100, 2 – 140, 45      0.5  bus",
    ]


def test_what_does_not_fit_is_named_and_counted(monkeypatch: pytest.MonkeyPatch):
    columns = ["label", "centroid_x", "centroid_y", *(f"measure_{i}" for i in range(9))]
    rows: list[list[Cell]] = [["x" * 9, 3.0, 4.5, *range(9)] for _ in range(1000)]
    lines = drawn(columns, rows, monkeypatch).splitlines()
    assert max(map(len, lines[:-1])) <= 60
    assert lines[0].split()[:2] == ["label", "centroid"]
    assert len(lines) == 42
    assert lines[-1].startswith("… 960 more rows and 6 more columns (measure_3, ")
    assert lines[-1].endswith("-o FILE.csv has all")


@pytest.mark.parametrize("output", ["-", "jsonl:-"])
def test_no_paths_mix_with_a_stream(output: str, capsysbinary: pytest.CaptureFixture[bytes]):
    tell(Spec(outputs=(output, "x.png")), ShellOptions(), Report([outcome(0)]))
    assert capsysbinary.readouterr().out == b""


def test_json_holds_tables_and_the_error(capsysbinary: pytest.CaptureFixture[bytes]):
    table = Table("t", ["a"], [[1]], "stdout")
    error = OutputError("out/1.png cannot be written", why="the disk is full")
    report = Report([outcome(0), outcome(1, "pending")], tables=[table], error=error)
    tell(Spec(), ShellOptions(json=True), report)
    made = json.loads(capsysbinary.readouterr().out)
    assert made["tables"] == [{"title": "t", "columns": ["a"], "rows": [[1]]}]
    assert made["error"]["why"] == "the disk is full"
    assert made["counts"]["pending"] == 1
    assert made["exit_code"] == 5


@pytest.mark.parametrize(
    ("paths", "said"),
    [
        (["a.png"], "a.png"),
        (["a.jpg", "a.csv"], "a.jpg, a.csv"),
        (["o/1.png", "o/2.png", "o/3.png", "o/4.png"], "4 files in o/"),
        (["1.png", "2.png", "3.png", "4.png"], "4 files"),
    ],
)
def test_what_one_input_became_is_named(paths: list[str], said: str):
    assert summary.named(paths) == said


def test_a_single_picture_for_a_stage_of_films_is_said(cvkit: Command, tmp_path: Path):
    (tmp_path / "a.jpg").write_bytes((SAMPLES / "coins.jpg").read_bytes())
    done = cvkit("frame-diff", "a.jpg")
    assert done.code == 0
    assert "works on frames in a row" in done.err


def test_no_events_are_said(cvkit: Command, tmp_path: Path):
    done = cvkit("motion", SAMPLES / "coin.mp4", "--min-area", "50%")
    assert (done.code, done.out) == (0, "")
    assert "motion found nothing" in done.err


def test_a_picture_of_a_film_says_nothing_of_sound(cvkit: Command, tmp_path: Path):
    video(tmp_path / "v.mp4")
    done = cvkit("background-plate", "v.mp4")
    assert done.code == 0, done.err
    assert "note" not in done.err
