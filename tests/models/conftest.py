"""Networks small enough to be made by the test that runs them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

NAMES = "{0: 'red', 1: 'green', 2: 'blue'}"
Make = Callable[..., Path]


def blocks(
    path: Path,
    batch: int | str,
    size: Sequence[int | str] = (64, 64),
    *,
    names: str | None = NAMES,
    task: str = "detect",
    dtype: int = TensorProto.FLOAT,
    columns_first: bool = False,
) -> Path:
    """A network in the layout of YOLOv8 that finds blocks of 8 by 8 pixels by their colour.

    Its scores are the mean levels of red, green and blue in each block, its boxes the blocks: so
    what it must find in a picture is arithmetic. Blocks are read by a convolution, the boxes'
    places by a second one over pictures of coordinates that the network makes itself.
    """
    height, width = size
    order = [0, 2, 1] if columns_first else [0, 1, 2]
    mean = np.zeros((3, 3, 8, 8), np.float32)
    for channel in range(3):
        mean[channel, channel] = 1 / 64
    nodes = [
        helper.make_node("Cast", ["images"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("Conv", ["floats", "mean"], ["means"], strides=[8, 8]),
        # Ones summed along an axis count its pixels; a block's centre is that less 3.5.
        helper.make_node("Mul", ["floats", "zero"], ["zeros"]),
        helper.make_node("Add", ["zeros", "one"], ["ones"]),
        helper.make_node("CumSum", ["ones", "axis_x"], ["xs"]),
        helper.make_node("CumSum", ["ones", "axis_y"], ["ys"]),
        helper.make_node("Conv", ["xs", "mean"], ["mean_x"], strides=[8, 8]),
        helper.make_node("Conv", ["ys", "mean"], ["mean_y"], strides=[8, 8]),
        helper.make_node("Sub", ["mean_x", "half"], ["x3"]),
        helper.make_node("Sub", ["mean_y", "half"], ["y3"]),
        helper.make_node("Slice", ["x3", "start", "end", "channels"], ["cx"]),
        helper.make_node("Slice", ["y3", "start", "end", "channels"], ["cy"]),
        helper.make_node("Mul", ["cx", "zero"], ["nothing"]),
        helper.make_node("Add", ["nothing", "side"], ["sides"]),
        helper.make_node("Concat", ["cx", "cy", "sides", "sides", "means"], ["table"], axis=1),
        helper.make_node("Reshape", ["table", "flat"], ["rows"]),
        helper.make_node("Transpose", ["rows"], ["output0"], perm=order),
    ]
    constants = {
        "mean": mean,
        "zero": np.float32(0),
        "one": np.float32(1),
        "half": np.float32(0.5),
        "side": np.float32(8),
        "axis_x": np.int64(3),
        "axis_y": np.int64(2),
        "start": np.array([0]),
        "end": np.array([1]),
        "channels": np.array([1]),
        "flat": np.array([0, 7, -1]),
    }
    graph = helper.make_graph(
        nodes,
        "blocks",
        [helper.make_tensor_value_info("images", dtype, [batch, 3, height, width])],
        [helper.make_tensor_value_info("output0", TensorProto.FLOAT, [batch, "rows", "columns"])],
        [onnx.numpy_helper.from_array(np.asarray(v), k) for k, v in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    metadata = {"task": task, "stride": "32"} | ({"names": names} if names else {})
    helper.set_model_props(model, metadata)
    onnx.checker.check_model(model)
    onnx.save(model, path)
    return path


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """`make("n", **blocks' arguments)` writes a network and gives its path."""

    def made(batch: int | str, *arguments: object, **more: object) -> Path:
        return blocks(tmp_path / "blocks.onnx", batch, *arguments, **more)  # type: ignore[arg-type]

    return made
