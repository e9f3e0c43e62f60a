"""The frame stream on stdout as a sink: stills wait for their turn, moving inputs go straight."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cvkit.engine.report import Item
from cvkit.engine.sinks import Made, Medium

if TYPE_CHECKING:
    from cvkit.io.stream import Head, StreamWriter


class Held:
    """A still's head and frames, until the coordinator writes them in order."""

    def __init__(self, head: Head) -> None:
        self.head = head
        self.made: list[Made] = []

    def write(self, made: Made, number: int) -> None:
        self.made.append(made)

    def close(self) -> list[str]:
        return []

    def abort(self) -> None:
        self.made.clear()


class Downstream:
    """Frames of a moving input, straight to stdout."""

    def __init__(self, writer: StreamWriter, item: Item, medium: Medium) -> None:
        self._writer, self._item, self._medium = writer, item, medium
        self._begun = False

    def write(self, made: Made, number: int) -> None:
        if not self._begun:
            self._writer.begin(self._item.number, head_of(self._item, self._medium))
            self._begun = True
        self._writer.frame(made.frame)

    def close(self) -> list[str]:
        if self._begun:
            self._writer.finish_item()
        return []

    def abort(self) -> None:
        """The coordinator says what failed."""


def head_of(item: Item, medium: Medium) -> Head:
    """What the frame stream says of an item before its frames."""
    from cvkit.io.stream import Head

    told = medium.album.all()
    return Head(item.name, medium.moving, medium.format, medium.rate, medium.sound, told)
