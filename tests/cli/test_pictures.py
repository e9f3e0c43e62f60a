"""`-o term:` on a terminal that the test plays: what it is asked, and what is drawn on it."""

from __future__ import annotations

import base64
import fcntl
import os
import pty
import re
import select
import shutil
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import cv2
import numpy as np
import pytest

from cvkit.cli import pictures
from cvkit.core.warp import Array
from tests.conftest import ROOT, Command

CAT = ROOT / "samples" / "cat.jpg"
VIDEO = ROOT / "samples" / "portrait.mp4"
COLUMNS, LINES, CELL = 80, 24, (8, 16)
TRUE = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "NO_COLOR": "", "COLUMNS": ""}

CURSOR = (rb"\x1b\[6n", b"\x1b[1;1R")
PLAIN = (rb"\x1b\[c", b"\x1b[?62;22c")
SIXEL = (rb"\x1b\[c", b"\x1b[?62;4;22c")
KITTY = (rb"\x1b_Gi=(\d+)[^\x1b]*a=q[^\x1b]*\x1b\\", b"\x1b_Gi=\\1;OK\x1b\\\\")


class Terminal:
    """A terminal of 80 columns and 24 lines of 8x16 pixels that answers some questions."""

    def __init__(self, *answers: tuple[bytes, bytes]) -> None:
        self.answers = answers
        self.echoes = False

    def run(
        self,
        cvkit: Command,
        *arguments: str | Path,
        env: Mapping[str, str],
        stdin: Path | None = None,
    ) -> tuple[int, bytes]:
        """Exit code and everything written, stderr too."""
        master, slave = pty.openpty()
        size = struct.pack("4H", LINES, COLUMNS, COLUMNS * CELL[0], LINES * CELL[1])
        fcntl.ioctl(slave, termios.TIOCSWINSZ, size)
        piped = ["sh", "-c", f"exec \"$@\" < '{stdin}'", "sh"] if stdin is not None else []
        process = subprocess.Popen(
            ["setsid", "--ctty", *piped, *cvkit.argv(*arguments)],
            cwd=cvkit.folder,
            env=cvkit.env(env),
            stdin=slave,
            stdout=slave,
            stderr=slave,
        )
        written = self._talk(master, process)
        self.echoes = bool(termios.tcgetattr(slave)[3] & termios.ECHO)
        os.close(slave)
        os.close(master)
        return process.returncode, written

    def _talk(self, master: int, process: subprocess.Popen[bytes]) -> bytes:
        written, seen, end = b"", dict.fromkeys(self.answers, 0), time.monotonic() + 60
        while time.monotonic() < end:
            if select.select([master], [], [], 0.05)[0]:
                written += os.read(master, 65536)
            elif process.poll() is not None:
                return written
            for question, answer in self.answers:
                asked = list(re.finditer(question, written))
                for match in asked[seen[question, answer] :]:
                    os.write(master, match.expand(answer))
                seen[question, answer] = len(asked)
        process.kill()
        process.wait()
        raise AssertionError(f"no end: {written[-300:]!r}")


def write(folder: Path, name: str, picture: Array) -> str:
    cv2.imwrite(str(folder / name), picture)
    return name


def cells(written: bytes) -> list[list[tuple[str, str]]]:
    """Colours (above, below) of each half block, line by line."""
    rows = []
    for line in written.decode().split("\r\n"):
        above, below, row = "", "", []
        for code, block in re.findall(r"\x1b\[([0-9;]*)m|(▀)", line):
            above = match[1] if (match := re.search(r"38;2;(\d+;\d+;\d+)", code)) else above
            below = match[1] if (match := re.search(r"48;2;(\d+;\d+;\d+)", code)) else below
            row += [(above, below)] if block else []
        rows += [row] if row else []
    return rows


def test_half_blocks_are_the_pixels_of_a_small_picture(cvkit: Command):
    colours = np.array([[[0, 0, 255], [0, 255, 0]], [[255, 0, 0], [10, 20, 30]]] * 2, np.uint8)
    name = write(cvkit.folder, "four.png", colours)
    terminal = Terminal(PLAIN, CURSOR)
    code, written = terminal.run(cvkit, "convert", name, "-o", "term:", env=TRUE)
    assert code == 0
    line = [("255;0;0", "0;0;255"), ("0;255;0", "30;20;10")]
    assert cells(written) == [line, line]
    assert "four.png" in written.decode().split("▀")[0]
    assert terminal.echoes


def test_a_large_picture_fits_and_keeps_its_shape(cvkit: Command):
    _, written = Terminal(PLAIN, CURSOR).run(cvkit, "flip", CAT, "-o", "term:", env=TRUE)
    drawn = cells(written)  # 451x300: 22 lines leave room for the title and the prompt
    assert (len(drawn), {len(row) for row in drawn}) == (22, {66})
    expected = cv2.resize(picture_of(CAT)[:, ::-1], (66, 44), interpolation=cv2.INTER_AREA)
    halves = [
        [[int(v) for v in cell[half].split(";")] for cell in row]
        for row in drawn
        for half in (0, 1)
    ]
    assert np.abs(np.array(halves)[..., ::-1] - expected).mean() < 4


def test_columns_and_lines_of_the_environment_come_first(cvkit: Command):
    env = TRUE | {"COLUMNS": "40", "LINES": "50"}
    _, written = Terminal(PLAIN, CURSOR).run(cvkit, "convert", CAT, "-o", "term:", env=env)
    assert {len(row) for row in cells(written)} == {40}


def test_a_terminal_with_sixel_gets_sixel(cvkit: Command):
    terminal = Terminal(SIXEL, CURSOR)
    code, written = terminal.run(cvkit, "convert", CAT, "-o", "term:", env=TRUE)
    assert code == 0
    assert re.search(rb'\x1bP[0-9;]*q"1;1;448;304', written)  # whole cells: 56 of 8, 19 of 16
    assert not cells(written)


def test_a_terminal_with_kittys_protocol_gets_the_picture(cvkit: Command):
    terminal = Terminal(PLAIN, KITTY, CURSOR)
    code, written = terminal.run(cvkit, "convert", CAT, "-o", "term:", env=TRUE | {"NO_COLOR": "1"})
    assert code == 0
    sent = re.findall(rb"\x1b_Gi=\d+,m=[01],f=100,q=2;([^\x1b]+)\x1b", written)
    picture = cv2.imdecode(np.frombuffer(base64.b64decode(b"".join(sent)), np.uint8), 1)
    assert picture is not None
    assert picture.shape == (304, 448, 3)
    small = cv2.resize(picture_of(CAT), (448, 304), interpolation=cv2.INTER_AREA)
    assert np.abs(picture.astype(int) - small).mean() < 3
    assert re.search(rb"a=p,i=\d+,c=56,r=19,U=1", written)
    assert written.decode().count("\U0010eeee") == 56 * 19


@pytest.mark.parametrize(
    ("form", "mark"), [("kitty", b"\x1b_Gi="), ("sixel", b"\x1bP0;"), ("plain", "▒".encode())]
)
def test_a_form_can_be_chosen(cvkit: Command, form: str, mark: bytes):
    _, written = Terminal(PLAIN, CURSOR).run(cvkit, "convert", CAT, "-o", f"term:{form}", env=TRUE)
    assert mark in written.replace(b"a=q", b"")
    assert not cells(written)


@pytest.mark.parametrize(("env", "width"), [({"NO_COLOR": "1"}, 66), ({"TERM": "dumb"}, 69)])
def test_without_colours_there_are_plain_characters(
    cvkit: Command, env: dict[str, str], width: int
):
    terminal = Terminal(PLAIN, CURSOR)
    code, written = terminal.run(cvkit, "convert", CAT, "-o", "term:", env=TRUE | env)
    drawn = [line for line in written.decode().split("\r\n") if re.search("[░▒▓█]", line)]
    assert code == 0
    assert {len(line) for line in drawn} == {width}  # rich takes a dumb terminal for 80x25
    assert b"38;" not in written


def test_a_mute_terminal_gets_half_blocks_and_its_keyboard_back(cvkit: Command):
    terminal = Terminal()
    code, written = terminal.run(cvkit, "convert", CAT, "-o", "term:", env=TRUE)
    assert (code, len(cells(written))) == (0, 22)
    assert terminal.echoes


def test_the_picture_may_come_from_a_pipe(cvkit: Command):
    terminal = Terminal(SIXEL, CURSOR)
    code, written = terminal.run(cvkit, "gray", "-", "-o", "term:", env=TRUE, stdin=CAT)
    assert code == 0
    assert re.search(rb"\x1bP[0-9;]*q", written)


def test_a_video_stays_in_its_place_and_every_frame_is_recorded(cvkit: Command):
    start = time.monotonic()
    arguments = ("flip", VIDEO, "-o", "term:", "-o", "all.jsonl")
    code, written = Terminal(PLAIN, CURSOR).run(cvkit, *arguments, env=TRUE)
    assert code == 0
    assert time.monotonic() - start > 1.9
    assert len((cvkit.folder / "all.jsonl").read_text().splitlines()) == 50
    again = written.count(b"\x1b[22A")
    assert 3 <= again < 50
    assert len(cells(written)) == 22 * (again + 1)
    assert written.count(b"portrait.mp4") == 2  # its title once, and the line at the end
    assert written.index(b"\x1b[?25l") < written.index(b"\x1b[?25h")


def test_space_pauses_in_the_terminal_and_a_dot_shows_every_frame(cvkit: Command):
    # The first frame is answered by a space, and each line that tells of the pause by a dot.
    keys = ((rb"\x1b\[\?25l", b" "), (rb"paused at", b"."))
    terminal = Terminal(PLAIN, CURSOR, *keys)
    arguments = ("flip", VIDEO, "-o", "term:", "-o", "all.jsonl")
    code, written = terminal.run(cvkit, *arguments, env=TRUE)
    assert code == 0
    assert len((cvkit.folder / "all.jsonl").read_text().splitlines()) == 50
    told = [float(found) for found in re.findall(rb"paused at (\d+\.\d+) s", written)]
    assert told[-1] == 1.96
    np.testing.assert_allclose(np.diff(told)[1:], 0.04, atol=0.001)  # none is left out
    assert terminal.echoes


def test_q_ends_a_video_in_the_terminal_and_gives_the_keyboard_back(cvkit: Command):
    terminal = Terminal(PLAIN, CURSOR, (rb"\x1b\[\?25l", b"q"))
    arguments = ("flip", VIDEO, "-o", "term:", "-o", "all.mp4")
    code, written = terminal.run(cvkit, *arguments, env=TRUE)
    assert code == 0
    assert b"closed before its end, so not written" in written
    assert not list(cvkit.folder.iterdir())
    assert terminal.echoes
    assert b"\x1b[?25h" in written


@pytest.mark.parametrize(
    ("pressed", "wish"),
    [
        (b" ", "pause"), (b".", "step"), (b"n", "step"), (b"\x1b[C", "step"),
        (b"q", "quit"), (b"Q", "quit"), (b"  q", "quit"), (b"\x1b", "quit"),
        (b"x", ""), (b"\x1b[A", ""), (b"\x1b[?62;4;22c", ""), (b"\x1b_Gi=1;OK q\x1b\\", ""),
    ],
)  # fmt: skip
def test_keys_mean_what_they_say_and_answers_of_the_terminal_nothing(pressed: bytes, wish: str):
    assert pictures._wish(pressed) == wish


def test_where_stdout_is_no_terminal_nothing_is_read(cvkit: Command):
    ran = cvkit("convert", CAT, "-o", "term:", "-o", "other.png")
    assert ran.code == 2
    assert "-o term: draws in the terminal, and stdout is none" in ran.err
    assert not list(cvkit.folder.iterdir())


@pytest.mark.parametrize(
    ("outputs", "told"),
    [
        (["term:ascii"], "there is term:, term:kitty, term:sixel, term:blocks, term:plain"),
        (["term:", "term:plain"], "may be said once"),
        (["show:me"], "there is show:"),
    ],
)
def test_what_is_no_preview_is_refused(cvkit: Command, outputs: list[str], told: str):
    words = [word for output in outputs for word in ("-o", output)]
    ran = cvkit("convert", CAT, *words, env={"DISPLAY": ""})
    assert ran.code == 2
    assert told in ran.err


def test_in_tmux_the_picture_is_in_the_pane(cvkit: Command):
    if shutil.which("tmux") is None:
        pytest.skip("needs tmux: apt-get install -y tmux")
    tmux = ["tmux", "-L", f"cvkit-{os.getpid()}", "-f", "/dev/null"]
    command = " ".join(map(str, cvkit.argv("flip", CAT, "-o", "term:"))) + "; sleep 60"
    new = ["new-session", "-d", "-x", str(COLUMNS), "-y", str(LINES), command]
    env = cvkit.env(TRUE | {"TERM": "xterm-256color"})
    subprocess.run([*tmux, *new], env=env, cwd=cvkit.folder, check=True)
    try:
        pane = wait_for(lambda: captured(tmux, env), lambda text: len(cells(text)) == 22)
    finally:
        subprocess.run([*tmux, "kill-server"], env=env, check=False)
    assert {len(row) for row in cells(pane)} == {66}


def captured(tmux: list[str], env: dict[str, str]) -> bytes:
    shown = subprocess.run([*tmux, "capture-pane", "-pe"], env=env, capture_output=True, check=True)
    return shown.stdout.replace(b"\n", b"\r\n")


def wait_for(look: Callable[[], bytes], true: Callable[[bytes], bool]) -> bytes:
    end = time.monotonic() + 20
    while not true(seen := look()):
        assert time.monotonic() < end, seen
        time.sleep(0.1)
    return seen


def picture_of(path: Path) -> Array:
    picture = cv2.imread(str(path))
    assert picture is not None
    return picture
