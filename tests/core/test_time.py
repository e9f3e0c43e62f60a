"""Times: exact, and when each frame gives way to the next."""

from __future__ import annotations

from fractions import Fraction

from cvkit.core.time import Time, ends


def test_seconds_are_exact_where_a_float_would_not_be() -> None:
    assert Time(1, Fraction(1001, 30000)).exact == Fraction(1001, 30000)
    assert Time(3, Fraction(1, 10)).exact == Fraction(3, 10)


def test_frames_give_way_to_the_next_and_the_last_lasts_as_long_as_the_one_before() -> None:
    times = [Time(t, Fraction(1, 10)) for t in (0, 2, 3, 7)]
    assert ends(times) == [Fraction(2, 10), Fraction(3, 10), Fraction(7, 10), Fraction(11, 10)]


def test_the_last_lasts_as_long_as_its_file_says() -> None:
    times = [Time(0, Fraction(1, 10)), Time(2, Fraction(1, 10), 9)]
    assert ends(times)[-1] == Fraction(11, 10)
    assert ends([Time(5, Fraction(1, 10))]) == [Fraction(1, 2)]
    assert ends([]) == []
