"""Which model a name means, and the one clear line for each that cannot be had."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from cvkit.core.errors import MissingError, ParameterError
from cvkit.models.device import Device
from cvkit.models.opening import Models
from cvkit.models.recipe import Recipe
from cvkit.models.settings import Settings
from tests.models.conftest import Make


def test_a_network_is_opened_once_however_many_threads_ask(make: Make) -> None:
    path = str(make(1))
    models = Models(Settings("cpu"))
    with ThreadPoolExecutor(8) as pool:
        opened = list(pool.map(lambda _: models.open(path), range(32)))
    assert len({id(detector) for detector in opened}) == 1
    assert opened[0].sharing == "shared"


def test_a_network_that_was_written_anew_is_read_anew(make: Make) -> None:
    models = Models(Settings("cpu"))
    first = models.open(str(make(1)))
    second = models.open(str(make(2, names="['a', 'b', 'c']")))
    assert second is not first
    assert (second.batch, second.labels) == (2, ("a", "b", "c"))


def test_cascades_are_made_for_each_thread() -> None:
    models = Models(Settings("cpu"))
    assert models.open("haar-face") is not models.open("haar-face")
    assert models.open("haar-face").sharing == "per_thread"
    assert models.open("hog").sharing == "per_thread"


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("haar-fce", "did you mean haar-face"),
        ("haar-car", "no OpenCV package carries a cascade for cars"),
        ("n" * 300 + ".onnx", "there is no model file"),
        ("nowhere/none.onnx", "there is no model file nowhere/none.onnx"),
        ("https://x.org/a.onnx", "https://x.org/a.onnx is an address: .*fetch it"),
    ],
)
def test_a_model_that_is_not_there_is_named_with_the_way_out(model: str, said: str) -> None:
    with pytest.raises(MissingError, match=said):
        Models().open(model)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the file is empty"),
        (b"just some notes\n", "it is a text file"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n", "Git LFS pointer"),
        (bytes(range(256)) * 40, "cut, damaged or no ONNX network"),
    ],
)
def test_what_is_no_network_is_refused_with_the_reason(
    tmp_path: Path, content: bytes, said: str
) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(content)
    with pytest.raises(MissingError, match=said):
        Models(Settings("cpu")).open(str(path))


def test_a_cut_network_is_refused(make: Make, tmp_path: Path) -> None:
    cut = tmp_path / "cut.onnx"
    cut.write_bytes(make(1).read_bytes()[:-900])
    with pytest.raises(MissingError, match=r"cut\.onnx cannot be loaded"):
        Models(Settings("cpu")).open(str(cut))


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(MissingError, match="it is not a file"):
        Models(Settings("cpu")).open(str(tmp_path / "pipe"))


def test_what_a_detector_of_ours_finds_has_its_name_already() -> None:
    with pytest.raises(ParameterError, match="hog has no --labels: what it finds is called person"):
        Models().open("hog", recipe=Recipe(labels=("walker",)))


def test_a_folder_named_onnx_is_refused(tmp_path: Path) -> None:
    (tmp_path / "m.onnx").mkdir()
    with pytest.raises(MissingError, match="it holds no OpenVINO network"):
        Models(Settings("cpu")).open(str(tmp_path / "m.onnx"))


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    (tmp_path / "m.doc").write_bytes(bytes(range(256)))
    with pytest.raises(ParameterError, match=r"no network that cvkit knows.*\.onnx"):
        Models().open(str(tmp_path / "m.doc"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"task": "pose"}, "its metadata says task pose"),
        (
            {"names": None},
            r"input images \[1×3×64×64\] float32; output output0 \[1×7×64\].*no names",
        ),
        ({"names": "__import__('os').system('true')"}, "no names"),
        ({"names": "{0: 'a', 5: 'b'}"}, "no names"),
        ({"names": "['a', 'b']"}, r"\[1×7×64\] float32, 2 names; .*--decoder yolov8"),
    ],
)
def test_a_network_that_cannot_be_decoded_says_what_was_seen(
    make: Make, arguments: dict[str, object], said: str
) -> None:
    with pytest.raises(ParameterError, match=said):
        Models(Settings("cpu")).open(str(make(1, **arguments)))


def test_a_layout_that_only_a_run_shows_is_found_by_one(make: Make) -> None:
    path = str(make("n", ("h", "w"), columns_first=True))
    with pytest.raises(ParameterError, match="output0 \\[1×6400×7\\]"):
        Models(Settings("cpu")).open(path)
    detector = Models(Settings("cpu")).open(path, recipe=Recipe("yolov8", size=(64, 64)))
    image = np.zeros((64, 64, 3), np.uint8)
    image[8:16, 24:32] = (0, 255, 0)
    (found,) = detector.detect([image])
    assert found.labels == ("green",)


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("segment/yolov8n-seg_640.onnx", "task segment"),
        ("pose/yolov8n-pose_640.onnx", "task pose"),
        ("classify/squeezenet_224.onnx", r"prob \[1×1000\].*--decoder yolov8"),
        ("reid/osnet_x0_25_msmt17.onnx", r"output \[1×512\]"),
        ("segment/deeplabv3_mnv2_dm05_voc_513.onnx", r"ArgMax \[1×513×513\]"),
        ("superres/espcn_x2_nhwc.onnx", "not three channels"),
        ("face/yunet_n_640_640.onnx", "none of those that it knows fits"),
    ],
)
def test_real_networks_that_do_not_detect_are_refused(models: Path, file: str, said: str) -> None:
    with pytest.raises(ParameterError, match=said):
        Models(Settings("cpu")).open(str(models / file))


def test_a_device_that_cannot_be_had_is_an_error(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cvkit.models.backends.onnx.has_cuda", lambda: False)
    path = str(make(1))
    with pytest.raises(MissingError, match="there is no cuda:1"):
        Models(Settings("cuda:1")).open(path)
    with pytest.raises(MissingError, match="haar-face runs on the processor only"):
        Models(Settings("cuda")).open("haar-face")
    assert "CPU" in Models(Settings("auto")).open(path).ran_on


@pytest.mark.parametrize("text", ["gpu", "cuda:", "cuda:x", "cuda:-1", "CPU", ""])
def test_a_device_is_one_of_four_spellings(text: str) -> None:
    with pytest.raises(ParameterError, match="auto, cpu, cuda or cuda:N"):
        Device.of(text)
    assert str(Device.of("cuda")) == "cuda:0"
