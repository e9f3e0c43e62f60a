"""A network as its file describes it, and the one small interface behind which every backend is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from cvkit.core.warp import Array


@dataclass(frozen=True, slots=True)
class Port:
    """An input or output: its name, its element type, its shape with None where it is free."""

    name: str
    dtype: str
    shape: tuple[int | None, ...]

    def __str__(self) -> str:
        sides = "×".join("?" if side is None else str(side) for side in self.shape)
        return f"{self.name} [{sides}] {self.dtype}"


@dataclass(frozen=True, slots=True)
class Facts:
    """What a network's file says of itself.

    `file` is its name for messages, `names` its labels in class order (empty: not told), `task`
    and `stride` as its metadata has them (empty, 32 where it has none), `imgsz` (width, height),
    `format` the kind of file: onnx, openvino, darknet, caffe, tensorflow, tflite, torchscript, ….
    """

    file: str
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    task: str = ""
    names: tuple[str, ...] = ()
    stride: int = 32
    imgsz: tuple[int, int] | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    format: str = "onnx"

    def ports(self) -> str:
        """Every input and output in words, for errors that list what was seen."""
        ins = ", ".join(str(port) for port in self.inputs)
        outs = ", ".join(str(port) for port in self.outputs)
        return f"input {ins}; output {outs}"


class Network(Protocol):
    """A network that is loaded and can be run, from any thread."""

    @property
    def facts(self) -> Facts: ...
    @property
    def ran_on(self) -> str:
        """What really runs it: backend, version, provider and precision."""

    @property
    def batch(self) -> int | None:
        """How many pictures one run takes, exactly; None where any number will do."""

    @property
    def accelerated(self) -> bool:
        """Whether it runs on something other than the processor."""

    def run(self, batch: Array) -> list[Array]:
        """The outputs for one input tensor of the layout and type, in the order of its facts.

        Where the batch is fixed, the first side may be any number: it is run in parts of that
        size, the last one filled up with zeros, whose outputs are dropped.
        """


def element(name: str) -> np.dtype[np.generic]:
    """numpy's type for a Port's dtype; raises TypeError where numpy has none (bfloat16)."""
    return np.dtype(name)
