"""`cvkit evaluate`: its figures by hand, against pycocotools on real data, and what it refuses."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from cvkit.cli.evaluation_tables import PAGES
from tests.conftest import Command, Ran

Box = tuple[float, float, float, float]
Object = tuple[str, Box, float | None]
DOGS: list[Box] = [(0, 0, 10, 10), (20, 0, 30, 10), (40, 0, 50, 10)]


def jsonl(
    path: Path,
    pictures: dict[str, list[Object]],
    size: tuple[int, int] = (100, 100),
) -> Path:
    """Label, box and score of each object, by picture."""
    lines = []
    for source, objects in pictures.items():
        found = [
            {"box": box, "label": label, **({} if score is None else {"score": score})}
            for label, box, score in objects
        ]
        lines.append({"source": source, "index": 0, "size": size, "objects": found})
    lines[0] = {"cvkit": 1, **lines[0]}
    path.write_text("\n".join(map(json.dumps, lines)) + "\n")
    return path


@pytest.fixture
def dogs(tmp_path: Path) -> tuple[Path, Path]:
    """Three dogs, and three found of which the second is none: right, wrong, right."""
    truth = jsonl(tmp_path / "truth.jsonl", {"a.jpg": [("dog", box, None) for box in DOGS]})
    found: list[Object] = [
        ("dog", DOGS[0], 0.9),
        ("dog", (70.0, 0.0, 80.0, 10.0), 0.8),
        ("dog", DOGS[1], 0.7),
    ]
    return jsonl(tmp_path / "found.jsonl", {"a.jpg": found}), truth


def rows(ran: Ran) -> list[dict[str, str]]:
    assert ran.code == 0, ran.err
    return list(csv.DictReader(io.StringIO(ran.out)))


def told(ran: Ran) -> Any:
    assert ran.code in (0, 7), ran.err
    return json.loads(ran.out)


def test_two_boxes_that_cover_as_much_differ_in_iou(cvkit: Command, tmp_path: Path):
    truth = jsonl(tmp_path / "truth.jsonl", {"a.jpg": [("dog", (0, 0, 10, 10), None)]})
    both: list[Object] = [
        ("dog", (1.0, 0.0, 11.0, 10.0), 0.9),
        ("dog", (1.0, 0.0, 31.0, 30.0), 0.8),
    ]
    found = jsonl(tmp_path / "found.jsonl", {"a.jpg": both})
    near, far = rows(cvkit("evaluate", found, "--truth", truth, "--table", "pairs"))
    assert (near["iou"], near["state"]) == ("0.818182", "right")
    assert (far["iou"], far["state"]) == ("0.098901", "wrong")


def test_what_was_found_comes_through_a_pipe(cvkit: Command, dogs: tuple[Path, Path]):
    found, truth = dogs
    piped = cvkit("evaluate", "-", "--truth", truth, stdin=found.read_bytes())
    assert rows(piped) == rows(cvkit("evaluate", found, "--truth", truth))


def test_options_are_offered_for_completion(cvkit: Command):
    offered = cvkit("__complete", "evaluate", "--").out
    assert "--fail-below\tmap50=0.6" in offered
    assert "--truth" in offered


def test_two_of_three_dogs_are_found_and_two_of_three_found_are_dogs(
    cvkit: Command, dogs: tuple[Path, Path]
):
    found, truth = dogs
    every, dog = rows(cvkit("evaluate", found, "--truth", truth))
    assert (every["label"], dog["label"]) == ("all", "dog")
    for row in (every, dog):
        assert row["truths"] == row["found"] == "3"
        assert float(row["precision"]) == pytest.approx(2 / 3, abs=1e-6)
        assert float(row["recall"]) == pytest.approx(2 / 3, abs=1e-6)


@pytest.mark.parametrize(
    ("metric", "value"), [("coco", 0.554455), ("voc", 0.555556), ("voc07", 0.545455)]
)
def test_average_precision_by_each_rule(
    metric: str, value: float, cvkit: Command, dogs: tuple[Path, Path]
):
    found, truth = dogs
    figures = told(cvkit("evaluate", found, "--truth", truth, "--metric", metric, "--json"))
    assert figures["figures"]["map"] == pytest.approx(value, abs=1e-6)
    assert figures["figures"]["map50"] == pytest.approx(value, abs=1e-6)


def test_the_mean_is_over_classes_and_precision_over_objects(cvkit: Command, tmp_path: Path):
    real: list[Object] = [("dog", box, None) for box in DOGS]
    real += [("cat", (60.0, 60.0, 80.0, 80.0), None)]
    seen: list[Object] = [("dog", box, 0.9) for box in DOGS]
    seen += [("bird", (60.0, 60.0, 80.0, 80.0), 0.95)]
    truth = jsonl(tmp_path / "t.jsonl", {"a.jpg": real})
    found = jsonl(tmp_path / "f.jsonl", {"a.jpg": seen})
    every, dog, cat, bird = rows(cvkit("evaluate", found, "--truth", truth, "--score", "0.5"))
    assert [r["label"] for r in (dog, cat, bird)] == ["dog", "cat", "bird"]
    assert (every["ap50"], dog["ap50"], cat["ap50"], bird["ap50"]) == ("0.5", "1.0", "0.0", "")
    assert (every["precision"], every["recall"]) == ("0.75", "0.75")
    table = rows(cvkit("evaluate", found, "--truth", truth, "--table", "errors"))
    # Of birds none is looked at: as many of a class are as there are true ones.
    assert [(r["correct"], r["missed"]) for r in table[1:]] == [("3", "0"), ("0", "1")]
    mixed = rows(cvkit("evaluate", found, "--truth", truth, "--table", "confusion"))
    assert mixed[2] == {"found as": "bird", "dog": "0", "cat": "1", "bird": "0", "background": "0"}


def test_a_rule_that_does_not_hold_ends_with_seven(cvkit: Command, dogs: tuple[Path, Path]):
    found, truth = dogs
    words = ("evaluate", found, "--truth", truth, "--fail-below")
    assert cvkit(*words, "map50=0.55").code == 0
    assert cvkit(*words, "mAP@0.5=55%").code == 0
    assert cvkit(*words, "recall:dog=0.6").code == 0
    ran = cvkit(*words, "map50=0.6", "--fail-below", "precision=0.5", "--json")
    assert ran.code == told(ran)["exit_code"] == 7
    assert [rule["held"] for rule in told(ran)["rules"]] == [False, True]
    assert "map50 is 0.554455, below 0.6" in ran.err
    unknown = cvkit(*words, "map_large=0.1")  # there is no large dog
    assert unknown.code == 7
    assert "is not known" in unknown.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--fail-below", "mapp=0.5"], "did you mean map?"),
        (["--fail-below", "map50=60"], "figures go from 0 to 1"),
        (["--fail-below", "f1:cat=0.5"], "there is no class cat"),
        (["--fail-below", "map50"], "is no rule"),
        (["--iou", "0"], "--iou must be more than 0"),
        (["--score", "2"], "--score must be 0 to 1"),
        (["--classes", "cat"], "there is no cat"),
        (["-o", "curve.png"], "which picture is it?"),
        (["-o", "out.pdf"], "is not written so"),
        (["-o", "x.json", "-o", "./x.json"], "two outputs would write"),
    ],
)
def test_what_cannot_be_asked_is_said_with_a_remedy(
    words: Sequence[str], said: str, cvkit: Command, dogs: tuple[Path, Path]
):
    found, truth = dogs
    ran = cvkit("evaluate", found, "--truth", truth, *words)
    assert ran.code == 2, ran.err
    assert said in ran.err
    assert not ran.out


def test_one_class_is_one_in_all_spellings(cvkit: Command, tmp_path: Path):
    truth = jsonl(tmp_path / "t.jsonl", {"a.jpg": [("sofa", (0, 0, 20, 20), None)]})
    found = jsonl(tmp_path / "f.jsonl", {"a.jpg": [("couch", (0, 0, 20, 20), 0.9)]})
    every, one = rows(cvkit("evaluate", found, "--truth", truth))
    assert (one["label"], every["ap50"]) == ("sofa", "1.0")


def test_another_word_of_the_truth_can_be_named_and_classes_left_out_of_account(
    cvkit: Command, tmp_path: Path
):
    truth = jsonl(tmp_path / "t.jsonl", {"a.jpg": [("pedestrian", (0, 0, 20, 20), None)]})
    found = jsonl(tmp_path / "f.jsonl", {"a.jpg": [("person", (0, 0, 20, 20), 0.9)]})
    ran = cvkit("evaluate", found, "--truth", truth)
    assert ran.code == 3
    assert "no class in common" in ran.err
    assert "--classes NAME=OTHER" in ran.err
    for words in (["--classes", "person=pedestrian"], ["--agnostic"]):
        assert rows(cvkit("evaluate", found, "--truth", truth, *words))[0]["ap50"] == "1.0"


def test_a_table_without_labels_is_matched_by_number(cvkit: Command, tmp_path: Path):
    annotation = {"id": 1, "image_id": 7, "category_id": 3, "bbox": [0, 0, 20, 20], "area": 400}
    coco = {
        "images": [{"id": 7, "file_name": "a.png", "width": 100, "height": 100}],
        "annotations": [annotation],
        "categories": [{"id": 3, "name": "car"}],
    }
    (tmp_path / "truth.json").write_text(json.dumps(coco))
    (tmp_path / "f.csv").write_text(
        "source,index,time,x1,y1,x2,y2,score,class\na.jpg,0,0,0,0,20,20,0.9,3\n"
    )
    ran = cvkit("evaluate", "f.csv", "--truth", "coco:truth.json")
    assert [row["label"] for row in rows(ran)] == ["all", "car"]
    assert rows(ran)[0]["ap"] == "1.0"  # a.jpg is a.png of the truth
    assert "by number (3 is car)" in ran.err


def test_pictures_of_one_side_alone_are_counted_and_said(cvkit: Command, tmp_path: Path):
    one = ("dog", (0.0, 0.0, 20.0, 20.0))
    truth = jsonl(tmp_path / "t.jsonl", {"a.jpg": [(*one, None)], "b.jpg": [(*one, None)]})
    found = jsonl(tmp_path / "f.jsonl", {"a.jpg": [(*one, 0.9)], "c.jpg": [(*one, 0.8)]})
    ran = cvkit("evaluate", found, "--truth", truth, "--json")
    assert told(ran)["pictures"] == {"compared": 2, "only_in_truth": 1, "only_in_found": 1}
    assert told(ran)["figures"]["recall"] == 0.5  # the dog of b.jpg is missed
    assert told(ran)["figures"]["precision"] == 1.0
    assert "lacks 1 picture" in ran.err
    assert "count as missed" in ran.err
    assert "left out" in ran.err
    other = jsonl(tmp_path / "o.jsonl", {"z.jpg": [(*one, 0.9)]})
    ran = cvkit("evaluate", other, "--truth", truth)
    assert ran.code == 3
    assert "no picture in common" in ran.err


@pytest.mark.parametrize("where", ["coco:t.json", "yolo:labels/", "voc:xml/", "t.csv", "t.parquet"])
def test_every_form_of_the_truth_gives_the_same_figures(where: str, cvkit: Command, tmp_path: Path):
    real: list[Object] = [("dog", box, None) for box in DOGS]
    seen: list[Object] = [("dog", (1.0, 0.0, 12.0, 10.0), 0.9), ("cat", DOGS[1], 0.8)]
    pictures: dict[str, list[Object]] = {"a.jpg": real, "b.jpg": [("cat", DOGS[2], None)]}
    truth = jsonl(tmp_path / "t.jsonl", pictures)
    found = jsonl(tmp_path / "f.jsonl", {"a.jpg": seen, "b.jpg": seen[1:], "c.jpg": []})
    if where in ("t.csv", "t.parquet"):
        (tmp_path / "t.csv").write_text("source,index,time,x1,y1,x2,y2,label\n" + "".join(
            f"{name},0,0,{','.join(f'{v:g}' for v in box)},{label}\n"
            for name, objects in pictures.items() for label, box, _ in objects))  # fmt: skip
        if where == "t.parquet":
            import pyarrow.csv
            import pyarrow.parquet

            pyarrow.parquet.write_table(pyarrow.csv.read_csv(tmp_path / "t.csv"), tmp_path / where)
    else:
        assert cvkit("convert", truth, "-o", where).code == 0
    told_by_name = told(cvkit("evaluate", found, "--truth", truth, "--json"))
    again = told(cvkit("evaluate", found, "--truth", where, "--json"))
    assert again["figures"] == told_by_name["figures"]
    assert again["figures"]["map50"] == pytest.approx(34 / 101 / 2, abs=1e-6)
    assert again["errors"] == told_by_name["errors"]


def test_frames_of_a_video_are_the_pictures_that_were_made_of_them(cvkit: Command, tmp_path: Path):
    box = {"box": [0, 0, 20, 20], "label": "dog"}
    line = {"source": "sub/v.mp4", "size": [100, 100]}
    frames = [{**line, "index": i, "objects": [{**box, "score": 0.9}] * (i == 3)} for i in range(5)]
    (tmp_path / "f.jsonl").write_text("\n".join(map(json.dumps, [{"cvkit": 1, **frames[0]},
                                                                *frames[1:]])))  # fmt: skip
    jsonl(tmp_path / "t.jsonl", {
        "v_00003.jpg": [("dog", (0.0, 0.0, 20.0, 20.0), None)], "v_00004.jpg": [],
    })  # fmt: skip
    figures = told(cvkit("evaluate", "f.jsonl", "--truth", "t.jsonl", "--json"))
    assert figures["pictures"] == {"compared": 2, "only_in_truth": 0, "only_in_found": 3}
    assert figures["figures"]["map"] == 1


def test_a_picture_of_another_size_is_refused(cvkit: Command, tmp_path: Path):
    one = ("dog", (0.0, 0.0, 20.0, 20.0))
    truth = jsonl(tmp_path / "t.jsonl", {"a.jpg": [(*one, None)]})
    found = jsonl(tmp_path / "f.jsonl", {"a.jpg": [(*one, 0.9)]}, size=(50, 50))
    ran = cvkit("evaluate", found, "--truth", truth)
    assert ran.code == 3
    assert "a.jpg, frame 0 is 50×50 and 100×100" in ran.err


def test_a_report_has_every_page_and_is_not_replaced_unasked(
    cvkit: Command, dogs: tuple[Path, Path], tmp_path: Path
):
    found, truth = dogs
    words = ("evaluate", found, "--truth", truth)
    assert cvkit(*words, "-o", "report/").code == 0
    names = {path.name for path in (tmp_path / "report").iterdir()}
    assert names == {"evaluation.json", "pr.png", "confusion.png", "errors.png"} | {
        f"{page}.csv" for page in PAGES
    }
    assert json.loads((tmp_path / "report/evaluation.json").read_text())["figures"]["map50"] > 0.55
    assert (tmp_path / "report/classes.csv").read_text() == cvkit(*words).out
    again = cvkit(*words, "-o", "report/")
    assert again.code == 2
    assert "--overwrite" in again.err
    labels = tmp_path / "truth.csv"
    assert cvkit("convert", truth, "-o", labels).code == 0
    before = labels.read_bytes()
    own = cvkit("evaluate", found, "--truth", labels, "-o", "truth.csv", "--overwrite")
    assert own.code == 2
    assert "an input is never overwritten" in own.err
    assert labels.read_bytes() == before
    assert cvkit(*words, "-o", "report/", "--overwrite").code == 0
    assert cvkit(*words, "-o", "pr=curve.jpg", "-o", "my-pairs.csv").code == 0
    assert cv2.imread(str(tmp_path / "curve.jpg")).shape[0] > 1000
    assert len((tmp_path / "my-pairs.csv").read_text().splitlines()) == 5


def test_the_matrix_is_dark_where_classes_are_right(
    cvkit: Command, dogs: tuple[Path, Path], tmp_path: Path
):
    found, truth = dogs
    assert cvkit("evaluate", found, "--truth", truth, "-o", "confusion.png").code == 0
    dark = cv2.imread(str(tmp_path / "confusion.png")).min(2)
    # Cells as wide as others: dogs found, found where nothing is; missed.
    blue = np.argwhere(dark < 200)
    assert len(blue) > 5000
    assert dark[0, 0] == 255


def pycocotools_figures(truths: Any, found: Any) -> list[float]:
    """Of rows picture, kind, x1, y1, x2, y2 (and score)."""
    from cvkit.core.algo.matching import Finds, Truths
    from tests.core.algo.test_average_precision import reference

    truths, found = np.array(truths, float), np.array(found, float)
    sides = truths[:, 4:6] - truths[:, 2:4]
    none = np.zeros(len(truths), bool)
    kinds = int(max(truths[:, 1].max(), found[:, 1].max())) + 1
    pictures = int(max(truths[:, 0].max(), found[:, 0].max())) + 1
    true = Truths(
        truths[:, 0].astype(int), truths[:, 1].astype(int), truths[:, 2:6], sides.prod(1), none,
        none,
    )  # fmt: skip
    seen = Finds(found[:, 0].astype(int), found[:, 1].astype(int), found[:, 2:6], found[:, 6])
    stats: list[float] = reference(true, seen, pictures, kinds).stats.tolist()
    return stats


NAMES = ("map", "map50", "map75", "map_small", "map_medium", "map_large",
         "ar_1", "ar_10", "ar", "ar_small", "ar_medium", "ar_large")  # fmt: skip


def figures_of(ran: Ran) -> list[float]:
    figures = told(ran)["figures"]
    return [-1.0 if figures[name] is None else figures[name] for name in NAMES]


@pytest.mark.parametrize("clip", ["TUD-Campus", "TUD-Stadtmitte"])
def test_people_of_mot_challenge_get_the_figures_of_pycocotools(
    clip: str, cvkit: Command, shared: Path
):
    pytest.importorskip("pycocotools", reason="compares with pycocotools")
    folder = shared / "tracking" / clip

    def boxes(name: str) -> list[list[float]]:
        told = [line.split(",") for line in (folder / name).read_text().split()]
        parsed = [[float(v) for v in row[:6]] for row in told]
        return [[f - 1, 0, x, y, x + w, y + h] for f, _, x, y, w, h in parsed]

    expected = pycocotools_figures(boxes("gt.txt"), [[*b, 1] for b in boxes("test.txt")])
    words = ("evaluate", f"mot:{folder / 'test.txt'}", "--truth", f"mot:{folder / 'gt.txt'}")
    assert figures_of(cvkit(*words, "--json")) == pytest.approx(expected, abs=1e-6)
    assert expected[1] > 0.5


def test_coco_s_own_files_get_the_figures_of_pycocotools(cvkit: Command, tmp_path: Path):
    """With crowds, areas of outlines, numbers of pictures and categories in no order."""
    pytest.importorskip("pycocotools", reason="compares with pycocotools")
    from tests.core.algo.test_average_precision import reference, scene

    truths, found = scene(11, pictures=40, kinds=5)

    def rows_of(one: Any, **more: Any) -> list[dict[str, Any]]:
        boxes = np.hstack([one.boxes[:, :2], one.boxes[:, 2:] - one.boxes[:, :2]])
        columns = {name: values.tolist() for name, values in more.items()}
        return [
            {"image_id": 3 * int(p) + 5, "category_id": 90 - int(k), "bbox": b.tolist(),
             **{name: values[i] for name, values in columns.items()}}
            for i, (p, k, b) in enumerate(zip(one.picture, one.kind, boxes, strict=True))
        ]  # fmt: skip

    annotations = rows_of(truths, area=truths.area, iscrowd=truths.crowd.astype(int))
    coco = {
        "images": [
            {"id": 3 * i + 5, "file_name": f"{i:012}.jpg", "width": 900, "height": 900}
            for i in range(40)
        ],
        "annotations": [{"id": i, **one} for i, one in enumerate(annotations)],
        "categories": [{"id": 90 - k, "name": f"kind {k}"} for k in range(5)],
    }
    (tmp_path / "truth.json").write_text(json.dumps(coco))
    (tmp_path / "found.json").write_text(json.dumps(rows_of(found, score=found.scores)))
    ran = cvkit("evaluate", "coco:found.json", "--truth", "coco:truth.json", "--json")
    expected = reference(truths, found, 40, 5).stats.tolist()
    assert figures_of(ran) == pytest.approx(expected, abs=1e-6)
    assert sum(row["truths"] for row in told(ran)["classes"]) == int((~truths.crowd).sum())


def test_detections_of_photographs_get_the_figures_of_pycocotools(
    cvkit: Command, shared: Path, models: Path
):
    pytest.importorskip("pycocotools", reason="compares with pycocotools")
    names = ("street_bus", "person_dog_horse", "dog_bicycle_truck", "two_men", "beach_kites")
    pictures = [shared / f"images/{name}.jpg" for name in names]
    for name, model, score in (
        ("truth", "yolov8n_640_fp32_from_uint8", 0.4), ("found", "yolox_nano_416", 0.02),
    ):  # fmt: skip
        ran = cvkit(
            "detect", *pictures, "--model", models / f"detect/{model}.onnx",
            "--score", str(score), "-o", f"{name}.jsonl",
        )  # fmt: skip
        assert ran.code == 0, ran.err

    def lines(name: str) -> list[list[float]]:
        out = []
        for number, line in enumerate((cvkit.folder / name).read_text().splitlines()):
            objects = json.loads(line).get("objects", [])
            out += [[number, o["class"], *o["box"], o["score"]] for o in objects]
        return out

    expected = pycocotools_figures(lines("truth.jsonl"), lines("found.jsonl"))
    ran = cvkit("evaluate", "found.jsonl", "--truth", "truth.jsonl", "--json")
    assert figures_of(ran) == pytest.approx(expected, abs=1e-6)
    assert 0.3 < expected[0] < expected[1] < 0.99


def test_help_fits_a_screen(cvkit: Command):
    page = cvkit("evaluate", "--help", env={"COLUMNS": "80"}).out
    assert len(page.splitlines()) <= 36
    assert "cvkit evaluate found.jsonl --truth coco:truth.json" in " ".join(page.split())
