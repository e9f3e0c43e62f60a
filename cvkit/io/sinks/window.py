"""A window that shows pictures, by OpenCV's own window functions.

They belong to one thread: whoever makes a Window also calls it.
"""

from __future__ import annotations

import ctypes
import os
import sys
import time
from functools import cache
from typing import Literal

import cv2

from cvkit.core.errors import MissingError, UsageError
from cvkit.core.warp import Array

NAME = "cvkit"
QUIT = (ord("q"), ord("Q"), 27)
"""Keys that end the preview; 27 is Esc."""
NEXT = (*b" \r\n", *range(65361, 65368))
"""Space, Enter, the four arrows, Page Up, Page Down and End, as X numbers them."""
PAUSE = (ord(" "),)
STEP = (ord("."), ord("n"), 65363)
"""One frame of a video; 65363 is the arrow to the right."""
Wish = Literal["", "quit", "pause", "step"]
"""What a viewer of a video wants: nothing, no more, to pause or go on, or to see one frame."""
_WISHES: tuple[tuple[tuple[int, ...], Wish], ...] = (
    (QUIT, "quit"), (PAUSE, "pause"), (STEP, "step"),
)  # fmt: skip
LOOK = 0.03
"""Seconds between two looks at the keyboard."""
ROOM = 0.9
"""The part of the screen that a picture may take; panels and the title bar need the rest."""


def screen() -> tuple[int, int]:
    """Width and height of the screen. Raises UsageError or MissingError where no window can open.

    Qt ends the whole process where it cannot reach a display, so that it is tried out before.
    """
    if not _has_windows():
        raise MissingError(
            "-o show: opens a window, and this OpenCV was built without them",
            why="opencv-python-headless has been installed over opencv-contrib-python",
            remedy="pip install --force-reinstall --no-deps opencv-contrib-python, or -o term:",
        )
    if sys.platform == "darwin":  # a window can always open, and its size is not worth a package
        return 1440, 900
    size = _x_screen()
    if size is None:
        display = os.environ.get("DISPLAY", "")
        raise UsageError(
            "-o show: opens a window, and there is no display",
            why=f"{display} does not answer" if display else "DISPLAY is not set",
            remedy="-o term: draws in the terminal, over ssh too; -o out.png writes a file",
        )
    return size


class Window:
    """One picture at a time, 1:1, or scaled down to the screen. Raises as `screen`."""

    def __init__(self) -> None:
        self._screen = screen()
        self._open = False

    def show(self, picture: Array, title: str, *, moving: bool) -> None:
        """Show a (h, w, 3) uint8 BGR picture in the place of the one before; returns at once."""
        if not self._open:
            cv2.namedWindow(NAME, cv2.WINDOW_AUTOSIZE | cv2.WINDOW_GUI_NORMAL)
            self._open = True
        cv2.setWindowTitle(NAME, title)
        cv2.imshow(NAME, self._fitting(picture))  # seen with the next look at the keyboard

    def key(self) -> bool:
        """Wait for a key: True for the next picture, False where the viewer wants no more."""
        while True:
            pressed = self._pressed(LOOK)
            if pressed in NEXT:
                return True
            if pressed in QUIT:
                return False

    def look(self, seconds: float) -> Wish:
        """Let time go by, at least a glance, until the viewer of a video wishes something."""
        until = time.monotonic() + seconds
        while True:
            left = until - time.monotonic()
            pressed = self._pressed(min(max(left, 0.001), LOOK))
            for keys, wish in _WISHES:
                if pressed in keys:
                    return wish
            if left <= LOOK:
                return ""

    def say(self, title: str) -> None:
        if self._open:
            cv2.setWindowTitle(NAME, title)

    def close(self) -> None:
        if self._open:
            cv2.destroyWindow(NAME)
            cv2.waitKey(1)
            self._open = False

    def _pressed(self, seconds: float) -> int:
        """The key that was pressed, or -1; a window that was closed counts as q."""
        if not self._open:
            time.sleep(seconds)
            return -1
        pressed = int(cv2.waitKeyEx(max(1, round(seconds * 1000))))
        if pressed == -1 and not _visible():
            self._open = False
            return QUIT[0]
        return pressed & 0xFFFF if pressed != -1 else -1  # without the bits for Shift and Num Lock

    def _fitting(self, picture: Array) -> Array:
        height, width = picture.shape[:2]
        scale = min(self._screen[0] * ROOM / width, self._screen[1] * ROOM / height)
        if scale >= 1:
            return picture
        size = max(1, round(width * scale)), max(1, round(height * scale))
        return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)


def _has_windows() -> bool:
    try:
        return bool(cv2.currentUIFramework())
    except (cv2.error, AttributeError):
        return False


def _visible() -> bool:
    try:
        return bool(cv2.getWindowProperty(NAME, cv2.WND_PROP_VISIBLE) >= 1)
    except cv2.error:  # Qt ends with its last window
        return False


@cache
def _x_screen() -> tuple[int, int] | None:
    """The size of the X display's screen, or None where none can be reached.

    The connection stays: a server without other clients begins anew when its last one leaves.
    """
    try:
        x11 = ctypes.CDLL("libX11.so.6")
    except OSError:
        return None
    x11.XOpenDisplay.restype = ctypes.c_void_p
    display = ctypes.c_void_p(x11.XOpenDisplay(None))
    if display.value is None:
        return None
    number = x11.XDefaultScreen(display)
    return x11.XDisplayWidth(display, number), x11.XDisplayHeight(display, number)
