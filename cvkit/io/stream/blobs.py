"""Single frames in the stream's encoding: as bytes, or one after the other in a file of ours."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import BinaryIO

from cvkit.core.frame import Frame
from cvkit.io.stream.head import cut, damaged
from cvkit.io.stream.messages import Messages, checked, largest_body
from cvkit.io.stream.rows import Row, from_batch, schema, to_batch

_MAX_PIXELS = 500_000_000


def encode_frame(frame: Frame) -> bytes:
    """One frame without its stream."""
    return bytes(memoryview(to_batch(Row(0, "", frame=frame)).serialize()))


def decode_frame(data: bytes, *, max_pixels: int = _MAX_PIXELS) -> Frame:
    """What `encode_frame` was given. Raises DamagedError."""
    frames = list(read_rows(io.BytesIO(data), max_pixels=max_pixels))
    if len(frames) != 1:
        raise cut() if not frames else damaged("it holds more than one frame")
    return frames[0]


def write_row(file: BinaryIO, frame: Frame) -> None:
    """Append a frame to a file that `read_rows` reads."""
    file.write(memoryview(to_batch(Row(0, "", frame=frame)).serialize()))


def read_rows(file: BinaryIO, *, max_pixels: int = _MAX_PIXELS) -> Iterator[Frame]:
    """Frames as they were written, one in memory at a time. Raises DamagedError."""
    messages = Messages(file, largest_body(max_pixels))
    while (message := messages.next()) is not None:
        batch = messages.batch(message, schema())
        row = checked(lambda batch=batch: from_batch(batch, max_pixels))  # type: ignore[misc]
        if row.frame is None:
            raise damaged("a row holds no frame")
        yield row.frame
