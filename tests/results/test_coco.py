"""COCO's JSON: what others write is read, what is written others read, what is bad is told."""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import pytest

from cvkit.core.errors import InputError
from cvkit.results.coco_reading import LISTS
from cvkit.results.elements import elements
from cvkit.results.frames import frames
from cvkit.results.reading import read_results
from tests.results.test_datasets import picture, wrote

TINY = {
    "info": {"year": 2017, "nested": [[1, "é"], {}]},
    "images": [
        {"id": 139, "file_name": "000000000139.jpg", "width": 640, "height": 426},
        {"id": 285, "file_name": "bär.jpg", "width": 586, "height": 640},
    ],
    "annotations": [
        {"id": 1, "image_id": 285, "category_id": 23, "bbox": [10.5, 20.25, 30, 40.5],
         "area": 900.5, "iscrowd": 0, "segmentation": [[10.5, 20.25, 40.5, 20.25, 40.5, 60.75]]},
        {"id": 2, "image_id": 139, "category_id": 1, "bbox": [0, 0, 4, 3], "iscrowd": 1, "area": 5,
         "segmentation": {"size": [426, 640], "counts": [0, 3, 423, 2, 426 * 640 - 428]}},
        {"id": 3, "image_id": 285, "category_id": 1, "bbox": [1, 2, 3, 4], "num_keypoints": 2,
         "keypoints": [1, 2, 2, 3, 4, 1, 0, 0, 0], "attributes": {"occluded": True, "team": "red"},
         "segmentation": [[1, 2, 4, 2, 4, 6], [1, 4, 2, 4, 2, 6, 1, 6]]},
    ],
    "categories": [{"id": 1, "name": "person"}, {"id": 23, "name": "bear", "supercategory": "a"}],
}  # fmt: skip


@pytest.fixture(params=["compact", "pretty", "categories first", "annotations first"])
def tiny(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    told = dict(TINY)
    if request.param == "categories first":
        told = dict(reversed(TINY.items()))
    if request.param == "annotations first":
        told = {"annotations": TINY["annotations"], **TINY}
    path = tmp_path / "ann.json"
    pretty = request.param == "pretty"
    text = json.dumps(told, indent=4, ensure_ascii=False) if pretty else json.dumps(told)
    path.write_text(text, encoding="utf-8")
    return path


def test_pictures_boxes_outlines_and_flags_are_read(tiny):
    first, second = frames(f"coco:{tiny}")
    assert (first.source, first.number, first.objects.grid.size) == (
        "000000000139.jpg",
        139,
        (640, 426),
    )
    assert first.objects.attributes["iscrowd"].tolist() == [1]
    bear, person = (second.objects.take([row]) for row in (0, 1))
    assert second.source == "bär.jpg"
    assert bear.boxes.tolist() == [[10.5, 20.25, 40.5, 60.75]]
    assert (bear.classes.tolist(), bear.labels) == ([23], ("bear",))
    assert bear.polygons[0].tolist() == [[10.5, 20.25], [40.5, 20.25], [40.5, 60.75]]
    assert bear.attributes["area"].tolist() == [900.5]
    assert person.keypoints[0].tolist() == [[1, 2, 1], [3, 4, 0.5], [0, 0, 0]]
    assert person.attributes["team"] == ("red",)


def test_a_bitmap_lies_where_its_runs_say(tiny):
    first, second = frames(tiny)
    mask = first.objects.masks[0]
    assert np.argwhere(mask).tolist() == [[0, 0], [0, 1], [1, 0], [1, 1], [2, 0]]
    parts = second.objects.masks[1]
    assert parts[0, 2]
    assert parts[3, 0]
    assert not parts[1, 0]
    assert read_results(tiny).notes == [f"{tiny}: 1 outlines of several parts become bitmaps"]


def test_a_large_file_is_read_element_by_element(tmp_path):
    path = tmp_path / "large.json"
    images = [{"id": i, "file_name": f"{i}.jpg", "width": 64, "height": 48} for i in range(3000)]
    boxes = [{"id": i, "image_id": (i * 7) % 3000, "category_id": i % 3, "bbox": [i % 9, 2, 3, 4],
              "name": "ü" * (i % 50)} for i in range(30000)]  # fmt: skip
    path.write_text(json.dumps({"annotations": boxes, "images": images}, ensure_ascii=False))
    began = time.perf_counter()
    saved = read_results(path)
    told = list(saved.each())
    assert sum(len(t.objects) for t in told) == 30000
    assert [o["name"] for o in told[7].objects] == ["ü" * (i % 50) for i in range(1, 30000, 3000)]
    assert time.perf_counter() - began < 20
    data = path.read_bytes()
    with open(path, "rb") as file:
        for _, value, start, end in elements(file, LISTS):
            assert json.loads(data[start:end]) == value


def test_a_list_of_results_is_read_and_written(tmp_path):
    path = tmp_path / "found.json"
    path.write_text(json.dumps([
        {"image_id": 42, "category_id": 18, "bbox": [258.15, 41.29, 348.26, 243.78], "score": 0.236},
        {"image_id": 73, "category_id": 11, "bbox": [61, 22.75, 504, 609.67], "score": 0.318},
        {"image_id": 42, "category_id": 1, "bbox": [1, 2, 3, 4], "score": 0.5,
         "keypoints": [1, 2, 0.25]},
    ]))  # fmt: skip
    first, second = frames(path)
    assert (first.source, first.number, first.sized, len(first.objects)) == ("42", 42, False, 2)
    assert first.objects.keypoints[1].tolist() == [[1, 2, 0.25]]
    assert np.allclose(second.objects.boxes, [[61, 22.75, 565, 632.42]])
    names = picture([{"box": [258.15, 41.29, 606.41, 285.07], "class": 18, "score": 0.236}],
                    "val/000000000042.jpg")  # fmt: skip
    where, _ = wrote("coco-results", [names], tmp_path)
    assert json.loads(where.read_text()) == [
        {"image_id": 42, "category_id": 18, "bbox": [258.15, 41.29, 348.26, 243.78], "score": 0.236}
    ]


def test_lvis_is_read(tmp_path):
    path = tmp_path / "lvis.json"
    path.write_text(json.dumps({
        "images": [{"id": 397133, "height": 427, "width": 640, "neg_category_ids": [3],
                    "not_exhaustive_category_ids": [], "license": 4,
                    "coco_url": "http://images.cocodataset.org/val2017/000000397133.jpg"}],
        "annotations": [{"id": 1, "image_id": 397133, "category_id": 1051, "area": 12.0,
                         "bbox": [1, 2, 3, 4], "segmentation": [[1, 2, 4, 2, 4, 6]]}],
        "categories": [{"id": 1051, "name": "table_napkin", "synset": "napkin.n.01",
                        "synonyms": ["napkin"], "def": "a cloth", "frequency": "r"}],
    }))  # fmt: skip
    (told,) = frames(path)
    assert (told.source, told.objects.labels) == ("000000397133.jpg", ("table_napkin",))
    assert read_results(path).notes == [
        f"{path}: the categories that pictures surely lack are left out"
    ]


def test_frames_of_videos_are_found_by_their_video(tmp_path):
    """COCO as TAO and MMTracking have it: `videos`, and frames by number."""
    path = tmp_path / "tao.json"
    path.write_text(json.dumps({
        "videos": [{"id": 5, "name": "street.mp4"}],
        "images": [{"id": i, "video_id": 5, "frame_id": i, "file_name": f"street/{i}.jpg",
                    "width": 64, "height": 48} for i in range(3)],
        "annotations": [{"id": 1, "image_id": 2, "category_id": 0, "bbox": [1, 2, 3, 4],
                         "track_id": 7}],
        "categories": [{"id": 0, "name": "car"}],
    }))  # fmt: skip
    assert read_results(path).objects("street.mp4", 2, (64, 48)).ids.tolist() == [7]


BOX = '"image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4]'
PART = "[1, 2, 3, 4, 5, 6]"
IMAGE = '"images": [{"id": 1, "file_name": "a.jpg", "width": 9, "height": 9}]'


# ruff: noqa: E501 - broken JSON, a line each
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is no JSON"),
        ('{"images": [', "is no JSON.*at byte 12"),
        ('{"images": []} x', "something behind its end"),
        ('{"images": [{}]}', r"images\[0\] cannot be read: id is missing"),
        ('{"images": [{"id": 1}]}', r"images\[0\] .*'' is no file_name"),
        (f'{{{IMAGE[:-1]}, {{"id": 1, "file_name": "b"}}]}}', r"images\[1\].*two images of id 1"),
        ('{"images": [{"id": 1, "file_name": "a", "width": 1e99, "height": 2}]}', "is no width"),
        ('{"images": [{"id": 1, "file_name": "a", "width": 99999999, "height": 2}]}', "of a picture"),
        (f'{{"annotations": [{{{BOX}}}]}}', r"annotations\[0\].*there is no image of id 1"),
        (f'{{{IMAGE}, "categories": [{{"id": 2, "name": "x"}}], "annotations": [{{{BOX}}}]}}',
         r"annotations\[0\].*there is no category 1"),
        ('{"annotations": [{"image_id": 1, "category_id": 1}]}', r"annotations\[0\].*bbox is missing"),
        ('{"annotations": [{"image_id": 1, "category_id": "x", "bbox": [1, 2, 3, 4]}]}', "category_id"),
        ('{"annotations": [{"image_id": 1, "category_id": 1, "bbox": [1, 2, 3]}]}', "is no bbox"),
        ('{"annotations": [{"image_id": 1, "category_id": 1, "bbox": [1, 2, -3, 4]}]}', "negative"),
        ('{"annotations": [{"image_id": 1, "category_id": 1, "bbox": [1, NaN, 3, 4]}]}', "NaN"),
        ('{"annotations": [{"image_id": 1, "category_id": 1, "bbox": [1, 1e999, 3, 4]}]}', "bbox"),
        (f'{{"annotations": [{{"image_id": 1, "category_id": 1, "bbox": [{"9" * 5000}, 2, 3, 4]}}]}}',
         "4300 digits.* at byte 17"),
        (f'{{"annotations": [{{{BOX}, "segmentation": [[1, 2, 3]]}}]}}', "is no segmentation"),
        (f'{{"annotations": [{{{BOX}, "segmentation": {{"size": [9, 9], "counts": [80]}}}}]}}', "9×9"),
        (f'{{"annotations": [{{{BOX}, "segmentation": {{"size": [90000, 90000], "counts": "0"}}}}]}}',
         "too large"),
        (f'{{"annotations": [{{{BOX[:-12]}[0, 0, 1e6, 1e6], "segmentation": [{PART}, {PART}]}}]}}',
         "too large"),
        (f'{{"annotations": [{{{BOX}, "keypoints": [1, 2]}}]}}', "keypoints"),
        ('{"images": [' + "[" * 100000, "nested too deeply"),
        ('{"info": ' + '{"a":' * 100000, "nested too deeply"),
        ('{"images": 5}', "5 is none of a list"),
        ('{"info": 5}', "no images and no annotations"),
        ("[1, 2]", r"element|annotations|\[0\]"),
    ],
)  # fmt: skip
def test_a_bad_file_gets_one_line_that_says_where(tmp_path, text, message):
    path = tmp_path / "ann.json"
    path.write_text(text)
    with pytest.raises(InputError, match=message) as error:
        list(frames(f"coco:{path}"))
    assert str(path) in str(error.value)
    assert len(str(error.value)) < 500


@pytest.mark.filterwarnings("ignore:__array__:DeprecationWarning")  # theirs
def test_pycocotools_reads_what_is_written(tmp_path):
    mask = pytest.importorskip("pycocotools.mask", reason="compares with pycocotools")
    coco = pytest.importorskip("pycocotools.coco", reason="compares with pycocotools")
    y, x = np.mgrid[:480, :640]
    disc = np.where((x - 300) ** 2 + (y - 200) ** 2 < 2500, 255, 0).astype(np.uint8)
    runs = mask.encode(np.asfortranarray(disc))["counts"].decode()
    found = [
        {"box": [250.0, 150.0, 351.0, 251.0], "class": 1, "label": "disc", "score": 0.5,
         "mask": {"size": [640, 480], "counts": runs}},
        {"box": [1.0, 2.0, 31.0, 42.0], "class": 2, "label": "box"},
    ]  # fmt: skip
    where, _ = wrote("coco", [picture(found), picture([], "c.jpg")], tmp_path)
    theirs = coco.COCO(str(where))
    assert sorted(theirs.imgs) == [1, 2]
    one, two = theirs.loadAnns(theirs.getAnnIds(imgIds=[1]))
    assert np.array_equal(theirs.annToMask(one) * 255, disc)
    assert one["area"] == (disc > 0).sum()
    assert two["bbox"] == [1, 2, 30, 40]
    (told, _) = frames(where)
    assert np.array_equal(np.array(told.objects.cover(0, (0, 0, 640, 480))), disc)
