"""What a written video holds: its codec, its colours, its shape; and what is refused before."""

from __future__ import annotations

import os
import shutil
import subprocess
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from cvkit.core import warp
from cvkit.core.errors import OutputError, ParameterError
from cvkit.core.grid import Grid
from cvkit.core.time import Time
from cvkit.core.values import Image
from cvkit.core.warp import Array
from cvkit.io.planes import basis
from cvkit.io.sinks.aspects import aspect_on
from cvkit.io.sinks.encoders import ENCODERS, SUFFIX_OF
from cvkit.io.sinks.encoding import Encoding, checked
from cvkit.io.sinks.video import VideoWriter
from cvkit.io.sources.video import open_video
from tests.io.making import photo

TICK = Fraction(1, 25)
GOES = [(codec, SUFFIX_OF[muxer]) for codec, row in ENCODERS.items() for muxer in row.muxers]
FFMPEG = pytest.mark.skipif(not shutil.which("ffmpeg"), reason="needs the ffmpeg command")


def write(
    path: Path,
    kind: str,
    *pictures: Image,
    aspect: Fraction = Fraction(1),
    encoding: Encoding | None = None,
) -> list[str]:
    with VideoWriter(
        path, kind, rate=1 / TICK, time_base=TICK, encoding=encoding, aspect=aspect
    ) as w:
        for index, picture in enumerate(pictures):
            w.write(Time(index, TICK), picture)
    return w.notes


def read(path: Path, *, deep: bool = False) -> list[Image]:
    with open_video(path, deep=deep) as clip:
        return [image for _, image in clip]


def soft(width: int = 64, height: int = 48) -> Array:
    return cv2.GaussianBlur(photo(width, height), (0, 0), 2)


def off(one: Array, two: Array) -> float:
    return float(np.abs(one.astype(float) - two.astype(float)).mean())


@pytest.mark.parametrize(("codec", "kind"), GOES)
def test_each_codec_in_each_container_that_holds_it(tmp_path: Path, codec: str, kind: str):
    pictures = [Image.of(np.roll(soft(), 4 * index, 1)) for index in range(8)]
    assert write(tmp_path / "a", kind, *pictures, encoding=Encoding(codec=codec)) == []
    back = read(tmp_path / "a")
    assert len(back) == 8
    for before, after in zip(pictures, back, strict=True):
        assert off(before.bgr, after.bgr) < 8
    with av.open(str(tmp_path / "a")) as container:
        assert container.streams.video[0].codec_context.codec.canonical_name == codec
    data = (tmp_path / "a").read_bytes()
    assert not any(word in data for word in (b"Lavc", b"Lavf6", b"x264 - core", b"x265 (build"))


@pytest.mark.skipif(not shutil.which("taskset"), reason="needs taskset to take cores away")
@pytest.mark.parametrize("codec", ["hevc", "vp8", "av1", "mpeg4", "mjpeg", "prores", "ffv1"])
def test_bytes_do_not_depend_on_cores_or_clock(tmp_path: Path, codec: str):
    pictures = [Image.of(np.ascontiguousarray(photo(400, 240)[:, i : i + 320])) for i in range(25)]
    kind = SUFFIX_OF[ENCODERS[codec].muxers[-1]]
    write(tmp_path / "a", kind, *pictures, encoding=Encoding(codec=codec))
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        write(tmp_path / "b", kind, *pictures, encoding=Encoding(codec=codec))
    finally:
        os.sched_setaffinity(0, before)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.skipif(not hasattr(os, "sched_getscheduler"), reason="asks Linux's scheduler")
@pytest.mark.parametrize("codec", sorted(ENCODERS))
def test_no_encoder_keeps_real_time_priority(tmp_path: Path, codec: str):
    """SVT-AV1 takes it where root runs it: what the process started then starved the machine."""

    def classes() -> set[int]:
        return {os.sched_getscheduler(int(task)) for task in os.listdir("/proc/self/task")}

    before, kind = classes(), SUFFIX_OF[ENCODERS[codec].muxers[-1]]
    encoding = Encoding(codec=codec)
    with VideoWriter(tmp_path / "a", kind, rate=1 / TICK, time_base=TICK, encoding=encoding) as w:
        for index in range(60):
            w.write(Time(index, TICK), Image.of(soft()))
            assert classes() <= before
    assert classes() <= before


@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_ffv1_loses_nothing(tmp_path: Path, depth: type, channels: int):
    rng = np.random.default_rng(2)
    top = np.iinfo(depth).max
    array = rng.integers(0, top, (33, 47, channels), depth, endpoint=True)
    write(tmp_path / "a", "mkv", Image.of(array), encoding=Encoding(codec="ffv1"))
    (back,) = read(tmp_path / "a", deep=True)
    np.testing.assert_array_equal(back.array, array[:, :, 0] if channels == 1 else array[:, :, :3])
    if channels == 4:
        np.testing.assert_array_equal(back.alpha, array[:, :, 3])


def test_ffv1_keeps_the_planes_of_a_video(tmp_path: Path):
    write(tmp_path / "a", "webm", *(Image.of(soft()) for _ in range(3)))
    first = read(tmp_path / "a")
    write(tmp_path / "b", "mkv", *first, encoding=Encoding(codec="ffv1"))
    for one, two in zip(first, read(tmp_path / "b"), strict=True):
        np.testing.assert_array_equal(one.pixels.buffer, two.pixels.buffer)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("codec", "kind"),
    [("vp9", "webm"), ("vp9", "mkv"), ("vp8", "webm"), ("prores", "mov"), ("prores", "mkv")],
)
def test_alpha_comes_back_where_the_codec_has_it(tmp_path: Path, codec: str, kind: str):
    cover = np.tile(np.linspace(0, 255, 64).astype(np.uint8), (48, 1))
    clear = Image.of(np.dstack([soft(), cover]))
    assert write(tmp_path / "a", kind, clear, clear, encoding=Encoding(codec=codec)) == []
    for back in read(tmp_path / "a"):
        assert back.alpha is not None
        assert np.abs(back.alpha.astype(int) - cover).max() <= 10
        assert off(back.alpha, cover) < 2
        assert off(back.bgr, clear.bgr) < 6


def test_a_frame_without_alpha_among_others_is_opaque(tmp_path: Path):
    clear = Image.of(np.zeros((48, 64, 4), np.uint8))
    write(tmp_path / "a", "webm", clear, Image.of(soft()))
    first, second = read(tmp_path / "a")
    assert first.alpha is not None
    assert second.alpha is not None
    assert first.alpha.max() <= 4
    assert second.alpha.min() >= 250


def test_alpha_after_the_first_frame_is_laid_over_the_background(tmp_path: Path):
    clear = Image.of(np.zeros((48, 64, 4), np.uint8))
    notes = write(tmp_path / "a", "webm", Image.of(soft()), clear)
    assert notes == ["transparency laid over the background: the video has none"]
    assert read(tmp_path / "a")[1].bgr.min() > 245


@pytest.mark.parametrize(("codec", "kind"), [("h264", "mp4"), ("hevc", "mp4"), ("av1", "webm")])
def test_sixteen_bits_are_written_as_ten(tmp_path: Path, codec: str, kind: str):
    ramp = np.tile(np.linspace(0, 65535, 512).astype(np.uint16), (64, 1))
    notes = write(tmp_path / "a", kind, Image.of(ramp), encoding=Encoding(codec=codec, crf=1))
    assert len(notes) == (codec == "h264")  # of 10 bits it is not what browsers show
    (back,) = read(tmp_path / "a", deep=True)
    assert back.depth == "uint16"
    assert np.abs(back.gray.astype(int) - ramp).max() <= 3 * 64
    assert len(np.unique(back.gray)) > 400  # 8 bits have 220


def test_deep_pictures_say_where_only_eight_bits_are_kept(tmp_path: Path):
    deep = Image.of(np.full((48, 64), 30000, np.uint16))
    for encoding in (Encoding(codec="mpeg4"), Encoding(pix_fmt="yuv420p")):
        notes = write(tmp_path / "a", "mp4", deep, deep, encoding=encoding)
        assert notes == ["reduced to 8 bits: the video's format holds no more"]


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (3, 5), (3, 48), (17, 33)])
@pytest.mark.parametrize("codec", ["h264", "vp9", "vp8", "mpeg4", "mjpeg", "prores", "ffv1"])
def test_the_smallest_videos(tmp_path: Path, codec: str, size: tuple[int, int]):
    flat = np.full((size[1], size[0], 3), (40, 90, 160), np.uint8)
    kind = SUFFIX_OF[ENCODERS[codec].muxers[-1]]
    notes = write(
        tmp_path / "a", kind, Image.of(flat), Image.of(flat), encoding=Encoding(codec=codec)
    )
    for back in read(tmp_path / "a"):
        w, h = back.size
        assert 0 <= w - size[0] <= 1
        assert 0 <= h - size[1] <= 1
        assert len(notes) == (back.size != size)
        assert np.abs(back.bgr[: size[1], : size[0]].astype(int) - (40, 90, 160)).max() <= 6


@pytest.mark.parametrize("frames", [1, 2, 3])
@pytest.mark.parametrize("codec", ["h264", "hevc", "vp9", "av1"])
def test_the_shortest_videos(tmp_path: Path, codec: str, frames: int):
    """x265 gave one or two frames random decoding times, which mp4 refused at times."""
    pictures = [Image.of(np.full((48, 64, 3), 80 * index, np.uint8)) for index in range(frames)]
    seen = set()
    for _ in range(8):
        write(tmp_path / "a", "mp4", *pictures, encoding=Encoding(codec=codec))
        seen.add((tmp_path / "a").read_bytes())
    assert len(seen) == 1
    with open_video(tmp_path / "a") as clip:
        times = [time.exact for time, _ in clip]
    assert times == [index * TICK for index in range(frames)]


@pytest.mark.parametrize("codec", ["hevc", "av1"])
def test_what_is_too_small_for_a_codec_is_said(tmp_path: Path, codec: str):
    with pytest.raises(OutputError, match=f"9×20 is too small for {codec}: its sides are 16"):
        write(tmp_path / "a", "mp4", Image.of(soft(9, 20)), encoding=Encoding(codec=codec))
    write(tmp_path / "a", "mp4", Image.of(soft(16, 16)), encoding=Encoding(codec=codec))
    assert read(tmp_path / "a")[0].size == (16, 16)


REFUSED = [
    (Encoding(codec="theora9"), "mp4", "no video encoder 'theora9'; try h264, hevc, vp9"),
    (Encoding(codec="h264"), "webm", "not go into webm: it goes into mp4, mov, mkv; webm"),
    (Encoding(codec="ffv1"), "mp4", "ffv1 does not go into mp4: it goes into mkv; mp4 holds h264"),
    (Encoding(codec="prores", crf=20), "mov", "prores takes no --crf: its preset decides; --p"),
    (Encoding(codec="ffv1", crf=20), "mkv", "ffv1 takes no --crf: it loses nothing; leave it out"),
    (Encoding(codec="ffv1", bitrate=9), "mkv", "ffv1 takes no --bitrate: it loses nothing"),
    (Encoding(crf=60), "mp4", "--crf 60: libx264 has 0 .best. to 51; 23 is usual"),
    (Encoding(codec="mpeg4", crf=40), "mp4", "--crf 40: mpeg4 has 1 .best. to 31; 3 is usual"),
    (Encoding(codec="mjpeg", preset="fast"), "mov", "mjpeg knows no preset; leave --preset out"),
    (Encoding(codec="prores", preset="slow"), "mov", "has no preset slow; it has proxy, lt"),
    (Encoding(preset="fast"), "webm", "libvpx-vp9 has no preset fast; it has 0, 1, 2"),
    (Encoding(codec="av1", pix_fmt="yuv444p"), "mp4", "has no pixel format yuv444p; it"),
    (Encoding(pix_fmt="yuvj420p"), "webm", "has no pixel format yuvj420p; it has yuv420p"),
    (Encoding(crf=20, bitrate=10), "mp4", "exclude each other"),
]  # fmt: skip


@pytest.mark.parametrize(("encoding", "kind", "message"), REFUSED)
def test_what_does_not_go_together_is_said_at_once(encoding: Encoding, kind: str, message: str):
    with pytest.raises(ParameterError, match=message):
        checked(encoding, kind)


def test_a_lower_crf_and_a_higher_bit_rate_are_better(tmp_path: Path):
    pictures = [Image.of(np.roll(photo(320, 240), 3 * i, 0)) for i in range(20)]
    for codec, kind, best, worst in [
        ("h264", "mp4", 18, 40), ("vp9", "webm", 10, 60), ("vp8", "webm", 4, 60),
        ("av1", "mp4", 15, 60), ("mpeg4", "mp4", 2, 25), ("mjpeg", "mov", 2, 25),
    ]:  # fmt: skip
        sizes = []
        for crf in (best, worst):
            write(tmp_path / "a", kind, *pictures, encoding=Encoding(codec=codec, crf=crf))
            sizes.append((tmp_path / "a").stat().st_size)
        assert sizes[0] > 1.5 * sizes[1], codec
        sizes = []
        for rate in (2_000_000, 150_000):
            write(tmp_path / "a", kind, *pictures, encoding=Encoding(codec=codec, bitrate=rate))
            sizes.append((tmp_path / "a").stat().st_size)
        assert sizes[0] > 1.2 * sizes[1], codec


@pytest.mark.parametrize("size", [(64, 48), (1280, 720)])
@pytest.mark.parametrize("kind", ["mp4", "mov", "mkv", "webm"])
def test_colours_are_tagged(tmp_path: Path, kind: str, size: tuple[int, int]):
    write(tmp_path / "a", kind, Image.of(soft(*size)))
    with av.open(str(tmp_path / "a")) as container:
        context = container.streams.video[0].codec_context
        assert context.colorspace == (1 if size[1] >= 720 else 6)
        assert (context.color_primaries, context.color_trc, context.color_range) == (1, 1, 1)
    box = {"mp4": b"colrnclx", "mov": b"colrnclc"}.get(kind)
    tags = bytes([0, 1, 0, 1, 0, 1 if size[1] >= 720 else 6])
    assert box is None or box + tags in (tmp_path / "a").read_bytes()


def test_full_range_is_written_where_it_is_asked_for(tmp_path: Path):
    ramp = np.tile(np.arange(256, dtype=np.uint8), (64, 1))
    write(tmp_path / "a", "mp4", Image.of(ramp), encoding=Encoding(pix_fmt="yuvj420p", crf=1))
    with av.open(str(tmp_path / "a")) as container:
        frame = next(container.decode(video=0))
        assert frame.color_range == 2
        stored = np.frombuffer(bytes(frame.planes[0]), np.uint8).reshape(
            -1, frame.planes[0].line_size
        )
        assert np.abs(stored[:64, :256].astype(int) - ramp).max() <= 2
    assert np.abs(read(tmp_path / "a")[0].gray.astype(int) - ramp).max() <= 2


def ffmpeg(path: Path, form: str, filters: str) -> Array:
    """The first frame as the ffmpeg command shows it."""
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-vf", filters, "-frames:v", "1"]
    command += ["-f", "rawvideo", "-pix_fmt", form, "-"]
    done = subprocess.run(command, capture_output=True, check=True)
    return np.frombuffer(done.stdout, np.uint8)


BARS = np.array(
    [(192, 192, 192), (192, 192, 0), (0, 192, 192), (0, 192, 0), (192, 0, 192), (192, 0, 0),
     (0, 0, 192), (16, 16, 16)], np.uint8,
)  # fmt: skip


@FFMPEG
@pytest.mark.parametrize("size", [(512, 256), (1280, 720)])
@pytest.mark.parametrize(
    ("codec", "kind", "pix_fmt"),
    [
        ("h264", "mp4", None), ("h264", "mp4", "yuvj420p"), ("hevc", "mp4", None),
        ("vp9", "webm", None), ("av1", "mp4", None), ("mjpeg", "mov", None), ("mpeg4", "mp4", None),
        ("h264", "mkv", "yuv444p"), ("hevc", "mkv", "yuv420p10le"), ("prores", "mov", None),
    ],
)  # fmt: skip
def test_ffmpeg_sees_the_same_bars_and_ramp(
    tmp_path: Path, codec: str, kind: str, pix_fmt: str | None, size: tuple[int, int]
):
    """Decoded by another program that goes by the tags, every colour is what was written."""
    w, h = size
    bars = np.repeat(BARS, w // 8, 0)[None].repeat(h // 2, 0)
    line = np.repeat(np.arange(256, dtype=np.uint8), w // 256)
    rows = np.dstack([np.tile(line, (h - h // 2, 1))] * 3)
    ramp = cv2.copyMakeBorder(rows, 0, 0, 0, w - rows.shape[1], cv2.BORDER_REPLICATE)
    picture = np.vstack([bars, ramp])
    crf = {"mjpeg": 1, "mpeg4": 1, "vp9": 4, "av1": 4, "prores": None}.get(codec, 4)
    write(
        tmp_path / "a", kind, Image.of(picture),
        encoding=Encoding(codec=codec, crf=crf, pix_fmt=pix_fmt),
    )  # fmt: skip
    matrix = "bt709" if h >= 720 else "bt601"
    told = f"scale=in_color_matrix={matrix}" if codec == "mpeg4" else "null"
    seen = ffmpeg(tmp_path / "a", "bgr24", told).reshape(h, w, 3).astype(int)
    middles = np.s_[h // 4, w // 16 :: w // 8]
    assert np.abs(seen[middles] - BARS).max() <= 5
    across = np.s_[h * 3 // 4, 8:-8]
    assert np.abs(seen[across] - picture[across]).max() <= 6
    assert np.abs(seen[across] - picture[across]).mean() <= 2


def test_ten_bit_colours_are_exact(tmp_path: Path):
    rng = np.random.default_rng(4)
    blocks = rng.integers(0, 65536, (4, 8, 3), dtype=np.uint16)
    picture = np.kron(blocks, np.ones((16, 16, 1), np.uint16))
    encoding = Encoding(codec="ffv1", pix_fmt="yuv444p10le")
    write(tmp_path / "a", "mkv", Image.of(picture), encoding=encoding)
    with av.open(str(tmp_path / "a")) as container:
        frame = next(container.decode(video=0))
        stored = [np.frombuffer(bytes(p), np.uint16).reshape(64, -1)[:, :128] for p in frame.planes]
    want = picture / 65535 @ basis("601").T * (876, 896, 896) + (64, 512, 512)
    assert np.abs(np.dstack(stored) - want).max() <= 0.51


WIDE = Fraction(16, 15)


@pytest.mark.parametrize(
    ("warps", "aspect"),
    [
        ((), WIDE),
        ((warp.Scale((90, 72), (45, 36)),), WIDE),
        ((warp.Scale((90, 72), (96, 72)),), Fraction(1)),
        ((warp.Scale((90, 72), (90, 36)),), WIDE / 2),
        ((warp.Quarter((90, 72), 1),), 1 / WIDE),
        ((warp.Flip((90, 72), True), warp.Crop((90, 72), 3, 2, 40, 40)), WIDE),
    ],
)
def test_the_shape_of_pixels_follows_the_picture(warps: tuple[warp.Warp, ...], aspect: Fraction):
    grid = Grid.of((90, 72))
    for one in warps:
        grid = grid.then(one)
    assert aspect_on(grid, WIDE) == aspect
    assert aspect_on(grid, Fraction(1)) == 1


@pytest.mark.parametrize(("codec", "kind"), GOES)
def test_odd_pixels_are_written_or_said(tmp_path: Path, codec: str, kind: str):
    picture, encoding = Image.of(soft(90, 72)), Encoding(codec=codec)
    notes = write(tmp_path / "a", kind, picture, aspect=WIDE, encoding=encoding)
    with open_video(tmp_path / "a") as clip:
        assert clip.aspect == (1 if notes else WIDE)
    silent = codec in ("vp9", "vp8", "av1", "prores", "ffv1")
    assert bool(notes) == (silent and kind in ("mkv", "webm"))
