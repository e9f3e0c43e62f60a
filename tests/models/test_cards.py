"""What cvkit says of models by name."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from cvkit.core.errors import ParameterError, UsageError
from cvkit.core.labels import canonical
from cvkit.models.cards import card as cards
from cvkit.models.cards.card import find, of_file, of_sha256, read
from cvkit.models.classical import catalogue
from cvkit.models.decode.choose import NAMES as DECODERS
from cvkit.models.labels import labels
from cvkit.models.prepare import Preparation

# As `yolo` knows them: ultralytics' names for the files of its releases.
ULTRALYTICS = {
    *(f"yolov3{k}u.pt" for k in ("", "-spp", "-tiny")),
    *(f"yolov5{k}{six}u.pt" for k in "nsmlx" for six in ("", "6")),
    *(f"yolov9{k}.pt" for k in "tsmce"),
    *(f"yolov10{k}.pt" for k in "nsmblx"),
    *(f"{family}{k}.pt" for family in ("yolov8", "yolo11", "yolo12", "yolo26") for k in "nsmlx"),
    *("rtdetr-l.pt", "rtdetr-x.pt"),
}


def test_every_card_can_be_read_and_names_one_model() -> None:
    every = cards.cards()
    assert len(every) > 80
    for name, card in every.items():
        assert find(name) is card
        assert card.decoder in DECODERS
        assert card.megabytes > 0.5
        assert card.recipe.decoder == card.decoder
        assert not catalogue.known(name)
        for alias in card.aliases:
            assert find(alias) is card


def test_a_name_stands_for_one_model_only() -> None:
    meant = [
        {name.replace("-", "") for name in (card.name, *card.aliases)}
        for card in cards.cards().values()
    ]
    assert sum(map(len, meant)) == len(set().union(*meant))
    files = [card.files[0].name for card in cards.cards().values()]
    assert len(set(files)) == len(files)


def test_where_the_size_is_known_so_is_the_content_or_it_is_small() -> None:
    for card in cards.cards().values():
        for weights in card.files:
            assert weights.sha256 or weights.about, f"{card.name}: {weights.name}"
            assert weights.url or card.bring, card.name


def test_the_releases_of_ultralytics_are_all_there() -> None:
    ours = {w.name: w for c in cards.cards().values() for w in c.files if w.name.endswith(".pt")}
    assert set(ours) == ULTRALYTICS
    for name, weights in ours.items():
        assert weights.url
        assert weights.url.endswith(f"/assets/releases/download/v8.4.0/{name}")
    for card in cards.cards().values():
        if card.files[0].name in ULTRALYTICS:
            assert card.licence == "AGPL-3.0-only"


@pytest.mark.parametrize(
    ("typed", "file"),
    [
        ("yolov5", "yolov5su.pt"),
        ("yolov5n", "yolov5nu.pt"),
        ("YOLOv8", "yolov8s.pt"),
        ("yolov8n", "yolov8n.pt"),
        ("yolov11n", "yolo11n.pt"),
        ("yolo12", "yolo12s.pt"),
        ("yolo26", "yolo26s.pt"),
        ("yolov3", "yolov3u.pt"),
        ("rt-detr", "rtdetr-l.pt"),
        ("yolox_nano", "yolox_nano.onnx"),
        ("YOLOX-S", "yolox_s.onnx"),
        ("yolov4-tiny", "yolov4-tiny.weights"),
        ("efficientdet", "efficientdet-d0.onnx"),
        ("rf-detr", "rfdetr_small.onnx"),
    ],
)
def test_names_are_taken_as_people_type_them(typed: str, file: str) -> None:
    card = find(typed)
    assert card is not None
    assert card.files[0].name == file


def test_files_are_known_by_name_and_content() -> None:
    assert of_file("yolov8n.pt") is find("yolov8n")
    assert of_file("best.pt") is None
    digest = "31cb14c017fce347cb4c846ec62fdf00d76bb3beecdf4be21e7116ac67feb880"
    found = of_sha256(digest)
    assert found is not None
    assert found[0].name == "fastestdet"
    assert of_sha256("0" * 64) is None


def test_given_weights_are_those_of_the_cards(models: Path) -> None:
    for file, name in {
        "detect/yolox_nano_416.onnx": "yolox-nano",
        "detect/fastestdet_352.onnx": "fastestdet",
    }.items():
        found = of_sha256(hashlib.sha256((models / file).read_bytes()).hexdigest())
        assert found is not None
        assert found[0].name == name


GOOD = """
family: Test
by: nobody
task: detect
licence: MIT
terms: https://example.org/licence
labels: coco80
decoder: yolov8
size: 640
from: https://example.org/
models:
  one:
    files: [{name: one.onnx, about: 3}]
"""


@pytest.mark.parametrize(
    ("change", "to", "said"),
    [
        ("decoder: yolov8\n", "", "family.yaml: one: decoder: .*required"),
        ("size: 640", "size: big", "one: size"),
        ("labels: coco80", "labels: coco81", "one: labels: .*there is no list of labels 'coco81'"),
        ("name: one.onnx", "name: ../one.onnx", "one: files.0.name"),
        ("about: 3", "about: 3, sha256: abc", "one: files.0.sha256: expected the form"),
        ("from: https://", "from: http://", "one: files.0.url"),
        (
            "size: 640",
            "size: 640\nprepare: {fot: stretch}",
            "one: prepare: .*expected some of fill",
        ),
        ("  one:", "  One one:", "One one: name"),
        ("family: Test", "colour: red\nfamily: Test", "one: colour"),
        ("models:", "modules:", "is no family of models"),
        ("family: Test", "family: [", "cannot be read"),
    ],
)
def test_a_card_that_is_wrong_says_where(tmp_path: Path, change: str, to: str, said: str) -> None:
    path = tmp_path / "family.yaml"
    path.write_text(GOOD)
    assert read(path)[0].name == "one"
    path.write_text(GOOD.replace("size: 640", "size: 640\nprepare: {fit: stretch, order: bgr}"))
    assert read(path)[0].recipe.prepare == Preparation("stretch", "bgr")
    path.write_text(GOOD.replace(change, to))
    with pytest.raises(UsageError, match=said):
        read(path)


def test_labels_are_those_of_the_course_in_darknets_spelling() -> None:
    """N73: the 80 names one a line, in Darknet's spelling, have this SHA-256."""
    darknet = {
        "airplane": "aeroplane",
        "couch": "sofa",
        "dining table": "diningtable",
        "motorcycle": "motorbike",
        "potted plant": "pottedplant",
        "tv": "tvmonitor",
    }
    coco = labels("coco80")
    names = [darknet.get(name, name) for name in coco]
    assert len(names) == 80
    for number, name in {1: "person", 3: "car", 17: "dog", 40: "bottle", 57: "chair"}.items():
        assert coco[number - 1] == name
    assert (coco[67], coco[79]) == ("cell phone", "toothbrush")
    text = "".join(f"{name}\n" for name in names)
    digest = "634a1132eb33f8091d60f2c346ababe8b905ae08387037aed883953b7329af84"
    assert hashlib.sha256(text.encode()).hexdigest() == digest
    assert tuple(map(canonical, names)) == coco


def test_labels_with_gaps_count_as_coco_does() -> None:
    ids = labels("coco91")
    assert len(ids) == 91
    assert (ids[0], ids[1], ids[13], ids[18], ids[90]) == (
        *("-", "person", "stop sign", "dog", "toothbrush"),
    )
    assert [name for name in ids if name != "-"] == list(labels("coco80"))
    assert labels("coco90") == ids[1:]
    assert labels("voc21") == ("-", *labels("voc20"))
    with pytest.raises(ParameterError, match="there is no list of labels 'coco1'"):
        labels("coco1")
