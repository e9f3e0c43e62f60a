"""`dominant-colors` of painted pictures, whose shares are arithmetic, and of a photograph."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import skimage.data

from cvkit.core.frame import Frame
from cvkit.core.values import Image, Measures
from cvkit.stages.color.dominant_colors import DominantColors


def made(**parameters: object) -> DominantColors:
    return DominantColors.model_validate(parameters)


def colours(stage: DominantColors, *photos: np.ndarray) -> list[dict[str, object]]:
    def rows() -> Iterator[Frame]:
        for photo in photos:
            yield Frame.of(Image.of(photo)).put(stage.apply(photo))

    found: Measures = stage.gather(rows())
    return [dict(row) for row in found.rows]


def flag() -> np.ndarray:
    photo = np.zeros((100, 100, 3), np.uint8)
    photo[:50] = (0, 0, 255)
    photo[50:80] = (255, 255, 255)
    photo[80:] = (128, 0, 0)
    return photo


def test_flat_colours_come_with_their_names_and_shares() -> None:
    found = colours(made(), flag())
    assert [tuple(row.values()) for row in found] == [
        (1, "#ff0000", "red", 50.0),
        (2, "#ffffff", "white", 30.0),
        (3, "#000080", "navy", 20.0),
    ]


def test_every_picture_counts_alike_whatever_its_size() -> None:
    blue = np.full((10, 10, 3), (255, 0, 0), np.uint8)
    found = colours(made(), flag(), blue)
    shares = {row["name"]: row["share"] for row in found}
    assert shares == {"blue": 50.0, "red": 25.0, "white": 15.0, "navy": 10.0}


def test_noise_does_not_split_a_colour() -> None:
    noise = np.random.default_rng(1).normal(0, 4, (100, 100, 3))
    noisy = (flag() * 0.8 + 25 + noise).clip(0, 255).astype(np.uint8)
    shares = [row["share"] for row in colours(made(count=3), noisy)]
    assert shares == pytest.approx([50, 30, 20], abs=0.1)


def test_a_photograph_has_the_colours_one_sees() -> None:
    coffee = np.ascontiguousarray(skimage.data.coffee()[..., ::-1])
    found = colours(made(), coffee)
    assert len(found) == 5
    assert sum(float(str(row["share"])) for row in found) == pytest.approx(100, abs=0.3)
    assert found == colours(made(), coffee)
    reds = [int(str(row["color"])[1:3], 16) > int(str(row["color"])[5:], 16) for row in found]
    assert sum(reds) >= 4  # a brown table, a red-brown cup


def test_asking_for_one_colour_gives_the_mean_of_all() -> None:
    (row,) = colours(DominantColors(count=1), flag())
    assert (row["color"], row["share"]) == ("#cc4c66", 100.0)  # half red, 30 % white, 20 % navy


def test_fewer_colours_than_asked_for_are_not_padded() -> None:
    assert [row["share"] for row in colours(DominantColors(count=32), flag())] == [50, 30, 20]
    assert colours(DominantColors()) == []
