"""`bitwise` against numpy's operators."""

from __future__ import annotations

import numpy as np
import pytest
import skimage.data

from cvkit.core.errors import InputError, ParameterError
from cvkit.core.frame import Frame
from cvkit.core.values import Image, Mask
from cvkit.stages.combine.bitwise import Bitwise


def made(**parameters: object) -> Bitwise:
    return Bitwise.model_validate(parameters)


CAT = np.ascontiguousarray(skimage.data.cat()[..., ::-1])
GRAY = CAT[..., 1]
MASK = ((GRAY > 100) * 255).astype(np.uint8)


@pytest.mark.parametrize("op", ["and", "or", "xor"])
def test_it_is_numpys_operator(op: str) -> None:
    naive = getattr(np, f"bitwise_{op}")
    stage = made(op=op, with_="other")
    np.testing.assert_array_equal(stage.apply(GRAY, MASK), naive(GRAY, MASK))
    np.testing.assert_array_equal(stage.apply(CAT, MASK), naive(CAT, MASK[..., None]))
    np.testing.assert_array_equal(stage.apply(MASK, CAT), naive(CAT, MASK[..., None]))


def test_not_inverts_every_bit() -> None:
    deep = GRAY.astype(np.uint16) * 257
    np.testing.assert_array_equal(made(op="not").apply(CAT, None), 255 - CAT)
    np.testing.assert_array_equal(made(op="not").apply(deep, None), 65535 - deep)


def test_a_mask_cuts_out_of_a_deep_picture() -> None:
    deep = CAT.astype(np.uint16) * 257
    cut = made(with_="mask").apply(deep, MASK)
    np.testing.assert_array_equal(cut, np.where(MASK[..., None] > 0, deep, 0))


def test_only_two_masks_give_a_mask() -> None:
    stage = made(with_="other")
    assert stage.gives({"picture": Mask, "with_": Mask}) is Mask
    assert stage.gives({"picture": Mask, "with_": Image}) is Image
    assert stage.gives({"picture": Image, "with_": Mask}) is Image
    assert made(op="not").gives({"picture": Mask}) is Mask


def test_what_does_not_fit_is_refused_by_name() -> None:
    with pytest.raises(ParameterError, match="and needs --with"):
        made()
    with pytest.raises(ParameterError, match="not takes one picture"):
        made(op="not", with_="x")
    with pytest.raises(InputError, match="one size, got 451×300 and 10×20"):
        made(with_="x").apply(CAT, np.zeros((20, 10), np.uint8))
    with pytest.raises(InputError, match="float32"):
        made(with_="x").apply(CAT, GRAY.astype(np.float32))


def test_a_binary_mask_stays_binary_with_a_binary_one_only() -> None:
    frame = Frame.of(Mask.of(MASK, binary=True))
    soft = Mask.of(GRAY)
    assert made(op="not")(frame).raster.binary
    assert made(with_="m")(frame, with_=Mask.of(255 - MASK, binary=True)).raster.binary
    assert not made(with_="m")(frame, with_=soft).raster.binary
