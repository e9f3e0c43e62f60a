"""What a run says about models, whichever it opens: the run options that concern them."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

from cvkit.core.options import RunOptions


@dataclass(frozen=True, slots=True)
class Step:
    """Of a download: `done` of `total` bytes of `name`; or a `note` for people."""

    name: str = ""
    done: int = 0
    total: int | None = None
    note: str = ""


Watch = Callable[[Step], None]


@dataclass(frozen=True, slots=True)
class Settings:
    """Values of the run options of these names; the defaults are theirs."""

    device: str = "auto"
    backend: str = "auto"
    half: bool = False
    offline: bool = False
    trust: bool = False
    accept_license: tuple[str, ...] = ()
    watch: Watch | None = None
    """Is told how a download goes, and what people should know; nobody is where it is None."""

    single: bool = False
    """The whole run is one picture, so that a network may have all processors for it."""

    @classmethod
    def of(
        cls, options: RunOptions, watch: Watch | None = None, *, single: bool = False
    ) -> Settings:
        return cls(
            device=options.device,
            backend=options.backend,
            half=options.half,
            offline=options.offline,
            trust=options.trust,
            accept_license=options.accept_license,
            watch=watch,
            single=single,
        )

    @property
    def alone(self) -> bool:
        """Whether nothing may be fetched: `--offline`, or the variable CVKIT_OFFLINE."""
        return self.offline or os.environ.get("CVKIT_OFFLINE", "") not in ("", "0")

    def tell(self, step: Step) -> None:
        if self.watch is not None:
            self.watch(step)


DEFAULTS = Settings()
