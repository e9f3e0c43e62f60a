"""TFLite's own runtime, ai-edge-litert: the networks of phones and of MediaPipe."""

from __future__ import annotations

from threading import Lock
from typing import Any, ClassVar

import numpy as np

from cvkit.core.errors import MissingError
from cvkit.core.warp import Array
from cvkit.models.backends import metadata
from cvkit.models.backends.base import Backend, How, threads, unloadable
from cvkit.models.backends.formats import ModelFile
from cvkit.models.backends.hush import hushed
from cvkit.models.network import Port


class TfliteNetwork(Backend):
    """One interpreter, which can be run by one thread at a time.

    Whole numbers with a scale go in and out as they are stored: uint8 levels are the picture's,
    and quantised outputs are given as the float32 that they stand for.
    """

    title: ClassVar[str] = "TFLite"

    def __init__(self, model: ModelFile, how: How) -> None:
        """Raises MissingError where the file cannot be loaded, or not in this precision."""
        if how.half:
            raise MissingError("TFLite computes as the file says, so it has no --half")
        from importlib.metadata import version

        with hushed():
            from ai_edge_litert.interpreter import Interpreter

            try:
                self._interpreter = Interpreter(str(model.graph), num_threads=threads())
                self._sized(how)
                self._interpreter.allocate_tensors()
            except (RuntimeError, ValueError, OSError) as error:
                raise unloadable(model, error) from error
        self._lock = Lock()
        inputs = [_port(told, written=True) for told in self._interpreter.get_input_details()]
        outputs = [_port(told) for told in self._interpreter.get_output_details()]
        facts = metadata.facts(model.name, inputs, outputs, model.metadata, model.kind)
        kind = (
            "int8" if any(_scale(t) for t in self._interpreter.get_input_details()) else "float32"
        )
        super().__init__(facts, f"tflite {version('ai-edge-litert')} CPU {kind}", how)
        self.batch = 1

    def _sized(self, how: How) -> None:
        """A free input gets the size that was asked for; what is left free is one picture's."""
        (told, *_) = self._interpreter.get_input_details()
        sides = [int(side) for side in told["shape_signature"]]
        if len(sides) == 4 and min(sides) < 1:
            usual = how.size or (0, 0)
            asked = (1, usual[1], usual[0], 3)
            fitted = [s if s > 0 else a or 1 for s, a in zip(sides, asked, strict=True)]
            self._interpreter.resize_tensor_input(told["index"], fitted)

    def _infer(self, batch: Array) -> list[Array]:
        with self._lock:
            (told, *_) = self._interpreter.get_input_details()
            self._interpreter.set_tensor(told["index"], batch)
            self._interpreter.invoke()
            outputs = self._interpreter.get_output_details()
            return [self._read(told) for told in outputs]

    def _read(self, told: dict[str, Any]) -> Array:
        values: Array = self._interpreter.get_tensor(told["index"])
        if not _scale(told):
            return values
        scale, zero = told["quantization"]
        floats: Array = (values.astype(np.float32) - np.float32(zero)) * np.float32(scale)
        return floats


def _scale(told: dict[str, Any]) -> bool:
    return bool(told["quantization"][0]) and np.issubdtype(told["dtype"], np.integer)


def _port(told: dict[str, Any], *, written: bool = False) -> Port:
    kind = np.dtype(told["dtype"]).name if written or not _scale(told) else "float32"
    return Port(str(told["name"]), kind, tuple(int(side) for side in told["shape"]))
