"""Damaged videos: an error that names the last good frame, or with salvage all that is whole."""

from __future__ import annotations

import itertools
import json
import shutil
import subprocess
import sys
import zlib
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import numpy as np
import pytest

from cvkit.core.errors import DamagedError, InputError
from cvkit.core.units import Duration
from cvkit.io.sources.account import Gap
from cvkit.io.sources.mending import Mending
from cvkit.io.sources.tails import cut_short
from cvkit.io.sources.video import open_video
from tests.io.clips import NEEDS_FFMPEG, SOUND, ffmpeg, made

Read = list[tuple[float, int]]
CUT = [
    *("open-gop.mkv", "vp8.webm", "vp9.webm", "mpeg4.avi", "open-gop.ts", "mpeg2.ts", "h264.flv"),
    *("wmv2.wmv", "theora.ogv", "raw.y4m", "fragments.mp4", "ffv1.mkv", "vp9.ivf"),
]


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("clips")


def read(path: Path, *, salvage: bool = False) -> tuple[Read, list[Gap], InputError | None]:
    """Instants and checksums, gaps, and the error."""
    frames: Read = []
    try:
        with open_video(path, salvage=salvage) as clip:
            for time, image in clip:
                frames.append(
                    (time.seconds, zlib.crc32(np.ascontiguousarray(image.array).tobytes()))
                )
            return frames, clip.gaps, None
    except InputError as error:
        return frames, [], error


@NEEDS_FFMPEG
@pytest.mark.parametrize("name", CUT)
def test_a_cut_file_is_damaged_and_its_start_is_salvaged(clips: Path, tmp_path: Path, name: str):
    whole = made(clips, name)
    data, (frames, _, error) = whole.read_bytes(), read(whole)
    assert error is None
    cut = tmp_path / name
    for place in range(1, 12):
        size = len(data) * place // 12
        size += size % 188 == 0  # between two packets a recording may just end
        cut.write_bytes(data[:size])
        seen, _, error = read(cut)
        assert isinstance(error, DamagedError), place
        assert set(seen[:-1]) <= set(frames)  # of the last one the decoder may make something up
        if seen:
            assert f"after frame {len(seen) - 1} ({seen[-1][0]:.3f} s)" in str(error)
        saved, gaps, error = read(cut, salvage=True)
        if error is None:
            assert len(saved) >= len(seen) - 1
            assert len(set(saved) - set(frames)) <= 1  # the last one may be half there
            assert gaps[-1].end is None
            lacking = 0 if gaps[0].end is None else round((gaps[0].end - gaps[0].start) * 25)
            assert gaps[-1].after == len(saved) - 1 + lacking
        else:
            assert len(seen) <= 1


@NEEDS_FFMPEG
def test_an_mp4_cut_before_its_index_salvages_nothing_and_says_so(clips: Path, tmp_path: Path):
    data = made(clips, "b-frames.mp4").read_bytes()  # the index is at the end
    (tmp_path / "a.mp4").write_bytes(data[: len(data) // 2])
    _, _, error = read(tmp_path / "a.mp4", salvage=True)
    assert isinstance(error, DamagedError)
    assert "its index (moov) is missing or broken, so no frame can be found" in str(error)
    assert "nothing can be salvaged" in str(error)


@NEEDS_FFMPEG
@pytest.mark.parametrize("name", ["raw.mjpeg", "mpeg4.avi", "open-gop.ts", "ffv1.mkv", "hevc.mp4"])
def test_flipped_bytes_are_an_error_or_change_no_time(clips: Path, tmp_path: Path, name: str):
    whole = made(clips, name)
    data, (frames, _, _) = whole.read_bytes(), read(whole)
    rng = np.random.default_rng(5)
    damaged = 0
    for _ in range(12):
        broken = bytearray(data)
        at = int(rng.integers(len(data) // 4, len(data) // 2))
        broken[at : at + 48] = rng.bytes(48)
        (tmp_path / name).write_bytes(broken)
        seen, _, error = read(tmp_path / name)
        damaged += error is not None
        if error is None and not name.endswith(".ts"):  # a recording may lack frames
            assert [at for at, _ in seen] == [at for at, _ in frames]
        saved, gaps, lost = read(tmp_path / name, salvage=True)
        assert lost is None
        times = [at for at, _ in saved]
        assert times == sorted(set(times))
        assert bool(gaps) == (error is not None)
    assert damaged or name == "raw.mjpeg"  # which has nothing to tell by


@NEEDS_FFMPEG
def test_frames_after_a_break_come_at_their_own_times(clips: Path, tmp_path: Path):
    whole = made(clips, "png.mov")  # each frame stands alone, with checksums
    data, (frames, _, _) = whole.read_bytes(), read(whole)
    with av.open(str(whole)) as container:
        packet = next(itertools.islice(container.demux(video=0), 25, None))
        assert packet.pos is not None
        middle = packet.pos + packet.size // 2
    (tmp_path / "a.mov").write_bytes(data[:middle] + bytes(40) + data[middle + 40 :])
    seen, _, error = read(tmp_path / "a.mov")
    assert error is not None
    assert seen == frames[: len(seen)]
    saved, gaps, _ = read(tmp_path / "a.mov", salvage=True)
    assert len(saved) == 49
    assert set(saved) <= set(frames)
    (gap,) = gaps
    assert gap.after == len(seen) - 1
    assert gap.end == saved[len(seen)][0]
    assert gap.start == pytest.approx(frames[len(seen)][0], abs=0.002)


def test_what_a_gap_tells_is_plain(shared: Path):
    with open_video(shared / "corrupt/mp4_cut_50.mp4", salvage=True) as clip:
        assert len(list(clip)) == 15
        assert [gap.told() for gap in clip.gaps] == [
            {"after": 13, "from": 0.933333, "to": 1.0, "why": "a part of its bytes is missing"},
            {"after": 15, "from": 1.066667, "to": None,
             "why": "a part of its bytes is missing"},
        ]  # fmt: skip
        (note,) = clip.notes
    assert note == (
        "damaged (a part of its bytes is missing): 15 whole frames kept; missing after frame 13"
        " (0.933 s) to 1.000 s, after frame 15 (1.067 s) to its end"
    )


def test_salvage_is_the_same_every_time(shared: Path):
    path = shared / "corrupt/mp4_flipped.mp4"
    assert len({str(read(path, salvage=True)) for _ in range(4)}) == 1


def broken_packet(path: Path, name: Path, place: int, *, raw: bool = False) -> list[float]:
    """A copy with packet `place` of the video turned to noise; when the frames are shown."""
    data = bytearray(path.read_bytes())
    with av.open(str(path)) as container:
        packets = [p for p in container.demux(video=0) if p.size]
        times = sorted(float(p.pts * p.time_base) for p in packets if p.pts is not None)
        packet = packets[place]
        assert packet.pos is not None
        data[packet.pos + 8 : packet.pos + packet.size] = bytes(packet.size - 8)
    name.write_bytes(data)
    return times


@NEEDS_FFMPEG
@pytest.mark.parametrize("name", ["b-frames.mp4", "open-gop.mp4", "ten-bit.mp4", "h264.3gp"])
@pytest.mark.parametrize("place", [14, 17, 22])
def test_no_smeared_frame_is_kept_and_numbers_go_on(
    clips: Path, tmp_path: Path, name: str, place: int
):
    whole, broken = made(clips, name), tmp_path / name
    times = broken_packet(whole, broken, place)
    frames, _, _ = read(whole)
    with open_video(broken, salvage=True) as clip:
        saved = [
            (clip.number, time.seconds, zlib.crc32(np.ascontiguousarray(image.array).tobytes()))
            for time, image in clip
        ]
        gaps = clip.gaps
    assert {(at, crc) for _, at, crc in saved} < set(frames)
    assert [number for number, _, _ in saved] == [times.index(at) for _, at, _ in saved]
    assert 2 <= 50 - len(saved) <= 14  # to the next key frame, and those made from the broken one
    assert gaps
    for gap in gaps:
        assert gap.after in {number for number, _, _ in saved}
        assert gap.end in {at for _, at, _ in saved}


@NEEDS_FFMPEG
@pytest.mark.parametrize("name", ["open-gop.ts", "hevc.ts", "mpeg2.ts", "open-gop.mkv"])
def test_where_the_structure_breaks_frames_are_smeared(clips: Path, tmp_path: Path, name: str):
    whole = made(clips, name)
    data, frames = whole.read_bytes(), set(read(whole)[0])
    for seed in range(3):
        rng, broken = np.random.default_rng(seed), bytearray(data)
        at = int(rng.integers(len(data) // 4, len(data) * 3 // 4))
        broken[at : at + 200] = rng.bytes(200)
        (tmp_path / name).write_bytes(broken)
        saved, gaps, _ = read(tmp_path / name, salvage=True)
        assert set(saved) < frames
        if name.endswith("ts"):  # FFmpeg goes on with the next cluster, and this has only one
            assert gaps[0].end is not None


@NEEDS_FFMPEG
def test_a_gap_ends_without_a_key_frame_where_the_picture_is_refreshed(clips: Path, tmp_path: Path):
    whole = made(clips, "refresh.mkv")
    data = bytearray(whole.read_bytes())
    with av.open(str(whole)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
    assert [packet.is_keyframe for packet in packets].count(True) >= 1
    packet = packets[20]
    at = data.index(bytes(packet))
    data[at + 4 : at + packet.size] = bytes(packet.size - 4)
    (tmp_path / "a.mkv").write_bytes(data)
    (frames, _, _), (saved, gaps, _) = read(whole), read(tmp_path / "a.mkv", salvage=True)
    assert set(saved) < set(frames)
    # What was shown before what was sent is there: one frame in front of it is not.
    assert [gap.after for gap in gaps] == [18, 20]
    edges = [edge for gap in gaps for edge in (gap.start, gap.end)]
    assert edges == pytest.approx([0.76, 0.8, 0.84, 1.32])
    assert len(saved) == 37


def test_frames_made_both_ways_are_not_held_without_end():
    """Encoders of HEVC in hardware make no others."""
    decoder: Any = SimpleNamespace(name="hevc", codec=SimpleNamespace(intra_only=False))
    frames = [
        SimpleNamespace(is_corrupt=False, key_frame=not n, pict_type=1 if not n else 3, pts=n)
        for n in range(100)
    ]
    sent = iter(frames)
    decoder.decode = lambda _packet: [next(sent)]
    mending = Mending(decoder, SimpleNamespace(ignores=False))  # type: ignore[arg-type]
    packet: Any = SimpleNamespace(is_keyframe=False, pts=0)
    shown = [frame.pts for _ in frames for frame in mending.sent(packet) if frame is not None]
    assert shown == list(range(84))


def test_every_verdict_on_a_video_holds(shared: Path):
    files = json.loads((shared / "corrupt/expected.json").read_text())["files"]
    clips = {n: f for n, f in files.items() if n.endswith((".mp4", ".mkv", ".avi", ".webm"))}
    assert len(clips) == 9
    for name, about in clips.items():
        frames, _, error = read(shared / "corrupt" / name)
        assert isinstance(error, DamagedError) == (about["verdict"] == "damaged"), name
        assert frames or error, name
        saved, gaps, lost = read(shared / "corrupt" / name, salvage=True)
        # Of the flipped one the only key frame is broken: every frame is smeared.
        nothing = name in ("empty.mp4", "mp4_no_moov.mp4", "mp4_flipped.mp4")
        assert (lost is not None) == nothing, name
        assert bool(gaps) == (error is not None and not nothing), name
        assert nothing or saved, name


@NEEDS_FFMPEG
def test_a_place_before_the_damage_is_reached(clips: Path, tmp_path: Path):
    data = made(clips, "open-gop.mkv").read_bytes()
    (tmp_path / "a.mkv").write_bytes(data[: len(data) * 3 // 4])
    with open_video(tmp_path / "a.mkv") as clip:
        assert clip.begin(Duration(Fraction(20), "f")) == 20
        assert len([time for time, _ in zip(clip, range(8), strict=False)]) == 8


@NEEDS_FFMPEG
def test_sound_is_salvaged_as_far_as_it_goes(tmp_path: Path):
    both = ("-f", "lavfi", "-i", "testsrc2=s=64x48:r=25:d=2", *SOUND)
    ffmpeg(*both, "-c:v", "libx264", "-g", 12, "-c:a", "aac", tmp_path / "a.mkv")
    data = (tmp_path / "a.mkv").read_bytes()
    (tmp_path / "a.mkv").write_bytes(data[: len(data) * 2 // 3])
    with open_video(tmp_path / "a.mkv", salvage=True) as clip:
        assert len(list(clip)) > 20
        assert clip.sound is not None
        heard = [packet.end for packet in clip.sound.packets() if packet.end is not None]
    assert 0.9 < heard[-1] < 1.7


@NEEDS_FFMPEG
def test_a_recording_that_ends_in_the_middle_of_its_sound_is_damaged(tmp_path: Path):
    both = ("-f", "lavfi", "-i", "testsrc2=s=64x48:r=25:d=3", "-f", "lavfi", "-i", "sine=d=3")
    ffmpeg(*both, "-c:v", "libx264", "-g", 12, "-c:a", "aac", tmp_path / "a.ts")
    data = (tmp_path / "a.ts").read_bytes()
    with av.open(str(tmp_path / "a.ts")) as container:
        places = [p.pos for p in container.demux(audio=0) if p.size and p.pos is not None]
    sound = places[1]  # of several packets
    (tmp_path / "a.ts").write_bytes(data[: sound + 188 * 3])
    seen, _, error = read(tmp_path / "a.ts")
    assert isinstance(error, DamagedError)
    assert f"after frame {len(seen) - 1}" in str(error)
    assert "a part of its sound is missing at" in str(error)
    with open_video(tmp_path / "a.ts", salvage=True) as clip:
        assert len(list(clip)) == len(seen)
        assert clip.gaps == []
        (note,) = clip.notes
        assert "its sound is damaged at" in note
        assert "s of it left out" in note


@NEEDS_FFMPEG
def test_joined_recordings_with_sound_are_whole(tmp_path: Path):
    for name, length in (("a", 1.2), ("b", 1.4), ("c", 1.6)):
        both = ("-f", "lavfi", "-i", f"testsrc2=s=64x48:r=25:d={length}", *SOUND)
        ffmpeg(*both, "-shortest", "-c:v", "libx264", "-c:a", "aac", tmp_path / f"{name}.ts")
    parts = [(tmp_path / f"{name}.ts").read_bytes() for name in "abca"]
    (tmp_path / "all.ts").write_bytes(b"".join(parts))
    frames, _, error = read(tmp_path / "all.ts")
    assert error is None
    assert len(frames) == 30 + 35 + 40 + 30
    with open_video(tmp_path / "all.ts") as clip:
        assert clip.sound is not None
        ends = [packet.end for packet in clip.sound.packets() if packet.end is not None]
    assert ends == sorted(ends)
    assert float(ends[-1]) == pytest.approx(frames[-1][0], abs=0.3)


@pytest.mark.parametrize("start", [b"\x1aE\xdf\xa3", b"FLV\x01", b"OggS", b"RIFF"])
def test_a_header_that_is_cut_is_damage(tmp_path: Path, start: bytes):
    (tmp_path / "a.mkv").write_bytes(start + bytes(20))
    with pytest.raises(DamagedError, match="its header is cut or broken"):
        open_video(tmp_path / "a.mkv")


@NEEDS_FFMPEG
def test_the_ends_of_whole_files_are_whole(clips: Path):
    formats = {"open-gop.ts": "mpegts", "theora.ogv": "ogg", "wmv2.wmv": "asf",
               "fragments.mp4": "mov,mp4,m4a,3gp,3g2,mj2", "vp9.webm": "matroska,webm",
               "raw.y4m": "yuv4mpegpipe", "mpeg4.avi": "avi"}  # fmt: skip
    for name, kind in formats.items():
        assert cut_short(made(clips, name), kind, declared=False) == ""


@pytest.mark.skipif(not shutil.which("ffmpeg"), reason="makes clips with ffmpeg")
def test_nothing_of_ffmpegs_own_is_on_stderr(clips: Path, tmp_path: Path):
    for name in ("mpeg4.avi", "open-gop.ts", "vp8.webm", "hevc.mp4"):
        data = bytearray(made(clips, name).read_bytes())
        data[len(data) // 2 : len(data) // 2 + 99] = bytes(99)
        (tmp_path / name).write_bytes(data)
    code = (
        "import sys\nfrom cvkit.io.sources.video import open_video\n"
        "for path in sys.argv[1:]:\n"
        "    with open_video(path, salvage=True) as clip:\n"
        "        for _ in clip: pass\n"
        "        if clip.sound: list(clip.sound.packets())\n"
    )
    command = [sys.executable, "-c", code, *map(str, tmp_path.iterdir())]
    done = subprocess.run(command, capture_output=True, check=True, cwd=Path(__file__).parents[2])
    assert done.stderr == b""
