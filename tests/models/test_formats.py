"""What a path is, which files belong to it, and the one clear line for what is no network."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile

import pytest
from onnx import TensorProto

from cvkit.core.errors import MissingError, ParameterError
from cvkit.models.backends import formats, onnx_file, wire
from cvkit.models.backends.formats import SUFFIXES, look
from tests.models import files
from tests.models.conftest import Make

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 12\n"


def test_an_onnx_file_is_described_without_a_runtime(make: Make) -> None:
    path = make("n", (64, "width"), dtype=TensorProto.FLOAT16)
    facts = onnx_file.read(path).facts
    assert facts.ports() == ("input images [?×3×64×?] float16; output output0 [?×?×?] float32")
    assert (facts.names, facts.task, facts.stride) == (("red", "green", "blue"), "detect", 32)


@pytest.mark.parametrize("file", ["detect/yolov8n_640_uint8.onnx", "face/yunet_n_640_640.onnx"])
def test_a_description_is_that_of_onnx_runtime(models: Path, file: str) -> None:
    import onnxruntime

    session = onnxruntime.InferenceSession(str(models / file), providers=["CPUExecutionProvider"])
    told = onnx_file.read(models / file)
    assert [p.name for p in told.facts.outputs] == [o.name for o in session.get_outputs()]
    assert [list(p.shape) for p in told.facts.outputs] == [o.shape for o in session.get_outputs()]
    assert dict(told.facts.metadata) == session.get_modelmeta().custom_metadata_map
    assert ("ConvInteger" in told.integer) == ("uint8" in file)


def test_what_a_file_is_its_content_says_before_its_suffix(make: Make, tmp_path: Path) -> None:
    unnamed = tmp_path / "network.dat"
    unnamed.write_bytes(make(1).read_bytes())
    assert look(unnamed).kind == "onnx"
    lite = tmp_path / "lite.bin"
    lite.write_bytes(b"\x1c\0\0\0TFL3" + bytes(64))
    assert look(lite).kind == "tflite"
    script = tmp_path / "script.pt"
    with ZipFile(script, "w") as archive:
        archive.writestr("script/code/__torch__.py", "")
    assert look(script).kind == "torchscript"
    with ZipFile(tmp_path / "plain.pt", "w") as archive:
        archive.writestr("plain/data.pkl", "")
    assert look(tmp_path / "plain.pt").kind == "checkpoint"


@pytest.mark.parametrize(
    ("write", "names"),
    [
        (files.darknet, ("tiny.cfg", "tiny.weights")),
        (files.caffe, ("times.prototxt", "times.caffemodel")),
    ],
)
def test_of_two_files_either_is_given(
    tmp_path: Path, write: Callable[[Path], Path], names: tuple[str, str]
) -> None:
    write(tmp_path)
    for name in names:
        model = look(tmp_path / name)
        assert tuple(file.name for file in model.files) == names
    (tmp_path / names[1]).rename(tmp_path / f"other{Path(names[1]).suffix}")
    assert look(tmp_path / names[0]).files[1].stem == "other"  # the only one there
    (tmp_path / f"other{Path(names[1]).suffix}").rename(tmp_path / "elsewhere")
    with pytest.raises(MissingError, match=f"{names[0]} needs the file {names[1]} beside it"):
        look(tmp_path / names[0])


def test_labels_lie_beside_a_network(tmp_path: Path) -> None:
    cfg = files.darknet(tmp_path)
    (tmp_path / "coco.names").write_text("a\nb\nc\n\n")
    assert look(cfg).metadata == {"names": "['a', 'b', 'c']"}
    (tmp_path / "tiny.names").write_text("x\ny\nz\n")
    assert look(cfg).metadata == {"names": "['x', 'y', 'z']"}


def test_a_folder_is_the_network_in_it(tmp_path: Path) -> None:
    folder = tmp_path / "n_openvino_model"
    folder.mkdir()
    with pytest.raises(MissingError, match="it holds no OpenVINO network"):
        look(folder)
    (folder / "n.xml").write_text('<?xml version="1.0"?>\n<net name="n" version="11">')
    with pytest.raises(MissingError, match=r"n\.xml needs the file n\.bin beside it"):
        look(folder)
    (folder / "n.bin").write_bytes(b"\0")
    (folder / "metadata.yaml").write_text(
        "task: detect\nnames:\n  0: cat\n  1: dog\nimgsz: [64, 96]\n"
    )
    model = look(folder)
    assert (model.kind, model.name) == ("openvino", "n_openvino_model")
    assert model.metadata["names"] == "{0: 'cat', 1: 'dog'}"
    assert look(folder / "n.bin").graph == folder / "n.xml"


@pytest.mark.parametrize("suffix", sorted(SUFFIXES))
@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "the file is empty"), (POINTER, "Git LFS pointer"), (b"some notes\n" * 9, "text file")],
)
def test_what_is_no_network_is_refused_with_the_reason(
    tmp_path: Path, suffix: str, content: bytes, said: str
) -> None:
    if said == "text file" and suffix in (".cfg", ".prototxt", ".pbtxt", ".xml"):
        pytest.skip("may be text; what loads it refuses this one")
    for other in SUFFIXES:
        (tmp_path / f"m{other}").write_bytes(b"\x08\x01\0\0")
    path = tmp_path / f"m{suffix}"
    path.write_bytes(content)
    with pytest.raises(MissingError, match=said) as told:
        look(path)
    assert "\n" not in str(told.value)


def test_what_nobody_knows_is_answered_with_what_is_known(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8\xff\xe0" + bytes(99))
    with pytest.raises(ParameterError, match=r"Darknet network \(\.cfg with \.weights\)"):
        look(tmp_path / "photo.jpg")
    with pytest.raises(MissingError, match="there is no model file"):
        look(tmp_path / "none.onnx")
    assert [formats.named(text) for text in ("a/b", "x.PT", "yolov8n")] == [True, True, False]


@pytest.mark.parametrize(
    "message", [b"\x08", b"\x0a\x05ab", b"\x00\x01", b"\x0b\x01", b"\xff" * 12]
)
def test_a_message_that_is_cut_is_malformed(message: bytes) -> None:
    with pytest.raises(wire.Malformed):
        list(wire.fields(memoryview(message)))
