"""`crops`: everything found as a picture of its own, where it lies and under its name."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data

from cvkit.core.errors import ParameterError
from cvkit.core.frame import Frame
from cvkit.core.values import Image, Mask, Objects
from cvkit.stages.geometry.crops import Crops
from tests.conftest import ROOT, Command

CAT = np.ascontiguousarray(skimage.data.cat()[..., ::-1])  # 451 × 300
BOXES = [[10, 20, 50, 40], [100.4, 100.6, 130.2, 200.1], [430, 280, 470, 320]]


def cut(photo: np.ndarray = CAT, **parameters: object) -> list[Frame]:
    image = Image.of(photo)
    square = [[12, 22], [48, 22], [48, 38], [12, 38]]
    objects = Objects.of(
        np.array(BOXES), image.grid, labels=["eye", "paw", "tail"], polygons=[square, [], []]
    )
    made: list[Frame] = Crops.model_validate(parameters)(Frame.of(image).found(objects))
    return made


def test_each_thing_is_a_picture_of_what_its_box_covers() -> None:
    eye, paw, tail = cut()
    np.testing.assert_array_equal(eye.photo.array, CAT[20:40, 10:50])
    np.testing.assert_array_equal(paw.photo.array, CAT[100:201, 100:131])
    np.testing.assert_array_equal(tail.photo.array, CAT[280:, 430:])
    assert [f.get(Objects).labels for f in (eye, paw, tail)] == [("eye",), ("paw",), ("tail",)]
    # Coordinates lead back to the source.
    back = paw.grid.points_to_source(np.array([[0.0, 0.0]]))
    np.testing.assert_allclose(back, [[100, 100]])


def test_a_margin_is_in_pixels_or_a_share_of_the_box() -> None:
    assert cut(margin="5px")[0].size == (50, 30)
    assert cut(margin="10%")[0].size == (44, 24)  # a tenth of 20
    with pytest.raises(ParameterError, match="must be 0 or more"):
        cut(margin=-1)


def test_squares_stay_in_the_picture() -> None:
    eye, paw, tail = cut(square=True)
    np.testing.assert_array_equal(eye.photo.array, CAT[10:50, 10:50])
    assert paw.size == (101, 101)
    np.testing.assert_array_equal(tail.photo.array, CAT[260:, 411:])
    assert cut(CAT[:60, :30], square=True)[0].size == (30, 30)


def test_a_cutout_is_transparent_outside_the_outline_and_keeps_the_depth() -> None:
    deep = CAT.astype(np.uint16) * 257
    eye, paw, _ = cut(deep, cutout=True)
    assert eye.photo.depth == "uint16"
    alpha = eye.photo.alpha
    assert (alpha[2:18, 2:38] == 65535).all()
    assert not alpha[0].any()
    assert not alpha[:, -1].any()
    assert paw.photo.alpha is None  # it has no outline


def test_the_photograph_is_cut_whatever_mask_led_to_the_boxes() -> None:
    image = Image.of(CAT)
    frame = Frame.of(image).put(Mask.of(CAT[..., 0] > 90, image.grid))
    frame = frame.found(Objects.of(np.array(BOXES[:1]), image.grid))
    (one,) = Crops()(frame)
    assert one.raster is one.photo
    assert Crops()(Frame.of(image).put(Objects.none(image.grid))) == []


def test_coins_become_files_named_after_them(cvkit: Command, tmp_path: Path) -> None:
    coins = ROOT / "samples" / "coins.jpg"
    ran = cvkit("contours", coins, "--min-area", "400", "then", "crops", "-o", "out/")
    assert ran.code == 0
    files = sorted(p.name for p in (tmp_path / "out").iterdir())
    assert len(files) == 24
    assert files[0] == "coins_contour_00000.jpg"
    ran = cvkit("contours", coins, "--top", "2", "then", "crops", "--cutout")
    assert ran.out.split() == ["coins_contour_00000.crops.png", "coins_contour_00001.crops.png"]
    assert cv2.imread(str(tmp_path / "coins_contour_00001.crops.png"), -1).shape[2] == 4
    ran = cvkit("contours", coins, "then", "crops", "-o", "one.png")
    assert ran.code == 2
    assert "crops gives several pictures" in ran.err
    assert "one_{label}_{index:05d}.png" in ran.err


def test_faces_of_a_video_become_pictures(cvkit: Command, tmp_path: Path) -> None:
    video = ROOT / "samples" / "portrait.mp4"
    ran = cvkit("detect", video, "--model", "haar-face", "then", "crops", "--square", "-o", "out/")
    assert ran.code == 0
    files = sorted((tmp_path / "out").iterdir())
    assert files[0].name == "portrait_face_00000.png"
    assert len(files) >= 10
    for file in files:
        height, width = cv2.imread(str(file)).shape[:2]
        assert height == width
