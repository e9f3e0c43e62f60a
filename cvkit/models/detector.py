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
from cvkit.models.decode.choose import choose
from cvkit.models.decode.decoder import Decoder
from cvkit.models.entry import Entry, Tell
from cvkit.models.network import Network
from cvkit.models.prepare import Input
from cvkit.models.recipe import AS_THE_FILE_SAYS, Recipe
from cvkit.models.wanted import DEFAULTS, Usual, Wanted

Picture = NDArray[np.uint8]
"""(h, w, 3) BGR."""

Sharing = Literal["shared", "per_thread"]

BATCH = {"processor": 1, "accelerator": 16}
"""Pictures a run for networks of free batch. A fixed table, so that no timing decides; on a
processor single pictures side by side are faster than any batch."""
_TOGETHER = 8
"""Of many pictures of one size (tiles) the network is given so many; it runs them side by side."""


class Detector(Protocol):
    """Finds things in pictures.

    `sharing` says whether one may be used by several threads at once, `batch` how many pictures
    it likes at a time, `labels` what it can find, `ran_on` what really runs it, `usual` the limits
    where none are given.
    """

    @property
    def sharing(self) -> Sharing: ...
    @property
    def batch(self) -> int: ...
    @property
    def labels(self) -> tuple[str, ...]: ...
    @property
    def ran_on(self) -> str: ...
    @property
    def usual(self) -> Usual: ...

    def detect(self, images: Sequence[Picture], wanted: Wanted = ...) -> list[Objects]:
        """One Objects for each (h, w, 3) uint8 BGR picture, best first, in its own pixels.

        Boxes are cut to the picture; scores, classes and labels are always known.
        """


class NetworkDetector:
    """A network with its preprocessing and its decoder."""

    sharing: Sharing = "shared"

    def __init__(
        self, network: Network, recipe: Recipe = AS_THE_FILE_SAYS, tell: Tell = lambda text: None
    ) -> None:
        """`recipe` goes before what the file says; `tell` is told what the user should know.

        Raises ParameterError where the network's layout is not known, or the recipe does not fit.
        """
        facts = network.facts
        self._network = network
        entry = Entry.of(facts)
        size = entry.size(facts, recipe.size, tell)
        layout = choose(
            facts,
            size if entry.fixed else None,
            recipe.labels or facts.names,
            (size, lambda: network.run(entry.flat(size))),
            recipe.decoder,
        )
        self._decoder = Decoder.of(facts.file, layout, recipe.labels or facts.names)
        how = layout.preparation if recipe.prepare is None else recipe.prepare
        stride = None if entry.fixed else facts.stride
        self._input = Input(how, size, stride, entry.channels_last, entry.levels)
        self.labels, self.usual = self._decoder.labels, layout.usual
        self.ran_on = network.ran_on
        self.licence = facts.metadata.get("license", "").partition(" (")[0][:200]
        free = BATCH["accelerator" if network.accelerated else "processor"]
        self.batch: int = free if network.batch is None else network.batch

    def detect(self, images: Sequence[Picture], wanted: Wanted = DEFAULTS) -> list[Objects]:
        """See `Detector.detect`. Neighbours that have one size as input are run together."""
        warps = [self._input.warp(_size(image)) for image in images]
        found: list[Objects] = []
        for size, chunk in _chunks(warps, max(self.batch, _TOGETHER)):
            batch = self._input.tensor([warps[i].pixels(images[i]) for i in chunk])
            results = self._decoder.decode(self._network.run(batch), size, wanted)
            found += [_back(r, warps[i]) for r, i in zip(results, chunk, strict=True)]
        return found


def _chunks(warps: Sequence[Series], most: int) -> Iterator[tuple[Size, list[int]]]:
    """Runs of at most `most` neighbours whose input has one size."""
    for size, group in groupby(range(len(warps)), lambda i: warps[i].after):
        rows = list(group)
        yield from ((size, rows[i : i + most]) for i in range(0, len(rows), most))


def _back(found: Objects, warp: Series) -> Objects:
    """From the network's input to the picture, and cut to it."""
    moved = found.moved(warp.inverse())
    return replace(moved, grid=Grid.of(warp.before)).clipped()


def _size(image: Picture) -> Size:
    return (image.shape[1], image.shape[0])
