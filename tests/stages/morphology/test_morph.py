"""`morph` against OpenCV, scikit-image and SciPy on coins, print and a horse."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import scipy.ndimage
import skimage.data
import skimage.morphology

from cvkit.core import kernel
from cvkit.core.errors import InputError, ParameterError
from cvkit.core.units import Angle
from cvkit.core.values import Image, Mask
from cvkit.engine.python import Pipeline
from cvkit.stages.filter.blur import Blur
from cvkit.stages.morphology.morph import Morph
from cvkit.stages.segment.threshold import Threshold
from cvkit.stages.shape.contours import Contours
from tests.conftest import Command

COINS = skimage.data.coins()
COFFEE = np.ascontiguousarray(skimage.data.coffee()[..., ::-1])
HORSE = ~skimage.data.horse()
SAMPLES = Path(__file__).resolve().parents[3] / "samples"
LIGHT = COINS > 107
GREY_OPS = ("erode", "dilate", "open", "close", "gradient", "tophat", "blackhat")
SKIMAGE = {
    "erode": "erosion",
    "dilate": "dilation",
    "open": "opening",
    "close": "closing",
    "tophat": "white_tophat",
    "blackhat": "black_tophat",
}


def made(**parameters: object) -> Morph:
    return Morph.model_validate(parameters)


def of_mask(covered: np.ndarray, **parameters: object) -> np.ndarray:
    """Called as users call it, on a boolean array, which is a mask."""
    result = made(**parameters)(covered)
    assert result.dtype == np.uint8
    assert set(np.unique(result)) <= {0, 255}
    return result > 0


@pytest.mark.parametrize("shape", ["ellipse", "rect", "cross"])
@pytest.mark.parametrize("op", GREY_OPS)
def test_a_picture_is_opencvs_at_every_depth(op: str, shape: str) -> None:
    element = cv2.getStructuringElement(getattr(cv2, f"MORPH_{shape.upper()}"), (7, 7))
    for picture in (COINS, COFFEE, COINS.astype(np.uint16) * 257, COFFEE.astype(np.float32) / 255):
        expected = cv2.morphologyEx(
            picture, getattr(cv2, f"MORPH_{op.upper()}"), element, iterations=2
        )
        result = made(op=op, shape=shape, size=7, iterations=2)(picture)
        np.testing.assert_array_equal(result, expected)


@pytest.mark.parametrize("op", SKIMAGE)
def test_a_diamond_does_what_scikit_images_does(op: str) -> None:
    expected = getattr(skimage.morphology, SKIMAGE[op])(COINS, skimage.morphology.diamond(3))
    np.testing.assert_array_equal(made(op=op, shape="diamond", size=7)(COINS), expected)


def test_a_mask_stays_a_mask() -> None:
    mask = Mask.of(LIGHT)
    shrunk = made(op="erode", size=5)(mask)
    assert isinstance(shrunk, Mask)
    assert shrunk.binary
    assert 0 < shrunk.values.astype(bool).sum() < LIGHT.sum()
    soft = Mask.of(cv2.blur(mask.values, (5, 5)))
    assert not made(op="open")(soft).binary


def test_by_default_it_shows_the_outlines_of_a_picture() -> None:
    element = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))  # 1% of 400, odd
    expected = cv2.dilate(COFFEE, element).astype(int) - cv2.erode(COFFEE, element)
    assert COFFEE.shape[0] == 400
    np.testing.assert_array_equal(made(size=5)(COFFEE), expected)
    np.testing.assert_array_equal(made()(COFFEE), expected)


@pytest.mark.parametrize("sample", [False, True])
def test_tophat_takes_the_uneven_light_away_so_that_otsu_finds_24_coins(sample: bool) -> None:
    coins = cv2.imread(str(SAMPLES / "coins.jpg"), cv2.IMREAD_GRAYSCALE) if sample else COINS
    assert coins is not None
    corner, side = (slice(0, 20), slice(0, 20)), (slice(-15, None), slice(330, 345))
    flat = made(op="tophat", size="50%")(coins)
    assert coins[corner].mean() - coins[side].mean() > 70
    assert abs(flat[corner].mean() - flat[side].mean()) < 20
    found = Pipeline([Threshold(), Contours()])(flat)
    assert len(found) == 24
    sides = found.boxes[:, 2:] - found.boxes[:, :2]
    assert ((sides > 33) & (sides < 68)).all()  # coins, none of them grown into the ground
    before = Pipeline([Threshold(), Contours()])(coins)
    assert (before.boxes[:, 2:] - before.boxes[:, :2]).max() > 290


def test_a_line_keeps_strokes_of_its_direction() -> None:
    table = np.zeros((60, 80), bool)
    table[10::20] = True
    table[:, 8::25] = True
    rows = of_mask(table, op="open", shape="line", size=31)
    columns = of_mask(table, op="open", shape="line", size=31, angle="90")
    assert np.flatnonzero(rows.all(1)).tolist() == [10, 30, 50]
    assert rows.sum() == 3 * 80
    assert np.flatnonzero(columns.all(0)).tolist() == [8, 33, 58]


def test_lines_are_counter_clockwise_and_as_long_to_both_sides() -> None:
    rising = kernel.element("line", 7, Angle(45))
    assert [tuple(p) for p in np.argwhere(rising)] == [(1, 5), (2, 4), (3, 3), (4, 2), (5, 1)]
    for angle in range(0, 360, 7):
        line = kernel.element("line", 31, Angle(angle))
        np.testing.assert_array_equal(line, line[::-1, ::-1])


@pytest.mark.parametrize("shape", [HORSE, LIGHT], ids=["horse", "coins"])
def test_skeleton_and_thin_are_scikit_images(shape: np.ndarray) -> None:
    skeleton = of_mask(shape, op="skeleton")
    np.testing.assert_array_equal(skeleton, skimage.morphology.skeletonize(shape))
    np.testing.assert_array_equal(of_mask(shape, op="thin"), skimage.morphology.thin(shape))
    part = skimage.morphology.thin(shape, max_num_iter=3)
    np.testing.assert_array_equal(of_mask(shape, op="thin", iterations=3), part)


def test_a_horse_becomes_one_line_as_thin_as_can_be() -> None:
    skeleton = of_mask(HORSE, op="skeleton")
    assert cv2.connectedComponents(skeleton.astype(np.uint8), connectivity=8)[0] == 2
    assert not cv2.erode(skeleton.astype(np.uint8), np.ones((2, 2), np.uint8)).any()
    assert 0.5 * max(HORSE.shape) < skeleton.sum() < 0.06 * HORSE.sum()


def test_holes_are_filled_as_scipy_fills_them() -> None:
    filled = scipy.ndimage.binary_fill_holes(LIGHT)
    assert filled.sum() > LIGHT.sum() + 1000
    np.testing.assert_array_equal(of_mask(LIGHT, op="fill-holes"), filled)


def test_only_holes_up_to_an_area_are_filled() -> None:
    plate = np.ones((20, 40), bool)
    plate[4:6, 4:6] = plate[4:8, 20:25] = False
    plate[10:14, 38:] = False  # open to the side: no hole
    for area, missing in ((3, 24), (4, 20), (19, 20), (20, 0)):
        assert (~of_mask(plate, op="fill-holes", area=area)).sum() == missing + 8


def test_what_is_smaller_than_an_area_goes() -> None:
    for area in (5, 64, 2000):
        expected = skimage.morphology.remove_small_objects(LIGHT, max_size=area - 1, connectivity=2)
        np.testing.assert_array_equal(of_mask(LIGHT, op="remove-small", area=area), expected)
    share = of_mask(LIGHT, op="remove-small")  # 0.1 %: 116 pixels
    np.testing.assert_array_equal(share, of_mask(LIGHT, op="remove-small", area=117))


def test_hit_or_miss_finds_lone_pixels_and_corners() -> None:
    dots = np.zeros((9, 12), bool)
    dots[2, 3] = dots[4:8, 6:10] = True
    assert np.argwhere(of_mask(dots, op="hit-or-miss")).tolist() == [[2, 3]]
    corner = of_mask(dots, op="hit-or-miss", pattern=".0./011/.1.")
    assert np.argwhere(corner).tolist() == [[4, 6]]
    rows = np.array([[0, -1, 0], [-1, 1, 1], [0, 1, 0]])
    naive = cv2.morphologyEx(LIGHT.view(np.uint8), cv2.MORPH_HITMISS, rows)
    np.testing.assert_array_equal(
        of_mask(LIGHT, op="hit-or-miss", pattern=".0./011/.1."), naive > 0
    )


def test_a_picture_gets_its_mask_from_threshold_and_a_soft_one_is_cut_at_half() -> None:
    skeleton = made(op="skeleton")
    np.testing.assert_array_equal(skeleton(COINS) > 0, skimage.morphology.skeletonize(LIGHT))
    chain = Pipeline([Threshold(), Blur(), skeleton])
    soft = Pipeline([Threshold(), Blur()])(COINS)
    np.testing.assert_array_equal(chain(COINS) > 0, skimage.morphology.skeletonize(soft >= 128))


def test_small_ones_go_before_they_are_counted() -> None:
    light = Threshold()(COINS)
    assert len(Contours()(light > 0)) == 25
    assert len(Contours()(made(op="remove-small")(light > 0) > 0)) == 24


def test_the_plan_says_which_mask_it_adds(cvkit: Command) -> None:
    cv2.imwrite(str(cvkit.folder / "coins.png"), COINS)
    done = cvkit("morph", "coins.png", "--op", "skeleton", "--dry-run")
    assert done.code == 0, done.err
    assert "morph needs a mask, and a photograph stands there" in done.out + done.err
    kept = cvkit("morph", "coins.png", "--op", "erode", "--dry-run")
    assert "threshold" not in kept.out + kept.err


def test_alpha_is_carried_past_the_colours() -> None:
    alpha = np.tile(np.arange(200, dtype=np.uint8), (100, 1))
    picture = Image.of(np.dstack([COFFEE[:100, :200], alpha]))
    result = made(op="dilate")(picture)
    assert result.alpha is not None
    np.testing.assert_array_equal(result.alpha, alpha)


@pytest.mark.parametrize("op", [*GREY_OPS, "hit-or-miss", "skeleton", "thin", "fill-holes"])
def test_pictures_as_small_as_they_come_are_fine(op: str) -> None:
    for size in ((1, 1), (1, 9), (9, 1), (2, 2)):
        for covered in (np.ones(size, bool), np.zeros(size, bool)):
            assert made(op=op)(covered).shape == size


def test_parameters_that_have_no_meaning_are_refused() -> None:
    with pytest.raises(ParameterError, match=r"size has no meaning for skeleton; it is for erode,"):
        made(op="skeleton", size=5)
    with pytest.raises(ParameterError, match="area has no meaning for open"):
        made(op="open", area=40)
    with pytest.raises(ParameterError, match="ellipse has no angle; use --shape line"):
        made(op="open", angle=30)
    with pytest.raises(ParameterError, match="size: must be odd, got 4; try 5"):
        made(size=4)
    with pytest.raises(ParameterError, match=r"op is one of erode, .*did you mean erode"):
        made(op="erosde")
    for pattern in ("0102", "000/01/000", "00/01", "...", ""):
        with pytest.raises(ParameterError, match="rows of one odd length, of 1, 0 and"):
            made(op="hit-or-miss", pattern=pattern)
    with pytest.raises(InputError, match="at most 1023 pixels wide, not 2047; use several"):
        made(op="open", size=2047)(COINS)
