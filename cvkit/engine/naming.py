"""Which file each input's result becomes, and what may not be written."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from cvkit.core.errors import UsageError
from cvkit.core.frame import Frame
from cvkit.core.values import Image, Kind, Objects
from cvkit.engine import templates
from cvkit.engine.outputs import FILMS, LABELS, RESULTS, VIDEO, Output, results_of
from cvkit.engine.plan import Chain, written
from cvkit.io.codecs.formats import (
    ANIMATION_SUFFIXES,
    FORMATS,
    KEPT_SUFFIXES,
    PAGED_SUFFIXES,
)
from cvkit.io.codecs.formats import SUFFIX_FORMAT as WRITE_SUFFIXES

_STILLS = WRITE_SUFFIXES.keys() - ANIMATION_SUFFIXES.keys()
"""What holds one frame only."""


@dataclass(frozen=True)
class Source:
    """What naming knows of an input."""

    name: str
    path: str
    moving: bool
    pages: int = 1
    """How many of its pictures are read."""


GATHERED = Source("picture.png", "-", False)
"""The one result of a gather over the run."""


@dataclass(frozen=True)
class Placed:
    """A template of an input's result."""

    output: Output
    source: Source
    template: str
    several: bool = False
    """Whether the input becomes several results, or frames."""

    @property
    def path(self) -> str | None:
        """The one path that it stands for; None where frames decide."""
        if not templates.per_frame(self.template):
            return templates.whole(self.template)
        told_later = templates.fields(self.template) & {"label", "id"}
        return (
            None if self.several or told_later else templates.whole(self.template, templates.FIRST)
        )


def path_for(output: Output, source: Source, chain: Chain, *, one: bool = False) -> str:
    """The template of this input's results; the fields of frames are still to be filled. Of a
    moving input `one` frame alone is a picture where a picture is named.

    Raises UsageError where the input cannot become that file.
    """
    if one and output.suffix in _STILLS and not output.folder:
        source = replace(source, moving=False)
    kind = chain.final.kept[output.kept] if output.kept else written(chain)
    natural = _natural(source, kind, chain)
    where = PurePosixPath(source.name)
    if output.folder:
        many = chain.several or source.pages > 1
        stem = templates.filled(results_of(chain) if many else "{stem}", {"stem": where.stem})
        folder = templates.escaped(os.path.join(output.folder, str(where.parent)))
        return _cleaned(os.path.join(folder, stem + templates.escaped(natural)))
    if not templates.fields(output.template):
        _suits(output, source, chain)
        return output.template
    values = {
        "dir": str(where.parent), "stem": where.stem, "name": where.name, "step": chain.last_name,
        "suffix": natural,
    }  # fmt: skip
    template = templates.filled(output.template, values)
    suffix = os.path.splitext(template)[1].lower()
    if source.moving and suffix in FILMS and templates.per_frame(template):
        _suits_scenes(template)
    elif not source.moving or templates.per_frame(template):
        _suits_still(source, suffix, template)
    elif suffix in _STILLS:
        raise UsageError(
            f"{output.text or template} would hold every frame of {source.name} in one picture",
            remedy="name the frames: -o 'out/{stem}_{index:05d}.png'",
        )
    return _cleaned(template)


def holds_pages(template: str) -> bool:
    """Whether all results of an input go into one file of this name, as its pages."""
    suffix = os.path.splitext(template)[1].lower()
    return suffix in PAGED_SUFFIXES and not templates.per_frame(template)


def frame_path(template: str, *, index: int, time: float, label: str = "", number: str = "") -> str:
    """The path of one frame's picture."""
    label = re.sub(r"[^\w.-]+", "_", label).strip(".")
    told = {"index": index, "time": time, "label": label or "none", "id": number or "none"}
    return templates.whole(template, told)


def path_of(template: str, frame: Frame, index: int) -> str:
    """The path of this frame's picture, named after the one thing that it may show."""
    objects = frame.get(Objects)
    alone = objects if objects is not None and len(objects) == 1 else None
    return frame_path(
        template,
        index=index,
        time=frame.time.seconds,
        label=alone.labels[0] if alone is not None and alone.labels else "",
        number=str(alone.ids[0]) if alone is not None and alone.ids is not None else "",
    )


def natural_suffix(source: Source, kind: Kind) -> str:
    """The suffix that a result of this input has in a folder."""
    own = PurePosixPath(source.name).suffix
    if source.moving:
        if own.lower() in VIDEO or own.lower() in ANIMATION_SUFFIXES:
            return own
        return ".apng" if own.lower() == ".png" else ".mp4"
    if kind is not Image:
        return ".png"
    return own if own.lower() in KEPT_SUFFIXES else ".png"


def _natural(source: Source, kind: Kind, chain: Chain) -> str:
    """The same, where the chain says more: pictures cut out of frames, with alpha, or deep."""
    if source.moving:
        return ".png" if chain.several else natural_suffix(source, kind)
    suffix = natural_suffix(source, kind)
    if kind is not Image:
        return suffix
    fits = [
        one
        for one in (suffix, ".png", ".tif")
        for row in (FORMATS[WRITE_SUFFIXES[one.lower()]],)
        if (row.alpha or not chain.transparent) and (chain.depth or row.holds[0]) in row.holds
    ]
    return fits[0]


def check_places(
    placed: Iterable[Placed],
    protected: Mapping[str, str],
    *,
    overwrite: bool,
    inputs: Collection[str] = (),
) -> None:
    """Raises UsageError before anything is written: two results in one file, inputs, files that
    exist. `protected` are real paths of what the run reads, by what they are; `inputs` those that
    may be written over (`--in-place`)."""
    seen: dict[str, Placed] = {}
    for one in placed:
        path = one.path
        key = one.template if path is None else os.path.realpath(path)
        if key in seen:
            _refuse_meeting(path or one.template, seen[key], one)
        seen[key] = one
        if path is None:
            continue
        if key in protected and key not in inputs:
            raise overwrites(path, protected[key])
        if os.path.isdir(path):
            raise UsageError(f"{path} is a folder", remedy=f"say {path}/ to write into it")
        replaces = overwrite or key in inputs or not one.output.named
        if not replaces and os.path.lexists(path):
            raise UsageError(f"{path} exists", remedy="say --overwrite, or name another")


def check_labels(
    outputs: Iterable[Output], protected: Mapping[str, str], *, overwrite: bool, videos: int = 0
) -> None:
    """Raises UsageError for a folder of labels that holds some, is read, or is given twice, and for
    tracks of several videos in one file."""
    seen: dict[str, str] = {}
    for output in outputs:
        if output.suffix == "mot" and not output.folder and videos > 1:
            raise UsageError(
                f"-o {output.text} holds one video, and there are {videos}",
                remedy="name a folder, with a file each: -o mot:tracks/",
            )
        if output.kind != "dataset" or not output.folder:
            continue
        suffix = LABELS[output.suffix]
        key = f"{os.path.realpath(output.folder)}\0{suffix}"
        if key in seen:
            raise UsageError(f"-o {seen[key]} and -o {output.text} are one folder")
        seen[key] = output.text
        if os.path.realpath(output.folder) in protected:
            raise overwrites(output.folder, protected[os.path.realpath(output.folder)])
        if os.path.lexists(output.folder) and not os.path.isdir(output.folder):
            raise UsageError(f"{output.folder} is a file", why=f"{output.text} needs a folder")
        walked = (name for _, _, names in os.walk(output.folder) for name in names)
        if not overwrite and any(name.lower().endswith(suffix) for name in walked):
            raise UsageError(
                f"{output.folder} holds {suffix} files already",
                remedy="say --overwrite, or name another folder",
            )


def check_labelled(outputs: Collection[Output], sources: Iterable[Source], chain: Chain) -> None:
    """Raises UsageError where the labels of two inputs would be one file, both called after them.

    Labels of pictures that are written anew, moved or several, are called after those.
    """
    folders = [o for o in outputs if o.suffix in ("yolo", "voc") and o.folder]
    anew = any(o.kind == "picture" for o in outputs)
    if not folders or (anew and (chain.several or any("warp" in s.sig.gives for s in chain.steps))):
        return
    seen: dict[tuple[str, bool], Source] = {}
    for source in sources:
        key = os.path.splitext(source.name)[0], source.moving
        if key in seen and not (anew and source.moving):
            raise UsageError(
                f"{seen[key].path} and {source.path} would have their labels in one file",
                why=f"both are {key[0]}{LABELS[folders[0].suffix]} in {folders[0].folder}",
                remedy="label one of them only, or rename it",
            )
        seen[key] = source


def check_stream(outputs: Iterable[Output], items: int) -> None:
    """Raises UsageError where several items of a frame stream would be one file."""
    for output in outputs:
        if not output.folder and not templates.fields(output.template):
            path = templates.whole(output.template)
            raise UsageError(
                f"{items} inputs would all write {path}", remedy="name a folder: -o out/"
            )


def overwrites(path: str, what: str) -> UsageError:
    """The error for a result that would take the place of what the run reads."""
    return UsageError(
        f"{path} is {what}, and an input is never overwritten",
        remedy="name another -o" + (", or say --in-place" if what == "an input" else ""),
    )


def _refuse_meeting(path: str, one: Placed, two: Placed) -> None:
    if one.source == two.source and one.output.text == two.output.text:
        raise UsageError(f"-o {one.output.text} is given twice")
    if one.source == two.source:
        raise UsageError(f"-o {one.output.text} and -o {two.output.text} are one file")
    raise UsageError(
        f"{one.source.path} and {two.source.path} would both write {path}",
        remedy=_apart(path, one.source, two.source),
    )


def _apart(path: str, one: Source, two: Source) -> str:
    ending = os.path.splitext(path)[1]
    folder = os.path.dirname(path) or "out"
    stems = PurePosixPath(one.name).stem, PurePosixPath(two.name).stem
    if stems[0] != stems[1]:
        return f"name them apart: -o '{folder}/{{stem}}{ending}'"
    if PurePosixPath(one.name).suffix != PurePosixPath(two.name).suffix:
        return f"name them apart: -o '{folder}/{{name}}{ending}'"
    return f"give them a folder each: -o '{folder}/{{dir}}/{{stem}}{ending}'"


def _suits(output: Output, source: Source, chain: Chain) -> None:
    suffix, path = output.suffix, templates.whole(output.template)
    stem = os.path.splitext(path)[0]
    if source.moving and suffix in RESULTS:
        raise UsageError(
            f"{path} holds results, and no step of {chain.last_name} gives any",
            remedy=f"list the frames: -o {stem}.jsonl, or find something first (contours, detect)",
        )
    if source.moving and suffix in _STILLS:
        raise UsageError(
            f"{source.name} is a video, and {path} one picture",
            remedy=f"write a video ({stem}.mp4), an animation ({stem}.apng, .webp, .gif) or number"
            f" the pictures ({stem}_{{index:05d}}{suffix})",
        )
    if not source.moving:
        _suits_still(source, suffix, path)
    if (chain.several or source.pages > 1) and not holds_pages(output.template):
        step = chain.several_step
        who = f"{step.name} gives" if step is not None else f"{source.name} holds"
        page = "" if step is not None else ", or say which: --page 1"
        raise UsageError(
            f"{who} several pictures, and {path} is one file",
            remedy=f"number them: -o '{results_of(chain).replace('{stem}', stem)}{suffix}'{page}",
        )


def _suits_scenes(template: str) -> None:
    """Refuse a video a frame: one begins at each cut, and has a number and a time."""
    own = templates.fields(template) - {"index", "time"}
    if own:
        raise UsageError(
            f"-o {template}: a video has no {{{min(own)}}}",
            why="one begins at each cut",
            remedy="name them with {index} or {time}",
        )


def _suits_still(source: Source, suffix: str, path: str) -> None:
    """Refuse a file of many frames for one picture, or for one frame."""
    what = "a video" if suffix in FILMS else "an animation" if suffix == ".apng" else ""
    if what and source.moving:
        raise UsageError(f"{path} is {what}, and would hold one frame", remedy="number .png files")
    if what:
        raise UsageError(f"{source.name} is one picture, and {path} {what}", remedy="write .png")


def _cleaned(path: str) -> str:
    return re.sub(r"(?<=/)\./|^\./(?=.)", "", path)
