"""Files that come into the store by hand."""

from __future__ import annotations

import hashlib
import re
import tarfile
from pathlib import Path
from typing import IO

from cvkit.core.errors import InputError, ParameterError
from cvkit.io.safe import appearing
from cvkit.models.backends import formats
from cvkit.models.cards import card as cards
from cvkit.models.cards.card import Card, Weights
from cvkit.models.classical import catalogue
from cvkit.models.store import folder
from cvkit.models.store.holding import PICKLES, contents, own, there

_LABELS = (".names", ".txt", ".labels")
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{0,60}")


def take(file: Path, name: str = "", *, trust: bool = False) -> list[str]:
    """Copy a file, or what a bundle holds, into the store; the names of the models.

    A file is known by its content, else by its name; under a `name` of no card it is the user's own
    model, which may be a folder too. Raises InputError where it cannot be read, MissingError where
    it is damaged or lacks its other file, ParameterError where nobody knows it, it is no network,
    not what its name says, or a pickle that nobody vouches for.
    """
    if not file.exists():
        raise InputError(f"there is no file {file}")
    if file.is_dir():
        if not name:
            raise ParameterError(f"{file} is a folder", remedy="give it a name: --as NAME")
        return [_take_own(file, name.lower(), trust=trust)]
    if not file.is_file():  # a pipe would be waited for
        raise InputError(f"{file} is not a file")
    if not name and tarfile.is_tarfile(file):
        from cvkit.models.store.bundles import unpack

        return unpack(file, trust=trust)
    digest = folder.sha256_of(file)
    known = cards.of_sha256(digest)
    if known is not None and (not name or cards.find(name) is known[0]):
        card, weights = known
        return [_place(file, card.name, weights.name, digest)]
    card_of_name = cards.find(name) if name else None
    if name and card_of_name is None:
        return [_take_own(file, name.lower(), trust=trust)]
    found = _by_name(file, card_of_name)
    if found is None:
        raise ParameterError(
            f"{file} is no model that cvkit knows",
            why=f"neither its name nor its sha256, {digest}, is one of theirs",
            remedy="give it a name of your own: --as NAME",
        )
    card, weights = found
    right = contents(weights)
    if right and digest not in right:
        raise ParameterError(
            f"{file} is not the {weights.name} of {card.name}",
            why=f"its sha256 is {digest}, not {right[0]}",
            remedy="give it a name of your own: --as NAME",
        )
    check_vouched(file.name, digest, trust=trust)
    return [_place(file, card.name, weights.name, digest)]


def _by_name(file: Path, card: Card | None) -> tuple[Card, Weights] | None:
    """The card's file that this one is by its name, or by its kind where the card is named."""
    among = [card] if card is not None else list(cards.cards().values())
    pairs = [(one, weights) for one in among for weights in one.files]
    own_name = file.name.lower()
    same = [p for p in pairs if own_name in (p[1].name.lower(), there(p[1]).lower())]
    if len({one.name for one, _ in same}) > 1:  # `model.onnx` is what many call theirs
        same = []
    if not same and card is not None:
        same = [pair for pair in pairs if Path(pair[1].name).suffix == file.suffix.lower()]
        if not same:
            kinds = " and ".join(Path(weights.name).suffix for weights in card.files)
            raise ParameterError(
                f"{file} is no file of {card.name}", why=f"that has {kinds}",
                remedy="give it a name of your own: --as NAME",
            )  # fmt: skip
    return same[0] if same else None


def _take_own(file: Path, name: str, *, trust: bool) -> str:
    """The user's own model, with the files that belong to it."""
    check_own(name)
    if file.is_file():
        check_vouched(file.name, folder.sha256_of(file), trust=trust)
    network = formats.look(file)
    _ = network.facts  # raises where an ONNX file is cut
    files = network.files
    for one in (*files, *_beside(files[0])):
        _place(one, name, _plain(one.name), folder.sha256_of(one))
    return name


def _beside(graph: Path) -> list[Path]:
    """What says more of a network, or holds a part of it: labels, metadata, weights outside."""
    told = [graph.with_suffix(suffix) for suffix in _LABELS]
    if graph.suffix.lower() == ".xml":
        told.append(graph.with_name("metadata.yaml"))
    told += [graph.with_name(f"{graph.name}{end}") for end in (".data", "_data")]
    return [path for path in told if path.is_file()]


def check_own(name: str) -> None:
    if not _NAME.fullmatch(name) or formats.named(name):
        raise ParameterError(
            f"a model's name has small letters, digits, '-' and '.', and no suffix, got {name!r}"
        )
    if catalogue.known(name) or name == folder.EXPORTS:
        ours = "a word of the store's" if name == folder.EXPORTS else "a detector without a file"
        raise ParameterError(f"{name} is {ours}", remedy="take another name")
    if name in own():
        raise ParameterError(
            f"there is a model {name}", remedy=f"cvkit models rm {name} takes it away"
        )


def _plain(name: str) -> str:
    """A file's name that any shell and any archive takes."""
    text = re.sub(r"[^A-Za-z0-9._-]+", "-", name).lstrip(".-")
    return text or "model"


def check_vouched(file: str, digest: str, *, trust: bool) -> None:
    """Raises ParameterError for a pickle whose content nobody knows and nobody trusts."""
    if not file.lower().endswith(PICKLES) or trust or cards.of_sha256(digest) is not None:
        return
    if any(pin.sha256 == digest for pin in folder.known().files.values()):
        return
    raise ParameterError(
        f"{file} is not taken",
        why="it is a pickle, which may run any program, and cvkit does not know its content",
        remedy="give --trust if you trust whoever made it",
    )


def _place(file: Path, name: str, as_file: str, digest: str) -> str:
    with open(file, "rb") as source:
        write(source, name, as_file, digest, file.stat().st_size)
    return name


def write(source: IO[bytes], name: str, as_file: str, digest: str, size: int) -> None:
    """Copy `size` bytes to their place in the store and pin them.

    Raises InputError where there are fewer, or their sha256 is not `digest`.
    """
    path = folder.cache_folder() / name / as_file
    found, left = hashlib.sha256(), size
    with folder.alone(f".{name}.guard"), appearing(path, overwrite=True) as temporary:
        with open(temporary, "wb") as target:
            while left and (chunk := source.read(min(left, 1 << 20))):
                found.update(chunk)
                target.write(chunk)
                left -= len(chunk)
        if left or found.hexdigest() != digest:
            raise InputError(f"{as_file} of {name} is damaged", why="its content has changed")
    folder.pin(f"{name}/{as_file}", path, digest)
