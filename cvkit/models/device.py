"""Where a model runs, as the user asks for it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from cvkit.core.errors import ParameterError


@dataclass(frozen=True, slots=True)
class Device:
    """`auto`, the processor, or one CUDA device."""

    kind: Literal["auto", "cpu", "cuda"]
    index: int = 0

    @classmethod
    def of(cls, text: str) -> Device:
        """From `auto`, `cpu`, `cuda` or `cuda:N`; raises ParameterError on anything else."""
        if text == "auto":
            return cls("auto")
        if text == "cpu":
            return cls("cpu")
        match = re.fullmatch(r"cuda(?::(\d{1,3}))?", text)
        if match is None:
            raise ParameterError(f"device must be auto, cpu, cuda or cuda:N, got {text}")
        return cls("cuda", int(match[1] or 0))

    def __str__(self) -> str:
        return f"cuda:{self.index}" if self.kind == "cuda" else self.kind
