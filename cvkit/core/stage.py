"""Stage: an operation, declared once by its fields and by the signature of its `apply`.

The words of a signature: `Picture`, `Layer`, `Gray` and `Mask` ask for the raster that the step
before left, `Photo` for the latest Image, `Objects`, `Features`, … for that value, `Marks` for all
that can be drawn; `Size`, `Time` and `Frame` for those of the frame. Rasters come and go as
read-only arrays, other values as themselves. `list[Photo]` may be given a batch. `resource` is what
`open` gave, `state` what `start` gave; a parameter named as a field of type `Operand` gets what it
names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Any, ClassVar, Generic, Literal, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from pydantic_core import core_schema

from cvkit.core import calling, wording
from cvkit.core.errors import CvkitError, ParameterError
from cvkit.core.frame import Frame as Frame
from cvkit.core.names import python_name, spec_name
from cvkit.core.time import Time as Time
from cvkit.core.values import Kind, Value
from cvkit.core.values import Objects as Objects
from cvkit.core.warp import Array

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Ask:
    """A way of asking for, or of giving, a value."""

    word: str


Picture = Annotated[Array, Ask("picture")]
"""(h, w) or (h, w, 3): the latest raster; as a result, the kind that was given."""
Layer = Annotated[Array, Ask("layer")]
"""(h, w), (h, w, 3) or with its alpha (h, w, 4) BGRA: the latest raster, an Image or a Mask. An
operand of this word may have another size than the frame."""
Gray = Annotated[Array, Ask("gray")]
"""(h, w): the latest raster seen as grey."""
Mask = Annotated[Array, Ask("mask")]
"""(h, w) uint8 coverage: the latest raster, which must be a Mask. A bool result is binary."""
Photo = Annotated[Array, Ask("photo")]
"""(h, w, 3) BGR: the latest Image."""
Image = Annotated[Array, Ask("image")]
"""(h, w) or (h, w, 3), (h, w, 4): gives an Image."""
Labels = Annotated[Array, Ask("labels")]
Depth = Annotated[Array, Ask("depth")]
Flow = Annotated[Array, Ask("flow")]
Found = Annotated[Objects, Ask("found")]
"""Objects that are joined to those already found."""
Marks = Annotated[tuple[Value, ...], Ask("marks")]
"""Every value there that can be drawn, at least one, on the picture's grid."""
Size = Annotated[tuple[int, int], Ask("size")]
"""Width and height of the frame."""


class Operand(str, Generic[_T]):
    """The text of a parameter that names a FILE or a kept NAME; `apply` gets what it names."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: object) -> object:
        return core_schema.no_info_after_validator_function(
            cls, core_schema.str_schema(min_length=1)
        )


class Asset(str):
    """The path of a file (kernel, camera, card) whose bytes the engine hands to `apply`."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: object) -> object:
        return core_schema.no_info_after_validator_function(
            cls, core_schema.str_schema(min_length=1)
        )


class ModelOpener(Protocol):
    def open(self, model: str, *, task: str, recipe: Any = ...) -> Any:
        """What does `task` by this name or path; opened once a device. Raises MissingError.

        `recipe` (`cvkit.models.recipe.Recipe`) goes before what the file says of itself."""


@dataclass(frozen=True)
class Env:
    """What a run lends to `open`: models, the device asked for, and the seed."""

    models: ModelOpener
    device: str = "auto"
    seed: int = 0


class Stage(BaseModel):
    """A frozen model: its fields are the parameters, the string under a field is its help."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    depths: ClassVar[frozenset[str]] = frozenset({"uint8"})
    """Depths of Image that `apply` takes as they are."""
    needs: ClassVar[frozenset[str]] = frozenset()
    """Of "model", "gpu", and the names of extras."""
    changes_length: ClassVar[bool] = False
    """Drops, repeats, reorders or retimes frames, so that sound would not fit any more."""
    spools: ClassVar[bool] = False
    """May keep frames on disk: `start` is given a `core.spool.Spool`."""
    deterministic: ClassVar[bool] = True
    holds_lock: ClassVar[bool] = False
    """Holds the interpreter lock: runs one at a time."""
    writable: ClassVar[bool] = False
    """The library insists on writable memory: `apply` gets copies."""
    moves: ClassVar[str] = ""
    revision: ClassVar[int] = 1
    """Raised whenever the same parameters give another result."""
    gathers: ClassVar[Literal["stream", "run"]] = "run"
    """What a gather gathers over."""
    results: ClassVar[str] = "{stem}_{index:05d}"
    """What files are called where one frame becomes several results."""
    word: ClassVar[str] = ""
    """The parameter that a bare word of a later step stands for, where none alone is required."""

    @model_validator(mode="wrap")
    @classmethod
    def _in_our_words(cls, values: Any, handler: Any) -> Any:
        try:
            if isinstance(values, Mapping):
                values = {python_name(str(k)): v for k, v in values.items()}
            return handler(values)
        except ValidationError as error:
            raise _refusal(cls, error) from None

    def gives(self, taken: Mapping[str, Kind]) -> Kind | tuple[Kind, ...] | None:
        """The kind of the result where a parameter decides, or those that the frames it gives get,
        in this order; None where the annotation says it."""
        return None

    def asks(self) -> Mapping[str, str]:
        """Words of `apply`'s parameters where a field decides (`{"picture": "mask"}`)."""
        return {}

    def several(self) -> bool | None:
        """Whether one frame becomes several results, where a field decides; None where the
        annotation says it: an iterator of values is several, one of frames another timing."""
        return None

    def keeps_length(self) -> bool:
        """Whether the frames that come go on, each once and at its time, where a field decides."""
        return not self.changes_length

    def counts(self) -> bool:
        """Whether its spool should know how many frames will come, where that can be known."""
        return False

    def joins(self) -> Fraction | None:
        """Where the run's inputs come as one film: for how many seconds a picture is shown."""
        return None

    def timing(self, rate: Fraction | None, base: Fraction) -> tuple[Fraction | None, Fraction]:
        """Frames a second, where known, and the time base of what comes out, by those of what
        goes in."""
        return rate, base

    def transparent(self) -> bool:
        """Whether pictures get alpha here, so that files are of a format that holds it."""
        return False

    def depth(self) -> str | None:
        """The depth that pictures get here, so that files are of a format that holds it; None
        where they keep theirs."""
        return None

    def __call__(self, picture: _T, /, **operands: object) -> Any:
        """Apply to an array (BGR or grey), a value or a Frame; the same form comes back."""
        return calling.runner()(self, picture, operands)

    def canonical(self) -> dict[str, Any]:
        """The parameters that differ from their defaults, in canonical form, by spec name."""
        dumped = self.model_dump(mode="json", exclude_defaults=True)
        return {spec_name(k): dumped[k] for k in sorted(dumped, key=spec_name)}


def stage_name(cls: type[Stage]) -> str:
    """The name with `-`, as typed: the class's own words."""
    words = "".join(f"-{c.lower()}" if c.isupper() else c for c in cls.__name__)
    return words.lstrip("-")


@dataclass(frozen=True, slots=True)
class Take:
    """One parameter of `apply`: a word of asking, a kind's name, or a role."""

    name: str
    word: str


@dataclass(frozen=True, slots=True)
class Signature:
    """What `apply` takes and gives."""

    takes: tuple[Take, ...]
    gives: tuple[str, ...]
    """Words or kinds' names, "warp", or "frame"; several are alternatives unless `several`."""
    several: bool = False
    batched: bool = False
    yields: bool = False
    drops: bool = False
    operands: tuple[str, ...] = ()


def _first(error: ValidationError) -> Mapping[str, Any]:
    """The first fault; where it is that of several lists of choices, all their choices."""
    faults = error.errors(include_url=False)
    first: dict[str, Any] = dict(faults[0])
    if first["type"] == "literal_error":
        alike = [
            f for f in faults if f["loc"][:1] == first["loc"][:1] and f["type"] == first["type"]
        ]
        expected = " or ".join(str(f["ctx"]["expected"]) for f in alike if "ctx" in f)
        first["ctx"] = {"expected": expected}
    return first


def _refusal(cls: type[Stage], error: ValidationError) -> CvkitError:
    first = _first(error)
    where = spec_name(".".join(str(p) for p in first["loc"][:1])) or "parameters"
    name = stage_name(cls)
    known = [spec_name(f) for f in cls.model_fields]
    if first["type"] == "extra_forbidden":
        import difflib

        near = difflib.get_close_matches(where, known, 1, 0.5)
        remedy = f"did you mean {near[0]}?" if near else f"it has {', '.join(known) or 'none'}"
        return ParameterError(f"{name} has no parameter {where}", remedy=remedy)
    if first["type"] == "missing":
        return ParameterError(f"{name} needs {where}", remedy=f"see cvkit {name} --help")
    if first["type"] == "string_pattern_mismatch":
        pattern = first["ctx"]["pattern"]
        given = wording.shortened(repr(first["input"]))
        return ParameterError(f"{name}: {where} has the form {pattern}; got {given}")
    if first["type"] == "literal_error":
        import difflib

        given, choices = str(first["input"]), str(first["ctx"]["expected"])
        near = difflib.get_close_matches(given, choices.replace("'", "").split(", "), 1)
        hint = f"did you mean {near[0]}?" if near else ""
        listed = choices.replace("'", "").replace(" or ", ", ")
        return ParameterError(
            f"{name}: {where} is one of {listed}; got {wording.shortened(given)}", remedy=hint
        )
    why = wording.why(first)
    return ParameterError(f"{name}: {where}: {why}" if first["loc"] else f"{name}: {why}")


Results = Iterator[Any]
