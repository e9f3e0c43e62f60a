"""MOT Challenge's text: ground truth, results, and where a sequence's name and size come from."""

from __future__ import annotations

import numpy as np
import pytest

from cvkit.core.errors import InputError, OutputError
from cvkit.results.frames import frames
from cvkit.results.reading import read_results
from tests.results.test_datasets import picture, wrote


def test_frames_and_pixels_count_from_1(tmp_path):
    (tmp_path / "t.txt").write_text("2,7,11,21,30,40,0.75,-1,-1,-1\n1,-1,1,1,5,6,0.5,-1,-1,-1\n")
    told = {f.index: f.objects for f in frames(f"mot:{tmp_path / 't.txt'}")}
    assert told[1].boxes.tolist() == [[10, 20, 40, 60]]
    assert (told[1].ids.tolist(), told[1].scores.tolist()) == ([7], [0.75])
    assert told[0].ids is None


def test_a_file_with_boxes_at_0_counts_from_0_and_says_so(tmp_path):
    path = tmp_path / "t.txt"
    path.write_text("1,1,0,41,22,62,1,1,1\n")
    saved = read_results(path)
    assert saved.objects("v.mp4", 0, (480, 270)).boxes.tolist() == [[0, 41, 22, 103]]
    assert saved.notes == [f"{path}: boxes begin at 0, so pixels are counted from 0 there, not 1"]


def test_ground_truth_says_what_to_ignore(tmp_path):
    (tmp_path / "gt.txt").write_text("1,1,5,5,9,9,1,1,0.5\n1,2,5,5,9,9,0,8,1\n")
    (told,) = frames(tmp_path / "gt.txt")
    assert told.objects.scores is None
    assert told.objects.classes.tolist() == [1, 8]
    assert np.nan_to_num(told.objects.attributes["ignore"]).tolist() == [0, 1]
    assert told.objects.attributes["visibility"].tolist() == [0.5, 1]


def test_a_sequence_s_folder_says_name_size_and_times(tmp_path):
    (tmp_path / "gt").mkdir()
    (tmp_path / "gt/gt.txt").write_text("3,1,5,5,9,9,1,1,1\n")
    (tmp_path / "seqinfo.ini").write_text(
        "[Sequence]\nname=MOT17-02\nframeRate=30\nimWidth=1920\nimHeight=1080\n"
    )
    for where in (tmp_path, f"mot:{tmp_path}", f"mot:{tmp_path}/gt/gt.txt"):
        (told,) = frames(where)
        assert (told.source, told.index, told.sized) == ("MOT17-02", 2, True)
        assert told.objects.grid.size == (1920, 1080)
        assert told.time == pytest.approx(2 / 30)


def test_real_ground_truth_is_read(shared):
    told = list(frames(f"mot:{shared / 'tracking/TUD-Stadtmitte/gt.txt'}"))
    assert len(told) == 179
    assert sum(len(f.objects) for f in told) == 1156
    assert told[0].objects.boxes[0].tolist() == pytest.approx([87, 98, 148.08, 316.56])


def test_a_file_of_one_video_is_not_two_inputs(tmp_path):
    (tmp_path / "t.txt").write_text("1,1,5,5,9,9,1,1,1\n")
    saved = read_results(tmp_path / "t.txt")
    assert saved.objects("a.mp4", 0, (64, 48)).boxes.shape == (1, 4)
    assert saved.objects("a.mp4", 1, (64, 48)) is None
    with pytest.raises(InputError, match=r"of one video.*a\.mp4 or b\.mp4"):
        saved.objects("b.mp4", 0, (64, 48))


def test_pictures_are_the_frames_of_one_and_several_videos_need_a_folder(tmp_path):
    box = {"box": [1.0, 2.0, 3.0, 4.0]}
    where, notes = wrote("mot", [picture([box], f"{n}.jpg") for n in "ab"], tmp_path)
    assert where.read_text() == "1,-1,2,3,2,2,1,-1,-1\n2,-1,2,3,2,2,1,-1,-1\n"
    assert notes == ["mot: each picture is a frame, in their order"]
    where.unlink()
    with pytest.raises(OutputError, match="-o mot:tracks/"):
        wrote("mot", [picture([box], f"{n}.mp4", i) for n in "ab" for i in (0, 1)], tmp_path)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("1,1,5,5,9", "a box needs 6"),
        ("0,1,5,5,9,9", "0 is no frame: they count from 1"),
        ("1.5,1,5,5,9,9", "is no frame"),
        ("1,x,5,5,9,9", "could not convert"),
        ("1,1,nan,5,9,9", "nan is no number"),
        ("1,1,1e300,5,9,9", "is no number"),
        ("1,1,5,5,-9,9", "below 0"),
        ("9999999999,1,5,5,9,9", "is no frame"),
        ("1,1.5,5,5,9,9", "is no id"),
        ("1,1e30,5,5,9,9", "id"),
        ("1,1,5,5,9,9,1,1e12,1", "class"),
    ],
)
def test_a_bad_line_is_named(tmp_path, line, why):
    (tmp_path / "t.txt").write_text(f"1,1,5,5,9,9\n{line}\n")
    with pytest.raises(InputError, match=why) as error:
        read_results(f"mot:{tmp_path / 't.txt'}")
    assert "t.txt, line 2 holds no box" in str(error.value)
