"""Operands: files that parameters name, found, bounded and loaded before they are handed over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from cvkit.core.errors import InputError
from cvkit.core.frame import Frame
from cvkit.core.names import cli_name
from cvkit.core.options import RunOptions
from cvkit.core.signature import operand_fields
from cvkit.core.values import Image, Mask, Objects, eight_bit
from cvkit.engine.bind import Bound
from cvkit.engine.plan import Chain

MAX_ASSET = 64 << 20


def load_operands(chain: Chain, options: RunOptions) -> Chain:
    """The chain with what its operands name, loaded. Raises InputError naming step and file."""
    kept = set(chain.start.kept)
    steps = []
    for step in chain.steps:
        steps.append(replace(step, operands=_loaded(step, kept, options)))
        if step.name == "keep":
            kept.add(step.stage.name)  # type: ignore[attr-defined]
    return replace(chain, steps=tuple(steps))


def _loaded(step: Bound, kept: set[str], options: RunOptions) -> Mapping[str, object]:
    out: dict[str, object] = {}
    for field, word in operand_fields(type(step.stage)).items():
        text = getattr(step.stage, field)
        if text is None or (text in kept and word != "objects"):
            continue
        try:
            out[field] = load(text, word, options)
        except InputError as error:
            raise error.about(f"{step.name} --{cli_name(field)}") from error
    return out


def load(text: str, word: str, options: RunOptions) -> object:
    """What this file is as `word`: bytes, saved objects by frame, a Mask or an Image."""
    from cvkit.io.integrity import read_bytes

    path = Path(text)
    if word == "objects":
        return Recalled(text)
    if word != "asset" and path.is_dir():
        return lambda frame: load(str(path / _partner(path, frame)), word, options)
    data = read_bytes(path, text)
    if word == "asset":
        if len(data) > MAX_ASSET:
            raise InputError(f"{text} is over {MAX_ASSET >> 20} MiB")
        return data
    from cvkit.io.codecs.asked import Asked
    from cvkit.io.codecs.reading import read_picture

    views = frozenset({"bgr"})
    image = read_picture(data, text, Asked(options.max_pixels, views, keep_icc=options.keep_icc))
    if word == "mask":
        return Mask.of(eight_bit(image.gray))
    return Image(image.grid, image.pixels, image.alpha)


def _partner(folder: Path, frame: Frame) -> str:
    """The file of the same relative path in the other folder."""
    if not (folder / frame.source).is_file():
        raise InputError(f"{frame.source} has no partner in {folder}")
    return frame.source


class Recalled:
    """Saved objects, asked for by frame."""

    def __init__(self, where: str) -> None:
        from cvkit.results.reading import read_results

        self._saved = read_results(where)

    def __call__(self, frame: Frame) -> Objects:
        found = self._saved.objects(frame.source, frame.index, frame.grid.source)
        return found if found is not None else Objects.none(frame.grid)

    @property
    def classes(self) -> Mapping[int, str]:
        """Names by number, where the file lists them."""
        return self._saved.classes

    @property
    def notes(self) -> list[str]:
        """What is to be said of the file."""
        return self._saved.notes
