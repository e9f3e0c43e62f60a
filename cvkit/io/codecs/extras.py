"""Packages that a user adds for some formats: asked for by one line, imported when first needed."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

from cvkit.core.errors import MissingError
from cvkit.io.codecs.formats import FORMATS

MODULES = {
    "heic": ("pillow_heif", "pillow-heif"),
    "jxl": ("pylibjxl", "pylibjxl"),
    "pdf": ("pypdfium2", "pypdfium2"),
    "raw": ("rawpy", "rawpy"),
    "svg": ("resvg_py", "resvg-py"),
}
"""What is imported and what is installed, by the extra of cvkit-cli that brings it."""


def there(extra: str) -> bool:
    """Whether it is installed; nothing is imported."""
    return find_spec(MODULES[extra][0]) is not None


def install(extra: str) -> str:
    """The line that adds it."""
    return f'pip install "cvkit-cli[{extra}]"'


def require(fmt: str) -> None:
    """Raises MissingError where the format needs what is not installed."""
    row = FORMATS[fmt]
    if row.extra and not there(row.extra):
        raise MissingError(
            f"{row.title} pictures need {MODULES[row.extra][1]}", remedy=install(row.extra)
        )


def load(fmt: str) -> ModuleType:
    """The package that reads the format. Raises MissingError where it is not there, or broken."""
    require(fmt)
    row = FORMATS[fmt]
    module, package = MODULES[row.extra]
    try:
        return import_module(module)
    except ImportError as error:
        raise MissingError(
            f"{package}, which reads {row.title} pictures, cannot be imported",
            why=str(error).partition("\n")[0],
            remedy=install(row.extra).replace("install", "install --force-reinstall"),
        ) from error
