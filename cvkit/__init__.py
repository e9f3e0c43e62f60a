"""Computer vision, each operation once: a command, a step of a chain and a Python class.

`cvkit.Threshold(method="otsu")(array)` applies a stage, `cvkit.open("a.jpg")` reads a picture or a
video, `cvkit.Pipeline([...])` runs a chain as the command line does. Names are imported when used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cvkit.core import calling

if TYPE_CHECKING:
    from collections.abc import Callable

__version__ = "0.1.0"

_PYTHON = ("open", "Pipeline")


def __getattr__(name: str) -> object:
    if name.startswith("__"):
        raise AttributeError(name)
    if name in _PYTHON:
        import importlib

        return getattr(importlib.import_module("cvkit.engine.python"), name)
    from cvkit.core import catalog
    from cvkit.core.names import class_name

    for stage in catalog.names():
        if class_name(stage) == name:
            found = globals()[name] = catalog.load(stage)
            return found
    raise AttributeError(f"cvkit has no {name}; cvkit.__dir__() lists what it has")


def __dir__() -> list[str]:
    from cvkit.core import catalog
    from cvkit.core.names import class_name

    return sorted({"__version__", *_PYTHON, *map(class_name, catalog.names())})


def _call() -> Callable[..., object]:
    import importlib

    call: Callable[..., object] = importlib.import_module("cvkit.engine.python").call
    return call


calling.hand(_call)
