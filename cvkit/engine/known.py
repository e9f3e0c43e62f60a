"""What the check knows of a frame before there is one: which kinds it will hold, in which order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from cvkit.core import catalog
from cvkit.core.errors import ChainError, CvkitError
from cvkit.core.names import cli_name
from cvkit.core.signature import declared, gather_words, operand_fields, signature
from cvkit.core.stage import Stage
from cvkit.core.values import KINDS, MARKS, RASTERS, Image, Kind, Mask, Objects

_BY_WORD = {"picture": None, "layer": None, "gray": None, "photo": Image, "found": Objects, **KINDS}


@dataclass(frozen=True)
class Known:
    """Kinds in the order in which they came; `grid` counts the warps that a frame went through.

    `source` is true as long as the source's own picture is the latest raster, untouched.
    """

    kinds: tuple[Kind, ...]
    kept: Mapping[str, Kind] = field(default_factory=dict)
    source: bool = True

    @property
    def raster(self) -> Kind | None:
        return next((k for k in reversed(self.kinds) if k in RASTERS), None)

    @property
    def marked(self) -> bool:
        """Whether objects, features or text are more recent than every raster."""
        if not self.kinds or self.raster is None:
            return False
        after = self.kinds[self.kinds.index(self.raster) + 1 :]
        return any(k in MARKS and k.__name__ in ("Objects", "Features", "Text") for k in after)

    def put(self, kind: Kind) -> Known:
        kinds = (*(k for k in self.kinds if k is not kind), kind)
        return replace(self, kinds=kinds, source=self.source and kind not in RASTERS)

    def after(self, name: str, stage: Stage, given: tuple[Kind, ...]) -> Known:
        if hasattr(stage, "gather"):
            return Known(gather_kinds(type(stage)), source=False)
        out = self
        for kind in given:
            out = out.put(kind)
        if name == "keep":
            assert self.raster is not None
            out = replace(out, kept={**out.kept, stage.name: self.raster})  # type: ignore[attr-defined]
        elif name == "use":
            kind = self.kept[stage.name]  # type: ignore[attr-defined]
            others = tuple(k for k in out.kinds if k is not kind)
            out = replace(out, kinds=(*others, kind), source=False)
        elif "warp" in signature(type(stage)).gives:
            out = replace(out, source=False)
        return out


def taken(name: str, stage: Stage, known: Known, operands: Mapping[str, Kind]) -> dict[str, Kind]:
    """The kind of each parameter of `apply`. Raises ChainError where the chain does not fit.

    Where a Mask is asked for and an Image stands, the result says Image under that name: the plan
    adds `threshold`.
    """
    kinds: dict[str, Kind] = {}
    for take in declared(stage).takes:
        word, last = take.word, known.raster
        if word in ("size", "time", "frame", "resource", "state"):
            if word == "size" and last is None:
                raise _no_picture(name)
            continue
        if word == "operand":
            if take.name in operands:
                kinds[take.name] = operands[take.name]
        elif word == "marks":
            if not any(k in MARKS for k in known.kinds):
                raise _missing(name, "something to show", MARKS)
        elif word == "photo":
            if Image not in known.kinds:
                raise ChainError(f"{name} needs the photograph, and there is none here")
            kinds[take.name] = Image
        elif word in ("picture", "layer", "gray", "mask", "labels", "depth", "flow"):
            kinds[take.name] = _raster(name, word, last)
        else:
            kind = _BY_WORD[word]
            assert kind is not None
            if kind not in known.kinds:
                raise _missing(name, kind.__name__.lower(), (kind,))
            kinds[take.name] = kind
    return kinds


def given(name: str, stage: Stage, kinds: Mapping[str, Kind]) -> tuple[Kind, ...]:
    """What the stage adds, for these kinds taken."""
    sig = signature(type(stage))
    words = [w for w in sig.gives if w not in ("warp", "frame")]
    by_parameter = stage.gives(kinds)
    if by_parameter is not None:
        return by_parameter if isinstance(by_parameter, tuple) else (by_parameter,)
    if len(words) > 1 and not sig.several:
        raise ChainError(f"{name} does not say which of {', '.join(words)} it gives")
    out: list[Kind] = []
    for word in words:
        if word == "picture":
            main = next(t.name for t in sig.takes if t.word == "picture")
            out.append(kinds[main])
        else:
            kind = Image if word == "gray" else _BY_WORD[word]
            assert kind is not None
            out.append(kind)
    return tuple(out)


def gather_kinds(cls: type[Stage]) -> tuple[Kind, ...]:
    """What the new frame of a gather holds."""
    words = (_BY_WORD[word] for word in gather_words(cls))
    return tuple(kind for kind in words if kind is not None)


def _raster(name: str, word: str, last: Kind | None) -> Kind:
    if last is None:
        raise _no_picture(name)
    if word in ("picture", "layer", "gray") and last in (Image, Mask):
        return last
    if word == "picture" and last.__name__ in ("Depth", "Flow"):
        return last
    if word == "mask" and last in (Mask, Image):
        return last
    if KINDS.get(word) is last:
        return last
    has = last.__name__.lower()
    wanted = {
        "picture": "a picture",
        "layer": "a picture",
        "gray": "a picture",
        "mask": "a mask",
    }.get(word, word)
    wanted_kind = KINDS.get(word, Image)
    raise _missing(name, wanted, (wanted_kind,), f"the step before leaves {has}")


def _no_picture(name: str) -> ChainError:
    return ChainError(f"{name} needs a picture, and there is none here")


def _missing(name: str, what: str, kinds: tuple[Kind, ...], why: str = "") -> ChainError:
    givers = ", ".join(sorted(_givers(kinds)))
    why = why or "nothing before it gives that"
    return ChainError(
        f"{name} needs {what}", why=why, remedy=f"{givers} would give it" if givers else ""
    )


def _givers(kinds: tuple[Kind, ...]) -> list[str]:
    """Stages that help; loads every stage, which only an error message may."""
    found = []
    for name in catalog.names():
        try:
            words = signature(catalog.load(name)).gives
        except CvkitError:
            continue
        if any(_BY_WORD.get(w) in kinds for w in words) and name not in ("keep", "use"):
            found.append(name)
    return found[:6]


def operand_kinds(name: str, stage: Stage, known: Known) -> dict[str, Kind]:
    """The kind of each operand that is given: a kept NAME's own, else what a FILE is read as."""
    kinds: dict[str, Kind] = {}
    for field_name, word in operand_fields(type(stage)).items():
        text = getattr(stage, field_name)
        if text is None or word == "asset":
            continue
        kept = known.kept.get(text)
        declared = Image if word in ("picture", "layer", "gray", "photo", "image") else KINDS[word]
        if kept is not None and word != "objects":
            seen_as = kept in (Image, Mask) and declared in (Image, Mask)
            if not seen_as and kept is not declared:
                raise ChainError(
                    f"{name} --{cli_name(field_name)} {text}: a kept"
                    f" {kept.__name__.lower()} is no {declared.__name__.lower()}"
                )
            kinds[field_name] = Mask if declared is Mask else kept
        else:
            kinds[field_name] = declared
    return kinds
