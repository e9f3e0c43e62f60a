"""YOLO's text labels: every form of a line, the classes, and pictures found beside."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from cvkit.core.errors import InputError
from cvkit.results.frames import frames
from cvkit.results.reading import read_results


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """A picture of 200×100 with labels, one without any, and data.yaml."""
    for name in ("a.png", "empty.png"):
        (tmp_path / "images/train").mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(tmp_path / "images/train" / name), np.zeros((100, 200), np.uint8))
    (tmp_path / "labels/train").mkdir(parents=True)
    (tmp_path / "data.yaml").write_text("names: [cat, dog]\nnc: 2\n")
    return tmp_path


def told(dataset: Path, text: str):
    (dataset / "labels/train/a.txt").write_text(text)
    return next(iter(frames(f"yolo:{dataset}"))).objects


def test_boxes_are_parts_of_the_picture_found_beside(dataset):
    objects = told(dataset, "1 0.5 0.5 0.25 0.5\n0 0.1 0.2 0.1 0.2 0.75\n")
    assert np.allclose(objects.boxes, [[75, 25, 125, 75], [10, 10, 30, 30]])
    assert objects.labels == ("dog", "cat")
    assert np.isnan(objects.scores[0])
    assert objects.scores[1] == 0.75


def test_a_picture_without_labels_has_no_objects(dataset):
    told(dataset, "0 0.5 0.5 1 1\n")
    assert [(f.source, len(f.objects)) for f in frames(dataset)] == [
        ("train/a.png", 1), ("train/empty.png", 0),
    ]  # fmt: skip


def test_outlines_and_turned_boxes_are_told_apart(dataset):
    objects = told(dataset, "0 0.1 0.1 0.2 0.1 0.2 0.4\n1 0.25 0.2 0.45 0.4 0.4 0.6 0.2 0.4\n")
    assert np.allclose(objects.polygons[0], [[20, 10], [40, 10], [40, 40]])
    assert np.allclose(objects.corners[1], [[50, 20], [90, 40], [80, 60], [40, 40]], atol=0.01)
    (dataset / "data.yaml").write_text("names: [cat, dog]\ntask: segment\n")
    objects = told(dataset, "1 0.25 0.2 0.45 0.4 0.4 0.6 0.2 0.4\n")
    assert objects.corners is None
    assert len(objects.polygons[0]) == 4


def test_a_tracker_s_number_stands_last(dataset):
    objects = told(dataset, "0 0.5 0.5 0.25 0.5 0.9 12\n")
    assert (objects.ids.tolist(), objects.polygons) == ([12], None)
    assert objects.scores.tolist() == pytest.approx([0.9])


def test_a_turned_photo_has_the_size_that_it_is_seen_in(dataset, shared):
    photo = (shared / "formats/exif_orientation_6.jpg").read_bytes()
    (dataset / "images/train/a.jpg").write_bytes(photo)
    (dataset / "images/train/a.png").unlink()
    told(dataset, "0 0.5 0.5 1 1\n")
    first = next(iter(frames(dataset)))
    from_file = cv2.imdecode(np.frombuffer(photo, np.uint8), cv2.IMREAD_COLOR)
    assert first.objects.grid.size == from_file.shape[1::-1]
    assert first.objects.boxes.tolist() == [[0, 0, *from_file.shape[1::-1]]]


def test_labels_without_pictures_take_the_size_of_the_frame(tmp_path):
    """ultralytics counts the frames of a video from 1, cvkit from 0 and with five digits."""
    for name, folder in (("v_2.txt", "theirs"), ("v_00001.txt", "ours")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / name).write_text("0 0.5 0.5 0.5 0.5\n")
        saved = read_results(f"yolo:{tmp_path / folder}")
        assert saved.objects("v.mp4", 1, (40, 20)).boxes.tolist() == [[10, 5, 30, 15]]
        assert saved.objects("v.mp4", 2, (40, 20)) is None
        with pytest.raises(InputError, match=r"unknown size.*objects INPUT --from"):
            list(saved.each())


@pytest.mark.parametrize("names", ["[person, car]", "{0: person, 1: car}"])
def test_classes_are_those_of_data_yaml(dataset, names):
    (dataset / "data.yaml").write_text(f"path: /anywhere\nnames: {names}\n")
    assert told(dataset, "1 0.5 0.5 0.5 0.5\n").labels == ("car",)


def test_classes_are_those_of_classes_txt_without_it(dataset):
    (dataset / "data.yaml").unlink()
    (dataset / "labels/classes.txt").write_text("red apple\npear\n")
    assert told(dataset, "0 0.5 0.5 0.5 0.5\n").labels == ("red apple",)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("0 0.5 0.5", "a box needs 5"),
        ("x 0.5 0.5 0.5 0.5", "could not convert"),
        ("0.5 0.5 0.5 0.5 0.5", "is no class"),
        ("-1 0.5 0.5 0.5 0.5", "is no class"),
        ("0 320 240 100 50", "320 is no part of a picture's size"),
        ("0 nan 0.5 0.5 0.5", "nan is no part"),
        ("0 0.5 0.5 inf 0.5", "inf is no part"),
        ("0 0.5 0.5 -0.5 0.5", "no size below 0"),
        ("0 0.5 0.5 0.5 0.5 7", "7 is no score"),
        ("9" * 400 + " 0.5 0.5 0.5 0.5", "line 2"),
    ],
)
def test_a_bad_line_is_named(dataset, line, why):
    with pytest.raises(InputError, match=why) as error:
        told(dataset, f"0 0.5 0.5 0.5 0.5\n{line}\n")
    assert "a.txt, line 2 holds no label" in str(error.value)


@pytest.mark.parametrize("text", ["names: 5", "[1, 2]", "a: &a [*a", "names: {x: y}", "\x00"])
def test_a_bad_list_of_classes_is_told(dataset, text):
    (dataset / "data.yaml").write_text(text)
    with pytest.raises(InputError, match=r"classes|YAML"):
        told(dataset, "0 0.5 0.5 0.5 0.5\n")


def test_an_empty_folder_holds_no_labels(tmp_path):
    with pytest.raises(InputError, match="holds no YOLO labels"):
        read_results(f"yolo:{tmp_path}")
