"""JPEG XL, by libjxl (extra jxl), in 8 bits a channel; of an animation the first picture."""

from __future__ import annotations

import numpy as np

from cvkit.core.values import Image
from cvkit.io.codecs import extras
from cvkit.io.codecs.asked import Asked
from cvkit.io.codecs.stored import image
from cvkit.io.integrity import bounded, damaged

Bytes = bytes | memoryview


def read(data: Bytes, name: str, asked: Asked) -> Image:
    jxl = extras.load("jxl")
    try:
        said = jxl.probe(data)
        bounded((said["width"], said["height"]), asked.max_pixels, name)
        array, beside = jxl.decode(data, metadata=True)
    except (RuntimeError, ValueError) as error:
        raise damaged(name, f"the JPEG XL decoder says: {error}") from error
    if said["bits_per_sample"] > 8:
        asked.notes.append(f"its {said['bits_per_sample']} bits a level are read as 8")
    if array.ndim == 3 and array.shape[2] == 2:  # grey and alpha
        return image(np.ascontiguousarray(array[:, :, [0, 0, 0, 1]]), gray=True)
    if array.ndim == 3:
        array = np.ascontiguousarray(array[:, :, [2, 1, 0, 3][: array.shape[2]]])
    return image(array, profile=beside.get("icc", b""), asked=asked)
