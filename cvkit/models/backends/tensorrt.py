"""TensorRT: engines built for one kind of CUDA device, run with PyTorch's memory."""

from __future__ import annotations

import json
from threading import Lock
from typing import Any, ClassVar

import numpy as np

from cvkit.core.errors import MissingError
from cvkit.core.warp import Array
from cvkit.models.backends import metadata
from cvkit.models.backends.base import Backend, How
from cvkit.models.backends.formats import ModelFile, damaged
from cvkit.models.network import Port

_MOST_METADATA = 1 << 20


class TensorrtNetwork(Backend):
    """One execution context, which can be run by one thread at a time. Its precision is the one
    that it was built in."""

    title: ClassVar[str] = "TensorRT"
    accelerated = True

    def __init__(self, model: ModelFile, how: How) -> None:
        """Raises MissingError where the engine cannot be loaded or there is no such device."""
        import tensorrt
        import torch

        if how.device.kind == "cpu" or how.device.index >= torch.cuda.device_count():
            raise MissingError(
                f"there is no CUDA device for {model.name}",
                why=f"an engine runs on one, and --device is {how.device}",
                remedy="export the network to ONNX to run it on the processor",
            )
        self._device = torch.device("cuda", how.device.index)
        told, plan = unpacked(model.graph.read_bytes())
        with torch.cuda.device(self._device):
            runtime = tensorrt.Runtime(tensorrt.Logger(tensorrt.Logger.ERROR))
            self._engine = runtime.deserialize_cuda_engine(plan)
            if self._engine is None:
                raise damaged(model.graph, "it was built for another device or TensorRT")
            self._context = self._engine.create_execution_context()
        ports: dict[bool, list[Port]] = {True: [], False: []}
        for i in range(self._engine.num_io_tensors):
            port = self._port(self._engine.get_tensor_name(i), tensorrt)
            entry = self._engine.get_tensor_mode(port.name) == tensorrt.TensorIOMode.INPUT
            ports[entry].append(port)
        facts = metadata.facts(model.name, ports[True], ports[False], told, model.kind)
        super().__init__(facts, f"tensorrt {tensorrt.__version__} {self._device} as built", how)
        self.batch = self._entry.shape[0]
        self._lock = Lock()

    def _port(self, name: str, tensorrt: Any) -> Port:  # noqa: ANN401 - imported late
        sides = tuple(int(s) if s > 0 else None for s in self._engine.get_tensor_shape(name))
        kind = np.dtype(tensorrt.nptype(self._engine.get_tensor_dtype(name))).name
        return Port(name, kind, sides)

    def _infer(self, batch: Array) -> list[Array]:
        import torch

        with self._lock, torch.cuda.device(self._device):
            given = torch.from_numpy(batch).to(self._device)
            self._context.set_input_shape(self._entry.name, tuple(given.shape))
            self._context.set_tensor_address(self._entry.name, given.data_ptr())
            made = []
            for port in self.facts.outputs:
                shape = tuple(self._context.get_tensor_shape(port.name))
                made.append(
                    torch.empty(shape, dtype=getattr(torch, port.dtype), device=self._device)
                )
                self._context.set_tensor_address(port.name, made[-1].data_ptr())
            stream = torch.cuda.current_stream()
            if not self._context.execute_async_v3(stream.cuda_stream):
                raise RuntimeError("TensorRT did not run it")
            stream.synchronize()
            return [tensor.cpu().numpy() for tensor in made]


def has_cuda() -> bool:
    """Whether PyTorch, whose memory it uses, finds a CUDA device."""
    import torch

    return bool(torch.cuda.is_available())


def unpacked(content: bytes) -> tuple[dict[str, str], bytes]:
    """Metadata and engine: ultralytics puts JSON and its length before the engine."""
    size = int.from_bytes(content[:4], "little")
    if not 2 <= size <= min(_MOST_METADATA, len(content) - 4) or content[4:5] != b"{":
        return {}, content
    try:
        told = json.loads(content[4 : 4 + size])
    except ValueError:
        return {}, content
    return metadata.from_json(told), content[4 + size :]
