"""ONNX Runtime: the backend that is always installed."""

from __future__ import annotations

import ast
import os
from pathlib import Path
from typing import Protocol

import numpy as np

from cvkit.core.errors import InputError, MissingError
from cvkit.core.warp import Array
from cvkit.models.device import Device
from cvkit.models.network import Facts, Port, element

MOST_THREADS = 8
"""More threads than this gain nothing on one picture of a small network."""


class _Node(Protocol):
    name: str
    type: str
    shape: list[int | str | None]


class _Metadata(Protocol):
    custom_metadata_map: dict[str, str]


class _Session(Protocol):
    def get_inputs(self) -> list[_Node]: ...
    def get_outputs(self) -> list[_Node]: ...
    def get_modelmeta(self) -> _Metadata: ...
    def get_providers(self) -> list[str]: ...
    def run(self, names: None, feed: dict[str, Array]) -> list[Array]: ...


_Providers = list[str | tuple[str, dict[str, str]]]

_TYPES = {"float": "float32", "double": "float64"}
_QUIET = 4  # ONNX Runtime also raises what it would log


class OnnxNetwork:
    """One session of ONNX Runtime. Safe to run from several threads at once."""

    def __init__(self, path: Path, device: Device) -> None:
        """Load `path`. Raises MissingError where the file or the device cannot be had."""
        self._session, provider = _session(path, device)
        self.facts = _facts(path, self._session)
        self.accelerated = provider != "CPUExecutionProvider"
        self.ran_on = _ran_on(provider, self.facts)
        self._input = self.facts.inputs[0]
        self.batch = self._input.shape[0] if self._input.shape else None

    def run(self, batch: Array) -> list[Array]:
        """See `cvkit.models.network.Network.run`; raises InputError where the network fails."""
        batch = batch.astype(element(self._input.dtype), copy=False)
        if self.batch is None or len(batch) == self.batch:
            return self._run(batch)
        parts = [self._part(batch[i : i + self.batch]) for i in range(0, len(batch), self.batch)]
        return [np.concatenate(outputs) for outputs in zip(*parts, strict=True)]

    def _part(self, part: Array) -> list[Array]:
        assert self.batch is not None
        n, short = len(part), self.batch - len(part)
        if short:
            part = np.concatenate([part, np.zeros((short, *part.shape[1:]), part.dtype)])
        return [output[:n] for output in self._run(part)]

    def _run(self, batch: Array) -> list[Array]:
        try:
            return self._session.run(None, {self._input.name: batch})
        except _failures() as error:
            shape = "×".join(map(str, batch.shape))
            raise InputError(f"{self.facts.file} failed on {shape}", why=_line(error)) from error


def threads() -> int:
    """Threads of one network: the machine's, not the process's, so that load changes no result."""
    return min(os.cpu_count() or 1, MOST_THREADS)


def has_cuda() -> bool:
    """Whether the installed ONNX Runtime was built for CUDA."""
    import onnxruntime

    return "CUDAExecutionProvider" in onnxruntime.get_available_providers()


def _session(path: Path, device: Device) -> tuple[_Session, str]:
    """The session and the provider that it got."""
    cuda = device.kind == "cuda" or (device.kind == "auto" and has_cuda())
    if device.kind == "cuda" and not has_cuda():
        raise MissingError(
            f"there is no {device} for {path.name}",
            why="the ONNX Runtime that is installed runs on the processor only",
            remedy="install onnxruntime-gpu in place of onnxruntime, or use --device cpu",
        )
    refusal = ""
    if cuda:
        try:
            session = _open(path, _cuda(device.index))
            if session.get_providers()[0] == "CUDAExecutionProvider":
                return session, "CUDAExecutionProvider"
            refusal = "CUDA could not be started"
        except _failures() as error:
            refusal = _line(error)
    if device.kind == "cuda":
        raise MissingError(
            f"there is no {device} for {path.name}", why=refusal, remedy="use --device cpu"
        )
    try:
        return _open(path, ["CPUExecutionProvider"]), "CPUExecutionProvider"
    except _failures() as error:
        raise MissingError(f"{path.name} cannot be loaded", why=_why(path, error)) from error


def _cuda(index: int) -> _Providers:
    # Neither a timed choice of algorithm nor shortened mantissas: the same run, the same boxes.
    options = {"device_id": str(index), "cudnn_conv_algo_search": "HEURISTIC", "use_tf32": "0"}
    return [("CUDAExecutionProvider", options), "CPUExecutionProvider"]


def _open(path: Path, providers: _Providers) -> _Session:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads()
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.use_deterministic_compute = True
    options.log_severity_level = _QUIET
    # A waiting worker that spins takes the core from the threads that decode and encode.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # The Python wrapper would print and go on with the processor.
    session: _Session = onnxruntime.InferenceSession(
        str(path), options, providers=providers, enable_fallback=False
    )
    return session


def _failures() -> tuple[type[Exception], ...]:
    """What ONNX Runtime raises: classes without a common parent but Exception."""
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    own = tuple(
        value
        for value in vars(state).values()
        if isinstance(value, type) and issubclass(value, Exception)
    )
    return (*own, RuntimeError, ValueError)


def _why(path: Path, error: Exception) -> str:
    with path.open("rb") as file:
        head = file.read(256)
    if not head:
        return "the file is empty"
    if head.startswith(b"version https://git-lfs"):
        return "it is a Git LFS pointer, not the weights; `git lfs pull` fetches them"
    if all(byte in b"\t\n\r\f" or byte >= 32 for byte in head) and head.isascii():
        return "it is a text file, not an ONNX network"
    if "PROTOBUF" in str(error).upper():
        return "it is cut, damaged or no ONNX network"
    return _line(error)


def _line(error: Exception) -> str:
    """The first line of ONNX Runtime's message, without its code."""
    text = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return text.split(" : ", 2)[-1].strip()[:300]


def _facts(path: Path, session: _Session) -> Facts:
    metadata = {str(k): str(v) for k, v in session.get_modelmeta().custom_metadata_map.items()}
    stride = metadata.get("stride", "")
    return Facts(
        file=path.name,
        inputs=tuple(_port(node) for node in session.get_inputs()),
        outputs=tuple(_port(node) for node in session.get_outputs()),
        task=metadata.get("task", ""),
        names=_names(metadata.get("names", "")),
        stride=int(stride) if stride.isdecimal() and 0 < int(stride) <= 256 else 32,
        imgsz=_size(metadata.get("imgsz", "")),
        metadata=metadata,
    )


def _size(text: str) -> tuple[int, int] | None:
    """Width and height from `[height, width]` or one side."""
    value = _literal(text)
    sides = [value, value] if isinstance(value, int) else value
    match sides:
        case [int(height), int(width)] if 0 < height < 65536 and 0 < width < 65536:
            return (width, height)
    return None


def _port(node: _Node) -> Port:
    inner = node.type.removeprefix("tensor(").removesuffix(")")
    shape = tuple(side if isinstance(side, int) and side > 0 else None for side in node.shape)
    return Port(node.name, _TYPES.get(inner, inner), shape)


def _names(text: str) -> tuple[str, ...]:
    """Labels in class order, from ultralytics' `{0: 'person', ...}` or a list; else none."""
    names = _literal(text)
    if isinstance(names, dict):
        if set(names) != set(range(len(names))):
            return ()
        names = [names[number] for number in range(len(names))]
    return tuple(str(name) for name in names) if isinstance(names, list | tuple) else ()


def _literal(text: str) -> object:
    """The value of a Python literal, as ultralytics writes its metadata; None where it is none."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None


def _ran_on(provider: str, facts: Facts) -> str:
    import onnxruntime

    where = provider.removesuffix("ExecutionProvider")
    return f"onnxruntime {onnxruntime.__version__} {where} {facts.inputs[0].dtype}"
