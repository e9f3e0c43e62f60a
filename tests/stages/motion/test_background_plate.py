"""`background-plate` takes what moves out of a scene, in memory that does not grow."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from cvkit.core.algo.plate import median, spread
from cvkit.core.errors import InputError
from cvkit.core.frame import Frame
from cvkit.core.time import Time
from cvkit.core.values import Image
from cvkit.stages.motion.background_plate import BackgroundPlate
from tests.conftest import Command

SCENE = np.dstack([np.tile(np.linspace(40, 200, 120), (80, 1))] * 3).astype(np.uint8)


def film(count: int, dtype: str = "uint8") -> Iterator[Frame]:
    top = {"uint8": 1, "uint16": 257, "float32": 1 / 255}[dtype]
    for i in range(count):
        whole = SCENE.copy()
        x = 5 + 100 * i // count
        whole[20:60, x : x + 20] = (0, 0, 255)
        image = Image.of((whole.astype(float) * top).astype(dtype))
        yield Frame.of(image, index=i, time=Time(i * 40))


@pytest.mark.parametrize("count", [30, 41, 300])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_what_moves_is_gone_and_the_scene_is_exact(count: int, dtype: str):
    plate = BackgroundPlate().gather(film(count, dtype)).array
    top = {"uint8": 1, "uint16": 257, "float32": 1 / 255}[dtype]
    np.testing.assert_array_equal(plate, (SCENE.astype(float) * top).astype(dtype))


def test_samples_are_spread_over_the_whole_film_and_no_more_are_held():
    def pictures() -> Iterator[np.ndarray]:
        for i in range(1000):
            yield np.full((1, 1), i, np.float32)

    kept = [int(p[0, 0]) for p in spread(pictures(), 40)]
    assert 20 <= len(kept) <= 40
    assert kept[0] == 0
    assert kept[-1] > 900
    assert len(set(np.diff(kept))) == 1


def test_the_median_is_that_of_numpy_and_never_a_mixture_of_two():
    rng = np.random.default_rng(3)
    pictures = [rng.integers(0, 255, (33, 21, 3)).astype(np.uint8) for _ in range(8)]
    np.testing.assert_array_equal(median(pictures[:7]), np.median(pictures[:7], axis=0))
    np.testing.assert_array_equal(median(pictures), np.median(pictures[:7], axis=0))


def test_a_stream_whose_size_changes_is_refused_with_both_sizes():
    frames = [Frame.of(Image.of(np.zeros((h, w, 3), np.uint8))) for h, w in ((40, 60), (20, 30))]
    with pytest.raises(InputError, match=r"60x40,\s+this one 30x20"):
        BackgroundPlate().gather(iter(frames))


def test_each_video_becomes_a_picture_and_a_pipe_the_same(cvkit: Command, tmp_path: Path):
    samples = Path(__file__).resolve().parents[3] / "samples"
    (tmp_path / "coin.mp4").write_bytes((samples / "coin.mp4").read_bytes())
    done = cvkit("background-plate", "coin.mp4", "--overwrite")
    assert done.code == 0, done.err
    plate = cv2.imread(str(tmp_path / "coin.background-plate.png"))
    assert plate.shape == (214, 320, 3)
    assert cvkit("background-plate", "coin.mp4", "-o", "one.png", "--jobs", "1").code == 0
    written = (tmp_path / "one.png").read_bytes()
    assert written == (tmp_path / "coin.background-plate.png").read_bytes()
    (tmp_path / "portrait.mp4").write_bytes((samples / "portrait.mp4").read_bytes())
    assert cvkit("background-plate", "coin.mp4", "portrait.mp4", "-o", "out/").code == 0
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["coin.png", "portrait.png"]
    assert cvkit("background-plate", "coin.mp4", "-o", "film.mp4").code == 2
