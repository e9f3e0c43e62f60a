"""`text`: where words lie, how large they are, and that they can be read."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data
from PIL import ImageFont

from cvkit.core.errors import InputError, ParameterError
from cvkit.core.frame import Frame
from cvkit.core.lettering import typeset
from cvkit.core.time import Time
from cvkit.core.values import Image, Mask
from cvkit.stages.draw.text import Text
from tests.conftest import ROOT, Command

CAT = np.ascontiguousarray(skimage.data.cat()[..., ::-1])  # 451 × 300
GREY = np.full((300, 450, 3), 128, np.uint8)


def made(text: str, **parameters: object) -> Text:
    return Text.model_validate({"text": text, **parameters})


def around(drawn: np.ndarray, before: np.ndarray = GREY) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of what has changed."""
    rows, columns = np.nonzero((drawn != before).any(-1))
    return columns.min(), rows.min(), columns.max() + 1, rows.max() + 1


@pytest.mark.parametrize("height", [12, 30, 90])
def test_capitals_are_as_high_as_asked(height: int) -> None:
    block = typeset("H", height)
    rows = np.flatnonzero((block.letters > 127).any(1))
    assert len(rows) == pytest.approx(height, abs=1)
    assert block.edged.astype(int).sum() > block.letters.astype(int).sum()


def test_anchors_are_where_they_say() -> None:
    places = {}
    for at in ("top-left", "bottom-right", "center"):
        places[at] = around(made("Words", at=at)(GREY))
    left, top, _, _ = places["top-left"]
    assert 0 < left < 20
    assert 0 < top < 20
    _, _, right, bottom = places["bottom-right"]
    assert 430 < right < 450
    assert 280 < bottom < 300
    left, top, right, bottom = places["center"]
    assert (left + right) / 2 == pytest.approx(225, abs=2)
    assert (top + bottom) / 2 == pytest.approx(150, abs=4)
    left, top, _, _ = around(made("HH", at="100,50", ground="black")(GREY))
    assert (left, top) == pytest.approx((100, 50), abs=6)


def test_it_is_legible_on_black_white_and_a_photograph() -> None:
    for ground in (0, 128, 255):
        flat = np.full((100, 300, 3), ground, np.uint8)
        levels = made("LEGIBLE", size="20px", at="center")(flat)[40:60, 60:240].ravel()
        assert (levels > 240).any()
        assert (levels < 40).any()
    dark = made("dark", color="black")(np.zeros((100, 300, 3), np.uint8))
    assert dark.max() == 224  # the edge of dark letters is light


def test_a_ground_covers_what_lies_below() -> None:
    drawn = made("on gold", ground="gold", color="navy", at="center")(CAT)
    left, top, right, bottom = around(drawn, CAT)
    part = drawn[top:bottom, left:right].reshape(-1, 3)
    gold, navy = (part == (0, 215, 255)).all(1).mean(), (part == (128, 0, 0)).all(1).mean()
    assert gold > 0.5
    assert navy > 0.05


def test_lines_and_long_words_stay_in_the_picture() -> None:
    one, two = (around(made(t)(GREY)) for t in ("One", r"One\nTwo"))
    assert two[3] - two[1] == pytest.approx(2 * (one[3] - one[1]), rel=0.25)
    assert around(made("One\nTwo")(GREY)) == two
    left, _, right, _ = around(made("far too long for this picture " * 2, size="20%")(GREY))
    assert left >= 0
    assert 380 < right - left <= 450


def test_fields_are_filled_and_other_braces_stay() -> None:
    frame = Frame.of(Image.of(GREY), index=7, time=Time(1500))
    frame = Frame(frame.values, frame.grid, 7, frame.time, "in/cat.jpg")

    def drawn(text: str) -> np.ndarray:
        return np.asarray(made(text)(frame).photo.array)

    seconds = frame.time.seconds
    filled = f"cat.jpg cat 007 {seconds:.1f} s {{x}}"
    np.testing.assert_array_equal(
        drawn("{name} {stem} {index:03d} {time:.1f} s {x}"), made(filled)(GREY)
    )
    for wrong in ("{index:q}", "{name:d}", "{time:%%}"):
        with pytest.raises(ParameterError, match="a field that cannot be written"):
            made(wrong)


def test_letters_beyond_ascii_are_no_question_marks() -> None:
    try:
        ImageFont.truetype("DejaVuSans.ttf", 20)
    except OSError:
        pytest.skip("needs DejaVu Sans")
    for words in ("Größe µ", "Жук", "naïve → λ"):
        assert not np.array_equal(typeset(words, 40).letters, typeset("?" * len(words), 40).letters)
        others = [typeset(w, 40).letters.shape for w in (words, words.replace(words[1], "?"))]
        assert others[0] != others[1] or words[1].isascii()
    # A letter that no font has spoils only itself.
    mixed, plain = typeset("ß\U0001f9ff", 40), typeset("ß?", 40)
    np.testing.assert_array_equal(mixed.letters, plain.letters)


def test_a_font_of_ones_own_is_used() -> None:
    font = Path(str(ImageFont.truetype("DejaVuSans.ttf", 20).path)).read_bytes()
    stage = made("Own font", font="some.ttf")
    assert not np.array_equal(stage(GREY, font=font), made("Own font")(GREY))
    with pytest.raises(InputError, match=r"some\.ttf: it is no font"):
        stage(GREY, font=b"nonsense")


@pytest.mark.parametrize(("depth", "white"), [("uint8", 255), ("uint16", 65535), ("float32", 1.0)])
def test_every_depth_is_written_on(depth: str, white: float) -> None:
    drawn = made("Depth", size="20%")(np.zeros((100, 200), depth))
    assert (drawn.dtype, drawn.ndim, drawn.max()) == (np.dtype(depth), 2, white)


def test_masks_stay_masks_and_transparency_shows_the_letters() -> None:
    mask = Frame.of(Mask.of(np.zeros((100, 200), bool)))
    assert isinstance(made("x")(mask).raster, Mask)
    assert isinstance(made("x", color="red")(mask).raster, Image)
    clear = made("H", size="50%", at="center")(np.zeros((100, 200, 4), np.uint8))
    assert clear[..., 3].max() == 255
    assert (clear[clear[..., 3] == 0] == 0).all()


def test_opacity_mixes_once() -> None:
    half = made("H", size="50%", at="center", opacity=0.5, ground="white")(GREY)
    left, top, *_ = around(half)
    assert half[top + 2, left + 2].tolist() == [192, 192, 192]
    assert half.max() == 192


def test_a_word_after_then_is_the_text(cvkit: Command, tmp_path: Path) -> None:
    cat = ROOT / "samples" / "cat.jpg"
    assert cvkit("flip", cat, "then", "text", "hello", "-o", "a.png").code == 0
    flipped = np.asarray(cv2.imread(str(cat)))[:, ::-1]
    left, top, _, _ = around(np.asarray(cv2.imread(str(tmp_path / "a.png"))), flipped)
    assert left < 20
    assert top > 260


def test_a_field_cannot_take_all_memory() -> None:
    with pytest.raises(ParameterError, match="at most 200 letters wide"):
        made("{name:>300000000}")
