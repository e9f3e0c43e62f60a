"""`channels`: one, each and all of them, and together again."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import skimage.data

from cvkit.core.errors import InputError, ParameterError
from cvkit.core.values import Image
from cvkit.stages.color.channels import Channels
from tests.conftest import Command

COFFEE = np.ascontiguousarray(skimage.data.coffee()[..., ::-1])
ALPHA = np.tile(np.linspace(0, 255, 600).astype(np.uint8), (400, 1))
CLEAR = np.dstack([COFFEE, ALPHA])


def made(**parameters: object) -> Channels:
    return Channels.model_validate(parameters)


def merged(planes: list[np.ndarray], space: str | None = None, **more: np.ndarray) -> np.ndarray:
    others = dict(zip(("second", "third", "fourth"), planes[1:], strict=False)) | more
    stage = made(op="merge", space=space, **dict.fromkeys(others, "named"))
    result: np.ndarray = stage(planes[0], **others)
    return result


@pytest.mark.parametrize(
    ("channel", "code", "place"),
    [
        ("r", None, 2),
        ("green", None, 1),
        ("b", None, 0),
        ("h", cv2.COLOR_BGR2HSV, 0),
        ("Saturation", cv2.COLOR_BGR2HSV, 1),
        ("v", cv2.COLOR_BGR2HSV, 2),
        ("l", cv2.COLOR_BGR2Lab, 0),
        ("a", cv2.COLOR_BGR2Lab, 1),
        ("y", cv2.COLOR_BGR2YCrCb, 0),
        ("cr", cv2.COLOR_BGR2YCrCb, 1),
        ("u", cv2.COLOR_BGR2YUV, 1),
        ("z", cv2.COLOR_BGR2XYZ, 2),
    ],
)
def test_a_channel_is_found_by_its_name(channel: str, code: int | None, place: int) -> None:
    numbers = COFFEE if code is None else cv2.cvtColor(COFFEE, code)
    np.testing.assert_array_equal(made(channel=channel)(COFFEE), numbers[..., place])


def test_a_letter_of_several_spaces_is_the_named_ones() -> None:
    luv = cv2.cvtColor(COFFEE, cv2.COLOR_BGR2Luv)
    np.testing.assert_array_equal(made(channel="v", space="luv")(COFFEE), luv[..., 2])
    lab = cv2.cvtColor(COFFEE, cv2.COLOR_BGR2Lab)
    np.testing.assert_array_equal(made(channel="b", space="lab")(COFFEE), lab[..., 2])


def test_split_gives_each_in_the_order_of_the_name_and_alpha_last() -> None:
    planes = made(op="split")(CLEAR)
    expected = [COFFEE[..., 2], COFFEE[..., 1], COFFEE[..., 0], ALPHA]
    assert [p.shape for p in planes] == [(400, 600)] * 4
    for plane, one in zip(planes, expected, strict=True):
        np.testing.assert_array_equal(plane, one)


@pytest.mark.parametrize("depth", ["uint8", "uint16", "float32"])
def test_what_is_split_is_merged_again(depth: str) -> None:
    top = {"uint8": 1, "uint16": 257, "float32": 1 / 255}[depth]
    picture = (CLEAR * np.array(top)).astype(depth)
    red, green, blue, alpha = made(op="split")(picture)
    np.testing.assert_array_equal(merged([red, green, blue], alpha=alpha), picture)
    np.testing.assert_array_equal(merged([red, green, blue]), picture[..., :3])


def test_lab_is_merged_as_colorspace_has_it() -> None:
    planes = made(op="split", space="lab")(COFFEE)
    lab = cv2.cvtColor(COFFEE, cv2.COLOR_BGR2Lab)
    expected = cv2.cvtColor(lab, cv2.COLOR_Lab2BGR)
    np.testing.assert_array_equal(merged(planes, "lab"), expected)


def test_cmyk_is_black_and_what_is_left() -> None:
    colours = {
        (0, 255, 255): (0, 0, 255, 0),  # yellow
        (0, 0, 255): (0, 255, 255, 0),  # red is magenta and yellow
        (64, 128, 0): (255, 0, 128, 127),
        (0, 0, 0): (0, 0, 0, 255),
        (255, 255, 255): (0, 0, 0, 0),
    }
    picture = np.array([list(colours)], np.uint8)
    planes = made(op="split", space="cmyk")(picture)
    assert np.dstack(planes)[0].tolist() == [list(c) for c in colours.values()]
    back = merged(made(op="split", space="cmyk")(COFFEE), "cmyk")
    assert abs(back.astype(int) - COFFEE).max() <= 1
    np.testing.assert_array_equal(made(channel="k")(COFFEE), 255 - COFFEE.max(2))


def test_by_default_a_sheet_shows_them_all() -> None:
    sheet = made()(COFFEE)
    assert 1200 < sheet.shape[1] < 1240
    assert 800 < sheet.shape[0] < 880
    red = sheet[60:380, 640:1180]
    assert not red[..., :2].any()
    assert red[..., 2].mean() == pytest.approx(COFFEE[..., 2].mean(), rel=0.1)
    assert made()(CLEAR).shape[1] > 1800  # three by two, with alpha


def test_alpha_alone_is_a_picture_and_not_transparent() -> None:
    alpha = made(channel="alpha")(Image.of(CLEAR))
    np.testing.assert_array_equal(alpha.array, ALPHA)
    assert alpha.alpha is None
    with pytest.raises(InputError, match="there is no alpha: this picture is opaque"):
        made(channel="alpha")(COFFEE)


def test_files_are_taken_apart_and_put_together(cvkit: Command) -> None:
    cv2.imwrite(str(cvkit.folder / "cup.png"), COFFEE)
    assert cvkit("channels", "cup.png", "--op", "split", "-o", "parts/").code == 0
    parts = [f"parts/cup_{i:05d}.png" for i in range(3)]
    assert sorted(p.name for p in (cvkit.folder / "parts").glob("*.png")) == [
        p.removeprefix("parts/") for p in parts
    ]
    done = cvkit(
        *("channels", parts[0], "--op", "merge", "--second", parts[1], "--third", parts[2]),
        *("-o", "again.png"),
    )
    assert done.code == 0, done.err
    np.testing.assert_array_equal(cv2.imread(str(cvkit.folder / "again.png")), COFFEE)
    assert cvkit("channels", "cup.png", "-o", "sheet.png").code == 0
    several = cvkit("channels", "cup.png", "--op", "split", "-o", "one.png")
    assert several.code == 2
    assert "gives several pictures" in several.err


def test_what_cannot_be_merged_is_refused() -> None:
    grey = COFFEE[..., 0]
    with pytest.raises(ParameterError, match="merge to rgb needs --third"):
        made(op="merge", second="g.png")
    with pytest.raises(ParameterError, match="merge to rgb has no fourth"):
        made(op="merge", second="g.png", third="b.png", fourth="k.png")
    with pytest.raises(ParameterError, match="merge to cmyk needs --fourth"):
        made(op="merge", space="cmyk", second="g.png", third="b.png")
    with pytest.raises(ParameterError, match="add --op merge"):
        made(second="g.png")
    with pytest.raises(InputError, match="one of these has colours"):
        merged([grey, COFFEE, grey])
    equal = np.dstack([grey] * 3)
    np.testing.assert_array_equal(merged([grey, equal, grey]), equal)


def test_channels_that_are_none_are_refused() -> None:
    with pytest.raises(ParameterError, match="hsv has h, s, v, and no r"):
        made(channel="r", space="hsv")
    with pytest.raises(ParameterError, match="split takes no channel; leave --op away"):
        made(op="split", channel="r")
    with pytest.raises(ParameterError, match="channel is one of r, g, b"):
        made(channel="q")
    with pytest.raises(InputError, match="put bit-depth --to float before it"):
        made(channel="hue")(COFFEE.astype(np.uint16))
