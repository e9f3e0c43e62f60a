"""Planes against the equations of the standards, and FFmpeg where it is installed."""

from __future__ import annotations

import shutil
import subprocess
from typing import Any

import numpy as np
import pytest

from cvkit.core.grid import Grid
from cvkit.core.values import Decoded, Image
from cvkit.io.planes import Layout, Matrix, Planes, matrix_of, pixels_of, plane_shapes

WEIGHTS = {"601": (0.299, 0.114), "709": (0.2126, 0.0722), "2020": (0.2627, 0.0593)}
# Blocks of 2×2 pixels of one colour each, so that chroma is exact.
BARS = np.repeat(
    np.repeat(
        np.array(
            [[[255, 255, 255], [0, 255, 255], [255, 255, 0], [0, 255, 0]],
             [[255, 0, 255], [0, 0, 255], [255, 0, 0], [0, 0, 0]]],
            np.uint8,
        ),
        2, axis=0,
    ),
    2, axis=1,
)  # fmt: skip


def by_the_book(planes: Planes) -> np.ndarray:
    """BGR as the standards define it, in floating point."""
    w, h = planes.size
    y, u, v = (p.astype(float) for p in planes.planes())
    down, across = -(-h // u.shape[0]), -(-w // u.shape[1])
    u, v = (np.repeat(np.repeat(c, down, 0), across, 1)[:h, :w] for c in (u, v))
    kr, kb = WEIGHTS[planes.matrix]
    if planes.full_range:
        y, u, v = y / 255, (u - 128) / 255, (v - 128) / 255
    else:
        y, u, v = (y - 16) / 219, (u - 128) / 224, (v - 128) / 224
    red, blue = y + 2 * (1 - kr) * v, y + 2 * (1 - kb) * u
    green = (y - kr * red - kb * blue) / (1 - kr - kb)
    return np.clip(np.stack([blue, green, red], -1) * 255, 0, 255)


def noise(size: tuple[int, int], layout: Layout, **kind) -> Planes:
    count = sum(h * w for h, w in plane_shapes(size, layout))
    buffer = np.random.default_rng(7).integers(0, 256, count, dtype=np.uint8)
    return Planes.of(buffer, size, layout=layout, **kind)


@pytest.mark.parametrize("full_range", [False, True])
@pytest.mark.parametrize("matrix", ["601", "709", "2020"])
@pytest.mark.parametrize("layout", ["420", "422", "440", "444"])
@pytest.mark.parametrize("size", [(16, 12), (15, 131), (1, 1), (1, 200)])
def test_bgr_is_within_three_levels_of_the_standard(size, layout, matrix: Matrix, full_range: bool):
    planes = noise(size, layout, matrix=matrix, full_range=full_range)
    assert np.abs(planes.bgr() - by_the_book(planes)).max() <= 3


def test_gray_is_full_range_luma():
    ramp = np.arange(256, dtype=np.uint8).reshape(1, 256)
    limited = Planes.of(np.r_[ramp[0], np.full(256, 128, np.uint8)], (256, 1))
    expected = np.clip(np.round((ramp.astype(float) - 16) * 255 / 219), 0, 255)
    np.testing.assert_array_equal(limited.gray(), expected)
    full = Planes.of(limited.buffer, (256, 1), full_range=True)
    np.testing.assert_array_equal(full.gray(), ramp)


@pytest.mark.parametrize("matrix", ["601", "709", "2020"])
def test_colour_bars_survive_there_and_back(matrix: Matrix):
    planes = Planes.from_bgr(BARS, matrix=matrix)
    assert np.abs(planes.bgr().astype(int) - BARS).max() <= 2
    white, black = planes.planes()[0][0, 0], planes.planes()[0][-1, -1]
    assert (white, black) == (235, 16)


@pytest.mark.parametrize("layout", ["gray", "420", "422", "440", "444"])
@pytest.mark.parametrize("size", [(16, 12), (15, 131), (1, 1), (1, 200)])
def test_planes_of_a_picture_are_the_standards(size: tuple[int, int], layout: Layout):
    w, h = size
    bgr = np.random.default_rng(3).integers(0, 256, (h, w, 3), dtype=np.uint8)
    down, across = {"420": (2, 2), "422": (1, 2), "440": (2, 1)}.get(layout, (1, 1))
    padded = np.pad(bgr.astype(float), ((0, -h % down), (0, -w % across), (0, 0)), "edge")
    blue, green, red = np.moveaxis(padded, 2, 0) / 255
    luma = 0.0722 * blue + 0.7152 * green + 0.2126 * red
    expected = [16 + 219 * luma[:h, :w]]
    for part, weight in ((blue, 0.0722), (red, 0.2126)) if layout != "gray" else ():
        full = 128 + 224 * (part - luma) / (2 * (1 - weight))
        high, wide = full.shape
        expected.append(full.reshape(high // down, down, wide // across, across).mean((1, 3)))
    planes = Planes.from_bgr(bgr, layout=layout, matrix="709").planes()
    for plane, right in zip(planes, expected, strict=True):
        # Rounded twice, before and after the mean of the pixels; the first by fixed-point numbers.
        assert np.abs(plane - right).max() <= 1.1
        # OpenCV's mean of four rounds halves up: an eighth of a level.
        assert abs((plane - right).mean()) <= (0.2 if plane.size > 100 else 1)


def test_a_grey_ramp_survives_there_and_back_within_a_level():
    ramp = np.tile(np.arange(256, dtype=np.uint8), (3, 1))
    planes = Planes.from_gray(ramp)
    assert np.abs(planes.gray().astype(int) - ramp).max() <= 1
    assert np.ptp(planes.bgr(), axis=2).max() <= 1


def test_full_range_becomes_limited_and_shows_the_same():
    full = noise((16, 12), "420", full_range=True)
    limited = full.limited()
    assert not limited.full_range
    assert np.abs(limited.gray().astype(int) - full.gray()).max() <= 1


@pytest.mark.parametrize("layout", ["420", "422", "444", "gray"])
@pytest.mark.parametrize("turns", [1, 2, 3])
def test_turned_planes_are_the_turned_picture(layout: Layout, turns: int):
    planes = noise((16, 12), layout)
    moved = planes.turned(turns)
    np.testing.assert_array_equal(moved.gray(), np.rot90(planes.gray(), turns))
    np.testing.assert_array_equal(moved.bgr(), np.rot90(planes.bgr(), turns))


def test_planes_are_untouched_and_read_only():
    planes = noise((16, 12), "420")
    image = Image(Grid.of(planes.size), planes)
    assert image.untouched
    assert not planes.buffer.flags.writeable
    again = Planes.of(planes.buffer.tobytes(), planes.size, matrix=planes.matrix)
    np.testing.assert_array_equal(again.bgr(), planes.bgr())


def test_planes_of_the_wrong_length_are_refused():
    with pytest.raises(ValueError, match=r"5×3 420 planes take 27 bytes, got 26"):
        Planes.of(bytes(26), (5, 3))


@pytest.mark.parametrize(
    ("tag", "height", "matrix"),
    [(2, 576, "601"), (2, 720, "709"), (6, 1080, "601"), (1, 240, "709"), (9, 240, "2020")],
)
def test_an_untagged_matrix_is_told_by_the_lines(tag: int, height: int, matrix: Matrix):
    assert matrix_of(tag, height) == matrix


@pytest.mark.parametrize(
    ("name", "layout"),
    [
        ("yuv420p", "420"), ("nv12", "420"), ("yuv422p", "422"), ("yuyv422", "422"),
        ("yuv444p", "444"), ("yuv420p10le", "420"), ("yuv422p10le", "422"), ("p010le", "420"),
        ("yuv444p12le", "444"), ("yuv411p", "444"), ("gray", "gray"), ("gray10le", "gray"),
    ],
)  # fmt: skip
def test_every_yuv_format_keeps_its_picture(name: str, layout: Layout):
    import av

    bgr = np.kron(BARS, np.ones((8, 8, 1), np.uint8))
    span = 2 if layout == "gray" else 1  # FFmpeg makes grey in full range whatever is asked
    frame = av.VideoFrame.from_ndarray(bgr, format="bgr24").reformat(
        format=name, dst_colorspace=5, dst_color_range=span
    )
    frame.colorspace, frame.color_range = 5, span
    pixels, alpha = pixels_of(frame)
    assert isinstance(pixels, Planes)
    assert alpha is None
    assert pixels.layout == layout
    luma = bgr @ np.array([0.114, 0.587, 0.299])
    middle = np.s_[4::16, 4::16]
    assert np.abs(pixels.gray()[middle] - luma[middle]).max() <= 3
    if layout != "gray":
        assert np.abs(pixels.bgr()[middle].astype(int) - bgr[middle]).max() <= 6


@pytest.mark.parametrize("name", ["rgb24", "bgr24", "gbrp", "rgb565le", "rgb48le", "pal8"])
def test_rgb_frames_become_bgr(name: str):
    import av

    bgr = np.kron(BARS, np.ones((4, 4, 1), np.uint8))
    if name == "pal8":
        palette = np.array([[255, 10, 20, 30]] * 256, np.uint8)
        indices: Any = (np.zeros((16, 16), np.uint8), palette)
        frame = av.VideoFrame.from_ndarray(indices, format="pal8")
        bgr = np.full((16, 16, 3), (30, 20, 10), np.uint8)
    else:
        frame = av.VideoFrame.from_ndarray(bgr, format="bgr24").reformat(format=name)
    pixels, alpha = pixels_of(frame)
    assert isinstance(pixels, Decoded)
    assert alpha is None
    assert np.abs(pixels.bgr().astype(int) - bgr).max() <= 8


def test_alpha_comes_along():
    import av

    bgra = np.dstack([BARS, np.arange(32, dtype=np.uint8).reshape(4, 8)])
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(bgra), format="bgra")
    pixels, alpha = pixels_of(frame)
    assert alpha is not None
    np.testing.assert_array_equal(alpha, bgra[:, :, 3])
    np.testing.assert_array_equal(pixels.bgr(), BARS)


@pytest.mark.skipif(not shutil.which("ffmpeg"), reason="compares with ffmpeg's command line")
@pytest.mark.parametrize(("matrix", "name"), [("601", "bt601"), ("709", "bt709")])
def test_colour_bars_equal_ffmpegs(matrix: Matrix, name: str):
    bgr = np.kron(BARS, np.ones((16, 16, 1), np.uint8))
    h, w = bgr.shape[:2]
    raw = ["-f", "rawvideo", "-s", f"{w}x{h}"]
    scale = f"scale=out_color_matrix={name}:out_range=limited:flags=accurate_rnd+bitexact"
    command = ["ffmpeg", "-v", "error", *raw, "-pix_fmt", "bgr24", "-i", "-", "-vf", scale]
    command += ["-pix_fmt", "yuv420p", "-f", "rawvideo", "-"]
    theirs = subprocess.run(command, input=bgr.tobytes(), capture_output=True, check=True).stdout
    ours = Planes.from_bgr(bgr, matrix=matrix)
    difference = np.abs(np.frombuffer(theirs, np.uint8).astype(int) - ours.buffer)
    assert np.percentile(difference, 90) <= 1  # FFmpeg blurs chroma over the bars' edges
    back = Planes.of(theirs, (w, h), matrix=matrix).bgr()
    assert np.abs(back[8::32, 8::32].astype(int) - bgr[8::32, 8::32]).max() <= 3
