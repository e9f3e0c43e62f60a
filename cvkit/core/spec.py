"""Spec: a chain with its inputs, outputs and run options, however it was written.

Canonical form: names with `_`, values as the model holds them, parameters equal to their default
left out, keys sorted, nothing that the plan adds. It can be saved, hashed and compared. A spec
names stages, never Python paths.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from cvkit.core import catalog, spec_paths
from cvkit.core.errors import InputError, UsageError
from cvkit.core.names import spec_name
from cvkit.core.options import RunOptions

VERSION = 1
MAX_BYTES = 1 << 20
_KEYS = ("cvkit", "inputs", "outputs", "run", "steps")


@dataclass(frozen=True)
class Step:
    """One stage with the parameters that were given, by spec name; values may still be text."""

    stage: str
    params: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Spec:
    """`run` holds run options by spec name, as text or as the model holds them."""

    steps: tuple[Step, ...] = ()
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    run: Mapping[str, object] = field(default_factory=dict)

    def canonical(self) -> dict[str, Any]:
        """Raises ParameterError where a stage or the run refuses its parameters."""
        steps: list[Any] = []
        for step in self.steps:
            changed = catalog.make(step.stage, step.params).canonical()
            name = step.stage.replace("-", "_")
            steps.append({name: changed} if changed else name)
        out: dict[str, Any] = {"cvkit": VERSION, "steps": steps}
        for key in ("inputs", "outputs"):
            if getattr(self, key):
                out[key] = list(getattr(self, key))
        options = RunOptions.model_validate(dict(self.run))
        run = options.model_dump(mode="json", exclude_defaults=True)
        if run:
            out["run"] = {key: run[key] for key in sorted(run)}
        return out

    def digest(self) -> str:
        """sha256 of the canonical steps and run options."""
        import hashlib

        kept = {k: v for k, v in self.canonical().items() if k in ("cvkit", "steps", "run")}
        text = json.dumps(kept, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def with_set(self, assignments: tuple[str, ...]) -> Spec:
        """With `STEP.PARAM=VALUE` applied; STEP is a stage's name or a number from 1."""
        steps = list(self.steps)
        for text in assignments:
            target, equals, value = text.partition("=")
            step, dot, param = target.partition(".")
            if not (equals and dot and param):
                raise UsageError(f"--set takes STEP.PARAM=VALUE, got {text!r}")
            at = _which(step, steps)
            name = spec_name(param.replace("-", "_"))
            steps[at] = replace(steps[at], params={**steps[at].params, name: value})
        return replace(self, steps=tuple(steps))


def _which(step: str, steps: list[Step]) -> int:
    if step.isdigit() and 1 <= int(step) <= len(steps):
        return int(step) - 1
    wanted = step.replace("_", "-")
    found = [i for i, s in enumerate(steps) if s.stage.replace("_", "-") == wanted]
    if len(found) == 1:
        return found[0]
    listed = ", ".join(f"{i} {s.stage}" for i, s in enumerate(steps, 1))
    why = "several steps have that name" if found else "there is no such step"
    raise UsageError(f"--set {step}: {why}", remedy=f"the steps are {listed}")


def to_yaml(spec: Spec) -> str:
    """The canonical form as YAML."""
    import yaml

    text: str = yaml.safe_dump(spec.canonical(), sort_keys=False, allow_unicode=True, width=100)
    return text


def read_spec(path: Path) -> Spec:
    """The spec in a file; inputs, outputs and operands that it names lie below its folder."""
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise InputError(f"{path} cannot be read", why=error.strerror or str(error)) from error
    if len(data) > MAX_BYTES:
        raise UsageError(f"{path} is over {MAX_BYTES >> 20} MiB", why="that is no spec")
    try:
        return from_yaml(data.decode("utf-8"), path.parent)
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is no spec", why="it is not text") from error
    except UsageError as error:
        raise error.about(str(path)) from error


def from_yaml(text: str, folder: Path | None = None) -> Spec:
    """Parse; every scalar is text. Raises UsageError that says where and what."""
    document = _parsed(text)
    if not isinstance(document, dict):
        raise UsageError("a spec is a mapping with cvkit: 1 and steps:")
    unknown = [k for k in document if k not in _KEYS]
    if unknown:
        raise UsageError(f"a spec has no {unknown[0]!r}", remedy=f"it has {', '.join(_KEYS)}")
    if document.get("cvkit") != str(VERSION):
        raise UsageError("a spec begins with cvkit: 1", why=f"got {document.get('cvkit')!r}")
    run = document.get("run") or {}
    if not isinstance(run, dict):
        raise UsageError("run: is a mapping of run options")
    steps = tuple(_step(s, i) for i, s in enumerate(_list(document, "steps"), 1))
    inputs, outputs = (
        tuple(_text(v, key) for v in _list(document, key)) for key in ("inputs", "outputs")
    )
    options = {spec_name(str(k).replace("-", "_")): v for k, v in run.items()}
    spec = Spec(steps, inputs, outputs, options)
    return spec if folder is None else spec_paths.resolved(spec, folder)


def _parsed(text: str) -> object:
    import yaml

    class Text(yaml.SafeLoader):
        """Every scalar is text; no tags, no aliases."""

        def compose_node(self, parent: Any, index: Any) -> Any:
            if self.check_event(yaml.AliasEvent):
                raise UsageError("a spec has no aliases")
            if getattr(self.peek_event(), "tag", None):  # type: ignore[no-untyped-call]
                raise UsageError("a spec has no tags")
            return super().compose_node(parent, index)

        def construct_mapping(self, node: Any, deep: bool = False) -> Any:  # noqa: FBT001
            names = [self.construct_object(k, deep=True) for k, _ in node.value]
            twice = next((n for n in names if names.count(n) > 1), None)
            if twice is not None:
                raise UsageError(f"{twice!r} stands twice in one mapping")
            return super().construct_mapping(node, deep)

    Text.yaml_implicit_resolvers = {}
    try:
        return yaml.load(text, Text)  # noqa: S506 - a SafeLoader without types
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "it is nested too deep"
        raise UsageError(f"the spec is no YAML{where}", why=str(problem)) from error


def _step(value: object, number: int) -> Step:
    if isinstance(value, str):
        return Step(catalog.entry(value).name)
    if not isinstance(value, dict) or len(value) != 1:
        raise UsageError(f"step {number} is a stage's name, or one name with its parameters")
    ((name, params),) = value.items()
    name = catalog.entry(str(name)).name
    if params in (None, ""):
        return Step(name)
    if not isinstance(params, dict):
        raise UsageError(f"step {number} ({name}): parameters are a mapping, got {params!r}")
    named = {spec_name(str(k).replace("-", "_")): v for k, v in params.items()}
    return Step(name, named)


def _list(document: Mapping[str, object], key: str) -> list[object]:
    value = document.get(key) or []
    if isinstance(value, str):
        return [value]
    if not isinstance(value, list):
        raise UsageError(f"{key}: is a list")
    return value


def _text(value: object, key: str) -> str:
    if not isinstance(value, str):
        raise UsageError(f"{key}: holds names, got {value!r}")
    return value
