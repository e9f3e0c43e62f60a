"""What is said of pictures in linear light, whose values go above 1."""

from __future__ import annotations

import numpy as np

from cvkit.core.warp import Array
from cvkit.io.codecs.asked import Asked


def said_of(array: Array, asked: Asked) -> None:
    """A note for a float picture of HDR or OpenEXR with values that other pictures cannot have."""
    finite = array[np.isfinite(array)]
    top = float(finite.max()) if finite.size else 0.0
    if top > 1:
        asked.notes.append(
            f"linear light up to {top:.4g}: values above 1 stay in floats, and are white in 8 and"
            " 16 bits"
        )
