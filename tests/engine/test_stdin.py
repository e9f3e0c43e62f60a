"""stdin told by content: raw video, pictures that follow each other, a file; with real programs."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import time
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from tests.conftest import Command
from tests.invariant.media import decoded, heard, photo, video

needs_ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="needs ffmpeg")


def shell(cvkit: Command, line: str) -> subprocess.CompletedProcess[bytes]:
    """`cvkit` in a line of the shell is this one; what any part of a pipe says counts."""
    program = shlex.join(cvkit.argv())
    return subprocess.run(
        ["bash", "-c", f"set -o pipefail; cvkit() {{ {program} \"$@\"; }}; {line}"],
        cwd=cvkit.folder, env=cvkit.env(), capture_output=True, check=False, timeout=120,
    )  # fmt: skip


def planes(path: Path, form: str = "gray") -> list[bytes]:
    with av.open(str(path)) as file:
        return [f.to_ndarray(format=form).tobytes() for f in file.decode(video=0)]


@needs_ffmpeg
def test_ffmpeg_before_and_after_give_what_one_process_gives(cvkit: Command):
    video(cvkit.folder / "v.mp4", frames=30)
    ran = shell(
        cvkit,
        "ffmpeg -v error -i v.mp4 -f yuv4mpegpipe - | cvkit edges - -o y4m:- |"
        " ffmpeg -v error -i - -c:v ffv1 out.mkv",
    )
    assert ran.returncode == 0, ran.stderr.decode()
    assert cvkit("edges", "v.mp4", "-o", "f_{index:02d}.png").code == 0
    shown = planes(cvkit.folder / "out.mkv")
    wanted = [cv2.imread(str(cvkit.folder / f"f_{i:02d}.png"), 0).tobytes() for i in range(30)]
    assert shown == wanted
    with av.open(str(cvkit.folder / "out.mkv")) as file:
        times = [f.time for f in file.decode(video=0)]
    assert times == pytest.approx([i / 25 for i in range(30)], abs=0.0006)


@needs_ffmpeg
def test_raw_video_is_the_file_that_it_came_from(cvkit: Command):
    video(cvkit.folder / "v.mp4", frames=30, sound=False)
    ran = shell(cvkit, "ffmpeg -v error -i v.mp4 -f yuv4mpegpipe - | cvkit blur - -o piped.mp4")
    assert ran.returncode == 0, ran.stderr.decode()
    assert cvkit("blur", "v.mp4", "-o", "file.mp4").code == 0
    piped = [frame for _, frame in decoded(cvkit.folder / "piped.mp4")]
    assert piped == [frame for _, frame in decoded(cvkit.folder / "file.mp4")]


def test_raw_video_comes_and_goes_as_it_is(cvkit: Command):
    video(cvkit.folder / "v.mp4", frames=8)
    first = cvkit("convert", "v.mp4", "-o", "y4m:-")
    assert "sound left out: y4m holds none" in first.err
    assert first.out_bytes.startswith(b"YUV4MPEG2 W160 H120 F25:1 ")
    assert cvkit("convert", "-", "-o", "y4m:-", stdin=first.out_bytes).out_bytes == first.out_bytes
    still = cvkit("convert", "-", "--frames", "3:4", "-o", "png:-", stdin=first.out_bytes)
    assert cvkit("convert", "v.mp4", "--frames", "3:4", "-o", "png:-").out_bytes == still.out_bytes


def test_a_frame_of_a_live_video_does_not_wait_for_the_next(cvkit: Command):
    y4m = b"YUV4MPEG2 W64 H48 F25:1 Cmono\n"
    frame = b"FRAME\n" + bytes(64 * 48)
    with cvkit.start("gray", "-", "-o", "y4m:-", "--jobs", "1") as running:
        assert running.stdin is not None
        assert running.stdout is not None
        running.stdin.write(y4m + frame * 8)  # what is worked on ahead
        running.stdin.flush()
        assert running.stdout.readline().startswith(b"YUV4MPEG2 W64 H48 F25:1 ")
        assert len(running.stdout.read(len(frame))) == len(frame)
        running.stdin.close()
        assert len(running.stdout.read()) == 7 * len(frame)
    assert running.returncode == 0


def jpegs(count: int = 4) -> list[bytes]:
    shots = [np.roll(photo((64, 48)), 5 * i, axis=1) for i in range(count)]
    return [cv2.imencode(".jpg", shot)[1].tobytes() for shot in shots]


def test_several_pictures_are_a_sequence_and_one_is_a_still(cvkit: Command):
    made = jpegs()
    (cvkit.folder / "in").mkdir()
    for number, data in enumerate(made):
        (cvkit.folder / "in" / f"{number}.jpg").write_bytes(data)
    piped = cvkit("gray", "-", "-o", "piped.mp4", "--fps", "10", stdin=b"".join(made))
    assert piped.code == 0, piped.err
    assert cvkit("gray", "seq:in", "-o", "named.mp4", "--fps", "10").code == 0
    assert (cvkit.folder / "piped.mp4").read_bytes() == (cvkit.folder / "named.mp4").read_bytes()
    one = cvkit("gray", "-", "-o", "one.png", stdin=made[0])
    assert one.code == 0, one.err
    assert cvkit("gray", "in/0.jpg", "-o", "same.png").code == 0
    assert (cvkit.folder / "one.png").read_bytes() == (cvkit.folder / "same.png").read_bytes()


@needs_ffmpeg
def test_pictures_go_round_through_ffmpeg(cvkit: Command):
    video(cvkit.folder / "v.mp4", frames=10, sound=False)
    ran = shell(
        cvkit,
        "ffmpeg -v error -i v.mp4 -f image2pipe -c:v png - | cvkit flip - -o png:- |"
        " ffmpeg -v error -f image2pipe -framerate 25 -i - -c:v ffv1 out.mkv",
    )
    assert ran.returncode == 0, ran.stderr.decode()
    assert len(planes(cvkit.folder / "out.mkv")) == 10


def test_a_picture_with_rubbish_behind_it_is_still_a_picture(cvkit: Command):
    done = cvkit("gray", "-", "-o", "png:-", stdin=jpegs(1)[0] + b"trailer" * 100)
    assert done.code == 0, done.err
    shown = cv2.imdecode(np.frombuffer(done.out_bytes, np.uint8), cv2.IMREAD_UNCHANGED)
    assert shown.shape == (48, 64)


def test_a_cut_picture_says_what_a_cut_file_says(cvkit: Command):
    data = jpegs(1)[0][:-300]
    (cvkit.folder / "stdin.jpg").write_bytes(data)
    piped, named = cvkit("gray", "-", stdin=data), cvkit("gray", "stdin.jpg")
    assert (piped.code, piped.err) == (3, named.err)


def test_a_video_file_on_stdin_keeps_its_sound(cvkit: Command):
    video(cvkit.folder / "v.mp4", frames=12)
    data = (cvkit.folder / "v.mp4").read_bytes()
    done = cvkit("gray", "-", "-o", "out.mp4", stdin=data)
    assert done.code == 0, done.err
    assert heard(cvkit.folder / "out.mp4") == heard(cvkit.folder / "v.mp4")
    assert cvkit("gray", "v.mp4", "-o", "same.mp4").code == 0
    assert (cvkit.folder / "out.mp4").read_bytes() == (cvkit.folder / "same.mp4").read_bytes()


def test_what_is_written_first_may_be_a_single_byte(cvkit: Command):
    data = jpegs(1)[0]
    with cvkit.start("gray", "-", "-o", "png:-") as running:
        assert running.stdin is not None
        assert running.stdout is not None
        for part in (data[:1], data[1:3], data[3:]):
            running.stdin.write(part)
            running.stdin.flush()
            time.sleep(0.05)
        running.stdin.close()
        assert running.stdout.read().startswith(b"\x89PNG")
    assert running.returncode == 0


def test_one_raw_video_holds_one_input(cvkit: Command):
    for name in ("a.png", "b.png"):
        cv2.imwrite(str(cvkit.folder / name), photo((64, 48)))
    done = cvkit("gray", "a.png", "b.png", "-o", "y4m:-")
    assert (done.code, done.out) == (2, "")
    assert "holds one video" in done.err
    stream = cvkit("gray", "a.png", "b.png", "-o", "-").out_bytes
    assert cvkit("flip", "-", "-o", "y4m:-", stdin=stream).code == 2
    assert cvkit("gray", "a.png", "-o", "y4m:-").out_bytes.count(b"FRAME") == 1


def test_options_of_raw_video_hold(cvkit: Command):
    video(cvkit.folder / "v.mp4", frames=3)
    done = cvkit("blur", "v.mp4", "-o", "y4m:-", "--fps", "12.5", "--pix-fmt", "yuv444p")
    assert done.code == 0, done.err
    assert done.out_bytes.startswith(b"YUV4MPEG2 W160 H120 F25:2 Ip A1:1 C444 ")
    assert cvkit("blur", "v.mp4", "-o", "y4m:-", "--crf", "9").code == 2


def test_the_input_is_called_stdin(cvkit: Command):
    done = cvkit("contours", "-", "-o", "jsonl:-", stdin=b"".join(jpegs()))
    lines = [json.loads(line) for line in done.out.splitlines()]
    assert [(line["source"], line["index"]) for line in lines] == [("stdin", i) for i in range(4)]
    assert [line["time"] for line in lines] == [0, 0.04, 0.08, 0.12]


def test_pixels_are_as_wide_as_the_result_has_them(cvkit: Command):
    y4m = b"YUV4MPEG2 W32 H24 F25:1 A4:3 Cmono\n" + (b"FRAME\n" + bytes(32 * 24)) * 2

    def aspect(*words: str) -> bytes:
        done = cvkit("gray", "-", *words, "-o", "y4m:-", stdin=y4m)
        assert done.code == 0, done.err
        return done.out_bytes.split()[5]

    assert aspect() == b"A4:3"
    assert aspect("then", "resize", "50%") == b"A4:3"
    assert aspect("then", "rotate", "--angle", "90") == b"A3:4"
    assert aspect("then", "flip") == b"A4:3"


def test_nothing_that_was_piped_in_is_written_in_place(cvkit: Command):
    for data in (jpegs(1)[0], b"".join(jpegs()), b"YUV4MPEG2 W2 H2 Cmono\nFRAME\n1234"):
        done = cvkit("gray", "-", "--in-place", stdin=data)
        assert done.code == 2
        assert "--in-place goes without -o, and with files" in done.err
