"""The frame stream: what goes in comes out, and nothing that a stranger sends does harm."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import fields, is_dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from cvkit.core import values, warp
from cvkit.core.errors import DamagedError, InputError, InternalError
from cvkit.core.frame import Frame
from cvkit.core.grid import Grid
from cvkit.core.time import Time
from cvkit.io.codecs.asked import Asked
from cvkit.io.codecs.jpeg import read as read_jpeg
from cvkit.io.codecs.stored import Stored
from cvkit.io.planes import Planes, plane_shapes
from cvkit.io.sound import Sound, SoundPacket
from cvkit.io.stream import (
    Head,
    StreamReader,
    StreamWriter,
    decode_frame,
    encode_frame,
    read_rows,
    write_row,
)
from cvkit.io.stream.rows import Row, schema, to_batch

MOST = 10_000_000
CLIP = Head("a/clip.mp4", moving=True, format="mp4", rate=Fraction(30000, 1001), sound=None)
STILL = Head("b.jpg", moving=False, format="jpeg", rate=None, sound=None)


def same(a: object, b: object) -> bool:
    """Equal to the bit, types, orders and storages too; grids by their own equality."""
    if type(a) is not type(b) and not (isinstance(a, Mapping) and isinstance(b, Mapping)):
        return False
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        return list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    if isinstance(a, tuple) and isinstance(b, tuple):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, Grid):
        return a == b
    if is_dataclass(a) and is_dataclass(b):
        names = [f.name for f in fields(a) if f.name != "_views"]
        return all(same(getattr(a, n), getattr(b, n)) for n in names)
    return a == b or (a != a and b != b)


def picture(w: int = 7, h: int = 5, dtype: str = "uint8", channels: int = 3) -> warp.Array:
    rng = np.random.default_rng(w * h)
    array = rng.random((h, w, channels)) * values.DEPTHS[dtype]
    return array.astype(dtype)[:, :, 0] if channels == 1 else array.astype(dtype)


def floats(rows: object) -> NDArray[np.float32]:
    return np.array(rows, np.float32)


def planes(w: int, h: int, layout: str = "420") -> Planes:
    size = sum(a * b for a, b in plane_shapes((w, h), layout))  # type: ignore[misc,arg-type]
    data = np.arange(size, dtype=np.uint32).astype(np.uint8)
    return Planes.of(data, (w, h), layout=layout, matrix="709", full_range=True)  # type: ignore[arg-type]


def full() -> Frame:
    """One frame with every kind of value."""
    grid = Grid.of((7, 5))
    objects = values.Objects(
        grid,
        floats([[0, 0, 3, 2], [1, 1, 2.5, 4]]),
        floats([0.5, np.nan]),
        np.array([1, -1], np.int32),
        ("a", "ü\udcff"),
        np.array([2**40, -1], np.int64),
        np.zeros((2, 4, 2), np.float32),
        (floats([[0, 0], [1, 1]]), np.zeros((0, 2), np.float32)),
        (np.full((2, 3), 255, np.uint8), np.zeros((3, 2), np.uint8)),
        np.ones((2, 17, 3), np.float32),
        np.ones((2, 3), np.float32),
        ("", "x"),
        ("detect", "detect"),
        {"area": np.array([1.5, 2]), "word": ("p", "q"), "n": np.array([1, 2])},
    )
    kinds: tuple[values.Value, ...] = (
        values.Image(grid, planes(7, 5), picture(channels=1)),
        values.Mask.of(picture(channels=1) > 100),
        replace(values.Labels.of(picture(channels=1)), names={1: "cat", 0: "none"}),
        values.Depth(grid, picture(dtype="float32", channels=1), metric=True),
        values.Flow.of(picture(dtype="float32")[:, :, :2]),
        objects,
        values.Features(grid, floats([[1, 2]]), np.zeros((1, 32), np.uint8)),
        values.Scores(("cat", "dog"), (0.75, 0.25)),
        values.Vector(floats([1, 2, 3])),
        values.Text("read\n\0me"),
        values.Measures(({"a": 1, "b": None, "c": True}, {"a": 2.5, "b": "x", "c": False})),
        values.Event(({"at": 3},)),
        values.Camera(np.eye(3), np.zeros(5), (7, 5)),
    )
    return Frame(kinds, grid, 812, Time(-3, Fraction(1, 90000)), "a/clip.mp4")


def test_every_kind_of_value_comes_back_as_it_was():
    frame = full()
    assert {type(v) for v in frame.values} == set(values.KINDS.values())
    assert same(decode_frame(encode_frame(frame)), frame)


@pytest.mark.parametrize("layout", ["gray", "420", "422", "440", "444"])
def test_planes_stay_planes(layout: str):
    frame = Frame.of(values.Image(Grid.of((7, 5)), planes(7, 5, layout)))
    assert same(decode_frame(encode_frame(frame)), frame)


def test_a_jpeg_carries_its_luma():
    import cv2

    data = cv2.imencode(".jpg", picture(64, 48))[1].tobytes()
    image = read_jpeg(data, "a.jpg", Asked(MOST))
    back = decode_frame(encode_frame(Frame.of(image))).photo
    assert back is not None
    assert back.untouched
    assert same(back.gray, image.gray)
    assert same(back.bgr, image.bgr)
    assert not np.array_equal(image.gray, cv2.cvtColor(image.bgr, cv2.COLOR_BGR2GRAY))


@given(
    hnp.arrays(
        st.sampled_from(["uint8", "uint16", "float32"]),
        st.tuples(st.integers(1, 9), st.integers(1, 9))
        | st.tuples(st.integers(1, 9), st.integers(1, 9), st.just(3)),
    ),
    st.sampled_from(["plain", "stored", "view"]),
    st.booleans(),
)
def test_pictures_round_trip(array: warp.Array, form: str, alpha: bool):
    if form == "view":  # of every second column, as a crop is
        array = np.repeat(array, 2, axis=1)[:, ::2]
    plain = values.Plain(values.frozen(array))
    cover = array if array.ndim == 2 else array[:, :, 0]
    image = values.Image(
        Grid.of(plain.size), Stored(plain) if form == "stored" else plain, cover if alpha else None
    )
    frame = Frame.of(image, index=3)
    back = decode_frame(encode_frame(frame))
    assert same(back, frame)
    assert back.photo is not None
    assert not back.photo.array.flags.writeable


def test_grids_and_kept_pictures_come_back_equal():
    h, w = 5, 7
    x, y = np.meshgrid(np.arange(w, dtype=np.float32), np.arange(h, dtype=np.float32))
    frame = Frame.of(values.Image.of(picture())).keep("raw")
    frame = frame.moved(warp.Field((w, h), x, y)).keep("flat").keep("again")
    frame = frame.moved(warp.Crop((w, h), 1, 1, 4, 3)).put(values.Text("x"))
    frame = frame.put(values.Objects.of([[0, 0, 2, 2]], frame.grid, scores=[0.5]))
    back = decode_frame(encode_frame(frame))
    assert list(back.kept) == ["raw", "flat", "again"]
    assert back.kept["flat"] is back.kept["again"]
    assert back.values[0].grid == back.grid
    assert back.grid.maps[0] is back.kept["flat"].grid.maps[0]
    assert [str(m) for m in back.grid.maps[1:]] == [str(m) for m in frame.grid.maps[1:]]
    for name in ("raw", "flat"):
        was, now = frame.use(name).get(values.Objects), back.use(name).get(values.Objects)
        assert was is not None
        assert now is not None
        assert same(was.boxes, now.boxes)


def test_rows_of_a_gather_come_back_in_order():
    file = io.BytesIO()
    for index in range(5):
        write_row(file, replace(full(), index=index))
    file.seek(0)
    assert [same(f, replace(full(), index=i)) for i, f in enumerate(read_rows(file))] == [True] * 5


def stream(only: set[values.Kind] | None = None) -> bytes:
    file = io.BytesIO()
    writer = StreamWriter(file, only=only)
    writer.begin(0, CLIP)
    for index in range(3):
        writer.frame(replace(full(), index=index))
    writer.finish_item()
    writer.failed(1, "broken.jpg", "broken.jpg: it is cut", 3)
    writer.begin(2, STILL)
    writer.frame(Frame.of(values.Image.of(picture())))
    writer.end(6)
    return file.getvalue()


def read(data: bytes) -> tuple[list[tuple[Head, str | None, list[Frame]]], StreamReader]:
    reader = StreamReader(io.BytesIO(data), max_pixels=MOST)
    return [(i.head, i.error, list(i.frames()) if not i.error else []) for i in reader], reader


def test_items_come_in_order_with_heads_errors_and_the_end():
    items, reader = read(stream())
    assert [(head, error, len(frames)) for head, error, frames in items] == [
        (CLIP, None, 3),
        (Head("broken.jpg", False, "", None, None), "broken.jpg: it is cut", 0),
        (STILL, None, 1),
    ]
    assert all(same(f, replace(full(), index=i)) for i, f in enumerate(items[0][2]))
    assert reader.end is not None
    assert (reader.end.code, reader.end.error) == (6, "")


def test_only_slims_the_stream():
    (_, _, frames), *_ = read(stream({values.Mask, values.Objects}))[0]
    assert [type(v) for v in frames[0].values] == [values.Mask, values.Objects]


def test_peeking_passes_a_failed_item_and_takes_nothing_away():
    file = io.BytesIO()
    writer = StreamWriter(file)
    writer.failed(0, "a", "gone")
    writer.begin(1, STILL)
    writer.frame(full())
    writer.end(6)
    reader = StreamReader(io.BytesIO(file.getvalue()), max_pixels=MOST)
    first = reader.peek()
    assert first is reader.peek()
    items = [(i.error, [] if i.error else list(i.frames())) for i in reader]
    assert items == [("gone", []), (None, [first])]


def test_items_that_nobody_reads_are_passed_over():
    reader = StreamReader(io.BytesIO(stream()), max_pixels=MOST)
    assert [item.head.name for item in reader] == ["a/clip.mp4", "broken.jpg", "b.jpg"]


@pytest.mark.parametrize(("code", "kind"), [(3, InputError), (1, InternalError)])
def test_an_item_that_fails_in_its_middle_fails_here_too(code: int, kind: type[Exception]):
    file = io.BytesIO()
    writer = StreamWriter(file)
    writer.begin(4, CLIP)
    writer.frame(full())
    writer.failed(4, CLIP.name, "frame 57, stage boom: it is wrong", code)
    writer.end(6)
    (item,) = StreamReader(io.BytesIO(file.getvalue()), max_pixels=MOST)
    reader = StreamReader(io.BytesIO(file.getvalue()), max_pixels=MOST)
    item = next(iter(reader))
    frames = item.frames()
    assert next(frames).index == 812
    with pytest.raises(kind, match="frame 57, stage boom"):
        next(frames)


@pytest.mark.parametrize("code", [1, 2, 4, 5, 130])
def test_an_end_of_the_run_fails_the_open_item(code: int):
    file = io.BytesIO()
    writer = StreamWriter(file)
    writer.begin(0, CLIP)
    writer.frame(full())
    writer.end(code, "the disk is full")
    reader = StreamReader(io.BytesIO(file.getvalue()), max_pixels=MOST)
    with pytest.raises(InputError, match="the disk is full"):
        list(next(iter(reader)).frames())
    assert reader.end is not None
    assert reader.end.code == code


def test_a_stream_cut_anywhere_is_an_error_and_never_a_traceback():
    data = stream()
    last = len(data) - 8  # the end of the Arrow stream itself says nothing more
    for length in {*range(0, last, 97), *range(200), *range(last - 300, last)}:
        with pytest.raises(DamagedError):
            read(data[:length])


@given(st.data())
def test_damage_anywhere_is_read_or_refused(data: st.DataObject):
    good = bytearray(stream())
    for _ in range(data.draw(st.integers(1, 4))):
        good[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
    with suppress(InputError, InternalError):
        read(bytes(good))


@given(st.binary(max_size=300))
def test_nonsense_is_refused(data: bytes):
    for start in (b"", b"\xff\xff\xff\xff", b"\xff\xff\xff\xff\xff\xff\xff\x7f"):
        with pytest.raises(DamagedError):
            read(start + data)


def changed(**told: object) -> bytes:
    """A stream whose one row says something else."""
    batch = to_batch(Row(0, "a.png", first=True, frame=full()))
    row = batch.to_pylist()[0]
    for name, value in told.items():
        if name in row:
            row[name] = value
        else:
            row["values"][0][name] = value
    file = io.BytesIO()
    with pa.ipc.new_stream(file, schema()) as out:
        out.write_batch(pa.RecordBatch.from_pylist([row], schema=schema()))
    return file.getvalue()


HUGE = '[{"size": [100000, 100000], "source": [7, 5], "maps": []}]'


@pytest.mark.parametrize(
    "told",
    [
        {"name": b"../a.png"}, {"name": b"/etc/passwd"}, {"name": b"a/../../b"}, {"name": b"a\0b"},
        {"source": b".."}, {"name": b"\xff"}, {"name": None}, {"item": None}, {"index": -1},
        {"den": 0}, {"den": -1}, {"pts": None}, {"grids": HUGE}, {"grids": "[" * 100_000},
        {"grids": "[]"}, {"grids": "7"}, {"rate_num": 1, "rate_den": 0}, {"values": [None]},
        {"kind": "secret"}, {"kind": None}, {"dtype": "|O"}, {"dtype": "<M8"}, {"grid": -1},
        {"grid": 99}, {"grid": None}, {"data": b"x"}, {"data": None}, {"extra": "{}"},
        {"extra": "["}, {"storage": "same", "extra": "0"}, {"storage": "plain"}, {"space": "gray"},
        {"shape": [-1, -1]}, {"shape": [2**31 - 1, 2**31 - 1, 3], "storage": "plain"},
        {"alpha": b"x"}, {"luma": b"x", "storage": "decoded"}, {"columns": b"12345678"},
        {"order": 5}, {"kept": b"k", "kind": "text"},
        {"packets": [{"num": 0, "den": 0, "data": b"", "stream": 0, "duration": 0}]},
    ],
)  # fmt: skip
def test_a_row_that_lies_is_refused(told: dict[str, object]):
    with pytest.raises(DamagedError, match="damaged"):
        read(changed(**told))


def test_what_is_announced_takes_no_memory(monkeypatch: pytest.MonkeyPatch):
    class Endless(io.RawIOBase):
        asked = 0

        def __init__(self, data: bytes) -> None:
            self._data = io.BytesIO(data)

        def read(self, size: int = -1) -> bytes:
            self.asked = max(self.asked, size)
            return self._data.read(size)

    whole = stream()
    start = whole.index(b"\xff\xff\xff\xff", 8)  # the first batch after the schema
    length = int.from_bytes(whole[start + 4 : start + 8], "little")
    metadata = bytearray(whole[start + 8 : start + 8 + length])
    body = int(pa.ipc.read_message(pa.BufferReader(whole[start:])).body.size)
    at = metadata.index(body.to_bytes(8, "little"))
    for announced in (2**62, MOST * 16 + 2**26 - 8):
        metadata[at : at + 8] = announced.to_bytes(8, "little")
        file = Endless(whole[: start + 8] + bytes(metadata))
        reader = StreamReader(file, max_pixels=MOST)  # type: ignore[arg-type]
        with pytest.raises(DamagedError):
            next(iter(reader))
        assert file.asked <= 2**26


def test_compressed_batches_are_refused():
    file = io.BytesIO()
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_stream(file, schema(), options=options) as out:
        out.write_batch(to_batch(Row(0, "a", first=True, frame=full())))
    with pytest.raises(DamagedError, match="compressed"):
        read(file.getvalue())


def test_another_version_says_so():
    file = io.BytesIO()
    other = pa.schema([("a", pa.int64())], metadata={"cvkit": "9"})
    with pa.ipc.new_stream(file, other) as out:
        out.write_batch(pa.record_batch([pa.array([1])], schema=other))
    with pytest.raises(DamagedError, match="version 9"):
        read(file.getvalue())


def test_too_many_pixels_are_refused():
    with pytest.raises(DamagedError, match="max-pixels"):
        list(next(iter(StreamReader(io.BytesIO(stream()), max_pixels=10))).frames())


def tone(count: int = 40) -> Iterator[SoundPacket]:
    for i in range(count):
        yield SoundPacket(0, i * 20, i * 20, 20, Fraction(1, 1000), True, bytes([i]) * 9)


def test_sound_comes_with_its_frames_and_whole():
    file = io.BytesIO()
    writer = StreamWriter(file)
    writer.begin(0, replace(CLIP, sound=Sound.from_parts(b"header", tone())))
    for i in range(10):
        at = Time(i * 40, Fraction(1, 1000))
        writer.frame(Frame.of(values.Image.of(picture()), index=i, time=at))
    writer.finish_item()
    writer.end(0)
    item = next(iter(StreamReader(io.BytesIO(file.getvalue()), max_pixels=MOST)))
    assert item.head.sound is not None
    assert item.head.sound.header() == b"header"
    packets, heard = item.head.sound.packets(), list[SoundPacket]()
    for frame in item.frames():
        # As the video writer asks: for the next one as soon as the last has ended.
        until = Fraction(frame.time.pts, 1000)
        while not heard or (heard[-1].end or 0) <= until:
            heard.append(next(packets))
    heard += packets
    assert heard == list(tone())


def test_a_reader_that_goes_is_a_broken_pipe(tmp_path: Path):
    reading, writing = os.pipe()
    os.close(reading)
    with pytest.raises(BrokenPipeError), open(writing, "wb", buffering=0) as pipe:
        StreamWriter(pipe).failed(0, "a", "b")


def test_a_pipe_to_head_gives_its_bytes_and_no_traceback(tmp_path: Path):
    (tmp_path / "write.py").write_text(
        "import sys, numpy as np\n"
        "from cvkit.core.frame import Frame\nfrom cvkit.core.values import Image\n"
        "from cvkit.io.stream import Head, StreamWriter\n"
        "w = StreamWriter(sys.stdout.buffer)\n"
        "w.begin(0, Head('a', True, 'mp4', None, None))\n"
        "try:\n"
        "    while True: w.frame(Frame.of(Image.of(np.zeros((480, 640, 3), np.uint8))))\n"
        "except BrokenPipeError:\n    import os; os._exit(9)\n"
    )
    line = f'"{sys.executable}" "{tmp_path}/write.py" | head -c 1000; exit ${{PIPESTATUS[0]}}'
    root = str(Path(__file__).resolve().parents[2])
    done = subprocess.run(
        ["bash", "-c", line],
        capture_output=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": root},
    )
    assert (done.returncode, len(done.stdout), done.stderr) == (9, 1000, b"")
