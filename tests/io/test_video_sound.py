"""Sound goes through as the packets that it came in."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from cvkit.core.errors import DamagedError
from cvkit.core.time import Time
from cvkit.core.values import Image
from cvkit.io.sinks.encoding import Encoding
from cvkit.io.sinks.video import VideoWriter
from cvkit.io.sound import Sound, SoundPacket
from cvkit.io.sources.video import open_video
from tests.io.clips import NEEDS_FFMPEG, ffmpeg

RATE = 48000
FLAT = Image.of(np.full((48, 64), 90, np.uint8))


def tone(path: Path, codec: str, *, streams: int = 1, seconds: float = 2) -> Sound:
    """A file with a sine of that codec, and no picture."""
    with av.open(str(path), "w", format="matroska") as out:
        added = []
        for _ in range(streams):
            stream = out.add_stream(codec, rate=RATE, options={"strict": "experimental"})
            assert isinstance(stream, av.AudioStream)
            stream.layout = "stereo"
            added.append(stream)
        for number, stream in enumerate(added):
            resampler = av.AudioResampler(stream.format, "stereo", RATE)
            phase = np.arange(int(RATE * seconds)) * 2 * np.pi * 440 * (number + 1) / RATE
            wave = np.repeat((np.sin(phase) * 8000).astype(np.int16), 2)[None]
            frame = av.AudioFrame.from_ndarray(wave, format="s16", layout="stereo")
            frame.sample_rate, frame.pts = RATE, 0
            fifo = av.AudioFifo()
            for part in resampler.resample(frame):
                fifo.write(part)
            size = stream.codec_context.frame_size or 1024
            while (chunk := fifo.read(size)) is not None:
                out.mux(stream.encode(chunk))
            out.mux(stream.encode(None))
    sound = Sound.of_file(path)
    assert sound is not None
    return sound


def written(path: Path, kind: str, sound: Sound, *, seconds: int = 2) -> list[str]:
    with VideoWriter(
        path, kind, rate=Fraction(25), time_base=Fraction(1, 25), sound=sound
    ) as writer:
        for index in range(25 * seconds):
            writer.write(Time(index, Fraction(1, 25)), FLAT)
    return writer.notes


def heard(path: Path) -> list[SoundPacket]:
    sound = Sound.of_file(path)
    return [] if sound is None else list(sound.packets())


HOLDS = [
    (codec, kind)
    for codec, kinds in {
        "aac": ("mp4", "mov", "mkv"),
        "libmp3lame": ("mp4", "mov", "mkv"),
        "libopus": ("mp4", "mkv", "webm"),
        "vorbis": ("mkv", "webm"),
    }.items()
    for kind in kinds
]


@pytest.mark.parametrize(("codec", "kind"), HOLDS)
def test_packets_are_the_same_bytes_at_the_same_time(tmp_path: Path, codec: str, kind: str):
    sound = tone(tmp_path / "tone.mkv", codec)
    assert written(tmp_path / "a", kind, sound) == []
    before, after = list(sound.packets()), heard(tmp_path / "a")
    assert [packet.data for packet in after] == [packet.data for packet in before]
    late = [
        (a.pts or 0) * a.time_base - (b.pts or 0) * b.time_base
        for a, b in zip(after, before, strict=True)
    ]
    assert max(map(abs, late)) < Fraction(1, 100)


def test_frames_stay_in_time_beside_sound_that_begins_before_zero(tmp_path: Path):
    sound = tone(tmp_path / "tone.mkv", "aac")
    first = next(iter(sound.packets()))
    assert first.pts is not None
    early = [
        SoundPacket(p.stream, (p.pts or 0) - 60, (p.dts or 0) - 60, p.duration, p.time_base,
                    p.keyframe, p.data)
        for p in sound.packets()
    ]  # fmt: skip
    for kind in ("mp4", "mkv"):
        again = Sound.from_parts(sound.header(), iter(early))
        written(tmp_path / kind, kind, again)
        with open_video(tmp_path / kind) as clip:
            times = [time.seconds for time, _ in clip]
        assert times == pytest.approx([index / 25 for index in range(50)])
        assert len(heard(tmp_path / kind)) == len(early)


def test_sound_survives_a_pipe(tmp_path: Path):
    sound = tone(tmp_path / "tone.mkv", "aac")
    packets = list(sound.packets())
    again = Sound.from_parts(sound.header(), iter(packets))
    written(tmp_path / "a", "mp4", again)
    assert [packet.data for packet in heard(tmp_path / "a")] == [p.data for p in packets]
    assert sound.header() == again.header()


def test_every_stream_comes_along(tmp_path: Path):
    sound = tone(tmp_path / "tone.mkv", "aac", streams=2)
    written(tmp_path / "a", "mp4", sound)
    for stream in (0, 1):
        before = [p.data for p in sound.packets() if p.stream == stream]
        assert len(before) > 50
        assert [p.data for p in heard(tmp_path / "a") if p.stream == stream] == before


def test_sound_is_asked_for_no_sooner_than_the_frames_need_it(tmp_path: Path):
    sound = tone(tmp_path / "tone.mkv", "aac")
    shown = Fraction(0)

    def piped():
        for packet in sound.packets():
            assert (packet.pts or 0) * packet.time_base <= shown
            yield packet

    again = Sound.from_parts(sound.header(), piped())
    with VideoWriter(
        tmp_path / "a", "mp4", rate=Fraction(25), time_base=Fraction(1, 25), sound=again
    ) as writer:
        for index in range(100):
            shown = Fraction(index, 25)
            writer.write(Time(index, Fraction(1, 25)), FLAT)
        shown = Fraction(10)
    assert len(heard(tmp_path / "a")) == len(list(sound.packets()))


RECODED = [
    ("aac", "webm", "opus", "sound encoded anew as Opus: webm holds no aac"),
    ("libmp3lame", "webm", "opus", "sound encoded anew as Opus: webm holds no mp3"),
    ("vorbis", "mp4", "aac", "sound encoded anew as AAC: mp4 holds no vorbis"),
    ("pcm_s16le", "mp4", "aac", "sound encoded anew as AAC: mp4 holds no pcm_s16le"),
    ("libopus", "mov", "aac", "sound encoded anew as AAC: mov holds no opus"),
]


@pytest.mark.parametrize(("codec", "kind", "becomes", "note"), RECODED)
def test_what_the_container_cannot_hold_is_encoded_anew(
    tmp_path: Path, codec: str, kind: str, becomes: str, note: str
):
    sound = tone(tmp_path / "tone.mkv", codec, streams=2)
    assert written(tmp_path / "a", kind, sound) == [note]
    with av.open(str(tmp_path / "a")) as container:
        for number, stream in enumerate(container.streams.audio):
            assert stream.codec_context.codec.canonical_name == becomes
            container.seek(0)
            parts = [f.to_ndarray() for f in container.decode(stream)]
            wave = np.concatenate([p if p.shape[0] > 1 else p.reshape(-1, 2).T for p in parts], 1)[
                0
            ]
            assert len(wave) / RATE == pytest.approx(2, abs=0.06)
            middle = wave[RATE // 2 : RATE // 2 * 3].astype(float)
            loudest = np.abs(np.fft.rfft(middle)).argmax() * RATE / len(middle)
            assert loudest == pytest.approx(440 * (number + 1), abs=2)


def test_the_language_comes_along(tmp_path: Path):
    tone(tmp_path / "tone.mkv", "aac")
    with av.open(str(tmp_path / "tone.mkv")) as old, av.open(str(tmp_path / "b.mkv"), "w") as new:
        copy = new.add_stream_from_template(old.streams.audio[0])
        copy.metadata["language"] = "fre"
        for packet in old.demux(audio=0):
            if packet.size:
                packet.stream = copy
                new.mux(packet)
    sound = Sound.of_file(tmp_path / "b.mkv")
    assert sound is not None
    for kind in ("mp4", "mkv", "webm"):
        written(tmp_path / kind, kind, sound)
        with av.open(str(tmp_path / kind)) as container:
            assert container.streams.audio[0].metadata["language"] == "fre"


def test_new_times_leave_the_sound_out(tmp_path: Path):
    sound = tone(tmp_path / "tone.mkv", "aac")
    encoding = Encoding(fps=Fraction(10))
    with VideoWriter(tmp_path / "a", "mp4", sound=sound, encoding=encoding) as writer:
        writer.write(Time(0), FLAT)
    assert writer.notes == ["sound left out: --fps changes the frames' times"]


def test_a_broken_header_is_damage(tmp_path: Path):
    broken = Sound.from_parts(b"nothing", iter(()))
    with (
        pytest.raises(DamagedError, match="header of the sound"),
        VideoWriter(tmp_path / "a", "mp4", sound=broken) as writer,
    ):
        writer.write(Time(0), FLAT)
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize("name", ["cockatoo_sound.mp4", "chaplin_bw.mp4", "bunny.webm"])
def test_real_sound_goes_through(shared: Path, tmp_path: Path, name: str):
    with open_video(shared / "video" / name) as clip:
        sound = clip.sound
        assert sound is not None
        with VideoWriter(
            tmp_path / "a", "mkv", rate=clip.rate, time_base=clip.time_base, sound=sound
        ) as writer:
            for time, image in clip:
                writer.write(time, image)
    assert [p.data for p in heard(tmp_path / "a")] == [p.data for p in sound.packets()]


UNCOPIED = [
    ("wmav2", "asf", 44100),
    ("wmav1", "asf", 44100),
    ("pcm_mulaw", "mov", 8000),
    ("adpcm_ms", "avi", 22050),
    ("adpcm_swf", "flv", 11025),
    ("g726", "mkv", 8000),
]


@NEEDS_FFMPEG
@pytest.mark.parametrize(("codec", "kind", "rate"), UNCOPIED)
def test_sound_that_cannot_be_copied_is_encoded_anew(
    tmp_path: Path, codec: str, kind: str, rate: int
):
    """A click at 1 s is heard at 1 s; whatever the container."""
    clicks = f"aevalsrc=sin(2*PI*700*t)*between(t\\,1\\,1.2):s={rate}:d=2"
    words = ("-c:v", "flv1" if kind == "flv" else "mpeg4", "-c:a", codec, "-ar", rate)
    extra = ("-b:a", "32k") if codec == "g726" else ()
    source = tmp_path / f"a.{kind}"
    pictures = ("-f", "lavfi", "-i", "testsrc2=s=64x48:r=25:d=2")
    ffmpeg(*pictures, "-f", "lavfi", "-i", clicks, *words, *extra, source)
    with open_video(source) as clip:
        assert len(list(clip)) == 50  # and it is whole
        sound = clip.sound
    assert sound is not None
    for container in ("mkv", "mp4", "webm"):
        path = tmp_path / f"out.{container}"
        (note,) = written(path, container, sound)
        assert note.startswith("sound encoded anew as ")
        assert note.endswith(" cannot be copied")
        with av.open(str(path)) as file:
            parts = [
                (float(frame.time), np.abs(frame.to_ndarray()).max())
                for frame in file.decode(audio=0)
                if frame.time is not None
            ]
        loud = [at for at, level in parts if level > 0.02]
        assert loud[0] == pytest.approx(1, abs=0.15)
        assert loud[-1] == pytest.approx(1.2, abs=0.15)
