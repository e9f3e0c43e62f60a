"""A stage called on a plain array, without a frame around it.

A frame costs about 20 µs, a tenth of what a quick OpenCV call takes on two megapixels. Where a
stage takes one raster, or the size, and gives one raster of the same frame or a warp, there is
nothing for it to carry; every other call takes the long way, and gives the same.
"""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np

from cvkit.core.errors import CvkitError, InternalError
from cvkit.core.signature import operand_fields, signature
from cvkit.core.stage import Stage, Take, stage_name
from cvkit.core.values import Raster, frozen
from cvkit.core.warp import Array, Warp
from cvkit.engine.bind import translated

_TAKEN = ("picture", "gray", "size")
_GIVEN = {"picture", "image", "mask", "labels", "warp"}
_DEPTHS = {np.dtype(name): name for name in ("uint8", "uint16", "float32")}


def directly(stage: Stage, array: Array) -> Array | None:
    """What the stage makes of (h, w) or (h, w, 3); None where the long way has to be taken.

    Raises what the long way would.
    """
    cls = type(stage)
    take = _simple(cls)
    shape = array.shape
    if take is None or len(shape) not in (2, 3) or (len(shape) == 3 and shape[2] != 3):
        return None
    if _DEPTHS.get(array.dtype) not in cls.depths or not array.size or _decides(stage):
        return None
    try:
        result = stage.apply(**{take.name: _taken(take.word, array)})  # type: ignore[attr-defined]
        if isinstance(result, Warp):
            return result.pixels(array)
    except CvkitError as error:
        raise error.about(f"stage {stage_name(cls)}") from error
    except Exception as error:
        raise translated(error, f"stage {stage_name(cls)}") from error
    made: object = result.array if isinstance(result, Raster) else result
    if not isinstance(made, np.ndarray) or made.shape[:2] != shape[:2]:
        raise InternalError(f"{stage_name(cls)} gave no raster of {shape[1]}×{shape[0]}")
    return made.view(np.uint8) * np.uint8(255) if made.dtype == np.bool_ else made


def _taken(word: str, array: Array) -> object:
    if word == "size":
        return array.shape[1::-1]
    if word == "gray" and array.ndim == 3:
        return cv2.cvtColor(array, cv2.COLOR_BGR2GRAY)
    return frozen(array)


def _decides(stage: Stage) -> bool:
    """Whether a field changes what `apply` takes or how often it gives."""
    return bool(stage.asks()) or stage.several() is not None


@cache
def _simple(cls: type[Stage]) -> Take | None:
    """The one thing that `apply` takes, where the class is simple enough."""
    sig = signature(cls)
    lives = any(hasattr(cls, name) for name in ("open", "start", "gather"))
    plain = len(sig.takes) == 1 and sig.takes[0].word in _TAKEN and set(sig.gives) <= _GIVEN
    if lives or cls.writable or sig.batched or sig.yields or sig.drops or sig.several:
        return None
    return sig.takes[0] if plain and sig.gives and not operand_fields(cls) else None
