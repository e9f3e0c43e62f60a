"""`cvkit info` on videos: their streams in words and as JSON, read through, and when damaged."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from tests.conftest import ROOT, Command

PORTRAIT = ROOT / "samples" / "portrait.mp4"
_CHAPTERS = """;FFMETADATA1
title=A walk in the park
comment=A comment that goes on and on and on, so that it has to be wrapped wherever it is shown to anybody at all
[CHAPTER]
TIMEBASE=1/1000
START=0
END=500
title=One
"""  # noqa: E501


def told(cvkit: Command, *words: str | Path) -> dict[str, Any]:
    ran = cvkit("info", *words, "--json")
    assert ran.code == 0, ran.err
    (fact,) = json.loads(ran.out)
    assert isinstance(fact, dict)
    return fact


@pytest.fixture
def rich(tmp_path: Path) -> Path:
    """Interlaced 10-bit video with odd pixels, two languages, subtitles, a chapter and a title."""
    if shutil.which("ffmpeg") is None:
        pytest.skip("needs ffmpeg: apt-get install -y ffmpeg")
    (tmp_path / "s.srt").write_text("1\n00:00:00,000 --> 00:00:00,500\nHello\n")
    (tmp_path / "c.txt").write_text(_CHAPTERS)
    line = (
        "ffmpeg -v error -f lavfi -i testsrc2=s=720x576:r=25:d=1 -f lavfi -i sine=440:d=1:r=48000"
        " -f lavfi -i sine=880:d=1:r=48000 -i s.srt -i c.txt -map 0 -map 1 -map 2 -map 3"
        " -map_metadata 4 -map_chapters 4 -vf tinterlace=interleave_top,setsar=64/45"
        " -flags +ildct+ilme -c:v libx264 -x264opts interlaced=1 -pix_fmt yuv422p10le"
        " -color_primaries bt709 -color_trc bt709 -colorspace bt709 -color_range tv"
        " -c:a:0 aac -c:a:1 libopus -ac 2"
        " -c:s srt -metadata:s:a:0 language=eng -metadata:s:a:1 language=deu"
        " -metadata:s:a:1 title=Kommentar -metadata:s:s:0 language=fra rich.mkv"
    )
    subprocess.run(line.split(), cwd=tmp_path, check=True)
    return tmp_path / "rich.mkv"


def test_streams_are_told_as_json(cvkit: Command, rich: Path):
    fact = told(cvkit, rich)
    assert (fact["size"], fact["display_size"], fact["sound"]) == (
        [720, 576], [1024, 576], "aac, opus",
    )  # fmt: skip
    streams = fact["streams"]
    expected = {
        "container": "Matroska / WebM", "codec": "h264", "profile": "High 4:2:2",
        "pix_fmt": "yuv422p10le", "bits": 10, "aspect": "64:45", "fps": 12.5,
        "scan": "top field first", "chapters": 1,
        "color": {"matrix": "BT.709", "range": "limited", "primaries": "BT.709",
                  "transfer": "BT.709"},
        "subtitles": [{"codec": "srt", "language": "fra"}],
    }  # fmt: skip
    assert {name: streams[name] for name in expected} == expected
    assert [(one["rate"], one["layout"], one["language"]) for one in streams["audio"]] == [
        (48000, "stereo", "eng"), (48000, "stereo", "deu"),
    ]  # fmt: skip
    assert streams["tags"]["title"] == "A walk in the park"


@pytest.mark.parametrize("columns", [80, 120])
def test_streams_are_told_in_words_that_fit(cvkit: Command, rich: Path, columns: int):
    ran = cvkit("info", rich, env={"COLUMNS": str(columns)})
    first, *more = ran.out.splitlines()
    assert "720×576 seen as 1024×576" in first
    assert max(map(len, more)) <= columns
    assert max(map(len, more)) > columns - 12  # and they fill it
    for line in (
        "  video      h264 High 4:2:2, yuv422p10le (10 bits), interlaced, top field first",
        "  stored     pixels 64:45",
        "  colour     BT.709, limited range",
        "  sound 2    opus, 48 kHz, stereo, German, Kommentar",
        "  subtitles  srt, French",
        "  chapters   1",
        "  title      A walk in the park",
    ):
        assert line in more


def test_turned_video_says_how_it_is_stored(cvkit: Command, shared: Path):
    ran = cvkit("info", shared / "video" / "rotated_meta90.mp4")
    assert "640×480" in ran.out.splitlines()[0]
    assert "  stored     480×640, turned when it is shown" in ran.out.splitlines()


def test_varying_times_are_said_and_a_scan_counts(cvkit: Command, shared: Path):
    video = shared / "video" / "bottles_vfr.mp4"
    ran = cvkit("info", video, "--scan")
    assert "102 frames at about 17.9/s" in ran.out
    assert "times vary" in ran.out
    assert "  apart      33.52 to 167.6 ms" in ran.out.splitlines()
    steady = told(cvkit, PORTRAIT, "--scan")
    assert "variable" not in steady["streams"]
    scan = steady["scan"]
    assert (scan["frames"], scan["interval"], scan["damage"]) == (50, [0.04, 0.04], None)
    assert scan["key_frames"] >= 1


def test_a_scan_finds_what_a_header_hides(cvkit: Command, shared: Path):
    fact = told(cvkit, shared / "corrupt" / "mkv_cut.mkv", "--scan")
    assert fact["scan"]["frames"] == 40
    assert fact["scan"]["damage"].startswith("damaged after frame 39 (1.367 s)")
    ran = cvkit("info", shared / "corrupt" / "mp4_no_moov.mp4", "--scan")
    assert ran.code == 3
    assert "its index (moov) is missing" in ran.err


def test_a_raw_stream_is_a_video(cvkit: Command, tmp_path: Path):
    with av.open(str(PORTRAIT)) as film, av.open(str(tmp_path / "raw.h264"), "w") as raw:
        stream = raw.add_stream_from_template(film.streams.video[0])
        for packet in film.demux(film.streams.video[0]):
            if packet.size:
                packet.stream = stream
                raw.mux(packet)
    fact = told(cvkit, "raw.h264", "--scan")
    assert (fact["format"], fact["codec"], fact["frames"]) == ("h264", "h264", None)
    assert (fact["scan"]["frames"], fact["scan"]["damage"]) == (50, None)
    assert "variable" not in fact["streams"]


def test_in_a_folder_each_video_has_one_line(cvkit: Command, tmp_path: Path):
    (tmp_path / "in").mkdir()
    for name in ("a.mp4", "b.mp4"):
        shutil.copy(PORTRAIT, tmp_path / "in" / name)
    ran = cvkit("info", "in/")
    assert len(ran.out.splitlines()) == 2
    facts = json.loads(cvkit("info", "in/", "--json").out)
    assert [fact["streams"]["codec"] for fact in facts] == ["h264", "h264"]


def test_pages_are_told_one_by_one(cvkit: Command, tmp_path: Path):
    pages = [Image.fromarray(np.full((10, 20 + n), 50 * n, np.uint8)) for n in range(4)]
    pages[0].save(tmp_path / "p.tif", save_all=True, append_images=pages[1:])
    facts = json.loads(cvkit("info", "p.tif", "--page", "2,4", "--stats", "--json").out)
    assert [(f["page"], f["pages"], f["size"]) for f in facts] == [
        (2, 4, [21, 10]), (4, 4, [23, 10]),
    ]  # fmt: skip
    assert [next(iter(f["stats"].values()))["mean"] for f in facts] == [50, 150]
    ran = cvkit("info", "p.tif", "--page", "all")
    assert [line.split(", ")[1] for line in ran.out.splitlines()] == [
        f"page {n} of 4" for n in range(1, 5)
    ]
    assert cvkit("info", "p.tif", "--page", "9").code == 3
    ran = cvkit("info", "p.tif", "--page", "x")
    assert (ran.code, "--page: expected pages from 1" in ran.err) == (2, True)
