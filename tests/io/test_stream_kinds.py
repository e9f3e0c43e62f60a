"""The frame stream holds whatever a frame can hold: any frame comes back as it went."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cvkit.core import values, warp
from cvkit.core.frame import Frame
from cvkit.core.grid import Grid
from cvkit.core.time import Time
from cvkit.io.codecs.metadata import Metadata
from cvkit.io.planes import Layout, Matrix, Planes, plane_shapes
from cvkit.io.sound import Sound, SoundPacket
from cvkit.io.stream import Head, StreamReader, StreamWriter, decode_frame, encode_frame
from tests.conftest import Command
from tests.invariant.media import video
from tests.io.test_stream import same

MOST = 10_000_000
words = st.text(max_size=8)  # surrogates too, as file names that are no text have
whole = st.integers(-(2**62), 2**62)
cells = words | whole | st.floats() | st.booleans() | st.none()
rows = st.lists(st.dictionaries(words, cells, max_size=4), max_size=4).map(tuple)
counts = st.integers(0, 4)


def array(dtype: str, *shape: int) -> st.SearchStrategy[warp.Array]:
    return hnp.arrays(np.dtype(dtype), shape)


def maybe(some: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | some


@st.composite
def objects(draw: st.DrawFn, grid: Grid) -> values.Objects:
    n = draw(counts)
    texts = st.lists(words, min_size=n, max_size=n).map(tuple)
    polygons = st.lists(
        counts.flatmap(lambda k: array("<f4", k, 2)), min_size=n, max_size=n
    ).map(tuple)  # fmt: skip
    masks = st.lists(array("|u1", 2, 3), min_size=n, max_size=n).map(tuple)
    columns = array("<f8", n) | array("<i8", n) | array("<f4", n) | array("|b1", n) | texts
    return values.Objects(
        grid,
        draw(array("<f4", n, 4)),
        draw(maybe(array("<f4", n))),
        draw(maybe(array("<i4", n))),
        draw(maybe(texts)),
        draw(maybe(array("<i8", n))),
        draw(maybe(array("<f4", n, 4, 2))),
        draw(maybe(polygons)),
        draw(maybe(masks)),
        draw(maybe(array("<f4", n, 2, 3))),
        draw(maybe(array("<f4", n, 5))),
        draw(maybe(texts)),
        draw(maybe(texts)),
        draw(st.dictionaries(words, columns, max_size=3)),
    )


@st.composite
def features(draw: st.DrawFn, grid: Grid) -> values.Features:
    n = draw(counts)
    described = array("|u1", n, 32) | array("<f4", n, 8)
    sizes = maybe(array("<f4", n))
    points = draw(array("<f4", n, 2))
    return values.Features(grid, points, draw(maybe(described)), draw(sizes), draw(sizes))


@st.composite
def images(draw: st.DrawFn, grid: Grid) -> values.Image:
    w, h = grid.size
    depth = draw(st.sampled_from(["|u1", "<u2", "<f4"]))
    alpha = draw(maybe(array(depth, h, w)))
    form = draw(st.sampled_from(["plain", "gray", "decoded", "planes"]))
    pixels: values.Pixels
    if form == "planes" and depth == "|u1":
        layouts: list[Layout] = ["gray", "420", "422", "440", "444"]
        layout = draw(st.sampled_from(layouts))
        size = sum(a * b for a, b in plane_shapes((w, h), layout))
        matrices: list[Matrix] = ["601", "709", "2020"]
        matrix = draw(st.sampled_from(matrices))
        data = draw(array("|u1", size))
        full = draw(st.booleans())
        pixels = Planes.of(data, (w, h), layout=layout, matrix=matrix, full_range=full)
    elif form == "decoded":
        colours = values.frozen(draw(array(depth, h, w, 3)))
        pixels = values.Decoded(colours, values.frozen(draw(array(depth, h, w))))
    else:
        shape = (h, w) if form == "gray" else (h, w, 3)
        pixels = values.Plain(values.frozen(draw(array(depth, *shape))))
    return values.Image(grid, pixels, None if alpha is None else values.frozen(alpha))


def rasters(grid: Grid) -> dict[str, st.SearchStrategy[values.Raster]]:
    w, h = grid.size
    names = st.dictionaries(st.integers(0, 99), words, max_size=3)
    frozen = values.frozen
    return {
        "image": images(grid),
        "mask": st.builds(
            lambda a, b: values.Mask(grid, frozen(a), b), array("|u1", h, w), st.booleans()
        ),
        "labels": st.builds(
            lambda a, n: values.Labels(grid, frozen(a), n), array("<i4", h, w), names
        ),
        "depth": st.builds(
            lambda a, m: values.Depth(grid, frozen(a), m), array("<f4", h, w), st.booleans()
        ),
        "flow": array("<f4", h, w, 2).map(lambda a: values.Flow(grid, frozen(a))),
    }


def others(grid: Grid) -> dict[str, st.SearchStrategy[values.Value]]:
    scored = counts.flatmap(
        lambda n: st.tuples(
            st.lists(words, min_size=n, max_size=n), st.lists(st.floats(), min_size=n, max_size=n)
        )
    )
    cameras = st.tuples(array("<f8", 3, 3), array("<f8", 5), st.tuples(counts, counts))
    return {
        "objects": objects(grid),
        "features": features(grid),
        "scores": scored.map(lambda s: values.Scores(tuple(s[0]), tuple(s[1]))),
        "vector": array("<f4", 7).map(values.Vector),
        "text": words.map(values.Text),
        "measures": rows.map(values.Measures),
        "event": rows.map(values.Event),
        "camera": cameras.map(lambda c: values.Camera(*c)),
    }


@st.composite
def grids(draw: st.DrawFn) -> Grid:
    w, h = draw(st.integers(2, 7)), draw(st.integers(2, 6))
    grid = Grid.of((w, h))
    for _ in range(draw(st.integers(0, 2))):
        turned = draw(st.booleans())
        grid = grid.then(warp.Flip(grid.size) if turned else warp.Crop(grid.size, 0, 0, w, h))
    return grid


@st.composite
def frames(draw: st.DrawFn) -> Frame:
    grid = draw(grids())
    every = {**rasters(grid), **others(grid)}
    assert set(every) == set(values.KINDS)
    kinds = draw(st.lists(st.sampled_from(sorted(every)), unique=True, max_size=5))
    held = tuple(draw(every[kind]) for kind in kinds)
    kept = {}
    for name in draw(st.lists(words, unique=True, max_size=2)):
        other = draw(grids())
        kept[name] = draw(st.one_of(*rasters(other).values()))
    base = Fraction(draw(st.integers(1, 2000)), draw(st.integers(1, 90000)))
    time = Time(draw(st.integers(-(2**40), 2**40)), base, draw(st.integers(0, 2**31)))
    source = draw(words.filter(lambda t: "\0" not in t and "/" not in t and t != ".."))
    return Frame(held, grid, draw(st.integers(0, 2**40)), time, source, kept)  # type: ignore[arg-type]


@given(frames())
def test_any_frame_comes_back_as_it_went(frame: Frame):
    assert same(decode_frame(encode_frame(frame)), frame)


heads = st.builds(
    Head,
    name=st.sampled_from(["a/v.mp4", "ü\udcff.png"]),
    moving=st.booleans(),
    format=st.sampled_from(["mp4", ""]),
    rate=maybe(st.fractions(Fraction(1, 9), 10**6, max_denominator=1001)),
    sound=st.none(),
    metadata=st.lists(
        st.tuples(st.integers(0, 9), st.builds(Metadata, st.binary(), st.binary())), max_size=2
    ).map(tuple),
    aspect=st.fractions(Fraction(1, 100), 100, max_denominator=500),
)
packets = st.lists(
    st.builds(
        SoundPacket,
        stream=st.integers(0, 3),
        pts=maybe(st.integers(-(2**40), 2**40)),
        dts=maybe(st.integers(-(2**40), 2**40)),
        duration=st.integers(0, 2**31),
        time_base=st.fractions(Fraction(1, 10**6), 1, max_denominator=10**6),
        keyframe=st.booleans(),
        data=st.binary(max_size=20),
    ),
    max_size=6,
)


@given(st.lists(st.tuples(heads, st.lists(frames(), max_size=3), maybe(packets)), max_size=3))
def test_any_items_come_back_with_heads_frames_and_sound(
    items: list[tuple[Head, list[Frame], list[SoundPacket] | None]],
):
    file = io.BytesIO()
    writer = StreamWriter(file, items=len(items))
    for number, (head, held, sound) in enumerate(items):
        carried = None if sound is None else Sound.from_parts(b"header", iter(sound))
        writer.begin(number, replace(head, sound=carried))
        for frame in held:
            writer.frame(frame)
    writer.end(0)
    reader = StreamReader(io.BytesIO(file.getvalue()), max_pixels=MOST)
    count = 0
    for (head, held, sound), item in zip(items, reader, strict=True):
        assert all(same(a, b) for a, b in zip(item.frames(), held, strict=True))
        assert replace(item.head, sound=None) == head
        assert (item.head.sound is None) == (sound is None)
        if sound is not None and item.head.sound is not None:
            assert list(item.head.sound.packets()) == sound
        count += 1
    assert (count, reader.items) == (len(items), len(items))


def test_pixels_without_a_width_are_refused():
    from cvkit.core.errors import DamagedError

    file = io.BytesIO()
    writer = StreamWriter(file)
    writer.begin(0, Head("a", True, "mp4", None, None, (), Fraction(-3, 2)))
    writer.end(0)
    with pytest.raises(DamagedError):
        list(StreamReader(io.BytesIO(file.getvalue()), max_pixels=MOST))


def test_ten_lines_of_pyarrow_read_it(cvkit: Command):
    video(cvkit.folder / "v.mp4", frames=3)
    stream = cvkit("threshold", "v.mp4", "then", "contours", "-o", "-").out_bytes
    script = Path(__file__).resolve().parents[2] / "samples" / "read_stream.py"
    done = subprocess.run(
        [sys.executable, str(script)], input=stream, capture_output=True, check=True, timeout=60
    )
    told = cvkit("threshold", "v.mp4", "then", "contours", "-o", "jsonl:-").out.splitlines()
    found = [len(json.loads(line)["objects"]) for line in told]
    assert done.stdout.decode().splitlines() == [
        f"v.mp4 {i} {i / 25:.3f} {what}"
        for i in range(3)
        for what in ("image (28800,)", "mask (120, 160)", f"objects ({found[i]}, 4)")
    ]
