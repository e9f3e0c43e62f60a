"""OpenVINO: the fastest on processors; ONNX, its own format, TensorFlow and TFLite files."""

from __future__ import annotations

from threading import local
from typing import Any

import numpy as np

from cvkit.core.errors import MissingError
from cvkit.core.warp import Array
from cvkit.models.backends import metadata
from cvkit.models.backends.base import Backend, How, unloadable
from cvkit.models.backends.formats import ModelFile
from cvkit.models.backends.hush import hushed
from cvkit.models.network import Facts, Port


class OpenvinoNetwork(Backend):
    """One compiled model; each thread has an inference request of its own."""

    title = "OpenVINO"

    def __init__(self, model: ModelFile, how: How) -> None:
        """Raises MissingError where the file cannot be loaded or the precision cannot be had."""
        import openvino

        core = openvino.Core()
        if how.half and not has_bfloat16(core):
            raise MissingError(
                "--half cannot be had", why="this processor does not compute in bfloat16",
                remedy="leave --half out",
            )  # fmt: skip
        self.lanes, each = how.side_by_side
        precision = "bf16" if how.half else "f32"
        options = {
            "INFERENCE_PRECISION_HINT": precision,  # it would choose bfloat16 itself
            "INFERENCE_NUM_THREADS": self.lanes * each,
            "NUM_STREAMS": self.lanes,
            "ENABLE_CPU_PINNING": False,  # decoding and encoding threads move about
        }
        try:
            with hushed():
                read = core.read_model(str(model.graph))
                self._model = core.compile_model(read, "CPU", options)
        except (RuntimeError, ValueError) as error:
            raise unloadable(model, error) from error
        version = openvino.get_version().split("-")[0]
        word = "bfloat16" if how.half else "float32"
        super().__init__(_facts(model, read), f"openvino {version} CPU {word}", how)
        self.batch = self._entry.shape[0] if self._entry.shape else None
        self._own = local()

    def _infer(self, batch: Array) -> list[Array]:
        request = getattr(self._own, "request", None)
        if request is None:
            request = self._own.request = self._model.create_infer_request()
        request.infer([batch], share_inputs=True)
        # Copied: the next run of this thread writes where these are.
        return [np.array(request.get_output_tensor(i).data) for i in range(len(self.facts.outputs))]


def has_bfloat16(core: Any = None) -> bool:  # noqa: ANN401 - openvino's types are not imported
    """Whether this processor computes in bfloat16."""
    if core is None:
        import openvino

        core = openvino.Core()
    return "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def _facts(model: ModelFile, read: Any) -> Facts:  # noqa: ANN401 - as above
    inputs, outputs = ([_port(node) for node in nodes] for nodes in (read.inputs, read.outputs))
    if model.facts is not None and len(model.facts.outputs) == len(outputs):
        return model.facts
    return metadata.facts(model.name, inputs, outputs, model.metadata, model.kind)


def _port(node: Any) -> Port:  # noqa: ANN401 - as above
    sides = tuple(dim.get_length() if dim.is_static else None for dim in node.get_partial_shape())
    names = sorted(node.get_names())
    kind = node.get_element_type()
    return Port(names[0] if names else "", str(kind.to_dtype()), sides)
