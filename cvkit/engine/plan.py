"""Plan: a chain that fits together, with what the engine adds and what its source must give."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from cvkit.core import catalog
from cvkit.core.errors import ChainError, UsageError
from cvkit.core.frame import Frame
from cvkit.core.names import cli_name
from cvkit.core.signature import declared
from cvkit.core.spec import Step
from cvkit.core.stage import Stage
from cvkit.core.values import MARKS, Image, Kind, Mask, Raster
from cvkit.engine.bind import Bound
from cvkit.engine.known import Known, gather_kinds, given, operand_kinds, taken

PRINTED = ("Measures", "Scores", "Vector", "Camera", "Event")
"""Kinds that are printed, and then no picture is written, where there is no -o."""


START = Known((Image,))


@dataclass(frozen=True)
class Chain:
    """The steps to run, in order, and what is known of the frame after them."""

    steps: tuple[Bound, ...]
    final: Known
    views: frozenset[str]
    """Views of the source's picture that will be needed: of gray and bgr."""
    drawn: Bound | None = None
    """What draws the marks on the picture outputs only."""
    start: Known = START
    """What is known of the frame before them."""

    @property
    def last_name(self) -> str:
        """The stage after which cvkit names files."""
        names = [s.name for s in self.steps if s.number]
        real = [n for n in names if n not in ("keep", "use", "draw")]
        return (real or names or ["picture"])[-1]

    @property
    def latest(self) -> Kind | None:
        return self.final.kinds[-1] if self.final.kinds else None

    @property
    def several(self) -> bool:
        """Whether one frame may become several results."""
        return self.several_step is not None

    @property
    def several_step(self) -> Bound | None:
        """The last step that makes several results of one frame."""
        return next((s for s in reversed(self.steps) if s.several), None)

    @property
    def depth(self) -> str | None:
        """The depth that a step gives pictures, where one does."""
        return next((d for s in reversed(self.steps) if (d := s.stage.depth())), None)

    @property
    def transparent(self) -> bool:
        """Whether a step gives pictures alpha."""
        return any(s.stage.transparent() for s in self.steps)

    @property
    def changes_length(self) -> bool:
        return any(not s.stage.keeps_length() or s.sig.drops for s in self.steps)

    def timing(self, rate: Fraction | None, base: Fraction) -> tuple[Fraction | None, Fraction]:
        """Frames a second and time base at the end of the chain, by those at its start."""
        for step in self.steps:
            rate, base = step.stage.timing(rate, base)
        return rate, base

    @property
    def counting(self) -> Bound | None:
        """The step that wants to know how many frames will come, where the source's all do."""
        for step in self.steps:
            if step.stage.counts():
                return step
            if not step.stage.keeps_length() or step.sig.drops or step.several or step.gathers:
                return None
        return None

    @property
    def joins(self) -> Fraction | None:
        """Where the run's inputs come as one film: for how many seconds a picture is shown."""
        return self.steps[0].stage.joins() if self.steps else None

    @property
    def single(self) -> bool:
        """Whether a whole stream becomes one frame, so that a video becomes a picture."""
        return any(s.gathers and s.stage.gathers == "stream" for s in self.steps)

    @property
    def gather(self) -> int | None:
        """Where the step is that gathers over the run."""
        runs = (i for i, s in enumerate(self.steps) if s.gathers and s.stage.gathers == "run")
        return next(runs, None)


def known_of(frame: Frame) -> Known:
    """What is known of frames like this one (the first of a frame stream)."""
    kept = {name: type(raster) for name, raster in frame.kept.items()}
    raster = frame.raster
    untouched = isinstance(raster, Image) and raster.untouched
    return Known(tuple(type(v) for v in frame.values), kept, untouched)  # type: ignore[arg-type]


def fit(steps: Iterable[Step], start: Known = START) -> Chain:
    """Check the chain and bind it. Raises ParameterError or ChainError naming the step."""
    known, bound, views = start, list[Bound](), set[str]()
    for number, step in enumerate(steps, 1):
        name = catalog.entry(step.stage).name
        stage = catalog.make(name, step.params)
        if number > 1 and stage.joins() is not None:
            raise ChainError(
                f"{name} joins the inputs of a run", remedy=f"make {name} the first step"
            )
        operands = operand_kinds(name, stage, known)
        kinds = taken(name, stage, known, operands)
        asks_mask = any(
            t.word == "mask" and kinds.get(t.name) is Image for t in declared(stage).takes
        )
        if asks_mask:
            threshold = catalog.make("threshold", {})
            why = f"{name} needs a mask, and a photograph stands there"
            views |= _views(threshold, known)
            known = known.put(Mask)
            bound.append(Bound("threshold", threshold, 0, (Mask,), why))
            kinds = taken(name, stage, known, operands)
        _check_names(name, stage, known)
        gives = given(name, stage, kinds)
        views |= _views(stage, known)
        bound.append(Bound(name, stage, number, gives))
        known = known.after(name, stage, gives)
    return Chain(_photo_kept(bound, known), known, frozenset(views), start=start)


def split(chain: Chain, steps: Sequence[Step]) -> tuple[Chain, Chain | None]:
    """Cut at a gather over the run: what maps inputs, and what follows on one frame."""
    at = chain.gather
    if at is None:
        return chain, None
    gather = chain.steps[at]
    known = Known(gather_kinds(type(gather.stage)), source=False)
    after = fit(steps[gather.number :], known) if steps[gather.number :] else None
    later = after.steps if after is not None else ()
    final = after.final if after is not None else known
    names = replace(chain, steps=(*chain.steps[at : at + 1], *later), final=final)
    first = replace(chain, steps=chain.steps[: at + 1])
    return first, replace(names, steps=(replace(gather, number=gather.number), *later))


def with_draw(chain: Chain) -> Chain:
    """With the `draw` that picture outputs need where marks are more recent than every raster."""
    if not chain.final.marked or Image not in chain.final.kinds:
        return chain
    stage = catalog.make("draw", {})
    marks = next(k for k in reversed(chain.final.kinds) if k in MARKS)
    why = f"{marks.__name__.lower()} came after the picture"
    steps = tuple(replace(s, keeps_photo=True) for s in chain.steps)
    drawn = Bound("draw", stage, 0, (Image,), why)
    return replace(chain, steps=steps, drawn=drawn, views=chain.views | {"bgr"})


def keeping_photo(chain: Chain) -> Chain:
    """Nothing is dropped that a reader of the frame stream may ask for."""
    return replace(chain, steps=tuple(replace(s, keeps_photo=True) for s in chain.steps))


def written(chain: Chain) -> Kind:
    """The kind that a picture output holds. Raises ChainError where there is none."""
    if chain.drawn is not None:
        return Image
    kind = chain.final.raster
    if kind is None:
        raise ChainError("there is no picture to write at the end of the chain")
    return kind


def lines(chain: Chain) -> list[str]:
    """The plan in words, with what was added."""
    out = []
    for step in (*chain.steps, *((chain.drawn,) if chain.drawn else ())):
        params = " ".join(_typed(k, v) for k, v in step.stage.canonical().items())
        gives = ", ".join(k.__name__ for k in step.given)
        gives = gives or ("moves the frame" if "warp" in step.sig.gives else "")
        number = str(step.number or "+")
        added = f"   added: {step.why}" if step.why else ""
        arrow = f"  → {gives}" if gives else ""
        out.append(f"{number:>3}  {step.name} {params}".rstrip() + arrow + added)
    return out


def _typed(name: str, value: object) -> str:
    """A parameter as the command line writes it."""
    import shlex

    if isinstance(value, bool):
        return f"--{'' if value else 'no-'}{cli_name(name)}"
    if isinstance(value, list):
        texts = [str(v) for v in value]
        value = (" " if any("," in text for text in texts) else ",").join(texts)
    return f"--{cli_name(name)} {shlex.quote(str(value))}"


def _views(stage: Stage, known: Known) -> set[str]:
    words = {t.word for t in declared(stage).takes}
    views: set[str] = set()
    if "photo" in words:
        views.add("bgr")
    if known.source:
        gives_warp = "warp" in declared(stage).gives
        views |= {"gray"} if words & {"gray"} else set()
        views |= {"bgr"} if words & {"picture", "layer", "frame"} or gives_warp else set()
        views |= {"gray", "bgr"} if "frame" in words else set()
    return views


def _check_names(name: str, stage: Stage, known: Known) -> None:
    if name == "keep" and known.raster is None:
        raise ChainError("keep needs a picture, and there is none here")
    if name == "use":
        wanted: str = stage.name  # type: ignore[attr-defined]
        if wanted not in known.kept:
            has = ", ".join(known.kept) or "nothing"
            raise ChainError(f"use {wanted}: nothing was kept under that name", why=f"kept: {has}")


def _photo_kept(bound: list[Bound], final: Known) -> tuple[Bound, ...]:
    """Say of each step whether the photograph is still asked for after it."""
    out: list[Bound] = []
    wanted = False
    for step in reversed(bound):
        out.append(replace(step, keeps_photo=wanted))
        words = {t.word for t in step.sig.takes}
        wanted = wanted or bool(words & {"photo", "frame", "marks"})
    return tuple(reversed(out))


def raster_of(frame: Frame) -> Raster:
    raster = frame.raster
    if raster is None:
        raise UsageError("there is no picture to write")
    return raster
