"""Names: `-` on the command line, `_` in specs and files, and what Python reserves."""

from __future__ import annotations

import keyword


def python_name(name: str) -> str:
    """`block-size` or `with` → `block_size`, `with_`: the field."""
    plain = name.replace("-", "_")
    return plain + "_" if keyword.iskeyword(plain) else plain


def spec_name(field: str) -> str:
    """`with_` → `with`; `block_size` stays."""
    return field[:-1] if field.endswith("_") and keyword.iskeyword(field[:-1]) else field


def cli_name(field: str) -> str:
    """`block_size` → `block-size`, `with_` → `with`."""
    return spec_name(field).replace("_", "-")


def class_name(stage: str) -> str:
    """`dominant-colors` → `DominantColors`."""
    return "".join(part.capitalize() for part in stage.replace("_", "-").split("-"))
