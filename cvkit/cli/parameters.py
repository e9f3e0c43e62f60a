"""What a model's fields are on the command line: flags, values and lists, with range and choices.

Read off the fields of a stage or of the run options, so that parser, help, completion and
reference say the same.
"""

from __future__ import annotations

import types
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from cvkit.core.names import cli_name, spec_name
from cvkit.core.stage import Asset, Operand, Stage
from cvkit.core.units import Box, Color, Point, Unit, number

Form = Literal["flag", "value", "many"]
Bounds = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One option: how it is typed and what it takes."""

    field: str
    name: str
    """As typed after `--`."""
    form: Form
    choices: tuple[str, ...]
    expects: str
    """What a value looks like, for people."""
    required: bool
    default: str
    """Empty where there is none to show."""
    separator: str = ","
    """What stands between the values of a list in one word."""
    free: bool = False
    """Any text will do."""

    @property
    def spec(self) -> str:
        return spec_name(self.field)

    @property
    def key(self) -> str:
        """As the reader names it: one spelling for `block-size` and `block_size`."""
        return self.name.replace("-", "_")

    def values(self, text: str) -> list[str]:
        """The values in one word of a list."""
        parts = text.split() if self.separator == " " else text.split(self.separator)
        return [p.strip() for p in parts if p.strip()]


@cache
def parameters(model: type[BaseModel]) -> dict[str, Parameter]:
    """Parameters by `key`, in the order of the fields."""
    listed = (_parameter(name, info) for name, info in model.model_fields.items())
    return {p.key: p for p in listed}


def required(model: type[BaseModel]) -> list[Parameter]:
    return [p for p in parameters(model).values() if p.required]


def bare_for(stage: type[Stage]) -> list[Parameter]:
    """What one bare word of a later step may stand for, where it is one."""
    return required(stage) or [p for p in parameters(stage).values() if p.field == stage.word]


def _parameter(field: str, info: FieldInfo) -> Parameter:
    members = _members(info.annotation, tuple(info.metadata))
    kinds = [kind for kind, _ in members]
    form: Form = "value"
    separator = ","
    if bool in kinds:
        form = "flag"
    elif any(_is_list(kind) for kind in kinds):
        form = "many"
        if any(_holds_commas(inner) for kind in kinds for inner in get_args(kind)):
            separator = " "
    words = ", ".join(_told(kind, bounds) for kind, bounds in members if _is_words(kind))
    told = dict.fromkeys(words if _is_words(kind) else _told(kind, b) for kind, b in members)
    return Parameter(
        field=field,
        name=cli_name(field),
        form=form,
        choices=tuple(choice for kind in kinds for choice in _choices(kind)),
        expects=", or ".join(filter(None, told)),
        required=info.is_required(),
        default="" if info.is_required() else shown(info.get_default(call_default_factory=False)),
        separator=separator,
        free=str in kinds,
    )


def shown(value: object) -> str:
    """A default as a person would type it."""
    if value is None or value == ():
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Enum):
        return shown(value.value)
    if isinstance(value, int | float):
        return number(value)
    if isinstance(value, tuple | list):
        gap = " " if any(isinstance(v, Point | Box | Color) for v in value) else ","
        return gap.join(shown(v) for v in value)
    return str(value)


def _members(hint: object, metadata: Bounds = ()) -> list[tuple[Any, Bounds]]:
    """The members of a union without None, each with the bounds that hold for it."""
    if get_origin(hint) is Annotated:
        kind, *bounds = get_args(hint)
        return _members(kind, (*metadata, *bounds))
    if get_origin(hint) in (Union, types.UnionType):
        return [member for part in get_args(hint) for member in _members(part, metadata)]
    return [] if hint is type(None) else [(hint, metadata)]


def _is_words(hint: object) -> bool:
    return get_origin(hint) is Literal


def _is_list(hint: object) -> bool:
    return get_origin(hint) in (tuple, list, frozenset)


def _holds_commas(hint: object) -> bool:
    return any(kind in (Point, Box, Color) for kind, _ in _members(hint))


def _choices(hint: object) -> tuple[str, ...]:
    if _is_words(hint):
        return tuple(str(v) for v in get_args(hint))
    if _is_list(hint):
        inner = [_choices(kind) for a in get_args(hint) for kind, _ in _members(a)]
        return inner[0] if inner else ()
    return ()


def _told(hint: object, metadata: Bounds) -> str:
    if hint is bool:
        return ""
    if _is_words(hint):
        return ", ".join(str(v) for v in get_args(hint))
    if _is_list(hint):
        return _told_list(hint)
    if get_origin(hint) is Operand:
        return "a FILE or a kept NAME"
    if hint is Asset:
        return "a FILE"
    if isinstance(hint, type) and issubclass(hint, Unit):
        return hint.expected
    if hint in (int, float):
        return f"{'a whole number' if hint is int else 'a number'}{_range(metadata)}"
    return "text"


def _told_list(hint: object) -> str:
    inner = [a for a in get_args(hint) if a is not Ellipsis]
    one = " or ".join(_told(kind, bounds) for kind, bounds in _members(inner[0]))
    gap = " " if _holds_commas(inner[0]) else ","
    if Ellipsis in get_args(hint) or get_origin(hint) is not tuple:
        between = "spaces" if gap == " " else "commas"
        return f"several with {between} between" + ("" if one == "text" else f": {one}")
    return f"{gap.join('ABCDEFGH'[: len(inner)])}, each {one}"


def _range(metadata: Bounds) -> str:
    bounds: dict[str, str] = {}
    for item in (
        deeper for outer in metadata for deeper in (*getattr(outer, "metadata", ()), outer)
    ):
        for word in ("ge", "gt", "le", "lt", "multiple_of"):
            value = getattr(item, word, None)
            if value is not None:
                bounds[word] = number(value)
    low = bounds.get("ge") or (f"over {bounds['gt']}" if "gt" in bounds else "")
    high = bounds.get("le") or (f"under {bounds['lt']}" if "lt" in bounds else "")
    step = f", a multiple of {bounds['multiple_of']}" if "multiple_of" in bounds else ""
    if low and high:
        return f", {low} to {high}{step}"
    if low:
        return f", {low}{step}" if low.startswith("over") else f", {low} or more{step}"
    return f", at most {high}{step}" if high else step
