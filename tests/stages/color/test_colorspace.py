"""`colorspace`: OpenCV's numbers, yellow by definition, and every way back."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import skimage.data

from cvkit.core.errors import ChainError, InputError, ParameterError
from cvkit.core.frame import Frame
from cvkit.core.objects import Objects
from cvkit.core.values import Image, Labels, Mask
from cvkit.engine.python import Pipeline
from cvkit.stages.color.colorspace import Colorspace
from tests.conftest import Command

COFFEE = np.ascontiguousarray(skimage.data.coffee()[..., ::-1])
YELLOW = np.full((2, 3, 3), (0, 255, 255), np.uint8)
THREE = ("rgb", "hsv", "hls", "lab", "luv", "ycrcb", "yuv", "xyz")
CODES = {"lab": "Lab", "luv": "Luv", "ycrcb": "YCrCb"}


def made(**parameters: object) -> Colorspace:
    return Colorspace.model_validate(parameters)


def opencvs(picture: np.ndarray, name: str) -> np.ndarray:
    return cv2.cvtColor(picture, getattr(cv2, f"COLOR_BGR2{CODES.get(name, name.upper())}"))


def test_yellow_has_hue_30_full_saturation_and_full_value() -> None:
    assert made()(YELLOW)[0, 0].tolist() == [30, 255, 255]
    assert made(to="rgb")(YELLOW)[0, 0].tolist() == [255, 255, 0]
    assert (made(to="gray")(YELLOW) == 226).all()
    real = made()(YELLOW.astype(np.float32) / 255)
    np.testing.assert_allclose(real[0, 0], [60 / 360, 1, 1], atol=1e-6)


@pytest.mark.parametrize("name", THREE)
def test_8_bits_are_opencvs(name: str) -> None:
    np.testing.assert_array_equal(made(to=name)(COFFEE), opencvs(COFFEE, name))


def test_hue_ends_at_179() -> None:
    wheel = np.zeros((1, 180, 3), np.uint8)
    wheel[0, :, 0], wheel[..., 1:] = np.arange(180), 255
    hues = made(to="hsv")(cv2.cvtColor(wheel, cv2.COLOR_HSV2BGR))[..., 0]
    assert (hues.min(), hues.max()) == (0, 179)


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("hsv", (0, 0, 0), (360, 1, 1)),
        ("hls", (0, 0, 0), (360, 1, 1)),
        ("lab", (0, -128, -128), (100, 127, 127)),
        ("luv", (0, -134, -140), (100, 220, 122)),
        ("ycrcb", (0, 0, 0), (1, 1, 1)),
        ("xyz", (0, 0, 0), (1, 1, 1)),
    ],
)
def test_floats_are_opencvs_brought_to_one(
    name: str, low: tuple[float, ...], high: tuple[float, ...]
) -> None:
    real = COFFEE.astype(np.float32) / 255
    expected = (opencvs(real, name) - np.array(low)) / (np.array(high) - np.array(low))
    result = made(to=name)(real)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, expected, atol=1e-5)
    if name not in ("hsv", "hls"):  # what 8 bits hold, divided by 255
        assert abs(result * 255 - made(to=name)(COFFEE)).mean() < 0.5


@pytest.mark.parametrize("name", THREE)
def test_every_space_comes_back(name: str) -> None:
    real = COFFEE.astype(np.float32) / 255
    there_and_back = Pipeline([made(to=name), made(from_=name)])
    np.testing.assert_allclose(there_and_back(real), real, atol=1.01 / 255)
    error = np.abs(there_and_back(COFFEE).astype(int) - COFFEE)
    most = {"rgb": 0, "ycrcb": 1, "yuv": 1, "luv": 7, "xyz": 24}  # Z of white is over 255
    assert error.max() <= most.get(name, 4)
    assert error.mean() < 0.75


@pytest.mark.parametrize("name", ["rgb", "ycrcb", "yuv", "xyz", "gray"])
def test_16_bits_are_taken_where_opencv_takes_them(name: str) -> None:
    deep = COFFEE.astype(np.uint16) * 257
    np.testing.assert_array_equal(made(to=name)(deep), opencvs(deep, name))


def test_16_bits_are_refused_where_it_does_not_with_the_way_out() -> None:
    deep = COFFEE.astype(np.uint16) * 257
    with pytest.raises(InputError, match=r"hsv is for pictures of 8 bits.*bit-depth --to float"):
        made()(deep)


def test_from_one_space_to_another_goes_by_bgr() -> None:
    lab = made(to="lab")(COFFEE)
    back = cv2.cvtColor(lab, cv2.COLOR_Lab2BGR)
    np.testing.assert_array_equal(made(from_="lab", to="hsv")(lab), opencvs(back, "hsv"))
    np.testing.assert_array_equal(made(from_="lab")(lab), back)


def test_grey_pictures_and_masks_have_no_colour() -> None:
    coins = skimage.data.coins()
    assert not made()(coins)[..., 1].any()
    np.testing.assert_array_equal(made()(coins)[..., 2], coins)
    mask = made()(Mask.of(coins > 107))
    assert isinstance(mask, Image)
    assert set(np.unique(mask.array[..., 2])) == {0, 255}
    with pytest.raises(InputError, match="hsv has 3 channels, this picture has 1"):
        made(from_="hsv")(coins)
    with pytest.raises(ChainError, match=r"colorspace needs a picture.*leaves labels"):
        made()(Frame.of(Labels.of(np.zeros((4, 5), np.int32))))


def test_alpha_stays_as_it_is() -> None:
    alpha = np.tile(np.arange(200, dtype=np.uint8), (100, 1))
    picture = Image.of(np.dstack([COFFEE[:100, :200], alpha]))
    result = made(to="lab")(picture)
    np.testing.assert_array_equal(result.alpha, alpha)


def test_split_lays_the_channels_beside_the_picture() -> None:
    square = np.zeros((200, 300, 3), np.uint8)
    square[50:150, 100:200] = (0, 0, 255)
    image = Image.of(square)
    frame = Frame.of(image).found(Objects.of([[100, 50, 200, 150]], image.grid))
    split = made(split=True)(frame)
    sheet = split.raster.array
    assert sheet.shape == (*split.size[::-1], 3)
    assert 600 < sheet.shape[1] < 640
    assert 400 < sheet.shape[0] < 480
    found = split.get(Objects)
    x1, y1, x2, y2 = found.boxes[0].astype(int).tolist()
    assert (sheet[y1:y2, x1:x2] == (0, 0, 255)).all()  # the picture comes first, its boxes with it
    step = sheet.shape[1] // 2
    assert (sheet[y1:y2, x1 + step : x2 + step] == (0, 0, 255)).all()  # hue, as a colour
    assert split.grid.points_to_source(found.boxes[:, :2]).tolist() == [[100, 50]]


@pytest.mark.parametrize(("size", "rows"), [((300, 300), 2), ((200, 300), 2), ((200, 900), 4)])
def test_four_views_leave_no_place_empty(size: tuple[int, int], rows: int) -> None:
    sheet = made(split=True)(np.full((*size, 3), (0, 0, 255), np.uint8))
    assert sheet.shape[0] // size[0] == rows
    assert sheet.shape[1] // size[1] == 4 // rows


def test_a_sheet_of_a_large_picture_fits_a_screen(cvkit: Command) -> None:
    large = np.tile(COFFEE, (3, 3, 1))
    cv2.imwrite(str(cvkit.folder / "large.png"), large)
    done = cvkit("colorspace", "large.png", "--split", "-o", "sheet.png")
    assert done.code == 0, done.err
    sheet = cv2.imread(str(cvkit.folder / "sheet.png"))
    assert large.shape == (1200, 1800, 3)
    assert (sheet.shape[1] - 2 * 960, sheet.shape[0] - 2 * 640) < (60, 120)


def test_four_channels_are_no_picture() -> None:
    assert made(to="cmyk", split=True)(COFFEE).shape[1] > 3 * COFFEE.shape[1]
    for wrong in ({"to": "cmyk"}, {"from_": "cmyk"}):
        with pytest.raises(ParameterError, match=r"cmyk has four channels.*channels --space cmyk"):
            made(**wrong)
    with pytest.raises(ParameterError, match=r"to is one of .* did you mean lab"):
        made(to="labb")
