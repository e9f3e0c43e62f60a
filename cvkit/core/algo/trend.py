"""A value on the line through what was seen of it around a moment."""

from __future__ import annotations

import numpy as np

from cvkit.core.warp import Array, Floats


def at_now(times: Array, seen: Array, constant: float) -> tuple[Floats, Floats]:
    """The line through (n, d) values `seen` at (n,) ascending seconds from now, and their mean,
    both (d,) float64 at time 0. What is `constant` seconds away counts for a third (1/e).

    Each value stands for the time around it, so that the rate makes no difference; two moments
    are joined by their line, one stands alone.

    Source: Cleveland 1979, with exponential weights.
    """
    away = np.abs(times)
    gaps = np.diff(times, prepend=times[0], append=times[-1]) + (len(times) < 2)
    # Against the nearest, so that not all of them vanish.
    weights = np.exp((away.min() - away) / max(constant, 1e-9)) * (gaps[1:] + gaps[:-1])
    total, first, second = (float((weights * times**power).sum()) for power in range(3))
    mean: Floats = weights @ seen / total
    spread = second - first * first / total
    if spread <= 1e-12 * total:
        return mean, mean
    slope = (weights * (times - first / total)) @ seen / spread
    return mean - slope * first / total, mean
