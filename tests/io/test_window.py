"""`-o show:` on a display that nobody sees: what its pixels are, and what keys do."""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import struct
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import cv2
import numpy as np
import pytest

from cvkit.core.errors import MissingError
from cvkit.core.warp import Array
from cvkit.io.sinks import window
from tests.conftest import ROOT, Command

CAT = ROOT / "samples" / "cat.jpg"
VIDEO = ROOT / "samples" / "portrait.mp4"
WAIT = 20.0
SEARCH = ("search", "--onlyvisible", "--name", r"\.")
"""Our window, whose title is a file's name."""


@dataclass(frozen=True)
class Display:
    """An X server that draws into a file."""

    name: str
    buffer: Path

    def pixels(self) -> Array:
        """(480, 640, 3) BGR; the file is an XWD dump: header, colour map, rows of BGRX."""
        data = self.buffer.read_bytes()
        header = struct.unpack(">25I", data[:100])
        start, width, height = header[0] + header[19] * 12, header[4], header[5]
        rows = np.frombuffer(data, np.uint8, header[12] * height, start)
        return rows.reshape(height, -1, 4)[:, :width, :3]

    def shows(self, picture: Array) -> Callable[[], bool]:
        """Asked again and again, it maps the window anew: without a window manager, Qt misses the
        first call to paint now and then on a busy machine."""
        height, width = picture.shape[:2]
        asked = count(1)

        def shown() -> bool:
            if next(asked) % 40 == 0:
                self.do(*SEARCH, "windowunmap", "windowmap")
            return np.array_equal(self.pixels()[:height, :width], picture)

        return shown

    def do(self, *words: str) -> str:
        done = subprocess.run(
            ["xdotool", *words],
            env={"DISPLAY": self.name, "PATH": os.environ["PATH"]},
            capture_output=True,
            text=True,
            check=False,
            timeout=WAIT,
        )
        return done.stdout.strip()

    def press(self, key: str) -> None:
        """There is no window manager, so the window is told that it has the keyboard."""
        self.do(*SEARCH, "windowfocus", "--sync")
        self.do(
            "key", key
        )  # to the keyboard; sent to the window it may come after the window's end

    def title(self) -> str:
        return self.do(*SEARCH, "getwindowname")

    def close(self) -> None:
        """As the cross of a window's frame does."""
        x11 = ctypes.CDLL("libX11.so.6")
        x11.XOpenDisplay.restype = ctypes.c_void_p
        x11.XInternAtom.restype = ctypes.c_ulong
        display = ctypes.c_void_p(x11.XOpenDisplay(self.name.encode()))
        protocols, delete = (
            x11.XInternAtom(display, name, 0) for name in (b"WM_PROTOCOLS", b"WM_DELETE_WINDOW")
        )
        target, message, longs = int(self.do(*SEARCH)), 33, 32
        event = struct.pack(
            "=iiQiiQQQiiQ", message, 0, 0, 1, 0, 0, target, protocols, longs, 0, delete
        )
        x11.XSendEvent(
            display, ctypes.c_ulong(target), 0, ctypes.c_long(0), event.ljust(192, b"\0")
        )
        x11.XCloseDisplay(display)


@pytest.fixture(scope="module")
def display(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Display]:
    missing = [name for name in ("Xvfb", "xdotool") if shutil.which(name) is None]
    if missing:
        pytest.skip(f"needs {' and '.join(missing)}: apt-get install -y xvfb xdotool")
    folder = tmp_path_factory.mktemp("display")
    size = ["-screen", "0", "640x480x24", "-fbdir", str(folder)]
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", "1", "-noreset", "-nolisten", "tcp", *size],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert server.stdout is not None
        found = Display(f":{server.stdout.readline().strip()}", folder / "Xvfb_screen0")
        found.do("mousemove", "639", "479")  # the pointer is in the file too
        yield found
    finally:
        server.terminate()
        server.communicate()


Start = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def start(cvkit: Command, display: Display) -> Iterator[Start]:
    """`cvkit` on the display; what a failed test leaves is ended."""
    running: list[subprocess.Popen[bytes]] = []

    def begin(*arguments: str | Path) -> subprocess.Popen[bytes]:
        running.append(cvkit.start(*arguments, env={"DISPLAY": display.name}))
        return running[-1]

    yield begin
    for process in running:
        if process.stdout is not None and not process.stdout.closed:
            process.kill()
            print(process.communicate())  # what a failed test had to say


def picture_of(path: Path) -> Array:
    picture = cv2.imread(str(path))
    assert picture is not None
    return picture


def until(true: Callable[[], bool]) -> bool:
    end = time.monotonic() + WAIT
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def ended(process: subprocess.Popen[bytes]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=WAIT)
    return process.returncode, out.decode(), err.decode()


def test_a_picture_is_shown_one_to_one_and_q_is_a_normal_end(start: Start, display: Display):
    process = start("flip", CAT, "-o", "show:", "-o", "flipped.png")
    expected = picture_of(CAT)[:, ::-1]
    assert until(display.shows(expected))
    assert display.title() == "cat.jpg"
    display.press("q")
    code, out, err = ended(process)
    assert (code, out) == (0, "flipped.png\n")
    assert "flipped.png" in err


def test_what_is_found_is_drawn_in_the_window(cvkit: Command, start: Start, display: Display):
    coins = ROOT / "samples" / "coins.jpg"
    drawn = cvkit("contours", coins, "-o", "drawn.png")
    assert drawn.code == 0
    process = start("contours", coins, "-o", "show:")
    assert until(display.shows(picture_of(cvkit.folder / "drawn.png")))
    display.press("space")  # after the last picture the next is the end
    assert ended(process)[0] == 0


def test_a_large_picture_is_scaled_down_to_the_screen(
    cvkit: Command, start: Start, display: Display
):
    picture = cv2.resize(picture_of(CAT), (1600, 800))
    cv2.imwrite(str(cvkit.folder / "large.png"), picture)
    process = start("convert", "large.png", "-o", "show:")
    assert until(display.shows(cv2.resize(picture, (576, 288), interpolation=cv2.INTER_AREA)))
    display.press("Escape")
    assert ended(process)[0] == 0


def test_space_and_arrows_go_through_a_folder_and_quitting_leaves_the_rest_pending(
    cvkit: Command, start: Start, display: Display
):
    folder = cvkit.folder / "in"
    folder.mkdir()
    greys = {f"{n}.png": np.full((240, 320, 3), n * 40, np.uint8) for n in range(1, 5)}
    for name, grey in greys.items():
        cv2.imwrite(str(folder / name), grey)
    process = start("show", folder, "--json")
    keys = iter(["space", "Right", "q"])
    for number, (name, grey) in enumerate(greys.items(), 1):
        if number == 4:
            break
        assert until(display.shows(grey))
        assert display.title() == f"{name} ({number} of 4)"
        display.press(next(keys))
    code, out, _ = ended(process)
    assert code == 0
    counts = json.loads(out)["counts"]
    assert counts == {"inputs": 4, "done": 3, "skipped": 0, "failed": 0, "pending": 1}


def test_a_video_plays_at_its_pace_and_other_outputs_lose_no_frame(
    cvkit: Command, start: Start, display: Display
):
    begun = time.monotonic()
    arguments = ("flip", VIDEO, "-o", "show:", "-o", "all.mp4", "-o", "all.jsonl")
    process = start(*arguments)
    assert until(lambda: display.title() == "portrait.mp4")
    assert ended(process)[0] == 0
    assert time.monotonic() - begun > 1.9  # 50 frames at 25 a second
    assert len((cvkit.folder / "all.jsonl").read_text().splitlines()) == 50
    assert "50 frames" in cvkit("info", "all.mp4").out


def test_space_pauses_a_video_a_dot_steps_and_nothing_is_lost(
    cvkit: Command, start: Start, display: Display
):
    process = start("flip", VIDEO, "-o", "show:", "-o", "all.jsonl", "-o", "all.mp4")
    assert until(lambda: display.title() == "portrait.mp4")
    display.press("space")
    assert until(lambda: "paused at" in display.title())
    told = display.title()
    assert told.endswith("s (space goes on, . shows a frame, q ends)")
    seen = display.pixels()
    time.sleep(0.5)
    assert (display.title(), np.array_equal(display.pixels(), seen)) == (told, True)
    at = [seconds_of(told)]
    for key in ("period", "n", "Right"):
        display.press(key)
        assert until(lambda: seconds_of(display.title()) > at[-1])
        at.append(seconds_of(display.title()))
    np.testing.assert_allclose(np.diff(at)[1:], 0.04, atol=0.001)  # before, some may be left out
    assert process.poll() is None
    display.press("space")
    assert ended(process)[0] == 0
    assert len((cvkit.folder / "all.jsonl").read_text().splitlines()) == 50
    assert "50 frames" in cvkit("info", "all.mp4").out


def seconds_of(title: str) -> float:
    return float(title.partition("paused at ")[2].partition(" s")[0] or 0)


@pytest.mark.parametrize("leave", [lambda d: d.press("q"), Display.close], ids=["q", "cross"])
def test_quitting_a_video_drops_what_is_half_written(
    cvkit: Command, start: Start, display: Display, leave: Callable[[Display], None]
):
    arguments = ("flip", VIDEO, "-o", "show:", "-o", "all.mp4")
    process = start(*arguments)
    assert until(lambda: display.title() == "portrait.mp4")
    leave(display)
    code, out, err = ended(process)
    assert (code, out) == (0, "")
    assert "portrait.mp4: closed before its end, so not written" in err
    assert not list(cvkit.folder.iterdir())


@pytest.mark.parametrize(
    ("env", "why"),
    [({}, "DISPLAY is not set"), ({"DISPLAY": ":9999"}, ":9999 does not answer")],
)
def test_without_a_display_nothing_is_read_and_term_is_named(
    cvkit: Command, env: dict[str, str], why: str
):
    ran = cvkit("threshold", CAT, "-o", "show:", "-o", "mask.png", env=env)
    assert ran.code == 2
    assert why in ran.err
    assert "-o term: draws in the terminal, over ssh too" in ran.err
    assert not list(cvkit.folder.iterdir())


def test_an_opencv_without_windows_is_named_with_its_remedy(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(cv2, "currentUIFramework", lambda: "")
    with pytest.raises(MissingError, match="pip install --force-reinstall") as caught:
        window.screen()
    assert "term:" in caught.value.remedy
