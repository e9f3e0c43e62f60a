"""Charts have their lines, cells and bars where the numbers say."""

from __future__ import annotations

import numpy as np
import pytest

from cvkit.core.chart import Line, Sheet, bars_chart, lines_chart, matrix_chart
from cvkit.core.warp import Array

RED, GREEN, BLUE = (0, 0, 255), (0, 160, 0), (200, 0, 0)


def where(picture: Array, colour: tuple[int, int, int]) -> Array:
    """(n, 2) rows and columns of exactly this colour."""
    return np.argwhere((picture == colour).all(2))


def test_a_line_goes_where_its_points_are():
    frame = lines_chart("t", ("x", "y"), [Line("", np.array([(0, 0), (1, 0)]), BLUE, 3)])
    top = lines_chart("t", ("x", "y"), [Line("", np.array([(0, 1), (1, 1)]), RED, 3)])
    slope = lines_chart("t", ("x", "y"), [Line("", np.array([(0, 0), (1, 1)]), GREEN, 3)])
    low, left = where(frame, BLUE).mean(0)[0], where(frame, BLUE).min(0)[1]
    high, right = where(top, RED).mean(0)[0], where(top, RED).max(0)[1]
    assert low - high == pytest.approx(right - left, abs=8)  # both axes go from 0 to 1
    middle = where(slope, GREEN).mean(0)
    assert middle == pytest.approx([(low + high) / 2, (left + right) / 2], abs=2)


def test_a_legend_names_the_lines_and_widens_the_picture():
    points = np.array([(0, 0), (1, 1)])
    bare = lines_chart("t", ("x", "y"), [Line("", points, BLUE)])
    named = lines_chart("t", ("x", "y"), [Line("a class with a long name", points, RED)])
    assert named.shape[1] > bare.shape[1] + 200
    assert (where(named, RED)[:, 1] > bare.shape[1] - 100).any()


def test_cells_are_as_dark_as_their_share_of_the_column():
    counts = np.array([[9, 0, 0], [1, 5, 0], [0, 5, 0]])
    picture = matrix_chart("t", ("true", "found"), ["a", "b", "none"], counts)
    full = matrix_chart("t", ("true", "found"), ["a", "b", "none"], np.diag([9, 5, 0]))
    assert picture.shape == full.shape
    whole = (150, 84, 24)
    assert len(where(full, whole)) > 2 * 100**2  # two cells, less their numbers
    assert not len(where(picture, whole))  # no cell has all of its column
    colours, counts = np.unique(picture.reshape(-1, 3), axis=0, return_counts=True)
    cells = [c.tolist() for c, n in zip(colours, counts, strict=True) if n > 100**2 and c[0] > c[2]]
    # Nine tenths, a half (twice), a tenth, nothing, and the ground is not blue.
    assert [c[2] for c in cells] == sorted(c[2] for c in cells)
    assert len(cells) == 4
    assert (picture[0] == 255).all()


def test_a_bar_is_as_long_as_its_share():
    parts = [("right", GREEN), ("wrong", RED)]
    picture = bars_chart("t", ["a", "b", "none"], parts, np.array([[3, 1], [0, 2], [0, 0]]))
    row = where(picture, GREEN)
    row = row[row[:, 0] > 230]  # below the legend
    green, red = np.ptp(row[:, 1]) + 1, where(picture, RED)
    lines, counts = np.unique(red[red[:, 0] > 230][:, 0], return_counts=True)
    assert green == pytest.approx(0.75 * 620 * Sheet.SCALE, abs=3)
    assert counts.max() == pytest.approx(620 * Sheet.SCALE, abs=3)
    assert lines.max() < picture.shape[0] - 60  # nothing in the third


def test_upright_words_are_the_words_turned():
    flat, turned = Sheet(200, 200), Sheet(200, 200)
    flat.words("precision", (100, 100), align=0.5)
    turned.words("precision", (100, 100), align=0.5, upright=True)
    assert (
        np.argwhere(flat.pixels.min(2) < 128).shape == np.argwhere(turned.pixels.min(2) < 128).shape
    )
    assert np.ptp(np.argwhere(turned.pixels.min(2) < 128)[:, 0]) > 3 * np.ptp(
        np.argwhere(flat.pixels.min(2) < 128)[:, 0]
    )
