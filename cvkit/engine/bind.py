"""Bound steps: a stage with what it takes from a frame, and its application to frames."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from cvkit.core.errors import ChainError, CvkitError, InputError, InternalError
from cvkit.core.frame import Frame
from cvkit.core.grid import Grid
from cvkit.core.signature import declared, operand_fields
from cvkit.core.spool import Spool
from cvkit.core.stage import Signature, Stage, Take
from cvkit.core.units import Level
from cvkit.core.values import (
    DEPTHS,
    KINDS,
    Image,
    Kind,
    Mask,
    Objects,
    Raster,
    Value,
    at_depth,
    eight_bit,
    frozen,
)
from cvkit.core.warp import Array, Warp

Operands = Mapping[str, "object"]
_NAMED = {"uint8": "8", "uint16": "16", "float32": "float"}
"""Depths as `bit-depth` spells them."""


@dataclass(frozen=True, eq=False)
class Bound:
    """One step of a plan. `given` are the kinds it adds, None for a warp or whole frames."""

    name: str
    stage: Stage
    number: int
    """From 1 as in the spec; 0 for what the plan added."""
    given: tuple[Kind, ...] = ()
    why: str = ""
    """Why the plan added it."""
    operands: Mapping[str, object] = field(default_factory=dict)
    """Loaded files by field; kept names are looked up in the frame."""
    keeps_photo: bool = True
    """Whether a later step or output asks for the photograph."""

    @cached_property
    def sig(self) -> Signature:
        return declared(self.stage)

    @cached_property
    def _levels(self) -> dict[str, Level]:
        """Levels in the picture's own units, by field."""
        values = ((name, getattr(self.stage, name)) for name in type(self.stage).model_fields)
        return {k: v for k, v in values if isinstance(v, Level) and v.unit != "%"}

    @cached_property
    def opens(self) -> bool:
        return hasattr(type(self.stage), "open")

    @cached_property
    def serial(self) -> bool:
        return hasattr(type(self.stage), "start")

    @cached_property
    def gathers(self) -> bool:
        return hasattr(type(self.stage), "gather")

    @property
    def several(self) -> bool:
        """Whether one frame may become several results."""
        said = self.stage.several()
        return self.sig.yields and "frame" not in self.sig.gives if said is None else said

    @property
    def label(self) -> str:
        return f"stage {self.name}"

    def frames(self, frame: Frame, resource: object, state: object = None) -> list[Frame]:
        """What becomes of this frame: usually one frame; errors name the stage."""
        try:
            return list(self._frames(frame, resource, state))
        except CvkitError as error:
            raise error.about(self.label) from error
        except Exception as error:
            raise translated(error, self.label) from error

    def batch(self, frames: list[Frame], resource: object) -> list[Frame]:
        """The same for several frames at once, where `apply` takes a list."""
        try:
            takes = [self._arguments(f, resource, None) for f in frames]
            name = next(t.name for t in self.sig.takes if t.word not in ("resource", "state"))
            arguments = {**takes[0], name: [a[name] for a in takes]}
            results = self.stage.apply(**arguments)  # type: ignore[attr-defined]
            return [self._put(f, r) for f, r in zip(frames, results, strict=True)]
        except CvkitError as error:
            raise error.about(self.label) from error
        except Exception as error:
            raise translated(error, self.label) from error

    def _frames(self, frame: Frame, resource: object, state: object) -> Iterator[Frame]:
        if self.sig.batched:
            yield from self.batch([frame], resource)
            return
        stage = self._at_depth(frame)
        arguments = self._arguments(frame, resource, state)
        result = stage.apply(**arguments)  # type: ignore[attr-defined]
        if result is None and (self.sig.drops or self.sig.gives == ()):
            return
        if self.sig.yields:
            yield from (self._put(frame, r) for r in result)
        else:
            yield self._put(frame, result)

    def start(self, spool: Spool | None = None) -> object:
        """The state of one stream; None for a stage without."""
        if not self.serial:
            return None
        given = (spool,) if self.stage.spools else ()
        return self.stage.start(*given)  # type: ignore[attr-defined]

    def flush(self, state: object) -> Iterator[Frame]:
        """What the state still held back, one at a time."""
        flush = getattr(self.stage, "flush", None)
        if flush is None:
            return
        try:
            for frame in flush(state):
                yield self._pruned(frame)
        except CvkitError as error:
            raise error.about(self.label) from error
        except Exception as error:
            raise translated(error, self.label) from error

    # What goes in

    def _arguments(self, frame: Frame, resource: object, state: object) -> dict[str, Any]:
        arguments = {}
        for take in self.sig.takes:
            if take.word == "resource":
                arguments[take.name] = resource
            elif take.word == "state":
                arguments[take.name] = state
            elif take.word == "operand":
                arguments[take.name] = self._operand(take.name, frame)
            else:
                arguments[take.name] = self._taken(take, frame)
        return arguments

    def _taken(self, take: Take, frame: Frame) -> object:
        word = take.word
        if word in ("size", "time"):
            return getattr(frame, word)
        if word == "frame":
            return frame
        if word == "marks":
            return frame.marks
        if word == "photo":
            photo = frame.photo
            return None if photo is None else self._ready(eight_bit(photo.bgr))
        if word in ("picture", "layer", "gray", "mask", "labels", "depth", "flow"):
            raster = frame.raster
            if raster is None:
                raise ChainError(f"there is no picture for {self.name}")
            return self._ready(self._seen(raster, word))
        return frame.get(KINDS[word])

    def _seen(self, raster: Raster, word: str) -> Array:
        if not isinstance(raster, Image):
            return raster.array
        array = raster.gray if word == "gray" else raster.array
        if word == "layer":
            array = layered(raster)
        if raster.depth in self.stage.depths:
            return array
        if Image in self.given or (word == "picture" and not self.given):
            can = sorted(self.stage.depths, key=list(DEPTHS).index)
            raise InputError(
                f"{self.name} gives a picture of the depth it is given, and takes {', '.join(can)}",
                why=f"this one is {array.dtype.name}",
                remedy=f"put bit-depth --to {_NAMED[can[0]]} before it",
            )
        return eight_bit(array)

    def _at_depth(self, frame: Frame) -> Stage:
        """The stage with levels as its picture has them: scaled with the 8-bit view."""
        levels = self._levels
        raster = frame.raster if levels else None
        if not isinstance(raster, Image) or raster.depth in self.stage.depths:
            return self.stage
        factor = DEPTHS["uint8"] / DEPTHS[raster.depth]
        return self.stage.model_copy(update={k: v.scaled(factor) for k, v in levels.items()})

    def _ready(self, array: Array) -> Array:
        return array.copy() if self.stage.writable else array

    def _operand(self, name: str, frame: Frame) -> object:
        text = getattr(self.stage, name)
        if text is None:
            return None
        loaded = self.operands.get(name)
        if loaded is None:
            kept = frame.kept.get(text)
            if kept is None:
                raise ChainError(f"nothing was kept as {text!r}")
            loaded = kept
        if callable(loaded):  # found anew for each frame
            loaded = loaded(frame)
        if isinstance(loaded, Raster):
            word = operand_fields(type(self.stage))[name]
            if word == "layer":
                return self._ready(layered(loaded))
            _one_grid(self.name, text, loaded, frame, kept=name not in self.operands)
            if isinstance(loaded, Image) and word == "mask":
                return self._ready(eight_bit(loaded.gray))
            return self._ready(loaded.array)
        return loaded

    # What comes out

    def _put(self, frame: Frame, result: object) -> Frame:
        if isinstance(result, Frame):
            return self._pruned(result)
        if isinstance(result, Warp):
            if result.before != frame.size:
                raise InternalError(f"{self.name} moves {result.before}, the frame is {frame.size}")
            return self._pruned(frame.moved(result))
        if self.sig.several:
            if not isinstance(result, tuple) or len(result) != len(self.given):
                raise InternalError(f"{self.name} gives {len(self.given)} values")
            for word, kind, one in zip(self.sig.gives, self.given, result, strict=True):
                frame = self._added(frame, one, kind, word)
            return self._pruned(frame)
        word = self.sig.gives[0] if len(self.sig.gives) == 1 else ""
        return self._pruned(self._added(frame, result, self.given[0], word))

    def _added(self, frame: Frame, result: object, kind: Kind, word: str) -> Frame:
        value = _value(result, kind, frame, self.name)
        if isinstance(value, Objects):
            steps = value.step or (self.name,) * len(value)
            value = replace(value, step=steps)
            if word == "found":
                return frame.found(value)
        return frame.put(value)

    def _pruned(self, frame: Frame) -> Frame:
        """Without rasters that nobody can ask for any more."""
        last = frame.raster
        kept = tuple(
            v
            for v in frame.values
            if not isinstance(v, Raster) or v is last or (self.keeps_photo and type(v) is Image)
        )
        return frame if len(kept) == len(frame.values) else replace(frame, values=kept)


def _value(result: object, kind: Kind, frame: Frame, name: str) -> Value:
    """The result as a value of the declared kind on the frame's grid."""
    if isinstance(result, np.ndarray):
        before = frame.raster
        if not issubclass(kind, Raster):
            raise InternalError(f"{name} gave an array where it gives {kind.__name__}")
        if kind is Image:
            alpha = before.alpha if isinstance(before, Image) else None
            if alpha is not None and alpha.shape == result.shape[:2]:
                alpha = at_depth(alpha, result.dtype.name)
            else:
                alpha = None
            made: Raster = Image.of(result, _grid(result, frame), alpha)
        elif kind is Mask:
            binary = isinstance(before, Mask) and before.binary and _two_levels(result)
            made = Mask.of(result, _grid(result, frame), binary=binary)
        else:
            made = kind.of(result)
    elif type(result) is kind:
        made = result  # type: ignore[assignment]
    else:
        raise InternalError(f"{name} gave {type(result).__name__} where it gives {kind.__name__}")
    if isinstance(made, Raster):
        size = (made.array.shape[1], made.array.shape[0])
        if size != frame.size:
            raise InternalError(
                f"{name} gave {size[0]}×{size[1]} in a frame of {frame.size[0]}×{frame.size[1]};"
                " only a warp changes the size"
            )
    own = getattr(made, "grid", None)
    if own is frame.grid:
        return made  # type: ignore[return-value]
    if own is not None and own.size == frame.grid.size and not own.steps:
        return replace(made, grid=frame.grid)  # type: ignore[return-value]
    return made  # type: ignore[return-value]


def layered(raster: Raster) -> Array:
    """(h, w), (h, w, 3) or, where it has alpha, (h, w, 4) BGRA; read-only."""
    if isinstance(raster, Image) and raster.alpha is not None:
        return frozen(np.dstack([raster.bgr, raster.alpha]))
    return raster.array


def _two_levels(array: Array) -> bool:
    return array.dtype == np.bool_ or np.count_nonzero(array) == np.count_nonzero(array == 255)


def _grid(array: Array, frame: Frame) -> Grid | None:
    """The frame's grid where the array fits it; else its own, which is then refused."""
    return frame.grid if array.shape[1::-1] == frame.size else None


def _one_grid(name: str, text: str, operand: Raster, frame: Frame, *, kept: bool) -> None:
    """A file has a grid of its own; what was kept has one that tells where it lies."""
    apart = kept and frame.grid.onto(operand.grid) is not None
    if operand.grid.size != frame.size or apart:
        raise InputError(
            f"{name} combines two pictures of one size: this one is on the grid {frame.grid},"
            f" {text} on {operand.grid}",
            remedy="resize or crop one of them first"
            if operand.grid.size != frame.size
            else f"put the keep of {text} behind the step that moves the picture",
        )


def translated(error: Exception, label: str) -> CvkitError:
    """A library's error in our words."""
    import cv2

    if isinstance(error, cv2.error):
        why = str(error).rsplit("error: ", 1)[-1].strip().splitlines()[0]
        return InputError(f"{label} cannot process this picture", why=f"OpenCV says: {why}")
    if isinstance(error, MemoryError):
        return InputError(f"{label}: there is not enough memory for this picture")
    return InternalError(f"{label}: {type(error).__name__}: {error}")


def through(
    steps: Iterable[Bound], frame: Frame, resource: Callable[[Bound], object]
) -> list[Frame]:
    """The frame through map steps one after the other; `resource(step)` is what it opened."""
    frames = [frame]
    for step in steps:
        lent = resource(step)
        frames = [out for f in frames for out in step.frames(f, lent)]
    return frames
