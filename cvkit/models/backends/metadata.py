"""What exporters write beside a network: labels, task, stride and size of the input."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence

from cvkit.models.network import Facts, Port


def facts(
    file: str,
    inputs: Sequence[Port],
    outputs: Sequence[Port],
    metadata: Mapping[str, str],
    kind: str = "onnx",
) -> Facts:
    """With ultralytics' metadata, where there is some; what cannot be understood is left out."""
    stride = metadata.get("stride", "")
    return Facts(
        file=file,
        inputs=tuple(inputs),
        outputs=tuple(outputs),
        task=metadata.get("task", ""),
        names=names(metadata.get("names", "")),
        stride=int(stride) if stride.isdecimal() and 0 < int(stride) <= 256 else 32,
        imgsz=_size(metadata.get("imgsz", "")),
        metadata=metadata,
        format=kind,
    )


def from_yaml(text: str) -> dict[str, str]:
    """ultralytics' `metadata.yaml`, as the same metadata stands in an ONNX file."""
    import yaml

    try:
        told = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError):
        return {}
    return from_json(told)


def from_json(told: object) -> dict[str, str]:
    """The same of a mapping that was read; nothing where it is none."""
    if not isinstance(told, dict):
        return {}
    numbered = told.get("names")
    if isinstance(numbered, dict):  # JSON has made its numbers texts
        numbers = {int(k): v for k, v in numbered.items() if str(k).isdecimal()}
        told = {**told, "names": numbers}
    return {str(k): v if isinstance(v, str) else repr(v) for k, v in told.items()}


def names(text: str) -> tuple[str, ...]:
    """Labels in class order, from ultralytics' `{0: 'person', ...}` or a list; else none."""
    found = _literal(text)
    if isinstance(found, dict):
        if set(found) != set(range(len(found))):
            return ()
        found = [found[number] for number in range(len(found))]
    return tuple(str(name) for name in found) if isinstance(found, list | tuple) else ()


def _size(text: str) -> tuple[int, int] | None:
    """Width and height from `[height, width]` or one side."""
    value = _literal(text)
    sides = [value, value] if isinstance(value, int) else value
    match sides:
        case [int(height), int(width)] if 0 < height < 65536 and 0 < width < 65536:
            return (width, height)
    return None


def _literal(text: str) -> object:
    """The value of a Python literal, as ultralytics writes its metadata; None where it is none."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
