"""Networks that OpenCV runs, made by the test: from their files to boxes in the picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cvkit.core.errors import ParameterError
from cvkit.models.opening import Models
from cvkit.models.recipe import Recipe
from cvkit.models.settings import Settings
from cvkit.models.wanted import Wanted
from tests.models import files
from tests.models.files import field


def test_a_darknet_network_finds_coloured_blocks(tmp_path: Path) -> None:
    """Its classes are red, green and blue: sigmoid(level) · sigmoid(4), in boxes of a block."""
    path = files.darknet(tmp_path)
    (tmp_path / "tiny.names").write_text("red\ngreen\nblue\n")
    detector = Models(Settings("cpu")).open(str(path))
    image = np.zeros((96, 128, 3), np.uint8)  # stretched to 64×32: a block is 16×24 here
    image[24:48, 32:48] = (0, 0, 255)
    image[72:, 112:] = (255, 0, 0)
    (found,) = detector.detect([image], Wanted(score=0.6))
    assert sorted(found.labels or ()) == ["blue", "red"]
    boxes = dict(zip(found.labels or (), found.boxes.tolist(), strict=True))
    np.testing.assert_allclose(boxes["red"], [32, 24, 48, 48], atol=0.01)
    np.testing.assert_allclose(boxes["blue"], [112, 72, 128, 96], atol=0.01)
    assert found.scores is not None
    score = 1 / (1 + np.exp(-1)) / (1 + np.exp(-4))
    np.testing.assert_allclose(found.scores, score, atol=0.01)


def test_labels_of_another_number_are_refused(tmp_path: Path) -> None:
    path = str(files.darknet(tmp_path))
    with pytest.raises(ParameterError, match=r"tiny\.cfg has 3 classes, and 2 names"):
        Models(Settings("cpu")).open(path, recipe=Recipe(labels=("red", "green")))


_START = """
name: "ssd" input: "data" input_dim: 1 input_dim: 3 input_dim: 64 input_dim: 64
"""
_END = """
layer { name: "c1" type: "Permute" bottom: "conf" top: "c1"
  permute_param { order: 0 order: 2 order: 3 order: 1 } }
layer { name: "c2" type: "Reshape" bottom: "c1" top: "c2"
  reshape_param { shape { dim: 0 dim: -1 dim: 3 } } }
layer { name: "c3" type: "Softmax" bottom: "c2" top: "c3" softmax_param { axis: 2 } }
layer { name: "c4" type: "Flatten" bottom: "c3" top: "c4" flatten_param { axis: 1 } }
layer { name: "l1" type: "Permute" bottom: "loc" top: "l1"
  permute_param { order: 0 order: 2 order: 3 order: 1 } }
layer { name: "l2" type: "Flatten" bottom: "l1" top: "l2" flatten_param { axis: 1 } }
layer { name: "prior" type: "PriorBox" bottom: "conf" bottom: "data" top: "prior"
  prior_box_param { min_size: 8 flip: false clip: false offset: 0.5
    variance: 0.1 variance: 0.1 variance: 0.2 variance: 0.2 } }
layer { name: "out" type: "DetectionOutput" bottom: "l2" bottom: "c4" bottom: "prior" top: "out"
  detection_output_param { num_classes: 3 share_location: true background_label_id: 0
    nms_param { nms_threshold: 0.45 top_k: 400 } code_type: CENTER_SIZE keep_top_k: 200
    confidence_threshold: 0.01 } }
"""


def ssd(folder: Path, first: str) -> Path:
    """A Caffe SSD over cells of 8×8 of 64×64, a square prior of 8 each: background, dark, bright.

    The classes' logits are ± 6 times the cell's mean as it is fed, so 0 for middle grey.
    """
    graph = folder / "tiny.prototxt"
    graph.write_text(_START + conv(first, "conf", 3) + conv("loc", "loc", 4) + _END)
    weights = np.zeros((3, 3, 8, 8), np.float32)
    weights[1], weights[2] = -6 / 192, 6 / 192
    content = blobs(first, weights) + blobs("loc", np.zeros((4, 3, 8, 8), np.float32))
    (folder / "tiny.caffemodel").write_bytes(field(1, "ssd") + content)
    return graph


def conv(name: str, top: str, outputs: int) -> str:
    return f"""layer {{ name: "{name}" type: "Convolution" bottom: "data" top: "{top}"
  convolution_param {{ num_output: {outputs} kernel_size: 8 stride: 8 bias_term: false }} }}
"""


def blobs(name: str, weights: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> bytes:
    shape = field(7, field(1, b"".join(files.varint(side) for side in weights.shape)))
    layer = field(1, name) + field(2, "Convolution") + field(7, shape + field(5, weights.tobytes()))
    return field(100, layer)


def test_a_caffe_ssd_finds_bright_and_dark_cells(tmp_path: Path) -> None:
    path = str(ssd(tmp_path, "conv1/dw"))
    recipe = Recipe(labels=("background", "dark", "bright"))
    detector = Models(Settings("cpu")).open(path, recipe=recipe)
    assert detector.labels == ("dark", "bright")
    image = np.full((128, 64, 3), 128, np.uint8)  # a cell is 8×16 here
    image[32:48, 16:24] = 255
    image[112:, 56:] = 0
    (found,) = detector.detect([image], Wanted(score=0.6))
    boxes = dict(zip(found.labels or (), found.boxes.tolist(), strict=True))
    assert sorted(found.labels or ()) == ["bright", "dark"]
    np.testing.assert_allclose(boxes["bright"], [16, 32, 24, 48], atol=0.01)
    np.testing.assert_allclose(boxes["dark"], [56, 112, 64, 128], atol=0.01)
    assert found.scores is not None
    np.testing.assert_allclose(found.scores, np.exp(6) / (np.exp(6) + 1 + np.exp(-6)), atol=1e-3)
    assert found.classes is not None
    assert sorted(found.classes.tolist()) == [0, 1]


def test_a_caffe_ssd_of_unknown_kind_has_to_be_named(tmp_path: Path) -> None:
    path = str(ssd(tmp_path, "first"))
    with pytest.raises(ParameterError, match=r"--decoder ssd or ssdvgg"):
        Models(Settings("cpu")).open(path)
    detector = Models(Settings("cpu")).open(path, recipe=Recipe(decoder="ssd"))
    (found,) = detector.detect([np.full((64, 64, 3), 255, np.uint8)], Wanted(score=0.6))
    assert set(found.labels or ()) == {"class 2"}
    assert len(found) == 64
