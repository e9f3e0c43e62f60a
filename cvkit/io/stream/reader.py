"""Read a frame stream: items one after the other, each with its frames and its sound."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Generator, Iterator
from typing import Any, BinaryIO

from cvkit.core.errors import CvkitError, DamagedError, InputError, InternalError
from cvkit.core.frame import Frame
from cvkit.io.sound import Sound, SoundPacket
from cvkit.io.stream.head import End, Head, cut, damaged
from cvkit.io.stream.messages import Messages, checked, largest_body
from cvkit.io.stream.rows import VERSION, Row, from_batch, schema

_GOES_ON = (0, 6, 7)
_MOST_ERROR = 10_000
_MOST_MODELS, _MOST_WORDS = 100, 500
_MOST_CLASSES = 100_000
_OF_A_MODEL = ("name", "sha256", "licence")


class StreamReader:
    """Iterate it for the items, each for its `frames()`; then `end` says how the writer ended.

    Raises DamagedError where the stream is cut, damaged or over `max_pixels`.
    """

    def __init__(self, file: BinaryIO, *, max_pixels: int) -> None:
        self._messages = Messages(file, largest_body(max_pixels))
        self._max_pixels = max_pixels
        self._opened = False
        self._ahead: deque[Row] = deque()
        self.end: End | None = None
        self.items: int | None = None
        """How many items the writer promised, once something was read."""
        self.models: list[dict[str, str]] = []
        """What found things so far: of each model `name`, `sha256` and `licence`, "" if not known.
        """
        self.classes: list[dict[int, str]] = []
        """What each step that found or recalled things can name, by number."""

    def __iter__(self) -> Iterator[StreamedItem]:
        while (row := self._peeked()) is not None:
            if not row.first:
                raise damaged(f"item {row.item} begins in its middle")
            item = StreamedItem(self, row)
            yield item
            item.skip()

    def peek(self) -> Frame | None:
        """The first frame that will come, which stays to be read; None where none will."""
        for row in self._ahead:
            if row.frame is not None:
                return row.frame
        while (more := self._read()) is not None:
            self._ahead.append(more)
            if more.frame is not None:
                return more.frame
        return None

    def _peeked(self) -> Row | None:
        if not self._ahead:
            row = self._read()
            if row is None:
                return None
            self._ahead.append(row)
        return self._ahead[0]

    def _of(self, item: int) -> Row | None:
        """The next row of this item, or None where another one or the end comes."""
        row = self._peeked()
        return None if row is None or row.item != item else self._ahead.popleft()

    def _read(self) -> Row | None:
        if self.end is not None:
            return None
        if not self._opened:
            self._open()
        message = self._messages.next()
        if message is None:
            raise cut()
        batch = self._messages.batch(message, schema())
        if batch.num_rows == 0:
            self.end = checked(lambda: _end_of(message))
            return None
        return checked(lambda: from_batch(batch, self._max_pixels))

    def _open(self) -> None:
        import pyarrow as pa

        self._opened = True
        message = self._messages.next()
        if message is None:
            raise cut()
        if message.type != "schema":
            raise damaged("it does not begin with its schema")
        found = checked(lambda: pa.ipc.read_schema(message))
        items = (found.metadata or {}).get(b"items", b"")
        self.items = int(items) if items.isdigit() and len(items) < 10 else None
        self.models = checked(lambda: _models((found.metadata or {}).get(b"models", b"[]")))
        self.classes = checked(lambda: _classes((found.metadata or {}).get(b"classes", b"[]")))
        if not found.equals(schema()):
            version = ((found.metadata or {}).get(b"cvkit") or b"").decode(errors="replace")
            if version and version != VERSION:
                raise DamagedError(
                    "the frame stream was written by another version of cvkit",
                    why=f"it is version {version[:20]}, this cvkit reads {VERSION}",
                )
            raise damaged("its columns are not those of cvkit's frames")


class StreamedItem:
    """One item. `error` and `code` are set where nothing of it came; `frames` can be read once."""

    def __init__(self, reader: StreamReader, first: Row) -> None:
        self._reader = reader
        self._item = first.item
        self._sound: _Arriving | None = None
        self._over = False
        alone = first.error is not None and first.frame is None
        self.error = _said(first) if alone else None
        self.code: int | None = first.code or 3 if alone else None
        sound = None
        if first.sound is not None:
            self._sound = _Arriving()
            sound = Sound.from_parts(first.sound, self._sound)
        known = (first.name, first.moving, first.format, first.rate, sound, first.metadata)
        self.head = Head(*known, first.aspect, first.cut, first.about)

    def frames(self) -> Generator[Frame, None, None]:
        """Frames in order. Raises InputError, or InternalError, where the item failed upstream."""
        while (row := self._next()) is not None:
            if row.error is not None:
                raise _failure(row)
            if row.frame is not None:
                yield row.frame

    def skip(self) -> None:
        """Read past what is left of it. Whoever left it early has said why."""
        while not self._over:
            row = self._reader._of(self._item)
            self._over = row is None or row.last

    def _next(self) -> Row | None:
        if self._over:
            return None
        row = self._reader._of(self._item)
        if row is None:
            self._over = True
            end = self._reader.end
            if end is not None and end.code not in _GOES_ON:
                raise InputError("the command before the pipe failed", why=end.error)
            raise damaged(f"{self.head.name} ends without its last row")
        self._over = row.last
        self.head.gaps.extend(row.gaps)
        if self._sound is not None:
            self._sound.packets.extend(row.packets)
        return row


class _Arriving(Iterator[SoundPacket]):
    """Packets of the rows read so far. It says that there is none, and later has some: the video
    writer asks again, and a frame's sound comes with the frame at the latest."""

    def __init__(self) -> None:
        self.packets: deque[SoundPacket] = deque()

    def __next__(self) -> SoundPacket:
        try:
            return self.packets.popleft()
        except IndexError:
            raise StopIteration from None


def _said(row: Row) -> str:
    return (row.error or "")[:_MOST_ERROR]


def _failure(row: Row) -> CvkitError:
    return InternalError(_said(row)) if row.code == 1 else InputError(_said(row))


def _models(told: bytes) -> list[dict[str, str]]:
    models = json.loads(told)[:_MOST_MODELS]
    return [{key: str(one.get(key, ""))[:_MOST_WORDS] for key in _OF_A_MODEL} for one in models]


def _classes(told: bytes) -> list[dict[int, str]]:
    lists = json.loads(told)[:_MOST_MODELS]
    return [{int(n): str(name)[:_MOST_WORDS] for n, name in one[:_MOST_CLASSES]} for one in lists]


def _end_of(message: Any) -> End:  # noqa: ANN401 - Arrow has no types
    """The metadata of the last batch, which Arrow gives out only when it reads a whole stream."""
    import pyarrow as pa

    whole = schema().serialize().to_pybytes() + message.serialize().to_pybytes()
    _, told = pa.ipc.open_stream(whole).read_next_batch_with_custom_metadata()
    code = int((told or {})["code"])
    if not 0 <= code <= 255:
        raise ValueError(f"{code} is no exit code")
    return End(code, bytes(told["error"]).decode(errors="replace")[:_MOST_ERROR])
