"""Where names go: of every number of things, in pictures of any size, none on another."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cvkit.core.lettering import measured
from cvkit.core.tags import Tag, placed

Rectangle = tuple[int, int, int, int]


def rectangle(tag: Tag) -> Rectangle:
    width, height = measured(tag.words, tag.height)
    return (*tag.at, tag.at[0] + width, tag.at[1] + height)


def meet(a: Rectangle, b: Rectangle) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def tags(
    boxes: list[tuple[float, ...]], canvas: tuple[int, int] = (640, 480), words: str = "person 0.90"
) -> list[Tag | None]:
    ranks = np.arange(len(boxes), 0, -1.0)
    choices = [[(words, 10), (words, 7), (words.split()[0], 7)]] * len(boxes)
    return placed(np.array(boxes, np.float32), choices, ranks, canvas, measured, 2)


@given(
    st.lists(
        st.tuples(*[st.floats(-50, 700, width=32)] * 2, *[st.floats(0, 300, width=32)] * 2),
        min_size=1,
        max_size=40,
    ),
    st.tuples(st.integers(1, 700), st.integers(1, 500)),
)
def test_no_name_lies_on_another_or_leaves_the_picture(
    sides: list[tuple[float, float, float, float]], canvas: tuple[int, int]
) -> None:
    boxes: list[tuple[float, ...]] = [(x, y, x + w, y + h) for x, y, w, h in sides]
    given = [rectangle(tag) for tag in tags(boxes, canvas) if tag is not None]
    for x1, y1, x2, y2 in given:
        assert 0 <= x1 < x2 <= canvas[0]
        assert 0 <= y1 < y2 <= canvas[1]
    assert not any(meet(a, b) for a, b in combinations(given, 2))


@pytest.mark.parametrize(
    ("box", "side"),
    [((200, 200, 400, 400), "above"), ((200, 0, 400, 100), "below"), ((0, 0, 640, 480), "inside")],
)
def test_a_name_goes_above_else_below_else_inside(box: Rectangle, side: str) -> None:
    (tag,) = tags([box])
    assert tag is not None
    x1, y1, _, y2 = rectangle(tag)
    where = "above" if y2 <= box[1] else "below" if y1 >= box[3] else "inside"
    assert where == side
    assert tag.height == 10
    assert x1 == pytest.approx(box[0], abs=2)


def test_a_name_does_not_hide_a_small_thing() -> None:
    large, small = (100, 100, 300, 300), (110, 85, 130, 98)  # where the name would be
    tag, _ = tags([large, small])
    assert tag is not None
    assert not meet(rectangle(tag), small)


def test_the_best_keep_their_names_where_all_have_no_room() -> None:
    crowd: list[tuple[float, ...]] = [(100 + 3 * i, 100, 112 + 3 * i, 140) for i in range(30)]
    given = tags(crowd)
    assert given[0] is not None
    assert given[0].height == 10
    assert None in given


def test_of_equal_ones_the_leftmost_is_first_in_whatever_order_they_come() -> None:
    pair: list[tuple[float, ...]] = [(100, 100, 140, 160), (120, 100, 160, 160)]
    choices = [[("person", 10)]] * 2
    one = placed(np.array(pair), choices, np.ones(2), (640, 480), measured, 2)
    other = placed(np.array(pair[::-1]), choices, np.ones(2), (640, 480), measured, 2)
    assert one == other[::-1]


def test_a_crowd_of_a_thousand_is_no_matter_of_minutes() -> None:
    rng = np.random.default_rng(3)
    corners = rng.uniform(0, 3800, (1000, 2))
    boxes = np.hstack([corners, corners + 30])
    given = placed(boxes, [[("a", 8)]] * 1000, np.ones(1000), (3840, 3840), measured, 2)
    assert sum(tag is not None for tag in given) > 700
