"""Every backend runs a network alike; what it cannot do is an error that says why."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import pytest

from cvkit.core.errors import CvkitError, InputError, MissingError, ParameterError
from cvkit.models.backends import base, choice
from cvkit.models.backends.base import Backend, How
from cvkit.models.backends.formats import look
from cvkit.models.device import Device
from cvkit.models.network import Facts, Port
from cvkit.models.opening import Models
from cvkit.models.settings import Settings
from tests.models import files
from tests.models.conftest import Make

CPU = How(Device("cpu"))
MODULES = {"onnx": "onnxruntime", "openvino": "openvino", "opencv": "cv2"}
BACKENDS = pytest.mark.parametrize("backend", MODULES)


def loaded(path: Path, backend: str = "auto", how: How = CPU) -> Backend:
    if backend in MODULES:
        pytest.importorskip(MODULES[backend], reason=f"the extra {backend} is not installed")
    return choice.load(look(path), how, backend)


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).random(shape, np.float32)


@BACKENDS
@pytest.mark.parametrize(("batch", "given"), [(1, 5), (3, 4), ("n", 5), ("n", 1)])
def test_any_number_of_pictures_gives_what_one_gives(
    make: Make, backend: str, batch: int | str, given: int
) -> None:
    if backend == "opencv" and batch == 3:
        pytest.skip("it takes one picture at a time")
    network = loaded(make(batch), backend)
    pictures = noise(given, 3, 64, 64)
    together = network.run(pictures)
    alone = [network.run(picture[None])[0] for picture in pictures]
    assert [output.shape for output in together] == [(given, 7, 64)]
    assert np.array_equal(together[0], np.concatenate(alone))


@BACKENDS
def test_a_network_of_free_size_takes_every_size(make: Make, backend: str) -> None:
    if backend == "opencv":
        pytest.skip("it does not load this network where its sides are free")
    network = loaded(make("n", ("h", "w")), backend)
    for sides in ((64, 64), (32, 96), (8, 8), (64, 64)):
        (table,) = network.run(noise(1, 3, *sides))
        assert table.shape == (1, 7, sides[0] * sides[1] // 64)
        blocks = noise(1, 3, *sides).reshape(3, sides[0] // 8, 8, sides[1] // 8, 8).mean((2, 4))
        np.testing.assert_allclose(table[0, 4:], blocks.reshape(3, -1), atol=1e-5)


@BACKENDS
def test_threads_share_a_network(make: Make, backend: str) -> None:
    network = loaded(make(1), backend)
    pictures = noise(24, 1, 3, 64, 64)
    alone = [network.run(picture)[0] for picture in pictures]
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda picture: network.run(picture)[0], pictures))
    assert all(np.array_equal(a, f) for a, f in zip(alone, found, strict=True))


@BACKENDS
def test_a_network_is_described_alike_by_all(make: Make, backend: str) -> None:
    facts = loaded(make(1), backend).facts
    assert facts.inputs == (Port("images", "float32", (1, 3, 64, 64)),)
    assert [port.name for port in facts.outputs] == ["output0"]
    assert (facts.names, facts.task) == (("red", "green", "blue"), "detect")


@BACKENDS
def test_outputs_come_in_the_order_of_the_file(models: Path, backend: str) -> None:
    network = loaded(models / "face/yunet_n_640_640.onnx", backend)
    assert [port.name for port in network.facts.outputs][:4] == [
        "cls_8",
        "cls_16",
        "cls_32",
        "obj_8",
    ]
    outputs = network.run(noise(1, 3, 640, 640))
    assert [o.shape for o in outputs] == [port.shape for port in network.facts.outputs]


@pytest.mark.parametrize("backend", ["openvino", "opencv"])
@pytest.mark.parametrize("name", ["street_bus", "two_men", "dog_bicycle_truck"])
@pytest.mark.parametrize("model", ["yolov8n_640_fp32_from_uint8", "yolov5n_640"])
def test_backends_find_the_same(
    shared: Path, models: Path, model: str, name: str, backend: str
) -> None:
    pytest.importorskip(MODULES[backend])
    image = cv2.imread(str(shared / "images" / f"{name}.jpg")).astype(np.uint8)
    path = str(models / f"detect/{model}.onnx")
    (true,) = Models(Settings("cpu", "onnx")).open(path).detect([image])
    (found,) = Models(Settings("cpu", backend)).open(path).detect([image])
    assert len(true) > 2
    assert found.labels == true.labels
    assert found.scores is not None
    assert true.scores is not None
    np.testing.assert_allclose(found.boxes, true.boxes, atol=1)
    np.testing.assert_allclose(found.scores, true.scores, atol=0.01)


def test_an_openvino_folder_says_what_the_onnx_file_says(make: Make, tmp_path: Path) -> None:
    openvino = pytest.importorskip("openvino")
    folder = tmp_path / "blocks_openvino_model"
    folder.mkdir()
    openvino.save_model(openvino.Core().read_model(make(1)), folder / "blocks.xml")
    names = "names: {0: red, 1: green, 2: blue}\ntask: detect\nstride: 32\n"
    (folder / "metadata.yaml").write_text(names)
    network = loaded(folder)
    assert network.ran_on.startswith("openvino")
    assert network.ran_on.endswith("CPU float32")
    assert network.facts.names == ("red", "green", "blue")
    given = noise(1, 3, 64, 64)
    np.testing.assert_allclose(
        network.run(given)[0], loaded(make(1), "onnx").run(given)[0], atol=1e-2
    )


def test_a_darknet_network_gives_a_table_a_layer(tmp_path: Path) -> None:
    network = loaded(files.darknet(tmp_path).with_suffix(".weights"))
    assert (
        network.facts.ports() == "input input [1×3×32×64] float32; output yolo_1 [1×32×8] float32"
    )
    level = np.zeros((2, 3, 32, 64), np.float32)
    level[1, 1, 8:16, 16:24] = 1
    (table,) = network.run(level)
    assert table.shape == (2, 32, 8)
    row = 8 + 2  # the second row of eight blocks
    np.testing.assert_allclose(table[1, row, :4], [2.5 / 8, 1.5 / 4, 1 / 8, 1 / 4], atol=1e-5)
    assert table[1, row, 6] == table[1, :, 5:].max() > table[0, :, 5:].max()


def test_a_darknet_network_of_eighty_classes_has_cocos(tmp_path: Path) -> None:
    facts = loaded(files.darknet(tmp_path, classes=80)).facts
    assert (len(facts.names), facts.names[0], facts.format) == (80, "person", "darknet")


def test_a_caffe_network_says_its_size(tmp_path: Path) -> None:
    network = loaded(files.caffe(tmp_path, 2.5))
    assert network.facts.ports() == "input data [1×3×4×6] float32; output times [1×3×4×6] float32"
    np.testing.assert_array_equal(network.run(np.ones((3, 3, 4, 6)))[0], np.full((3, 3, 4, 6), 2.5))


@pytest.mark.parametrize("sides", [(1, 4, 6, 3), (-1, -1, -1, 3)])
def test_a_frozen_graph_is_run_by_opencv_too(tmp_path: Path, sides: tuple[int, ...]) -> None:
    path = files.tensorflow(tmp_path / "cut.pb", sides)
    network = loaded(path, "opencv", How(Device("cpu"), size=(6, 4)))
    assert network.facts.inputs[0].shape == (1, 3, 4, 6)
    given = noise(1, 3, 4, 6) - 0.5
    np.testing.assert_array_equal(network.run(given)[0], np.maximum(given, 0))


def test_a_tflite_network_is_described_and_run(models: Path) -> None:
    pytest.importorskip("ai_edge_litert", reason="the extra tflite is not installed")
    network = loaded(models / "segment/deeplabv3_mnv2_dm05_pascal_quant.tflite")
    assert network.ran_on.startswith("tflite")
    assert network.facts.inputs[0].shape == (1, 513, 513, 3)
    assert network.facts.inputs[0].dtype == "uint8"
    (classes,) = network.run(np.zeros((1, 513, 513, 3), np.uint8))
    assert classes.shape == (1, 513, 513)


def test_a_torchscript_network_is_run_where_it_is_trusted(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="the extra torch is not installed")
    with pytest.warns(DeprecationWarning, match="torch"):
        traced = torch.jit.trace(torch.nn.AvgPool2d(8), torch.zeros(1, 3, 64, 32))
    path = tmp_path / "pool.torchscript"
    config = '{"imgsz": [64, 32], "batch": 1, "names": {"0": "a", "1": "b"}, "task": "detect"}'
    with pytest.warns(DeprecationWarning, match="torch"):
        torch.jit.save(traced, str(path), _extra_files={"config.txt": config})
    network = loaded(path)
    assert network.ran_on.startswith("torch")
    assert network.facts.names == ("a", "b")
    assert (
        network.facts.ports() == "input input [1×3×64×32] float32; output output0 [1×3×8×4] float32"
    )
    given = noise(2, 3, 64, 32)
    pooled = given.reshape(2, 3, 8, 8, 4, 8).mean((3, 5))
    np.testing.assert_allclose(network.run(given)[0], pooled, atol=1e-6)
    with pytest.raises(ParameterError, match="give --trust"):
        Models(Settings("cpu")).open(str(path))


def test_auto_takes_the_first_that_is_installed_and_can(
    make: Make, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make(1)
    order = [known.name for known in choice.choices(look(path))]
    assert order == ["onnx", "openvino", "opencv"]
    absent = set[str]()
    monkeypatch.setattr(
        "cvkit.models.backends.choice.find_spec",
        lambda name: None if name in absent else find_spec(name),
    )
    assert loaded(path).ran_on.startswith("onnxruntime")
    absent.add("openvino")
    with pytest.raises(MissingError, match=r'pip install "cvkit-cli\[openvino\]"'):
        choice.load(look(path), CPU, "openvino")
    absent.add("onnxruntime")
    assert loaded(path).ran_on.startswith("opencv")
    quantised = look(models / "detect/yolov8n_640_uint8.onnx")
    with pytest.raises(MissingError, match="pip install onnxruntime"):
        choice.load(quantised, CPU)
    absent.clear()
    assert choice.load(quantised, CPU).ran_on.endswith("CPU uint8")


def test_opencv_says_that_it_cannot_run_the_quantised_file(models: Path) -> None:
    with pytest.raises(MissingError, match=r"OpenCV DNN cannot run .* has no ConvInteger"):
        loaded(models / "detect/yolov8n_640_uint8.onnx", "opencv")


@pytest.mark.parametrize(
    ("backend", "half", "device", "said"),
    [
        ("torch", False, "cpu", "PyTorch cannot run blocks.onnx"),
        ("tflite", False, "cpu", "TFLite cannot run blocks.onnx: it takes no ONNX network"),
        ("onnx", True, "cpu", "ONNX Runtime computes as the file says"),
        ("opencv", True, "cpu", "OpenCV DNN computes in float32 only"),
        ("openvino", False, "cuda", "OpenVINO runs on the processor only here"),
        ("opencv", False, "cuda:1", "there is no cuda:1 for blocks.onnx"),
    ],
)
def test_what_a_backend_asked_for_cannot_do_is_said(
    make: Make, backend: str, half: bool, device: str, said: str
) -> None:
    with pytest.raises(MissingError, match=said):
        choice.load(look(make(1)), How(Device.of(device), half), backend)


def test_half_is_bfloat16_where_the_processor_has_it(make: Make) -> None:
    pytest.importorskip("openvino", reason="the extra openvino is not installed")
    from cvkit.models.backends import openvino

    how = How(Device("cpu"), half=True)
    if not openvino.has_bfloat16():
        with pytest.raises(MissingError, match="does not compute in bfloat16"):
            loaded(make(1), how=how)
        return
    assert loaded(make(1), how=how).ran_on.endswith("CPU bfloat16")
    assert loaded(make(1)).ran_on.endswith("CPU float32")


def test_half_without_bfloat16_is_an_error(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("openvino", reason="the extra openvino is not installed")
    monkeypatch.setattr("cvkit.models.backends.openvino.has_bfloat16", lambda core=None: False)
    with pytest.raises(MissingError, match="--half cannot be had: this processor"):
        loaded(make(1), how=How(Device("cpu"), half=True))


class Short(Backend):
    """A network whose memory holds `most` pictures."""

    accelerated = True

    def __init__(self, most: int, error: Exception, tell: Callable[[str], None]) -> None:
        port = Port("images", "float32", (None, 1))
        super().__init__(Facts("short.onnx", (port,), (port,)), "", How(Device("cpu"), tell=tell))
        self.failures = (type(error),)
        self._room, self._error = most, error
        self.runs: list[int] = []

    def _infer(self, batch: np.ndarray) -> list[np.ndarray]:
        self.runs.append(len(batch))
        if len(batch) > self._room:
            raise self._error
        return [batch * 2]


def errors() -> dict[str, Exception]:
    told: dict[str, Exception] = {
        "onnx": RuntimeError("Non-zero status: Failed to allocate memory for requested buffer"),
        "openvino": RuntimeError("Exception from src/x.cpp:1:\nstd::bad_alloc"),
        "opencv": cv2.error("OpenCV(4) alloc.cpp:73: error: (-4:Insufficient memory) Failed to"),
        "cuda": RuntimeError("CUDA error: out of memory"),
        "numpy": MemoryError(),
    }
    return told


@pytest.mark.parametrize("error", errors().values(), ids=errors())
def test_what_does_not_fit_is_run_in_halves_and_that_is_said(error: Exception) -> None:
    notes: list[str] = []
    network = Short(3, error, notes.append)
    pictures = np.arange(8, dtype=np.float32)[:, None]
    assert np.array_equal(network.run(pictures)[0], pictures * 2)
    assert network.runs == [8, 4, 2, 2, 4, 2, 2]
    assert notes[-1] == "short.onnx: out of memory, so the network takes 2 pictures at a time"
    network.runs.clear()
    network.run(pictures)
    assert network.runs == [2, 2, 2, 2]  # it does not try again
    assert len(notes) == 2
    with pytest.raises(InputError, match="does not fit into memory on 1×1"):
        Short(0, error, notes.append).run(pictures)


def test_a_torch_that_is_out_of_memory_is_understood() -> None:
    torch = pytest.importorskip("torch", reason="the extra torch is not installed")
    error = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
    assert base.no_memory(error)
    assert not base.no_memory(RuntimeError("shape mismatch"))


@pytest.mark.parametrize("backend", ["onnx", "openvino"])
@pytest.mark.parametrize("file", ["yolox_nano_416", "yolov8n_640_fp32_from_uint8"])
def test_one_picture_on_all_processors_has_the_same_bits(
    models: Path, monkeypatch: pytest.MonkeyPatch, file: str, backend: str
) -> None:
    monkeypatch.setattr(base, "threads", lambda: 2)
    path = models / f"detect/{file}.onnx"
    several = loaded(path, backend)
    single = loaded(path, backend, How(Device("cpu"), single=True))
    assert single.lanes == 1
    given = noise(*(side or 1 for side in single.facts.inputs[0].shape))
    assert np.array_equal(several.run(given)[0], single.run(given)[0])


def test_threads_are_never_more_than_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    for processors in (1, 2, 3, 4, 6, 8, 16, 31, 64, 256):
        monkeypatch.setattr(os, "cpu_count", lambda count=processors: count)
        lanes, each = base.side_by_side()
        assert 0 < lanes * each <= processors
        assert 0 < base.threads() <= processors


@pytest.mark.parametrize("sides", [(1, 3, 1 << 20, 1 << 20), (1, 3, 2**31 - 1, 2**31 - 1)])
def test_a_network_of_monstrous_size_is_refused(make: Make, sides: tuple[int, ...]) -> None:
    with pytest.raises(CvkitError, match="its input is of"):
        loaded(make(1, sides[2:]), "onnx")


@BACKENDS
def test_a_network_that_fails_says_on_what(make: Make, backend: str) -> None:
    network = loaded(make(1), backend)
    with pytest.raises(InputError, match=r"blocks\.onnx failed on 1×4×64×64"):
        network.run(noise(1, 4, 64, 64))


def test_an_engine_carries_ultralytics_metadata(tmp_path: Path) -> None:
    from cvkit.models.backends.tensorrt import unpacked

    told = b'{"names": {"0": "cat", "1": "dog"}, "imgsz": [64, 96], "task": "detect"}'
    metadata, plan = unpacked(len(told).to_bytes(4, "little") + told + b"plan")
    assert (metadata["names"], metadata["imgsz"], plan) == (
        "{0: 'cat', 1: 'dog'}",
        "[64, 96]",
        b"plan",
    )
    assert unpacked(b"ftrtanything") == ({}, b"ftrtanything")
    (tmp_path / "m.engine").write_bytes(b"ftrt\0\1\2")
    if find_spec("tensorrt") is None:
        with pytest.raises(MissingError, match=r"m\.engine needs tensorrt; pip install tensorrt"):
            loaded(tmp_path / "m.engine")


@pytest.mark.parametrize("half", [False, True])
def test_what_is_not_needed_is_not_imported_and_nobody_is_called(make: Make, half: bool) -> None:
    """torch takes seconds; OpenVINO brings a package that could report how it is used."""
    if half:
        pytest.importorskip("openvino", reason="the extra openvino is not installed")
        from cvkit.models.backends import openvino

        if not openvino.has_bfloat16():
            pytest.skip("this processor has no bfloat16")
    code = f"""
import socket, sys
def refused(*arguments): raise AssertionError("a socket")
socket.socket.connect = socket.getaddrinfo = refused
import numpy
import cvkit
from cvkit.models.opening import Models
from cvkit.models.settings import Settings
detector = Models(Settings("auto", half={half})).open({str(make(1))!r})
detector.detect([numpy.zeros((64, 64, 3), numpy.uint8)])
print([name for name in ("torch", "openvino", "ultralytics", "onnx") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ("['openvino']" if half else "[]")


@pytest.mark.gpu
def test_a_cuda_device_gives_what_the_processor_gives(make: Make) -> None:
    from cvkit.models.backends.onnx import has_cuda

    if not has_cuda():
        pytest.skip("the ONNX Runtime that is installed has no CUDA")
    cuda = loaded(make("n"), "onnx", How(Device("cuda")))
    assert cuda.accelerated
    given = noise(5, 3, 64, 64)
    np.testing.assert_allclose(
        cuda.run(given)[0], loaded(make("n"), "onnx").run(given)[0], atol=1e-4
    )
