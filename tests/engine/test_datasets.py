"""Labels as outputs of a run and as what a chain begins with; conversion of labels to labels."""

from __future__ import annotations

import json
import shutil
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cvkit.core.spec import Spec
from cvkit.engine.converting import convert
from cvkit.results.frames import frames
from tests.conftest import ROOT

COINS = ROOT / "samples/coins.jpg"
FACE = ROOT / "samples/astronaut.jpg"
FILM = ROOT / "samples/coin.mp4"
EVERY = ("coco:ann.json", "yolo:labels/", "voc:xml/", "mot:tracks.txt")


def outputs(*texts: str) -> list[str]:
    return [word for text in texts for word in ("-o", text)]


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def same(one: list[dict[str, Any]], other: list[dict[str, Any]], *keys: str) -> None:
    """Whether objects of these results are alike to what files hold."""
    assert [(a["source"], a["index"]) for a in one] == [(b["source"], b["index"]) for b in other]
    for a, b in zip(one, other, strict=True):
        assert len(a.get("objects", ())) == len(b.get("objects", ()))
        for left, right in zip(a.get("objects", ()), b.get("objects", ()), strict=True):
            assert np.abs(np.array(left["box"]) - right["box"]).max() <= 0.0101
            assert abs(left.get("score", 0) - right.get("score", 0)) <= 0.0001
            assert [left.get(key) for key in keys] == [right.get(key) for key in keys]


def test_a_run_writes_every_kind_of_labels_beside_its_film(cvkit):
    ran = cvkit("contours", FILM, *outputs("out.mp4", "boxes.jsonl", *EVERY))
    assert ran.code == 0, ran.err
    told = lines(cvkit.folder / "boxes.jsonl")
    many = sum(len(line.get("objects", ())) for line in told)
    assert len(told) > 5 and many >= len(told)  # noqa: PT018
    for text in EVERY[:1] + EVERY[2:]:
        kind, _, path = text.partition(":")
        read = list(frames(f"{kind}:{cvkit.folder / path}"))
        assert len(read) == len(told), text
        assert sum(len(f.objects) for f in read) == many, text
        if kind != "mot":
            assert {f.source for f in read} == {"coin.mp4"}
            assert all(f.objects.grid.size == tuple(told[0]["size"]) for f in read)
    assert len(list((cvkit.folder / "labels").glob("coin_*.txt"))) == len(told)


@pytest.mark.parametrize("origin", [*EVERY, "boxes.jsonl", "boxes.csv"])
def test_a_chain_over_saved_boxes_is_the_chain_over_the_search(cvkit, origin):
    """To what the file holds: 0.01 px, and scores to 0.0001."""
    chain = ("detect", FACE, "--model", "haar-face")
    ran = cvkit(*chain, *outputs("a.jsonl", origin))
    assert ran.code == 0, ran.err
    again = cvkit("objects", FACE, "--from", origin, "-o", "b.jsonl")
    assert again.code == 0, again.err
    same(lines(cvkit.folder / "a.jsonl"), lines(cvkit.folder / "b.jsonl"))


@pytest.mark.parametrize("origin", ["coco:ann.json", "boxes.jsonl"])
@pytest.mark.parametrize("step", ["redact --method fill", "draw", "crops"])
def test_what_follows_on_saved_boxes_gives_the_same_pixels(cvkit, origin, step):
    search = ("detect", FACE, "--model", "haar-face")
    suffix = "/{stem}_{index:03d}.png" if step == "crops" else "/x.png"
    ran = cvkit(*search, "then", *step.split(), "-o", f"one{suffix}")
    assert ran.code == 0, ran.err
    assert cvkit(*search, "-o", origin).code == 0
    ran = cvkit("objects", FACE, "--from", origin, "then", *step.split(), "-o", f"two{suffix}")
    assert ran.code == 0, ran.err
    one, two = (sorted((cvkit.folder / name).iterdir()) for name in ("one", "two"))
    assert [p.name for p in one] == [p.name for p in two]
    for left, right in zip(one, two, strict=True):
        assert left.read_bytes() == right.read_bytes()


def test_coordinates_are_those_of_the_pictures_that_are_written(cvkit):
    half = ("contours", COINS, "then", "resize", "--to", "50%")
    assert cvkit(*half, *outputs("small.png", "coco:a.json")).code == 0
    assert cvkit(*half, *outputs("coco:b.json", "boxes.jsonl")).code == 0
    small, source = (json.loads((cvkit.folder / n).read_text()) for n in ("a.json", "b.json"))
    one, other = small["images"][0], source["images"][0]
    assert (one["file_name"], one["width"], one["height"]) == ("small.png", 192, 152)
    assert (other["file_name"], other["width"]) == ("coins.jpg", 384)
    ratio = [a["bbox"][2] / b["bbox"][2] for a, b in zip(*(x["annotations"] for x in
             (small, source)), strict=True)]  # fmt: skip
    assert np.allclose(ratio, 0.5, atol=0.01)


def test_frames_written_as_pictures_are_what_the_labels_name(cvkit):
    where = outputs("set/images/{stem}-{index:03d}.png", "yolo:set/labels/", "coco:a.json")
    ran = cvkit("contours", FILM, "--frames", "0:3", *where)
    assert ran.code == 0, ran.err
    names = [i["file_name"] for i in json.loads((cvkit.folder / "a.json").read_text())["images"]]
    assert names == [f"coin-{i:03d}.png" for i in range(3)]
    told = list(frames(cvkit.folder / "set"))
    assert [f.source for f in told] == names
    assert all(f.sized for f in told)


def test_labels_of_a_folder_keep_its_paths_and_the_order_of_jobs_changes_nothing(cvkit):
    for name in ("x/a.jpg", "x/deep/b.jpg", "x/c.jpg"):
        (cvkit.folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(COINS, cvkit.folder / name)
    for jobs in ("1", "4"):
        ran = cvkit("contours", "x", "-j", jobs, *outputs(f"coco:{jobs}.json", f"yolo:y{jobs}/"))
        assert ran.code == 0, ran.err
    assert (cvkit.folder / "1.json").read_bytes() == (cvkit.folder / "4.json").read_bytes()
    assert (cvkit.folder / "y1/deep/b.txt").read_bytes() == (cvkit.folder / "y4/a.txt").read_bytes()
    images = json.loads((cvkit.folder / "1.json").read_text())["images"]
    assert [image["file_name"] for image in images] == ["a.jpg", "c.jpg", "deep/b.jpg"]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("blur", COINS, "-o", "coco:a.json"), "there are no objects to label"),
        (("contours", COINS, "-o", "coco:"), "names no file"),
        (("contours", COINS, "-o", "coco:-"), "names no file"),
        (("contours", COINS, "-o", "coco:out/"), "is one file"),
        (("contours", COINS, "-o", "yolo:a.txt"), "labels are a folder"),
        (("contours", COINS, "-o", "voc:{stem}/"), "drop the braces"),
        (("contours", COINS, "-o", "coco:there.json"), "there.json exists"),
        (("contours", COINS, "-o", "yolo:full/"), "full holds .txt files already"),
        (("contours", COINS, "-o", "yolo:there.json"), "labels are a folder"),
        (("contours", COINS, "-o", "voc:v/", "-o", "voc:v"), "are one folder"),
        (("contours", COINS, "-o", "coco:a.json", "-o", "a.json"), "does not write .json"),
        (("contours", COINS, "-o", "coco:a.json", "-o", "mot:a.json"), "are one file"),
        (("convert", "coco:there.json", "-o", "out.png"), "holds labels, and -o out.png is none"),
        (("convert", "coco:there.json"), "where to?"),
        (("convert", "yolo:full", "-o", "yolo:full/", "--overwrite"), "full is an input"),
        (
            ("objects", COINS, "--from", "yolo:full", "-o", "yolo:full/", "--overwrite"),
            "full is an input (--from)",
        ),
        (
            ("objects", COINS, "--from", "coco:there.json", "-o", "coco:there.json", "--overwrite"),
            "there.json is an input (--from)",
        ),
        (("convert", "mot:there.json", "-o", "coco:there.json"), "an input is never overwritten"),
        (
            ("convert", "coco:there.json", "-o", "coco:a.json", "--crf", "20"),
            "--crf has no meaning",
        ),
        (("objects", COINS, "--from", "coco:none.json", "-o", "a.png"), "none.json"),
        (("convert", "coco:full", "-o", "a.jsonl"), "full is a folder, and coco: names a file"),
        (("convert", "coco:.", "-o", "a.jsonl"), "say coco:there.json"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_written(cvkit, words, why):
    (cvkit.folder / "there.json").write_text("{}")
    (cvkit.folder / "full").mkdir()
    (cvkit.folder / "full/a.txt").write_text("0 0.5 0.5 0.5 0.5\n")
    before = sorted(cvkit.folder.rglob("*"))
    ran = cvkit(*words)
    assert ran.code in (2, 3), ran.err
    assert why in " ".join(ran.err.split())
    assert sorted(cvkit.folder.rglob("*")) == before


@pytest.mark.parametrize("beside", [(), ("-o", "pictures/")])
@pytest.mark.parametrize("form", ["yolo", "voc"])
def test_labels_that_would_meet_are_refused_before_the_search(cvkit, form, beside):
    (cvkit.folder / "in").mkdir()
    for name in ("a.jpg", "a.JPEG"):
        shutil.copy(COINS, cvkit.folder / "in" / name)
    ran = cvkit("contours", "in", "-o", f"{form}:labels/", *beside)
    assert ran.code == 2, ran.err
    assert "in/a.JPEG and in/a.jpg would have their labels in one file" in ran.err
    assert sorted(p.name for p in cvkit.folder.iterdir()) == ["in"]
    two = ("-o", "p/{stem}{suffix}.png", "-o", f"{form}:labels/")
    ran = cvkit("contours", "in", "then", "resize", "--to", "50%", *two)
    assert ran.code == 0, ran.err  # other pictures, with labels of their own


def test_overwrite_replaces_labels(cvkit):
    for _ in range(2):
        ran = cvkit("contours", COINS, *outputs(*EVERY), "--overwrite")
        assert ran.code == 0, ran.err


def test_labels_are_converted_between_any_two_kinds(cvkit, monkeypatch):
    ran = cvkit("contours", FILM, "--frames", "0:6", *outputs("boxes.jsonl"))
    assert ran.code == 0
    kinds = {"coco": "coco:{}.json", "voc": "voc:{}/", "jsonl": "{}.jsonl", "csv": "{}.csv",
             "parquet": "{}.parquet", "mot": "mot:{}.txt"}  # fmt: skip
    monkeypatch.chdir(cvkit.folder)
    start = tuple(text.format(kind) for kind, text in kinds.items())
    assert convert(Spec((), ("boxes.jsonl",), start)).exit_code == 0
    many = sum(len(line.get("objects", ())) for line in lines(cvkit.folder / "boxes.jsonl"))
    for number, (one, other) in enumerate(permutations(kinds, 2)):
        target = kinds[other].format(f"to{number}")
        convert(Spec((), (kinds[one].format(one),), (target,)))
        read = list(frames(target))
        assert sum(len(f.objects) for f in read) == many, (one, other)
        assert [f.index for f in read] == list(range(len(read)))


def test_jsonl_comes_back_from_coco_as_it_was(cvkit):
    """With outlines, measures, times and all: the same lines."""
    assert cvkit("contours", FILM, "-o", "a.jsonl").code == 0
    assert cvkit("convert", "a.jsonl", "-o", "coco:a.json").code == 0
    assert cvkit("convert", "coco:a.json", "-o", "b.jsonl").code == 0
    one, two = (lines(cvkit.folder / name) for name in ("a.jsonl", "b.jsonl"))
    for a, b in zip(one, two, strict=True):
        assert {k: v for k, v in a.items() if k != "objects"} == {
            k: v for k, v in b.items() if k != "objects"
        }
        for left, right in zip(a["objects"], b["objects"], strict=True):
            assert left == {k: v for k, v in right.items() if k not in ("class", "iscrowd")}


def test_models_are_told_of_in_what_is_converted(cvkit):
    models = [{"name": "yolov8n", "sha256": "ab" * 32, "licence": "AGPL-3.0"}]
    line = {"cvkit": 1, "models": models, "source": "a.jpg", "index": 0, "time": 0.0}
    line |= {"size": [64, 48], "objects": [{"box": [1, 2, 3, 4], "class": 0}]}
    (cvkit.folder / "a.jsonl").write_text(json.dumps(line) + "\n")
    for one, other in (("a.jsonl", "coco:b.json"), ("coco:b.json", "c.parquet"),
                       ("c.parquet", "d.jsonl")):  # fmt: skip
        ran = cvkit("convert", one, "-o", other)
        assert ran.code == 0, ran.err
    assert lines(cvkit.folder / "d.jsonl")[0]["models"] == models


def test_frames_with_labels_in_two_inputs_are_refused(cvkit):
    assert cvkit("contours", COINS, "-o", "a.jsonl").code == 0
    ran = cvkit("convert", "a.jsonl", "a.jsonl", "-o", "coco:a.json")
    assert ran.code == 3
    assert "a.jsonl has labels of coins.jpg, frame 0: another input has some of it too" in ran.err


def test_a_csv_of_numbers_stays_a_picture(cvkit):
    (cvkit.folder / "n.csv").write_text("1,2\n3,4\n")
    assert cvkit("convert", "n.csv", "-o", "n.png").code == 0


def test_a_spec_names_labels_below_its_folder(cvkit):
    assert cvkit("contours", COINS, "-o", "coco:ann.json").code == 0
    ran = cvkit("objects", COINS, "--from", "coco:ann.json", "-o", "a.png", "--save", "s.yml")
    assert ran.code == 0, ran.err
    assert "coco:ann.json" in (cvkit.folder / "s.yml").read_text()
    (cvkit.folder / "sub").mkdir()
    ran = cvkit("run", "../s.yml", COINS, "-o", "b.png", cwd=cvkit.folder / "sub")
    assert ran.code == 0, ran.err


def test_json_names_what_was_written(cvkit):
    assert cvkit("contours", COINS, "-o", "a.jsonl").code == 0
    ran = cvkit("convert", "a.jsonl", *outputs("coco:a.json", "voc:xml/"), "--json")
    told = json.loads(ran.out)
    assert (told["counts"]["done"], told["exit_code"]) == (1, 0)
    assert "voc" in " ".join(told["notes"]) or told["notes"] == []


def test_classes_that_were_not_seen_keep_their_names(cvkit):
    """Those of the data set that a chain began with, as `convert` has them."""
    names = {1: "person", 13: "stop sign", 90: "toothbrush"}
    told = {
        "images": [{"id": 1, "file_name": "coins.jpg", "width": 384, "height": 303}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 13, "bbox": [1, 2, 30, 40]}],
        "categories": [{"id": number, "name": name} for number, name in names.items()],
    }
    (cvkit.folder / "a.json").write_text(json.dumps(told))
    assert cvkit("convert", "coco:a.json", "-o", "yolo:one/").code == 0
    ran = cvkit("objects", COINS, "--from", "coco:a.json", "-o", "yolo:two/")
    assert ran.code == 0, ran.err
    for name in ("coins.txt", "classes.txt", "data.yaml"):
        one, two = ((cvkit.folder / at / name).read_bytes() for at in ("one", "two"))
        assert one == two
    assert (cvkit.folder / "one/classes.txt").read_text() == "person\nstop sign\ntoothbrush\n"
    assert (cvkit.folder / "one/coins.txt").read_text().startswith("1 ")


def test_what_a_file_of_tracks_means_is_said(cvkit):
    (cvkit.folder / "t.txt").write_text("1,1,0,5,9,9,1,1,1\n")
    ran = cvkit("objects", FILM, "--frames", "0:2", "--from", "mot:t.txt", "-o", "a.jsonl")
    assert ran.code == 0, ran.err
    assert "note: t.txt: boxes begin at 0" in ran.err
    assert lines(cvkit.folder / "a.jsonl")[0]["objects"][0]["box"] == [0, 5, 9, 14]


def test_labels_behind_a_pipe_are_those_of_the_chain(cvkit):
    stream = cvkit("contours", COINS, "-o", "-").out_bytes
    ran = cvkit("draw", "-", *outputs("coco:pipe.json", "x.png"), stdin=stream)
    assert ran.code == 0, ran.err
    assert cvkit("contours", COINS, "then", "draw", *outputs("coco:a.json", "y.png")).code == 0
    assert (cvkit.folder / "pipe.json").read_bytes() == (cvkit.folder / "a.json").read_bytes()


def test_tracks_of_several_videos_are_a_folder(cvkit):
    for name in ("in/one.mp4", "in/deep/two.mp4"):
        (cvkit.folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(FILM, cvkit.folder / name)
    ran = cvkit("contours", "in", "--frames", "0:3", "-o", "mot:t.txt")
    assert ran.code == 2
    assert "-o mot:t.txt holds one video, and there are 2" in ran.err
    ran = cvkit("contours", "in", "--frames", "0:3", *outputs("mot:t/", "a.jsonl"))
    assert ran.code == 0, ran.err
    assert sorted(p.name for p in (cvkit.folder / "t").rglob("*.txt")) == ["one.txt", "two.txt"]
    again = cvkit("objects", "in", "--frames", "0:3", "--from", "mot:t/", "-o", "b.jsonl")
    assert again.code == 0, again.err
    same(lines(cvkit.folder / "a.jsonl"), lines(cvkit.folder / "b.jsonl"))


def test_coco_says_with_which_model_things_were_found(cvkit):
    ran = cvkit("detect", FACE, "--model", "haar-face", *outputs("coco:a.json", "a.jsonl"))
    assert ran.code == 0, ran.err
    told = json.loads((cvkit.folder / "a.json").read_text())
    assert told["info"].get("models", []) == lines(cvkit.folder / "a.jsonl")[0].get("models", [])
    assert [category["name"] for category in told["categories"]] == ["face"]
