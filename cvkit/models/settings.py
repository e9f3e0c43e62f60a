"""What a run says about models, whichever it opens: the run options that concern them."""

from __future__ import annotations

from dataclasses import dataclass

from cvkit.core.options import RunOptions


@dataclass(frozen=True, slots=True)
class Settings:
    """Values of the run options of these names; the defaults are theirs."""

    device: str = "auto"

    @classmethod
    def of(cls, options: RunOptions) -> Settings:
        return cls(device=options.device)


DEFAULTS = Settings()
