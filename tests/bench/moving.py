"""Budgets 3 and 4: a video through one process, and through three in a pipe."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from cvkit.io.sinks.encoders import encoder_of
from cvkit.io.sinks.encoding import Encoding, options_of, threads_of
from tests.bench import media, raw_stream
from tests.bench.measure import Result, Side, command, compared, in_turns, process

BARE = Path(__file__).parent / "bare"


def edges(runs: int) -> Iterator[Result]:
    clip = media.clip()
    settings = options_of(encoder_of("h264", "mp4"), Encoding(), "yuv420p", media.SIZE)
    threads = str(threads_of(media.SIZE))
    with TemporaryDirectory() as folder:
        here = Path(folder)
        sides: list[Side] = [
            lambda: process(command(), "edges", clip, "-o", "o.mp4", "--overwrite", cwd=here),
            lambda: process(
                sys.executable,
                *(BARE / "edges_video.py", clip, "bare.mp4"),
                *(settings["preset"], settings["crf"], threads),
                cwd=here,
            ),
        ]
        ffmpeg = shutil.which("ffmpeg")
        if ffmpeg:
            sides.append(
                lambda: process(
                    *(ffmpeg, "-y", "-i", clip, "-vf", "edgedetect", "-pix_fmt", "yuv420p"),
                    *("-c:v", "libx264", "-threads", threads),
                    *("-preset", settings["preset"], "-crf", settings["crf"], "ffmpeg.mp4"),
                    cwd=here,
                )
            )
        rounds = in_turns(runs, *sides)
    work = f"cvkit edges v.mp4 -o out.mp4 ({media.FRAMES} of 1080p)"
    ratios, seconds = compared(rounds, speed=True)
    yield Result(3, work, "serial PyAV, cv2, x264", ratios, 1.3, at_least=True, seconds=seconds)
    if ffmpeg:
        ratios, seconds = compared(rounds, 0, 2, speed=True)
        yield Result(3, work, "ffmpeg -vf edgedetect", ratios, 1.0, at_least=True, seconds=seconds)
    else:
        print("3  without ffmpeg on this machine, cvkit edges is not compared with it")


def pipes(runs: int) -> Iterator[Result]:
    clip, cvkit = media.clip(), command()
    with TemporaryDirectory() as folder:
        here = Path(folder)
        rounds = in_turns(
            runs,
            lambda: process(
                f"set -o pipefail; {cvkit} blur {clip} -o - | {cvkit} edges - -o - |",
                f"{cvkit} flip - -o piped.mp4 --overwrite",
                cwd=here,
                shell=True,
            ),
            lambda: process(
                *(cvkit, "blur", clip, "then", "edges", "then", "flip"),
                *("-o", "chain.mp4", "--overwrite"),
                cwd=here,
            ),
        )
    ratios, seconds = compared(rounds)
    work = "blur | edges | flip, 600 of 1080p"
    yield Result(4, work, "blur then edges then flip", ratios, 1.3, seconds=seconds)
    raw_stream.rate()
    rates = [raw_stream.rate() for _ in range(runs)]
    work = "the frame stream, 300 of 1080p BGR"
    yield Result(4, work, "between two processes", rates, 1.0, at_least=True, unit="GB/s")
