"""Which layout a network has. A module of this folder is a layout: its `read` says how it would
read what was seen, or why it cannot.

Nothing is guessed in silence: what fits no layout, or more than one, is an error that lists what
was seen and the names that `--decoder` takes.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib import import_module

from cvkit.core.errors import InputError, ParameterError
from cvkit.core.warp import Array, Size
from cvkit.models.decode.end2end import finished
from cvkit.models.decode.layout import Layout, Seen
from cvkit.models.decode.naming import starts_with_background, without_background
from cvkit.models.network import Facts, Port

NAMES = (
    *("yolov8", "yolov5", "yolox", "end2end", "rtdetr", "darknet", "yolov1", "yolofastest"),
    *("fastestdet", "nanodet", "ssd", "ssdvgg", "efficientdet", "detr", "rfdetr"),
)
"""Every layout, by the name of its module."""

_ULTRALYTICS = ("yolov8", "yolov5", "end2end", "rtdetr")
"""What networks with ultralytics' metadata write: only these are imported for them."""

Probe = Callable[[], Sequence[Array]]
"""Runs the network on a flat picture."""


def choose(
    facts: Facts,
    size: Size | None,
    names: Sequence[str],
    probe: tuple[Size, Probe],
    decoder: str | None = None,
) -> Layout:
    """The layout of the network that `facts` describe.

    `size` (width, height) of its input where that is fixed, `names` its labels as far as known,
    `probe` a run over a flat picture and its size, made only where the file alone does not tell;
    `decoder` the layout's name where a person or a card says it.

    Raises ParameterError where it is none or several, or the one that was named does not fit.
    """
    if facts.task not in ("", "detect"):
        raise ParameterError(
            f"{facts.file} does not detect", why=f"its metadata says task {facts.task}"
        )
    if decoder == "yolov8" and finished(facts):
        decoder = "end2end"  # a family's card names the layout that its networks usually have
    if decoder is None and facts.format == "darknet":
        decoder = "darknet"  # OpenCV writes no other layout for it
    layouts = (checked(decoder),) if decoder else _ULTRALYTICS if facts.task else NAMES
    told = (len(without_background(names)), starts_with_background(names))
    seen = Seen(facts, _shapes(facts), size, *told, named=decoder is not None)
    fits, whys = _fits(seen, layouts)
    if len(fits) != 1:
        outputs = _tried(facts, probe[1])
        facts = _as_run(facts, outputs)
        seen = Seen(facts, _shapes(facts), probe[0], *told, outputs, decoder is not None)
        fits, whys = _fits(seen, layouts)
    if len(fits) == 1:
        return next(iter(fits.values()))
    if not fits and names:
        _check_number_of_names(seen, layouts, names)
    if decoder is not None:
        raise _refused(facts, told[0], f"as {decoder}: {whys[layouts[0]]}")
    if fits:
        several = " or ".join(fits)
        raise _refused(facts, told[0], "more than one fits", f"say which: --decoder {several}")
    raise _refused(facts, told[0], "none of those that it knows fits")


def checked(decoder: str) -> str:
    """The name of a layout; raises ParameterError, with the nearest one, on any other."""
    name = decoder.lower().replace("-", "").replace("_", "")
    for known in NAMES:
        if name == known.replace("_", ""):
            return known
    near = difflib.get_close_matches(decoder.lower(), NAMES, 1, 0.5)
    what = f"there are {', '.join(NAMES)}"
    raise ParameterError(
        f"there is no decoder {decoder!r}",
        remedy=f"did you mean {near[0]}? {what}" if near else what,
    )


def _fits(seen: Seen, names: Sequence[str]) -> tuple[dict[str, Layout], dict[str, str]]:
    """The layouts that can read what was seen, and why the others cannot."""
    fits: dict[str, Layout] = {}
    whys: dict[str, str] = {}
    for name in names:
        layout: Layout | str = import_module(f"{__package__}.{name}").read(seen)
        if isinstance(layout, str):
            whys[name] = layout
        else:
            fits[name] = layout
    return fits, whys


def _shapes(facts: Facts) -> tuple[tuple[int | None, ...], ...]:
    return tuple(port.shape for port in facts.outputs)


def _as_run(facts: Facts, outputs: Sequence[Array]) -> Facts:
    """The facts with the shapes that a run gave."""
    names = [port.name for port in facts.outputs]
    names += [""] * (len(outputs) - len(names))
    ports = (Port(n, str(o.dtype), o.shape) for n, o in zip(names, outputs, strict=False))
    return replace(facts, outputs=tuple(ports))


def _tried(facts: Facts, probe: Probe) -> tuple[Array, ...]:
    try:
        return tuple(probe())
    except InputError as error:
        raise ParameterError(
            f"{facts.file} has a layout that only a run can show, and it cannot be run",
            why=str(error),
        ) from error


def _check_number_of_names(seen: Seen, layouts: Sequence[str], names: Sequence[str]) -> None:
    """Raises ParameterError where a layout would fit if the names were not that many."""
    fits, _ = _fits(replace(seen, labels=0, background=False), layouts)
    known = {layout.classes for layout in fits.values()} - {None}
    if len(known) == 1:
        classes = known.pop()
        raise ParameterError(
            f"{seen.facts.file} has {classes} classes, and {len(names)} names are known",
            remedy=f"give {classes} --labels, in class order"
            + (", or another --decoder" if seen.named else ""),
        )


def _refused(facts: Facts, labels: int, why: str, remedy: str = "") -> ParameterError:
    names = f"{labels} names" if labels else "no names"
    layouts = f"how it writes it (--decoder {'|'.join(NAMES)})"
    what = layouts if labels else f"what it finds (--labels) or {layouts}"
    return ParameterError(
        f"{facts.file} has a layout that cvkit cannot decode",
        why=f"{why}; seen: {facts.ports()}, {names}",
        remedy=remedy or f"if it detects, say {what}",
    )
