"""What a checkpoint holds is told without running it; only one of ultralytics goes further."""

from __future__ import annotations

import io
import os
import pickle
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cvkit.core.errors import CvkitError, MissingError, ParameterError
from cvkit.models import checkpoint, export
from cvkit.models.opening import Models
from cvkit.models.settings import Settings

WEIGHTS = ("collections OrderedDict", "torch._utils _rebuild_tensor_v2", "torch FloatStorage")
DETECTION = (*WEIGHTS, "ultralytics.nn.tasks DetectionModel", "ultralytics.nn.modules.head Detect")
TRUSTING = Settings("cpu", trust=True)


def pickled(*names: str) -> bytes:
    """A pickle that imports these (module and name), drops them and gives None."""
    imports = "".join(f"c{name.replace(' ', chr(10), 1)}\n0" for name in names)
    return b"\x80\x02" + imports.encode() + b"N."


def saved(path: Path, content: bytes) -> Path:
    """The content as PyTorch's zip."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{path.stem}/data.pkl", content)
        archive.writestr(f"{path.stem}/data/0", bytes(64))
    return path


class Hostile:
    """Loading it would make a folder."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (os.mkdir, (str(self.mark),))


REFUSED = {
    "SegmentationModel": (["ultralytics.nn.tasks SegmentationModel"], "for segmentation"),
    "PoseModel": (["ultralytics.nn.tasks PoseModel"], "for pose"),
    "ClassificationModel": (["ultralytics.nn.tasks ClassificationModel"], "for classification"),
    "OBBModel": (["ultralytics.nn.tasks OBBModel"], "for turned boxes"),
    "yolov5": (
        ["models.yolo Model", "models.common C3"],
        r"YOLOv5 repository.*export.py --weights m.pt --include onnx --dynamic.*m.onnx",
    ),
    "yolov7": (["models.yolo Model", "models.common SPPCSPC"], r"YOLOv7 repository.*--grid"),
    "yolov9": (["models.yolo DetectionModel", "models.common ADown"], "YOLOv9 repository"),
    "weights": ([], "weights only"),
    "layers": (["torch.nn.modules.container Sequential"], "PyTorch's own layers"),
    "torchvision": (
        ["torchvision.models.detection.ssd SSD", "torch.nn.modules.conv Conv2d"],
        r"torchvision \(SSD\).*torch.onnx.export",
    ),
    "foreign": (["my_lab.net.backbone Fancy"], "needs the code that made it, my_lab.net.backbone"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_no_detector_of_ultralytics_is_refused_though_trusted(kind: str, tmp_path: Path):
    names, said = REFUSED[kind]
    path = saved(tmp_path / "m.pt", pickled(*WEIGHTS, *names))
    with pytest.raises(ParameterError, match=f"(?s)m.pt cannot be used.*{said}"):
        Models(TRUSTING).open(str(path))


def test_a_pickle_that_nobody_trusts_is_not_loaded(tmp_path: Path):
    path = saved(tmp_path / "best.pt", pickled(*DETECTION))
    with pytest.raises(ParameterError, match=r"(?s)best.pt is not opened.*--trust"):
        Models(Settings("cpu")).open(str(path))


def test_a_missing_exporter_is_named_with_the_line_that_brings_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(export, "NEEDS", ("numpy", "ultralytics_of_nobody", "slim_of_nobody"))
    path = saved(tmp_path / "best.pt", pickled(*DETECTION))
    with pytest.raises(MissingError) as caught:
        Models(TRUSTING).open(str(path))
    text = str(caught.value)
    assert "ultralytics_of_nobody and slim_of_nobody are not installed" in text
    assert 'pip install "cvkit-cli[yolo]"' in text
    assert "AGPL-3.0" in text
    assert caught.value.exit_code == 4


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("zipped", [True, False])
def test_a_hostile_pickle_is_named_and_never_run(tmp_path: Path, protocol: int, zipped: bool):
    mark = tmp_path / "was run"
    content = pickle.dumps({"model": Hostile(mark)}, protocol=protocol)
    path = tmp_path / "m.pt"
    if zipped:
        saved(path, content)
    else:
        path.write_bytes(content)
    wrong = ParameterError if zipped or protocol > 1 else MissingError  # those are plain text
    for trust in (False, True):
        with pytest.raises(wrong) as caught:
            Models(Settings("cpu", trust=trust)).open(str(path))
        if wrong is ParameterError:
            assert "posix.mkdir" in str(caught.value)
    assert not mark.exists()


def test_a_program_beside_a_network_is_seen(tmp_path: Path):
    for call in ("builtins eval", "__builtin__ exec", "os system", "subprocess Popen"):
        path = saved(tmp_path / "m.pt", pickled(*DETECTION, call))
        with pytest.raises(ParameterError, match=call.replace(" ", ".")):
            Models(TRUSTING).open(str(path))


def test_names_that_come_from_the_memo_are_found(tmp_path: Path):
    """Protocol 4 names a module once and takes it from the memo from then on."""
    content = pickle.dumps([io.BytesIO, io.StringIO, io.BytesIO], protocol=4)
    held = checkpoint.look(saved(tmp_path / "m.pt", content))
    assert held.imports == {("_io", "BytesIO"), ("_io", "StringIO")}


def test_a_file_of_pytorch_before_1_6_is_read_to_what_was_saved(tmp_path: Path):
    magic = pickle.dumps(0x1950A86A20F9469CFC6C, protocol=2)
    parts = [magic, pickle.dumps(1001, protocol=2), pickle.dumps({"little": 1}, protocol=2)]
    path = tmp_path / "old.pt"
    path.write_bytes(b"".join(parts) + pickled("models.yolo Model") + pickled() + bytes(100))
    assert checkpoint.look(path).imports == {("models.yolo", "Model")}
    with pytest.raises(ParameterError, match="YOLOv5 repository"):
        Models(TRUSTING).open(str(path))


def _zip_of_arrays() -> bytes:
    stream = io.BytesIO()
    np.savez(stream, a=np.zeros(9))
    return stream.getvalue()


HEADER = b'{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'
DAMAGED = {
    "empty": (b"", "empty"),
    "text": (b"weights of my network\n" * 40, "text file"),
    "page": (b"<!DOCTYPE html><html><body>not found</body></html>", "no file of PyTorch|text"),
    "pointer": (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "Git LFS"),
    "safetensors": (struct.pack("<Q", len(HEADER)) + HEADER + bytes(4), "safetensors"),
    "arrays": (_zip_of_arrays(), "a zip of something else"),
    "picture": (b"\xff\xd8\xff\xe0" + bytes(99), "no file of PyTorch"),
    "pickle cut": (pickled(*DETECTION)[:-9], "cut or damaged"),
}


@pytest.mark.parametrize("kind", DAMAGED)
def test_what_is_no_checkpoint_is_said_to_be_damaged(kind: str, tmp_path: Path):
    content, said = DAMAGED[kind]
    path = tmp_path / "m.pt"
    path.write_bytes(content)
    with pytest.raises(MissingError, match=f"m.pt cannot be loaded.*({said})"):
        Models(TRUSTING).open(str(path))


def test_a_cut_zip_is_damaged(tmp_path: Path):
    whole = saved(tmp_path / "whole.pt", pickled(*DETECTION)).read_bytes()
    path = tmp_path / "m.pt"
    for share in (0.3, 0.7, 0.99):
        path.write_bytes(whole[: int(len(whole) * share)])
        with pytest.raises(MissingError, match="cut or damaged"):
            Models(TRUSTING).open(str(path))


@given(st.data())
def test_any_bytes_give_an_answer_or_one_of_cvkits_errors(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
):
    whole = bytearray(pickle.dumps({"model": [io.BytesIO, 1.5, "text", b"bytes"]}, protocol=4))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "fuzzed.pt"
    if data.draw(st.booleans()):
        saved(path, bytes(whole))
    else:
        path.write_bytes(bytes(whole))
    try:
        assert checkpoint.look(path).path == path
    except CvkitError as error:
        assert "fuzzed.pt cannot be loaded" in str(error)  # noqa: PT017 - either is right
