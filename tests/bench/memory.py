"""Budget 6: the memory of a whole process, which must not grow with the length of a video."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

from tests.bench import media
from tests.bench.measure import Result, command, environment

_MINUTE = 60
_RATE = 25


def video(runs: int) -> Iterator[Result]:
    """Peak memory of ten minutes over that of one: pictures, records and a moving background."""
    short, long = (minutes(count) for count in (1, 10))
    with TemporaryDirectory() as folder:
        here = Path(folder)
        for name, chain in CHAINS.items():
            figures = []
            for _ in range(min(runs, 3)):
                one, ten = (peak(*chain, cwd=here, clip=clip) for clip in (short, long))
                figures.append(ten / one)
            work = f"{name}, 10 minutes of 180p"
            yield Result(6, work, f"1 minute ({one / 1e6:.0f} MB)", figures, 1.1)


_TO = ("-o", "out.mp4", "-o", "out.jsonl", "-o", "out.parquet", "--overwrite")
CHAINS: dict[str, tuple[str, ...]] = {
    "edges": ("edges", "CLIP", "-o", "out.mp4", "--overwrite"),
    "background then contours": (
        *("background", "CLIP", "then", "contours", "--min-area", "1%", *_TO),
    ),
    "reverse": ("reverse", "CLIP", "-o", "out.mp4", "--overwrite"),
}


def peak(*words: str, cwd: Path, clip: Path) -> float:
    """Bytes that a run has in memory at most."""
    argv = [command(), *(str(clip) if word == "CLIP" else word for word in words)]
    running = subprocess.Popen(
        argv,
        cwd=cwd,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    # A child's ru_maxrss begins with what its parent had; this mark is the process's own.
    status, most = Path(f"/proc/{running.pid}/status"), 0
    while running.poll() is None:
        lines = status.read_text().splitlines()
        most = max([most, *(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))])
        time.sleep(0.05)
    assert running.stderr is not None
    if running.returncode:
        said = running.stderr.read().decode()
        raise RuntimeError(f"{' '.join(argv)} ended with {running.returncode}:\n{said}")
    return most * 1024.0


def minutes(count: int) -> Path:
    """So many minutes of 320×180 one second, encoded once, again and again."""
    import av

    path = media.folder() / f"minutes-{count}.mp4"
    if path.exists():
        return path
    second = _second()
    unfinished = path.with_suffix(".part.mp4")
    with av.open(str(second)) as source, av.open(str(unfinished), "w") as target:
        stream = source.streams.video[0]
        out = target.add_stream_from_template(stream)
        packets = [p for p in source.demux(stream) if p.size]
        assert stream.time_base is not None
        ticks = round(1 / stream.time_base)
        for turn in range(count * _MINUTE):
            for packet in packets:
                copy = av.Packet(bytes(packet))
                assert packet.pts is not None  # without B-frames both are the same
                copy.pts = copy.dts = packet.pts + turn * ticks
                copy.duration, copy.time_base = packet.duration, packet.time_base
                copy.is_keyframe, copy.stream = packet.is_keyframe, out
                target.mux(copy)
    unfinished.rename(path)
    return path


def _second() -> Path:
    import av
    import cv2

    path = media.folder() / "second.mp4"
    with av.open(str(path), "w") as container:
        options = {"crf": "26", "preset": "veryfast", "g": str(_RATE), "bf": "0"}
        stream = container.add_stream("libx264", _RATE, options=options)
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        for number in range(_RATE):
            picture = cast(media.Pixels, cv2.resize(media.window(number, _RATE), (320, 180)))
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "bgr24")))
        container.mux(stream.encode(None))
    return path
