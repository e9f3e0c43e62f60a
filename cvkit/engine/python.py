"""cvkit in Python: stages called on arrays, pictures and videos opened, chains as pipelines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from cvkit.core import catalog
from cvkit.core.errors import ParameterError, UsageError
from cvkit.core.frame import Frame
from cvkit.core.options import RunOptions
from cvkit.core.signature import declared, operand_fields
from cvkit.core.spec import Spec, Step, from_yaml, to_yaml
from cvkit.core.stage import Operand, Stage, stage_name
from cvkit.core.values import Image, Kind, Mask, Raster
from cvkit.engine import plan
from cvkit.engine.bind import Bound, layered
from cvkit.engine.direct import directly
from cvkit.engine.known import Known, given, taken
from cvkit.engine.report import Report
from cvkit.engine.resources import Resources

_RESOURCES = Resources()


def call(stage: Stage, picture: object, operands: Mapping[str, object]) -> Any:
    """Apply a stage to an array, a value or a Frame; the same form comes back.

    Of an array: a plain array for rasters (a Mask as uint8 0 and 255), other kinds as themselves.
    Raises ChainError where the stage cannot be applied to this.
    """
    if type(picture) is np.ndarray and not operands:
        made = directly(stage, picture)
        if made is not None:
            return made
    frame = _frame_of(picture)
    stage = _with_operands(stage, operands)
    loaded = _operands(stage, frame, operands)
    kinds = tuple((k, type(v)) for k, v in loaded.items())
    steps = _bound(stage, tuple(type(v) for v in frame.values), kinds)
    if loaded:
        steps = (*steps[:-1], replace(steps[-1], operands=loaded))
    for step in steps[:-1]:
        frame = step.frames(frame, None)[0]
    last = steps[-1]
    state = last.start()
    frames = [*last.frames(frame, _RESOURCES(last), state), *last.flush(state)]
    if last.gathers:  # over this one
        from cvkit.engine.flow import gathered

        whole = gathered(last, iter(frames), None)
        value = whole.values[-1]
        if isinstance(picture, Frame):
            return whole
        if isinstance(picture, np.ndarray) and isinstance(value, Raster):
            return layered(value)
        return value
    if isinstance(picture, Frame):
        many = last.sig.yields and last.stage.several() is not False
        return frames if many else frames[0] if frames else None
    results = [_result(f, last, picture) for f in frames]
    if last.sig.yields and last.stage.several() is not False:
        return results
    return results[0] if results else None


@lru_cache(maxsize=256)
def _bound(
    stage: Stage, kinds: tuple[Kind, ...], operands: tuple[tuple[str, Kind], ...]
) -> tuple[Bound, ...]:
    """The stage for frames of these kinds, and before it what the plan adds."""
    known, name = Known(kinds, source=False), stage_name(type(stage))
    taking = taken(name, stage, known, dict(operands))
    before: tuple[Bound, ...] = ()
    asks = {t.name: t.word for t in declared(stage).takes}
    if any(asks.get(k) == "mask" and v is Image for k, v in taking.items()):
        threshold = catalog.make("threshold", {})
        before = (Bound("threshold", threshold, 0, (Mask,)),)
        taking = taken(name, stage, known.put(Mask), dict(operands))
    return (*before, Bound(name, stage, 1, given(name, stage, taking)))


def _frame_of(picture: object) -> Frame:
    if isinstance(picture, Frame):
        return picture
    if isinstance(picture, Raster):
        return Frame.of(picture)
    if isinstance(picture, np.ndarray):
        return Frame.of(Mask.of(picture) if picture.dtype == np.bool_ else Image.of(picture))
    raise UsageError(f"a stage takes an array, a value or a Frame, got {type(picture).__name__}")


def _value(operand: object, frame: Frame) -> object:
    if isinstance(operand, np.ndarray):
        grid = frame.grid if operand.shape[1::-1] == frame.size else None
        return Mask.of(operand, grid) if operand.dtype == np.bool_ else Image.of(operand, grid)
    return operand


def _with_operands(stage: Stage, operands: Mapping[str, object]) -> Stage:
    """The stage as if its fields named what is handed over; a stage may go by that.

    Raises ParameterError for a name that is no operand's.
    """
    known = operand_fields(type(stage))
    for name in operands:
        if name not in known:
            can = ", ".join(known) or "none"
            raise ParameterError(
                f"{type(stage).__name__}() is called with {name}", why=f"its operands: {can}"
            )
    unsaid = [name for name in operands if getattr(stage, name) is None]
    return stage.model_copy(update={n: Operand(n) for n in unsaid}) if unsaid else stage


def _operands(stage: Stage, frame: Frame, operands: Mapping[str, object]) -> dict[str, object]:
    """What was handed over, and else the files that the fields name."""
    words = operand_fields(type(stage))
    loaded = {k: _value(v, frame) for k, v in operands.items()}
    for name, word in words.items():
        text = getattr(stage, name)
        if name not in loaded and text is not None and text not in frame.kept:
            from cvkit.engine.operands import load

            found = load(text, word, RunOptions())
            loaded[name] = found(frame) if callable(found) else found
    return loaded


def _result(frame: Frame, bound: Bound, picture: object) -> Any:
    kind = bound.given[-1] if bound.given else type(frame.raster)
    value = frame.get(kind)
    if isinstance(picture, np.ndarray) and isinstance(value, Raster):
        return layered(value)
    return value


def open(path: str | Path, *, max_pixels: int = 500_000_000) -> Frame | Video:
    """A picture as a Frame, or a video or an animation to iterate for Frames.

    Raises InputError or DamagedError where it cannot be read.
    """
    from cvkit.io.codecs.asked import Asked
    from cvkit.io.sources.files import kind_of, name_of
    from cvkit.io.sources.opening import open_still

    text = str(path)
    if kind_of(text) == "video":
        return Video(Path(path), max_pixels)
    name = name_of(text)
    image = open_still(text, name).read(Asked(max_pixels))
    return Frame((image,), image.grid, source=name)


class Video:
    """A video; each iteration decodes it from its start. Errors as `open`."""

    def __init__(self, path: Path, max_pixels: int) -> None:
        self.path = path
        self._max_pixels = max_pixels

    def __iter__(self) -> Iterator[Frame]:
        from cvkit.io.codecs.asked import Asked
        from cvkit.io.sources.files import name_of
        from cvkit.io.sources.opening import open_moving

        name = name_of(str(self.path))
        with open_moving(str(self.path), Asked(self._max_pixels)) as clip:
            for index, (at, image) in enumerate(clip):
                yield Frame((image,), image.grid, index=index, time=at, source=name)


class Pipeline:
    """A chain of stages; the same engine and accounting as the command line."""

    def __init__(self, stages: Sequence[Stage]) -> None:
        self.stages = tuple(stages)
        for one in self.stages:
            wrong: object = one
            if not isinstance(wrong, Stage):
                made = f"cvkit.{wrong.__name__}()" if isinstance(wrong, type) else "cvkit.Gray()"
                raise UsageError(
                    f"a pipeline is made of stages, got {wrong!r}", remedy=f"write {made}"
                )

    @classmethod
    def from_yaml(cls, text: str) -> Pipeline:
        """The steps of a spec."""
        return cls([catalog.make(s.stage, s.params) for s in from_yaml(text).steps])

    def spec(self) -> Spec:
        return Spec(tuple(Step(stage_name(type(s)), s.canonical()) for s in self.stages))

    def to_yaml(self) -> str:
        return to_yaml(self.spec())

    def run(
        self,
        inputs: str | Path | Sequence[str | Path],
        outputs: str | Path | Sequence[str | Path] = (),
        **options: object,
    ) -> Report:
        """Run on files and folders; options are the run options by name (`jobs=4`).

        Raises what the check refuses; what fails later is in the report.
        """
        from cvkit.engine.run import run

        spec = replace(
            self.spec(), inputs=_texts(inputs), outputs=_texts(outputs), run=dict(options)
        )
        return run(spec)

    def __call__(self, picture: Any) -> Any:
        """The chain on one array, value or Frame, as a stage is called."""
        frame = _frame_of(picture)
        chain = plan.fit(self.spec().steps, plan.known_of(frame))
        frames = [frame]
        for step in chain.steps:
            if step.serial or step.gathers:
                raise UsageError(f"{step.name} works on streams", remedy="use Pipeline.run")
            resource = _RESOURCES(step)
            frames = [out for f in frames for out in step.frames(f, resource)]
        if isinstance(picture, Frame):
            return frames[0] if len(frames) == 1 else frames
        last = chain.steps[-1]
        results = [_result(f, last, picture) for f in frames]
        return results[0] if len(results) == 1 else results


def _texts(paths: str | Path | Sequence[str | Path]) -> tuple[str, ...]:
    if isinstance(paths, (str, Path)):
        paths = [paths]
    return tuple(str(p) for p in paths)
