"""YUV4MPEG2 as it comes and goes: as FFmpeg reads and writes it, and a cut is found."""

from __future__ import annotations

import io
import shutil
import subprocess
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from cvkit.core import values
from cvkit.core.errors import DamagedError, InputError
from cvkit.core.time import Time
from cvkit.io.codecs.asked import Asked
from cvkit.io.planes import Planes, pixels_of
from cvkit.io.sinks.y4m import Y4mWriter
from cvkit.io.sources.y4m import Y4m, header
from tests.invariant.media import photo

FORMATS = (
    *("yuv420p", "yuvj420p", "yuv422p", "yuv444p", "yuv411p", "gray", "yuva444p"),
    *("yuv420p10le", "yuv422p12le", "yuv444p16le", "gray10le", "gray16le"),
)


def made(form: str, size: tuple[int, int] = (34, 18), frames: int = 3) -> bytes:
    """A moving test picture as FFmpeg writes it."""
    if shutil.which("ffmpeg") is None:
        pytest.skip("needs ffmpeg")
    words = ["ffmpeg", "-v", "error", "-f", "lavfi"]
    words += ["-i", f"testsrc=s={size[0]}x{size[1]}:r=30000/1001", "-vf", "setsar=4/3"]
    words += ["-frames:v", str(frames), "-pix_fmt", form, "-strict", "-1"]
    done = subprocess.run(
        [*words, "-f", "yuv4mpegpipe", "-"], stdout=subprocess.PIPE, check=True, timeout=60
    )
    return done.stdout


def opened(data: bytes) -> Y4m:
    return Y4m(io.BytesIO(data), "stdin", Asked())


# FFmpeg writes deep chroma of odd sides a byte short, and cannot read it itself.
ODD = [form for form in FORMATS if form not in ("yuv420p10le", "yuv422p12le")]


@pytest.mark.parametrize(
    ("form", "size"), [*((f, (34, 18)) for f in FORMATS), *((f, (33, 17)) for f in ODD)]
)
def test_every_format_is_read_as_ffmpeg_reads_it(tmp_path: Path, form: str, size: tuple[int, int]):
    data = made(form, size)
    (tmp_path / "a.y4m").write_bytes(data)
    clip = opened(data)
    assert (clip.size, clip.rate, clip.aspect) == (size, Fraction(30000, 1001), Fraction(4, 3))
    frames = list(clip)
    with av.open(str(tmp_path / "a.y4m")) as file:
        for number, (frame, (time, image)) in enumerate(zip(file.decode(), frames, strict=True)):
            pixels, alpha = pixels_of(frame)
            assert time == Time(number, Fraction(1001, 30000))
            assert np.array_equal(image.pixels.bgr(), pixels.bgr())
            assert np.array_equal(image.pixels.gray(), pixels.gray())
            assert (image.alpha is None) == (alpha is None)


def test_deep_video_is_deep_where_that_is_asked():
    data = made("yuv420p10le")
    shallow = opened(data)
    assert {image.depth for _, image in shallow} == {"uint8"}
    assert shallow.notes == ["10 bits a channel are read as 8; --deep keeps them"]
    deep = Y4m(io.BytesIO(data), "stdin", Asked(deep=True))
    for (_, fine), (_, coarse) in zip(deep, opened(data), strict=True):
        assert fine.depth == "uint16"
        assert np.abs(fine.gray / 257 - coarse.gray).max() < 1.5


@pytest.mark.parametrize(("mark", "parity"), [(b" It", "tff"), (b" Ib", "bff")])
def test_interlaced_video_becomes_whole_as_ffmpeg_makes_it(mark: bytes, parity: str):
    data = made("yuv420p", (64, 48), frames=4).replace(b" Ip", mark)
    plain = opened(data)
    assert len(list(plain)) == 4
    assert plain.notes == ["interlaced: --deinterlace makes whole pictures of it"]
    woven = list(Y4m(io.BytesIO(data), "stdin", Asked(deinterlace=True)))
    assert [time.pts for time, _ in woven] == [0, 1, 2, 3]
    words = ["ffmpeg", "-v", "error", "-i", "-", "-vf"]
    words += [f"bwdif=send_frame:{parity}:all", "-f", "yuv4mpegpipe", "-"]
    done = subprocess.run(words, input=data, stdout=subprocess.PIPE, check=True, timeout=60)
    pairs = list(zip(woven, opened(done.stdout), strict=True))
    for (_, image), (_, wanted) in pairs[1:]:  # releases of FFmpeg differ at the first edges
        assert np.array_equal(image.gray, wanted.gray)


def test_a_header_is_read_whatever_its_order():
    told = header(b"YUV4MPEG2 Xhi C422 F25:1 H9 W16 It A0:0 XCOLORRANGE=FULL\n", "a")
    assert (told.size, told.format, told.rate) == ((16, 9), "yuv422p", Fraction(25))
    assert (told.aspect, told.fields, told.full_range) == (Fraction(1), "tff", True)
    told = header(b"YUV4MPEG2 W4 H2 F0:0\n", "a")
    assert (told.format, told.rate, told.fields) == ("yuv420p", Fraction(25), "")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"YUV4MPEG2 W16\n", "no size"), (b"YUV4MPEG2 Wx H2\n", "no size"),
        (b"YUV4MPEG2 W16 H9", "no YUV4MPEG2 header"), (b"YUV4MPEG2 W8 H8 C9\n", "'9'"),
        (b"YUV4MPEG2 W0 H9\nFRAME\n", "header says 0×9"),
        (b"YUV4MPEG2 W99999999 H99999\nFRAME\n", "too big"),
        (b"YUV4MPEG2 W16 H9" + b" X" * 9000, "header"), (b"YUV4MPEG2 W2 H2\n", "no frame"),
        (b"YUV4MPEG2 W2 H2\nFRANE\n123456", "no frame begins"),
        (b"YUV4MPEG2 W2 H2\nFRAME\n12345", "cut"), (b"YUV4MPEG2 W2 H2\nFRAME", "cut"),
    ],
)  # fmt: skip
def test_what_is_no_video_is_refused(line: bytes, said: str):
    with pytest.raises(InputError, match=said):
        list(opened(line))


def test_a_cut_names_the_last_good_frame():
    data = made("yuv420p")
    for length in (len(data) - 1, len(data) - 34 * 18):
        frames = iter(opened(data[:length]))
        assert next(frames)[0].pts == 0
        assert next(frames)[0].pts == 1
        with pytest.raises(DamagedError, match=r"after frame 1 \(0.033 s\): the next frame is cut"):
            next(frames)


def test_frames_may_say_more_of_themselves():
    data = b"YUV4MPEG2 W2 H2 Cmono\nFRAME Ip\n1234FRAME\n5678"
    assert [image.gray.tobytes() for _, image in opened(data)] == [b"1234", b"5678"]


def written(rasters: list[values.Raster], **told: object) -> tuple[bytes, Y4mWriter]:
    file = io.BytesIO()
    writer = Y4mWriter(file, rate=Fraction(25), **told)  # type: ignore[arg-type]
    for number, raster in enumerate(rasters):
        writer.write(Time(number * 40), raster)
    return file.getvalue(), writer


def test_deep_pictures_stay_deep():
    deep = photo((64, 48)).astype(np.uint16) * 257
    data, writer = written([values.Image.of(deep)])
    assert b" C420p10 " in data[:60]
    assert writer.notes == []
    ((_, image),) = Y4m(io.BytesIO(data), "a", Asked(deep=True))
    grey = values.Image.of(deep).gray
    assert np.abs(image.gray.astype(int) - grey).max() <= 120  # of 65535: ten bits
    data, _ = written([values.Image.of(deep[:, :, 0])])
    ((_, image),) = Y4m(io.BytesIO(data), "a", Asked(deep=True))
    assert np.array_equal(image.gray, deep[:, :, 0])


@pytest.mark.parametrize("form", ["yuv420p", "yuvj420p", "yuv422p", "yuv444p", "gray"])
@pytest.mark.parametrize("size", [(34, 18), (33, 17)])
def test_planes_go_out_as_they_came(form: str, size: tuple[int, int]):
    data = made(form, size)
    frames = [image for _, image in opened(data)]
    back, writer = written(list(frames), aspect=Fraction(4, 3))
    assert back[back.index(b"\n") :] == data[data.index(b"\n") :]
    assert b" A4:3 " in back[: back.index(b"\n")]
    assert (b"FULL" in back[:100]) == (form in ("yuvj420p", "gray"))
    assert writer.notes == []


def test_what_is_no_planes_is_within_a_level_of_itself():
    grid = photo((64, 48))
    data, _ = written([values.Image.of(grid)], pix_fmt="yuv444p")
    ((_, image),) = opened(data)
    assert np.abs(image.bgr.astype(int) - grid).max() <= 3
    mask = values.Mask.of(grid[:, :, 0] > 90)
    data, _ = written([mask])
    assert b"Cmono" in data[:60]
    ((_, image),) = opened(data)
    assert np.array_equal(image.gray, mask.array)


def test_a_full_range_begun_stays_full():
    frames = [image for _, image in opened(made("yuvj420p"))]
    planes = frames[0].pixels
    assert isinstance(planes, Planes)
    grey = values.Image.of(np.full((18, 34), 255, np.uint8))
    data, _ = written([frames[0], grey])
    _, (_, white) = opened(data)
    assert white.gray.min() == 255


def test_notes_say_what_is_lost():
    clear = np.zeros((4, 4, 4), np.uint8)
    image = values.Image.of(clear[:, :, :3])
    faint = values.Image(image.grid, image.pixels, values.frozen(clear[:, :, 3]))
    data, writer = written([faint], background=(0, 0, 255))
    assert "transparency" in writer.notes[0]
    ((_, shown),) = opened(data)
    assert np.abs(shown.bgr[0, 0].astype(int) - (0, 0, 255)).max() <= 3
    file = io.BytesIO()
    late = Y4mWriter(file, rate=Fraction(25))
    for pts in (0, 40, 400):
        late.write(Time(pts), image)
    assert late.notes == ["y4m has no times: its frames are shown 25 a second"]


def test_another_size_is_an_error():
    one, two = (values.Image.of(np.zeros((4, w), np.uint8)) for w in (4, 5))
    with pytest.raises(InputError, match="frame 1 is 5×4: the video began as 4×4"):
        written([one, two])
