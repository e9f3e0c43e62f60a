"""`overlay` against Pillow's compositing, and where and how large the second picture lies."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data
from PIL import Image as Pillow

from cvkit.core.errors import ParameterError
from cvkit.core.frame import Frame
from cvkit.core.values import Image
from cvkit.stages.combine.overlay import Overlay
from tests.conftest import ROOT, Command

CAT = np.ascontiguousarray(skimage.data.cat()[..., ::-1])  # 451 × 300


def made(**parameters: object) -> Overlay:
    return Overlay.model_validate({"with": "logo", **parameters})


def logo(side: int = 60, depth: str = "uint8") -> np.ndarray:
    """A green disc with a soft edge on nothing; what is transparent is white underneath."""
    alpha = np.zeros((side, side), np.uint8)
    cv2.circle(alpha, (side // 2, side // 2), side // 3, 255, -1, cv2.LINE_AA)
    alpha = np.asarray(cv2.GaussianBlur(alpha, (0, 0), side / 20), np.uint8)
    colours = np.full((side, side, 3), 255, np.uint8)
    colours[alpha > 0] = (0, 180, 0)
    bgra = np.dstack([colours, alpha])
    return (bgra.astype(np.uint16) * 257 if depth == "uint16" else bgra).astype(depth)


def test_it_is_pillows_alpha_composite() -> None:
    out = made(at="100,50")(CAT, with_=logo())
    theirs = Pillow.fromarray(CAT).convert("RGBA")
    theirs.alpha_composite(Pillow.fromarray(logo()), (100, 50))
    np.testing.assert_allclose(out.astype(int), np.asarray(theirs)[..., :3], atol=1)
    assert out[80, 130].tolist() == [0, 180, 0]
    np.testing.assert_array_equal(out[50, 100], CAT[50, 100])


@pytest.mark.parametrize(
    ("at", "corner"),
    [
        ("bottom-right", (385, 234)),
        ("top-left", (6, 6)),
        ("center", (196, 120)),
        ("-30,0", (-30, 0)),
    ],
)
def test_it_lies_where_it_was_told(at: str, corner: tuple[int, int]) -> None:
    red = np.full((60, 60, 3), (0, 0, 255), np.uint8)  # no alpha: all of it is seen
    out = made(at=at)(CAT, with_=red)
    rows, columns = np.nonzero((out == (0, 0, 255)).all(-1))
    x, y = max(0, corner[0]), corner[1]
    assert (columns.min(), rows.min()) == pytest.approx((x, y), abs=1)
    assert len(rows) == 60 * (60 - max(0, -corner[0]))


def test_it_is_as_wide_as_asked_and_made_smaller_where_it_would_not_fit() -> None:
    red = np.full((100, 200, 3), (0, 0, 255), np.uint8)

    def seen(own: tuple[int, int], **parameters: object) -> tuple[int, int]:
        out = made(margin=0, **parameters)(CAT, with_=cv2.resize(red, own))
        rows, columns = np.nonzero((out == (0, 0, 255)).all(-1))
        return int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1

    assert seen((200, 100)) == (200, 100)
    assert seen((200, 100), scale=0.5) == (226, 113)
    assert seen((1000, 500)) == (451, 226)


def test_what_is_transparent_does_not_shine_in_when_it_is_scaled() -> None:
    black = np.zeros((200, 200, 3), np.uint8)
    for scale in (0.11, 0.83):
        out = made(scale=scale, at="center")(black, with_=logo(120))
        assert out[..., [0, 2]].max() <= 1  # only green, no white fringe
        assert out[100, 100].tolist() == [0, 180, 0]


def test_a_watermark_is_everywhere_and_faint() -> None:
    grey = np.full((300, 400, 3), 100, np.uint8)
    red = np.full((20, 40, 3), (100, 100, 200), np.uint8)
    out = made(tile=True, opacity=0.2, margin=10, at="70,40")(grey, with_=red)
    assert set(np.unique(out[..., 2])) == {100, 120}
    covered = (out[..., 2] == 120).mean()
    assert covered == pytest.approx(20 * 40 / (30 * 50), abs=0.03)
    assert (out[40:60, 70:110, 2] == 120).all()
    assert (out[70:90, 95:135, 2] == 120).all()  # the next row, moved by half
    for part in np.array_split(out[..., 2], 6):
        assert (part == 120).any()


@pytest.mark.parametrize(
    ("depth", "green"), [("uint8", 180), ("uint16", 180 * 257), ("float32", 180 / 255)]
)
@pytest.mark.parametrize("own", ["uint8", "uint16"])
def test_depths_may_differ_and_the_first_one_counts(depth: str, green: float, own: str) -> None:
    below = np.zeros((100, 100, 3), depth)
    out = made(at="center")(below, with_=logo(depth=own))
    assert out.dtype == np.dtype(depth)
    assert out[50, 50, 1] == pytest.approx(green, rel=1e-5)


def test_grey_stays_grey_until_a_colour_lies_on_it() -> None:
    grey = np.zeros((100, 100), np.uint8)
    assert made()(grey, with_=np.full((9, 9), 200, np.uint8)).shape == (100, 100)
    assert made()(grey, with_=logo()).shape == (100, 100, 3)
    onto_colour = made(at="0,0")(CAT, with_=np.full((9, 9), 200, np.uint8))
    assert (onto_colour[:9, :9] == 200).all()


def test_over_a_transparent_picture_it_is_seen() -> None:
    clear = np.zeros((100, 100, 4), np.uint8)
    out = made(at="center")(clear, with_=logo())
    assert out[50, 50].tolist() == [0, 180, 0, 255]
    assert out[0, 0, 3] == 0


def test_a_kept_picture_of_another_size_is_taken_with_its_alpha() -> None:
    image = Image.of(CAT)
    frame = Frame.of(image)
    out = made(at="center")(frame, with_=Image.of(logo()))
    assert out.photo.array[150, 225].tolist() == [0, 180, 0]


def test_the_last_of_two_inputs_is_laid_over_the_first(cvkit: Command, tmp_path: Path) -> None:
    cat = ROOT / "samples" / "cat.jpg"
    cv2.imwrite(str(tmp_path / "logo.png"), logo())
    assert cvkit("overlay", cat, "logo.png", "--at", "center", "-o", "a.png").code == 0
    out, before = cv2.imread(str(tmp_path / "a.png")), cv2.imread(str(cat))
    assert out[150, 225].tolist() == [0, 180, 0]
    changed = (out != before).any(-1)
    assert changed.sum() < 60 * 60 * 0.8  # the corners of the logo are transparent
    ran = cvkit("overlay", cat, "-o", "b.png")
    assert ran.code == 2
    assert "overlay needs with" in ran.err
    again = ("keep", cat, "--name", "whole", "then", "gray", "then", "overlay", "whole")
    assert cvkit(*again, "--scale", "0.5", "-o", "c.png").code == 0


def test_what_makes_no_sense_is_refused() -> None:
    for wrong in ({"scale": 0}, {"opacity": 2}, {"margin": -1}, {"at": "middle"}):
        with pytest.raises(ParameterError):
            made(**wrong)
