"""`montage`: where each picture lies on the sheet, under which name, and how large it all gets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data

from cvkit.core.errors import InputError, ParameterError
from cvkit.core.frame import Frame
from cvkit.core.grid import Grid
from cvkit.core.time import Time
from cvkit.core.values import Image, Mask, Objects
from cvkit.stages.combine import montage
from cvkit.stages.combine.montage import Montage
from tests.conftest import ROOT, Command

CAT = np.ascontiguousarray(skimage.data.cat()[..., ::-1])  # 451 × 300


def made(**parameters: object) -> Montage:
    return Montage.model_validate(parameters)


def plain(width: int, height: int, colour: tuple[int, ...] = (0, 0, 255)) -> np.ndarray:
    return np.full((height, width, len(colour)), colour, np.uint8)


def sheet(stage: Montage, *pictures: np.ndarray, names: tuple[str, ...] = ()) -> np.ndarray:
    def rows() -> Iterator[Frame]:
        for number, picture in enumerate(pictures):
            frame = Frame.of(Image.of(picture))
            frame = Frame(
                frame.values, frame.grid, source=names[number] if names else f"{number}.png"
            )
            yield frame.moved(stage.apply(frame.size))

    return np.asarray(stage.gather(rows()).array)


def places(sheet: np.ndarray, colour: tuple[int, int, int]) -> tuple[int, int, int, int]:
    rows, columns = np.nonzero((sheet == colour).all(-1))
    return columns.min(), rows.min(), columns.max() + 1, rows.max() + 1


def test_pictures_keep_their_shape_and_stand_in_their_cells() -> None:
    wide, tall, small = plain(400, 200), plain(100, 500, (0, 255, 0)), plain(20, 10, (255, 0, 0))
    out = sheet(made(cell="100x80", columns=3, gap="10px", labels=False), wide, tall, small)
    assert out.shape == (100, 340, 3)
    assert places(out, (0, 0, 255)) == (10, 40, 110, 90)
    assert places(out, (0, 255, 0)) == (162, 10, 178, 90)
    assert places(out, (255, 0, 0)) == (270, 80, 290, 90)  # never made larger


def test_a_photograph_is_shrunk_by_area() -> None:
    out = sheet(made(labels=False, gap=0), CAT)
    expected = cv2.resize(CAT, (256, 170), interpolation=cv2.INTER_AREA)
    np.testing.assert_array_equal(out, expected)


def test_without_a_cell_rows_are_as_high_as_their_pictures() -> None:
    flat, high = plain(200, 50), plain(200, 200, (0, 255, 0))
    out = sheet(made(columns=2, gap="10px", labels=False), flat, flat, high, flat)
    assert out.shape == (50 + 200 + 30, 2 * 200 + 30, 3)


@pytest.mark.parametrize(("count", "columns"), [(1, 1), (4, 2), (6, 3), (12, 4), (24, 6)])
def test_the_sheet_is_like_a_screen(count: int, columns: int) -> None:
    out = sheet(made(gap=0, labels=False), *[plain(60, 60)] * count)
    assert out.shape[1] // 60 == columns
    assert out.shape[0] // 60 == -(-count // columns)


def test_names_stand_below_and_are_light_on_dark_and_dark_on_light() -> None:
    for ground, ink in (((32, 32, 32), 255), ((255, 255, 255), 0)):
        colour = ",".join(map(str, ground[::-1]))
        out = sheet(made(ground=colour), plain(200, 100), names=("some/folder/name.jpg",))
        below = out[places(out, (0, 0, 255))[3] :]
        assert (np.abs(below.astype(int) - ink) < 90).all(-1).sum() > 30
        bare = sheet(made(ground=colour, labels=False), plain(200, 100))
        assert bare.shape[0] < out.shape[0]


def test_a_long_name_loses_its_middle_and_stays_in_its_cell() -> None:
    long = "a_very_long_name_of_a_file_that_goes_on_and_on_" * 3 + "end.jpg"
    out = sheet(made(columns=2, gap="20px"), plain(100, 80), plain(100, 80), names=(long, "b.jpg"))
    ink = np.flatnonzero((out[-15:] > 150).all(-1).any(0))
    assert not set(ink) & set(range(125, 140))  # nothing between the cells


def test_several_pictures_of_one_file_are_told_apart() -> None:
    grid = Grid.of((4, 4))
    image = Image.of(plain(4, 4))
    face = Objects.of([[0, 0, 4, 4]], grid, labels=["face"])
    frames = [
        Frame((image,), grid, 0, Time(0), "clip.mp4"),
        Frame((image,), grid, 25, Time(2500), "clip.mp4"),
        Frame((image, face), grid, 0, Time(0), "a.jpg"),
        Frame((image, face), grid, 0, Time(0), "a.jpg"),
        Frame((image,), grid, 0, Time(0), "b/c.png"),
    ]
    seconds = Time(2500).seconds
    expected = ["clip 0.00 s", f"clip {seconds:.2f} s", "a face 0", "a face 0", "c.png"]
    assert montage._names(frames) == expected


def test_transparent_deep_grey_and_masks_are_shown() -> None:
    clear = np.zeros((50, 50, 4), np.uint8)
    out = sheet(made(ground="tomato", labels=False), clear)
    assert (out == (71, 99, 255)).all()
    deep = sheet(made(labels=False, gap=0), np.full((50, 50), 40000, np.uint16))
    assert (deep == round(40000 / 257)).all()
    mask = Frame.of(Mask.of(np.ones((50, 50), bool)))
    assert (made(labels=False, gap=0).gather(iter([mask])).array == 255).all()


def test_a_sheet_that_would_be_too_large_is_refused() -> None:
    with pytest.raises(InputError, match="9 pictures make a sheet that is too large"):
        sheet(made(columns=1, cell="8000x8000", gap=0), *[plain(9, 9)] * 9)
    with pytest.raises(InputError, match="no picture to show"):
        made().gather(iter([]))
    for wrong in ({"cell": "50%"}, {"cell": "9000x10"}, {"columns": 0}, {"gap": -1}):
        with pytest.raises(ParameterError):
            made(**wrong)


def test_a_folder_becomes_one_sheet(cvkit: Command, tmp_path: Path) -> None:
    for number in range(5):
        cv2.imwrite(str(tmp_path / f"{number}.png"), plain(300, 200, (0, 40 * number, 200)))
    ran = cvkit("montage", tmp_path, "-j", "3", "--no-labels", "--columns", "5", "--gap", "0")
    assert ran.code == 0
    name = f"{tmp_path.name}.montage.png"
    out = cv2.imread(str(tmp_path / name))
    assert out.shape == (171, 1280, 3)
    assert out[80, 128::256, 1].tolist() == [0, 40, 80, 120, 160]  # in the order of the inputs


def test_faces_of_a_video_come_on_one_sheet(cvkit: Command, tmp_path: Path) -> None:
    video = ROOT / "samples" / "portrait.mp4"
    steps = ("detect", video, "--model", "haar-face", "then", "crops", "then", "montage")
    assert cvkit(*steps, "-o", "faces.png").code == 0
    out = cv2.imread(str(tmp_path / "faces.png"))
    assert out.shape[0] > 300
    assert out.shape[1] > 500


def test_through_a_pipe_it_is_the_same_sheet(cvkit: Command, tmp_path: Path) -> None:
    coins = ROOT / "samples" / "coins.jpg"
    steps = ("contours", coins, "--top", "5", "then", "crops")
    piped = cvkit(*steps, "-o", "-")
    assert cvkit("montage", "-", "-o", "piped.png", stdin=piped.out_bytes).code == 0
    assert cvkit(*steps, "then", "montage", "-o", "one.png").code == 0
    piped_sheet, one = (cv2.imread(str(tmp_path / f"{name}.png")) for name in ("piped", "one"))
    np.testing.assert_array_equal(np.asarray(piped_sheet), np.asarray(one))
