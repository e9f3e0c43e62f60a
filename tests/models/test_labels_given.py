"""Labels as people have them: files of every kind, lists by name, plain words."""

from __future__ import annotations

from pathlib import Path

import pytest

from cvkit.core.errors import MissingError, ParameterError
from cvkit.models.labels import labels
from cvkit.models.labels.given import beside, given

MAP = """item {
  name: '/m/01g317'
  id: 1
  display_name: 'person'
}
item {
  id: 3
  name: "car"
}
"""


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("a.txt", "cat\ndog\n", ("cat", "dog")),
        ("a.names", "\ufeffcat\r\ndog\r\n\r\n", ("cat", "dog")),
        ("a.txt", "cat\n\ndog\n", ("cat", "-", "dog")),
        ("a.txt", "traffic light\nhot dog\n", ("traffic light", "hot dog")),
        ("coral.txt", "0  person\n1  car\n3  cat\n", ("person", "car", "-", "cat")),
        ("n.txt", "0: cat\n1: dog\n", ("cat", "dog")),
        ("data.yaml", "nc: 2\nnames: [cat, dog]\n", ("cat", "dog")),
        ("data.yml", "names:\n  0: cat\n  1: dog\n", ("cat", "dog")),
        ("a.json", '["cat", "dog"]', ("cat", "dog")),
        ("a.json", '{"1": "dog", "0": "cat"}', ("cat", "dog")),
        (
            "map.pbtxt",
            MAP,
            ("person", "-", "car"),
        ),
    ],
)  # fmt: skip
def test_a_file_of_labels_is_read(
    tmp_path: Path, name: str, text: str, expected: tuple[str, ...]
) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    assert given([str(path)]) == expected


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.txt", b""),
        ("a.txt", b"\n\n"),
        ("a.txt", b"a\0b\n"),
        ("a.json", b"{"),
        ("a.json", b'{"a": 1}'),
        ("a.yaml", b"names: 3\n"),
        ("a.yaml", b"{[\n"),
        ("a.pbtxt", b"item { id: -1 }"),
        ("a.json", b'{"999999999": "a"}'),
    ],
)
def test_a_file_without_labels_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ParameterError, match="holds no labels"):
        given([str(path)])


def test_lists_have_names_and_words_are_words() -> None:
    assert given(["coco80"]) == labels("coco80")
    assert given(["coco91"])[18] == "dog"
    assert given(["face"]) == ("face",)
    assert given(["cat", "dog"]) == ("cat", "dog")
    assert given([]) == ()


@pytest.mark.parametrize("word", ["nowhere/labels", "none.txt", "none.names", "data.yaml"])
def test_a_file_that_is_not_there_is_no_label(word: str) -> None:
    with pytest.raises(MissingError, match="there is no file of labels"):
        given([word])


def test_labels_beside_a_network_are_found(tmp_path: Path) -> None:
    model, suffixes = tmp_path / "m.onnx", [".onnx", ".tflite"]
    model.write_bytes(b"")
    assert beside(model, suffixes) is None
    usual = tmp_path / "labels.txt"
    usual.write_text("cat\n")
    assert beside(model, suffixes) == usual
    (tmp_path / "other.tflite").write_bytes(b"")
    assert beside(model, suffixes) is None  # whose labels they are is not known
    names = tmp_path / "coco.names"
    names.write_text("cat\n")
    assert beside(model, suffixes) == names
    own = tmp_path / "m.txt"
    own.write_text("dog\n")
    assert beside(model, suffixes) == own
