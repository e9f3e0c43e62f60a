"""`filter` on four things whose places, sizes and columns are known."""

from __future__ import annotations

import pytest

from cvkit.core.errors import InputError, ParameterError
from cvkit.core.grid import Grid
from cvkit.core.objects import Objects
from cvkit.stages.detect.filter import Filter

FOUR = Objects.of(
    [(0, 0, 20, 20), (40, 10, 60, 50), (70, 70, 100, 100), (10, 50, 30, 90)],
    Grid.of((100, 100)),
    scores=[0.9, 0.5, 0.25, 0.7],
    labels=["sofa", "person", "person", "motorbike"],
    ids=[1, 2, 3, 4],
    attributes={"speed": [1.5, 2.5, 3.5, float("nan")], "side": ("left", "right", "left", "left")},
)


def kept(**parameters: object) -> list[int]:
    found = Filter.model_validate(parameters).apply(FOUR)
    assert found.ids is not None
    return found.ids.tolist()


@pytest.mark.parametrize(
    ("parameters", "ids"),
    [
        ({}, [1, 2, 3, 4]),
        ({"classes": ["person"]}, [2, 3]),
        ({"classes": ["couch", "motorcycle"]}, [1, 4]),
        ({"classes": ["person"], "invert": True}, [1, 4]),
        ({"score": 0.5}, [1, 2, 4]),
        ({"min_area": "800"}, [2, 3, 4]),
        ({"max_area": "4%"}, [1]),
        ({"box": "0,0,49,50"}, [1]),
        ({"box": "0,0,50%,100%"}, [1, 2, 4]),
        ({"box": "0,0,50%,100%", "by": "whole"}, [1, 4]),
        ({"box": "0,60,100,40"}, [3, 4]),
        ({"box": "0,50,100,50", "by": "foot"}, [2, 3, 4]),
        ({"zone": ["0,0", "100,0", "0,100"]}, [1, 2, 4]),
        ({"zone": ["0%,0%", "50%,0%", "50%,100%", "0%,100%"], "by": "whole"}, [1, 4]),
        ({"where": ["speed>2"]}, [2, 3]),
        ({"where": ["speed>=2.5", "speed<3"]}, [2]),
        ({"where": ["speed=1.5:2.5"]}, [1, 2]),
        ({"where": ["speed=2:"]}, [2, 3]),
        ({"where": ["speed=:2"]}, [1]),
        ({"where": ["speed!=2:3"]}, [1, 3, 4]),
        ({"where": ["side=left"]}, [1, 3, 4]),
        ({"where": ["label!=person"]}, [1, 4]),
        ({"where": ["id==3"]}, [3]),
        ({"where": ["y<40"], "classes": ["person"]}, [2]),
    ],
)
def test_what_stays(parameters: dict[str, object], ids: list[int]) -> None:
    assert kept(**parameters) == ids


def test_a_column_that_is_not_there_is_told_with_those_that_are() -> None:
    with pytest.raises(InputError, match=r"have no circularity.*score, label, id.*speed, side"):
        kept(where=["circularity>0.5"])
    assert (
        len(Filter.model_validate({"where": ["circularity>0.5"]}).apply(Objects.none(FOUR.grid)))
        == 0
    )


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ({"where": ["speed"]}, "expected a range"),
        ({"where": ["speed>1:3"]}, "expected a range"),
        ({"zone": ["0,0", "5,5"]}, "three points"),
        ({"score": 1.5}, "score"),
    ],
)
def test_what_makes_no_sense_is_refused(parameters: dict[str, object], told: str) -> None:
    with pytest.raises(ParameterError, match=told):
        Filter.model_validate(parameters)


def test_words_have_no_order_and_numbers_are_not_compared_with_them() -> None:
    with pytest.raises(InputError, match="'height' is no number"):
        kept(where=["width > height"])
    with pytest.raises(InputError, match="words cannot be compared by <"):
        kept(where=["side<left"])
