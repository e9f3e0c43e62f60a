"""OpenCV's own networks: Darknet, Caffe, TensorFlow, TFLite and plain ONNX files.

It tells little of a network's ports: what the file says is kept, the rest is seen by a run over a
picture of zeros. One picture at a time: its graphs are built for the shape that they first see, and
on a processor a batch gains nothing.
"""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from threading import Lock

import cv2
import numpy as np

from cvkit.core.errors import MissingError
from cvkit.core.warp import Array
from cvkit.models.backends import described
from cvkit.models.backends.base import Backend, How, line, says_nothing, threads, unloadable
from cvkit.models.backends.formats import Kind, ModelFile, damaged
from cvkit.models.backends.hush import hushed
from cvkit.models.network import Port


class OpencvNetwork(Backend):
    """One `cv2.dnn.Net`, which can be run by one thread at a time."""

    title = "OpenCV DNN"
    failures = (cv2.error, MemoryError)
    batch = 1

    def __init__(self, model: ModelFile, how: How) -> None:
        """Raises MissingError where the file cannot be loaded, or not for this device."""
        if how.half:
            raise MissingError("OpenCV DNN computes in float32 only", remedy="leave --half out")
        facts = described.facts(model, how.size)
        _survives(model, facts.inputs[0])
        try:
            with hushed():
                self._net = _read(model)
                self._net.setPreferableBackend(cv2.dnn.DNN_BACKEND_OPENCV)
                self._net.setPreferableTarget(cv2.dnn.DNN_TARGET_CPU)
                self._outputs = self._net.getUnconnectedOutLayersNames()
        except cv2.error as error:
            raise unloadable(model, error) from error
        if not self._outputs:
            raise damaged(model.graph, "it holds no network")
        if model.kind == "darknet" and model.weights is not None:
            _check_whole(self._net, model.weights)
        self._lock = Lock()
        told = tuple(port.name for port in facts.outputs)
        if sorted(told) == sorted(self._outputs):  # OpenCV gives them by the alphabet
            self._outputs = told
        super().__init__(facts, f"opencv {cv2.__version__} CPU float32", how)
        if len(facts.outputs) != len(self._outputs) or not all(p.shape for p in facts.outputs):
            self.facts = replace(facts, outputs=tuple(self._seen(model)))

    def _seen(self, model: ModelFile) -> list[Port]:
        """The outputs of a run over zeros; sides that follow the input's are what they are then."""
        sides = tuple(side or 1 for side in self._entry.shape)
        try:
            with hushed():
                outputs = self._infer(np.zeros(sides, self._entry.dtype))
        except cv2.error as error:
            why = line(error)
            if says_nothing(why):
                raise unloadable(model, error) from error
            unknown = "Can't create layer" in why
            raise MissingError(
                f"{model.name} cannot be run on {self._entry}",
                why=why,
                remedy="" if unknown else "give the size of its input with --imgsz",
            ) from error
        named = zip(self._outputs, outputs, strict=True)
        return [Port(name, str(output.dtype), output.shape) for name, output in named]

    def _infer(self, batch: Array) -> list[Array]:
        with self._lock:
            before = cv2.getNumThreads()
            cv2.setNumThreads(threads())  # one elsewhere in cvkit, whose threads have a frame each
            try:
                self._net.setInput(batch)
                outputs: Sequence[Array] = self._net.forward(self._outputs)
            finally:
                cv2.setNumThreads(before)
        if self.facts.format != "darknet":
            return list(outputs)
        # Its last layers leave the picture's axis out.
        return [output[None] if output.ndim == 2 else output for output in outputs]


_STORED = ("Convolution", "BatchNorm", "InnerProduct")
"""Layers whose numbers lie in Darknet's file of weights."""


def _check_whole(net: cv2.dnn.Net, weights: Path) -> None:
    """OpenCV reads past the end of Darknet's weights without a word. Raises MissingError."""
    layers = (net.getLayer(net.getLayerId(name)) for name in net.getLayerNames())
    values = sum(blob.size for one in layers if one.type in _STORED for blob in one.blobs)
    with weights.open("rb") as file:
        version = file.read(8).ljust(8, b"\0")
    major, minor = struct.unpack("<ii", version)
    header = 20 if major * 10 + minor >= 2 else 16  # since 0.2 it counts pictures in 64 bits
    size, wanted = weights.stat().st_size, header + 4 * values
    if size < wanted:
        why = f"it has {size:,} bytes, and the network that its .cfg describes needs {wanted:,}"
        raise damaged(weights, why)


def _survives(model: ModelFile, entry: Port) -> None:
    """OpenCV's readers do not check what a file says of itself: one that is damaged may end the
    process. So a child reads and runs it first. Raises MissingError where that child died."""
    told = [model.kind, str(model.graph), str(model.weights or ""), entry.dtype]
    told += [str(side or 1) for side in entry.shape]
    code = f"import sys; from {__name__} import tried; tried(*sys.argv[1:])"
    done = subprocess.run(
        [sys.executable, "-c", code, *told],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    if done.returncode < 0:
        raise damaged(model.graph, "it is damaged, and would crash OpenCV")


def tried(kind: Kind, graph: str, weights: str, dtype: str, *sides: str) -> None:
    """In a child: read and run a network once; errors are the parent's to find."""
    model = ModelFile(kind, "", Path(graph), Path(weights) if weights else None)
    with suppress(cv2.error):
        net = _read(model)
        net.setInput(np.zeros([int(side) for side in sides], dtype))
        net.forward(net.getUnconnectedOutLayersNames())


def _read(model: ModelFile) -> cv2.dnn.Net:
    graph, weights = str(model.graph), str(model.weights or "")
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    match model.kind:
        case "onnx":
            return cv2.dnn.readNetFromONNX(graph)
        case "darknet":
            return cv2.dnn.readNetFromDarknet(graph, weights)
        case "caffe":
            return cv2.dnn.readNetFromCaffe(graph, weights)
        case "tflite":
            return cv2.dnn.readNetFromTFLite(graph)
        case _:
            return cv2.dnn.readNetFromTensorflow(graph, weights)
