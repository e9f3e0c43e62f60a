"""Labels as people give them: a list's name, a file, or the words themselves."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Sequence
from pathlib import Path

from cvkit.core.errors import MissingError, ParameterError
from cvkit.models.labels import HOME, NOTHING, labels

_MOST = 1 << 22
_USUAL = ("labels.txt", "classes.txt", "labelmap.txt", "coco.txt")
_SUFFIXES = (".txt", ".names", ".yaml", ".yml", ".json", ".labels", ".pbtxt", ".data")


def given(words: Sequence[str]) -> tuple[str, ...]:
    """Labels in class order from `coco80` (a list of this folder), a file, or `cat,dog`.

    A file has one label a line (with or without its number before it), or is a data set's YAML
    with `names`, a JSON list or table by number, or TensorFlow's label map. Raises MissingError
    where there is no such file, ParameterError where it holds no labels.
    """
    if len(words) != 1:
        return tuple(words)
    word = words[0]
    if re.fullmatch(r"[a-z0-9]+", word) and (HOME / f"{word}.txt").is_file():
        return labels(word)
    path = Path(word)
    if path.is_file():
        return from_file(path)
    if word in ("coco90", "coco91", "voc21"):
        return labels(word)
    if path.suffix.lower() in _SUFFIXES or "/" in word:
        raise MissingError(f"there is no file of labels {word}")
    return (word,)


def from_file(path: Path) -> tuple[str, ...]:
    """The labels in a file; see `given`."""
    with path.open("rb") as file:
        text = file.read(_MOST).decode("utf-8-sig", "replace")
    found = _parsed(path.suffix.lower(), text)
    if not found or "\0" in text:
        raise ParameterError(
            f"labels: {path} holds no labels",
            remedy="write one a line, in class order",
        )
    return found


def beside(model: Path, others: Sequence[str]) -> Path | None:
    """The file of labels that lies beside a network: of its own name, else the only `.names`; the
    usual names only where no other network (a file with one of the suffixes `others`) is there.
    """
    own = [model.with_suffix(suffix) for suffix in (".names", ".labels", ".txt")]
    found = [path for path in own if path.is_file()]
    if not found:
        found = list(model.parent.glob("*.names"))
        found = found if len(found) == 1 else []
    if not found and not _has_company(model, others):
        usual = [model.with_name(name) for name in _USUAL]
        found = [path for path in usual if path.is_file()]
    return found[0] if found else None


def _has_company(model: Path, suffixes: Sequence[str]) -> bool:
    """Whether a network of another name lies in the same folder."""
    return any(
        path.suffix.lower() in suffixes and path.stem != model.stem
        for path in model.parent.iterdir()
    )


def _parsed(suffix: str, text: str) -> tuple[str, ...]:
    if suffix == ".json":
        try:
            return _named(json.loads(text))
        except ValueError:
            return ()
    if suffix in (".yaml", ".yml"):
        return _yaml(text)
    if suffix == ".pbtxt" or re.search(r"^\s*item\s*\{", text, re.M):
        return _label_map(text)
    lines = [line.strip() for line in text.splitlines()]
    while lines and not lines[-1]:
        lines.pop()
    numbered = [re.fullmatch(r"(\d+)\s*[:,\s]\s*(\S.*)", line) for line in lines if line]
    if numbered and all(numbered):
        return _by_number({int(m[1]): m[2] for m in numbered if m})
    return tuple(line or NOTHING for line in lines)


def _yaml(text: str) -> tuple[str, ...]:
    import yaml

    try:
        return _named(yaml.safe_load(text))
    except (yaml.YAMLError, RecursionError):
        return ()


def _named(told: object) -> tuple[str, ...]:
    """A list, a table by number, or a table that has one of them as `names`."""
    if isinstance(told, dict) and "names" in told:
        told = told["names"]
    if isinstance(told, dict):
        if all(str(key).isdecimal() for key in told):
            return _by_number({int(key): str(value) for key, value in told.items()})
        return ()
    return tuple(map(str, told)) if isinstance(told, list) else ()


def _label_map(text: str) -> tuple[str, ...]:
    """TensorFlow's `item { id: 1 name: 'person' }`: ids start at 1, and some are left out."""
    found: dict[int, str] = {}
    for item in re.findall(r"item\s*\{(.*?)\}", text, re.S):
        number = re.search(r"\bid:\s*(\d+)", item)
        quoted = r""":\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""
        name = re.search(r"\bdisplay_name" + quoted, item) or re.search(r"\bname" + quoted, item)
        if number and name:
            found[int(number[1]) - 1] = str(ast.literal_eval(name[1]))
    return _by_number({n: name for n, name in found.items() if n >= 0})


def _by_number(names: dict[int, str]) -> tuple[str, ...]:
    if not names or max(names) >= 100_000:
        return ()
    return tuple(names.get(number, NOTHING) for number in range(max(names) + 1))
