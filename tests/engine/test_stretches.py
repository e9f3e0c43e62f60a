"""A part of a film begins at 0 with its own stretch of sound; title and chapters go with it."""

from __future__ import annotations

import json
from pathlib import Path

import av
import numpy as np
import pytest

from cvkit.core.errors import ParameterError
from tests.conftest import Command
from tests.io.clips import NEEDS_FFMPEG, ffmpeg

CHAPTERS = """;FFMETADATA1
title=A day
artist=Nobody
comment=kept
[CHAPTER]
TIMEBASE=1/1000
START=0
END=1500
title=Morning
[CHAPTER]
TIMEBASE=1/1000
START=1500
END=2500
title=Noon
[CHAPTER]
TIMEBASE=1/1000
START=2500
END=4000
title=Night
"""


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four seconds; a bright frame and a click at each whole second, chapters and subtitles."""
    folder = tmp_path_factory.mktemp("film")
    (folder / "about.txt").write_text(CHAPTERS)
    (folder / "a.srt").write_text("1\n00:00:01,000 --> 00:00:02,000\nHello\n")
    flash = "color=s=64x48:r=25:d=4,geq=lum='if(lt(mod(N\\,25)\\,1)\\,235\\,30)':cb=128:cr=128"
    click = "aevalsrc=sin(2*PI*900*t)*lt(mod(t\\,1)\\,0.04):s=48000:d=4"
    inputs = ("-f", "lavfi", "-i", flash, "-f", "lavfi", "-i", click)
    more = ("-i", folder / "about.txt", "-i", folder / "a.srt", "-map_metadata", 2)
    maps = ("-map", 0, "-map", 1, "-map", 3)
    path = folder / "film.mkv"
    ffmpeg(*inputs, *more, *maps, "-c:v", "libx264", "-bf", 2, "-c:a", "aac", "-c:s", "srt", path)
    return path


def chapters(path: Path) -> list[tuple[str, float, float]]:
    """Titles, and from when to when."""
    with av.open(str(path)) as file:
        rows = file.chapters()
    bases = [float(row["time_base"] or 0) for row in rows]
    return [
        (row["metadata"]["title"], row["start"] * base, row["end"] * base)
        for row, base in zip(rows, bases, strict=True)
    ]


def events(path: Path) -> tuple[list[float], list[float], float]:
    """When it flashes, when it clicks, and when the sound ends."""
    with av.open(str(path)) as file:
        shown = [(f.time or 0, f.to_ndarray(format="gray").mean()) for f in file.decode(video=0)]
    clicks, end = [], 0.0
    with av.open(str(path)) as file:
        rate = file.streams.audio[0].rate
        for frame in file.decode(audio=0):
            wave, at = np.abs(frame.to_ndarray()[0]), frame.time or 0
            end = at + frame.samples / rate
            if (loud := np.flatnonzero(wave > 0.3)).size:
                clicks.append(at + float(loud[0]) / rate)
    first = [at for i, at in enumerate(clicks) if i == 0 or at - clicks[i - 1] > 0.5]
    return [at for at, level in shown if level > 128], first, end


@NEEDS_FFMPEG
@pytest.mark.parametrize("suffix", ["mp4", "mkv", "webm"])
def test_a_part_begins_at_0_in_sync_with_its_sound(
    cvkit: Command, film: Path, tmp_path: Path, suffix: str
) -> None:
    done = cvkit("convert", film, "--frames", "20:70", "-o", f"a.{suffix}", "-o", "a.jsonl")
    assert done.code == 0, done.err
    flashes, clicks, end = events(tmp_path / f"a.{suffix}")
    assert flashes == pytest.approx([0.2, 1.2], abs=0.001)
    assert clicks == pytest.approx(flashes, abs=0.04)  # within a frame
    assert end == pytest.approx(2, abs=0.06)
    rows = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    assert rows[0]["index"] == 20  # as the source has them
    assert rows[0]["time"] == pytest.approx(0.8, abs=0.03)


@NEEDS_FFMPEG
def test_a_part_is_the_same_through_a_pipe(cvkit: Command, film: Path, tmp_path: Path) -> None:
    part = ("--frames", "0.8s:2.8s")
    assert cvkit("gray", film, *part, "then", "blur", "-o", "one.mp4").code == 0
    first = cvkit("gray", film, *part, "-o", "-")
    assert cvkit("blur", "-", "-o", "two.mp4", stdin=first.out_bytes).code == 0
    assert (tmp_path / "one.mp4").read_bytes() == (tmp_path / "two.mp4").read_bytes()


@NEEDS_FFMPEG
def test_every_second_frame_has_no_sound(cvkit: Command, film: Path, tmp_path: Path) -> None:
    done = cvkit("convert", film, "--frames", "20:70:2", "-o", "a.mp4")
    assert "sound left out: not every frame is kept" in done.err
    with av.open(str(tmp_path / "a.mp4")) as file:
        assert not file.streams.audio
        assert next(file.decode(video=0)).time == 0


@NEEDS_FFMPEG
@pytest.mark.parametrize(("fps", "sounds"), [("25", True), ("30", False)])
def test_the_sources_own_rate_keeps_the_sound(
    cvkit: Command, film: Path, tmp_path: Path, fps: str, *, sounds: bool
) -> None:
    done = cvkit("convert", film, "--fps", fps, "-o", "a.mp4")
    with av.open(str(tmp_path / "a.mp4")) as file:
        assert bool(file.streams.audio) == sounds
    assert ("sound left out: --fps changes" in done.err) != sounds


@NEEDS_FFMPEG
@pytest.mark.parametrize("suffix", ["mp4", "mkv", "webm"])
def test_title_and_chapters_go_with_the_film(
    cvkit: Command, film: Path, tmp_path: Path, suffix: str
) -> None:
    done = cvkit("convert", film, "-o", f"a.{suffix}")
    assert "subtitles left out (" in done.err
    with av.open(str(tmp_path / f"a.{suffix}")) as file:
        told = {name.lower(): text for name, text in file.metadata.items()}
        assert (told["title"], told["artist"], told["comment"]) == ("A day", "Nobody", "kept")
    found = chapters(tmp_path / f"a.{suffix}")
    assert [title for title, _, _ in found] == ["Morning", "Noon", "Night"]
    assert [start for _, start, _ in found] == pytest.approx([0, 1.5, 2.5])


@NEEDS_FFMPEG
def test_of_a_part_the_chapters_in_it(cvkit: Command, film: Path, tmp_path: Path) -> None:
    assert cvkit("convert", film, "--frames", "1s:2s", "-o", "a.mkv").code == 0
    first = cvkit("gray", film, "--frames", "1s:2s", "-o", "-")
    assert cvkit("convert", "-", "-o", "b.mkv", stdin=first.out_bytes).code == 0
    for name in ("a.mkv", "b.mkv"):
        found = chapters(tmp_path / name)
        near = pytest.approx([0, 0.5, 0.5, 1], abs=0.03)
        assert [title for title, _, _ in found] == ["Morning", "Noon"]
        assert [at for _, *edges in found for at in edges] == near


@NEEDS_FFMPEG
def test_strip_leaves_them_out(cvkit: Command, film: Path, tmp_path: Path) -> None:
    assert cvkit("convert", film, "--strip", "-o", "a.mp4").code == 0
    with av.open(str(tmp_path / "a.mp4")) as file:
        assert not file.chapters()
        assert "title" not in file.metadata
    refused = cvkit("contours", film, "--strip", "-o", "a.jsonl")
    assert refused.code == ParameterError.exit_code
