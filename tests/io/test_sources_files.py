"""Which files an input means: patterns, lists, sequences and pictures without a file."""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from cvkit.core.errors import DamagedError, InputError, UsageError
from cvkit.core.values import Image
from cvkit.io.codecs.asked import Asked
from cvkit.io.sources import sequence
from cvkit.io.sources.files import files_of, find, kind_of, name_of
from cvkit.io.sources.generated import PATTERNS, Generated
from cvkit.io.sources.opening import open_moving, open_still
from tests.io.making import png


@pytest.fixture(autouse=True)
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def pictures(*names: str, size: tuple[int, int] = (16, 12)) -> None:
    """Files of one grey level each: the last number of their name."""
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        level = int("".join(c for c in Path(name).stem if c.isdigit()) or 0)
        Path(name).write_bytes(png(np.full((size[1], size[0]), level % 256, np.uint8)))


def paths(*inputs: str) -> list[str]:
    return [file.path for file in find(inputs).files]


def drawn(text: str, **asked) -> Image:
    return open_still(text, text).read(Asked(**asked))


def levels(text: str, **asked) -> list[int]:
    with open_moving(text, Asked(**asked)) as moving:
        return [int(image.gray[0, 0]) for _, image in moving]


def test_patterns_reach_below_with_two_stars():
    pictures("in/a1.png", "in/sub/b2.png", "in/sub/deep/c3.png")
    assert paths("in/*.png") == ["in/a1.png"]
    assert paths("in/**/*.png") == ["in/a1.png", "in/sub/b2.png", "in/sub/deep/c3.png"]
    with pytest.raises(UsageError, match="matches no file"):
        find(("in/*.jpg",))


def test_a_list_names_inputs_one_a_line():
    pictures("shots/one 1.png", "shots/b2.png", "here3.png", "shots/more/c4.png")
    Path("shots/list.txt").write_bytes(
        b"\xef\xbb\xbf# what to do today\r\none 1.png\r\n\r\n  b2.png\r\nhere3.png\n"
        b"canvas:4x4:red\nmore\n*.png\n"
    )
    assert paths("@shots/list.txt") == [
        *("shots/one 1.png", "shots/b2.png", "here3.png", "canvas:4x4:red"),
        *("shots/more/c4.png", "shots/b2.png", "shots/one 1.png"),
    ]
    walk = find(("@shots/list.txt",))
    assert walk.named[4] == "shots/more"


def test_a_list_prefers_what_lies_beside_it():
    pictures("a1.png", "shots/a1.png")
    Path("shots/list.txt").write_text("a1.png\n")
    assert paths("@shots/list.txt") == ["shots/a1.png"]
    Path("list.txt").write_text(f"{os.path.abspath('a1.png')}\nseq:shots\n")
    assert paths("@list.txt") == [os.path.abspath("a1.png"), "seq:shots"]


def test_lists_that_are_wrong_say_where():
    pictures("a1.png")
    with pytest.raises(InputError, match=r"@none.txt cannot be read"):
        find(("@none.txt",))
    for text, said in {
        "a1.png\nnope.png\n": "line 2: nope.png does not exist",
        "@list.txt\n": "line 1: @list.txt is no file",
        "# nothing\n-\n": "line 2: - is no file",
        "# nothing\n": "names no file",
        "\0\n": "line 1",
    }.items():
        Path("list.txt").write_text(text)
        with pytest.raises(InputError, match=said):
            find(("@list.txt",))


def test_a_file_whose_name_begins_like_a_list_is_still_a_file():
    pictures("@2.png")
    assert paths("@2.png") == ["@2.png"]
    assert paths("./@2.png") == ["./@2.png"]


@pytest.mark.parametrize("text", ["seq:f", "seq:f/", "seq:f/f_%d.png", "seq:f/f_*.png"])
def test_numbered_pictures_come_in_the_order_of_their_numbers(text: str):
    pictures(*(f"f/f_{i}.png" for i in (1, 2, 3, 10, 20, 100)))
    Path("f/notes.txt").write_text("no picture")
    pictures("f/.hidden9.png")
    assert levels(text) == [1, 2, 3, 10, 20, 100]
    assert kind_of(text) == "video"
    assert files_of(text)[3] == "f/f_10.png"


def test_a_width_asks_for_as_many_digits():
    pictures("f/f_00001.png", "f/f_2.png", "f/f_00003.png", "f/f_123456.png")
    assert [Path(f).name for f in files_of("seq:f/f_%05d.png")] == [
        *("f_00001.png", "f_00003.png", "f_123456.png"),
    ]


def test_times_are_those_of_the_rate():
    pictures("f/1.png", "f/2.png", "f/4.png")
    with open_moving("seq:f", Asked()) as moving:
        assert (moving.frames_declared, moving.size) == (3, (16, 12))
        assert moving.rate == 25
        assert [t.pts * t.base for t, _ in moving] == [0, Fraction(1, 25), Fraction(2, 25)]
    with open_moving("seq:f", Asked(fps=Fraction(30000, 1001))) as moving:
        assert moving.duration == pytest.approx(3 * 1.001 / 30)


def test_missing_numbers_are_said():
    pictures(*(f"f/f_{i:03d}.png" for i in (1, 2, 4, 5, 9, 12)))
    with open_moving("seq:f", Asked()) as moving:
        assert moving.notes == ["numbers are missing: 3, 6–8, 10–11"]
    pictures("f/other.png")
    with open_moving("seq:f/f_*.png", Asked()) as moving:
        assert len(moving.notes) == 1
    with open_moving("seq:f", Asked()) as moving:  # these are not numbered alike
        assert moving.notes == []


def test_sequences_that_are_none():
    pictures("f/1.png", "f/2.png", "g1.png")
    pictures("f/3.png", size=(20, 12))
    with pytest.raises(InputError, match=r"3.png is 20×12, and the sequence began as 16×12"):
        levels("seq:f")
    for text, said in {
        "seq:none": "there is no none",
        "seq:f/x_%d.png": "holds no picture",
        "seq:none/x_%d.png": "holds no picture",
        "seq:g1.png": "names no sequence",
    }.items():
        with pytest.raises(InputError, match=said):
            find((text,))
    Path("f/2.png").write_bytes(Path("f/2.png").read_bytes()[:40])
    with pytest.raises(DamagedError, match=r"2.png is damaged"):
        levels("seq:f")


def test_what_results_are_called():
    pictures("shots/f_1.png", "1.png", "shots/2.png")
    names = {
        "seq:shots": "shots",
        "seq:shots/": "shots",
        "seq:shots/f_%05d.png": "f",
        "seq:shots/*.png": "shots",
        "canvas:4x4": "canvas",
        "pattern:bars:32x32": "bars",
        "shots/2.png": "2.png",
    }
    assert {text: name_of(text) for text in names} == names


def test_natural_order():
    names = ["b1", "a10", "a2", "a", "a02b", "10", "9"]
    assert sorted(names, key=sequence.by_number) == ["9", "10", "a", "a2", "a02b", "a10", "b1"]


def test_canvases():
    assert np.array_equal(drawn("canvas:3x2:#102030").bgr, np.full((2, 3, 3), (48, 32, 16)))
    white = drawn("canvas:3x2")
    assert (white.space, white.size, int(white.gray.min())) == ("gray", (3, 2), 255)
    clear = drawn("canvas:3x2:transparent")
    assert clear.alpha is not None
    assert not clear.alpha.any()
    with pytest.raises(InputError, match=r"too big.*--max-pixels 6"):
        drawn("canvas:3x2", max_pixels=5)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("canvas:white", "expected a size like 640x480"),
        ("canvas:640x:red", "expected a size like 640x480"),
        ("canvas:0x4", "expected a size"),
        ("canvas:4x4:whit", "did you mean white"),
        ("pattern:cheker", "did you mean pattern:checker"),
        ("pattern:zebra", "there is checker, bars, gradient, noise"),
        ("pattern:bars:big", "expected a size"),
    ],
)
def test_words_that_name_no_picture(text: str, said: str):
    with pytest.raises(UsageError, match=said):
        find((text,))


@pytest.mark.parametrize("name", PATTERNS)
@pytest.mark.parametrize("size", [(640, 480), (1, 1), (7, 300)])
def test_patterns_have_the_asked_size(name: str, size: tuple[int, int]):
    text = f"pattern:{name}" + (f":{size[0]}x{size[1]}" if size != (640, 480) else "")
    assert Generated(text).read(Asked()).size == size
    assert kind_of(text) == "picture"


def test_patterns_are_what_they_say():
    checker = drawn("pattern:checker:80x80").gray
    assert (checker[0, 0], checker[0, 10], checker[10, 10], checker[79, 79]) == (255, 0, 255, 255)
    gradient = drawn("pattern:gradient:256x3").gray
    assert np.array_equal(gradient[1], np.arange(256))
    noise = drawn("pattern:noise")
    assert np.array_equal(noise.bgr, drawn("pattern:noise").bgr)
    assert not np.array_equal(noise.bgr, drawn("pattern:noise", seed=1).bgr)
    assert abs(noise.bgr.mean() - 127.5) < 0.5
    assert abs(noise.bgr.std() - 73.9) < 0.5


def test_bars_are_those_of_ffmpeg():
    """But for black, which FFmpeg draws without the setup of 7.5 IRE."""
    graph = av.filter.Graph()
    source, sink = graph.add("smptebars", "size=640x480"), graph.add("buffersink")
    source.link_to(sink)
    graph.configure()
    frame = sink.pull()
    assert isinstance(frame, av.VideoFrame)
    reference = frame.reformat(format="bgr24").to_ndarray()
    bars = drawn("pattern:bars").bgr.astype(int)
    for y in (100, 300):
        for bar in range(7):
            x = bar * 640 // 7 + 45
            assert np.abs(bars[y, x] - reference[y, x]).max() <= 4
    for x, near in ((50, 30), (170, 0), (280, 30)):  # -I, white, +Q, whose tables differ a little
        assert np.abs(bars[460, x] - reference[460, x]).max() <= near
    darker, black, lighter = (bars[470, x] for x in (470, 500, 530))
    assert list(darker) < list(black) < list(lighter)
