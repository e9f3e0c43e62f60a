"""Budgets 7 and 8: things found in a video, and in one picture from typing to the first box.

The networks lie in ../shared/models. CVKIT_BENCH_YOLO names ultralytics' program `yolo`, which
lives in an environment of its own; without it that comparison is left out, and said.
"""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from cvkit.io.sinks.encoders import encoder_of
from cvkit.io.sinks.encoding import Encoding, options_of, threads_of
from tests.bench.measure import Result, Side, command, compared, environment, in_turns, process

BARE = Path(__file__).parent / "bare"
SHARED = Path(__file__).parents[3] / "shared"
MODEL = SHARED / "models/detect/yolov8n_640_fp32_from_uint8.onnx"
VIDEO = SHARED / "media/video/pedestrians.avi"
PICTURE = SHARED / "media/images/street_bus.jpg"
SIZE = (768, 576)
YOLO = "CVKIT_BENCH_YOLO"


def a_video(runs: int) -> Iterator[Result]:
    if not MODEL.exists():
        print("7  without ../shared/models there is nothing to measure")
        return
    yolo = os.environ.get(YOLO, "")
    half = _has_bfloat16()
    with TemporaryDirectory() as folder:
        here = Path(folder)
        sides: dict[str, Side] = {
            "cvkit": lambda: _cvkit(here),
            "onnx": lambda: _loop(here, "onnx"),
        }
        if find_spec("openvino"):
            sides["openvino"] = lambda: _loop(here, "openvino")
        if half:
            sides["half"] = lambda: _cvkit(here, "--half")
            sides["bf16"] = lambda: _loop(here, "bf16")
        if yolo:
            sides["yolo"] = lambda: _yolo(yolo, here)
        before = _processor_seconds()
        _cvkit(here)
        spent = _processor_seconds() - before
        rounds = in_turns(runs, *sides.values())
    if not yolo:
        print(f"7  {YOLO} names no program yolo, so cvkit is not compared with ultralytics")
    names = list(sides)
    for ours, other, limit in (
        ("cvkit", "yolo", 1.3),
        ("half", "yolo", 1.8),
        ("cvkit", "onnx", 1.0),
        ("cvkit", "openvino", 1.0),
        ("half", "bf16", 1.0),
    ):
        if ours in sides and other in sides:
            ratios, seconds = compared(rounds, names.index(ours), names.index(other), speed=True)
            work = f"cvkit detect v.mp4{' --half' if ours == 'half' else ''} -o out.mp4"
            against = "yolo predict" if other == "yolo" else f"serial PyAV, {other}, x264 loop"
            yield Result(7, work, against, ratios, limit, at_least=True, seconds=seconds)
    limit = spent / (os.cpu_count() or 1)
    share = [times[0] / limit for times in rounds]
    seconds = (median(times[0] for times in rounds), limit)
    work = "its time on a quiet machine"
    yield Result(7, work, "its processor seconds over the cores", share, 1.1, seconds=seconds)


def one_picture(runs: int) -> Iterator[Result]:
    if not MODEL.exists():
        print("8  without ../shared/models there is nothing to measure")
        return
    with TemporaryDirectory() as folder:
        here = Path(folder)
        words: tuple[str | Path, ...] = ("detect", PICTURE, "--model", MODEL, "-o", "o.jpg")
        words = (*words, "--overwrite")
        script = BARE / "detect_one.py"
        rounds = in_turns(
            runs,
            lambda: process(command(), *words, cwd=here),
            lambda: process(sys.executable, script, MODEL, PICTURE, "bare.jpg", cwd=here),
        )
    work = "cvkit detect img.jpg, typing to first box"
    ratios, seconds = compared(rounds)
    yield Result(8, work, "bare ONNX Runtime script", ratios, 1.5, seconds=seconds)


def _cvkit(here: Path, *more: str) -> float:
    written = ("-o", "o.mp4", "--overwrite", *more)
    return process(command(), "detect", VIDEO, "--model", MODEL, *written, cwd=here)


def _loop(here: Path, backend: str) -> float:
    settings = options_of(encoder_of("h264", "mp4"), Encoding(), "yuv420p", SIZE)
    return process(
        *(sys.executable, BARE / "detect_video.py", MODEL, VIDEO, "bare.mp4"),
        *(settings["preset"], settings["crf"], str(threads_of(SIZE)), backend),
        cwd=here,
    )


def _yolo(yolo: str, here: Path) -> float:
    more = {"YOLO_OFFLINE": "true", "YOLO_AUTOINSTALL": "false", "YOLO_CONFIG_DIR": str(here)}
    words = ("predict", f"model={MODEL}", f"source={VIDEO}", "save=True", "device=cpu")
    return process(yolo, *words, f"project={here}", cwd=here, env=environment(**more))


def _has_bfloat16() -> bool:
    if not find_spec("openvino"):
        return False
    from cvkit.models.backends.openvino import has_bfloat16

    return has_bfloat16()


def _processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
