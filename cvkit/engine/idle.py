"""Run options that can have no meaning for a chain and its outputs are refused.

Never for the number of inputs: what holds for a folder of one holds for a folder of many.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from cvkit.core.errors import ParameterError
from cvkit.core.names import cli_name
from cvkit.core.options import RunOptions
from cvkit.engine.outputs import VIDEO
from cvkit.io.codecs.formats import ANIMATION_SUFFIXES, FORMATS, SUFFIX_FORMAT

if TYPE_CHECKING:
    from cvkit.engine.bind import Bound
    from cvkit.engine.check import Job

_ENCODER = ("codec", "crf", "preset", "bitrate", "pix_fmt", "fps")


def refuse_idle(job: Job) -> None:
    """Raises ParameterError for the first option that would change nothing."""
    given = {
        name
        for name, info in RunOptions.model_fields.items()
        if getattr(job.options, name) != info.default
    }
    if job.upstream is not None and given & {"frames", "duration"}:
        name = "frames" if "frames" in given else "duration"
        raise _idle(name, "say it to the process that reads the video")
    if job.upstream is not None and "on_corrupt" in given:
        raise _idle("on_corrupt", "say it to the process that reads the files")
    for name, why in _reasons(job, given):
        if name in given:
            raise _idle(name, why)


def _reasons(job: Job, given: set[str]) -> list[tuple[str, str]]:
    """Options that have no meaning here, and why."""
    if not given:
        return []
    steps = job.chain.steps if job.rest is None else (*job.chain.steps, *job.rest.steps)
    moving = job.upstream is not None or any(i.moving for i in job.items)
    suffixes = _suffixes(job)
    formats = [FORMATS[SUFFIX_FORMAT[s]] for s in suffixes if s in SUFFIX_FORMAT]
    video = moving and any(s in VIDEO for s in suffixes)
    animation = moving and any(s in ANIMATION_SUFFIXES for s in suffixes)
    idle: list[tuple[str, str]] = []
    if not moving:
        idle += [(n, "no input is a video") for n in ("frames", "duration", "no_audio", *_ENCODER)]
    elif not video:
        sequence = any(text.startswith("seq:") for text in job.spec.inputs)
        sequence = sequence or (job.stdin is not None and job.stdin.pictures)
        raw = ".y4m" in suffixes
        has = {"fps"} if animation or sequence or raw else set()
        has |= {"pix_fmt"} if raw else set()
        idle += [(name, "no video is written") for name in _ENCODER if name not in has]
        if not (animation or job.has("stream")):
            idle.append(("no_audio", "no video is written"))
    if not any(row.quality for row in formats):
        idle.append(("quality", "no picture is written in a format that has one"))
    if not video and ".y4m" not in suffixes and all(row.alpha for row in formats):
        idle.append(("background", "nothing is written in a format without alpha"))
    if not job.has("stream"):
        idle.append(("only", "it slims the frame stream (-o -)"))
    lines = any(output.text == "jsonl:-" for output in job.outputs)
    if not (lines or job.has("results") or job.has("print")):
        idle.append(("coords", "no results are written"))
    drawn = (".pdf", ".ai", ".svg", ".svgz")
    names = [os.path.splitext(item.path)[1].lower() for item in job.items]
    if job.items and not any(name in drawn or not name for name in names):
        idle.append(("dpi", "no input is a page or a drawing"))
    if job.items and all(i.moving for i in job.items):
        idle.append(("page", "no input is a document"))
        idle.append(("keep_icc", "no input is a picture"))
        if not (video or job.has("stream")):
            idle.append(("strip", "no input is a picture, and no video is written"))
    if job.upstream is not None:
        idle.append(("keep_icc", "say it to the process that reads the pictures"))
    holding = job.has("stream") or video or any(row.metadata for row in formats)
    if job.rest is not None or not holding:
        idle.append(("strip", "nothing is written that would hold EXIF"))
    if not any(os.path.isdir(p) for p in job.spec.inputs):
        idle += [(name, "no input is a folder") for name in ("include", "exclude")]
    return idle + _of_steps(job, steps)


def _of_steps(job: Job, steps: Sequence[Bound]) -> list[tuple[str, str]]:
    """Those that only reach what steps open: models, and numbers that are drawn."""
    idle: list[tuple[str, str]] = []
    if not any(step.stage.needs & {"model", "gpu"} for step in steps):
        idle.append(("device", "no step runs on one"))
        names = ("backend", "half", "offline", "trust", "accept_license")
        idle += [(name, "no step opens a model") for name in names]
    generated = any(text.startswith("pattern:") for text in job.spec.inputs)
    if not generated and not any(step.opens for step in steps):
        idle.append(("seed", "nothing here draws random numbers"))
    return idle


def _suffixes(job: Job) -> set[str]:
    """Of what may be written; of a stream's items their formats are not known yet."""
    found = {os.path.splitext(path)[1].lower() for item in job.items for path in item.outputs}
    found |= {output.suffix for output in job.outputs if output.kind == "piped"}
    if job.upstream is not None or job.rest is not None:
        named = {output.suffix for output in job.pictures()}
        every = {*SUFFIX_FORMAT, *ANIMATION_SUFFIXES, *VIDEO}
        found |= named if named <= every else every
    return found


def _idle(name: str, why: str) -> ParameterError:
    return ParameterError(f"--{cli_name(name)} has no meaning here", why=why)
