"""Detectors: what finds things in pictures, whatever it is made of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from cvkit.core.grid import Grid
from cvkit.core.objects import Objects
from cvkit.core.warp import Series, Size
from cvkit.models.decode.yolov8 import Yolov8
from cvkit.models.letterbox import Letterbox, tensor
from cvkit.models.network import Network
from cvkit.models.wanted import DEFAULTS, Wanted

Picture = NDArray[np.uint8]
"""(h, w, 3) BGR."""

Sharing = Literal["shared", "per_thread"]

BATCH = {"processor": 4, "accelerator": 16}
"""Pictures a run for networks of free batch. A fixed table, so that no timing decides."""

_DEFAULT_SIDE = 640


class Detector(Protocol):
    """Finds things in pictures.

    `sharing` says whether one may be used by several threads at once, `batch` how many pictures
    it likes at a time, `labels` what it can find, `ran_on` what really runs it.
    """

    @property
    def sharing(self) -> Sharing: ...
    @property
    def batch(self) -> int: ...
    @property
    def labels(self) -> tuple[str, ...]: ...
    @property
    def ran_on(self) -> str: ...

    def detect(self, images: Sequence[Picture], wanted: Wanted = ...) -> list[Objects]:
        """One Objects for each (h, w, 3) uint8 BGR picture, best first, in its own pixels.

        Boxes are cut to the picture; scores, classes and labels are always known.
        """


class NetworkDetector:
    """A network with its preprocessing and its decoder."""

    sharing: Sharing = "shared"

    def __init__(self, network: Network) -> None:
        """Raises ParameterError where the network's layout is not known."""
        facts = network.facts
        self._network = network
        self._decoder = Yolov8.of(facts)
        self._letterbox = _letterbox(network)
        self.labels = self._decoder.names
        self.ran_on = network.ran_on
        free = BATCH["accelerator" if network.accelerated else "processor"]
        self.batch: int = free if network.batch is None else network.batch

    def detect(self, images: Sequence[Picture], wanted: Wanted = DEFAULTS) -> list[Objects]:
        """See `Detector.detect`. Neighbours that have one size as input are run together."""
        warps = [self._letterbox.warp(_size(image)) for image in images]
        found: list[Objects] = []
        for size, chunk in _chunks(warps, self.batch):
            outputs = self._network.run(tensor([warps[i].pixels(images[i]) for i in chunk]))
            results = self._decoder.decode(outputs, size, wanted)
            found += [_back(r, warps[i]) for r, i in zip(results, chunk, strict=True)]
        return found


def _chunks(warps: Sequence[Series], most: int) -> Iterator[tuple[Size, list[int]]]:
    """Runs of at most `most` neighbours whose input has one size."""
    for size, group in groupby(range(len(warps)), lambda i: warps[i].after):
        rows = list(group)
        yield from ((size, rows[i : i + most]) for i in range(0, len(rows), most))


def _back(found: Objects, warp: Series) -> Objects:
    """From the network's input to the picture; undoing the border cuts to the picture."""
    return replace(found.moved(warp.inverse()), grid=Grid.of(warp.before))


def _size(image: Picture) -> Size:
    return (image.shape[1], image.shape[0])


def _letterbox(network: Network) -> Letterbox:
    """A square of 640, or the size in the metadata, where the network leaves its size free."""
    facts = network.facts
    height, width = facts.inputs[0].shape[2:]
    usual = facts.imgsz or (_DEFAULT_SIDE, _DEFAULT_SIDE)
    stride = facts.stride if width is None and height is None else None
    return Letterbox((width or usual[0], height or usual[1]), stride)
