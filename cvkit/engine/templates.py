"""Templates of paths: `out/{stem}_{index:05d}.png`, filled by an input and then by its frames.

A template is text for `str.format` at every stage of its life, so a brace that belongs to a name
is doubled, and a path without fields is still asked for by `whole`.
"""

from __future__ import annotations

import re
import string
from collections.abc import Mapping

from cvkit.core.errors import UsageError

OF_ITEM = ("dir", "stem", "name", "suffix", "step")
OF_FRAME = ("index", "time", "label", "id")
FIRST: dict[str, object] = {"index": 0, "time": 0.0, "label": "none", "id": "none"}
"""What a still without several results fills in."""
_WIDEST = 255
_PRINTF = re.compile(r"%%(?=\d*d)|%(\d*)d")


def checked(template: str) -> str:
    """The template, numbers as printf has them (`f_%05d.png`) written as `{index:05d}`; `%%05d`
    is the text `%05d`.

    Raises UsageError where it has a field that does not exist, or a format that does not fit its
    field.
    """
    template = _PRINTF.sub(
        lambda found: "%" if found[0] == "%%" else f"{{index:{found[1]}d}}", template
    )
    sample = {**FIRST, **dict.fromkeys(OF_ITEM, "a")}
    for _, field, form, conversion in _parts(template):
        if field is None:
            continue
        if field not in sample:
            listed = ", ".join((*OF_ITEM, *OF_FRAME))
            raise UsageError(
                f"-o {template}: there is no {{{field}}}", remedy=f"fields are {listed}"
            )
        if conversion or "{" in (form or ""):
            raise UsageError(f"-o {template}: {{{field}}} takes a width like {{index:05d}} only")
        try:
            wide = any(int(n) > _WIDEST for n in re.findall(r"\d+", form or ""))
            if wide or "\0" in format(sample[field], form or ""):
                raise ValueError("it is too wide")
        except ValueError as error:
            raise UsageError(
                f"-o {template}: {{{field}:{form}}} cannot be filled", why=str(error).lower()
            ) from error
    return template


def fields(template: str) -> set[str]:
    """The names of its fields."""
    return {field for _, field, _, _ in _parts(template) if field is not None}


def escaped(text: str) -> str:
    """Text that stands for itself in a template."""
    return text.replace("{", "{{").replace("}", "}}")


def filled(template: str, values: Mapping[str, object]) -> str:
    """The template with these fields filled; the others stay."""
    out = []
    for literal, field, form, _ in _parts(template):
        out.append(escaped(literal))
        if field is None:
            continue
        if field in values:
            out.append(escaped(format(values[field], form or "")))
        else:
            out.append("{" + field + (f":{form}" if form else "") + "}")
    return "".join(out)


def whole(template: str, values: Mapping[str, object] | None = None) -> str:
    """The path, all fields filled."""
    return template.format_map(values or {})


def per_frame(template: str) -> bool:
    """Whether frames decide the path."""
    return not fields(template).isdisjoint(OF_FRAME)


def _parts(template: str) -> list[tuple[str, str | None, str | None, str | None]]:
    try:
        return list(string.Formatter().parse(template))
    except ValueError as error:
        raise UsageError(f"-o {template}: {error}") from error
