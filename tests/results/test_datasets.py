"""Data sets: what is written is read back, to what each format holds; by any of their names."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cvkit.core.errors import InputError, OutputError
from cvkit.io.safe import SafeFiles
from cvkit.results.datasets import write_dataset
from cvkit.results.frames import Labelled, alone, frames, pairs
from cvkit.results.jsonl import Part
from cvkit.results.reading import read_results
from cvkit.results.record import Record

SIZE = (640, 480)
FOLDERS = {"yolo", "voc"}
HELD = {
    "coco": {"score", "class", "label", "id", "polygon", "mask", "weight"},
    "yolo": {"score", "class", "label", "polygon"},
    "voc": {"score", "label", "id", "polygon", "weight"},
    "mot": {"score", "class", "id"},
}


def wrote(
    form: str, records: Sequence[Record], folder: Path, classes: dict[int, str] | None = None
) -> tuple[Path, list[str]]:
    """Where the labels are, and what was said of them."""
    part = Part(folder / f"{form}.part")
    for record in records:
        part.add(record)
    part.close()
    target = folder / (form if form in FOLDERS else f"{form}.txt")
    with SafeFiles() as files:
        told = write_dataset(
            form, target, [part.path], files,
            folder=form in FOLDERS, overwrite=False, classes=classes,
        )  # fmt: skip
    return target, told.notes


def picture(objects: list[Record], source: str = "a/b.jpg", index: int = 0) -> Record:
    return {"source": source, "index": index, "time": 0.0, "size": [*SIZE], "objects": objects}


def back(form: str, where: Path) -> list[Labelled]:
    if form == "yolo":  # which needs a picture of that size
        (where.parent / "images" / "a").mkdir(parents=True)
        labels = where.rename(where.parent / "labels")
        for text in labels.rglob("b*.txt"):
            grey = np.zeros(SIZE[::-1], np.uint8)
            cv2.imwrite(str(labels.parent / "images/a" / f"{text.stem}.jpg"), grey)
        return list(frames(f"yolo:{labels}"))
    return list(frames(f"{form}:{where}"))


cents = st.integers(0, 30000).map(lambda v: v / 100)
labels = st.sampled_from(["person", "traffic light", "Hänfling", "a&b <c>", "ß"])


@st.composite
def things(draw: st.DrawFn) -> Record:
    x, y, w, h = (draw(cents) for _ in range(4))
    one: Record = {"box": [x, y, round(x + w, 2), round(y + h, 2)]}
    number = draw(st.integers(0, 4))
    one |= {
        "class": number,
        "label": ["person", "traffic light", "ß", "a&b <c>", "Hänfling"][number],
    }
    one |= {"score": draw(st.integers(0, 10000)) / 10000} if draw(st.booleans()) else {}
    one |= {"id": draw(st.integers(0, 2**40))} if draw(st.booleans()) else {}
    one |= {"weight": draw(cents)} if draw(st.booleans()) else {}
    if draw(st.booleans()):
        points = draw(st.lists(st.tuples(cents, cents), min_size=3, max_size=6))
        xs, ys = zip(*points, strict=True)
        one |= {"polygon": [list(p) for p in points]}
        one["box"] = [min(xs), min(ys), max(xs), max(ys)]
    return one


@pytest.mark.parametrize("form", ["coco", "yolo", "voc", "mot"])
@given(found=st.lists(things(), min_size=1, max_size=5))
def test_what_is_written_is_read_back(form, found):
    with tempfile.TemporaryDirectory() as folder:
        where, _ = wrote(form, [picture(found)], Path(folder))
        (told,) = back(form, where)
    if form != "mot":
        assert (told.source, told.index, told.sized) == ("a/b.jpg", 0, True)
        assert told.objects.grid.size == SIZE
    objects, held = told.objects, HELD[form]
    assert np.abs(objects.boxes - np.array([one["box"] for one in found])).max() <= 0.011
    for row, one in enumerate(found):
        if "score" in held and "score" in one and not (form == "mot" and one["score"] in (0, 1)):
            assert abs(objects.scores[row] - one["score"]) < 0.0001
        if "class" in held:
            assert objects.classes[row] == one["class"]
        if "label" in held:
            assert objects.labels[row] == one["label"]
        if "id" in held and "id" in one:
            assert objects.ids[row] == one["id"]
        if "weight" in held and "weight" in one:
            assert abs(objects.attributes["weight"][row] - one["weight"]) < 1e-4
        if "polygon" in held and "polygon" in one and not _turned(form, objects, row):
            assert np.abs(objects.polygons[row] - np.array(one["polygon"])).max() <= 0.011


def _turned(form: str, objects, row: int) -> bool:
    """Four corners of a rectangle are a turned box in YOLO, whatever they were."""
    corners = objects.corners
    return form == "yolo" and corners is not None and bool(np.ptp(corners[row], axis=0).any())


def test_what_a_format_has_no_room_for_is_said_once(tmp_path):
    one = {"box": [1, 2, 3, 4], "class": 0, "label": "cat", "id": 3, "keypoints": [[1, 2, 1.0]],
           "colour": "red", "iscrowd": 0}  # fmt: skip
    said = {form: wrote(form, [picture([one, one])], tmp_path)[1] for form in HELD}
    assert said["coco"] == []
    assert said["yolo"] == ["yolo has no room for ids, keypoints, attributes (colour): left out"]
    assert said["voc"] == ["voc has no room for keypoints: left out",
                           "voc knows classes by name: their numbers are left out"]  # fmt: skip
    assert said["mot"] == [
        "mot has no room for names of classes, keypoints, attributes (colour): left out"
    ]


def test_frames_of_a_video_are_pictures_of_its_name_and_number(tmp_path):
    box = {"box": [1.0, 2.0, 30.0, 40.0], "class": 0, "label": "cat"}
    video = [picture([box] * (i % 2), "in/v.mp4", i) for i in range(3)]
    for form in ("coco", "voc"):
        where, _ = wrote(form, video, tmp_path)
        told = list(frames(f"{form}:{where}"))
        assert [(f.source, f.index, len(f.objects)) for f in told] == [
            ("in/v.mp4", 0, 0), ("in/v.mp4", 1, 1), ("in/v.mp4", 2, 0),
        ]  # fmt: skip
    where, _ = wrote("yolo", video, tmp_path)
    assert sorted(p.name for p in where.rglob("*")) == [
        "classes.txt", "data.yaml", "in", "v_00000.txt", "v_00001.txt", "v_00002.txt",
    ]  # fmt: skip
    saved = read_results(f"yolo:{where}")
    assert saved.objects("v.mp4", 1, SIZE).boxes.shape == (1, 4)
    assert saved.objects("v.mp4", 2, SIZE).boxes.shape == (0, 4)
    names = json.loads((tmp_path / "coco.txt").read_text())["images"]
    assert [image["file_name"] for image in names] == [f"in/v_0000{i}.jpg" for i in range(3)]


def test_classes_of_coco_keep_their_numbers_there_and_lose_the_gaps_in_yolo(tmp_path):
    """COCO's 80 categories have numbers up to 90; YOLO's have no gaps."""
    declared = {1: "person", 2: "bicycle", 13: "stop sign", 90: "toothbrush"}
    found = [{"box": [1, 2, 3, 4], "class": 90, "label": "toothbrush"}]
    where, _ = wrote("coco", [picture(found)], tmp_path, declared)
    assert dict(read_results(f"coco:{where}").classes) == declared
    where, notes = wrote("yolo", [picture(found)], tmp_path, declared)
    assert (where / "a/b.txt").read_text().startswith("3 ")
    assert (where / "classes.txt").read_text().split("\n")[3] == "toothbrush"
    assert notes == ["yolo counts classes from 0 without gaps: 4 have new numbers"]


def test_numbers_of_a_network_stay_and_its_unseen_classes_have_a_line(tmp_path):
    found = [{"box": [1, 2, 3, 4], "class": 2, "label": "car"}]
    where, notes = wrote("yolo", [picture(found)], tmp_path)
    assert (where / "classes.txt").read_text() == "class0\nclass1\ncar\n"
    assert notes == []


def test_one_number_with_two_names_is_two_classes(tmp_path):
    found = [{"box": [1, 2, 3, 4], "class": 0, "label": n} for n in ("person", "plate", "person")]
    found.append({"box": [1, 2, 3, 4], "label": "plate"})
    where, _ = wrote("coco", [picture(found)], tmp_path)
    (told,) = frames(f"coco:{where}")
    assert told.objects.classes.tolist() == [0, 1, 0, 1]
    assert told.objects.labels == ("person", "plate", "person", "plate")


@pytest.mark.parametrize("source", ["../../x.jpg", "/etc/x.jpg", "a/../../x.jpg"])
@pytest.mark.parametrize("form", ["yolo", "voc"])
def test_no_name_leads_out_of_the_folder(form, source, tmp_path):
    with pytest.raises(OutputError, match="leads elsewhere"):
        wrote(form, [picture([], source)], tmp_path)


def test_two_pictures_never_share_a_file(tmp_path):
    with pytest.raises(OutputError, match=r"a\.jpg and a\.png would both be a\.txt"):
        wrote("yolo", [picture([], "a.jpg"), picture([], "a.png")], tmp_path)


def test_pairs_are_found_whichever_way_names_are_spelled(tmp_path):
    """A network's results of `v.mp4` against labels of its frames, and of pictures by stem."""
    box: Record = {"box": [1.0, 2.0, 30.0, 40.0], "class": 0}
    yolo, _ = wrote("yolo", [picture([box], "v.mp4", i) for i in range(3)], tmp_path)
    part = Part(tmp_path / "found.jsonl")
    for i in (0, 1, 2, 3):
        part.add({"cvkit": 1, **picture([box, box], "v.mp4", i)})
    part.close()
    found, truth = read_results(tmp_path / "found.jsonl"), read_results(f"yolo:{yolo}")
    with pytest.raises(InputError, match="unknown size"):
        list(truth.each())
    told = list(pairs(truth, found))
    assert [(len(left.objects), len(right.objects)) for left, right in told[:3] if left] == [
        (1, 2)
    ] * 3
    assert told[3][0] is None
    coco, _ = wrote("coco", [picture([box], f"val/{i}.png") for i in (7, 8)], tmp_path)
    results, _ = wrote("coco-results", [picture([box], f"{i:012d}.jpg") for i in (8, 9)], tmp_path)
    truth, found = read_results(f"coco:{coco}"), read_results(results)
    assert [left is not None for left, _ in pairs(found, truth)] == [False, True]
    assert [left.source for left in alone(found, truth)] == ["9"]


def test_a_file_is_told_by_its_content(tmp_path):
    found = [{"box": [1.0, 2.0, 3.0, 4.0], "class": 1, "label": "cat"}]
    for form in ("coco", "yolo", "voc", "mot", "coco-results"):
        where, _ = wrote(form, [picture(found, "b.jpg")], tmp_path)
        saved = read_results(where)
        assert saved.objects("b.jpg" if form != "coco-results" else "1", 0, SIZE).boxes.shape == (
            1,
            4,
        ), form


def test_a_changed_byte_is_read_or_told_and_never_a_fault(tmp_path):
    """What any mistake in a file of labels becomes: the labels, or one line."""
    found = [
        {"box": [1.0, 2.0, 30.5, 40.25], "class": 1, "label": "cät", "score": 0.5, "id": 3,
         "polygon": [[1, 2], [30, 2], [30, 40.0]], "weight": 3.5, "keypoints": [[1, 2, 1.0]]},
        {"box": [5.0, 6.0, 16.0, 20.0], "class": 0, "label": "dog"},
    ]  # fmt: skip
    random = np.random.default_rng(7)
    pieces = (
        b"nan",
        b"-1",
        b"1e999",
        b"9" * 5000,
        b"null",
        b"{}",
        b"",
        b"\xff",
        b"<a>",
        b",",
        b"\n",
    )
    for form in HELD:
        where, _ = wrote(form, [picture(found)], tmp_path)
        files = [p for p in where.rglob("*") if p.is_file()] or [where]
        for _ in range(60):
            path = files[random.integers(len(files))]
            data = path.read_bytes()
            start = int(random.integers(len(data)))
            end = start + int(random.integers(8))
            path.write_bytes(data[:start] + pieces[random.integers(len(pieces))] + data[end:])
            said = ""
            try:
                assert all(isinstance(f, Labelled) for f in frames(f"{form}:{where}"))
            except InputError as error:
                said = str(error)
            assert not said or (where.name in said and len(said) < 900)
            path.write_bytes(data)


@pytest.mark.parametrize("scheme", ["", "coco:", "mot:"])
def test_a_device_is_not_read_for_ever(scheme):
    with pytest.raises(InputError, match="/dev/zero is a device"):
        list(frames(f"{scheme}/dev/zero"))
