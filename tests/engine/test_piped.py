"""stdout in forms that others read: pictures, lines of results, a table."""

from __future__ import annotations

import json
import os
import pty
import shlex
import subprocess
from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.conftest import Command
from tests.invariant.media import folder, photo, video


def pictures(data: bytes, start: bytes) -> list[np.ndarray]:
    """Concatenated PNGs or JPEGs that hold `start` nowhere but at their beginnings."""
    parts = [np.frombuffer(start + part, np.uint8) for part in data.split(start)[1:]]
    found = [cv2.imdecode(part, cv2.IMREAD_UNCHANGED) for part in parts]
    return [picture for picture in found if picture is not None]


PNG = b"\x89PNG\r\n\x1a\n"
JPEG = b"\xff\xd8\xff"


def test_a_picture_on_stdout_is_the_file(cvkit: Command):
    cv2.imwrite(str(cvkit.folder / "a.jpg"), photo())
    for word, suffix in (("png", "png"), ("jpg", "jpg")):
        assert cvkit("blur", "a.jpg", "-o", f"out.{suffix}").code == 0
        done = cvkit("blur", "a.jpg", "-o", f"{word}:-")
        assert done.code == 0, done.err
        assert done.out_bytes == (cvkit.folder / f"out.{suffix}").read_bytes()


def test_a_folder_comes_in_order_whatever_is_ready_first(cvkit: Command):
    folder(cvkit.folder / "in")
    assert cvkit("threshold", "in", "-o", "out/").code == 0
    done = cvkit("threshold", "in", "-o", "png:-", "--jobs", "4")
    assert done.code == 0, done.err
    names = ("a.png", "b.png", "sub/c.png", "sub/d.png")
    wanted = [(cvkit.folder / "out" / name).read_bytes() for name in names]
    assert done.out_bytes == b"".join(wanted)


def test_a_video_is_a_picture_a_frame(cvkit: Command):
    video(cvkit.folder / "v.mp4", frames=12)
    assert cvkit("edges", "v.mp4", "-o", "f_{index:02d}.png").code == 0
    done = cvkit("edges", "v.mp4", "-o", "png:-")
    assert done.code == 0, done.err
    wanted = [(cvkit.folder / f"f_{i:02d}.png").read_bytes() for i in range(12)]
    assert done.out_bytes == b"".join(wanted)


def test_a_kept_picture_goes_to_stdout(cvkit: Command):
    cv2.imwrite(str(cvkit.folder / "a.png"), photo())
    words = ("blur", "a.png", "then", "keep", "soft", "then", "threshold")
    done = cvkit(*words, "-o", "soft=png:-", "-o", "mask.png")
    assert done.code == 0, done.err
    assert cvkit("blur", "a.png", "-o", "soft.png").code == 0
    assert done.out_bytes == (cvkit.folder / "soft.png").read_bytes()
    assert cvkit(*words, "-o", "hard=png:-").code == 2


def test_lines_are_those_of_the_file_in_input_order(cvkit: Command):
    folder(cvkit.folder / "in")
    video(cvkit.folder / "in" / "v.mp4", frames=5)
    assert cvkit("contours", "in", "-o", "all.jsonl", "-o", "all.csv").code == 0
    done = cvkit("contours", "in", "-o", "jsonl:-", "--jobs", "4")
    assert done.code == 0, done.err
    assert done.out == (cvkit.folder / "all.jsonl").read_text()
    assert len(done.out.splitlines()) == 9
    done = cvkit("contours", "in", "-o", "csv:-")
    assert done.out == (cvkit.folder / "all.csv").read_text()


def test_a_line_comes_when_its_frame_is_done(cvkit: Command):
    video(cvkit.folder / "v.mp4", frames=80, sound=False)
    stream = cvkit("gray", "v.mp4", "-o", "-").out_bytes
    with cvkit.start("gray", "-", "then", "contours", "-o", "jsonl:-") as running:
        assert running.stdin is not None
        assert running.stdout is not None
        running.stdin.write(stream[: len(stream) // 2])
        running.stdin.flush()
        first = json.loads(running.stdout.readline())  # the end of the stream is not there yet
        assert (first["cvkit"], first["source"], first["index"]) == (1, "v.mp4", 0)
        running.stdin.write(stream[len(stream) // 2 :])
        running.stdin.close()
        rest = [json.loads(line) for line in running.stdout]
    assert running.returncode == 0
    assert [line["index"] for line in rest] == list(range(1, 80))


def test_coordinates_are_as_asked(cvkit: Command):
    cv2.imwrite(str(cvkit.folder / "a.png"), photo())
    words = ("gray", "a.png", "then", "resize", "50%", "then", "contours", "-o", "jsonl:-")
    source = json.loads(cvkit(*words).out)
    output = json.loads(cvkit(*words, "--coords", "output").out)
    assert (source["size"], output["size"]) == ([320, 240], [160, 120])


def test_a_failed_input_leaves_the_others(cvkit: Command):
    folder(cvkit.folder / "in")
    whole = (cvkit.folder / "in" / "b.png").read_bytes()
    (cvkit.folder / "in" / "b.png").write_bytes(whole[: len(whole) // 2])
    done = cvkit("gray", "in", "-o", "png:-")
    assert done.code == 6
    assert "b.png" in done.err
    assert [p.shape for p in pictures(done.out_bytes, PNG)] == [(241, 320), (77, 99), (240, 240)]


def test_options_of_what_is_written_hold(cvkit: Command):
    cv2.imwrite(str(cvkit.folder / "a.png"), photo())
    small = cvkit("gray", "a.png", "-o", "jpg:-", "--quality", "10")
    assert 0 < len(small.out_bytes) < len(cvkit("gray", "a.png", "-o", "jpg:-").out_bytes) / 2
    for idle in (("--quality", "10"), ("--crf", "20"), ("--coords", "output"), ("--only", "mask")):
        done = cvkit("gray", "a.png", "-o", "png:-", *idle)
        assert (done.code, done.out) == (2, ""), idle
        assert "no meaning" in done.err


@pytest.mark.parametrize(
    ("outputs", "said"),
    [
        (("-o", "png:-", "-o", "-"), "-o png:- and -o - would both write to stdout"),
        (("-o", "jsonl:-", "-o", "csv:-"), "would both write to stdout"),
        (("-o", "png:-", "--json"), "-o png:- and --json would both write to stdout"),
        (("-o", "jsonl:-", "--json"), "-o jsonl:- and --json would both write to stdout"),
        (("-o", "gif:-"), "there is -o -, png:-, jpg:-, y4m:-, jsonl:-, csv:-"),
        (("-o", "x=png:-"), "nothing is kept as x"),
        (("-o", "x=jsonl:-"), "results are those of the whole chain"),
    ],
)
def test_what_stdout_cannot_be_is_refused(cvkit: Command, outputs: tuple[str, ...], said: str):
    cv2.imwrite(str(cvkit.folder / "a.png"), photo())
    done = cvkit("gray", "a.png", *outputs)
    assert done.code == 2
    assert said in done.err
    assert b"PNG" not in done.out_bytes


def test_the_plan_names_stdout(cvkit: Command):
    cv2.imwrite(str(cvkit.folder / "a.png"), photo())
    done = cvkit("gray", "a.png", "-o", "png:-", "--dry-run")
    assert done.out.splitlines()[-1].split() == ["→", "png:-"]


def on_a_terminal(cvkit: Command, *words: str) -> tuple[int, str]:
    """The exit code and what the terminal shows, where stdout is one."""
    main, other = pty.openpty()
    shown = b""
    with subprocess.Popen(
        cvkit.argv(*words), cwd=cvkit.folder, env=cvkit.env(), stdout=other, stderr=other
    ) as running:
        os.close(other)
        with suppress(OSError):  # how a terminal says that it has ended
            while data := os.read(main, 1 << 16):
                shown += data
    os.close(main)
    return running.returncode, shown.decode(errors="replace")


def test_a_terminal_gets_no_pictures_but_lines(cvkit: Command):
    cv2.imwrite(str(cvkit.folder / "a.png"), photo((64, 48)))
    for form in ("-", "png:-", "jpg:-", "y4m:-"):
        code, shown = on_a_terminal(cvkit, "gray", "a.png", "-o", form)
        assert code == 2, form
        assert "stdout is a terminal" in shown
    code, shown = on_a_terminal(cvkit, "gray", "a.png", "-o", "jsonl:-", "-q")
    assert (code, json.loads(shown)["source"]) == (0, "a.png")


@pytest.mark.parametrize("end", ["> /dev/full", ">&-"])
@pytest.mark.parametrize("form", ["png:-", "jsonl:-", "csv:-"])
def test_a_stdout_that_takes_nothing_is_exit_5(cvkit: Command, form: str, end: str):
    cv2.imwrite(str(cvkit.folder / "a.png"), photo((64, 48)))
    line = f"{shlex.join(cvkit.argv('gray', 'a.png', 'then', 'contours', '-o', form))} {end}"
    done = subprocess.run(
        ["bash", "-c", line], cwd=cvkit.folder, env=cvkit.env(), capture_output=True, check=False,
        text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 5, done.stderr
    assert "stdout" in done.stderr
    assert "Traceback" not in done.stderr


def test_python_takes_the_pipe_as_a_file(tmp_path: Path):
    import io

    from cvkit.core.spec import Spec, Step
    from cvkit.engine.run import run

    cv2.imwrite(str(tmp_path / "a.png"), photo())
    out = io.BytesIO()
    report = run(Spec((Step("gray"),), (str(tmp_path / "a.png"),), ("png:-",)), stdout=out)
    assert report.exit_code == 0
    (made,) = pictures(out.getvalue(), PNG)
    assert made.shape == (240, 320)


def test_a_gap_is_a_line_of_its_own(cvkit: Command):
    video(cvkit.folder / "v.mkv", frames=40, sound=False)
    data = (cvkit.folder / "v.mkv").read_bytes()
    (cvkit.folder / "v.mkv").write_bytes(data[: len(data) * 6 // 10])
    words = ("gray", "v.mkv", "then", "contours", "--on-corrupt", "salvage")
    done = cvkit(*words, "-o", "jsonl:-", "-o", "same.jsonl")
    assert done.code == 0, done.err
    assert done.out == (cvkit.folder / "same.jsonl").read_text()
    last = json.loads(done.out.splitlines()[-1])
    assert last["source"] == "v.mkv"
    assert last["gap"]["after"] == len(done.out.splitlines()) - 2
