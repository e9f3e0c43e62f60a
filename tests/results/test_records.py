"""Results: what a frame's record says, and that it comes back from every format."""

from __future__ import annotations

import csv
import json
import os
import shutil
import tempfile
import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cvkit.core import values, warp
from cvkit.core.errors import InputError
from cvkit.core.frame import Frame
from cvkit.core.grid import Grid
from cvkit.core.objects import Objects
from cvkit.core.time import Time
from cvkit.results.assembly import assemble, table
from cvkit.results.jsonl import Part
from cvkit.results.parquet import Columns, folder_of
from cvkit.results.reading import read_results
from cvkit.results.record import record

SIZE = (100, 80)
GRID = Grid.of(SIZE)


def objects(grid: Grid = GRID) -> Objects:
    return Objects.of(
        np.array([[1.234, 2, 30, 40.5], [5, 6, 7, 8]]),
        grid,
        scores=[0.87654, 0.5],
        classes=[2, -1],
        labels=["car", ""],
        ids=[7, -1],
        polygons=[np.array([[1, 2], [30, 2], [30, 40.5]]), np.zeros((0, 2))],
        attributes={"area": np.array([12.3, np.nan], np.float32), "colour": ["red", "blue"]},
    )


def frame(*found: values.Value, index: int = 3, source: str = "a/b.mp4") -> Frame:
    return Frame(found, GRID, index, Time(index * 40, Time().base), source)


def written(folder: Path, fmt: str, *frames: Frame) -> Path:
    parts = []
    for number, one in enumerate(frames):
        part = Part(folder / f"{number}.part")
        part.add(record(one))
        part.close()
        parts.append(part.path)
    path = folder / f"results.{fmt}"
    assemble(parts, fmt, path)
    for made in folder.glob("*.columns"):  # of stills' rows, beside their lines
        shutil.rmtree(made)
    return path


def test_a_record_is_as_the_design_says():
    assert record(frame(objects())) == {
        "source": "a/b.mp4",
        "index": 3,
        "time": 0.12,
        "size": [100, 80],
        "objects": [
            {
                "box": [1.23, 2.0, 30.0, 40.5],
                "score": 0.8765,
                "class": 2,
                "label": "car",
                "id": 7,
                "polygon": [[1.0, 2.0], [30.0, 2.0], [30.0, 40.5]],
                "area": 12.3,
                "colour": "red",
            },
            {"box": [5.0, 6.0, 7.0, 8.0], "score": 0.5, "colour": "blue"},
        ],
    }


def test_empty_fields_are_left_out_and_a_gathers_source_is_null():
    empty = record(frame(Objects.none(GRID), values.Text(""), index=0, source=""))
    assert empty == {"source": None, "index": 0, "time": 0.0, "size": [100, 80]}


def test_coordinates_are_the_sources_unless_asked_otherwise():
    moved = frame(objects()).moved(warp.Crop(SIZE, 1, 2, 60, 60)).moved(warp.Flip((60, 60)))
    moved = moved.moved(warp.Scale((60, 60), (120, 60)))
    there, here = record(moved), record(moved, coords="output")
    assert (there["size"], here["size"]) == ([100, 80], [120, 60])
    assert there["objects"][0]["box"] == [1.23, 2.0, 30.0, 40.5]
    assert here["objects"][0]["box"] == [62.0, 0.0, 119.53, 38.5]


def test_boxes_on_what_was_added_to_a_picture_end_at_its_sources_edge():
    """A turn and a padding show more than the source has: no box of it lies there."""
    wide = GRID.then(warp.Pad(SIZE, 20, 10, 20, 10))
    told = Objects.of([[5, 5, 60, 60], [1, 1, 15, 50], [130, 30, 140, 90]], wide, scores=[1, 2, 3])
    found = record(Frame((told,), wide))["objects"]
    assert [one["score"] for one in found] == [1.0]
    x1, y1, x2, y2 = found[0]["box"]
    assert (x1, y1) == (0, 0)
    assert 0 < x2 < 60
    assert 0 < y2 < 60
    # What a file said of a thing that is half out of the picture stays said.
    small = GRID.then(warp.Scale(SIZE, (50, 40)))
    out = record(Frame((Objects.of([[-5, 3, 10, 10]], small),), small))["objects"]
    assert out[0]["box"] == [-10.0, 6.0, 20.0, 20.0]


@pytest.mark.parametrize("fmt", ["jsonl", "csv", "parquet"])
def test_objects_come_back(tmp_path: Path, fmt: str):
    path = written(tmp_path, fmt, frame(objects()), frame(objects(), source='q,\n"ü".png'))
    for source in ("a/b.mp4", 'q,\n"ü".png'):
        back = read_results(path).objects(source, 3, SIZE)
        assert back is not None
        assert back.boxes.tolist() == np.array(
            [[1.23, 2, 30, 40.5], [5, 6, 7, 8]], np.float32
        ).tolist()  # fmt: skip
        assert (back.labels, back.classes.tolist(), back.ids.tolist()) == (
            ("car", ""), [2, -1], [7, -1],
        )  # fmt: skip
        np.testing.assert_allclose(back.attributes["area"], [12.3, np.nan])  # type: ignore[arg-type]
        assert back.attributes["colour"] == ("red", "blue")
        assert back.grid == GRID
    assert read_results(path).objects("a/b.mp4", 4, SIZE) is None


def test_a_jsonl_says_what_it_is_and_holds_frames_without_objects(tmp_path: Path):
    path = written(tmp_path, "jsonl", frame(Objects.none(GRID)), frame(objects(), index=4))
    lines = [json.loads(text) for text in path.read_text().splitlines()]
    assert [line.get("cvkit") for line in lines] == [1, None]
    found = read_results(path).objects("a/b.mp4", 3, SIZE)
    assert found is not None
    assert len(found) == 0


def test_csv_has_one_row_an_object_and_the_attributes_of_all(tmp_path: Path):
    later = Objects.of([[0, 0, 1, 1]], GRID, attributes={"zeta": [4]})
    path = written(tmp_path, "csv", frame(objects()), frame(later, index=4))
    assert path.read_text().splitlines() == [
        "source,index,time,x1,y1,x2,y2,score,class,label,id,area,colour,zeta",
        "a/b.mp4,3,0.12,1.23,2.0,30.0,40.5,0.8765,2,car,7,12.3,red,",
        "a/b.mp4,3,0.12,5.0,6.0,7.0,8.0,0.5,,,,,blue,",
        "a/b.mp4,4,0.16,0.0,0.0,1.0,1.0,,,,,,,4",
    ]


def test_csv_of_nothing_still_has_its_columns(tmp_path: Path):
    path = written(tmp_path, "csv", frame(Objects.none(GRID)))
    assert path.read_text() == "source,index,time,x1,y1,x2,y2,score,class,label,id\n"


@pytest.mark.parametrize(
    ("value", "rows"),
    [
        (values.Measures(({"n": np.int64(2), "ok": True},)), [["n", "ok"], [2, True]]),  # type: ignore[dict-item]
        (values.Scores(("cat",), (0.75,)), [["label", "score"], ["cat", 0.75]]),
        (values.Event(({"what": "cut"},)), [["what"], ["cut"]]),
        (values.Text("hi"), [["text"], ["hi"]]),
        (values.Vector(np.array([1, 2.5], np.float32)), [["v0", "v1"], [1.0, 2.5]]),
    ],
)  # fmt: skip
def test_the_value_that_came_last_is_the_table(
    tmp_path: Path, value: values.Value, rows: list[list[object]]
):
    path = written(tmp_path, "csv", frame(objects(), value))
    assert list(csv.reader(path.read_text().splitlines())) == [
        ["source", "index", "time", *map(str, rows[0])],
        *(["a/b.mp4", "3", "0.12", *map(str, row)] for row in rows[1:]),
    ]
    told = ["a/b.mp4", 3, 0.12]
    columns, found = table([tmp_path / "0.part"])
    assert (columns, len(found)) == (["source", "index", "time", *rows[0]], len(rows) - 1)
    for _ in range(2):  # they may be read again
        assert list(found) == [[*told, *row] for row in rows[1:]]


def test_csv_keeps_words_as_they_are_and_attributes_named_like_a_column_do_no_harm(tmp_path: Path):
    words = ["a, b", 'say "hi"', "two\n\nlines", "Größe\u2028車", "7"]
    made = Objects.of(
        np.arange(20).reshape(5, 4), GRID, labels=words,
        attributes={"index": np.full(5, 9), "code": ["1_000", "x", "nan", "inf", "1e999"]},
    )  # fmt: skip
    back = read_results(written(tmp_path, "csv", frame(made))).objects("a/b.mp4", 3, SIZE)
    assert back.labels == tuple(words)
    assert back.attributes == {"code": ("1_000", "x", "nan", "inf", "1e999")}
    assert back.boxes.tolist() == made.boxes.tolist()


def test_every_kind_of_point_is_mapped_and_comes_back(tmp_path: Path):
    # 100×80, cut at (10, 20) to 40×40, then doubled: (x, y) of the result is (10 + x/2, 20 + y/2).
    grid = GRID.then(warp.Crop(SIZE, 10, 20, 40, 40)).then(warp.Scale((40, 40), (80, 80)))
    turned = np.array([[2, 4], [6, 8], [2, 12], [-2, 8]])
    made = replace(
        Objects.of([[2, 4, 20, 40], [0, 0, 80, 80]], grid, polygons=[turned, []]),
        corners=np.array([turned, np.full((4, 2), 3)], np.float32),  # the second is not known
        keypoints=np.array([[[4, 6, 0.5], [1, 1, 0]], [[3, 3, 0], [3, 3, 0]]], np.float32),
        texts=("hi", ""),
    )
    told = record(Frame((made,), grid, source="a"))["objects"]
    corners = [[11.0, 22.0], [13.0, 24.0], [11.0, 26.0], [9.0, 24.0]]
    assert told == [
        {
            "box": [11.0, 22.0, 20.0, 40.0],
            "polygon": corners,
            "corners": corners,
            "keypoints": [[12.0, 23.0, 0.5], [10.5, 20.5, 0.0]],
            "text": "hi",
        },
        {"box": [10.0, 20.0, 50.0, 60.0]},
    ]
    path = written(tmp_path, "jsonl", Frame((made,), grid, source="a"))
    back = read_results(path).objects("a", 0, SIZE)
    assert back.corners.tolist() == [corners, [[0, 0]] * 4]
    assert back.keypoints.tolist() == [[[12, 23, 0.5], [10.5, 20.5, 0]], [[0, 0, 0], [0, 0, 0]]]
    assert ([p.tolist() for p in back.polygons], back.texts) == ([corners, []], ("hi", ""))


def test_what_is_not_ours_is_refused(tmp_path: Path):
    path = tmp_path / "r.jsonl"
    for first, said in (
        (GOOD.replace('"cvkit": 1, ', ""), "is no cvkit results file"),
        (GOOD.replace('"cvkit": 1', '"cvkit": 2'), "has version 2"),
        (GOOD.replace('"cvkit": 1', '"cvkit": true'), "has version True"),
    ):
        path.write_text(first)
        with pytest.raises(InputError, match=said):
            read_results(path)


def test_coordinates_of_output_pictures_are_refused(tmp_path: Path):
    part = Part(tmp_path / "p")
    part.add(record(frame(objects()), coords="output"))
    part.close()
    assemble([part.path], "jsonl", tmp_path / "r.jsonl")
    columns = Columns(folder_of(part.path), coords="output")
    columns.add(record(frame(objects()), coords="output"))
    columns.close()
    assemble([part.path], "parquet", tmp_path / "r.parquet")
    for name in ("r.jsonl", "r.parquet"):
        with pytest.raises(InputError, match="coordinates of output pictures"):
            read_results(tmp_path / name)


def test_another_source_is_refused_with_those_the_file_holds(tmp_path: Path):
    frames = [frame(objects(), source=name) for name in "abcde"]
    saved = read_results(written(tmp_path, "jsonl", *frames))
    with pytest.raises(InputError, match="no results of x: it holds those of a, b, c and 2 more"):
        saved.objects("x", 3, SIZE)
    assert read_results(written(tmp_path, "csv", *frames)).objects("x", 3, SIZE) is None
    alone = read_results(written(tmp_path, "csv", frames[0]))
    with pytest.raises(InputError, match="it holds those of a;"):
        alone.objects("x", 3, SIZE)


@pytest.mark.parametrize("fmt", ["jsonl", "csv", "parquet"])
def test_frames_in_any_order_and_in_pieces_are_whole(tmp_path: Path, fmt: str):
    first, second = objects().take([0]), objects().take([1])
    frames = [frame(first), frame(objects(), index=9), frame(second)]
    saved = read_results(written(tmp_path, fmt, *frames))
    assert saved.objects("a/b.mp4", 3, SIZE).boxes[:, 0].tolist() == pytest.approx([1.23, 5])
    assert saved.objects("a/b.mp4", 9, SIZE).boxes.shape == (2, 4)


def test_a_file_that_changed_since_is_noticed_and_a_pipe_is_held(tmp_path: Path):
    path = written(tmp_path, "jsonl", frame(objects()))
    saved = read_results(path)
    data = path.read_bytes()
    path.write_bytes(data + b"\n")
    with pytest.raises(InputError, match="has changed since"):
        saved.objects("a/b.mp4", 3, SIZE)
    path.unlink()
    with pytest.raises(InputError, match="cannot be read: No such file"):
        saved.objects("a/b.mp4", 3, SIZE)
    reading, writing = os.pipe()
    os.write(writing, b"\xef\xbb\xbf" + data)
    os.close(writing)
    held = read_results(Path(f"/dev/fd/{reading}"))
    os.close(reading)
    assert held.objects("a/b.mp4", 3, SIZE).boxes.shape == (2, 4)


def test_results_of_other_pictures_are_refused(tmp_path: Path):
    path = written(tmp_path, "jsonl", frame(objects()))
    with pytest.raises(InputError, match="was 100×80 and is 50×40"):
        read_results(path).objects("a/b.mp4", 3, (50, 40))


GOOD = '{"cvkit": 1, "source": "a", "index": 0, "time": 0, "size": [4, 4]}\n'


@pytest.mark.parametrize(
    "bad",
    [
        "{", "[]", "7", '{"source": "a"}', '{"source": "a", "index": 0, "size": [1]}',
        '{"source": 3, "index": 0, "size": [4, 4]}', "[" * 100_000,
        '{"source": "a", "index": 1e999, "size": [4, 4]}',
        *(
            f'{{"source": "a", "index": 1, "size": [4, 4], "objects": [{found}]}}'
            for found in (
                "{}", "3", '{"box": [1, 2, 3]}', '{"box": [1, 2, 3, "4"]}',
                '{"box": [1, 2, 3, NaN]}', '{"box": [1, 2, 3, 4], "score": "high"}',
                '{"box": [1, 2, 3, 4], "class": 99999999999}',
                '{"box": [1, 2, 3, 4], "polygon": [1, 2, 3]}',
                '{"box": [1, 2, 3, 1e300]}', '{"box": [1, 2, 3, 4], "corners": [[1, 2]]}',
                '{"box": [1, 2, 3, 4], "area": [1]}', f'{{"box": [1, 2, 3, {10**400}]}}',
            )
        ),
    ],
)  # fmt: skip
def test_a_malformed_line_is_named(tmp_path: Path, bad: str):
    path = tmp_path / "r.jsonl"
    path.write_text(GOOD + bad)
    with pytest.raises(InputError, match=r"r\.jsonl, line 2"):
        read_results(path)


def test_a_malformed_row_is_named(tmp_path: Path):
    path = tmp_path / "r.csv"
    path.write_text("source,index,x1,y1,x2,y2\na,0,1,2,3,4\na,0,1,2,x,4\n")
    with pytest.raises(InputError, match=r"r\.csv, line 3"):
        read_results(path)


@pytest.mark.parametrize("data", [b"", b"\xff\xfe\x00", b"a,b\n1,2\n", b"\x89PNG\r\n"])
def test_what_holds_no_results_is_said(tmp_path: Path, data: bytes):
    (tmp_path / "r").write_bytes(data)
    with pytest.raises(InputError, match="holds no"):
        read_results(tmp_path / "r")


coordinate = st.floats(-1e4, 1e4, width=32)
words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=5)


@given(
    st.lists(st.tuples(coordinate, coordinate, coordinate, coordinate), min_size=1, max_size=4),
    words,
    st.floats(-(2.0**126), 2.0**126, width=32) | st.just(np.nan),
    st.sampled_from(["jsonl", "csv", "parquet"]),
)
def test_records_round_trip(boxes: list[tuple[float, ...]], label: str, attribute: float, fmt: str):
    made = Objects.of(
        boxes,
        GRID,
        labels=[label] * len(boxes),
        polygons=[[[x1, y1], [x2, y2]] for x1, y1, x2, y2 in boxes],
        attributes={"extent": np.full(len(boxes), attribute, np.float32)},
    )
    with tempfile.TemporaryDirectory() as folder:
        back = read_results(written(Path(folder), fmt, frame(made))).objects("a/b.mp4", 3, SIZE)
    assert back is not None
    corners = np.sort(made.boxes.reshape(-1, 2, 2), axis=1).reshape(-1, 4)
    np.testing.assert_allclose(back.boxes, corners, rtol=1e-6, atol=0.006)
    assert (back.labels or ("",) * len(boxes)) == (label,) * len(boxes)
    if np.isfinite(attribute):
        np.testing.assert_allclose(
            np.asarray(back.attributes["extent"]),
            np.asarray(made.attributes["extent"]),
            rtol=1e-6,
            atol=1e-37,  # below that a float32 has fewer digits
        )
    else:
        assert "extent" not in back.attributes
    if fmt == "jsonl":
        np.testing.assert_allclose(
            np.array(back.polygons), np.array(made.polygons), rtol=1e-6, atol=0.006
        )


def test_assembly_counts_what_it_wrote(tmp_path: Path):
    written(tmp_path, "jsonl", *(frame(objects(), index=i) for i in range(3)))
    parts = [tmp_path / f"{i}.part" for i in range(3)]
    counts = {"csv": 6, "jsonl": 3, "parquet": 6}
    assert {fmt: assemble(parts, fmt, tmp_path / fmt) for fmt in counts} == counts


def test_a_table_of_very_many_rows_is_not_in_memory(tmp_path: Path):
    part = Part(tmp_path / "p")
    many = Objects.of(np.tile([1.25, 2, 3, 4], (2000, 1)), GRID, labels=["person"] * 2000)
    for index in range(50):
        part.add(record(frame(many, index=index)))
    part.close()
    tracemalloc.start()
    columns, rows = table([part.path], "objects")
    used = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert used < 24e6  # as lists these are 60 MB
    assert len(rows) == 100_000
    last = list(rows)[-1]
    assert dict(zip(columns, last, strict=True))["index"] == 49


def test_what_a_damaged_input_lacks_is_a_line_and_no_row(tmp_path: Path):
    part = Part(tmp_path / "p")
    part.add(record(frame(objects())))
    part.add({"source": "a/b.mp4", "gap": {"after": 3, "from": 0.16, "to": None, "why": "cut"}})
    part.close()
    counts = {"csv": 2, "jsonl": 2, "parquet": 2}
    assert {fmt: assemble([part.path], fmt, tmp_path / fmt) for fmt in counts} == counts
    for fmt in counts:
        found = read_results(tmp_path / fmt).objects("a/b.mp4", 3, SIZE)
        assert found is not None
        assert len(found) == 2
