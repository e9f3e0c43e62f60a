"""Outputs: what each `-o` means, and which file each input's result becomes."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from cvkit.core.errors import UsageError
from cvkit.core.stage import Stage
from cvkit.core.values import RASTERS, Objects
from cvkit.engine import templates
from cvkit.engine.plan import PRINTED, Chain, written
from cvkit.io.codecs.formats import ANIMATION_SUFFIXES, FORMAT_SUFFIX
from cvkit.io.codecs.formats import SUFFIX_FORMAT as WRITE_SUFFIXES

RESULTS = {".jsonl": "jsonl", ".csv": "csv", ".parquet": "parquet"}
DATASETS = ("coco", "coco-results", "yolo", "voc", "mot")
LABELS = {"yolo": ".txt", "voc": ".xml", "mot": ".txt"}
"""Data sets that are a folder, by the suffix of its files; mot is also one file."""
_DATASET = re.compile(rf"({'|'.join(DATASETS)}):(.*)", re.DOTALL)
VIDEO = (".mp4", ".m4v", ".mov", ".mkv", ".webm")
FILMS = (*VIDEO, ".y4m")
_EXAMPLES = {
    "coco": "coco:ann.json", "coco-results": "coco-results:found.json", "yolo": "yolo:labels/",
    "voc": "voc:Annotations/", "mot": "mot:tracks.txt",
}  # fmt: skip
_LABEL_SUFFIXES = (".txt", ".xml", ".json", ".yaml", ".yml", ".zip")
_WRITTEN = {*WRITE_SUFFIXES, *ANIMATION_SUFFIXES, *FILMS}
PREVIEWS = ("show:", "term:", "term:kitty", "term:sixel", "term:blocks", "term:plain")
"""A window, and the terminal in the best form that it has or in one of these."""
PIPED = {
    "png:-": ".png", "jpg:-": ".jpg", "y4m:-": ".y4m", "jsonl:-": ".jsonl", "csv:-": ".csv",
}  # fmt: skip
"""What stdout can be beside the frame stream, each by the suffix of files of that kind."""


@dataclass(frozen=True)
class Output:
    """One place where results go.

    `template` is a path with fields in braces, or a whole path; `folder` stands before the input's
    own path. `suffix` is empty where the input's format decides; of a data set it is its form.
    `named` is true where -o said it.
    """

    text: str
    kind: Literal["picture", "stream", "piped", "results", "dataset", "print", "preview"]
    template: str = ""
    folder: str = ""
    suffix: str = ""
    kept: str = ""
    named: bool = True

    @property
    def takes_picture(self) -> bool:
        """Whether it holds the picture at the end of the chain, with the marks drawn."""
        pictures = self.kind == "piped" and self.suffix not in RESULTS
        return (pictures or self.kind in ("picture", "preview")) and not self.kept

    @property
    def on_stdout(self) -> bool:
        return self.text == "-" or self.text.endswith(":-") or self.text.startswith("term:")


def read_outputs(texts: Sequence[str], chain: Chain) -> list[Output]:
    """Raises UsageError where a word is no output or the chain has nothing for it."""
    outputs = [_read(text, chain) for text in texts]
    for output in outputs:
        if output.takes_picture:
            written(chain)
    ours = [o.text for o in outputs if o.on_stdout]
    if len(ours) > 1 and not all(text.startswith("term:") for text in ours):
        both = " and ".join(f"-o {text}" for text in ours[:2])
        raise UsageError(f"{both} would both write to stdout", remedy="choose one")
    return outputs


def is_dataset(text: str) -> bool:
    """Whether this output is a data set's labels."""
    return _DATASET.fullmatch(text) is not None


def name_inputs(texts: Sequence[str]) -> bool:
    """Whether one of these outputs tells inputs apart by their names."""
    return any(o.lower().endswith((*RESULTS, ":-")) or o == "-" or is_dataset(o) for o in texts)


def one_video() -> UsageError:
    """For a second input where only one has room."""
    return UsageError(
        "-o y4m:- holds one video",
        remedy="name one input; numbered pictures are one as seq:DIR, a folder goes to -o -",
    )


def unsaid(chain: Chain, inputs: Sequence[str], *, many: bool) -> list[Output]:
    """The outputs where there is no -o; `many`: an input becomes several results."""
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
        base = templates.escaped(base)
        out = Output("", "picture", f"{base}.png", suffix=".png", named=False)
    elif chain.joins is not None:
        one = _one_folder(inputs) or chain.steps[0].name != stage
        tail = f".{stage}{{suffix}}" if one else "{suffix}"
        out = Output("", "picture", f"{{stem}}{tail}", named=False)
    elif len(inputs) == 1 and not os.path.isdir(inputs[0]):
        base = results_of(chain) if chain.several or many else "{stem}"
        out = Output("", "picture", f"{base}.{stage}{{suffix}}", named=False)
    else:
        folder = f"{_folder_name(inputs[0])}.{stage}" if _one_folder(inputs) else stage
        out = Output("", "picture", folder=folder, named=False)
    return [out, *printed]


def format_of(path: str) -> str:
    """The picture format that a path's suffix means."""
    suffix = os.path.splitext(path)[1].lower()
    if suffix not in WRITE_SUFFIXES:
        raise UsageError(_no_format(path))
    return WRITE_SUFFIXES[suffix]


def _read(text: str, chain: Chain) -> Output:
    if text == "-":
        return Output(text, "stream")
    if text.startswith(("show:", "term:")):
        return _preview(text)
    if dataset := _DATASET.fullmatch(text):
        return _dataset(text, dataset[1], dataset[2], chain)
    if text.endswith(":-") or re.match(r"(png|jpg|y4m|jsonl|csv):", text):
        return _piped(text, chain)
    if match := re.fullmatch(r"([A-Za-z][\w-]*)=(.+)", text):
        return _kept(text, match[1], match[2], chain)
    if text.endswith("/") or os.path.isdir(text):
        return Output(text, "picture", folder=text.rstrip("/") or "/")
    suffix = _suffix(text)
    if suffix in RESULTS and not (suffix in WRITE_SUFFIXES and _only_rasters(chain)):
        if suffix == ".parquet" and _only_rasters(chain):
            raise UsageError(f"-o {text}: there are no results, only pictures")
        if templates.fields(templates.checked(text)):
            raise UsageError(f"-o {text}: results of a run are one file", remedy="drop the braces")
        return Output(text, "results", templates.whole(text), suffix=suffix)
    if suffix in _WRITTEN or text.endswith("{suffix}"):
        return Output(text, "picture", templates.checked(text), suffix=suffix)
    raise UsageError(_no_format(text), remedy="a folder ends in /; see cvkit help outputs")


def _dataset(text: str, form: str, path: str, chain: Chain) -> Output:
    """Labels in a data set's format: a file, or a folder of them."""
    if path in ("", "-"):
        raise UsageError(f"-o {text} names no file", remedy=f"as {_EXAMPLES[form]}")
    if Objects not in chain.final.kinds:
        raise UsageError(f"-o {text}: there are no objects to label", remedy="detect gives some")
    if templates.fields(templates.checked(path)):
        raise UsageError(f"-o {text}: labels of a run have one place", remedy="drop the braces")
    path = templates.whole(path)
    folder = form in LABELS and form != "mot"
    if not folder and (path.endswith("/") or os.path.isdir(path)):
        if form != "mot":
            raise UsageError(f"-o {text} is one file", remedy=f"as {_EXAMPLES[form]}")
        folder = True
    if folder and os.path.splitext(path.rstrip("/"))[1].lower() in _LABEL_SUFFIXES:
        raise UsageError(f"-o {text}: labels are a folder", remedy=f"as {_EXAMPLES[form]}")
    where = path.rstrip("/") or "/"
    template, below = ("", where) if folder else (where, "")
    return Output(text, "dataset", template, below, form)


def _piped(text: str, chain: Chain) -> Output:
    """stdout in a form that others read: of the chain's end, or with NAME= of a kept picture."""
    name, _, form = text.rpartition("=")
    if form not in PIPED:
        raise UsageError(f"-o {text}: cvkit writes no such thing", remedy=f"there is {_pipes()}")
    suffix = PIPED[form]
    if name and suffix in RESULTS:
        raise UsageError(f"-o {text}: results are those of the whole chain", remedy=f"-o {form}")
    if name:
        _check_kept(text, name, chain)
    if suffix == ".csv":  # its columns are known at the end only
        return Output(text, "results", suffix=suffix)
    return Output(text, "piped", suffix=suffix, kept=name)


def _pipes() -> str:
    return f"-o -, {', '.join(PIPED)}"


def _only_rasters(chain: Chain) -> bool:
    """Whether there are no results, so that a `.csv` is the numbers of the picture."""
    return all(kind in RASTERS for kind in chain.final.kinds)


def _check_kept(text: str, name: str, chain: Chain) -> None:
    """Raises UsageError where nothing is kept under this name."""
    if name not in chain.final.kept:
        kept = ", ".join(chain.final.kept) or "nothing"
        raise UsageError(
            f"-o {text}: nothing is kept as {name}",
            why=f"kept: {kept}",
            remedy=f"a file of that name is ./{text}",
        )


def _kept(text: str, name: str, path: str, chain: Chain) -> Output:
    _check_kept(text, name, chain)
    if path.endswith("/") or os.path.isdir(path):
        return Output(text, "picture", folder=path.rstrip("/") or "/", kept=name)
    if _suffix(path) not in _WRITTEN:
        raise UsageError(_no_format(path))
    return Output(text, "picture", templates.checked(path), suffix=_suffix(path), kept=name)


def _preview(text: str) -> Output:
    if text not in PREVIEWS:
        can = ", ".join(p for p in PREVIEWS if p.startswith(text[:5]))
        raise UsageError(f"there is no -o {text}", remedy=f"there is {can}")
    return Output(text, "preview")


def results_of(chain: Chain) -> str:
    """What files are called where one input becomes several results."""
    step = chain.several_step
    return step.stage.results if step is not None else Stage.results


def _no_format(text: str) -> str:
    can = " ".join(sorted({*FORMAT_SUFFIX.values(), *ANIMATION_SUFFIXES}))
    what = (
        f"{text!r} has no suffix" if not _suffix(text) else f"cvkit does not write {_suffix(text)}"
    )
    return f"{what}: it writes {can}, {' '.join(FILMS)}, {' '.join(RESULTS)}"


def _suffix(text: str) -> str:
    return os.path.splitext(text)[1].lower()


def _one_folder(inputs: Sequence[str]) -> bool:
    return len(inputs) == 1 and os.path.isdir(inputs[0])


def _folder_name(folder: str) -> str:
    return os.path.basename(os.path.abspath(folder)) or "pictures"
