"""Paths inside a spec file: they lie below its folder, when it is read and when it is saved."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from cvkit.core import catalog
from cvkit.core.errors import UsageError
from cvkit.core.names import python_name

if TYPE_CHECKING:
    from cvkit.core.spec import Spec

_SCHEME = re.compile(r"([a-z][a-z0-9+-]{1,15}):")
_OF_PATHS = ("seq", "coco", "coco-results", "yolo", "voc", "mot")
"""Schemes whose rest is a path here."""
_KEPT = re.compile(r"([A-Za-z][\w-]*)=(.+)")


def resolved(spec: Spec, folder: Path) -> Spec:
    """The spec of a file in `folder`, its paths as this process sees them.

    Raises UsageError where one leads out of the folder.
    """
    top = folder.resolve()

    def move(path: str) -> str:
        if not (folder / path).resolve().is_relative_to(top):
            raise UsageError(
                f"the spec names {path}, which is outside its folder", remedy="name it on the line"
            )
        return str(folder / path)

    return _moved(spec, move)


def relative(spec: Spec, folder: Path) -> Spec:
    """The spec as a file in `folder` would hold it: paths seen from there.

    Raises UsageError where one lies outside the folder, so that the file could not be run.
    """
    top = folder.resolve()

    def move(path: str) -> str:
        if not Path(path).resolve().is_relative_to(top):
            raise UsageError(
                f"a spec in {folder} cannot name {path}",
                why="it names only what lies below its own folder",
                remedy="save the spec beside that file",
            )
        return os.path.relpath(os.path.realpath(path), top)

    return _moved(spec, move)


def _moved(spec: Spec, move: Callable[[str], str]) -> Spec:
    kept: set[str] = set()
    steps = []
    for step in spec.steps:
        steps.append(replace(step, params=_operands(step.stage, step.params, kept, move)))
        if step.stage == "keep":
            kept.add(str(step.params.get("name")))
    run = dict(spec.run)
    region = run.get("roi")
    if isinstance(region, str) and region not in kept and not re.fullmatch(r"[\d.%,\s-]+", region):
        run["roi"] = move(region)
    return replace(
        spec,
        steps=tuple(steps),
        inputs=tuple(_input(text, move) for text in spec.inputs),
        outputs=tuple(_output(text, move) for text in spec.outputs),
        run=run,
    )


def _operands(
    stage: str, params: Mapping[str, object], kept: set[str], move: Callable[[str], str]
) -> dict[str, object]:
    if not params:
        return {}
    from cvkit.core.signature import operand_fields

    names = operand_fields(catalog.load(stage))
    return {
        key: _schemed(value, move)
        if python_name(key) in names and isinstance(value, str) and value not in kept
        else value
        for key, value in params.items()
    }


def path_of(text: str) -> str:
    """The path of a word that may have a scheme before it."""
    scheme = _SCHEME.match(text)
    return text[scheme.end() :] if scheme is not None and scheme[1] in _OF_PATHS else text


def _schemed(text: str, move: Callable[[str], str]) -> str:
    path = path_of(text)
    return text[: len(text) - len(path)] + move(path)


def _input(text: str, move: Callable[[str], str]) -> str:
    if text == "-":
        return text
    if text.startswith("@"):
        return f"@{move(text[1:])}"
    scheme = _SCHEME.match(text)
    if scheme is None:
        return move(text)
    return f"{scheme[0]}{move(text[scheme.end() :])}" if scheme[1] in _OF_PATHS else text


def _output(text: str, move: Callable[[str], str]) -> str:
    if text == "-" or text.endswith(":-"):
        return text
    named = _KEPT.fullmatch(text)
    if named:
        return f"{named[1]}={_output(named[2], move)}"
    scheme = _SCHEME.match(text)
    if scheme is not None:
        return f"{scheme[0]}{move(text[scheme.end() :])}" if scheme[1] in _OF_PATHS else text
    return move(text) + ("/" if text.endswith("/") else "")
