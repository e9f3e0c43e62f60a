"""`count` of what was found."""

from __future__ import annotations

from cvkit.core.grid import Grid
from cvkit.core.objects import Objects
from cvkit.stages.detect.count import Count

GRID = Grid.of((100, 100))


def rows(found: Objects, *classes: str) -> list[tuple[object, object]]:
    return [(r["label"], r["count"]) for r in Count(classes=classes).apply(found).rows]


def labelled(*labels: str) -> Objects:
    return Objects.of([(0, 0, 5, 5)] * len(labels), GRID, labels=labels)


def test_the_most_come_first_and_equal_ones_by_the_alphabet() -> None:
    found = labelled("dog", "person", "car", "person", "cat", "person", "car")
    assert rows(found) == [("person", 3), ("car", 2), ("cat", 1), ("dog", 1)]


def test_asked_classes_have_a_row_each_in_any_spelling() -> None:
    found = labelled("sofa", "person", "sofa")
    assert rows(found, "bus", "couch") == [("bus", 0), ("couch", 2)]


def test_things_without_a_name_are_objects() -> None:
    assert rows(Objects.of([(0, 0, 5, 5)] * 3, GRID)) == [("object", 3)]
    assert rows(Objects.none(GRID)) == []
