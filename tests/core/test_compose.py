"""Laying one picture over another, against the arithmetic of "over" and Pillow's."""

from __future__ import annotations

import numpy as np
import pytest
import skimage.data
from PIL import Image as Pillow

from cvkit.core import compose
from cvkit.core.place import Place
from cvkit.core.units import Color

CAT = np.ascontiguousarray(skimage.data.cat()[..., ::-1])
RAMP = np.tile(np.linspace(0, 1, 100, dtype=np.float32), (60, 1))


@pytest.mark.parametrize(("depth", "factor"), [("uint8", 1), ("uint16", 257), ("float32", 1 / 255)])
def test_it_is_a_mean_weighted_by_cover_in_every_depth(depth: str, factor: float) -> None:
    below = (CAT.astype(np.float64) * factor).astype(depth)
    above = np.full((60, 100, 3), (10, 200, 60), np.uint8)
    out = compose.lay(below, above, RAMP, (30, 20))
    part = CAT[20:80, 30:130].astype(np.float64)
    expected = (part + (above - part) * RAMP[..., None]) * factor
    tolerance = 0.5 * max(1.0, factor) if depth != "float32" else 1e-4
    np.testing.assert_allclose(out[20:80, 30:130], expected, atol=tolerance + 0.001)
    untouched = np.ones(below.shape[:2], bool)
    untouched[20:80, 30:130] = False
    np.testing.assert_array_equal(out[untouched], below[untouched])


def test_over_something_transparent_it_is_pillows_alpha_composite() -> None:
    random = np.random.default_rng(2)
    below = random.integers(0, 256, (60, 100, 4), dtype=np.uint8)
    above = random.integers(0, 256, (60, 100, 3), dtype=np.uint8)
    alpha = (RAMP * 255).round().astype(np.uint8)
    ours = compose.lay(below, above, alpha.astype(np.float32) / np.float32(255), (0, 0))
    theirs = Pillow.alpha_composite(
        Pillow.fromarray(below), Pillow.fromarray(np.dstack([above, alpha]))
    )
    expected = np.asarray(theirs).astype(int)
    np.testing.assert_allclose(ours[..., 3], expected[..., 3], atol=1)
    seen = ours[..., 3:] > 8  # where hardly anything is, a level of colour is none
    np.testing.assert_allclose(ours[..., :3] * seen, expected[..., :3] * seen, atol=2)


@pytest.mark.parametrize("at", [(-30, -20), (400, 280), (-500, 0), (0, 900), (451, 300)])
def test_what_hangs_over_is_cut(at: tuple[int, int]) -> None:
    above = np.full((60, 100, 3), 255, np.uint8)
    out = compose.lay(CAT, above, np.ones((60, 100), np.float32), at)
    changed = (out != CAT).any(-1) | ((CAT == 255).all(-1) & (out == 255).all(-1))
    x, y = at
    seen = max(0, min(451, x + 100) - max(0, x)) * max(0, min(300, y + 60) - max(0, y))
    assert (out == 255).all(-1).sum() >= seen
    assert changed.sum() <= seen + (CAT == 255).all(-1).sum()


def test_yellow_on_grey_is_its_luma() -> None:
    stencil = np.full((4, 5), 255, np.uint8)
    out = compose.paint(np.zeros((4, 5), np.uint8), stencil, Color.parse("yellow"))
    assert (out == 226).all()
    coloured = compose.channelled(out, Color.parse("yellow"))
    assert coloured.shape == (4, 5, 3)
    assert compose.channelled(out, Color.parse("silver")) is out


@pytest.mark.parametrize(
    ("text", "corner"),
    [
        ("top-left", (5, 5)), ("top", (40, 5)), ("bottom-right", (75, 35)), ("centre", (40, 20)),
        ("left", (5, 20)), ("12,7", (12, 7)), ("50%,50%", (50, 25)), ("-4,60", (-4, 60)),
    ],
)  # fmt: skip
def test_places_by_word_and_by_point(text: str, corner: tuple[int, int]) -> None:
    place = Place.parse(text)
    assert place.corner((20, 10), (100, 50), 5) == corner
    assert Place.parse(str(place)) == place


def test_a_margin_gives_way_where_there_is_no_room() -> None:
    assert Place.parse("top-left").corner((98, 10), (100, 50), 5) == (1, 5)
    assert Place.parse("bottom-right").corner((120, 10), (100, 50), 5) == (-20, 35)
    with pytest.raises(ValueError, match="did you mean bottom-left"):
        Place.parse("botom-left")
    with pytest.raises(ValueError, match="a point x,y"):
        Place.parse("1,b")
