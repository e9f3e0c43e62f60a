"""Pictures in the terminal (`-o term:`), drawn by textual-image.

It asks the terminal whether it speaks sixel or kitty's graphics protocol, else it draws half
blocks. Its drawings are rich's, so that they are made here and handed to the engine.
"""

from __future__ import annotations

import logging
import os
import select
import sys
import termios
import time
import tty
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, TextIO

from cvkit.cli import terminal

if TYPE_CHECKING:
    from cvkit.core.warp import Array
    from cvkit.io.sinks.window import Wish

ANSWER = 1.0
"""Seconds that a terminal at the far end of a slow line has for an answer."""
WIDEST = 297
"""Columns and lines that kitty's protocol can number."""


class TerminalPictures:
    """Each picture under the one before, as large as it is or as the terminal allows; the frames
    of a video each in the place of the one before."""

    def __init__(self, form: str) -> None:
        """`form` is kitty, sixel, blocks or plain; empty takes the best that the terminal has."""
        # It logs with a traceback that a terminal gave no answer; then it takes usual sizes.
        logging.getLogger("textual_image").setLevel(logging.CRITICAL)
        with _asking():
            from textual_image import renderable
            from textual_image._terminal import get_cell_size

            self._cell = get_cell_size()
        from rich.console import Console

        kinds = {
            "kitty": renderable.TGPImage,
            "sixel": renderable.SixelImage,
            "blocks": renderable.HalfcellImage,
            "plain": renderable.UnicodeImage,
        }
        self._kind = kinds[form] if form else renderable.Image
        if not form and self._kind is kinds["blocks"] and not terminal.coloured(sys.stdout):
            self._kind = kinds["plain"]
        self._pixels = self._kind in (kinds["kitty"], kinds["sixel"])
        # Kitty's cells name their picture by colour, so NO_COLOR must not take that away.
        self._console = Console(file=sys.__stdout__, force_terminal=True, no_color=False)
        if self._console.color_system in (None, "standard"):
            # 256 colours are everywhere, though TERM=xterm admits 16, in which nothing is seen.
            self._console = Console(
                file=sys.__stdout__, force_terminal=True, no_color=False, color_system="256"
            )
        self._drawn: tuple[str, int] = ("", 0)
        """Title and height in lines of the video's frame that is seen."""
        self._said = ""
        """The title that stands there."""
        self._last: object = None
        self._keys = ExitStack()
        self._keyboard: TextIO | None = None

    def show(self, picture: Array, title: str, *, moving: bool) -> None:
        import cv2
        from PIL import Image

        height, width = picture.shape[:2]
        columns, lines = self._cells(width, height)
        rgb = Image.fromarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB))
        image = self._kind(rgb, columns, lines)
        again = moving and self._drawn == (title, lines)
        with self._console.capture() as drawn:
            self._console.print(image, end="")
        head = f"\033[{lines}A" if again else self._head(title, moving=moving)
        self._write(head + drawn.get())
        if again and hasattr(self._last, "cleanup"):
            self._last.cleanup()  # kitty keeps a picture until it is told
        self._drawn, self._last = (title, lines) if moving else ("", 0), image

    def key(self) -> bool:
        return True

    def look(self, seconds: float) -> Wish:
        """Let time go by until a key is pressed that means something for a video."""
        until = time.monotonic() + seconds
        while True:
            left = max(until - time.monotonic(), 0.0)
            if self._keyboard is None:
                time.sleep(left)
            elif select.select([self._keyboard], [], [], left)[0]:
                wish = _wish(os.read(self._keyboard.fileno(), 1024))
                if wish:
                    return wish
            if not left:
                return ""

    def say(self, title: str) -> None:
        lines = self._drawn[1]
        if lines and title != self._said:
            up, down = f"\033[{lines + 1}A\r", f"\033[{lines + 1}B\r"
            self._write(up + "\033[2K" + self._titled(title) + down)
            self._said = title

    def close(self) -> None:
        if self._drawn[1]:
            self._write("\033[?25h")
        self._keys.close()

    def _cells(self, width: int, height: int) -> tuple[int, int]:
        """Columns and lines for a picture: not more than its pixels need, nor than fit."""
        across, down = self._cell if self._pixels else (1, self._cell.height / self._cell.width)
        columns, lines = width / across, height / down
        room = min(self._console.width, WIDEST), min(self._console.height - 2, WIDEST)
        scale = min(1.0, room[0] / columns, room[1] / lines)
        return max(1, round(columns * scale)), max(1, round(lines * scale))

    def _head(self, title: str, *, moving: bool) -> str:
        hidden = "\033[?25l" if moving else ""
        if moving and self._keyboard is None:
            self._keyboard = self._keys.enter_context(_listening())
        self._said = title
        return hidden + self._titled(title) + "\n"

    def _titled(self, title: str) -> str:
        """In one line, above which nothing moves."""
        shown = terminal.plain(title)[: self._console.width - 1]
        return terminal.styled(shown, "dim", sys.stdout)

    def _write(self, text: str) -> None:
        assert sys.__stdout__ is not None
        sys.__stdout__.flush()
        sys.__stdout__.buffer.write(text.encode())
        sys.__stdout__.buffer.flush()


@contextmanager
def _listening() -> Iterator[TextIO | None]:
    """The keyboard, each key as it is pressed and none of them seen; None where there is none."""
    keyboard = None if os.environ.get("TERM") == "dumb" else _keyboard()
    if keyboard is None:
        yield None
        return
    with keyboard:
        modes = termios.tcgetattr(keyboard)
        tty.setcbreak(keyboard, termios.TCSANOW)
        try:
            yield keyboard
        finally:
            termios.tcsetattr(keyboard, termios.TCSAFLUSH, modes)


def _wish(pressed: bytes) -> Wish:
    """What these keys mean; answers of the terminal and other keys of many bytes mean nothing."""
    if pressed == b"\033":
        return "quit"
    if pressed == b"\033[C":  # the arrow to the right
        return "step"
    if pressed.startswith(b"\033"):
        return ""
    wishes: dict[bytes, Wish] = {b" ": "pause", b".": "step", b"n": "step"}
    return "quit" if b"q" in pressed.lower() else wishes.get(pressed[:1], "")


@contextmanager
def _asking() -> Iterator[None]:
    """What the terminal answers is read from itself (stdin may be a pipe), is not seen, and does
    not reach the shell when it comes late."""
    before = sys.__stdin__
    keyboard = None if os.environ.get("TERM") == "dumb" else _keyboard()
    sys.__stdin__ = keyboard  # type: ignore[misc, assignment] # where the library reads
    try:
        if keyboard is None:
            yield
            return
        modes = termios.tcgetattr(keyboard)
        tty.setcbreak(keyboard, termios.TCSANOW)
        try:
            yield
            _settled(keyboard)
        finally:
            termios.tcsetattr(keyboard, termios.TCSAFLUSH, modes)
    finally:
        sys.__stdin__ = before  # type: ignore[misc]
        if keyboard is not None:
            keyboard.close()


def _keyboard() -> TextIO | None:
    try:
        return open("/dev/tty", encoding="utf-8")
    except OSError:  # a process without a terminal of its own
        return None


def _settled(keyboard: TextIO) -> None:
    """Wait for the answer to a last question, where the cursor is: none is under way after it."""
    assert sys.__stdout__ is not None
    sys.__stdout__.write("\033[6n")
    sys.__stdout__.flush()
    until = time.monotonic() + ANSWER
    while select.select([keyboard], [], [], max(0.0, until - time.monotonic()))[0]:
        if b"R" in os.read(keyboard.fileno(), 1024):
            return
