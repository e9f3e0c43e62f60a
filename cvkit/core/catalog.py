"""Catalogue of stages: names, topics and summaries, read as text; a stage is imported when used.

A stage's name is its file's, its topic its folder's, its summary the first line of its module's
docstring. Other packages add stages by the entry point `cvkit.stages`; what they add is found
without importing them, and the scan is kept until a folder of `sys.path` changes.
"""

from __future__ import annotations

import ast
import importlib
import os
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from cvkit.core.errors import MissingError, ParameterError, UsageError
from cvkit.core.names import class_name, cli_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cvkit.core.stage import Stage

STAGES = Path(__file__).parent.parent / "stages"
RESERVED = frozenset(
    "run convert show info evaluate stages models verify status samples doctor schema help "
    "completion".split()
)
"""Names of commands, which no stage may have."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a stage is, and what is said of it in lists. `distribution` is empty for ours."""

    name: str
    topic: str
    module: str
    attribute: str
    file: str
    distribution: str = ""

    @property
    def summary(self) -> str:
        return _first_line(self.file)


def entry(name: str) -> Entry:
    """Raises UsageError, with the nearest names, where there is no such stage."""
    wanted = name.replace("_", "-").lower()
    found = _own().get(wanted) or _others().get(wanted)
    if found is None:
        import difflib

        near = difflib.get_close_matches(wanted, names(), 3, 0.55)
        hint = f"did you mean {' or '.join(near)}?" if near else "see cvkit stages"
        raise UsageError(f"there is no stage {name!r}", remedy=hint)
    return found


def is_stage(name: str) -> bool:
    wanted = name.replace("_", "-").lower()
    return wanted in _own() or wanted in _others()


def names() -> tuple[str, ...]:
    """Every stage's name as typed, ours first, then those of other packages."""
    return (*_own(), *(n for n in _others() if n not in _own()))


def topics() -> dict[str, list[Entry]]:
    """Entries by topic, both in the order of the alphabet."""
    groups: dict[str, list[Entry]] = {}
    for name in names():
        found = entry(name)
        groups.setdefault(found.topic, []).append(found)
    return {topic: groups[topic] for topic in sorted(groups)}


@cache
def load(name: str) -> type[Stage]:
    """The stage's class; imports its file and no other stage's.

    Raises MissingError naming the stage and its distribution where the file cannot be imported.
    """
    found = entry(name)
    try:
        made = getattr(importlib.import_module(found.module), found.attribute)
    except Exception as error:
        whose = f" of {found.distribution}" if found.distribution else ""
        raise MissingError(
            f"the stage {found.name}{whose} cannot be loaded",
            why=f"{type(error).__name__}: {error}",
            remedy=f"reinstall {found.distribution}" if found.distribution else "",
        ) from error
    stage: type[Stage] = made
    return stage


def make(name: str, params: Mapping[str, object]) -> Stage:
    """The stage with these parameters, by spec or command-line name; values may be text."""
    return load(name)(**dict(params))


def page(name: str) -> str:
    """The module's docstring: the reference page."""
    tree = ast.parse(Path(entry(name).file).read_text(encoding="utf-8"))
    return ast.get_docstring(tree) or ""


def examples(name: str) -> list[str]:
    """The commands after `Example:` in the docstring; one may go on in the next lines."""
    paragraphs = [" ".join(p.split()) for p in page(name).split("\n\n")]
    parts = [p.split("Example:")[1:] for p in paragraphs if p.startswith("Example:")]
    return [line.strip() for lines in parts for line in lines]


def example(name: str) -> str:
    """The first example, or nothing."""
    return next(iter(examples(name)), "")


@cache
def field_docs(cls: type[Stage]) -> dict[str, str]:
    """The string under each field, by field name."""
    docs: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        file = getattr(sys.modules.get(base.__module__), "__file__", None)
        if file is None or base.__module__ in ("builtins", "pydantic.main"):
            continue
        for node in ast.walk(ast.parse(Path(file).read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef) and node.name == base.__name__:
                docs.update(_strings_under(node))
    return {field: docs.get(field, "") for field in cls.model_fields}


def _strings_under(node: ast.ClassDef) -> dict[str, str]:
    docs: dict[str, str] = {}
    for above, below in zip(node.body, node.body[1:], strict=False):
        if not (isinstance(above, ast.AnnAssign) and isinstance(above.target, ast.Name)):
            continue
        if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
            docs[above.target.id] = " ".join(str(below.value.value).split())
    return docs


@cache
def _own() -> dict[str, Entry]:
    found: dict[str, Entry] = {}
    with os.scandir(STAGES) as folders:
        topics = sorted(f.name for f in folders if f.is_dir() and f.name[0] not in "_.")
    for topic in topics:
        for file in sorted(os.listdir(STAGES / topic)):
            if file.endswith(".py") and not file.startswith("_"):
                stem = file[:-3]
                name = cli_name(stem)
                if name in found or name in RESERVED:
                    raise ParameterError(f"two things are called {name}")
                module = f"cvkit.stages.{topic}.{stem}"
                path = f"{STAGES}/{topic}/{file}"
                found[name] = Entry(name, topic, module, class_name(stem), path)
    return dict(sorted(found.items()))


@cache
def _others() -> dict[str, Entry]:
    """Stages of other packages; the scan of their metadata is kept in the user's cache folder."""
    import json

    key = [[p, _changed(p)] for p in sys.path if p and os.path.isdir(p)]
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "cvkit"
    file = folder / "stages.json"
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
        if kept["key"] == key:
            return {row[0]: Entry(*row) for row in kept["stages"]}
    except (OSError, ValueError, KeyError, TypeError):
        pass
    rows = _scan()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        temporary = file.with_name(f".{os.getpid()}.json")
        temporary.write_text(json.dumps({"key": key, "stages": rows}), encoding="utf-8")
        temporary.replace(file)
    except OSError:
        pass  # without a cache the scan is only slower
    return {row[0]: Entry(*row) for row in rows}


def _changed(folder: str) -> int:
    try:
        return os.stat(folder).st_mtime_ns
    except OSError:
        return 0


def _scan() -> list[tuple[str, str, str, str, str, str]]:
    from importlib.metadata import distributions

    rows = []
    for distribution in distributions():
        who = distribution.metadata["Name"] or "?"
        for point in distribution.entry_points:
            if point.group != "cvkit.stages":
                continue
            name = point.name.replace("_", "-").lower()
            if name in _own() or name in RESERVED:
                continue
            file = _file_of(point.module, distribution.locate_file(""))
            rows.append((name, who, point.module, point.attr or class_name(name), file, who))
    return sorted(rows)


def _file_of(module: str, root: object) -> str:
    """Where the module's source is, found without importing it or its packages."""
    relative = module.replace(".", "/")
    for base in (str(root), *sys.path):
        for path in (f"{base}/{relative}.py", f"{base}/{relative}/__init__.py"):
            if os.path.isfile(path):
                return os.path.abspath(path)
    return ""


def _first_line(file: str) -> str:
    """The docstring's first line, without parsing the whole file."""
    try:
        with open(file, encoding="utf-8") as source:
            head = source.read(400)
    except OSError:
        return "(its file cannot be found)"
    _, quotes, rest = head.partition('"""')
    return rest.partition("\n")[0].removesuffix('"""').strip() if quotes else ""
