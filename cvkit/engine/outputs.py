"""Outputs: what each `-o` means, and which file each input's result becomes."""

from __future__ import annotations

import os
import re
import string
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from cvkit.core.errors import UsageError
from cvkit.core.stage import Stage
from cvkit.core.values import Image, Kind
from cvkit.engine.plan import PRINTED, Chain, written
from cvkit.io.codecs.formats import FORMAT_SUFFIX, FORMATS
from cvkit.io.codecs.formats import SUFFIX_FORMAT as WRITE_SUFFIXES

RESULTS = {".jsonl": "jsonl", ".csv": "csv"}
VIDEO = (".mp4", ".m4v", ".mov", ".mkv", ".webm")
PREVIEWS = ("show:", "term:", "term:kitty", "term:sixel", "term:blocks", "term:plain")
"""A window, and the terminal in the best form that it has or in one of these."""
FIELDS = ("dir", "stem", "name", "suffix", "index", "time", "label", "id", "step")


@dataclass(frozen=True)
class Output:
    """One place where results go.

    `template` is a path with fields in braces, or a whole path; `folder` stands before the input's
    own path. `suffix` is empty where the input's format decides. `named` is true where -o said it.
    """

    text: str
    kind: Literal["picture", "stream", "results", "print", "preview"]
    template: str = ""
    folder: str = ""
    suffix: str = ""
    kept: str = ""
    named: bool = True

    @property
    def takes_picture(self) -> bool:
        """Whether it holds the picture at the end of the chain, with the marks drawn."""
        return self.kind in ("picture", "preview") and not self.kept

    @property
    def per_frame(self) -> bool:
        return any(f in _fields(self.template) for f in ("index", "time", "label", "id"))


@dataclass(frozen=True)
class Source:
    """What naming knows of an input."""

    name: str
    path: str
    moving: bool
    pages: int = 1
    """How many of its pictures are read."""


def read_outputs(texts: Sequence[str], chain: Chain) -> list[Output]:
    """Raises UsageError where a word is no output or the chain has nothing for it."""
    outputs = [_read(text, chain) for text in texts]
    for output in outputs:
        if output.takes_picture:
            written(chain)
    if sum(o.kind == "stream" for o in outputs) > 1:
        raise UsageError("stdout can hold one stream")
    return outputs


def unsaid(chain: Chain, inputs: Sequence[str], sources: Sequence[Source]) -> list[Output]:
    """The outputs where there is no -o."""
    latest = chain.latest
    name = latest.__name__ if latest is not None else ""
    if name in PRINTED or (latest is not None and chain.final.raster is None):
        return [Output("", "print", named=False)]
    stage = chain.last_name
    printed = [Output("", "print", named=False)] if name in ("Objects", "Text") else []
    if not chain.steps:
        raise UsageError("where to?", remedy="name the result with -o")
    if chain.gather is not None:
        base = f"{_folder_name(inputs[0])}.{stage}" if _one_folder(inputs) else stage
        out = Output("", "picture", f"{base}.png", suffix=".png", named=False)
    elif len(inputs) == 1 and not os.path.isdir(inputs[0]):
        many = chain.several or any(s.pages > 1 for s in sources)
        base = _results(chain) if many else "{stem}"
        out = Output("", "picture", f"{base}.{stage}{{suffix}}", named=False)
    else:
        folder = f"{_folder_name(inputs[0])}.{stage}" if _one_folder(inputs) else stage
        out = Output("", "picture", folder=folder, named=False)
    return [out, *printed]


def path_for(output: Output, source: Source, chain: Chain) -> str:
    """The path (or template, where a frame decides) of this input's result.

    Raises UsageError where the input cannot become that file.
    """
    kind = chain.final.kept[output.kept] if output.kept else written(chain)
    natural = _natural(source, kind, chain)
    where = PurePosixPath(source.name)
    if output.folder:
        many = chain.several or source.pages > 1
        stem = _results(chain).format_map(_Keep(stem=where.stem)) if many else where.stem
        return os.path.join(output.folder, str(where.parent), stem + natural).replace("/./", "/")
    if not _fields(output.template):
        _suits(output, source, chain)
        return output.template
    values = {
        "dir": str(where.parent), "stem": where.stem, "name": where.stem, "step": chain.last_name,
    }  # fmt: skip
    values["suffix"] = natural
    text = output.template.format_map(_Keep(**values))
    still = os.path.splitext(text)[1].lower() in WRITE_SUFFIXES
    if source.moving and still and not output.per_frame:
        raise UsageError(
            f"{output.text or text} would hold every frame of {source.name} in one picture",
            remedy="name the frames: -o 'out/{stem}_{index:05d}.png'",
        )
    return _cleaned(text)


def frame_path(template: str, *, index: int, time: float, label: str = "", number: str = "") -> str:
    """The path of one frame's picture; fields of the item are filled already."""
    if "{" not in template:
        return template
    return template.format_map(
        {"index": index, "time": time, "label": _safe(label) or "none", "id": number or "none"}
    )


def natural_suffix(source: Source, kind: Kind) -> str:
    """The suffix that a result of this input has in a folder."""
    own = PurePosixPath(source.name).suffix
    if source.moving:
        return own if own.lower() in VIDEO else ".mp4"
    if kind is not Image:
        return ".png"
    return own if own.lower() in WRITE_SUFFIXES else ".png"


def _natural(source: Source, kind: Kind, chain: Chain) -> str:
    """The same, where the chain says more: pictures cut out of frames, and such with alpha."""
    if source.moving:
        return ".png" if chain.several else natural_suffix(source, kind)
    suffix = natural_suffix(source, kind)
    holds = FORMATS[WRITE_SUFFIXES[suffix.lower()]].alpha
    return suffix if holds or not chain.transparent else ".png"


def _results(chain: Chain) -> str:
    """What files are called where one input becomes several results."""
    step = chain.several_step
    return step.stage.results if step is not None else Stage.results


def format_of(path: str) -> str:
    """The picture format that a path's suffix means."""
    suffix = os.path.splitext(path)[1].lower()
    if suffix not in WRITE_SUFFIXES:
        raise UsageError(_no_format(path))
    return WRITE_SUFFIXES[suffix]


def check_paths(
    paths: Sequence[tuple[Output, Source, str]], *, overwrite: bool, in_place: bool
) -> None:
    """Raises UsageError before anything is written: collisions, inputs, files that exist."""
    seen: dict[str, Source] = {}
    inputs = {os.path.realpath(s.path) for _, s, _ in paths if s.path != "-"}
    for output, source, path in paths:
        real = os.path.realpath(path)
        if real in seen:
            raise UsageError(
                f"{seen[real].path} and {source.path} would both write {path}",
                remedy=_apart(path, seen[real], source),
            )
        seen[real] = source
        if real in inputs and not in_place:
            raise UsageError(
                f"{path} is an input, and an input is never overwritten",
                remedy="name another -o, or say --in-place",
            )
        if output.named and not overwrite and not in_place and os.path.lexists(path):
            raise UsageError(f"{path} exists", remedy="say --overwrite, or name another")
        if os.path.isdir(path):
            raise UsageError(f"{path} is a folder", remedy=f"say {path}/ to write into it")


def _apart(path: str, one: Source, two: Source) -> str:
    if PurePosixPath(one.name).suffix != PurePosixPath(two.name).suffix:
        folder = os.path.dirname(path) or "out"
        return f"name them apart: -o '{folder}/{{name}}{os.path.splitext(path)[1]}'"
    return "give them a folder each, or a template: -o 'out/{dir}/{stem}.png'"


def _read(text: str, chain: Chain) -> Output:
    if text == "-":
        return Output(text, "stream")
    if text.startswith(("show:", "term:")):
        return _preview(text)
    if match := re.match(r"(png|jpg|y4m|jsonl|coco|yolo|voc|mot):", text):
        raise UsageError(
            f"-o {match[0]} is not something cvkit writes", remedy="see cvkit help outputs"
        )
    if (match := re.match(r"([A-Za-z][\w-]*)=(.+)", text)) and match[1] in chain.final.kept:
        return Output(text, "picture", match[2], suffix=_suffix(match[2]), kept=match[1])
    if text.endswith("/") or os.path.isdir(text):
        return Output(text, "picture", folder=text.rstrip("/") or "/")
    suffix = _suffix(text)
    _check_fields(text)
    if suffix in RESULTS:
        return Output(text, "results", text, suffix=suffix)
    if suffix in WRITE_SUFFIXES or suffix in VIDEO or text.endswith("{suffix}"):
        return Output(text, "picture", text, suffix=suffix)
    if match and not os.path.dirname(match[1]):
        kept = ", ".join(chain.final.kept) or "nothing"
        raise UsageError(f"-o {text}: nothing is kept as {match[1]}", why=f"kept: {kept}")
    raise UsageError(_no_format(text), remedy="a folder ends in /; see cvkit help outputs")


def _preview(text: str) -> Output:
    if text not in PREVIEWS:
        can = ", ".join(p for p in PREVIEWS if p.startswith(text[:5]))
        raise UsageError(f"there is no -o {text}", remedy=f"there is {can}")
    return Output(text, "preview")


def _suits(output: Output, source: Source, chain: Chain) -> None:
    suffix = output.suffix
    if source.moving and suffix in WRITE_SUFFIXES:
        stem = os.path.splitext(output.template)[0]
        raise UsageError(
            f"{source.name} is a video, and {output.template} one picture",
            remedy=f"write a video ({stem}.mp4) or number the pictures"
            f" ({stem}_{{index:05d}}{suffix})",
        )
    if not source.moving and suffix in VIDEO:
        raise UsageError(f"{source.name} is one picture, and {output.template} a video")
    if chain.several or source.pages > 1:
        stem = os.path.splitext(output.template)[0]
        step = chain.several_step
        who = f"{step.name} gives" if step is not None else f"{source.name} holds"
        page = "" if step is not None else ", or say which: --page 1"
        raise UsageError(
            f"{who} several pictures, and {output.template} is one file",
            remedy=f"number them: -o '{_results(chain).replace('{stem}', stem)}{suffix}'{page}",
        )


def _no_format(text: str) -> str:
    can = " ".join(sorted({*FORMAT_SUFFIX.values()}))
    what = f"{text} has no suffix" if not _suffix(text) else f"cvkit does not write {_suffix(text)}"
    return f"{what}: it writes {can}, {' '.join(VIDEO)}, {' '.join(RESULTS)}"


def _check_fields(template: str) -> None:
    for name in _fields(template):
        if name not in FIELDS:
            raise UsageError(
                f"-o {template}: there is no {{{name}}}", remedy="fields are " + ", ".join(FIELDS)
            )


def _fields(template: str) -> list[str]:
    try:
        return [f for _, f, _, _ in string.Formatter().parse(template) if f is not None]
    except ValueError as error:
        raise UsageError(f"-o {template}: {error}") from error


class _Keep(dict[str, object]):
    """Fields of the item are filled; those of a frame stay, with their format."""

    def __missing__(self, key: str) -> object:
        return _Field(key)


class _Field:
    def __init__(self, name: str) -> None:
        self.name = name

    def __format__(self, spec: str) -> str:
        return "{" + self.name + (f":{spec}" if spec else "") + "}"


def _suffix(text: str) -> str:
    return os.path.splitext(text)[1].lower()


def _safe(text: str) -> str:
    return re.sub(r"[^\w.-]+", "_", text).strip(".")


def _cleaned(path: str) -> str:
    return re.sub(r"(?<=/)\./|^\./(?=.)", "", path)


def _one_folder(inputs: Sequence[str]) -> bool:
    return len(inputs) == 1 and os.path.isdir(inputs[0])


def _folder_name(folder: str) -> str:
    return os.path.basename(os.path.abspath(folder)) or "pictures"
