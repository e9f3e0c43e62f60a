"""What a network takes, seen as pictures: where its axes are, which sizes it can have."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cvkit.core.errors import ParameterError
from cvkit.core.warp import Array, Size
from cvkit.models.network import Facts, element
from cvkit.models.recipe import InputSize

Tell = Callable[[str], None]

_DEFAULT_SIDE = 640


@dataclass(frozen=True, slots=True)
class Entry:
    """The input of a network for colour pictures; `width` and `height` are None where free."""

    width: int | None
    height: int | None
    channels_last: bool
    dtype: str

    @classmethod
    def of(cls, facts: Facts) -> Entry:
        """Raises ParameterError where the network takes something else than colour pictures."""
        shape = facts.inputs[0].shape if len(facts.inputs) == 1 else ()
        dtype = facts.inputs[0].dtype if shape else ""
        if len(shape) != 4 or dtype not in ("float32", "float16", "uint8"):
            raise _refused(facts, "it does not take one batch of pictures")
        if shape[1] == 3 or (shape[1] is None and (shape[3] is None or shape[3] > 4)):
            return cls(shape[3], shape[2], False, dtype)
        if shape[3] == 3:
            return cls(shape[2], shape[1], True, dtype)
        raise _refused(facts, "its input has not three channels")

    @property
    def fixed(self) -> bool:
        return self.width is not None and self.height is not None

    @property
    def levels(self) -> bool:
        return self.dtype == "uint8"

    def size(self, facts: Facts, asked: Size | None, tell: Tell) -> Size:
        """(width, height) that pictures are fitted into: what is asked for, else what the metadata
        say, else 640. Where it is free, it is rounded up to the stride, as ultralytics does.

        Raises ParameterError where another size is asked for than the network has.
        """
        usual = asked or facts.imgsz or (_DEFAULT_SIDE, _DEFAULT_SIDE)
        size = (
            self.width or _up(usual[0], facts.stride),
            self.height or _up(usual[1], facts.stride),
        )
        if asked is None or size == asked:
            return size
        if (self.width or asked[0], self.height or asked[1]) != asked:
            raise ParameterError(
                f"imgsz must be {_words(size)} for {facts.file}, got {_words(asked)}",
                why="its file fixes the size of its input",
                remedy="leave it out, or "
                + (
                    "change width and height in the [net] of its .cfg"
                    if facts.format == "darknet"
                    else "export the network with a free size (dynamic=True)"
                ),
            )
        tell(f"imgsz {_words(asked)} is rounded up to {_words(size)}, a multiple of {facts.stride}")
        return size

    def flat(self, size: Size) -> Array:
        """One grey picture of this size as a tensor."""
        width, height = size
        shape = (1, height, width, 3) if self.channels_last else (1, 3, height, width)
        return np.full(shape, 114 if self.levels else 0.5, element(self.dtype))


def _up(side: int, stride: int) -> int:
    return max(1, -(-side // stride)) * stride


def _words(size: Size) -> str:
    return str(InputSize(*size))


def _refused(facts: Facts, why: str) -> ParameterError:
    return ParameterError(
        f"{facts.file} is no detector that cvkit can feed",
        why=f"{why}; seen: {facts.ports()}",
        remedy="give a network with one input of [batch, 3, height, width] or [batch, height, "
        "width, 3]",
    )
