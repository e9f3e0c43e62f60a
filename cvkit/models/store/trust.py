"""Which files may be unpickled: a pickle runs what its maker wrote."""

from __future__ import annotations

from pathlib import Path

from cvkit.core.errors import ParameterError
from cvkit.models.cards.card import of_sha256
from cvkit.models.settings import Settings
from cvkit.models.store import folder


def pinned(path: Path) -> bool:
    """Whether a card or `models.lock` names this content. The whole file is read."""
    digest = folder.sha256_of(path)
    if of_sha256(digest) is not None:
        return True
    return any(pin.sha256 == digest for pin in folder.known().files.values())


def check_trust(path: Path, settings: Settings) -> None:
    """Raises ParameterError where the file may not be unpickled: neither known nor trusted."""
    if settings.trust or pinned(path):
        return
    raise ParameterError(
        f"{path} is not opened",
        why="it is a pickle, which may run any program, and cvkit does not know its content",
        remedy="give --trust if you trust whoever made it",
    )
