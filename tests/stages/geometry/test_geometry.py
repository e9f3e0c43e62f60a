"""`resize`, `crop` and `flip`: the warps they give, by arithmetic."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import skimage.data

from cvkit.core.errors import InputError, ParameterError
from cvkit.stages.geometry.crop import Crop
from cvkit.stages.geometry.flip import Flip
from cvkit.stages.geometry.resize import Resize


def resize(**parameters: object) -> Resize:
    return Resize.model_validate(parameters)


def crop(**parameters: object) -> Crop:
    return Crop.model_validate(parameters)


def flip(**parameters: object) -> Flip:
    return Flip.model_validate(parameters)


CAT = np.ascontiguousarray(skimage.data.cat()[..., ::-1])  # 451 × 300
SIZE = (451, 300)


def test_shrinking_is_by_area_and_enlarging_by_cubic() -> None:
    small = resize(to="50%").apply(SIZE).pixels(CAT)
    np.testing.assert_array_equal(small, cv2.resize(CAT, (226, 150), interpolation=cv2.INTER_AREA))
    large = resize(to="902x").apply(SIZE).pixels(CAT)
    np.testing.assert_array_equal(large, cv2.resize(CAT, (902, 600), interpolation=cv2.INTER_CUBIC))


@pytest.mark.parametrize(
    ("fit", "size"),
    [("contain", (200, 133)), ("cover", (200, 200)), ("pad", (200, 200)), ("stretch", (200, 200))],
)
def test_another_shape_is_fitted_as_asked(fit: str, size: tuple[int, int]) -> None:
    warp = resize(to="200x200", fit=fit).apply(SIZE)
    assert warp.after == size
    assert warp.pixels(CAT).shape[1::-1] == size


def test_pad_centres_and_cover_cuts_both_sides_alike() -> None:
    centre = np.array([[225.5, 150.0]])
    for fit in ("pad", "cover", "stretch"):
        moved = resize(to="200x200", fit=fit).apply(SIZE).points(centre)
        np.testing.assert_allclose(moved, [[100, 100]], atol=0.6)
    padded = resize(to="200x200", fit="pad", fill="tomato").apply(SIZE).pixels(CAT)
    assert padded[0, 0].tolist() == [71, 99, 255]


@pytest.mark.parametrize(("depth", "white"), [("uint8", 255), ("uint16", 65535), ("float32", 1)])
def test_the_border_has_its_colour_at_every_depth(depth: str, white: float) -> None:
    padded = resize(to="9x5", fit="pad", fill="white").apply((4, 4))
    for shape in ((4, 4), (4, 4, 3)):
        assert (padded.pixels(np.zeros(shape, depth))[:, 0] == white).all()


def test_a_side_over_65535_is_refused_before_memory_is_taken() -> None:
    for to in ("100000x", "100000x10", "30000%"):
        with pytest.raises(InputError, match="a side has at most 65535 pixels"):
            resize(to=to, fit="stretch").apply(SIZE)


def test_one_side_keeps_the_shape_whatever_the_fit() -> None:
    for fit in ("contain", "cover", "pad", "stretch"):
        assert resize(to="x100", fit=fit).apply(SIZE).after == (150, 100)
    with pytest.raises(ParameterError, match="is '200' the width"):
        resize(to="200")


def test_a_box_in_pixels_and_in_percent() -> None:
    cut = crop(box="10,20,30,40").apply(SIZE).pixels(CAT)
    np.testing.assert_array_equal(cut, CAT[20:60, 10:40])
    assert crop(box="25%,25%,50%,50%").apply((200, 100)).matrix[0, 2] == -50


def test_a_box_that_hangs_over_is_cut_and_one_outside_refused() -> None:
    warp = crop(box="-10,290,30,40").apply(SIZE)
    assert (warp.x, warp.y, warp.after) == (0, 290, (20, 10))
    with pytest.raises(InputError, match=r"500,0,10,10 lies outside the picture, which is 451×300"):
        crop(box="500,0,10,10").apply(SIZE)


def test_flips_are_numpys_and_undo_themselves() -> None:
    for direction, expected in (
        ("horizontal", CAT[:, ::-1]),
        ("vertical", CAT[::-1]),
        ("both", CAT[::-1, ::-1]),
    ):
        warp = flip(direction=direction).apply(SIZE)
        np.testing.assert_array_equal(warp.pixels(CAT), expected)
        np.testing.assert_array_equal(warp.pixels(warp.pixels(CAT)), CAT)
