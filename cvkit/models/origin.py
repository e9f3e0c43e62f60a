"""What a result was made with: a model's name, content and licence."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path


@dataclass(frozen=True)
class Origin:
    """A model that was opened, here or by a process before this one in a pipe, which `told` its
    sha256. `file` is one of its files, or their folder; None where it is part of a package.
    """

    name: str
    file: Path | None = None
    licence: str = ""
    told: str = ""

    @cached_property
    def sha256(self) -> str:
        """Of the weights, read when it is asked for; empty where there is no one file."""
        if self.told or self.file is None:
            return self.told
        from cvkit.models.backends.formats import weights_of
        from cvkit.models.store.folder import sha256_of  # start-up: the store reads YAML

        weights = weights_of(self.file)
        return sha256_of(weights) if weights.is_file() else ""

    def plain(self) -> dict[str, str]:
        """As results hold it; what is not known is left out."""
        licence = self.licence or _licence_of(self.sha256)
        told = {"name": self.name, "sha256": self.sha256, "licence": licence}
        return {key: value for key, value in told.items() if value}


def _licence_of(digest: str) -> str:
    """What a card says of this content, under whatever name it lies here."""
    from cvkit.models.cards.card import of_sha256

    found = of_sha256(digest) if digest else None
    return found[0].licence if found is not None else ""
