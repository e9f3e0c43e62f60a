"""Animations: read as they are shown, written with their times, and their damage seen."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
from collections.abc import Iterator
from fractions import Fraction
from itertools import accumulate
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Pillow

from cvkit.core.errors import DamagedError, InputError, OutputError
from cvkit.core.time import Time
from cvkit.core.values import Image, Mask
from cvkit.core.warp import Array
from cvkit.io.codecs.asked import Asked
from cvkit.io.codecs.moves import seen
from cvkit.io.sinks.animation import AnimationWriter
from cvkit.io.sources.animation import Animation
from tests.io.making import chunk, chunks, photo

FORMATS = ("gif", "webp", "apng")
DAMAGE = ("animated.gif", "animated.png", "animated.webp", "sequence.avif")
ALTERNATE = [0, 10, 30, 40, 60, 70]
"""Hundredths of a second at which the frames of animated.gif begin: 100 and 200 ms in turn."""


def frames(count: int = 6, size: tuple[int, int] = (64, 48)) -> list[Image]:
    """A photograph that moves below a disc that grows."""
    whole = photo(size[0] * 2, size[1])
    out = []
    for i in range(count):
        window = np.ascontiguousarray(whole[:, i * 2 : i * 2 + size[0]])
        cv2.circle(window, (20, 20), 3 + i, (255, 255, 255), -1)
        out.append(Image.of(window))
    return out


def ghosts(count: int = 5) -> list[Image]:
    """A soft disc that wanders over nothing; the first frame is opaque."""
    y, x = np.mgrid[:40, :60]
    out = [Image.of(photo(60, 40))]
    for i in range(1, count):
        alpha = np.clip(255 * (14 - np.hypot(x - 10 - 8 * i, y - 20)) / 4, 0, 255).astype(np.uint8)
        out.append(Image.of(np.dstack([photo(60, 40), alpha])))
    return out


def written(path: Path, pictures: list[Image] | list[Mask], **options) -> list[str]:
    """The notes of an animation of 100 and 200 ms in turn."""
    with_rate = {"rate": Fraction(10)} | options
    writer = AnimationWriter(path, path.suffix[1:], **with_rate)
    start = 0
    for i, picture in enumerate(pictures):
        length = 10 * (i % 2 + 1)
        writer.write(Time(start, Fraction(1, 100), length), picture)
        start += length
    writer.close()
    return writer.notes


def opened(data: bytes | Path, **asked) -> Animation:
    data = data.read_bytes() if isinstance(data, Path) else data
    kind, moves = seen(io.BytesIO(data), "a")
    assert moves, kind
    return Animation(data, str(kind), "a", Asked(**asked))


def read(data: bytes | Path) -> list[tuple[Time, Image]]:
    with opened(data) as animation:
        return list(animation)


def centiseconds(shown: list[tuple[Time, Image]]) -> list[int]:
    return [int(t.pts * t.base * 100) for t, _ in shown]


def opaque(image: Image) -> Array:
    if image.alpha is None:
        return np.full(image.size[::-1], 255, np.uint8)
    return image.alpha


@pytest.mark.parametrize("name", DAMAGE)
def test_frames_are_those_that_pillow_composes(name: str, shared: Path):
    path = shared / "formats" / name
    with opened(path) as animation, Pillow.open(path) as reference:
        assert animation.size == (96, 72)
        assert animation.frames_declared == 6
        for number, (_, image) in enumerate(animation):
            reference.seek(number)
            expected = cv2.cvtColor(np.asarray(reference.convert("RGB")), cv2.COLOR_RGB2BGR)
            assert image.alpha is None
            assert np.array_equal(image.bgr, expected)
        assert number == 5


def test_the_times_of_a_gif_are_its_delays(shared: Path):
    with opened(shared / "formats/animated.gif") as animation:
        assert (animation.rate, animation.duration) == (Fraction(20, 3), 0.9)
        assert centiseconds(list(animation)) == ALTERNATE


@pytest.mark.parametrize("name", ["animated.png", "animated.webp", "sequence.avif"])
def test_the_times_of_the_others(name: str, shared: Path):
    shown = read(shared / "formats" / name)
    assert centiseconds(shown) == [0, 10, 20, 30, 40, 50]
    assert all(t.length * t.base == Fraction(1, 10) for t, _ in shown)


def test_what_is_disposed_of_shows_the_background(shared: Path):
    path = shared / "formats/gif_dispose_background.gif"
    shown = read(path)
    with Pillow.open(path) as reference:
        for number, (_, image) in enumerate(shown):
            reference.seek(number)
            expected = np.asarray(reference.convert("RGB"))[:, :, ::-1]
            assert np.array_equal(image.bgr, expected)
    # A decoder that leaves frames lying would show ever more of them.
    assert len({image.bgr.tobytes() for _, image in shown}) > 1


@pytest.mark.parametrize("fmt", FORMATS)
def test_frame_times_come_back_and_the_last_one_too(fmt: str, tmp_path: Path):
    path = tmp_path / f"a.{fmt}"
    assert written(path, frames()) == []
    shown = read(path)
    assert centiseconds(shown) == ALTERNATE
    assert [int(t.length * t.base * 100) for t, _ in shown] == [10, 20] * 3
    with Pillow.open(path) as reference:  # another program reads the same
        assert getattr(reference, "n_frames") == 6  # noqa: B009 - unknown to its types
        assert reference.info.get("loop", 0) == 0
        told = []
        for number in range(6):
            reference.seek(number)
            reference.load()
            told.append(reference.info["duration"])
    assert told == [100, 200] * 3


@pytest.mark.parametrize(("fmt", "quality"), [("apng", None), ("webp", 100)])
@pytest.mark.parametrize("make", [frames, ghosts])
def test_nothing_is_lost(fmt: str, quality: int | None, make, tmp_path: Path):
    path = tmp_path / f"a.{fmt}"
    pictures = make()
    written(path, pictures, quality=quality)
    for picture, (_, image) in zip(pictures, read(path), strict=True):
        assert np.array_equal(opaque(image), opaque(picture))
        there = opaque(picture) > 0
        assert np.array_equal(image.bgr[there], picture.bgr[there])


def test_webp_quality_is_the_asked_one(tmp_path: Path):
    errors = {}
    for quality in (20, None):
        path = tmp_path / f"{quality}.webp"
        written(path, frames(), quality=quality)
        pairs = zip(frames(), read(path), strict=True)
        errors[quality] = np.mean([cv2.absdiff(p.bgr, i.bgr).mean() for p, (_, i) in pairs])
    assert errors[None] < 3.5 < errors[20]


def test_a_gif_looks_like_its_frames(tmp_path: Path):
    written(tmp_path / "a.gif", frames())
    for picture, (_, image) in zip(frames(), read(tmp_path / "a.gif"), strict=True):
        soft = [cv2.GaussianBlur(p.bgr, (0, 0), 2) for p in (picture, image)]
        assert cv2.absdiff(*soft).mean() < 2  # dithered, so near by near it is right
        assert image.alpha is None


def test_gif_alpha_is_all_or_nothing_and_leaves_no_trail(tmp_path: Path):
    written(tmp_path / "a.gif", ghosts())
    for picture, (_, image) in zip(ghosts(), read(tmp_path / "a.gif"), strict=True):
        assert np.array_equal(opaque(image), np.where(opaque(picture) < 128, 0, 255))


@pytest.mark.parametrize("fmt", FORMATS)
def test_masks_and_pictures_of_few_colours_are_exact(fmt: str, tmp_path: Path):
    masks = [Mask.of(image.gray > 90 + 10 * i) for i, image in enumerate(frames())]
    few = [Image.of(image.bgr & 0xC0) for image in frames()]
    for name, pictures in (("masks", masks), ("few", few)):
        path = tmp_path / f"{name}.{fmt}"
        written(path, pictures, quality=100 if fmt == "webp" else None)
        for picture, (_, image) in zip(pictures, read(path), strict=True):
            got = image.bgr if isinstance(picture, Image) else image.gray
            expected = picture.bgr if isinstance(picture, Image) else picture.array
            assert np.array_equal(got, expected)


def test_deep_pictures_keep_their_depth_in_an_apng(tmp_path: Path):
    deep = [Image.of(image.bgr.astype(np.uint16) * 257) for image in frames(2)]
    written(tmp_path / "a.apng", deep)
    first = next(chunks((tmp_path / "a.apng").read_bytes()))[1]
    assert first[8] == 16


@pytest.mark.parametrize("fmt", FORMATS)
def test_a_still_scene_stays_small_and_whole(fmt: str, tmp_path: Path):
    path = tmp_path / f"a.{fmt}"
    written(path, frames(1))
    alone = path.stat().st_size
    written(path, frames(1) * 20)
    shown = read(path)
    assert len(shown) == 20
    assert all(np.array_equal(shown[0][1].bgr, image.bgr) for _, image in shown)
    assert path.stat().st_size < alone + 19 * 150


@pytest.mark.parametrize("fmt", FORMATS)
def test_times_of_a_film_do_not_drift(fmt: str, tmp_path: Path):
    rate = Fraction(30_000, 1001)
    writer = AnimationWriter(tmp_path / f"a.{fmt}", fmt, rate=rate)
    picture = Image.of(np.zeros((4, 4, 3), np.uint8))
    for i in range(300):
        writer.write(Time(i, 1 / rate), picture)
    writer.close()
    assert writer.notes == []
    ticks = {"gif": 100, "webp": 1000, "apng": 1_000_000}[fmt]
    for number, (time, _) in enumerate(read(tmp_path / f"a.{fmt}")):
        assert abs(time.pts * time.base - number / rate) <= Fraction(1, 2 * ticks) + Fraction(
            1, 10**6
        )


def test_frames_too_short_for_browsers_are_said_once(tmp_path: Path):
    writer = AnimationWriter(tmp_path / "a.gif", "gif", fps=Fraction(60))
    for i, picture in enumerate(frames()):
        writer.write(Time(i, Fraction(1, 25)), picture)
    writer.close()
    assert len(writer.notes) == 1
    assert "--fps 50" in writer.notes[0]
    assert centiseconds(read(tmp_path / "a.gif")) == [0, 2, 3, 5, 7, 8]


def test_frames_that_meet_are_refused(tmp_path: Path):
    writer = AnimationWriter(tmp_path / "a.gif", "gif")
    pictures = frames(3)
    writer.write(Time(0, Fraction(1, 1000)), pictures[0])
    with pytest.raises(OutputError, match=r"1/100 s.*--fps"):
        writer.write(Time(1, Fraction(1, 1000)), pictures[1])
    writer.abort()
    assert not (tmp_path / "a.gif").exists()


@pytest.mark.parametrize("fmt", FORMATS)
def test_other_sizes_and_no_frames_are_refused(fmt: str, tmp_path: Path):
    writer = AnimationWriter(tmp_path / "a", fmt)
    with pytest.raises(OutputError, match="no frame"):
        writer.close()
    writer.write(Time(0), frames(1)[0])
    with pytest.raises(InputError, match=r"frame 1 is 32×24.*64×48"):
        writer.write(Time(100), frames(1, (32, 24))[0])
    writer.abort()
    writer.abort()
    assert not (tmp_path / "a").exists()


@given(data=st.data(), delays=st.lists(st.integers(2, 200), min_size=2, max_size=5))
def test_what_is_written_comes_back(data, delays: list[int], tmp_path_factory):
    fmt = data.draw(st.sampled_from(["apng", "webp"]))
    shape = data.draw(st.tuples(st.integers(1, 9), st.integers(1, 9)))
    random = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    pictures = [random.integers(0, 2, (*shape, 4)).astype(np.uint8) * 255 for _ in delays]
    path = tmp_path_factory.mktemp("a") / f"a.{fmt}"
    writer = AnimationWriter(path, fmt, quality=100)
    starts = [0, *accumulate(delays)]
    for start, delay, picture in zip(starts, delays, pictures, strict=False):
        writer.write(Time(start, Fraction(1, 100), delay), Image.of(picture))
    writer.close()
    shown = read(path)
    assert centiseconds(shown) == starts[:-1]
    for picture, (_, image) in zip(pictures, shown, strict=True):
        assert np.array_equal(opaque(image), picture[:, :, 3])
        there = picture[:, :, 3] > 0
        assert np.array_equal(image.bgr[there], picture[:, :, :3][there])


@pytest.mark.parametrize("name", [*DAMAGE, "gif_dispose_background.gif"])
@pytest.mark.parametrize("tenths", range(1, 10))
def test_cut_at_every_tenth(name: str, tenths: int, shared: Path):
    data = (shared / "formats" / name).read_bytes()
    cut = data[: len(data) * tenths // 10]
    kind, moves = seen(io.BytesIO(cut), name)
    if not moves:  # as a still it is damaged too
        from cvkit.io.codecs.reading import read_picture

        with pytest.raises(DamagedError):
            read_picture(cut, name)
        return
    with pytest.raises(DamagedError, match="damaged"):
        list(Animation(cut, str(kind), name, Asked()))


def test_the_good_frames_before_the_damage_are_given(shared: Path):
    data = (shared / "corrupt/gif_cut.gif").read_bytes()
    good: list[Time] = []
    with pytest.raises(DamagedError, match=r"after frame 2 \(0.300 s\).*the GIF is cut"):
        good.extend(time for time, _ in opened(data))
    assert [t.seconds for t in good] == [0, 0.1, 0.3]


def controlled(path: Path) -> list[tuple[bytes, bytes]]:
    return list(chunks(path.read_bytes()))


def apng(parts: list[tuple[bytes, bytes]]) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(kind, body) for kind, body in parts)


def test_pieces_of_an_apng_that_are_missing(shared: Path):
    parts = controlled(shared / "formats/animated.png")
    places = [i for i, (kind, _) in enumerate(parts) if kind == b"fdAT"]
    with pytest.raises(DamagedError, match=r"piece .* is missing"):
        read(apng(parts[: places[2]] + parts[places[2] + 1 :]))
    fewer = [(k, struct.pack(">II", 7, 0) if k == b"acTL" else b) for k, b in parts]
    with pytest.raises(DamagedError, match="says 7 frames, 6 are there"):
        read(apng(fewer))
    wide = next(i for i, (kind, _) in enumerate(parts) if kind == b"fcTL" and i > 4)
    body = parts[wide][1]
    outside = body[:12] + struct.pack(">I", 50) + body[16:]  # x
    with pytest.raises(DamagedError, match="outside its canvas"):
        read(apng([*parts[:wide], (b"fcTL", outside), *parts[wide + 1 :]]))


def test_an_apng_whose_first_picture_is_not_shown(tmp_path: Path):
    written(tmp_path / "a.apng", frames(3))
    parts = controlled(tmp_path / "a.apng")
    hidden = next(body for kind, body in parts if kind == b"IDAT")
    out, number = list[tuple[bytes, bytes]](), 0
    for kind, body in parts:
        if kind == b"fcTL" and number == 0:
            out.append((b"IDAT", hidden))  # without frame control: for other programs only
        if kind == b"IDAT":
            kind, body = b"fdAT", bytes(4) + body
        if kind in (b"fcTL", b"fdAT"):
            body = struct.pack(">I", number) + body[4:]
            number += 1
        out.append((kind, body))
    shown = read(apng(out))
    assert len(shown) == 3
    assert all(np.array_equal(i.bgr, p.bgr) for (_, i), p in zip(shown, frames(3), strict=True))


def test_a_webp_frame_longer_than_the_file(tmp_path: Path):
    written(tmp_path / "a.webp", frames(3))
    data = bytearray((tmp_path / "a.webp").read_bytes())
    at = data.rindex(b"ANMF") + 4
    (length,) = struct.unpack_from("<I", data, at)
    struct.pack_into("<I", data, at, length + 1000)
    with pytest.raises(DamagedError, match="longer than the file"):
        read(bytes(data))


def gif_blocks(path: Path, *, delay: int) -> bytes:
    """The GIF with every delay set."""
    data = bytearray(path.read_bytes())
    at = 0
    while (at := data.find(b"!\xf9\x04", at)) >= 0:
        struct.pack_into("<H", data, at + 4, delay)
        at += 8
    return bytes(data)


def test_a_delay_of_0_is_what_browsers_make_of_it(tmp_path: Path):
    written(tmp_path / "a.gif", frames(4))
    assert centiseconds(read(gif_blocks(tmp_path / "a.gif", delay=0))) == [0, 10, 20, 30]
    assert centiseconds(read(gif_blocks(tmp_path / "a.gif", delay=1))) == [0, 1, 2, 3]


def test_a_gif_without_its_trailer(tmp_path: Path):
    written(tmp_path / "a.gif", frames(3))
    with pytest.raises(DamagedError, match="before its trailer"):
        read((tmp_path / "a.gif").read_bytes()[:-1])


def test_a_canvas_too_big_by_its_header(tmp_path: Path):
    for fmt in FORMATS:
        written(tmp_path / f"a.{fmt}", frames(2))
        with pytest.raises(InputError, match="too big"):
            opened(tmp_path / f"a.{fmt}", max_pixels=64 * 48 - 1)
        assert opened(tmp_path / f"a.{fmt}", max_pixels=64 * 48).size == (64, 48)


def test_pictures_outside_the_canvas_of_a_gif_are_cut_off(tmp_path: Path):
    written(tmp_path / "a.gif", frames(3))
    data = bytearray((tmp_path / "a.gif").read_bytes())
    struct.pack_into("<HH", data, 6, 50, 40)
    assert {image.size for _, image in read(bytes(data))} == {(50, 40)}


def test_of_one_frame_it_is_a_still(tmp_path: Path, shared: Path):
    for fmt in FORMATS:
        written(tmp_path / f"a.{fmt}", frames(1))
        assert seen(io.BytesIO((tmp_path / f"a.{fmt}").read_bytes()), "a")[1] is False
    for path in sorted((shared / "formats").iterdir()):
        with path.open("rb") as file:
            moves = seen(file, path.name)[1]
        assert moves == (path.name in (*DAMAGE, "gif_dispose_background.gif")), path.name


@pytest.mark.serial
@pytest.mark.parametrize("fmt", FORMATS)
def test_memory_does_not_grow_with_the_frames(fmt: str, tmp_path: Path):
    """Frames of 1.2 MB each: 300 of them held would be 350 MB."""
    script = f"""
import resource
from fractions import Fraction
from pathlib import Path
import cv2
import numpy as np
from cvkit.core.time import Time
from cvkit.core.values import Image
from cvkit.io.codecs.asked import Asked
from cvkit.io.sinks.animation import AnimationWriter
from cvkit.io.sources.animation import open_animation
path = Path({str(tmp_path / "a")!r} + ".{fmt}")
def run(count):
    writer = AnimationWriter(path, "{fmt}")
    for i in range(count):
        picture = np.zeros((480, 640, 3), np.uint8)
        cv2.circle(picture, (100 + i, 200), 60, (40, 200, 120), -1)
        writer.write(Time(i * 4, Fraction(1, 100), 4), Image.of(picture))
    writer.close()
    with open_animation(path, Asked()) as animation:
        assert sum(1 for _ in animation) == count
run(20)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
run(300)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert int(done.stdout) < 40_000  # kB


def test_closing_early_is_no_damage(shared: Path):
    with opened(shared / "formats/animated.gif") as animation:
        shown: Iterator[tuple[Time, Image]] = iter(animation)
        next(shown)
        with pytest.raises(RuntimeError, match="iterated"):
            next(iter(animation))
