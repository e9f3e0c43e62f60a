"""The inputs of a run as one film: of files one item, of a frame stream its frames in a row."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import chain
from typing import TYPE_CHECKING

from cvkit.core.errors import InputError
from cvkit.core.frame import Frame
from cvkit.core.spec import Spec
from cvkit.engine.report import Item

if TYPE_CHECKING:
    from cvkit.core.time import Time
    from cvkit.engine.upstream import Upstream
    from cvkit.io.codecs.asked import Asked
    from cvkit.io.sources.opening import Moving
    from cvkit.io.stream import Head


def joined(items: list[Item], spec: Spec) -> Item:
    """The inputs as one that moves, called after their folder or after the step that joins."""
    folder = spec.inputs[0] if len(spec.inputs) == 1 and os.path.isdir(spec.inputs[0]) else ""
    stem = os.path.basename(os.path.abspath(folder)) if folder else spec.steps[0].stage
    name = stem + _suffix(items[0].name, moving=items[0].moving)
    return Item(0, name, items[0].path, True, parts=tuple(items))


def opened(item: Item, still: Fraction | None, asked: Asked) -> Moving:
    """An input that moves, or several that were joined.

    Raises DamagedError or InputError where one cannot be opened.
    """
    from cvkit.io.sources.opening import open_moving

    if not item.parts:
        return open_moving(item.path, asked)
    from cvkit.io.sources.joined import Joined, Part

    parts = [Part(one.name, one.path, one.moving, one.pages) for one in item.parts]
    return Joined(parts, still or Fraction(0), asked)


def streamed(upstream: Upstream, still: Fraction, spec: Spec) -> tuple[Item, Head, Iterator[Frame]]:
    """All items of a frame stream as one; a picture is shown for `still` seconds. The head still
    names the first one's sound, whose end comes too early for that of the next to follow.

    Raises InputError where there is none. So does iterating, where one failed upstream.
    """
    from cvkit.io.sources.joined import RATE, Timeline

    items = upstream.each()
    first = next(items, None)
    if first is None:
        raise InputError("there is nothing to join", remedy="look at the command before the pipe")
    known = first[0].head
    rate = known.rate or RATE if known.moving else RATE
    name = spec.steps[0].stage + _suffix(known.name, moving=known.moving)
    head = replace(known, name=name, moving=True, rate=rate, metadata=())

    def flowing() -> Iterator[Frame]:
        line, number = Timeline(), 0
        for found, frames in chain([first], items):
            if found.error is not None:
                raise InputError(found.error)
            if found.head.moving:
                line.begin(found.head.rate)
            for frame in frames:
                shown: Iterable[Time] = line.still(still, rate)
                if found.head.moving:
                    shown = [line.at(frame.time)]
                for time in shown:
                    yield replace(frame, index=number, time=time)
                    number += 1

    return Item(0, name, name, True), head, flowing()


def _suffix(name: str, *, moving: bool) -> str:
    return (os.path.splitext(name)[1] if moving else "") or ".mp4"
