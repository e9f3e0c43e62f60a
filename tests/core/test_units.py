"""Units: what people type, and what is said where it is wrong."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cvkit.core.units import (
    Angle,
    Box,
    Color,
    Duration,
    Extent,
    FrameRange,
    Length,
    Level,
    Point,
    Unit,
)


@pytest.mark.parametrize(
    ("kind", "text", "canonical"),
    [
        (Length, "5", "5"),
        (Length, "3px", "3"),
        (Length, "2%", "2%"),
        (Level, "127", "127"),
        (Level, "50%", "50%"),
        (Angle, "30deg", "30deg"),
        (Angle, "-90", "-90deg"),
        (Duration, "1.5s", "1.5s"),
        (Duration, "00:01:30.5", "90.5s"),
        (Duration, "25f", "25f"),
        (Duration, "40ms", "0.04s"),
        (Color, "tomato", "#ff6347"),
        (Color, "255,99,71", "#ff6347"),
        (Color, "#F60", "#ff6600"),
        (Point, "12,8.5", "12,8.5"),
        (Box, "10,20,300,200", "10,20,300,200"),
        (Box, "25%,25%,50%,50%", "25%,25%,50%,50%"),
        (Extent, "640x480", "640x480"),
        (Extent, "640x", "640x"),
        (Extent, "50%", "50%"),
        (FrameRange, "10:50:2", "10:50:2"),
        (FrameRange, "2s:5.5s", "2s:5.5s"),
        (FrameRange, "-10:", "-10:"),
    ],
)
def test_what_people_type_is_kept_in_one_form(kind: type[Unit], text: str, canonical: str):
    assert str(kind.parse(text)) == canonical
    assert kind.parse(canonical) == kind.parse(text)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (Length, "5cm"), (Level, "-3"), (Level, "120%"), (Color, "tomatoe"), (Color, "300,0,0"),
        (Box, "1,2,3"), (Box, "0,0,0,5"), (Extent, "0x5"), (Extent, "640"), (Duration, "1.5f"),
        (FrameRange, "1:2:0"), (FrameRange, "a:b"), (Point, "1"), (Angle, "north"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused_with_what_was_typed(kind: type[Unit], text: str):
    with pytest.raises(ValueError, match=text.split(",")[0].split(":")[0]):
        kind.parse(text)


@pytest.mark.parametrize(
    "kind", [Length, Level, Angle, Duration, Color, Point, Box, Extent, FrameRange]
)
@given(text=st.text(max_size=12))
def test_any_text_is_taken_or_refused(kind: type[Unit], text: str):
    try:
        value = kind.parse(text)
    except ValueError:
        return
    assert kind.parse(str(value)) == value


def test_units_measure_the_picture():
    assert Length.parse("2%").pixels((640, 480)) == 9.6
    assert Level.parse("50%").on(65535) == 32767.5
    assert Extent.parse("x240").on((640, 480)) == (320, 240)
    assert Box.parse("50%,0,50%,100%").on((101, 60)) == (50, 0, 50, 60)
    assert Duration.parse("00:00:10").value == Fraction(10)
    assert Color.parse("tomato").bgr == (71, 99, 255)
