"""ONNX Runtime: the backend that is always installed."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Protocol

from cvkit.core.errors import MissingError
from cvkit.core.warp import Array
from cvkit.models.backends import metadata
from cvkit.models.backends.base import Backend, How, line, unloadable
from cvkit.models.backends.formats import ModelFile
from cvkit.models.network import Facts, Port


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
_SPOKEN = ("uint8", "float16")
_QUIET = 4  # ONNX Runtime also raises what it would log


class OnnxNetwork(Backend):
    """One session of ONNX Runtime. Safe to run from several threads at once."""

    title: ClassVar[str] = "ONNX Runtime"

    def __init__(self, model: ModelFile, how: How) -> None:
        """Load `model`. Raises MissingError where the file or the device cannot be had."""
        if how.half:
            raise MissingError(
                "ONNX Runtime computes as the file says, so it has no --half",
                remedy="leave --half out, or export the network in float16",
            )
        try:
            self._session, provider = _session(model, how)
        except MissingError:
            _ = model.facts  # says it in plain words where the file is damaged
            raise
        self.accelerated = provider != "CPUExecutionProvider"
        self.lanes = 1 if self.accelerated else how.side_by_side[0]
        facts = _facts(model.name, self._session)
        super().__init__(facts, _ran_on(provider, facts, integer=bool(model.integer)), how)
        self.failures = _failures()
        self.batch = self._entry.shape[0] if self._entry.shape else None

    def _infer(self, batch: Array) -> list[Array]:
        return self._session.run(None, {self._entry.name: batch})


def has_cuda() -> bool:
    """Whether the installed ONNX Runtime was built for CUDA."""
    import onnxruntime

    return "CUDAExecutionProvider" in onnxruntime.get_available_providers()


def _session(model: ModelFile, how: How) -> tuple[_Session, str]:
    """The session and the provider that it got."""
    device, each = how.device, how.side_by_side[1]
    cuda = device.kind == "cuda" or (device.kind == "auto" and has_cuda())
    if device.kind == "cuda" and not has_cuda():
        raise MissingError(
            f"there is no {device} for {model.name}",
            why="the ONNX Runtime that is installed runs on the processor only",
            remedy="install onnxruntime-gpu in place of onnxruntime, or use --device cpu",
        )
    refusal = ""
    if cuda:
        try:
            session = _open(model.graph, _cuda(device.index), each)
            if session.get_providers()[0] == "CUDAExecutionProvider":
                return session, "CUDAExecutionProvider"
            refusal = "CUDA could not be started"
        except _failures() as error:
            refusal = line(error)
    if device.kind == "cuda":
        raise MissingError(
            f"there is no {device} for {model.name}", why=refusal, remedy="use --device cpu"
        )
    try:
        return _open(model.graph, ["CPUExecutionProvider"], each), "CPUExecutionProvider"
    except _failures() as error:
        raise unloadable(model, error) from error


def _cuda(index: int) -> _Providers:
    # Neither a timed choice of algorithm nor shortened mantissas: the same run, the same boxes.
    options = {"device_id": str(index), "cudnn_conv_algo_search": "HEURISTIC", "use_tf32": "0"}
    return [("CUDAExecutionProvider", options), "CPUExecutionProvider"]


_WRONG = ["Pad_Fusion"]
"""It takes a border of zeros before a MaxPool for one of minus infinity, as in YOLOv3-tiny, whose
boxes it moves by pixels."""


def _open(path: Path, providers: _Providers, threads: int) -> _Session:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.use_deterministic_compute = True
    options.log_severity_level = _QUIET
    # A waiting worker that spins takes the core from the threads that decode and encode.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # The Python wrapper would print and go on with the processor.
    session: _Session = onnxruntime.InferenceSession(
        str(path), options, providers=providers, enable_fallback=False, disabled_optimizers=_WRONG
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


def _facts(file: str, session: _Session) -> Facts:
    told = {str(k): str(v) for k, v in session.get_modelmeta().custom_metadata_map.items()}
    inputs, outputs = (
        [_port(node) for node in nodes] for nodes in (session.get_inputs(), session.get_outputs())
    )
    return metadata.facts(file, inputs, outputs, told)


def _port(node: _Node) -> Port:
    inner = node.type.removeprefix("tensor(").removesuffix(")")
    shape = tuple(side if isinstance(side, int) and side > 0 else None for side in node.shape)
    return Port(node.name, _TYPES.get(inner, inner), shape)


def _ran_on(provider: str, facts: Facts, *, integer: bool) -> str:
    import onnxruntime

    where = provider.removesuffix("ExecutionProvider")
    kind = "uint8" if integer else facts.inputs[0].dtype
    return f"onnxruntime {onnxruntime.__version__} {where} {kind if kind in _SPOKEN else 'float32'}"
