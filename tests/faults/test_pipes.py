"""Pipes that end badly: every end has its exit code, nothing hangs, nothing is left behind."""

from __future__ import annotations

import os
import random
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import cv2
import pyarrow as pa
import pytest

from cvkit.core.spec import Spec, Step
from cvkit.engine.run import run
from tests.conftest import Command
from tests.invariant.media import folder, photo, video

FRAME = b"FRAME\n" + bytes(64 * 48)
Y4M = b"YUV4MPEG2 W64 H48 F25:1 Cmono\n"


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """200 frames."""
    return video(tmp_path_factory.mktemp("clip") / "v.mp4", frames=200, sound=False)


@pytest.fixture
def temporary(tmp_path: Path) -> Path:
    """Where temporary files go."""
    (tmp_path / "tmp").mkdir()
    return tmp_path / "tmp"


@contextmanager
def started(
    cvkit: Command, temporary: Path, *words: str | Path, stdin: int | IO[bytes] = subprocess.PIPE
) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is gone at the end, whatever happens."""
    process = subprocess.Popen(
        cvkit.argv(*words), cwd=cvkit.folder, env=cvkit.env({"TMPDIR": str(temporary)}),
        stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    with process:
        try:
            yield process
        finally:
            process.kill()


def shell(cvkit: Command, temporary: Path, line: str) -> subprocess.CompletedProcess[str]:
    program = shlex.join(cvkit.argv())
    return subprocess.run(
        ["bash", "-c", f"cvkit() {{ {program} \"$@\"; }}; {line}"], check=False, timeout=60,
        cwd=cvkit.folder, env=cvkit.env({"TMPDIR": str(temporary)}), capture_output=True, text=True,
    )  # fmt: skip


def said(process: subprocess.Popen[bytes]) -> str:
    """What it told people by its end; not more than seconds away."""
    assert process.stderr is not None
    process.wait(20)
    text = process.stderr.read().decode()
    assert "Traceback" not in text
    assert "fault of cvkit" not in text
    return text


def left(cvkit: Command, temporary: Path) -> list[str]:
    """Temporary files of any kind."""
    hidden = [p.name for p in cvkit.folder.rglob(".cvkit-*")]
    return [*hidden, *(p.name for p in temporary.iterdir())]


@pytest.mark.parametrize("form", ["-", "y4m:-", "png:-", "jsonl:-"])
def test_a_reader_that_has_enough_is_exit_5(cvkit: Command, clip: Path, temporary: Path, form: str):
    line = f"cvkit gray {clip} then contours -o {form} | head -c 5000 | wc -c"
    done = shell(cvkit, temporary, f"{line}; echo ${{PIPESTATUS[*]}}")
    assert done.stdout.split() == ["5000", "5", "0", "0"], done.stderr
    assert "Traceback" not in done.stderr
    assert "fault" not in done.stderr
    assert left(cvkit, temporary) == []


def test_a_chain_of_three_is_torn_down_from_its_end(cvkit: Command, clip: Path, temporary: Path):
    line = f"cvkit gray {clip} -o - | cvkit blur - -o - | cvkit edges - -o y4m:- | head -c 9000"
    done = shell(cvkit, temporary, f"{line} >/dev/null; echo ${{PIPESTATUS[*]}}")
    assert done.stdout.split() == ["5", "5", "5", "0"], done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("form", ["-", "y4m:-"])
def test_a_reader_that_never_reads_and_goes_is_exit_5(
    cvkit: Command, clip: Path, temporary: Path, form: str
):
    with started(cvkit, temporary, "gray", clip, "-o", form) as running:
        assert running.stdout is not None
        time.sleep(0.8)
        assert running.poll() is None  # it waits, and takes no more memory than the pipe
        running.stdout.close()
        said(running)
        assert running.returncode == 5


def test_a_reader_that_goes_is_told_although_the_writer_says_nothing(
    cvkit: Command, temporary: Path
):
    with started(cvkit, temporary, "gray", "-", "-o", "y4m:-", "--jobs", "1") as running:
        assert running.stdin is not None
        assert running.stdout is not None
        running.stdin.write(Y4M + FRAME * 6)
        running.stdin.flush()
        assert running.stdout.read(len(FRAME)).startswith(b"YUV4")
        running.stdout.close()
        running.stdin.write(FRAME * 4)  # what makes it write again; the pipe stays open
        running.stdin.flush()
        said(running)
        assert running.returncode == 5


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_does_not_wait_for_a_writer(
    cvkit: Command, temporary: Path, signum: signal.Signals
):
    with started(cvkit, temporary, "gray", "-", "-o", "out.mp4", "--jobs", "1") as running:
        assert running.stdin is not None
        running.stdin.write(Y4M + FRAME * 9)
        running.stdin.flush()
        deadline = time.monotonic() + 20
        while not left(cvkit, temporary) and time.monotonic() < deadline:
            time.sleep(0.02)
        running.send_signal(signum)
        assert "interrupted" in said(running)
        assert running.returncode == 130
    assert left(cvkit, temporary) == []
    assert not (cvkit.folder / "out.mp4").exists()


@pytest.mark.parametrize("seed", range(3))
def test_a_killed_writer_is_a_cut_stream(cvkit: Command, clip: Path, temporary: Path, seed: int):
    with (
        started(cvkit, temporary, "blur", clip, "-o", "-") as first,
        started(cvkit, temporary, "gray", "-", "-o", "out.mp4", stdin=first.stdout or 0) as second,
    ):
        assert first.stdout is not None
        first.stdout.close()
        deadline = time.monotonic() + 20
        while not left(cvkit, temporary) and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(random.Random(seed).uniform(0, 0.1))
        first.kill()
        text = said(second)
        assert second.returncode in (0, 3)  # it may have been done by then
        if second.returncode:
            assert "the stream was cut" in text
            assert not (cvkit.folder / "out.mp4").exists()
    assert left(cvkit, temporary) == []


def test_a_killed_reader_is_exit_5(cvkit: Command, clip: Path, temporary: Path):
    with (
        started(cvkit, temporary, "blur", clip, "-o", "-") as first,
        started(cvkit, temporary, "gray", "-", "-o", "out.mp4", stdin=first.stdout or 0) as second,
    ):
        assert first.stdout is not None
        first.stdout.close()
        deadline = time.monotonic() + 20
        while not left(cvkit, temporary) and time.monotonic() < deadline:
            time.sleep(0.01)
        second.kill()
        second.wait()
        said(first)
        assert first.returncode == 5
    assert not (cvkit.folder / "out.mp4").exists()


@pytest.mark.parametrize("missing", [1, len(FRAME) // 2, len(FRAME) - 2])
def test_raw_video_that_is_cut_names_the_last_frame(cvkit: Command, temporary: Path, missing: int):
    done = cvkit("gray", "-", "-o", "out.mp4", stdin=(Y4M + FRAME * 5)[:-missing])
    assert done.code == 3
    assert "stdin.y4m: damaged after frame 3 (0.120 s)" in done.err
    assert not (cvkit.folder / "out.mp4").exists()
    assert left(cvkit, temporary) == []


@pytest.mark.parametrize(
    ("line", "codes"),
    [
        ("cvkit gray in -o - | cvkit blur - -o out/", "0 0"),
        ("cvkit gray bad -o - | cvkit blur - -o out/", "6 6"),
        ("cvkit gray bad/cut.png -o - | cvkit blur - -o out/", "3 3"),
        ("cvkit gray in -o - | cvkit blurr - -o out/", "5 2"),
        ("cvkit gray in -o - | cvkit blur - -o none/there/out.png", "5 2"),
        ("cvkit grayy in -o - | cvkit blur - -o out/", "2 3"),
        ("cvkit gray missing.png -o - | cvkit blur - -o out/", "3 3"),
        ("cvkit gray in -o - --on-error stop | cvkit resize - 50% -o out/", "5 2"),
        ("cat in/a.jpg | cvkit blur - -o png:- | cvkit flip - -o out/", "0 0 0"),
        ("head -c 900 in/a.jpg | cvkit blur - -o png:- | cvkit flip - -o out/", "0 3 3"),
    ],
)
def test_what_each_part_of_a_pipe_says(cvkit: Command, temporary: Path, line: str, codes: str):
    folder(cvkit.folder / "in")
    folder(cvkit.folder / "bad")
    whole = (cvkit.folder / "bad" / "b.png").read_bytes()
    (cvkit.folder / "bad" / "cut.png").write_bytes(whole[: len(whole) // 2])
    done = shell(cvkit, temporary, f"{line}; echo ${{PIPESTATUS[*]}}")
    found = done.stdout.splitlines()[-1]
    # A writer whose little fits into the pipe never learns that nobody reads it.
    assert found == codes or found == codes.replace("5 2", "0 2"), done.stderr
    assert "Traceback" not in done.stderr
    failing = [int(code) for code in found.split() if code != "0"]
    done = shell(cvkit, temporary, f"set -o pipefail; rm -rf out; {line}")
    assert done.returncode == (failing[-1] if failing else 0)
    assert left(cvkit, temporary) == []


def test_what_failed_before_is_named_after(cvkit: Command, temporary: Path):
    folder(cvkit.folder / "in")
    whole = (cvkit.folder / "in" / "b.png").read_bytes()
    (cvkit.folder / "in" / "b.png").write_bytes(whole[: len(whole) // 2])
    line = "cvkit gray in -o - 2>/dev/null | cvkit blur - -o - 2>/dev/null | cvkit flip - -o out/"
    done = shell(cvkit, temporary, line)
    assert done.returncode == 6
    assert "b.png" in done.stderr
    assert "3 of 4 done" in done.stderr
    assert len([p for p in (cvkit.folder / "out").rglob("*") if p.is_file()]) == 3


def test_several_inputs_in_one_file_are_refused_before_any_is_written(cvkit: Command):
    done = cvkit("flip", "-", "-o", "out.png", stdin=stream_of(cvkit))
    assert done.code == 2
    assert "2 inputs would all write out.png" in done.err
    assert not (cvkit.folder / "out.png").exists()


def test_a_picture_is_passed_on_before_the_next_one_comes(cvkit: Command, temporary: Path):
    stream = stream_of(cvkit)
    ends = boundaries(stream)
    with started(cvkit, temporary, "flip", "-", "-o", "png:-") as running:
        assert running.stdin is not None
        assert running.stdout is not None
        running.stdin.write(stream[: ends[2]])  # the schema and both rows of the first
        running.stdin.flush()
        assert running.stdout.read(8) == b"\x89PNG\r\n\x1a\n"
        running.stdin.write(stream[ends[2] :])
        running.stdin.close()
        assert running.stdout.read().count(b"IEND") == 2
    assert running.returncode == 0


def test_a_copy_that_does_not_fit_is_said(cvkit: Command, clip: Path, tmp_path: Path):
    small = tmp_path / "small"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4k", "tmpfs", str(small)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount a small disk")
    try:
        env = {"TMPDIR": str(small)}
        done = cvkit("gray", "-", "-o", "out.mp4", stdin=clip.read_bytes(), env=env)
        assert done.code == 5
        assert "no space left" in done.err
        assert "TMPDIR=" in done.err
        assert not list(small.iterdir())
    finally:
        subprocess.run(["umount", str(small)], check=True)


def stream_of(cvkit: Command) -> bytes:
    cv2.imwrite(str(cvkit.folder / "a.png"), photo((32, 24)))
    cv2.imwrite(str(cvkit.folder / "b.png"), photo((32, 24)))
    return cvkit("gray", "a.png", "b.png", "-o", "-").out_bytes


def boundaries(stream: bytes) -> list[int]:
    """Where each message of Arrow ends."""
    found: list[int] = []
    source = pa.BufferReader(stream)
    while True:
        try:
            pa.ipc.read_message(source)
        except EOFError:
            return found
        found.append(source.tell())


def test_a_cut_at_any_message_is_said(cvkit: Command, temporary: Path):
    stream = stream_of(cvkit)
    ends = boundaries(stream)
    assert len(ends) == 6  # the schema, two rows an input, the end
    for end in ends[:-1]:
        for at in (end, end + 3):
            done = cvkit("flip", "-", "-o", "out/", "--overwrite", stdin=stream[:at])
            assert done.code in (3, 6), done.err
            assert "cut" in done.err
            assert "Traceback" not in done.err
    assert cvkit("flip", "-", "-o", "out/", "--overwrite", stdin=stream).code == 0


@pytest.mark.parametrize("seed", range(8))
def test_noise_in_a_stream_never_is_a_fault_of_ours(cvkit: Command, seed: int):
    chance, data = random.Random(seed), bytearray(stream_of(cvkit))
    for _ in range(1 << seed):
        data[chance.randrange(8, len(data))] = chance.randrange(256)
    done = cvkit("flip", "-", "-o", "out/", stdin=bytes(data), timeout=20)
    assert done.code in (0, 2, 3, 6), done.err
    assert "Traceback" not in done.err
    assert "fault" not in done.err
    assert not done.code or done.err


def test_a_stream_of_another_version_says_so(cvkit: Command):
    schema = pa.schema([("a", pa.int64())], metadata={"cvkit": "99"})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema) as out:
        out.write_batch(pa.record_batch([pa.array([1])], schema=schema))
    done = cvkit("flip", "-", "-o", "out/", stdin=sink.getvalue().to_pybytes())
    assert done.code == 3
    assert "another version" in done.err


@pytest.mark.parametrize(
    ("data", "said"),
    [(b"", "ended before anything came"), (b"hello\n", "no frame stream, picture or video")],
)
def test_nothing_and_nonsense_are_told_apart(cvkit: Command, data: bytes, said: str):
    done = cvkit("gray", "-", stdin=data)
    assert done.code == 3
    assert said in done.err


def test_no_thread_and_no_handle_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cvkit: Command
):
    stream = stream_of(cvkit)
    threads, handles = threading.active_count(), len(os.listdir("/proc/self/fd"))
    for data in (stream, stream[:-900], Y4M + FRAME * 30, Y4M + FRAME * 3 + b"FRA"):
        reading, writing = os.pipe()

        def write(data: bytes = data, into: int = writing) -> None:
            with open(into, "wb") as pipe:
                pipe.write(data)

        writer = threading.Thread(target=write)
        writer.start()
        with open(reading, "rb") as pipe:
            monkeypatch.setattr(sys, "stdin", pipe)
            spec = Spec((Step("gray"),), ("-",), (f"{tmp_path}/out/",), {"overwrite": True})
            report = run(spec)
        writer.join()
        assert report.exit_code == (0 if data in (stream, Y4M + FRAME * 30) else 3)
        assert (threading.active_count(), len(os.listdir("/proc/self/fd"))) == (threads, handles)


@pytest.mark.skipif(sys.platform != "linux", reason="pipes are a MiB where the system allows")
def test_both_ends_of_a_pipe_are_widened(cvkit: Command, temporary: Path):
    import fcntl

    with started(cvkit, temporary, "gray", "-", "-o", "y4m:-") as running:
        assert running.stdin is not None
        assert running.stdout is not None
        running.stdin.write(Y4M + FRAME * 40)
        running.stdin.flush()
        running.stdout.read(len(FRAME))
        for end in (running.stdin, running.stdout):
            assert fcntl.fcntl(end.fileno(), fcntl.F_GETPIPE_SZ) == 1 << 20
        running.stdin.close()
        running.stdout.read()
