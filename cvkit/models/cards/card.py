"""Cards: what a model is, where its files are, under which licence, how it is fed and read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from cvkit.core import wording
from cvkit.core.errors import ParameterError, UsageError
from cvkit.models.labels import labels as labels_of
from cvkit.models.prepare import Preparation
from cvkit.models.recipe import Recipe

HOME = Path(__file__).parent
_NOTHING = {ord(c): None for c in "-_ "}

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")]


Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Weights(BaseModel):
    """A file of a model: `sha256` where it is known, else what comes first is pinned."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]*$")]
    url: Annotated[str, Field(pattern=r"^https://")] | None = None
    """None where nobody offers the file: it is made from another one, as the card says."""
    sha256: Sha256 | None = None
    also: tuple[Sha256, ...] = ()
    """Other files that serve as well: made from the same weights by somebody else."""
    size: Annotated[int, Field(gt=0)] | None = None
    """Bytes, exactly."""
    about: Annotated[float, Field(gt=0)] | None = None
    """Megabytes (10^6) where the exact size is not known."""

    @property
    def megabytes(self) -> float:
        return self.size / 1e6 if self.size is not None else self.about or 0.0


class Card(BaseModel):
    """One model. The first file holds the weights; a second one says how they are joined."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name
    aliases: tuple[Name, ...] = ()
    family: str
    by: str
    task: Literal["detect"]
    files: Annotated[tuple[Weights, ...], Field(min_length=1)]
    licence: str
    """An SPDX expression, or LicenseRef-… for a text of its own."""
    terms: Annotated[str, Field(pattern=r"^https://")]
    """Where the licence is to be read."""
    research_only: bool = False
    labels: str = ""
    """A list in `cvkit.models.labels`; none where the file says it better."""
    decoder: str
    size: tuple[int, int]
    """(width, height) of the input."""
    prepare: Preparation | None = None
    """How pictures are fed, where that is not the usual way of the decoder."""
    bring: str = ""
    """How a file that nobody offers is made."""

    @field_validator("labels")
    @classmethod
    def _there(cls, name: str) -> str:
        if name:
            try:
                labels_of(name)
            except ParameterError as error:
                raise ValueError(error.what) from error
        return name

    @field_validator("prepare", mode="before")
    @classmethod
    def _nothing_else(cls, told: object) -> object:
        known = {field.name for field in fields(Preparation)}
        if isinstance(told, Mapping) and not known.issuperset(told):
            raise ValueError(f"expected some of {', '.join(sorted(known))}")
        return told

    @property
    def recipe(self) -> Recipe:
        labels = labels_of(self.labels) if self.labels else ()
        return Recipe(self.decoder, labels, self.size, self.prepare)

    @property
    def megabytes(self) -> float:
        """Of all files together."""
        return sum(f.megabytes for f in self.files)


@cache
def cards() -> Mapping[str, Card]:
    """Every card by its name, family by family."""
    found: dict[str, Card] = {}
    for path in _texts():
        for card in _family(path):
            if card.name in found:
                raise UsageError(f"{path.name}: there are two cards {card.name}")
            found[card.name] = card
    return found


def find(name: str) -> Card | None:
    """The card of this name or alias; case, `-` and `_` count for nothing."""
    wanted = _plain(name)
    among = (c for c in _saying(name) if wanted in map(_plain, (c.name, *c.aliases)))
    return next(among, None)


def of_file(name: str) -> Card | None:
    """The card whose weights are a file of this name (`yolov8n.pt`)."""
    wanted = name.lower()
    return next((c for c in _saying(name) if wanted == c.files[0].name.lower()), None)


def of_sha256(digest: str) -> tuple[Card, Weights] | None:
    """The card that names this content, and which of its files it is."""
    for card in _saying(digest):
        for weights in card.files:
            if digest in (weights.sha256, *weights.also):
                return card, weights
    return None


def names() -> list[str]:
    """Names and aliases, as they may be typed."""
    return [n for card in cards().values() for n in (card.name, *card.aliases)]


def _saying(word: str) -> Iterator[Card]:
    """Cards of the families in whose file the word stands: reading all takes 20 ms."""
    plain = _plain(word)
    for path, text in _texts().items():
        if plain in text:
            yield from _family(path)


@cache
def _texts() -> Mapping[Path, str]:
    return {p: _plain(p.read_text(encoding="utf-8")) for p in sorted(HOME.glob("*.yaml"))}


@cache
def _family(path: Path) -> list[Card]:
    return read(path)


def _plain(name: str) -> str:
    return name.lower().translate(_NOTHING)


def read(path: Path) -> list[Card]:
    """The cards in a family's file; raises UsageError that names the model and what is wrong.

    What the file says outside `models` holds for each model that does not say it itself. `from` is
    where files lie whose `url` is not given.
    """
    try:
        told = yaml.load(path.read_bytes(), _LOADER)  # noqa: S506 - a safe loader, in C where it is there
    except (OSError, yaml.YAMLError) as error:
        raise UsageError(f"{path.name} cannot be read", why=str(error)) from error
    if not isinstance(told, dict) or not isinstance(told.get("models"), dict):
        raise UsageError(f"{path.name} is no family of models", why="it has no `models`")
    shared = {k: v for k, v in told.items() if k not in ("models", "from")}
    return [
        _card(path, name, shared | dict(own or {}), told.get("from", ""))
        for name, own in told["models"].items()
    ]


def _card(path: Path, name: object, fields: dict[str, Any], home: str) -> Card:
    files = [({"url": f"{home}{f['name']}"} if home else {}) | f for f in fields.pop("files", ())]
    size = fields.get("size")
    if isinstance(size, int):
        fields["size"] = (size, size)
    try:
        return Card.model_validate({**fields, "name": str(name), "files": files})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        what = f"{path.name}: {name}: {where}: {wording.why(first)}"
        raise UsageError(what) from error


_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
