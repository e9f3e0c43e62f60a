"""PyTorch: TorchScript files, and checkpoints where `--backend torch` asks for it."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from cvkit.core.errors import MissingError
from cvkit.core.warp import Array
from cvkit.models.backends import metadata
from cvkit.models.backends.base import Backend, How, line, unloadable
from cvkit.models.backends.formats import ModelFile
from cvkit.models.backends.hush import hushed
from cvkit.models.network import Facts, Port

if TYPE_CHECKING:
    import torch

_USUAL = (640, 640)
_CONFIG = "config.txt"  # as ultralytics names its metadata in a TorchScript file


class TorchNetwork(Backend):
    """A module on a device. float32, or with `half` whatever torch's autocast computes in
    bfloat16 on a processor and in float16 on CUDA."""

    title: ClassVar[str] = "PyTorch"

    def __init__(self, model: ModelFile, how: How) -> None:
        """Raises MissingError where the file cannot be loaded or the device cannot be had."""
        import torch

        self._device = _device(how, model.name)
        self.accelerated = self._device.type == "cuda"
        self.failures = (*Backend.failures, TypeError)
        self._half = _half(self._device) if how.half else None
        if not self.accelerated:
            self.lanes, each = how.side_by_side
            torch.set_num_threads(each)
        torch.backends.cudnn.benchmark = False  # no timing chooses how it computes
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
        self._module, told = _loaded(model, self._device)
        facts = _described(model, told, how)
        where = str(self._device) if self.accelerated else "CPU"
        word = str(self._half or "torch.float32").removeprefix("torch.")
        super().__init__(facts, f"torch {torch.__version__} {where} {word}", how)
        self.batch = facts.inputs[0].shape[0]
        zeros = np.zeros([side or 32 for side in facts.inputs[0].shape], np.float32)
        try:
            seen = self._infer(zeros)
        except self.failures as error:
            raise MissingError(f"{model.name} cannot be run", why=line(error)) from error
        outputs = tuple(
            Port(f"output{i}", str(array.dtype), tuple(array.shape)) for i, array in enumerate(seen)
        )
        self.facts = metadata.facts(model.name, facts.inputs, outputs, told, model.kind)

    def _infer(self, batch: Array) -> list[Array]:
        import torch

        with (
            torch.inference_mode(),
            torch.autocast(self._device.type, self._half, enabled=self._half is not None),
        ):
            given = self._module(torch.from_numpy(batch).to(self._device))
        return [_array(tensor) for tensor in _tensors(given)]


def has_cuda() -> bool:
    """Whether the installed PyTorch finds a CUDA device."""
    import torch

    return bool(torch.cuda.is_available())


def _device(how: How, name: str) -> torch.device:
    import torch

    if how.device.kind == "cpu" or (how.device.kind == "auto" and not has_cuda()):
        return torch.device("cpu")
    if how.device.index >= torch.cuda.device_count():
        count = torch.cuda.device_count()
        raise MissingError(
            f"there is no {how.device} for {name}",
            why=f"PyTorch finds {count or 'no'} CUDA device{'s' if count > 1 else ''}",
            remedy="use --device cpu",
        )
    return torch.device("cuda", how.device.index)


def _half(device: torch.device) -> torch.dtype:
    import torch

    if device.type == "cuda":
        return torch.float16
    if not torch.ops.mkldnn._is_mkldnn_bf16_supported():
        raise MissingError(
            "--half cannot be had",
            why="this processor does not compute in bfloat16",
            remedy="leave --half out",
        )
    return torch.bfloat16


def _loaded(model: ModelFile, device: torch.device) -> tuple[Any, dict[str, str]]:
    """The module in evaluation mode, and its metadata."""
    import torch

    if model.kind == "checkpoint":
        from cvkit.models import export

        module, told = export.load(model.graph)
        return module.to(device), told

    extra = {_CONFIG: ""}
    try:
        with hushed(), warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # TorchScript is to be given up, but files of it are there
            module = torch.jit.load(str(model.graph), map_location=device, _extra_files=extra)
            module.eval()
    except (RuntimeError, ValueError, OSError) as error:
        raise unloadable(model, error) from error
    return module, {**model.metadata, **_config(extra[_CONFIG])}


def _config(text: str | bytes) -> dict[str, str]:
    try:
        told = json.loads(text or "{}")
    except ValueError:
        return {}
    return metadata.from_json(told)


def _described(model: ModelFile, told: dict[str, str], how: How) -> Facts:
    """The input, which such a file does not tell: its metadata's, else the size asked for."""
    plain = metadata.facts(model.name, [], [], told, model.kind)
    batch = told.get("batch", "")
    free = "dynamic': True" in told.get("args", "")
    width, height = how.size or plain.imgsz or _USUAL
    fixed = int(batch) if batch.isdecimal() and batch != "0" else 1
    sides = (None, 3, None, None) if free else (fixed, 3, height, width)
    return metadata.facts(model.name, [Port("input", "float32", sides)], [], told, model.kind)


def _tensors(given: object) -> Iterator[torch.Tensor]:
    """Every tensor of what a module gave, in order."""
    import torch

    if isinstance(given, torch.Tensor):
        yield given
    elif isinstance(given, dict):
        for value in given.values():
            yield from _tensors(value)
    elif isinstance(given, list | tuple):
        for value in given:
            yield from _tensors(value)


def _array(tensor: torch.Tensor) -> Array:
    wide = tensor.float() if tensor.is_floating_point() else tensor
    array: Array = wide.cpu().numpy()
    return array
