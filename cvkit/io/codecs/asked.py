"""What is asked of a decoder."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

MAX_PIXELS = 500_000_000
DPI = 150.0


@dataclass(frozen=True, slots=True)
class Asked:
    """How a picture is wanted; what a format has no use for it passes over."""

    max_pixels: int = MAX_PIXELS
    """A picture of more, by its header, is refused before memory is taken."""
    views: frozenset[str] = frozenset()
    """Of "gray" and "bgr": those to decode now, where that is cheaper for fewer."""
    page: int = 0
    """Which picture of several, from 0."""
    dpi: float = DPI
    """Dots an inch at which pages without pixels are drawn."""
    keep_icc: bool = False
    """Leave the numbers as they are where a profile says that they are not sRGB."""
    seed: int = 0
    """For pictures that are made of random numbers."""
    fps: Fraction | None = None
    """How fast numbered pictures follow each other."""
    deep: bool = False
    """Of videos with more than 8 bits a channel, pictures of 16 bits."""
    deinterlace: bool = False
    """Of interlaced video, whole pictures."""
    salvage: bool = False
    """Of damaged videos and animations what is whole, instead of an error."""
    notes: list[str] = field(default_factory=list, compare=False)
    """Where a decoder says what a user should know of a picture that it could still read."""
