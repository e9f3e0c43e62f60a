"""What ONNX Runtime's optimiser may not do to a network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper

from cvkit.models.backends import choice, formats
from cvkit.models.backends.base import How
from cvkit.models.device import Device


def test_a_border_of_zeros_before_a_maximum_stays_one(tmp_path: Path):
    """As in YOLOv3-tiny: of levels that are all negative, the greatest at the edge is the zero."""
    pads = onnx.numpy_helper.from_array(np.array([0, 0, 0, 0, 0, 0, 1, 1]), "pads")
    zero = onnx.numpy_helper.from_array(np.asarray(0, np.float32), "zero")
    graph = helper.make_graph(
        [
            helper.make_node("Pad", ["images", "pads", "zero"], ["padded"]),
            helper.make_node(
                "MaxPool", ["padded"], ["output"], kernel_shape=[2, 2], strides=[1, 1]
            ),
        ],
        "padded",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, 4, 4])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, [1, 3, 4, 4])],
        [pads, zero],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, tmp_path / "padded.onnx")
    network = choice.load(formats.look(tmp_path / "padded.onnx"), How(Device.of("cpu")), "onnx")
    (given,) = network.run(np.full((1, 3, 4, 4), -1, np.float32))
    edge = given[0, 0]
    assert (edge[:3, :3] == -1).all()
    assert (edge[3] == 0).all()
    assert (edge[:, 3] == 0).all()
