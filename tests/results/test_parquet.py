"""Parquet: the rows of CSV in typed columns, written in groups as a video goes."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cvkit.core import values
from cvkit.core.errors import InputError
from cvkit.core.frame import Frame
from cvkit.core.grid import Grid
from cvkit.core.objects import Objects
from cvkit.core.time import Time
from cvkit.results import parquet_reading
from cvkit.results.assembly import assemble
from cvkit.results.parquet import MOST, Columns, folder_of
from cvkit.results.reading import read_results
from cvkit.results.record import Record, record
from tests.conftest import ROOT, Command

SIZE = (100, 80)
GRID = Grid.of(SIZE)
BASE = Fraction(1, 30)
PORTRAIT = ROOT / "samples" / "portrait.mp4"


def found(index: int, *values: values.Value, source: str = "v.mp4") -> Record:
    return record(Frame(values, GRID, index, Time(index, BASE), source))


def boxes(count: int = 1, **attributes: Sequence[float] | Sequence[str]) -> Objects:
    rows = [[i, 2, i + 5, 9] for i in range(count)]
    return Objects.of(np.array(rows), GRID, attributes=attributes)


def moving(folder: Path, name: str, records: list[Record], kind: str = "objects") -> Path:
    """The part of a video whose rows were written as they came."""
    columns = Columns(folder_of(folder / name), kind)
    for one in records:
        columns.add(one)
    columns.close()
    return folder / name


def test_columns_have_types_and_the_file_says_what_it_is(tmp_path: Path):
    made = Objects.of(
        np.array([[1.234, 2, 30, 40.5], [5, 6, 7, 8]]), GRID,
        scores=[0.87654, 0.5], classes=[2, -1], labels=["car", ""], ids=[7, -1],
        attributes={"area": np.array([12.3, np.nan]), "whole": [3, 4], "colour": ["red", "blue"]},
    )  # fmt: skip
    part = moving(tmp_path, "0", [found(3, made)])
    assert assemble([part], "parquet", tmp_path / "r", "objects") == 2
    table = pq.read_table(tmp_path / "r")
    assert {field.name: str(field.type) for field in table.schema} == {
        "source": "string", "index": "int64", "time": "double",
        "x1": "double", "y1": "double", "x2": "double", "y2": "double", "score": "double",
        "class": "int32", "label": "string", "id": "int64",
        "area": "double", "whole": "int64", "colour": "string",
    }  # fmt: skip
    assert table.schema.metadata == {
        b"cvkit": b"1", b"coords": b"source", b"models": b"[]",
    }  # fmt: skip
    assert table.to_pylist()[1] == {
        "source": "v.mp4", "index": 3, "time": 0.1, "x1": 5.0, "y1": 6.0, "x2": 7.0, "y2": 8.0,
        "score": 0.5, "class": None, "label": None, "id": None,
        "area": None, "whole": 4, "colour": "blue",
    }  # fmt: skip
    assert table.to_pylist()[0]["x1"] == 1.23


def test_of_nothing_there_are_columns(tmp_path: Path):
    part = moving(tmp_path, "0", [found(0, Objects.none(GRID))])
    assert assemble([part], "parquet", tmp_path / "r", "objects") == 0
    assert pq.read_table(tmp_path / "r").schema.names == [
        "source", "index", "time", "x1", "y1", "x2", "y2", "score", "class", "label", "id",
    ]  # fmt: skip
    assert assemble([], "parquet", tmp_path / "s", "events") == 0
    assert pq.read_table(tmp_path / "s").schema.names == ["source", "index", "time"]


def test_a_row_group_holds_a_second_or_so_and_later_more(tmp_path: Path):
    columns = Columns(tmp_path / "c", "objects")
    for index in range(30 * 300):
        columns.add(found(index, boxes()))
        if index == 100:
            assert len(list((tmp_path / "c").iterdir())) == 1  # it is being written
    columns.close()
    (segment,) = (tmp_path / "c").iterdir()
    groups = pq.ParquetFile(segment).metadata
    counts = [groups.row_group(i).num_rows for i in range(groups.num_row_groups)]
    assert counts[:90] == [30] * 90
    assert counts[150] == 50  # a hundredth of what was before it
    assert sum(counts) == 9000
    assert len(counts) < 220


def test_a_frame_of_very_many_objects_is_several_groups(tmp_path: Path):
    part = moving(tmp_path, "0", [found(0, boxes(2 * MOST + 5))])
    assemble([part], "parquet", tmp_path / "r", "objects")
    groups = pq.ParquetFile(tmp_path / "r").metadata
    assert [groups.row_group(i).num_rows for i in range(3)] == [MOST, MOST, 5]
    back = read_results(tmp_path / "r").objects("v.mp4", 0, SIZE)
    assert back is not None
    assert back.boxes[[0, MOST, -1], 0].tolist() == [0, MOST, 2 * MOST + 4]


def test_columns_that_appear_or_widen_later_are_of_the_whole_file(tmp_path: Path):
    first = [found(i, boxes(size=[i])) for i in range(0, 90, 30)]
    later = [
        found(120, boxes(size=[0.5])),
        found(150, boxes(size=["much"], sure=[True])),
        found(180, boxes(sure=[False])),
    ]
    still = tmp_path / "still"
    still.write_text(json.dumps(found(0, boxes(size=[7]), source="a.jpg")) + "\n")
    part = moving(tmp_path, "0", [*first, *later])
    assert len(list(folder_of(part).iterdir())) == 3
    assert assemble([part, still], "parquet", tmp_path / "r", "objects") == 7
    table = pq.read_table(tmp_path / "r")
    assert table["size"].to_pylist() == ["0", "30", "60", "0.5", "much", None, "7"]
    assert table["sure"].to_pylist() == [None, None, None, None, True, False, None]
    assert table["source"].to_pylist() == ["v.mp4"] * 6 + ["a.jpg"]


@pytest.mark.parametrize(
    ("value", "kind", "types"),
    [
        (values.Measures(({"n": 2, "ok": True}, {"n": 3, "ok": None})), "measures",
         {"n": "int64", "ok": "bool"}),
        (values.Scores(("cat", "dog"), (0.75, 0.2)), "scores",
         {"label": "string", "score": "double"}),
        (values.Event(({"event": "cut", "seconds": 1.5},)), "events",
         {"event": "string", "seconds": "double"}),
        (values.Text("hi"), "text", {"text": "string"}),
    ],
)  # fmt: skip
@pytest.mark.parametrize("asked", [True, False])
def test_other_values_have_a_row_each(
    tmp_path: Path, value: values.Value, kind: str, types: dict[str, str], asked: bool
):
    part = moving(tmp_path, "0", [found(1, boxes(), value)], kind if asked else "")
    assemble([part], "parquet", tmp_path / "r", kind)
    schema = pq.read_table(tmp_path / "r").schema
    told = {field.name: str(field.type) for field in schema}
    assert told == {"source": "string", "index": "int64", "time": "double", **types}


def test_json_lines_csv_and_parquet_of_a_video_hold_the_same(cvkit: Command):
    names = ("f.jsonl", "f.csv", "f.parquet")
    outputs = [word for name in names for word in ("-o", name)]
    ran = cvkit("detect", PORTRAIT, "--model", "haar-face", "--frames", "30:50", *outputs)
    assert ran.code == 0, ran.err
    lines = [json.loads(line) for line in (cvkit.folder / "f.jsonl").read_text().splitlines()]
    assert len(lines) == 20
    from_lines = [
        [line["source"], line["index"], line["time"], *one["box"], one["score"], one["margin"]]
        for line in lines
        for one in line.get("objects", ())
    ]
    asked = ["source", "index", "time", "x1", "y1", "x2", "y2", "score", "margin"]
    table = pq.read_table(cvkit.folder / "f.parquet")
    assert [list(row.values()) for row in table.select(asked).to_pylist()] == from_lines
    assert len(from_lines) > 10
    with open(cvkit.folder / "f.csv", newline="") as file:
        header, *rows = csv.reader(file)
    assert header == table.schema.names
    words = [["" if v is None else str(v) for v in row.values()] for row in table.to_pylist()]
    assert words == rows


def test_results_are_drawn_again_without_the_search(cvkit: Command):
    for form in ("jsonl", "parquet"):
        saved = f"f.{form}"
        ran = cvkit("detect", PORTRAIT, "--model", "haar-face", "--frames", "30:50", "-o", saved)
        assert ran.code == 0, ran.err
        drawn = ("objects", PORTRAIT, "--from", saved, "then", "draw", "-o", f"{form}.mp4")
        ran = cvkit(*drawn, "--frames", "30:50")
        assert ran.code == 0, ran.err
    made = [(cvkit.folder / name).read_bytes() for name in ("jsonl.mp4", "parquet.mp4")]
    assert made[0] == made[1]


def test_a_failed_video_leaves_no_rows(cvkit: Command, tmp_path: Path):
    whole = PORTRAIT.read_bytes()
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.mp4").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "in" / "b.mp4").write_bytes(whole)
    words = ("--model", "haar-face", "--frames", "30:50")
    ran = cvkit("detect", "in/", *words, "-o", "f.parquet", cwd=tmp_path)
    assert ran.code == 6, ran.err
    assert set(pq.read_table(tmp_path / "f.parquet")["source"].to_pylist()) == {"b.mp4"}
    ran = cvkit("detect", "in/a.mp4", *words, "-o", "g.parquet", cwd=tmp_path)
    assert ran.code == 3
    assert not (tmp_path / "g.parquet").exists()


def test_pictures_of_a_folder_are_in_one_file_in_order(cvkit: Command):
    folder = ROOT / "samples"
    ran = cvkit("contours", folder / "coins.jpg", folder / "cat.jpg", "-o", "c.parquet",
                "-o", "c.csv", "--min-area", "400")  # fmt: skip
    assert ran.code == 0, ran.err
    table = pq.read_table(cvkit.folder / "c.parquet")
    with open(cvkit.folder / "c.csv", newline="") as file:
        header, *rows = csv.reader(file)
    assert header == table.schema.names
    assert [row[0] for row in rows] == table["source"].to_pylist()
    assert [float(row[3]) for row in rows] == table["x1"].to_pylist()


def test_very_many_rows_are_found_as_one_by_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    records = [found(i, boxes(i % 4), source=name) for name in "ab" for i in range(40)]
    unknown = {**found(0, boxes(2)), "source": None}
    part = moving(tmp_path, "0", [*records, unknown])
    assemble([part], "parquet", tmp_path / "r", "objects")
    quick = read_results(tmp_path / "r")
    monkeypatch.setattr(parquet_reading, "_is_sound", lambda batch: False)
    slow = read_results(tmp_path / "r")
    assert quick._scan.frames == slow._scan.frames
    assert set(quick._scan.frames) == {"a", "b", ""}
    for source, index in (("a", 7), ("b", 39), ("", 0)):
        one, other = (saved.objects(source, index, SIZE) for saved in (quick, slow))
        assert one is not None
        assert other is not None
        np.testing.assert_array_equal(one.boxes, other.boxes)


def test_a_file_of_no_rows_is_read(tmp_path: Path):
    assemble([], "parquet", tmp_path / "r", "objects")
    assert read_results(tmp_path / "r").objects("v.mp4", 0, SIZE) is None


def test_a_data_frame_comes_back(tmp_path: Path):
    """As pandas saves one: unknown numbers are NaN, and words may be categories."""
    table = pa.table({
        "source": pa.array(["v", "v", "w"]).dictionary_encode(), "index": pa.array([0, 0, 2]),
        "x1": [1, 2, 3], "y1": [1.0, 1.0, 1.0], "x2": [4, 5, 6], "y2": [9, 9, 9],
        "class": [1.0, float("nan"), 2.0], "label": ["a", None, "b"], "size": [1, None, 3],
    })  # fmt: skip
    pq.write_table(table, tmp_path / "f.parquet", row_group_size=2)
    back = read_results(tmp_path / "f.parquet").objects("v", 0, SIZE)
    assert back is not None
    assert back.boxes.tolist() == [[1, 1, 4, 9], [2, 1, 5, 9]]
    assert back.classes is not None
    assert (back.classes.tolist(), back.labels) == ([1, -1], ("a", ""))
    np.testing.assert_array_equal(np.asarray(back.attributes["size"]), [1, np.nan])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"x1": ["a"]}, "row 1 holds no result: 'a'|row 1 holds no result"),
        ({"x1": [None]}, "row 1 holds no result"),
        ({"x2": [float("inf")]}, "row 1 holds no result"),
        ({"index": [0.5]}, "row 1 holds no result"),
        ({"source": [4]}, "row 1 holds no result"),
        ({"more": [[1, 2]]}, "row 1 holds no result"),
        ({"class": [2**40]}, "a class is too large"),
        ({"y2": None}, "it has no column y2"),
    ],
)
def test_what_is_no_result_is_named(tmp_path: Path, change: dict[str, object], said: str):
    good = {"source": ["v"], "index": [0], "x1": [1], "y1": [1], "x2": [2], "y2": [2]}
    told = {name: column for name, column in (good | change).items() if column is not None}
    pq.write_table(pa.table(told), tmp_path / "f.parquet")
    with pytest.raises(InputError, match=said):
        read_results(tmp_path / "f.parquet")


@pytest.mark.parametrize("cut", [4, 100, -5])
def test_a_cut_file_holds_no_results(tmp_path: Path, cut: int):
    part = moving(tmp_path, "0", [found(0, boxes())])
    assemble([part], "parquet", tmp_path / "r", "objects")
    (tmp_path / "c.parquet").write_bytes((tmp_path / "r").read_bytes()[:cut])
    with pytest.raises(InputError, match=r"c\.parquet holds no results"):
        read_results(tmp_path / "c.parquet")


def test_another_version_is_refused(tmp_path: Path):
    table = pa.table({"source": ["v"], "index": [0]}).replace_schema_metadata({"cvkit": "2"})
    for name in ("x1", "y1", "x2", "y2"):
        table = table.append_column(name, [[1.0]])
    pq.write_table(table, tmp_path / "f.parquet")
    with pytest.raises(InputError, match="has version 2 of cvkit's results"):
        read_results(tmp_path / "f.parquet")


def test_only_pictures_make_no_table(cvkit: Command):
    ran = cvkit("gray", ROOT / "samples" / "cat.jpg", "-o", "x.parquet")
    assert ran.code == 2
    assert "no results" in ran.err
