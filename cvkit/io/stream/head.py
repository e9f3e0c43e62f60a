"""What a frame stream says of an item before its frames, and of itself at its end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from cvkit.core.errors import DamagedError
from cvkit.io.about import UNSAID, About
from cvkit.io.codecs.metadata import Metadata
from cvkit.io.sound import Sound


@dataclass(frozen=True, slots=True)
class Head:
    """One input: its name as outputs use it, still or moving, and the format it was read from."""

    name: str
    moving: bool
    format: str
    rate: Fraction | None
    sound: Sound | None
    metadata: tuple[tuple[int, Metadata], ...] = ()
    """What its pages hold beside pixels, each with its number."""
    aspect: Fraction = Fraction(1)
    """How wide the source's pixels are where they are as high as 1."""
    cut: bool = False
    """Whether it is a part of the input: a film of it begins with its first frame."""
    about: About = UNSAID
    """Title and chapters, these at the times of the frames."""
    gaps: list[Mapping[str, object]] = field(default_factory=list, compare=False)
    """What a damaged input lacks: there when its last row has been read."""


@dataclass(frozen=True, slots=True)
class End:
    """How the writer's run ended: its exit code, and its error where one ended it early."""

    code: int
    error: str = ""


def checked_name(name: str) -> str:
    """Raises DamagedError for a name that could lead out of a folder."""
    if name.startswith("/") or "\0" in name or ".." in name.split("/"):
        raise damaged(f"the name {name[:80]!r} is no relative path")
    return name


def damaged(why: str) -> DamagedError:
    return DamagedError("the frame stream is damaged", why=why)


def cut() -> DamagedError:
    return DamagedError(
        "the stream was cut",
        why="its end is missing",
        remedy="look at what the command before the pipe says",
    )
