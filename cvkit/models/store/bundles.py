"""Bundles: models in one tar file, carried to a machine without a network."""

from __future__ import annotations

import io
import json
import re
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from cvkit.core.errors import InputError, UsageError
from cvkit.io.safe import appearing
from cvkit.models.cards import card as cards
from cvkit.models.settings import DEFAULTS, Settings
from cvkit.models.store import folder
from cvkit.models.store.holding import contents, get
from cvkit.models.store.importing import check_own, check_vouched, write

MANIFEST = "models.json"
_MEMBER = re.compile(r"([a-z0-9][a-z0-9.-]{0,60})/([A-Za-z0-9_][A-Za-z0-9._-]{0,120})")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_LONGEST = 1 << 20
"""Bytes that the list of a bundle has at most."""


def pack(
    names: Sequence[str], path: Path, *, overwrite: bool = False, settings: Settings = DEFAULTS
) -> list[str]:
    """Write the models to a tar file, fetched where they are not here; their names.

    Raises what `get` raises, and OutputError where the file exists or cannot be written.
    """
    held = {one.name: one for one in (get(name, settings) for name in names)}
    files = {f"{name}/{file.name}": file for name, one in held.items() for file in one.files}
    told = {
        key: {"sha256": folder.sha256_of(file), "size": file.stat().st_size}
        for key, file in files.items()
    }
    text = json.dumps({"cvkit": 1, "files": told}, indent=1).encode()
    with (
        appearing(path, overwrite=overwrite) as temporary,
        tarfile.open(temporary, "w", format=tarfile.PAX_FORMAT) as archive,
    ):
        head = tarfile.TarInfo(MANIFEST)
        head.size = len(text)
        archive.addfile(head, io.BytesIO(text))
        for key, file in files.items():
            entry = tarfile.TarInfo(key)
            entry.size = file.stat().st_size
            with open(file, "rb") as source:
                archive.addfile(entry, source)
    return list(held)


def unpack(path: Path, *, trust: bool = False) -> list[str]:
    """Take a bundle's models into the store; their names. Nothing else of the archive is written.

    Raises InputError where it is no bundle or damaged, ParameterError for a pickle that nobody
    vouches for and for a name that is taken.
    """
    try:
        with tarfile.open(path, "r:") as archive:
            files = dict(_told(path, archive))
            _refuse(files, trust=trust)
            for key, (digest, size) in files.items():
                name, _, file = key.partition("/")
                source = _member(archive, key)
                if source is None:
                    raise InputError(f"{path} is damaged", why=f"{key} is not in it")
                write(source, name, file, digest, size)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise InputError(f"{path} cannot be read as a bundle of models", why=str(error)) from error
    return list(dict.fromkeys(key.partition("/")[0] for key in files))


def _told(path: Path, archive: tarfile.TarFile) -> Iterator[tuple[str, tuple[str, int]]]:
    """What the list at its head says of each file."""
    source = _member(archive, MANIFEST)
    remedy = "cvkit models bundle NAME -o models.tar makes one"
    no_bundle = InputError(f"{path} is no bundle of models", why="it has no list", remedy=remedy)
    if source is None:
        raise no_bundle
    try:
        told: dict[str, Any] = json.loads(source.read(_LONGEST))["files"]
        for key, facts in told.items():
            digest, size = str(facts["sha256"]), int(facts["size"])
            if not (_MEMBER.fullmatch(key) and _SHA256.fullmatch(digest) and size >= 0):
                raise no_bundle
            yield key, (digest, size)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise no_bundle from error


def _member(archive: tarfile.TarFile, name: str) -> Any:  # noqa: ANN401 - a file of the archive
    """A plain file of this name; links, folders and devices are none."""
    try:
        member = archive.getmember(name)
    except KeyError:
        return None
    return archive.extractfile(member) if member.isreg() else None


def _refuse(files: dict[str, tuple[str, int]], *, trust: bool) -> None:
    """Raise before anything is written where one of the files may not come in."""
    for key, (digest, _) in files.items():
        name, _, file = key.partition("/")
        card = cards.find(name)
        if card is None:
            there = folder.known().files.get(key)
            if not (there and there.sha256 == digest):
                check_own(name)
        else:
            weights = next((w for w in card.files if w.name == file), None)
            right = contents(weights) if weights is not None else ()
            if weights is None or card.name != name or (right and digest not in right):
                raise UsageError(f"{key} of the bundle is not what the model {name} has")
        check_vouched(file, digest, trust=trust)
