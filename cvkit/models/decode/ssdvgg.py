"""SSD on VGG (SSD300, SSD512) and OpenCV's face detector: BGR levels less their means.

Caffe's list is as in `ssd`. The means are VGG's, 104 117 123 (OpenCV's own sample feeds its face
detector with 104 177 123). PyTorch's exports have no list, but a row a prior:
[b, n, 4] moves of the prior's centre (by tenths of its sides) and sides (exponents, by fifths), and
[b, n, classes + 1] scores with the background first, which get the softmax where they need it.
SSD300 has 8,732 priors, SSD512 24,564.

Source: Liu et al. 2016; amdegroot/ssd.pytorch, `prior_box.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import ClassVar

import numpy as np

from cvkit.core.warp import Array, Size
from cvkit.models.decode.layout import Boxes, Candidates, Seen, corners, floats, scaled, softmax
from cvkit.models.decode.ssd import Ssd, is_on_vgg
from cvkit.models.prepare import Preparation
from cvkit.models.wanted import Usual

_VGG = Preparation("stretch", "bgr", scale=1.0, mean=(104.0, 117.0, 123.0))
_Level = tuple[int, float, float, float, tuple[int, ...]]
"""Cells a side, pixels a cell, the square prior's side, the next level's, and aspect ratios."""
_LEVELS: dict[int, tuple[_Level, ...]] = {
    300: (
        (38, 8, 30, 60, (2,)),
        (19, 16, 60, 111, (2, 3)),
        (10, 32, 111, 162, (2, 3)),
        (5, 64, 162, 213, (2, 3)),
        (3, 100, 213, 264, (2,)),
        (1, 300, 264, 315, (2,)),
    ),
    512: (
        (64, 8, 35.84, 76.8, (2,)),
        (32, 16, 76.8, 153.6, (2, 3)),
        (16, 32, 153.6, 230.4, (2, 3)),
        (8, 64, 230.4, 307.2, (2, 3)),
        (4, 128, 307.2, 384, (2, 3)),
        (2, 256, 384, 460.8, (2,)),
        (1, 512, 460.8, 537.6, (2,)),
    ),
}
_CENTRE, _SIDES = 0.1, 0.2


@dataclass(frozen=True, slots=True)
class Prior:
    """Rows of moves and of scores; `odds` where these are already 0–1."""

    moves: int
    scores: int
    classes: int
    odds: bool
    preparation: Preparation = _VGG
    first: int = 1
    overlap: bool = True
    usual: ClassVar[Usual] = Usual(0.5, 0.45)
    sparse: ClassVar[bool] = False

    def candidates(self, outputs: Sequence[Array], size: Size, score: float) -> list[Candidates]:
        moves, scores = floats(outputs[self.moves]), floats(outputs[self.scores])
        places = priors(size[0])
        if moves.shape[1:] != places.shape or scores.shape[2] != self.classes + 1:
            raise ValueError(f"it has not {len(places)} priors")
        odds = scores if self.odds else softmax(scores)
        return [_picture(m, o, places, size, score) for m, o in zip(moves, odds, strict=True)]


def _picture(moves: Array, odds: Array, places: Boxes, size: Size, score: float) -> Candidates:
    best = odds[:, 1:].max(1)
    rows = np.flatnonzero(best > score)
    moves, places = moves[rows], places[rows]
    centre = places[:, :2] + moves[:, :2] * _CENTRE * places[:, 2:]
    sides = places[:, 2:] * np.exp(moves[:, 2:] * _SIDES)
    boxes = scaled(corners(np.concatenate([centre, sides], 1)), size)
    return Candidates(boxes, best[rows], odds[rows, 1:].argmax(1) + 1)


@cache
def priors(side: int) -> Boxes:
    """(n, 4) float32 centre and sides as shares of the input, for a side of 300 or 512."""
    levels = []
    for cells, step, own, following, ratios in _LEVELS[side]:
        sides = [(own, own), ((own * following) ** 0.5,) * 2]
        for ratio in ratios:
            long, short = own * ratio**0.5, own / ratio**0.5
            sides += [(long, short), (short, long)]
        y, x = (np.mgrid[:cells, :cells] + 0.5) * step
        centres = np.repeat(np.stack([x, y], -1).reshape(-1, 1, 2), len(sides), 1)
        shapes = np.broadcast_to(np.array(sides), centres.shape)
        levels.append(np.concatenate([centres, shapes], -1).reshape(-1, 4))
    return np.clip(np.concatenate(levels) / side, 0, 1).astype(np.float32)


def read(seen: Seen) -> Ssd | Prior | str:
    if len(seen.shapes) == 2:
        return _rows(seen)
    if len(seen.shapes) != 1 or len(seen.shapes[0]) != 4 or seen.shapes[0][3] != 7:
        return "it is neither one list of seven columns nor a row a prior"
    if not seen.named and (seen.facts.format != "caffe" or is_on_vgg(seen) is False):
        return "it is not one on VGG"
    return Ssd(_VGG)


def _rows(seen: Seen) -> Prior | str:
    if seen.size is None or seen.size[0] not in _LEVELS or seen.size[0] != seen.size[1]:
        return "its input is neither 300 by 300 nor 512 by 512"
    n = len(priors(seen.size[0]))
    tables = [i for i, shape in enumerate(seen.shapes) if len(shape) == 3 and shape[1] == n]
    moves = [i for i in tables if seen.shapes[i][2] == 4]
    if len(tables) != 2 or len(moves) != 1:
        return f"it has not two tables of {n} priors"
    (scores,) = set(tables) - set(moves)
    columns = seen.shapes[scores][2]
    if columns is None or seen.outputs is None:
        return "whether its scores are 0 to 1 only a run shows"
    classes = seen.count(columns, 1)
    if isinstance(classes, str):
        return classes
    table = seen.outputs[scores]
    odds = bool((table >= 0).all() and np.allclose(table.sum(-1), 1, atol=1e-3))
    return Prior(moves[0], scores, classes, odds)
