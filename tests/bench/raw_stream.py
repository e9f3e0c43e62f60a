"""The frame stream alone: 300 frames of 1080p between two processes; prints the writer's seconds.

`python -m tests.bench.raw_stream` writes into a second process of itself that only reads.
"""

from __future__ import annotations

import subprocess
import sys
import time

import numpy as np

from cvkit.core.frame import Frame
from cvkit.core.time import Time
from cvkit.core.values import Image
from cvkit.engine.upstream import widen
from cvkit.io.stream import Head, StreamReader, StreamWriter

FRAMES = 300
SHAPE = (1080, 1920, 3)


def rate() -> float:
    """GB of pixels a second."""
    reader = [sys.executable, "-m", "tests.bench.raw_stream", "read"]
    process = subprocess.Popen(reader, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdout.readline()  # it is ready
    widen(process.stdin.fileno())
    array = np.random.default_rng(0).integers(0, 255, SHAPE, np.uint8)
    start = time.perf_counter()
    writer = StreamWriter(process.stdin)  # type: ignore[arg-type]
    writer.begin(0, Head("v.mp4", moving=True, format="mp4", rate=None, sound=None))
    for index in range(FRAMES):
        writer.frame(Frame.of(Image.of(array), index=index, time=Time(index * 40)))
    writer.finish_item()
    writer.end(0)
    process.stdin.close()
    process.wait()
    return array.nbytes * FRAMES / 1e9 / (time.perf_counter() - start)


def read() -> None:
    print("ready", flush=True)
    for item in StreamReader(sys.stdin.buffer, max_pixels=1 << 24):
        for frame in item.frames():
            assert frame.size == SHAPE[1::-1]


if __name__ == "__main__" and sys.argv[1:] == ["read"]:
    read()
