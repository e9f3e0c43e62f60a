"""Which size a network is fed in, and what is no picture's input."""

from __future__ import annotations

import pytest

from cvkit.core.errors import ParameterError
from cvkit.models.entry import Entry
from cvkit.models.network import Facts, Port
from cvkit.models.recipe import InputSize

Sides = tuple[int | None, ...]


def facts(shape: Sides, imgsz: tuple[int, int] | None = None, dtype: str = "float32") -> Facts:
    return Facts("m.onnx", (Port("x", dtype, shape),), (), imgsz=imgsz)


@pytest.mark.parametrize(
    ("shape", "imgsz", "asked", "size", "said"),
    [
        ((1, 3, 320, 416), None, None, (416, 320), ""),
        ((1, 320, 416, 3), None, None, (416, 320), ""),
        ((1, 3, 320, 416), (640, 640), (416, 320), (416, 320), ""),
        ((None, 3, None, None), None, None, (640, 640), ""),
        ((None, 3, None, None), (320, 256), None, (320, 256), ""),
        ((None, 3, None, None), (320, 256), (512, 384), (512, 384), ""),
        ((None, 3, None, None), None, (500, 300), (512, 320), "500x300 is rounded up to 512x320"),
        ((None, None, None, 3), None, (33, 1), (64, 32), "33x1 is rounded up to 64x32"),
        ((1, 3, None, 320), None, (320, 200), (320, 224), "rounded up to 320x224"),
    ],
)
def test_the_size_is_what_is_asked_for_where_it_is_free(
    shape: Sides,
    imgsz: tuple[int, int] | None,
    asked: tuple[int, int] | None,
    size: tuple[int, int],
    said: str,
) -> None:
    told = facts(shape, imgsz)
    notes: list[str] = []
    assert Entry.of(told).size(told, asked, notes.append) == size
    assert len(notes) == bool(said)
    assert said in "".join(notes)


@pytest.mark.parametrize("asked", [(416, 416), (320, 416), (400, 320)])
def test_another_size_than_a_network_has_is_refused(asked: tuple[int, int]) -> None:
    told = facts((1, 3, 320, 416))
    with pytest.raises(ParameterError, match=r"imgsz must be 416x320 for m\.onnx, got"):
        Entry.of(told).size(told, asked, lambda text: None)


@pytest.mark.parametrize(
    ("shape", "dtype"),
    [
        ((1, 1, 28, 28), "float32"),
        ((1, None, None, 1), "float32"),
        ((1, 3, 224), "float32"),
        ((1, 128), "int64"),
        ((1, 3, 8, 8), "int64"),
        ((1, 4, 64, 64), "float32"),
    ],
)
def test_what_is_no_colour_picture_is_refused(shape: Sides, dtype: str) -> None:
    with pytest.raises(ParameterError, match=r"can feed: .*seen: input x"):
        Entry.of(facts(shape, dtype=dtype))


def test_a_size_is_typed_as_a_side_or_as_two() -> None:
    assert InputSize.parse("640").size == (640, 640)
    assert InputSize.parse("640x384").size == (640, 384)
    assert (str(InputSize(640, 640)), str(InputSize(640, 384))) == ("640", "640x384")
    for text in ("0", "0x10", "x640", "640x", "-1", "20000", "6.5", "50%"):
        with pytest.raises(ValueError, match="a side"):
            InputSize.parse(text)
