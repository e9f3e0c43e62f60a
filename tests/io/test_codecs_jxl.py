"""JPEG XL: exactly what a lossless file holds, and no cut passes."""

from __future__ import annotations

import numpy as np
import pytest

from cvkit.core.errors import DamagedError, InputError
from cvkit.core.warp import Array
from cvkit.io.codecs.reading import read_picture
from tests.io import making

libjxl = pytest.importorskip("pylibjxl")


def jxl(picture: Array) -> bytes:
    order = [2, 1, 0, 3]
    rgb = picture if picture.ndim == 2 else picture[:, :, order[: picture.shape[2]]]
    data: bytes = libjxl.encode(np.ascontiguousarray(rgb), lossless=True)
    return data


def test_lossless_pictures_are_read_exactly():
    grey = read_picture(jxl(making.photo()[:, :, 0]), "a.jxl")
    assert grey.space == "gray"
    assert np.array_equal(grey.array, making.photo()[:, :, 0])
    bgra = np.dstack([making.photo(), making.photo()[:, ::-1, 0]])
    image = read_picture(jxl(bgra), "a.jxl")
    assert np.array_equal(image.bgr, making.photo())
    assert image.alpha is not None
    assert np.array_equal(image.alpha, bgra[:, :, 3])


def test_no_cut_passes_and_size_is_bounded():
    data = jxl(making.photo())
    for end in [*range(2, len(data), 97), len(data) - 1]:
        with pytest.raises(DamagedError):
            read_picture(data[:end], "a.jxl")
    with pytest.raises(InputError, match="--max-pixels"):
        read_picture(data, "a.jxl", max_pixels=64 * 48 - 1)
