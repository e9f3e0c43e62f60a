"""A film with a clap in it, a white frame and a beep at the same instant, and where they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import numpy as np

RATE = 48000
BASE = Fraction(1, 1000)


@dataclass(frozen=True)
class Claps:
    """Seconds at which flashes are shown and beeps begin to be heard."""

    flashes: list[float]
    beeps: list[float]

    @property
    def apart(self) -> float:
        assert len(self.flashes) == len(self.beeps) > 0, self
        return max(abs(a - b) for a, b in zip(self.flashes, self.beeps, strict=True))


def clap(
    path: Path,
    times: Sequence[float],
    *,
    seconds: float = 4,
    codec: str = "aac",
    ticks: Sequence[int] | None = None,
    levels: Sequence[tuple[float, int]] = ((0, 40),),
    video_from: float = 0,
    sound_from: float = 0,
) -> None:
    """A film of 25 frames a second, or with a frame at each of these milliseconds; each clap's
    flash is on the frame nearest to it, and its beep is where that frame begins. `levels` are grey
    levels from a second on: each is a scene."""
    if ticks is None:
        ticks = range(round(video_from * 1000), round(seconds * 1000), 40)
    flashes = {min(ticks, key=lambda tick: abs(tick - 1000 * time)) for time in times}
    with av.open(str(path), "w") as out:
        video = out.add_stream("libx264" if path.suffix != ".webm" else "vp8")
        assert isinstance(video, av.VideoStream)
        video.width, video.height, video.pix_fmt = 96, 64, "yuv420p"
        video.codec_context.time_base = video.time_base = BASE
        sound = cast(av.AudioStream, out.add_stream(codec, rate=RATE))
        if codec == "vorbis":
            sound.codec_context.options = {"strict": "experimental"}
        sound.layout = "stereo"
        for tick in ticks:
            level = 255 if tick in flashes else [n for at, n in levels if at * 1000 <= tick][-1]
            picture = np.full((64, 96, 3), level, np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, format="bgr24").reformat(format="yuv420p")
            frame.pts, frame.time_base = tick, BASE
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
        begins = round(sound_from * RATE)
        wave = np.zeros(round(seconds * RATE), np.float32)
        for tick in flashes:
            at = tick * RATE // 1000
            wave[at : at + 2880] = 0.8 * np.sin(np.arange(len(wave[at : at + 2880])) * 0.4)
        wave = wave[begins:]
        size = 960
        for start in range(0, len(wave) - size + 1, size):
            part = (np.repeat(wave[start : start + size], 2) * 32767).astype(np.int16)[None]
            heard = av.AudioFrame.from_ndarray(part, format="s16", layout="stereo")
            heard.sample_rate, heard.pts = RATE, begins + start
            heard.time_base = Fraction(1, RATE)
            out.mux(sound.encode(heard))
        out.mux(sound.encode(None))


def claps(path: Path, *, stream: int = 0) -> Claps:
    """As a player has them: FFmpeg's times of what it decodes."""
    with av.open(str(path)) as container:
        flashes = [
            float(frame.time or 0)
            for frame in container.decode(video=0)
            if frame.to_ndarray(format="gray").mean() > 200
        ]
    beeps: list[float] = []
    with av.open(str(path)) as container:
        for frame in container.decode(audio=stream):
            resampled = av.AudioResampler("fltp", "mono", frame.sample_rate).resample(frame)
            wave = np.concatenate([np.abs(part.to_ndarray()[0]) for part in resampled])
            loud = np.flatnonzero(wave > 0.25)
            if len(loud):
                at = float(frame.time or 0) + int(loud[0]) / frame.sample_rate
                if not beeps or at - beeps[-1] > 0.2:
                    beeps.append(at)
    return Claps(flashes, beeps)
