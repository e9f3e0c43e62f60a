"""Objects as `supervision.Detections`, there and back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cvkit.core.errors import MissingError
from cvkit.core.grid import Grid
from cvkit.core.interop import from_supervision, to_supervision
from cvkit.core.objects import Objects

GRID = Grid.of((60, 40))


def objects() -> Objects:
    made = Objects.of(
        [[1.5, 2, 30, 20], [40, 30, 50.25, 39]],
        GRID,
        scores=[0.9, 0.25],
        classes=[2, 0],
        labels=["car", "person"],
        ids=[7, -1],
        polygons=[[[1, 2], [30, 2], [30, 20]], np.zeros((0, 2))],
        attributes={"speed": [1.5, np.nan], "colour": ["red", "blue"]},
    )
    first = np.zeros((18, 29), np.uint8)
    first[3:9, 4:20] = 255
    return replace(made, masks=(first, np.zeros((1, 1), np.uint8)),
                   keypoints=np.arange(12, dtype=np.float32).reshape(2, 2, 3))  # fmt: skip


def test_columns_are_what_supervision_calls_them():
    pytest.importorskip("supervision", reason="is what is tested")
    theirs = to_supervision(objects())
    assert theirs.xyxy.tolist() == [[1.5, 2, 30, 20], [40, 30, 50.25, 39]]
    assert theirs.confidence.tolist() == pytest.approx([0.9, 0.25])
    assert theirs["class_name"].tolist() == ["car", "person"]
    assert theirs.tracker_id.tolist() == [7, -1]
    assert theirs.mask.shape == (2, 40, 60)
    assert np.argwhere(theirs.mask[0]).min(0).tolist() == [5, 5]
    assert not theirs.mask[1].any()
    assert theirs[theirs.confidence > 0.5].xyxy.tolist() == [[1.5, 2, 30, 20]]


def test_they_come_back_whole():
    pytest.importorskip("supervision", reason="is what is tested")
    ours = objects()
    back = from_supervision(to_supervision(ours), (60, 40))
    for name in ("boxes", "scores", "classes", "ids", "keypoints"):
        assert np.array_equal(getattr(back, name), getattr(ours, name)), name
    assert (back.labels, back.grid) == (ours.labels, ours.grid)
    assert np.array_equal(back.attributes["speed"], ours.attributes["speed"], equal_nan=True)
    assert back.attributes["colour"] == ("red", "blue")
    for row in (0, 1):
        assert np.array_equal(back.polygons[row], ours.polygons[row])
    covers = [x.cover(0, (0, 0, 60, 40)) for x in (back, ours)]
    assert np.array_equal(np.array(covers[0]), np.array(covers[1]))


def test_detections_of_theirs_alone_are_objects():
    sv = pytest.importorskip("supervision", reason="is what is tested")
    plain = from_supervision(sv.Detections(xyxy=np.array([[1.0, 2, 3, 4]])), (60, 40))
    assert (plain.scores, plain.labels, plain.masks) == (None, None, None)
    assert len(from_supervision(sv.Detections.empty(), (60, 40))) == 0
    masks = sv.Detections(xyxy=np.array([[1.0, 2, 3, 4]]), mask=np.ones((1, 9, 9), bool))
    with pytest.raises(ValueError, match="are not of 60×40 pixels"):
        from_supervision(masks, (60, 40))


def test_without_supervision_the_error_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "supervision", None)
    with pytest.raises(MissingError, match="pip install supervision"):
        to_supervision(objects())
