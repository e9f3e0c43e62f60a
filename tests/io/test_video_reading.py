"""Videos of every kind are read: seeking gives what decoding from the start gives, pictures stand
upright in the right colours, and what is odd is said."""

from __future__ import annotations

import gc
import itertools
import math
import os
import zlib
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from cvkit.core.errors import InputError
from cvkit.core.units import Duration
from cvkit.core.values import Image
from cvkit.io.sources import video
from cvkit.io.sources.files import kind_of
from cvkit.io.sources.video import open_video
from tests.io.clips import KINDS, NEEDS_FFMPEG, PICTURES, SOUND, ffmpeg, made

Read = list[tuple[Fraction, int]]
SHARED = Path(__file__).parents[3] / "shared/media/video"


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("clips")


def checksum(image: Image) -> int:
    return zlib.crc32(np.ascontiguousarray(image.array).tobytes())


def read(path: Path, begin: Duration | None = None, count: int = 10**9, **how: Any) -> Read:
    """Instant and checksum of frames."""
    with open_video(path, **how) as clip:
        if begin is not None:
            clip.begin(begin)
        frames = itertools.islice(clip, count)
        return [(t.pts * t.base, checksum(image)) for t, image in frames]


def begins_exactly(path: Path, places: int = 6, **how: Any) -> None:
    whole = read(path, **how)
    rng = np.random.default_rng(len(whole))
    for place in {1, len(whole) // 2, len(whole) - 1, *rng.integers(1, len(whole), places)}:
        for edge in (Duration(Fraction(int(place)), "f"), Duration(whole[place][0])):
            with open_video(path, **how) as clip:
                assert clip.begin(edge) == place
            assert read(path, edge, 3, **how) == whole[place : place + 3]
    with open_video(path, **how) as clip:
        assert clip.length()[0] == len(whole)


@NEEDS_FFMPEG
@pytest.mark.parametrize("name", KINDS)
def test_seeking_gives_the_frames_of_decoding_from_the_start(clips: Path, name: str):
    begins_exactly(made(clips, name))


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared/media, not beside this checkout")
@pytest.mark.parametrize("path", sorted(SHARED.glob("*.*")), ids=lambda path: path.name)
def test_seeking_in_real_clips_gives_the_same_frames(path: Path):
    begins_exactly(path, 2)


@NEEDS_FFMPEG
def test_seeking_behind_an_edit_list_counts_what_is_shown(clips: Path):
    source, path = made(clips, "b-frames.mp4"), clips / "edited.mov"
    ffmpeg("-ss", "0.7", "-i", source, "-c", "copy", path)
    begins_exactly(path)
    with open_video(path) as clip:
        assert len(list(clip)) < 50


@NEEDS_FFMPEG
@pytest.mark.parametrize("name", ["b-frames.mp4", "open-gop.mkv", "vp9.webm", "hevc.ts"])
def test_seeking_decodes_no_more_than_from_the_key_frame_on(
    clips: Path, name: str, monkeypatch: pytest.MonkeyPatch
):
    path, passes = made(clips, name), []
    monkeypatch.setattr(video.Clip, "_reopen", lambda self: passes.append(self))
    with open_video(path) as clip:
        assert clip.begin(Duration(Fraction(40), "f")) == 40
    assert not passes


def test_a_place_behind_the_end_gives_no_frame(tmp_path: Path):
    path = upright(tmp_path / "a.mp4", np.zeros((48, 64, 3), np.uint8))
    with open_video(path) as clip:
        clip.begin(Duration(Fraction(9), "f"))
        assert list(clip) == []


@NEEDS_FFMPEG
@pytest.mark.parametrize("name", sorted(KINDS))
def test_every_frame_is_there_and_they_follow_evenly(clips: Path, name: str):
    frames = read(made(clips, name))
    if name in ("uneven.mkv", "theora.ogv"):  # an empty packet of Theora shows the last one on
        assert 20 < len(frames) < 50
        return
    assert len(frames) == 50
    steps = np.diff([float(at) for at, _ in frames])
    np.testing.assert_allclose(steps, 0.04, atol=0.0015)
    assert frames[0][0] < Fraction(1, 10)


@NEEDS_FFMPEG
def test_a_clock_that_starts_at_eleven_hours_starts_at_nothing(tmp_path: Path):
    ffmpeg(*PICTURES, *SOUND, "-c:v", "libx264", "-output_ts_offset", 40000, tmp_path / "a.ts")
    with open_video(tmp_path / "a.ts") as clip:
        assert clip.sound is not None
        first = next(iter(clip))[0].seconds
        heard = [p.end for p in clip.sound.packets() if p.end is not None]
    assert 0 <= first < 0.1
    assert 1.9 < heard[-1] < 2.2


@NEEDS_FFMPEG
def test_joined_recordings_go_on_in_time_and_each_in_its_size(tmp_path: Path):
    for name, size in (("a", "64x48"), ("b", "32x24")):
        source = f"testsrc2=s={size}:r=25:d=1"
        ffmpeg("-f", "lavfi", "-i", source, "-c:v", "libx264", tmp_path / f"{name}.ts")
    joined = tmp_path / "ab.ts"
    joined.write_bytes(b"".join((tmp_path / f"{name}.ts").read_bytes() for name in "ab"))
    with open_video(joined) as clip:
        frames = list(clip)
        notes = clip.notes
    assert [image.size for _, image in frames] == [(64, 48)] * 25 + [(32, 24)] * 25
    assert min(np.diff([time.seconds for time, _ in frames])) > 0.015
    assert frames[-1][0].seconds == pytest.approx(1.96, abs=0.03)
    assert notes == ["its times go back at frame 25: they are made to advance"]


def upright(
    path: Path,
    bgr: np.ndarray,
    turn: int = 0,
    *,
    mirrored: bool = False,
    aspect: Fraction = Fraction(1),
) -> Path:
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=25, options={"crf": "4"})
        assert isinstance(stream, av.VideoStream)
        stream.height, stream.width = bgr.shape[:2]
        stream.pix_fmt = "yuv444p"
        stream.codec_context.sample_aspect_ratio = aspect
        cos, sin = round(math.cos(math.radians(turn))), round(math.sin(math.radians(turn)))
        across = -1 if mirrored else 1
        one = 1 << 16
        matrix = [across * cos, across * -sin, 0, sin, cos, 0]
        stream.set_display_matrix([*(one * v for v in matrix), 0, 0, 1 << 30])
        out.mux(stream.encode(av.VideoFrame.from_ndarray(bgr, format="bgr24")))
        out.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_pictures_stand_as_the_display_matrix_says(tmp_path: Path, turn: int, mirrored: bool):
    rng = np.random.default_rng(3)
    bgr = np.kron(rng.integers(40, 200, (3, 4, 3), np.uint8), np.ones((16, 16, 1), np.uint8))
    path = upright(tmp_path / "a.mp4", bgr, turn, mirrored=mirrored)
    with open_video(path) as clip:
        ((_, image),) = clip
    shown = np.rot90(bgr[:, ::-1] if mirrored else bgr, turn // 90)
    assert image.size == clip.size == (shown.shape[1], shown.shape[0])
    assert np.abs(image.bgr.astype(int) - shown).max() <= 6


@pytest.mark.parametrize(("turn", "aspect"), [(0, Fraction(4, 3)), (90, Fraction(3, 4))])
def test_the_shape_of_pixels_turns_with_the_picture(tmp_path: Path, turn: int, aspect: Fraction):
    bgr = np.full((48, 64, 3), 90, np.uint8)
    path = upright(tmp_path / "a.mp4", bgr, turn, aspect=Fraction(4, 3))
    with open_video(path) as clip:
        assert clip.aspect == aspect


BARS = np.array([(255, 255, 255), (0, 255, 255), (255, 255, 0), (0, 255, 0),
                 (255, 0, 255), (0, 0, 255), (255, 0, 0), (0, 0, 0)], np.uint8)  # fmt: skip


def bars_and_ramp() -> np.ndarray:
    ramp = np.tile(np.arange(256, dtype=np.uint8)[None, :, None], (48, 1, 3))
    return np.vstack([np.tile(np.repeat(BARS, 32, 0), (48, 1, 1)), ramp])


def coloured(path: Path, matrix: str, span: str, form: str) -> Path:
    tag = {"bt601": "smpte170m", "bt709": "bt709", "bt2020": "bt2020nc"}[matrix]
    how = f"scale=out_color_matrix={matrix}:out_range={span}:flags=accurate_rnd+full_chroma_int"
    raw = ("-f", "rawvideo", "-s", "256x96", "-pix_fmt", "bgr24", "-i", "-")
    tags = ("-colorspace", tag, "-color_range", span)
    how = f"{how}+bitexact," if form.startswith("yuv") else ""
    kind = ("-vf", f"{how}format={form}", *tags, "-c:v", "ffv1")
    ffmpeg(*raw, *kind, path, data=bars_and_ramp().tobytes())
    return path


@NEEDS_FFMPEG
@pytest.mark.parametrize("form", ["yuv420p", "yuv422p", "yuv444p", "yuv420p10le"])
@pytest.mark.parametrize("span", ["tv", "pc"])
@pytest.mark.parametrize("matrix", ["bt601", "bt709", "bt2020"])
def test_matrix_and_range_are_those_that_ffmpeg_reads(
    tmp_path: Path, matrix: str, span: str, form: str
):
    path = coloured(tmp_path / "a.mkv", matrix, span, form)
    how = f"scale=in_color_matrix={matrix}:in_range={span}:flags=accurate_rnd+full_chroma_int"
    out = ("-f", "rawvideo", "-pix_fmt", "bgr24", "-")
    theirs = np.frombuffer(ffmpeg("-i", path, "-vf", how, *out), np.uint8).reshape(96, 256, 3)
    with open_video(path) as clip:
        ((_, image),) = clip
    middles = np.s_[24, 16::32]
    assert np.abs(image.bgr[middles].astype(int) - theirs[middles]).max() <= 3
    assert np.abs(image.bgr[middles].astype(int) - BARS).max() <= 3
    assert np.abs(image.gray[72].astype(int) - np.arange(256)).max() <= 1
    assert np.abs(image.bgr[72].astype(int) - np.arange(256)[:, None]).max() <= 1


@NEEDS_FFMPEG
@pytest.mark.parametrize("span", ["tv", "pc"])
@pytest.mark.parametrize("form", ["yuv420p10le", "yuv422p12le", "yuv444p16le", "gbrp10le"])
def test_deep_video_has_white_at_65535_and_levels_between(tmp_path: Path, form: str, span: str):
    path = coloured(tmp_path / "a.mkv", "bt709", span, form)
    with open_video(path) as clip:
        ((_, shallow),) = clip
        notes = clip.notes
    with open_video(path, deep=True) as clip:
        ((_, image),) = clip
        assert clip.notes == []
    bits = "".join(filter(str.isdigit, form.removesuffix("le")))[-2:]
    assert notes == [f"{bits} bits a channel are read as 8; --deep keeps them"]
    assert shallow.depth == "uint8"
    assert image.depth == "uint16"
    ramp = np.arange(256)[:, None] * 257
    assert np.abs(image.bgr[72].astype(int) - ramp).max() <= 260
    assert np.abs(image.gray[72].astype(int) - ramp[:, 0]).max() <= 260
    assert np.abs(image.bgr[24, 16::32].astype(int) - BARS.astype(int) * 257).max() <= 400
    assert np.abs(image.bgr.astype(int) // 257 - shallow.bgr)[:, 16::32].max() <= 3


@NEEDS_FFMPEG
@pytest.mark.parametrize(
    ("form", "codec", "name"),
    [("gray10le", "ffv1", "a.mkv"), ("gray16le", "ffv1", "a.mkv"), ("rgb48le", "ffv1", "a.mkv"),
     ("rgba64be", "png", "a.mov"), ("yuva444p10le", "prores_ks", "a.mov")],
)  # fmt: skip
def test_deep_grey_colour_and_alpha(tmp_path: Path, form: str, codec: str, name: str):
    levels = np.tile(np.linspace(0, 65535, 256).astype(np.uint16)[None, :, None], (16, 1, 3))
    raw = ("-f", "rawvideo", "-s", "256x16", "-pix_fmt", "rgb48le", "-i", "-")
    kind = ("-pix_fmt", form, "-c:v", codec)
    ffmpeg(*raw, *kind, tmp_path / name, data=levels.tobytes())
    with open_video(tmp_path / name, deep=True) as clip:
        ((_, image),) = clip
    assert image.depth == "uint16"
    assert (image.alpha is not None) == ("a" in form.removeprefix("gray"))
    assert image.space == ("gray" if form.startswith("gray") else "bgr")
    assert np.abs(image.gray[8].astype(int) - levels[8, :, 0]).max() <= 330


def test_vp9_comes_with_its_alpha(shared: Path):
    with open_video(shared / "video/alpha_ball.webm") as clip:
        time, image = next(iter(clip))
        assert time.seconds == 0
    assert image.alpha is not None
    corner, most = image.alpha[0, 0], image.alpha.max()
    assert (corner, most) == (0, 255)
    inside = image.alpha > 250
    assert 0.004 < inside.mean() < 0.1
    blue, green, red = image.bgr[inside].mean(0)
    assert red > 150 > max(blue, green) + 50


@NEEDS_FFMPEG
def test_interlaced_video_is_left_as_stored_and_said(tmp_path: Path):
    moving = ("-f", "lavfi", "-i", "color=gray:s=64x48:r=50:d=1", "-f", "lavfi", "-i")
    over = "[0][1]overlay=x=n*1.5-12:y=10,tinterlace=interleave_top,setfield=tff"
    weave = ("-filter_complex", over, "-flags", "+ildct+ilme")
    codec = ("-c:v", "mpeg2video", "-q:v", 2, "-g", 6)
    ffmpeg(*moving, "color=white:s=12x30:r=50:d=1", *weave, *codec, tmp_path / "a.mkv")
    with open_video(tmp_path / "a.mkv") as clip:
        woven = list(clip)
        assert clip.notes == ["interlaced: --deinterlace makes whole pictures of it"]
    with open_video(tmp_path / "a.mkv", deinterlace=True) as clip:
        whole = list(clip)
        assert clip.notes == []
    assert [t for t, _ in whole] == [t for t, _ in woven]
    assert len(whole) == 25

    def combed(image) -> float:
        gray = image.gray.astype(float)
        return float(np.abs(gray[1:-1] * 2 - gray[:-2] - gray[2:]).mean())

    assert combed(whole[12][1]) < 0.6 * combed(woven[12][1])
    begins_exactly(tmp_path / "a.mkv", deinterlace=True)


@NEEDS_FFMPEG
def test_one_of_several_videos_is_read_and_said(tmp_path: Path):
    small = ("-f", "lavfi", "-i", "testsrc=s=32x24:r=10:d=2")
    maps = ("-map", "0", "-map", "1", "-map", "2", "-c:v", "libx264")
    ffmpeg(*SOUND, *small, *PICTURES, *maps, tmp_path / "a.mkv")
    with open_video(tmp_path / "a.mkv") as clip:
        assert len(list(clip)) in (20, 50)
        assert clip.notes == ["holds 2 videos; only the main one is read"]


@NEEDS_FFMPEG
def test_a_cover_is_no_video(tmp_path: Path):
    cover = ("-f", "lavfi", "-i", "color=red:s=64x64:d=0.04", "-map", "0", "-map", "1")
    ffmpeg(*SOUND, *cover, "-c:v", "mjpeg", "-disposition:v", "attached_pic", tmp_path / "a.m4a")
    with pytest.raises(InputError, match="holds no video"):
        open_video(tmp_path / "a.m4a")


@NEEDS_FFMPEG
def test_a_picture_that_comes_after_the_sound_has_its_own_time(tmp_path: Path):
    late = ("-itsoffset", "1.5", *PICTURES, *SOUND, "-map", "0", "-map", "1", "-c:v", "libx264")
    ffmpeg(*late, tmp_path / "a.mkv")
    frames = read(tmp_path / "a.mkv")
    assert len(frames) == 50
    assert float(frames[0][0]) == pytest.approx(1.5, abs=0.03)
    begins_exactly(tmp_path / "a.mkv")


@NEEDS_FFMPEG
def test_high_dynamic_range_is_said(tmp_path: Path):
    tags = ("-color_trc", "smpte2084", "-colorspace", "bt2020nc", "-color_primaries", "bt2020")
    ffmpeg(*PICTURES, "-c:v", "libx264", "-pix_fmt", "yuv420p10le", *tags, tmp_path / "a.mp4")
    with open_video(tmp_path / "a.mp4", deep=True) as clip:
        assert clip.notes == ["high dynamic range (PQ): shown as stored, so it looks pale"]


@NEEDS_FFMPEG
@pytest.mark.parametrize("name", sorted(KINDS))
def test_each_kind_of_file_is_taken_for_a_video(clips: Path, name: str):
    path = made(clips, name)
    assert kind_of(str(path)) == "video"
    still = path.with_suffix(".jpg")
    if name == "raw.mjpeg":
        still.write_bytes(path.read_bytes())
        assert kind_of(str(still)) == "picture"


@NEEDS_FFMPEG
def test_sound_that_cannot_be_copied_is_carried_on_as_samples(tmp_path: Path):
    ffmpeg(*PICTURES, *SOUND, "-c:v", "wmv2", "-c:a", "wmav2", tmp_path / "a.wmv")
    with open_video(tmp_path / "a.wmv") as clip:
        assert clip.sound is not None
        assert clip.notes == []
        assert len(list(clip)) == 50


def held() -> tuple[int, int]:
    """Threads and open handles of the process."""
    return len(os.listdir("/proc/self/task")), len(os.listdir("/proc/self/fd"))


@pytest.mark.serial
@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts in /proc")
@NEEDS_FFMPEG
def test_seeking_leaves_no_thread_and_no_handle(clips: Path):
    def once(name: str, **how: Any) -> None:
        with open_video(made(clips, name), **how) as clip:
            clip.begin(Duration(Fraction(30), "f"))
            next(iter(clip))

    names = ("open-gop.mkv", "fields.ts", "raw.h264")
    for name in names:
        once(name, deinterlace=True)
    gc.collect()
    before = held()
    for index in range(45):
        once(names[index % 3], deinterlace=index % 2 == 0, salvage=index % 5 == 0)
    gc.collect()
    assert held() == before
