"""The binding rule: every stage works on what the step before left."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage import data

from cvkit.core import catalog
from cvkit.core.errors import ChainError
from cvkit.core.frame import Frame
from cvkit.core.signature import signature
from cvkit.core.spec import Step
from cvkit.core.values import Image, Mask, Objects
from cvkit.engine import plan
from tests.conftest import Command

ASTRONAUT = cv2.cvtColor(data.astronaut(), cv2.COLOR_RGB2BGR)
COINS = data.coins()


def chain(*steps: str) -> tuple[Step, ...]:
    made = []
    for text in steps:
        name, *words = text.split()
        params = dict(zip((w[2:] for w in words[::2]), words[1::2], strict=True))
        made.append(Step(name, params))
    return tuple(made)


def after(array: np.ndarray, *steps: str) -> Frame:
    frames = [Frame.of(Image.of(array))]
    for step in plan.fit(chain(*steps)).steps:
        frames = [out for f in frames for out in step.frames(f, None)]
    return frames[0]


def test_threshold_then_edges_finds_the_masks_edges():
    masked, plain = after(COINS, "threshold", "edges"), after(COINS, "edges")
    assert not np.array_equal(masked.raster.array, plain.raster.array)


def test_threshold_then_blur_then_contours_works_on_the_blurred_mask():
    blurred = after(COINS, "threshold", "blur --size 9px", "contours").get(Objects)
    plain = after(COINS, "threshold", "contours").get(Objects)
    assert not np.array_equal(blurred.attributes["area"], plain.attributes["area"])


def test_gray_then_blur_of_a_colour_photograph_is_grey():
    result = after(ASTRONAUT, "gray", "blur")
    assert isinstance(result.raster, Image)
    assert result.raster.array.ndim == 2


def test_trunc_gives_an_image_and_otsu_a_mask():
    assert isinstance(after(COINS, "threshold --method trunc").raster, Image)
    mask = after(COINS, "threshold").raster
    assert isinstance(mask, Mask)
    assert mask.binary


def test_two_finders_join():
    frame = after(COINS, "threshold", "contours --min-area 500", "contours --min-area 500")
    one = after(COINS, "threshold", "contours --min-area 500").get(Objects)
    both = frame.get(Objects)
    assert both is not None
    assert one is not None
    assert len(both) == 2 * len(one)


def test_the_plan_adds_threshold_where_a_mask_is_asked_for_and_says_why():
    fitted = plan.fit(chain("contours"))
    assert [(s.name, s.number) for s in fitted.steps] == [("threshold", 0), ("contours", 1)]
    assert any("added" in line for line in plan.lines(fitted))


def test_the_plan_adds_draw_once():
    assert plan.with_draw(plan.fit(chain("contours"))).drawn is not None
    drawn = plan.fit(chain("contours", "draw", "resize --to 50%"))
    assert plan.with_draw(drawn).drawn is None
    moved = plan.fit(chain("contours", "resize --to 50%"))
    assert plan.with_draw(moved).drawn is not None


def test_a_gray_chain_asks_its_source_for_grey_alone():
    assert plan.fit(chain("threshold")).views == {"gray"}
    assert plan.fit(chain("gray", "blur", "edges")).views == {"gray"}
    assert plan.fit(chain("blur")).views == {"bgr"}
    assert "bgr" in plan.with_draw(plan.fit(chain("contours"))).views


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        (("redact",), ("redact needs objects", "detect")),
        (("draw",), ("draw needs something to show", "contours")),
        (("use --name full",), ("use full", "nothing was kept")),
    ],
)
def test_a_chain_that_does_not_fit_names_what_would_help(steps: tuple[str], words: tuple[str]):
    with pytest.raises(ChainError) as caught:
        plan.fit(chain(*steps))
    for word in words:
        assert word in str(caught.value)


def test_older_rasters_go_and_the_photograph_stays_while_it_is_asked_for():
    fitted = plan.fit(chain("threshold", "contours", "draw"))
    assert [s.keeps_photo for s in fitted.steps] == [True, True, False]
    assert not any(s.keeps_photo for s in plan.fit(chain("threshold", "edges")).steps)


PAINTED = np.zeros((121, 161, 3), np.uint8)
PAINTED[40:81, 50:111] = 255


@pytest.mark.parametrize(
    "steps",
    [
        ("keep --name f", "crop --box 30,20,100,80", "contours", "use --name f"),
        ("resize --to 50%", "contours"),
        ("resize --to 233x177 --fit stretch", "contours"),
        ("flip", "contours"),
        ("flip --direction both", "contours"),
        ("rotate --angle 90", "contours"),
        ("rotate --angle 270", "flip --direction vertical", "contours"),
        ("contours", "rotate --angle 180", "resize --to 77x", "crop --box 0,0,100%,100%"),
    ],
)
def test_found_things_have_the_sources_coordinates(steps: tuple[str, ...]):
    frame = after(PAINTED, *steps)
    objects = frame.get(Objects)
    assert objects is not None
    corners = objects.boxes[:, [0, 1, 2, 3]].reshape(-1, 2)
    source = objects.grid.points_to_source(corners.astype(float))
    box = [*source.min(0), *source.max(0)]
    np.testing.assert_allclose(box, [50, 40, 111, 81], atol=1.01)


def test_objects_found_in_a_crop_are_drawn_on_the_whole():
    steps = ["keep --name f", "crop --box 40,30,80,60", "contours", "use --name f", "draw"]
    drawn = after(PAINTED, *steps).raster
    changed = np.argwhere((drawn.array != PAINTED).any(-1))
    (top, left), (bottom, right) = changed.min(0), changed.max(0)
    assert abs(int(left) - 50) <= 3
    assert abs(int(top) - 40) <= 3
    assert abs(int(right) - 110) <= 3
    assert abs(int(bottom) - 80) <= 3


def test_sixteen_bits_are_seen_as_eight_and_levels_scale():
    deep = COINS.astype(np.uint16) * 257
    eight = after(COINS, "threshold --method binary --level 100").raster.array
    sixteen = after(deep, f"threshold --method binary --level {100 * 257}").raster.array
    share = after(deep, "threshold --method otsu").raster.array
    np.testing.assert_array_equal(eight, sixteen)
    np.testing.assert_array_equal(share, after(COINS, "threshold").raster.array)


def test_alpha_rides_along_and_moves():
    alpha = np.zeros((40, 60), np.uint8)
    alpha[:20] = 255
    picture = np.dstack([ASTRONAUT[:40, :60], alpha])
    result = after(picture, "blur", "flip --direction vertical").raster
    np.testing.assert_array_equal(result.alpha, alpha[::-1])


def test_every_stage_of_the_catalogue_has_a_signature():
    for name in catalog.names():
        assert signature(catalog.load(name)).takes


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("crop --box 50,40,100,90", ""),
        ("resize 50%", ""),
        ("flip", ""),
        ("rotate 90", ""),
        ("", "crop --box 10,10,120,110"),
        ("crop --box 50,40,100,90 then flip then resize 40x", "flip"),
    ],
)
def test_points_of_objects_are_the_source_s(
    cvkit: Command, tmp_path: Path, before: str, after: str
):
    """The centre of a painted rectangle, wherever the steps took it."""
    picture = np.zeros((160, 200, 3), np.uint8)
    cv2.rectangle(picture, (80, 70), (119, 99), (255, 255, 255), -1)
    cv2.imwrite(str(tmp_path / "a.png"), picture)
    first, *rest = [s for s in (before, "contours", after) if s]
    name, *words = first.split()
    bare = [f"--{'box' if name == 'crop' else 'to' if name == 'resize' else 'angle'}"]
    words = words if not words or words[0].startswith("--") else [*bare, *words]
    chain = " then ".join(rest).split()
    then = ["then", *chain] if chain else []
    done = cvkit(name, tmp_path / "a.png", *words, *then, "-o", tmp_path / "c.csv")
    assert done.code == 0, done.err
    header, row = (tmp_path / "c.csv").read_text().splitlines()
    found = dict(zip(header.split(","), row.split(","), strict=True))
    assert abs(float(found["centroid_x"]) - 100) < 1
    assert abs(float(found["centroid_y"]) - 85) < 1


def test_pictures_that_lie_apart_are_not_combined(cvkit: Command, tmp_path: Path):
    cv2.imwrite(str(tmp_path / "a.png"), np.random.default_rng(0).integers(0, 255, (60, 60, 3)))
    chain = ["then", "keep", "f", "then", "flip", "then", "bitwise", "--op", "xor", "--with", "f"]
    done = cvkit("gray", tmp_path / "a.png", *chain, "-o", tmp_path / "x.png")
    assert done.code == 3
    assert "on the grid 60×60 of a 60×60 source, f on 60×60" in done.err
    there = ["then", "flip", *chain]
    done = cvkit("gray", tmp_path / "a.png", *there, "-o", tmp_path / "y.png")
    assert done.code == 3
    back = [*chain[:5], "then", "flip", *chain[5:]]
    assert cvkit("gray", tmp_path / "a.png", *back, "-o", tmp_path / "z.png").code == 0
