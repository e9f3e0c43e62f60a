"""Write a frame stream: items in order, sound just ahead of the frames it belongs to."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import BinaryIO

from cvkit.core.frame import Frame
from cvkit.core.values import Kind
from cvkit.io.pipes import Outgoing
from cvkit.io.sound import SoundPacket
from cvkit.io.stream.head import Head
from cvkit.io.stream.rows import Row, schema, to_batch


class StreamWriter:
    """`begin` an item, `frame` by `frame`, `finish_item`; at last `end`, whatever happened.

    Each row is flushed. A reader that went away shows as BrokenPipeError. `only` leaves out the
    values of other kinds.
    """

    def __init__(
        self,
        file: BinaryIO,
        *,
        only: set[Kind] | None = None,
        items: int | None = None,
        models: Sequence[Mapping[str, str]] = (),
        classes: Sequence[Mapping[int, str]] = (),
    ) -> None:
        """`items`: how many will come, where that is known; `models`: what found things so far,
        each as its `name`, `sha256` and `licence`; `classes`: what each step that found or
        recalled things can name, by number.
        """
        import pyarrow as pa

        self._file = Outgoing(file, "the frame stream")
        self._only = only
        told = json.dumps([dict(model) for model in models]) if models else ""
        named = json.dumps([list(one.items()) for one in classes]) if classes else ""
        self._batches = pa.ipc.new_stream(self._file, schema(items, told, named))
        self._item: int | None = None
        self._head: Head | None = None
        self._begun = False
        self._packets: Iterator[SoundPacket] = iter(())
        self._last: SoundPacket | None = None
        self._gaps: list[Mapping[str, object]] = []

    def begin(self, item: int, head: Head) -> None:
        """Go on with this item; harmless when repeated. One that was open is finished."""
        if self._item == item:
            return
        self.finish_item()
        self._item, self._head, self._begun = item, head, False
        self._packets = iter(()) if head.sound is None else iter(head.sound.packets())
        self._last = None
        self._gaps = []

    def gap(self, gap: Mapping[str, object]) -> None:
        """What the open item, a damaged one, lacks: `after`, `from`, `to` and `why`."""
        self._gaps.append(gap)

    def frame(self, frame: Frame, packets: Sequence[SoundPacket] = ()) -> None:
        """One frame of the item that was begun, and the sound up to its time; then `packets`."""
        if self._only is not None:
            kept = {n: v for n, v in frame.kept.items() if type(v) in self._only}
            frame = replace(frame.only(self._only), kept=kept)
        due = (*self._due(frame.time.pts * frame.time.base), *packets)
        self._write(replace(self._row(), frame=frame, packets=due))

    def finish_item(self) -> None:
        """Close the open item, with the sound that is left; harmless where none is open."""
        if self._item is None:
            return
        self._write(
            replace(self._row(), last=True, packets=tuple(self._packets), gaps=tuple(self._gaps))
        )
        self._item = self._head = None

    def failed(self, item: int, name: str, error: str, code: int = 3) -> None:
        """An item that failed: alone, or the one that is open after some of its frames."""
        first = self._item != item or not self._begun
        if self._item is not None and self._item != item:
            self.finish_item()
        row = Row(item, name, first=first, last=True, error=error, code=code)
        if self._head is not None and self._item == item:
            row = replace(row, moving=self._head.moving, format=self._head.format)
        self._item = self._head = None
        self._write(row)

    def end(self, code: int, error: str = "") -> None:
        """The last batch. After 0, 6 or 7 an open item is finished, else its reader drops it."""
        import pyarrow as pa

        if code in (0, 6, 7):
            self.finish_item()
        told = {"code": str(code), "error": error.encode("utf-8", "backslashreplace")}
        empty = pa.RecordBatch.from_pylist([], schema=schema())
        self._batches.write_batch(empty, custom_metadata=told)
        self._batches.close()
        self._file.flush()

    def _row(self) -> Row:
        if self._item is None or self._head is None:
            raise RuntimeError("begin an item first")
        head, first = self._head, not self._begun
        row = Row(self._item, head.name, first=first, moving=head.moving, format=head.format)
        if first:
            sound = None if head.sound is None else head.sound.header()
            row = replace(row, rate=head.rate, aspect=head.aspect)
            row = replace(row, sound=sound, metadata=head.metadata)
            row = replace(row, cut=head.cut, about=head.about)
        self._begun = True
        return row

    def _due(self, until: Fraction) -> Iterator[SoundPacket]:
        """By the rule of the video writer on the other side: it asks for a packet only when the
        one before has ended, so whatever it asks for by this time is there."""
        while self._last is None or self._last.end is None or self._last.end <= until:
            packet = next(self._packets, None)
            if packet is None:
                return
            self._last = packet
            yield packet

    def _write(self, row: Row) -> None:
        self._batches.write_batch(to_batch(row))
        self._file.flush()
