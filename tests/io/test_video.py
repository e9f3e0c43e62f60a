"""Videos in and out: every frame once, at its instant, its picture kept, its damage seen."""

from __future__ import annotations

import gc
import hashlib
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from cvkit.core.errors import DamagedError, InputError, OutputError, ParameterError
from cvkit.core.time import Time
from cvkit.core.values import Image, Mask, Raster
from cvkit.io.planes import Planes
from cvkit.io.sinks.encoding import Encoding
from cvkit.io.sinks.video import VideoWriter
from cvkit.io.sources.video import open_video

VFR = [0, 3, 4, 10, 11, 12, 40, 41, 55, 60, 61, 62, 90, 91, 92, 93]


def numbered(index: int, size: tuple[int, int] = (64, 48)) -> Image:
    """A picture that says its number in eight black or white bars."""
    w, h = size
    bits = [(index >> bit) & 1 for bit in range(8)]
    row = np.repeat(np.array(bits, np.uint8) * 255, -(-w // 8))[:w]
    return Image.of(np.tile(row, (h, 1)))


def number(image: Image) -> int:
    w, h = image.size
    wide = -(-w // 8)
    return sum(int(image.gray[h // 2, bit * wide + wide // 2] > 127) << bit for bit in range(8))


def make(
    path: Path,
    pts: list[int],
    *,
    kind: str = "mp4",
    base: Fraction = Fraction(1, 30),
    size: tuple[int, int] = (64, 48),
    encoding: Encoding | None = None,
) -> list[str]:
    with VideoWriter(path, kind, time_base=base, rate=Fraction(30), encoding=encoding) as writer:
        for index, tick in enumerate(pts):
            writer.write(Time(tick, base), numbered(index, size))
    return writer.notes


def write(path: Path, pictures: Iterable[tuple[Time, Image]], kind: str = "mp4") -> None:
    with VideoWriter(path, kind) as writer:
        for time, image in pictures:
            writer.write(time, image)


def read(path: Path) -> list[tuple[Time, Image]]:
    with open_video(path) as clip:
        return list(clip)


@pytest.mark.parametrize("kind", ["mp4", "mov", "mkv", "webm"])
def test_every_frame_comes_back_once_and_in_order(tmp_path: Path, kind: str):
    make(tmp_path / "a.part", list(range(100)), kind=kind)
    assert [number(image) for _, image in read(tmp_path / "a.part")] == list(range(100))


def test_hevc_is_written_where_it_is_asked_for(tmp_path: Path):
    make(tmp_path / "a", list(range(9)), encoding=Encoding(codec="hevc"))
    assert [number(image) for _, image in read(tmp_path / "a")] == list(range(9))
    assert b"hvc1" in (tmp_path / "a").read_bytes()


@pytest.mark.parametrize("kind", ["mp4", "mov"])
@pytest.mark.parametrize("start", [0, 7])
@pytest.mark.parametrize("base", [Fraction(1, 30), Fraction(1001, 30000), Fraction(1, 90000)])
def test_uneven_times_are_kept_exactly(tmp_path: Path, kind: str, start: int, base: Fraction):
    make(tmp_path / "a", [start + tick for tick in VFR], kind=kind, base=base)
    times = [time.pts * time.base for time, _ in read(tmp_path / "a")]
    assert times == [(start + tick) * base for tick in VFR]


@pytest.mark.parametrize("kind", ["mkv", "webm"])
def test_matroska_keeps_uneven_times_to_the_millisecond(tmp_path: Path, kind: str):
    make(tmp_path / "a", VFR, kind=kind)
    times = [time.seconds for time, _ in read(tmp_path / "a")]
    np.testing.assert_allclose(times, [tick / 30 for tick in VFR], atol=0.0005)


def test_a_written_video_declares_its_length_and_rate(tmp_path: Path):
    make(tmp_path / "a", list(range(60)))
    with open_video(tmp_path / "a") as clip:
        assert clip.frames_declared == 60
        assert clip.duration == pytest.approx(2.0)
        assert clip.rate == 30
        assert clip.size == (64, 48)
        assert clip.sound is None


def test_a_grey_ramp_comes_back_within_three_levels(tmp_path: Path):
    ramp = np.tile(np.arange(256, dtype=np.uint8), (64, 1))
    best = Encoding(crf=1)
    for raster in (Image.of(ramp), Mask.of(ramp), Image.of(np.dstack([ramp] * 3))):
        with VideoWriter(tmp_path / "a", "mp4", encoding=best) as writer:
            writer.write(Time(0), raster)
        ((_, image),) = read(tmp_path / "a")
        assert np.abs(image.gray.astype(int) - ramp).max() <= 3
        assert np.abs(image.bgr.astype(int) - ramp[:, :, None]).max() <= 5


@pytest.mark.parametrize("size", [(64, 48), (1280, 720)])
def test_colours_come_back_through_the_tagged_matrix(tmp_path: Path, size: tuple[int, int]):
    colours = np.array([(40, 60, 200), (200, 60, 40), (60, 200, 40), (128, 128, 128)], np.uint8)
    bgr = np.tile(np.repeat(colours, size[0] // 4, 0), (size[1], 1, 1))
    with VideoWriter(tmp_path / "a", "mp4", encoding=Encoding(crf=4)) as writer:
        writer.write(Time(0), Image.of(bgr))
    with av.open(str(tmp_path / "a")) as container:
        context = container.streams.video[0].codec_context
        assert context.colorspace == (1 if size[1] >= 720 else 6)
        assert context.color_range == 1
    ((_, image),) = read(tmp_path / "a")
    middles = np.s_[size[1] // 2, size[0] // 8 :: size[0] // 4]
    assert np.abs(image.bgr[middles].astype(int) - colours).max() <= 4


def test_untouched_planes_are_encoded_as_they_are(tmp_path: Path):
    make(tmp_path / "a", [0, 1, 2])
    first = read(tmp_path / "a")
    with VideoWriter(tmp_path / "b", "mp4", encoding=Encoding(crf=0)) as writer:
        for time, image in first:
            assert image.untouched
            writer.write(time, image)
    for (_, before), (_, after) in zip(first, read(tmp_path / "b"), strict=True):
        assert isinstance(before.pixels, Planes)
        assert isinstance(after.pixels, Planes)
        np.testing.assert_array_equal(before.pixels.buffer, after.pixels.buffer)


def test_alpha_is_laid_over_the_background_and_said_once(tmp_path: Path):
    clear = Image.of(np.zeros((48, 64, 4), np.uint8))
    with VideoWriter(tmp_path / "a", "mp4", background=(0, 0, 255)) as writer:
        writer.write(Time(0), clear)
        writer.write(Time(40), clear)
    assert len(writer.notes) == 1
    assert np.abs(read(tmp_path / "a")[0][1].bgr.astype(int) - (0, 0, 255)).max() <= 4


@pytest.mark.parametrize("kind", ["mp4", "mkv"])
def test_odd_sides_are_padded_by_a_pixel_and_said(tmp_path: Path, kind: str):
    notes = make(tmp_path / "a", [0, 1], kind=kind, size=(63, 47))
    assert notes == ["63×47 padded to 64×48: yuv420p needs even sides"]
    image = read(tmp_path / "a")[1][1]
    assert image.size == (64, 48)
    assert number(image) == 1


@pytest.mark.parametrize(("kind", "encoding"), [("webm", None), ("mp4", "yuv444p")])
def test_odd_sides_stay_odd_where_the_codec_can(tmp_path: Path, kind: str, encoding: str | None):
    notes = make(
        tmp_path / "a", [0, 1], kind=kind, size=(63, 47), encoding=Encoding(pix_fmt=encoding)
    )
    assert notes == []
    assert read(tmp_path / "a")[1][1].size == (63, 47)


def test_odd_planes_are_padded_without_a_detour(tmp_path: Path):
    make(tmp_path / "a", [0, 1], kind="webm", size=(63, 47))
    with VideoWriter(tmp_path / "b", "mp4") as writer:
        for time, image in read(tmp_path / "a"):
            writer.write(time, image)
    assert [number(image) for _, image in read(tmp_path / "b")] == [0, 1]


@pytest.mark.parametrize("pix_fmt", ["yuv422p", "yuv444p", "yuv420p10le"])
def test_other_pixel_formats_are_written_and_read(tmp_path: Path, pix_fmt: str):
    make(tmp_path / "a", [0, 1, 2], encoding=Encoding(pix_fmt=pix_fmt))
    assert [number(image) for _, image in read(tmp_path / "a")] == [0, 1, 2]
    with VideoWriter(tmp_path / "b", "mp4", encoding=Encoding(pix_fmt=pix_fmt)) as writer:
        for time, image in read(tmp_path / "a"):
            writer.write(time, image)
    assert [number(image) for _, image in read(tmp_path / "b")] == [0, 1, 2]


@pytest.mark.parametrize("turns", [90, 180, 270])
def test_a_display_matrix_turns_the_planes(tmp_path: Path, turns: int):
    picture = np.arange(48, dtype=np.uint8)[:, None] * 2 + np.arange(64, dtype=np.uint8)
    with av.open(str(tmp_path / "a.mp4"), "w") as out:
        stream = out.add_stream("libx264", rate=30, options={"crf": "1"})
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.set_display_rotation(turns)
        frame = av.VideoFrame.from_ndarray(picture.astype(np.uint8), format="gray")
        out.mux(stream.encode(frame.reformat(format="yuv420p", dst_color_range=1)))
        out.mux(stream.encode(None))
    with open_video(tmp_path / "a.mp4") as clip:
        ((_, image),) = clip
    assert clip.size == image.size == ((48, 64) if turns % 180 else (64, 48))
    assert image.untouched
    assert np.abs(image.gray.astype(int) - np.rot90(picture, turns // 90)).max() <= 4


def digest(path: Path, *arguments: str) -> str:
    """Written by a process of its own, so that cores can be taken from it."""
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from fractions import Fraction\n"
        "import numpy as np\n"
        "from cvkit.core.time import Time\n"
        "from cvkit.core.values import Image\n"
        "from cvkit.io.sinks.video import VideoWriter\n"
        "rng = np.random.default_rng(1)\n"
        "noise = rng.integers(0, 256, (240, 400, 3), dtype=np.uint8)\n"
        "with VideoWriter(sys.argv[2], sys.argv[3], time_base=Fraction(1, 30)) as writer:\n"
        "    for i in range(40): writer.write(Time(i, Fraction(1, 30)),\n"
        "        Image.of(np.ascontiguousarray(noise[:, i : i + 320])))\n"
    )
    root = str(Path(__file__).parents[2])
    command = [*arguments, sys.executable, "-c", code, root, str(path), path.suffix[1:]]
    subprocess.run(command, check=True, timeout=60)
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.skipif(not shutil.which("taskset"), reason="needs taskset to take cores away")
@pytest.mark.parametrize("kind", ["mp4", "mkv", "webm"])
def test_the_same_bytes_on_one_core_and_on_all(tmp_path: Path, kind: str):
    first = digest(tmp_path / f"a.{kind}")
    assert digest(tmp_path / f"b.{kind}") == first
    core = str(min(os.sched_getaffinity(0)))
    assert digest(tmp_path / f"c.{kind}", "taskset", "-c", core) == first


def test_the_same_bytes_whatever_lay_in_memory_before(tmp_path: Path):
    """x264's AVX-512 code read what nobody had written: one encode in ten came out different."""
    rng = np.random.default_rng(5)
    frames = [Image.of(np.kron(rng.integers(0, 256, (15, 20, 3), np.uint8), ones)) for ones in
              [np.ones((8, 8, 1), np.uint8)] * 12]  # fmt: skip
    seen = set()
    for _ in range(25):
        sizes = rng.integers(1000, 400_000, 40)
        dirt = [rng.integers(0, 256, size, np.uint8).tobytes() for size in sizes]
        del dirt[::2]
        path = tmp_path / "a.mp4"
        with VideoWriter(path, "mp4", rate=Fraction(25), time_base=Fraction(1, 25)) as writer:
            for index, frame in enumerate(frames):
                writer.write(Time(index, Fraction(1, 25)), frame)
        seen.add(path.read_bytes())
    assert len(seen) == 1


def test_a_written_file_holds_no_clock_and_no_version(tmp_path: Path):
    make(tmp_path / "a", list(range(5)))
    data = (tmp_path / "a").read_bytes()
    assert b"Lavf" not in data
    assert data.index(b"moov") < data.index(b"mdat")  # plays while it is still loading


def test_abort_removes_the_file(tmp_path: Path):
    writer = VideoWriter(tmp_path / "a", "mp4")
    for index in range(80):
        writer.write(Time(index), numbered(index))
    writer.abort()
    writer.abort()
    assert list(tmp_path.iterdir()) == []


def test_an_error_among_the_frames_removes_the_file(tmp_path: Path):
    def pictures():
        yield Time(0), numbered(0)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write(tmp_path / "a", pictures())
    assert list(tmp_path.iterdir()) == []


def test_close_twice_and_abort_after_close_keep_the_file(tmp_path: Path):
    writer = VideoWriter(tmp_path / "a", "mp4")
    writer.write(Time(0), numbered(3))
    writer.close()
    writer.close()
    writer.abort()
    assert number(read(tmp_path / "a")[0][1]) == 3


def test_a_full_disk_is_an_output_error(tmp_path: Path):
    noise = np.random.default_rng(0).integers(0, 256, (480, 640, 3), dtype=np.uint8)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    # A file may not grow: the nearest to a full disk that needs no mount.
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        pictures = [(Time(i * 40), Image.of(np.roll(noise, i, 0))) for i in range(60)]
        with pytest.raises(OutputError, match="cannot be written: File too large"):
            write(tmp_path / "a", pictures)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_no_space_left_is_said():
    writer = VideoWriter("/dev/full", "mkv")
    writer.write(Time(0), numbered(0))
    with pytest.raises(OutputError, match="No space left on device"):
        writer.close()
    assert writer._out is not None
    writer._out.drop()  # `abort` would try to remove the device


def test_a_folder_that_is_not_there_is_an_output_error(tmp_path: Path):
    with (
        pytest.raises(OutputError, match="No such file or directory"),
        VideoWriter(tmp_path / "none" / "a", "mp4") as writer,
    ):
        writer.write(Time(0), numbered(0))


@pytest.mark.parametrize(
    ("encoding", "message"),
    [
        (Encoding(codec="theora9"), "no video encoder 'theora9'; try h264"),
        (Encoding(codec="aac"), "aac encodes audio, not video"),
        (Encoding(preset="warp"), "libx264 has no preset warp"),
        (Encoding(codec="mpeg4", preset="fast"), "mpeg4 knows no preset"),
        (Encoding(crf=20, bitrate=1000), "exclude each other"),
        (Encoding(pix_fmt="purple"), "no pixel format 'purple'"),
        (Encoding(pix_fmt="rgb24"), "'rgb24' is not written"),
        (Encoding(codec="vp8"), "vp8 does not go into mp4"),
    ],
)
def test_an_encoding_that_cannot_be_had_is_said(tmp_path: Path, encoding: Encoding, message: str):
    with (
        pytest.raises(ParameterError, match=message),
        VideoWriter(tmp_path / "a", "mp4", encoding=encoding) as writer,
    ):
        writer.write(Time(0), numbered(0))
    assert list(tmp_path.iterdir()) == []


def test_a_size_that_changes_is_refused(tmp_path: Path):
    pictures = [(Time(0), numbered(0)), (Time(1), numbered(1, (32, 24)))]
    with pytest.raises(InputError, match="frame 1 is 32×24: the video began as 64×48; add resize"):
        write(tmp_path / "a", pictures)


def test_time_that_does_not_advance_is_refused_unless_fps_is_given(tmp_path: Path):
    with pytest.raises(OutputError, match="does not come after the one before"):
        write(tmp_path / "a", [(Time(5), numbered(0)), (Time(5), numbered(1))])
    with VideoWriter(tmp_path / "a", "mp4", encoding=Encoding(fps=Fraction(10))) as writer:
        for index in range(3):
            writer.write(Time(5), numbered(index))
    assert [time.seconds for time, _ in read(tmp_path / "a")] == pytest.approx([0, 0.1, 0.2])


def test_a_video_without_frames_is_an_output_error(tmp_path: Path):
    with pytest.raises(OutputError, match="no frame"), VideoWriter(tmp_path / "a", "mp4"):
        pass


def test_what_is_no_picture_is_refused(tmp_path: Path):
    from cvkit.core.values import Labels

    labels: Raster = Labels.of(np.zeros((4, 4), np.int32))
    with pytest.raises(TypeError, match="draw it first"):
        VideoWriter(tmp_path / "a", "mp4").write(Time(0), labels)


def test_a_cut_mp4_names_the_last_good_frame(tmp_path: Path):
    make(tmp_path / "a.mp4", list(range(60)))
    data = (tmp_path / "a.mp4").read_bytes()
    (tmp_path / "a.mp4").write_bytes(data[: len(data) * 3 // 4])
    seen = []
    with (
        pytest.raises(
            DamagedError, match=r"a\.mp4: damaged after frame \d+ \(\d\.\d{3} s\): a part"
        ),
        open_video(tmp_path / "a.mp4") as clip,
    ):
        seen += [number(image) for _, image in clip]
    assert seen == list(range(len(seen)))


def test_a_cut_matroska_ends_before_its_declared_time(tmp_path: Path):
    make(tmp_path / "a.mkv", list(range(90)), kind="mkv")
    data = (tmp_path / "a.mkv").read_bytes()
    (tmp_path / "a.mkv").write_bytes(data[: len(data) // 2])
    with (
        pytest.raises(DamagedError, match=r"3\.000 s are declared, it ends at"),
        open_video(tmp_path / "a.mkv") as clip,
    ):
        for _ in clip:
            pass


def test_a_raw_stream_gets_times_from_its_rate(tmp_path: Path):
    with av.open(str(tmp_path / "a.h264"), "w") as out:
        stream = out.add_stream("libx264", rate=25)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for index in range(30):
            gray = numbered(index).gray.astype(np.uint8)
            frame = av.VideoFrame.from_ndarray(gray, format="gray")
            out.mux(stream.encode(frame.reformat(format="yuv420p")))
        out.mux(stream.encode(None))
    frames = read(tmp_path / "a.h264")
    assert [number(image) for _, image in frames] == list(range(30))
    steps = np.diff([time.seconds for time, _ in frames])
    np.testing.assert_allclose(steps, 1 / 25, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "data", "error", "message"),
    [
        ("a.mp4", b"", DamagedError, "a.mp4: damaged: the file is empty"),
        ("a.mp4", b"hello there, this is no video\n" * 9, InputError, "not a video that FFmpeg"),
        ("a.mp4", b"\0\0\0\x18ftypisom" + bytes(99), DamagedError, r"its index \(moov\)"),
        ("a.mp4", b"#EXTM3U\n#EXTINF:1,\n/etc/passwd\n", InputError, "a playlist, not a video"),
        ("a.mp4", b"ffconcat version 1.0\nfile b.mp4\n", InputError, "a playlist, not a video"),
    ],
)
def test_what_is_no_video_is_said(
    tmp_path: Path, name: str, data: bytes, error: type[Exception], message: str
):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(error, match=message):
        open_video(tmp_path / name)


def test_a_missing_file_is_an_input_error(tmp_path: Path):
    with pytest.raises(InputError, match=r"none\.mp4: cannot be read: No such file"):
        open_video(tmp_path / "none.mp4")


def test_odd_names_are_only_names(tmp_path: Path):
    for name in ("http:x.mp4", "concat:a|b.mp4", "a\nb %05d é.mp4"):
        make(tmp_path / name, [0, 1])
        assert len(read(tmp_path / name)) == 2


def test_more_pixels_than_allowed_are_refused(tmp_path: Path):
    make(tmp_path / "a.mp4", [0])
    with pytest.raises(InputError, match="64×48 is more than 3000 pixels"):
        open_video(tmp_path / "a.mp4", max_pixels=3000)
    with open_video(tmp_path / "a.mp4", max_pixels=64 * 48) as clip:
        assert len(list(clip)) == 1


def test_a_clip_is_iterated_once(tmp_path: Path):
    make(tmp_path / "a.mp4", [0, 1])
    with open_video(tmp_path / "a.mp4") as clip:
        assert len(list(clip)) == 2
        with pytest.raises(RuntimeError, match="open it again"):
            list(clip)
    clip.close()


def used() -> tuple[int, int, int]:
    """Threads of the process, open handles, threads of Python."""
    tasks, handles = os.listdir("/proc/self/task"), os.listdir("/proc/self/fd")
    return len(tasks), len(handles), threading.active_count()


@pytest.mark.serial
@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts in /proc")
def test_threads_and_handles_are_as_before(tmp_path: Path):
    make(tmp_path / "a.mp4", list(range(40)))

    def once(index: int) -> None:
        with open_video(tmp_path / "a.mp4") as clip, VideoWriter(tmp_path / "b", "mp4") as writer:
            for count, (time, image) in enumerate(clip):
                writer.write(time, image)
                if index % 2 and count == 9:  # left in the middle
                    break
        open_video(tmp_path / "a.mp4").close()
        writer = VideoWriter(tmp_path / "c", "mp4")
        writer.write(Time(0), numbered(0))
        writer.abort()

    once(0)
    gc.collect()
    before = used()
    for index in range(50):
        once(index)
    gc.collect()
    assert used() == before


def expected() -> list[tuple[str, int]]:
    path = Path(__file__).parents[3] / "shared/media/expected.json"
    if not path.is_file():
        return []
    files = json.loads(path.read_text())["files"]
    clips = (".mp4", ".mkv", ".avi", ".webm")
    return [(name, about["expect"]["frames"]) for name, about in files.items()
            if name.endswith(clips) and "frames" in about.get("expect", {})]  # fmt: skip


@pytest.mark.skipif(not expected(), reason="needs ../shared/media, not beside this checkout")
@pytest.mark.parametrize(("name", "frames"), expected())
def test_real_clips_decode_to_their_last_frame(shared: Path, name: str, frames: int):
    with open_video(shared / name) as clip:
        assert sum(image.size == clip.size for _, image in clip) == frames


def test_turned_clips_are_upright(shared: Path):
    for name, size in (("portrait_meta270.mp4", (270, 480)), ("rotated_meta90.mp4", (640, 480))):
        with open_video(shared / "video" / name) as clip:
            assert clip.size == size


def test_every_broken_clip_is_an_error_and_every_whole_one_is_not(shared: Path):
    folder = shared / "corrupt"
    files = json.loads((folder / "expected.json").read_text())["files"]
    clips = {
        n: about for n, about in files.items() if n.endswith((".mp4", ".mkv", ".avi", ".webm"))
    }
    assert len(clips) >= 8
    for name, about in clips.items():
        if about["verdict"] == "damaged":
            with pytest.raises(DamagedError, match=name), open_video(folder / name) as clip:
                for _ in clip:
                    pass
        else:
            assert read(folder / name)


def test_real_uneven_times_are_kept(shared: Path, tmp_path: Path):
    with open_video(shared / "video/bottles_vfr.mp4") as clip:
        frames = list(clip)
        with VideoWriter(tmp_path / "a", "mp4", rate=clip.rate, time_base=clip.time_base) as writer:
            for time, image in frames:
                writer.write(time, image)
    times = [time.pts * time.base for time, _ in frames]
    assert [time.pts * time.base for time, _ in read(tmp_path / "a")] == times
    golden = json.loads((shared / "expected.json").read_text())["files"]["video/bottles_vfr.mp4"]
    np.testing.assert_allclose(
        [float(t) for t in times[:3]], golden["expect"]["first_pts"], atol=1e-5
    )
    assert float(times[-1]) == pytest.approx(golden["expect"]["last_pts"], abs=1e-5)
