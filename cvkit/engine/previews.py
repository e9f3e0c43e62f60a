"""Previews: `-o show:` and `-o term:`, drawn by the coordinator in input order.

A window belongs to one thread, so pictures that are made in the pool wait for their turn. Whoever
looks may want no more: that is a normal end of the run. What was not reached is pending, a video
that is also written elsewhere is dropped, and everything that is finished stays. A video may be
paused: the run waits with it, so that nothing is lost of what is also written.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from cvkit.core.errors import UsageError
from cvkit.core.values import Image, eight_bit
from cvkit.core.warp import Array
from cvkit.engine.report import Item
from cvkit.engine.sinks import Made, Quit
from cvkit.io.sinks.window import Wish

if TYPE_CHECKING:
    from cvkit.engine.check import Job

SHARE = 0.5
"""The part of the time that drawing the frames of a video may take from the run."""
BEHIND = 1.0
"""Seconds after which late frames are no more caught up with: the work is slower than the video."""
GLANCE = 0.1
"""Seconds between two looks at the keyboards while a video is paused."""
PAUSED = "paused at {seconds:.2f} s (space goes on, . shows a frame, q ends)"


class Screen(Protocol):
    """Where pictures are shown, (h, w, 3) uint8 BGR. Called by one thread."""

    def show(self, picture: Array, title: str, *, moving: bool) -> None:
        """Returns at once; a frame of a moving input takes the place of the one before."""

    def key(self) -> bool:
        """After a still: when the next may come; False where the viewer wants no more."""

    def look(self, seconds: float) -> Wish:
        """Let time go by, at least a glance, until the viewer wishes something."""

    def say(self, title: str) -> None:
        """Another title of the frame that is seen."""

    def close(self) -> None: ...


Opens = Callable[[str], Screen]
"""Makes the screen of a terminal from the word behind `term:`."""


class Previews:
    """Every screen of a run; it belongs to the thread that makes it."""

    def __init__(self, job: Job, terminal: Opens | None) -> None:
        outputs = job.previews()
        self._closed = False
        self.only = len(outputs) == len(job.outputs)
        """Whether nothing is written besides."""
        self._total = len(job.items) if job.upstream is None else 0
        self._background = job.options.background.bgr
        self._thread = threading.get_ident()
        self._held: dict[int, list[Array]] = {}
        self._screens = [_screen(o.text, terminal) for o in outputs]

    def closed(self) -> bool:
        """Whether the viewer wants no more."""
        return self._closed

    def sink(self, item: Item) -> Frames:
        return Frames(self, item)

    def here(self) -> bool:
        """Whether the calling thread may draw."""
        return threading.get_ident() == self._thread

    def hold(self, item: Item, picture: Array) -> None:
        self._held.setdefault(item.number, []).append(picture)

    def drop(self, item: Item) -> None:
        self._held.pop(item.number, None)

    def turn(self, item: Item) -> None:
        """Show what waits of this input."""
        for picture in self._held.pop(item.number, []):
            self.still(item, picture)

    def picture(self, made: Made) -> Array:
        """What is shown of a frame: deeper data as 8 bits, alpha over the background."""
        from cvkit.core.draw import shown
        from cvkit.io.codecs.writing import laid_over

        raster = made.picture
        assert raster is not None
        if isinstance(raster, Image) and raster.alpha is not None:
            raster = Image.of(eight_bit(laid_over(raster, self._background)), raster.grid)
        return shown(raster)

    def still(self, item: Item, picture: Array) -> None:
        for screen in self._screens:
            if not self._closed:
                screen.show(picture, self._title(item), moving=False)
                self._closed = not screen.key()

    def frame(self, item: Item, picture: Array) -> None:
        for screen in self._screens:
            screen.show(picture, self._title(item), moving=True)

    def say(self, item: Item, text: str) -> None:
        """Add this to the title of the frame that is seen."""
        title = self._title(item)
        for screen in self._screens:
            screen.say(f"{title}: {text}" if text else title)

    def look(self, seconds: float) -> Wish:
        """Let time go by, at least a glance at each screen's keyboard; what was wished there."""
        until = time.monotonic() + seconds
        wish: Wish = ""
        for screen in self._screens:
            wish = screen.look(max(until - time.monotonic(), 0.0)) or wish
            if wish == "quit":
                self._closed = True
        return wish

    def close(self) -> None:
        for screen in self._screens:
            screen.close()

    def _title(self, item: Item) -> str:
        if self._total == 1 or (self._total and item.number >= self._total):  # or what was gathered
            return item.name
        of = f" of {self._total}" if self._total else ""
        return f"{item.name} ({item.number + 1}{of})"


class Frames:
    """The sink of one input's frames; those of a video are shown at their own times."""

    def __init__(self, previews: Previews, item: Item) -> None:
        self._previews, self._item = previews, item
        self._start: float | None = None
        self._free = 0.0
        """When the next frame may be drawn, so that slow drawing leaves out frames and no time."""
        self._seen = 0.0
        """Seconds of the frame that is seen."""
        self._paused = False

    def write(self, made: Made, number: int) -> None:
        previews, item = self._previews, self._item
        if previews.closed():
            return
        if item.moving:
            self._play(made)
        elif previews.here():
            previews.still(item, previews.picture(made))
        else:
            previews.hold(item, previews.picture(made))
        if previews.closed() and (item.moving or previews.only):
            raise Quit

    def _play(self, made: Made) -> None:
        at, now = made.frame.time.seconds, time.monotonic()
        if self._start is None or now - self._start - at > BEHIND:
            self._start = now - at
        self._wait(self._start + at)
        begun = time.monotonic()
        if self._previews.closed() or (begun < self._free and not self._paused):
            return
        self._previews.frame(self._item, self._previews.picture(made))
        self._seen = at
        if self._paused:
            self._say()
        self._heed(self._previews.look(0))
        took = time.monotonic() - begun
        self._free = begun + took / SHARE

    def _wait(self, until: float) -> None:
        """Until a frame's time; where the viewer has paused, until they want to see it."""
        while not self._previews.closed():
            left = GLANCE if self._paused else until - time.monotonic()
            if left <= 0:
                return
            wish = self._previews.look(left)
            paused = self._paused
            self._heed(wish)
            if wish == "step" or (paused and not self._paused):
                return

    def _heed(self, wish: Wish) -> None:
        if wish not in ("pause", "step"):
            return
        self._paused = wish == "step" or not self._paused
        self._start, self._free = None, 0.0  # the next frame is shown when it is wanted
        self._say()

    def _say(self) -> None:
        told = PAUSED.format(seconds=self._seen) if self._paused else ""
        self._previews.say(self._item, told)

    def close(self) -> list[str]:
        return []

    def abort(self) -> None:
        self._previews.drop(self._item)


def check(texts: list[str]) -> None:
    """Raises UsageError or MissingError where a preview cannot be shown here, before any pixel."""
    for text in texts:
        if texts.count(text) > 1 or (text != "show:" and sum(t != "show:" for t in texts) > 1):
            raise UsageError(f"-o {text} may be said once")
        if text == "show:":
            from cvkit.io.sinks.window import screen

            screen()
        elif not sys.stdout.isatty():
            raise UsageError(
                f"-o {text} draws in the terminal, and stdout is none",
                remedy="say it without a pipe; -o show: opens a window, -o out.png writes a file",
            )


def _screen(text: str, terminal: Opens | None) -> Screen:
    if text == "show:":
        from cvkit.io.sinks.window import Window

        return Window()
    if terminal is None:
        raise UsageError(f"-o {text} is for the command line")
    return terminal(text.removeprefix("term:"))
