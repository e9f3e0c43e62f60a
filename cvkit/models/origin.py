"""What a result was made with: a model's name, content and licence."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path


@dataclass(frozen=True)
class Origin:
    """A model that was opened, here or by a process before this one in a pipe, which `told` its
    sha256. `file` holds its weights; None where it is part of a package.
    """

    name: str
    file: Path | None = None
    licence: str = ""
    told: str = ""

    @cached_property
    def sha256(self) -> str:
        """Of the weights, read when it is asked for; empty where there is no one file."""
        if self.told or self.file is None or not self.file.is_file():
            return self.told
        from cvkit.models.store.folder import sha256_of  # start-up: the store reads YAML

        return sha256_of(self.file)

    def plain(self) -> dict[str, str]:
        """As results hold it; what is not known is left out."""
        told = {"name": self.name, "sha256": self.sha256, "licence": self.licence}
        return {key: value for key, value in told.items() if value}
