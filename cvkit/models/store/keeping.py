"""What the store holds: listed, verified, taken out again."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cvkit.core.errors import OutputError
from cvkit.models.cards import card as cards
from cvkit.models.cards.card import Card
from cvkit.models.classical import catalogue
from cvkit.models.store import folder
from cvkit.models.store.holding import contents, own, unknown

State = Literal["here", "not fetched", "not offered", "needs no download"]


@dataclass(frozen=True, slots=True)
class Row:
    """A model as lists show it. `megabytes` is None where it needs no file."""

    name: str
    state: State
    task: str
    megabytes: float | None
    licence: str
    family: str
    card: Card | None = None


def rows() -> list[Row]:
    """Every model: those that need no download, the user's own, then by card."""
    need_none = [
        Row(name, "needs no download", "detect", None, "", "classical") for name in catalogue.NAMES
    ]
    mine = [_own_row(name, files) for name, files in sorted(own().items())]
    return [*need_none, *mine, *(_row(card) for card in cards.cards().values())]


def _own_row(name: str, files: Sequence[str]) -> Row:
    paths = [folder.cache_folder() / name / file for file in files]
    there = all(path.is_file() for path in paths)
    size = sum(path.stat().st_size for path in paths) / 1e6 if there else None
    return Row(name, "here" if there else "not offered", "detect", size, "", "your own")


def _row(card: Card) -> Row:
    state: State = "not fetched"
    if all(path.is_file() for path in files_of(card.name)):
        state = "here"
    elif any(weights.url is None for weights in card.files):
        state = "not offered"
    return Row(card.name, state, card.task, card.megabytes, card.licence, card.family, card)


def files_of(name: str) -> list[Path]:
    """Where the files of a model lie, or would lie. Raises MissingError for a name of no model."""
    card = cards.find(name)
    files = [weights.name for weights in card.files] if card is not None else own().get(name)
    if files is None:
        raise unknown(name)
    home = folder.cache_folder() / (card.name if card is not None else name)
    return [home / file for file in files]


def here() -> list[str]:
    """Names of the models whose files are all here."""
    return [row.name for row in rows() if row.state == "here"]


@dataclass(frozen=True, slots=True)
class Verified:
    """A file that was read through: `wrong` says what is not as it should be, if anything."""

    name: str
    path: Path
    sha256: str
    wrong: str = ""


def verify(names: Sequence[str] = ()) -> Iterator[Verified]:
    """Read files of models through, of all that are here where none is named; pin what cards know.

    Raises MissingError for a name of no model.
    """
    for name in names or here():
        card = cards.find(name)
        known = card.name if card is not None else name
        for path in files_of(name):
            yield _verified(known, card, path)


def _verified(name: str, card: Card | None, path: Path) -> Verified:
    if not path.is_file():
        return Verified(name, path, "", "it is not here")
    key = f"{name}/{path.name}"
    pin = folder.known().files.get(key)
    digest = folder.sha256_of(path)
    weights = next((w for w in card.files if w.name == path.name), None) if card else None
    right = contents(weights) if weights is not None else ()
    right = right or ((pin.sha256,) if pin is not None else ())
    if not right:
        return Verified(name, path, digest, "nobody says what its content should be")
    if digest not in right:
        return Verified(name, path, digest, f"its content is not {right[0]}")
    folder.pin(key, path, digest, pin.url if pin is not None else "")
    return Verified(name, path, digest)


def remove(name: str, *, forget: bool = False) -> int:
    """Take a model's files away, and what was made of them; how many bytes that frees.

    What a model without a known content was when it first came stays in `models.lock`, so that
    another file does not take its place unseen; `forget` drops that. Raises MissingError for a name
    of no model, OutputError where a file cannot be removed.
    """
    card = cards.find(name)
    paths = files_of(name)
    ends = ("", ".part", ".part.json")
    freed = sum(_removed(path.with_name(path.name + end)) for path in paths for end in ends)
    pins = folder.known().files
    for pin in filter(None, (pins.get(f"{path.parent.name}/{path.name}") for path in paths)):
        for made in (folder.cache_folder() / folder.EXPORTS).glob(f"{pin.sha256}-*"):
            freed += sum(_removed(file) for file in made.rglob("*") if file.is_file())
            shutil.rmtree(made, ignore_errors=True)
    with suppress(OSError):
        paths[0].parent.rmdir()
    if forget or card is None:
        keys = {f"{path.parent.name}/{path.name}" for path in paths}

        def how(known: folder.Known) -> None:
            known.files = {k: pin for k, pin in known.files.items() if k not in keys}

        folder.change(how)
    return freed


def _removed(path: Path) -> int:
    """The bytes that it had; 0 where it was not there."""
    try:
        size = path.stat().st_size
        path.unlink()
    except FileNotFoundError:
        return 0
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise OutputError(f"{path} cannot be removed", why=why) from error
    return size


def size() -> tuple[int, int]:
    """How many models are here, and how many bytes the whole folder has."""
    home = folder.cache_folder()
    files = [p for p in home.rglob("*") if p.is_file()] if home.is_dir() else []
    return len(here()), sum(path.stat().st_size for path in files)
