"""`cvkit info` of results and data sets."""

from __future__ import annotations

import json

import pytest

LINES = "".join(
    f'{{"cvkit":1,"source":"v.mp4","index":{i},"time":0.0,"size":[64,48],'
    f'"objects":[{{"box":[1,2,3,4],"class":0,"label":"cat"}}{", " * (i > 0)}'
    + (f'{{"box":[1,2,3,{i}4],"class":1,"label":"dog"}}' if i else "")
    + "]}\n"
    for i in range(3)
)


@pytest.mark.parametrize("kind", ["boxes.jsonl", "coco:a.json", "yolo:y/", "voc:v/"])
def test_pictures_things_and_classes_are_counted(cvkit, kind):
    (cvkit.folder / "boxes.jsonl").write_text(LINES)
    assert ":" not in kind or cvkit("convert", "boxes.jsonl", "-o", kind).code == 0
    ran = cvkit("info", kind)
    assert ran.out.splitlines() == [
        f"{kind}: 3 pictures, 5 objects, 2 classes",
        "  cat          3",
        "  dog          2",
    ]
    told = json.loads(cvkit("info", kind, "--json").out)[0]
    assert told["labels"]["classes"] == {"cat": 3, "dog": 2}


def test_a_bad_data_set_is_told(cvkit):
    (cvkit.folder / "a.json").write_text("{")
    ran = cvkit("info", "coco:a.json")
    assert ran.code == 3
    assert "a.json cannot be read: it is no JSON" in ran.err
