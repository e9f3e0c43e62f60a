"""A model by its name: its files on this machine, fetched where they are not."""

from __future__ import annotations

import difflib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cvkit.core.errors import MissingError, OutputError, ParameterError
from cvkit.models.backends import formats
from cvkit.models.cards import card as cards
from cvkit.models.cards.card import Card, Weights
from cvkit.models.classical.catalogue import NAMES as NEED_NO_FILE
from cvkit.models.recipe import AS_THE_FILE_SAYS, Recipe
from cvkit.models.settings import DEFAULTS, Settings, Step
from cvkit.models.store import folder, licences
from cvkit.models.store.fetching import NotFetchedError, Wanted, fetch
from cvkit.models.store.folder import Pin

PICKLES = (".pt", ".pth")
_TEXTS = (".cfg", ".prototxt", ".xml", ".pbtxt", ".yaml", ".names", ".txt", ".labels", "data")
"""Of files that are no weights; nor is what ONNX keeps outside its file."""


@dataclass(frozen=True, slots=True)
class Held:
    """A model whose files are here and whole. The first one holds the weights.

    `card` is None and `licence` empty where the user put it into the store under an own name.
    """

    name: str
    files: tuple[Path, ...]
    recipe: Recipe
    licence: str
    sha256: str
    card: Card | None = None


def known(name: str) -> bool:
    """Whether `name` is a model's, a card's or one that was put into the store."""
    return cards.find(name) is not None or name in own()


def get(name: str, settings: Settings = DEFAULTS) -> Held:
    """The model of this name, fetched where it is not here yet.

    Raises MissingError where nobody knows it, it is neither here nor can be fetched, its licence
    has to be accepted first or a file in the store is not what it was; ParameterError for a pickle
    that was laid there and that cvkit does not know; OutputError where nothing can be written.
    """
    card = cards.find(name)
    if card is None:
        return _own(name)
    licences.check(card, settings)
    home = folder.cache_folder() / card.name
    if not all((home / w.name).is_file() for w in card.files):
        _fetch_all(card, settings)
    pins = [_looked_at(card, weights, settings) for weights in card.files]
    files = tuple(home / weights.name for weights in card.files)
    return Held(card.name, files, card.recipe, card.licence, pins[0].sha256, card)


def meant(model: str, settings: Settings = DEFAULTS) -> Held | None:
    """The model that these words mean, fetched where it is not here; None where they are a path.

    A name of a card, an alias or a name of the user's own goes before a file of that name in the
    current folder (`./yolox` is the file); the name of a card's file (`yolov8n.pt`) does not.
    """
    if known(model):
        return get(model, settings)
    if not os.path.exists(model):
        card = cards.of_file(model)
        if card is not None:
            return get(card.name, settings)
        stem = os.path.splitext(model)[0]
        if formats.named(model) and known(stem):
            remedy = f"{stem} without the suffix is a model that cvkit has or fetches"
            raise MissingError(f"there is no model file {model}", remedy=remedy)
    return None


def own() -> dict[str, list[str]]:
    """Models that the user put into the store under names of no card, with their files.

    Weights come before what says how they are joined.
    """
    found: dict[str, list[str]] = {}
    for key in sorted(folder.known().files, key=lambda key: (key.endswith(_TEXTS), key)):
        name, _, file = key.partition("/")
        if cards.find(name) is None:
            found.setdefault(name, []).append(file)
    return found


def unknown(name: str) -> MissingError:
    """That there is no model of this name, with those that are nearly called so."""
    if name in NEED_NO_FILE:
        return MissingError(f"{name} has no file", why="it is part of a package that is installed")
    near = _near(name.lower(), [*NEED_NO_FILE, *cards.names(), *own()])
    guess = f"did you mean {' or '.join(near)}? " if near else ""
    return MissingError(
        f"there is no model {name!r}",
        remedy=f"{guess}cvkit models list names them all; a file of yours is given by its path",
    )


def _near(typed: str, there: Sequence[str]) -> list[str]:
    """At most three: what the word begins with, what it looks like, what it is a part of."""
    begins = [name for name in there if typed.startswith(name)]
    alike = difflib.get_close_matches(typed, there, 3, 0.6)
    longer = sorted((n for n in there if len(typed) > 2 and typed in n), key=len)
    return list(dict.fromkeys([*sorted(begins, key=len, reverse=True), *alike, *longer]))[:3]


def _own(name: str) -> Held:
    files = own().get(name)
    if files is None:
        raise unknown(name)
    home = folder.cache_folder() / name
    pins = folder.known().files
    for file in files:
        path, pin = home / file, pins[f"{name}/{file}"]
        if not path.is_file():
            raise MissingError(
                f"{path} is gone", remedy=f"cvkit models import FILE --as {name} puts it back"
            )
        if not _unchanged(path, pin) and folder.sha256_of(path) != pin.sha256:
            raise _changed(name, path)
    paths = tuple(home / file for file in files)
    return Held(name, paths, AS_THE_FILE_SAYS, "", pins[f"{name}/{files[0]}"].sha256)


def _fetch_all(card: Card, settings: Settings) -> None:
    """What is missing of it. One process fetches a model, others wait and find it there."""
    home = folder.cache_folder() / card.name
    missing = [w for w in card.files if not (home / w.name).is_file()]
    if settings.alone:
        raise absent(card, missing[0], "nothing is fetched offline")
    if missing[0].url is None:
        raise absent(card, missing[0], "nobody offers it as a file")
    waiting = Step(card.name, note=f"waiting for another cvkit that fetches {card.name}")
    with folder.alone(f".{card.name}.guard", lambda: settings.tell(waiting)):
        missing = [w for w in card.files if not (home / w.name).is_file()]
        for weights in missing:
            _fetch_one(card, weights, home / weights.name, settings)


def _fetch_one(card: Card, weights: Weights, path: Path, settings: Settings) -> None:
    url = address(card, weights)
    if url is None:
        raise absent(card, weights, "nobody offers it as a file")
    key = f"{card.name}/{weights.name}"
    pin = folder.known().files.get(key)
    right = contents(weights) or ((pin.sha256,) if pin else ())

    first = weights is card.files[0]

    def told(done: int, total: int | None) -> None:
        nonlocal first
        if first:  # it comes indeed
            settings.tell(Step(card.name, note=licences.told(card)))
            first = False
        settings.tell(Step(weights.name, done, total))

    try:
        digest = fetch(Wanted(url, right, weights.size), path, told)
    except NotFetchedError as error:
        raise absent(card, weights, str(error)) from error
    folder.pin(key, path, digest, url)


def address(card: Card, weights: Weights) -> str | None:
    """Where a file is fetched from; the variable CVKIT_MIRROR names another place for all."""
    mirror = os.environ.get("CVKIT_MIRROR", "").rstrip("/")
    return f"{mirror}/{card.name}/{weights.name}" if mirror and weights.url else weights.url


def _looked_at(card: Card, weights: Weights, settings: Settings) -> Pin:
    """The file as it is here, if it is the one that the card or the lock knows."""
    path = folder.cache_folder() / card.name / weights.name
    key = f"{card.name}/{weights.name}"
    pin = folder.known().files.get(key)
    if pin is not None and _unchanged(path, pin):
        return pin
    digest = folder.sha256_of(path)
    right = contents(weights) or ((pin.sha256,) if pin is not None else ())
    if right and digest not in right:
        raise _changed(card.name, path)
    if not right and path.suffix in PICKLES and not settings.trust:
        raise ParameterError(
            f"{path} is not opened",
            why="it was laid there, it is a pickle, which may run any program, "
            "and its right content is not known",
            remedy="give --trust once if you trust whoever made it",
        )
    url = pin.url if pin is not None else ""
    try:
        return folder.pin(key, path, digest, url)
    except OutputError:  # a store that others have filled, on a disk that is only read
        return folder.seen(path, digest, url)


def contents(weights: Weights) -> tuple[str, ...]:
    """Every sha256 that the card accepts; none where it names none."""
    return (weights.sha256, *weights.also) if weights.sha256 else ()


def _unchanged(path: Path, pin: Pin) -> bool:
    """By size and time: reading it all would cost more than many a network's start."""
    stat = path.stat()
    return (stat.st_size, stat.st_mtime_ns) == (pin.size, pin.stamp)


def _changed(name: str, path: Path) -> MissingError:
    return MissingError(
        f"{path} is not the file that it should be",
        why="its content has another sha256",
        remedy=f"cvkit models rm {name} removes it, and cvkit models pull {name} fetches it again",
    )


def absent(card: Card, weights: Weights, why: str) -> MissingError:
    """That a file is not here: which, where it is to be had, how it gets into the store."""
    url = address(card, weights)
    digest = f"sha256 {weights.sha256}" if weights.sha256 else "its sha256 is not known"
    path = folder.cache_folder() / card.name / weights.name
    way = f"fetch {url} ({digest}) where you can" if url else card.bring
    came = there(weights) or weights.name
    known = "" if came.lower() == weights.name.lower() else f" --as {card.name}"
    if not weights.sha256 and came.lower().endswith(PICKLES):
        known += " --trust"
    return MissingError(
        f"the model {card.name} is not here and cannot be fetched: {weights.name}",
        why=why,
        remedy=f"{way}, then type cvkit models import {came}{known}, which puts it at {path}. "
        f"{alternatives()}",
    )


def there(weights: Weights) -> str:
    """What the file is called where it is fetched from."""
    return (weights.url or "").rpartition("/")[2]


def alternatives() -> str:
    """What can be used at once."""
    home, pins = folder.cache_folder(), folder.known().files
    here = sorted({key.partition("/")[0] for key in pins if (home / key).is_file()})
    told = f"{', '.join(here)} can be used at once, and so can, " if here else "At once, "
    return f"{told}without any file, {', '.join(NEED_NO_FILE)}" + ("" if here else " can be used")
