"""The value on a weighted line, against numpy's own fit."""

from __future__ import annotations

import numpy as np
import pytest

from cvkit.core.algo.trend import at_now


def test_it_is_numpys_weighted_line():
    times = np.array([-0.5, -0.3, -0.2, 0.0, 0.1])
    seen = np.array([[1.0, 5], [4, 4], [2, 2], [8, 1], [3, 0]])
    spans = np.array([0.2, 0.3, 0.3, 0.3, 0.1])
    weights = np.exp(-np.abs(times) / 0.3) * spans
    line, mean = at_now(times, seen, 0.3)
    for column in range(2):
        # polyfit weighs residuals, not their squares
        fit = np.polyfit(times, seen[:, column], 1, w=np.sqrt(weights))
        assert line[column] == pytest.approx(fit[1])
    assert mean == pytest.approx(np.average(seen, axis=0, weights=weights))


def test_a_straight_line_is_met_from_any_side_and_one_value_stands_alone():
    for times in (np.array([-0.2, -0.1]), np.array([0.1, 0.2, 0.5]), np.array([-9.0, 9.0])):
        line, _ = at_now(times, np.stack([3 + 2 * times, -times], 1), 0.01)
        assert line == pytest.approx([3, 0], abs=1e-6)
    assert at_now(np.array([-3.0]), np.array([[4.0]]), 0.3)[0] == [4.0]


def test_twice_as_many_values_of_one_course_say_the_same():
    def at(rate: int) -> float:
        times = np.arange(-2 * rate, rate // 5 + 1) / rate
        return float(at_now(times, np.sin(3 * times)[:, None], 0.3)[0][0])

    assert at(30) == pytest.approx(at(60), abs=0.002)
    assert at(15) == pytest.approx(at(60), abs=0.01)
