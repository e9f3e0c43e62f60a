"""`resize`, `crop`, `flip` and `rotate`: the warps they give, by arithmetic and OpenCV's calls."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import skimage.data

from cvkit.core import catalog
from cvkit.core.errors import InputError, ParameterError
from cvkit.core.frame import Frame
from cvkit.core.values import Image, Objects
from cvkit.stages.geometry.crop import Crop
from cvkit.stages.geometry.flip import Flip
from cvkit.stages.geometry.resize import Resize
from cvkit.stages.geometry.rotate import Rotate


def resize(**parameters: object) -> Resize:
    return Resize.model_validate(parameters)


def crop(**parameters: object) -> Crop:
    return Crop.model_validate(parameters)


def flip(**parameters: object) -> Flip:
    return Flip.model_validate(parameters)


def rotate(**parameters: object) -> Rotate:
    return Rotate.model_validate(parameters)


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


@pytest.mark.parametrize(
    ("name", "flag"),
    [
        ("nearest", cv2.INTER_NEAREST),
        ("nearest-exact", cv2.INTER_NEAREST_EXACT),
        ("linear", cv2.INTER_LINEAR),
        ("linear-exact", cv2.INTER_LINEAR_EXACT),
        ("cubic", cv2.INTER_CUBIC),
        ("area", cv2.INTER_AREA),
        ("lanczos", cv2.INTER_LANCZOS4),
    ],
)
@pytest.mark.parametrize("to", [(200, 133), (700, 900)])
@pytest.mark.parametrize("depth", ["uint8", "uint16", "float32"])
def test_each_interpolation_is_opencvs(
    name: str, flag: int, to: tuple[int, int], depth: str
) -> None:
    photo = CAT.astype(depth)
    warp = resize(to=f"{to[0]}x{to[1]}", fit="stretch", interpolation=name).apply(SIZE)
    np.testing.assert_array_equal(warp.pixels(photo), cv2.resize(photo, to, interpolation=flag))


@pytest.mark.parametrize(
    ("fit", "size"),
    [("contain", (451, 300)), ("cover", (451, 300)), ("pad", (900, 400)), ("stretch", (451, 300))],
)
def test_without_upscale_a_small_picture_stays_as_it_is(fit: str, size: tuple[int, int]) -> None:
    warp = resize(to="900x400", fit=fit, upscale=False).apply(SIZE)
    assert warp.after == size
    middle = warp.pixels(CAT)[50:350, 224:675] if fit == "pad" else warp.pixels(CAT)
    np.testing.assert_array_equal(middle, CAT)
    assert resize(to="100x100", upscale=False).apply(SIZE).after == (100, 67)
    assert resize(to="200%", upscale=False).apply(SIZE).after == SIZE
    # Cover cuts only the side that is too long.
    assert resize(to="900x200", fit="cover", upscale=False).apply(SIZE).after == (451, 200)


def test_a_border_is_transparent_unless_it_has_a_colour() -> None:
    logo = Image.of(np.dstack([CAT, np.full(CAT.shape[:2], 200, np.uint8)]))
    for fill, alpha in ((None, 0), ("black", 255), ("white", 255)):
        moved = logo.moved(resize(to="500x500", fit="pad", fill=fill).apply(SIZE))
        assert moved.alpha is not None
        assert (moved.alpha[0] == alpha).all()
        assert moved.alpha[250, 250] == 200


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


def test_the_middle_and_the_largest_part_of_a_shape() -> None:
    cut = crop(center="201x100").apply(SIZE)
    assert (cut.x, cut.y, cut.after) == (125, 100, (201, 100))
    assert crop(center="50%").apply(SIZE).after == (226, 150)
    assert crop(center="1000x100").apply(SIZE).after == (451, 100)
    wide, square, tall = (crop(aspect=a).apply(SIZE) for a in ("16:9", "1:1", "9:16"))
    assert (wide.x, wide.y, wide.after) == (0, 23, (451, 254))
    assert (square.x, square.y, square.after) == (75, 0, (300, 300))
    assert tall.after == (169, 300)


def test_a_crop_is_asked_for_in_one_way() -> None:
    with pytest.raises(ParameterError, match="crop needs a box"):
        crop()
    with pytest.raises(ParameterError, match="one of box, center and aspect"):
        crop(box="0,0,9,9", aspect="1:1")
    for aspect in ("16", "0:1", "a:b", "1:5000"):
        with pytest.raises(ParameterError, match=r"width to height \(16:9, 1:1\)"):
            crop(aspect=aspect)


@pytest.mark.parametrize(("angle", "turns"), [("90", 1), ("180deg", 2), ("-90", 3), ("720", 0)])
def test_quarter_turns_move_pixels_and_change_none(angle: str, turns: int) -> None:
    turned = rotate(angle=angle).apply(SIZE).pixels(CAT)
    np.testing.assert_array_equal(turned, np.rot90(CAT, turns))


def centred(matrix: np.ndarray) -> np.ndarray:
    """A matrix on box coordinates as OpenCV counts, from pixel centres."""
    half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
    return np.linalg.inv(half) @ np.vstack([matrix, [0, 0, 1]]) @ half


@pytest.mark.parametrize(
    ("name", "flag"),
    [("nearest", 0), ("linear", 1), ("cubic", 2), ("lanczos", 4)],
)
def test_any_angle_is_opencvs_rotation_about_the_middle(name: str, flag: int) -> None:
    stage = rotate(angle=-17.5, expand=False, scale=1.25, interpolation=name, fill="tomato")
    matrix = cv2.getRotationMatrix2D((225.5, 150), -17.5, 1.25)
    expected = cv2.warpPerspective(
        CAT, centred(matrix), SIZE, flags=flag, borderValue=(71, 99, 255)
    )
    np.testing.assert_array_equal(stage.apply(SIZE).pixels(CAT), expected)


def test_positive_angles_are_counter_clockwise() -> None:
    point = np.array([[451.0, 150.0]])  # the middle of the right edge goes up
    x, y = rotate(angle=30).apply(SIZE).points(point)[0]
    w, h = rotate(angle=30).apply(SIZE).after
    assert (w, h) == (541, 486)  # 451 cos + 300 sin, 451 sin + 300 cos
    np.testing.assert_allclose((x, y), (w / 2 + 195.29, h / 2 - 112.75), atol=0.01)


def test_an_expanded_turn_cuts_no_corner_and_a_kept_size_does() -> None:
    white = np.full(CAT.shape[:2], 255, np.uint8)
    turned = rotate(angle=33).apply(SIZE).pixels(white)
    assert turned.sum() / 255 == pytest.approx(451 * 300, rel=0.001)
    kept = rotate(angle=33, expand=False).apply(SIZE).pixels(white)
    assert kept.shape == white.shape
    assert kept.sum() / 255 < 451 * 300 * 0.9


def test_the_point_turned_about_stays_and_so_does_the_size() -> None:
    for scale in (0.5, 1, 3):
        turn = rotate(angle=41, about="30,200", scale=scale).apply(SIZE)
        assert turn.after == SIZE
        np.testing.assert_allclose(turn.points(np.array([[30.0, 200.0]])), [[30, 200]], atol=1e-9)
    with pytest.raises(ParameterError, match="about any point"):
        rotate(angle=41, about="30,200", expand=True)


def test_smaller_is_by_area_so_that_thin_lines_stay() -> None:
    lines = np.zeros((300, 451), np.uint8)
    lines[::10] = 255
    small = rotate(angle=0, scale=0.1).apply(SIZE).pixels(lines)
    assert small.shape == (30, 45)
    assert small[2:-2, 2:-2].mean() == pytest.approx(25.5, abs=1)


def test_boxes_and_outlines_turn_along_and_free_corners_are_transparent() -> None:
    image = Image.of(np.dstack([CAT, np.full(CAT.shape[:2], 255, np.uint8)]))
    square = [[200, 100], [250, 100], [250, 150], [200, 150]]
    objects = Objects.of([[200, 100, 250, 150]], image.grid, polygons=[square])
    frame = rotate(angle=45)(Frame.of(image).found(objects))
    photo, found = frame.photo, frame.get(Objects)
    assert photo.alpha[0, 0] == 0
    assert photo.alpha[photo.size[1] // 2, photo.size[0] // 2] == 255
    sides = np.linalg.norm(np.diff(found.polygons[0], axis=0), axis=1)
    np.testing.assert_allclose(sides, 50, atol=1e-3)
    np.testing.assert_allclose(found.boxes[0, 2:] - found.boxes[0, :2], 50 * 2**0.5, atol=1e-3)
    gone = rotate(angle=45, expand=False)(
        Frame.of(image).found(Objects.of([[0, 0, 20, 20]], image.grid))
    )
    assert len(gone.get(Objects)) == 0


def test_a_turn_that_would_be_too_large_is_refused() -> None:
    with pytest.raises(InputError, match=r"would become .* at most 32766"):
        rotate(angle=45, scale=100).apply(SIZE)
    with pytest.raises(ParameterError, match="degrees counter-clockwise"):
        rotate(angle="thirty")


def test_flips_are_numpys_and_undo_themselves() -> None:
    for direction, expected in (
        ("horizontal", CAT[:, ::-1]),
        ("vertical", CAT[::-1]),
        ("both", CAT[::-1, ::-1]),
    ):
        warp = flip(direction=direction).apply(SIZE)
        np.testing.assert_array_equal(warp.pixels(CAT), expected)
        np.testing.assert_array_equal(warp.pixels(warp.pixels(CAT)), CAT)


def test_every_interpolation_is_offered() -> None:
    with pytest.raises(ParameterError, match=r"auto, nearest, .*cubic, area, lanczos; got bicubic"):
        catalog.make("resize", {"to": "50%", "interpolation": "bicubic"})
