"""Every layout gives back the boxes that were placed in its outputs, and is recognised by them.

The mathematics here is the inverse of what each family's own code does with its outputs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest
from numpy.typing import NDArray

from cvkit.core.objects import Objects
from cvkit.models.decode.choose import NAMES, choose
from cvkit.models.decode.decoder import Decoder
from cvkit.models.network import Facts, Port
from cvkit.models.wanted import Wanted

Floats = NDArray[np.float32]
Thing = tuple[float, float, float, float, float, int]
"""x1 y1 x2 y2 in pixels of the input, score, class."""

SIZE = (320, 320)
THINGS: list[Thing] = [
    (40, 60, 140, 260, 0.9, 3),
    (150.5, 30, 300, 120.25, 0.6, 0),
    (200, 200, 260, 300, 0.3, 4),
]
FAINT: Thing = (10, 10, 50, 50, 0.1, 1)
WORDS = ("cat", "dog", "cow", "hen", "pig")


@dataclass
class Placed:
    """A network's outputs with things in them, and what its file would say."""

    outputs: list[Floats]
    ports: Sequence[str] = ()
    names: tuple[str, ...] = WORDS
    size: tuple[int, int] = SIZE
    format: str = "onnx"
    metadata: Mapping[str, str] = field(default_factory=dict)
    tolerance: float = 0.02

    def facts(self) -> Facts:
        names = [*self.ports, *(f"output{i}" for i in range(len(self.ports), len(self.outputs)))]
        outs = (Port(n, "float32", o.shape) for n, o in zip(names, self.outputs, strict=True))
        entry = Port("images", "float32", (1, 3, self.size[1], self.size[0]))
        return Facts("m", (entry,), tuple(outs), metadata=self.metadata, format=self.format)

    def decoder(self, name: str | None = None) -> Decoder:
        layout = choose(self.facts(), self.size, self.names, (self.size, self.run), name)
        return Decoder.of("m", layout, self.names)

    def run(self) -> list[Floats]:
        return self.outputs

    def found(self, wanted: Wanted, name: str | None = None) -> Objects:
        (found,) = self.decoder(name).decode(self.outputs, self.size, wanted)
        return found


def centred(things: Sequence[Thing]) -> Floats:
    """(n, 4) centre and sides."""
    x1, y1, x2, y2 = np.array([t[:4] for t in things], np.float32).T
    return np.stack([(x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1], 1)


def logit(p: float | Floats) -> Floats:
    return np.log(np.asarray(p, np.float32) / (1 - np.asarray(p, np.float32)))


def cells(strides: Sequence[int], size: tuple[int, int] = SIZE) -> Floats:
    """(n, 3) column, row and stride of every cell."""
    rows = [
        (x, y, stride)
        for stride in strides
        for y in range(-(-size[1] // stride))
        for x in range(-(-size[0] // stride))
    ]
    return np.array(rows, np.float32)


def nearest(grid: Floats, thing: Thing, stride: int) -> int:
    """The cell of this stride in which the thing's centre is."""
    cx, cy, *_ = centred([thing])[0]
    at = (grid[:, 2] == stride) & (grid[:, 0] == cx // stride) & (grid[:, 1] == cy // stride)
    return int(np.flatnonzero(at)[0])


def yolov8(things: Sequence[Thing]) -> Placed:
    table = np.zeros((1, 4 + len(WORDS), 2100), np.float32)
    table[0, :4] = np.random.default_rng(0).uniform(1, 320, (4, 2100))
    for i, (thing, box) in enumerate(zip(things, centred(things), strict=True)):
        table[0, :4, 7 * i] = box
        table[0, 4 + thing[5], 7 * i] = thing[4]
    return Placed([table])


def yolov8_turned(things: Sequence[Thing]) -> Placed:
    return Placed([yolov8(things).outputs[0].transpose(0, 2, 1)])


def yolov8_shares(things: Sequence[Thing]) -> Placed:
    placed = yolov8(things)
    placed.outputs[0][:, :4] /= 320
    placed.format = "tflite"
    return placed


def yolov5(things: Sequence[Thing], each: int = 3) -> Placed:
    table = np.full((1, 2100 * each, 5 + len(WORDS)), 0.01, np.float32)
    for i, (thing, box) in enumerate(zip(things, centred(things), strict=True)):
        table[0, 7 * i] = [*box, 0.95, *[0.02] * 5]
        table[0, 7 * i, 5 + thing[5]] = thing[4] / 0.95
    return Placed([table])


def yolov5_with_heads(things: Sequence[Thing]) -> Placed:
    heads = [np.zeros((1, 3, s, s, 10), np.float32) for s in (40, 20, 10)]
    return Placed([*yolov5(things).outputs, *heads])


def yolov6(things: Sequence[Thing]) -> Placed:
    table = yolov5(things, 1).outputs[0]
    table[..., 5:] *= table[..., 4:5]
    table[..., 4] = 1
    return Placed([table])


def yolox(things: Sequence[Thing], *, raw: bool = True, p6: bool = False) -> Placed:
    strides = (8, 16, 32, 64) if p6 else (8, 16, 32)
    grid = cells(strides)
    random = np.random.default_rng(0)
    table = random.uniform(-1, 2, (1, len(grid), 5 + len(WORDS))).astype(np.float32)
    table[..., 4:] = 0.001
    for thing, box, stride in zip(things, centred(things), (8, 32, 16, 16), strict=False):
        row = nearest(grid, thing, stride)
        table[0, row, :2] = box[:2] / stride - grid[row, :2]
        table[0, row, 2:4] = np.log(box[2:] / stride)
        table[0, row, 4] = 0.95
        table[0, row, 5 + thing[5]] = thing[4] / 0.95
    if not raw:
        table[0, :, :2] = (table[0, :, :2] + grid[:, :2]) * grid[:, 2:]
        table[0, :, 2:4] = np.exp(table[0, :, 2:4]) * grid[:, 2:]
    return Placed([table])


def fastestdet(things: Sequence[Thing]) -> Placed:
    maps = np.zeros((1, 5 + len(WORDS), 20, 20), np.float32)
    for thing, box in zip(things, centred(things), strict=True):
        x, y = (int(c) // 16 for c in box[:2])
        share = box / 320
        inside = share[:2] * 20 - (x, y)
        maps[0, 5 + thing[5], y, x] = 0.8
        maps[0, :5, y, x] = [
            (thing[4] / 0.8**0.4) ** (1 / 0.6), *np.arctanh(inside), *logit(share[2:]),
        ]  # fmt: skip
    return Placed([maps])


def nanodet(
    things: Sequence[Thing],
    *,
    plus: bool = True,
    apart: bool = False,
    bins: int = 8,
) -> Placed:
    strides = (8, 16, 32, 64) if plus else (8, 16, 32)
    grid = cells(strides)
    table = np.random.default_rng(0).normal(0, 1, (1, len(grid), 5 + 4 * bins)).astype(np.float32)
    table[..., :5] = 0.01
    for thing in things:
        row = nearest(grid, thing, 32)
        centre = (grid[row, :2] + (0 if plus else 0.5)) * 32
        sides = np.abs(np.array(thing[:4]) - [*centre, *centre]) / 32
        low = np.floor(sides).astype(int)
        odds = np.full((4, bins), 1e-9)
        odds[range(4), low] = 1 - (sides - low)
        odds[range(4), low + 1] += sides - low
        table[0, row, thing[5]] = thing[4]
        table[0, row, 5:] = np.log(odds).reshape(-1)
    if not apart:
        return Placed([table])
    ends = np.flatnonzero(np.diff(grid[:, 2])) + 1
    levels = np.split(table, ends, 1)
    return Placed([part for level in levels for part in (level[..., :5], level[..., 5:])])


def end2end(things: Sequence[Thing]) -> Placed:
    table = np.zeros((1, 300, 6), np.float32)
    table[0, : len(things)] = things
    return Placed([table])


def yolov7_end2end(things: Sequence[Thing]) -> Placed:
    return Placed([np.array([[0, *t[:4], t[5], t[4]] for t in things], np.float32).reshape(-1, 7)])


def efficient_nms(things: Sequence[Thing]) -> Placed:
    rows = np.array([*things, (0, 0, 320, 320, 0.99, 2)], np.float32)  # past the count: left over
    outputs = [
        np.array([[len(things)]], np.float32),
        rows[None, :, :4],
        rows[None, :, 4],
        rows[None, :, 5],
    ]
    return Placed(outputs, ("num_dets", "det_boxes", "det_scores", "det_classes"))


def rtdetr(things: Sequence[Thing]) -> Placed:
    table = np.full((1, 300, 4 + len(WORDS)), 0.01, np.float32)
    for i, (thing, box) in enumerate(zip(things, centred(things), strict=True)):
        table[0, 5 * i, :4] = box / 320
        table[0, 5 * i, 4 + thing[5]] = thing[4]
    return Placed([table])


def rtdetr_finished(things: Sequence[Thing]) -> Placed:
    table = np.full((1, 300, 6), 0.01, np.float32)
    table[..., 5] = 2
    for i, (thing, box) in enumerate(zip(things, centred(things), strict=True)):
        table[0, 5 * i] = [*(box / 320), *thing[4:]]
    return Placed([table])


def queries(things: Sequence[Thing], columns: int, shift: int) -> tuple[Floats, Floats]:
    """Boxes as shares, and logits whose sigmoid is the score."""
    boxes = np.full((1, 100, 4), 0.5, np.float32)
    logits = np.full((1, 100, columns), -9, np.float32)
    for i, (thing, box) in enumerate(zip(things, centred(things), strict=True)):
        boxes[0, 3 * i] = box / 320
        logits[0, 3 * i, shift + thing[5]] = logit(thing[4])
    return boxes, logits


def rtdetr_two_tables(things: Sequence[Thing]) -> Placed:
    boxes, logits = queries(things, 5, 0)
    return Placed([logits, boxes], ("logits", "pred_boxes"))


def rfdetr(things: Sequence[Thing]) -> Placed:
    return Placed(list(queries(things, 5, 0)), ("dets", "labels"))


def detr(things: Sequence[Thing]) -> Placed:
    boxes, logits = queries(things, 6, 0)
    logits[..., 5] = 9  # no object
    for i, thing in enumerate(things):
        logits[0, 3 * i] = -30
        logits[0, 3 * i, thing[5]] = np.log(thing[4])
        logits[0, 3 * i, 5] = np.log(1 - thing[4])
    return Placed([logits, boxes], ("logits", "pred_boxes"))


def darknet(things: Sequence[Thing]) -> Placed:
    layers = [np.zeros((1, n, 5 + len(WORDS)), np.float32) for n in (300, 1200)]
    for i, (thing, box) in enumerate(zip(things, centred(things), strict=True)):
        row = layers[i % 2][0, 11 * i]
        row[:4], row[4], row[5 + thing[5]] = box / 320, thing[4] + 0.01, thing[4]
    return Placed(layers, format="darknet")


def yolov1(things: Sequence[Thing]) -> Placed:
    """B = 2, S = 7: classes of all cells, objectnesses of all cells, boxes of all cells."""
    classes, objects = np.zeros((49, 5), np.float32), np.zeros((49, 2), np.float32)
    boxes = np.zeros((49, 2, 4), np.float32)
    for i, (thing, box) in enumerate(zip(things, centred(things), strict=True)):
        x, y = (int(c) // 64 for c in box[:2])
        cell, which = y * 7 + x, i % 2
        classes[cell, thing[5]] = 0.95
        objects[cell, which] = thing[4] / 0.95
        boxes[cell, which] = [*(box[:2] / 64 - (x, y)), *np.sqrt(box[2:] / 448)]
    flat = np.concatenate([classes.reshape(-1), objects.reshape(-1), boxes.reshape(-1)])
    return Placed([flat[None]], size=(448, 448))


def yolofastest(things: Sequence[Thing]) -> Placed:
    anchors = [(12.64, 19.39), (37.88, 51.48), (55.71, 138.31)]
    anchors += [(126.91, 78.23), (131.57, 214.55), (279.92, 258.87)]
    maps = [np.zeros((1, 352 // s, 352 // s, 15 + len(WORDS)), np.float32) for s in (16, 32)]
    for thing, box, anchor in zip(things, centred(things), (4, 3, 2, 1), strict=False):
        level, own = divmod(anchor, 3)
        stride = (16, 32)[level]
        x, y = (int(c) // stride for c in box[:2])
        row = maps[level][0, y, x]
        row[4 * own : 4 * own + 2] = (box[:2] / stride - (x, y) + 0.5) / 2
        row[4 * own + 2 : 4 * own + 4] = np.sqrt(box[2:] / anchors[anchor]) / 2
        row[12 + own], row[15 + thing[5]] = 0.95, thing[4] / 0.95
    return Placed(maps, size=(352, 352))


def ssd(things: Sequence[Thing]) -> Placed:
    rows = [[0, t[5] + 1, t[4], *(np.array(t[:4]) / 320)] for t in things]
    output = np.array(rows, np.float32).reshape(1, 1, -1, 7)
    return Placed([output], format="caffe", metadata={"layers": "conv1 conv1/dw mbox"})


def ssdvgg(things: Sequence[Thing]) -> Placed:
    placed = ssd(things)
    placed.metadata = {"layers": "conv4_3 conv4_3_norm"}
    return placed


def ssd300(things: Sequence[Thing], *, odds: bool = True) -> Placed:
    """A row a prior; priors 4·38² + 6·19² + … of the level of 32 pixels a cell, the square one."""
    scores = np.full((1, 8732, 6), 0.001, np.float32)
    scores[..., 0] = 0.995
    moves = np.zeros((1, 8732, 4), np.float32)
    for thing, box in zip(things, centred(things), strict=True):
        x, y = (int(c) // 32 for c in box[:2])
        row = 4 * 38**2 + 6 * 19**2 + 6 * (10 * y + x)
        moves[0, row, :2] = (box[:2] - (np.array([x, y]) + 0.5) * 32) / 111 / 0.1
        moves[0, row, 2:] = np.log(box[2:] / 111) / 0.2
        scores[0, row] = 0
        scores[0, row, [0, thing[5] + 1]] = 1 - thing[4], thing[4]
    return Placed([moves, scores if odds else np.log(scores + 1e-9)], size=(300, 300))


def tensorflow(things: Sequence[Thing], first: int = 1) -> Placed:
    boxes = np.array([[t[1], t[0], t[3], t[2]] for t in things], np.float32)[None] / np.float32(320)
    numbers = np.array([[t[5] + first for t in things]], np.float32)
    scores = np.array([[t[4] for t in things]], np.float32)
    ports = ("detection_boxes:0", "detection_classes:0", "detection_scores:0", "num_detections:0")
    return Placed([boxes, numbers, scores, np.full(1, len(things), np.float32)], ports)


def tflite(things: Sequence[Thing], order: Sequence[int] = (0, 1, 2, 3)) -> Placed:
    outputs = tensorflow(things, 0).outputs
    ports = [f"StatefulPartitionedCall:{i}" for i in range(4)]
    return Placed([outputs[i] for i in order], ports, format="tflite")


def efficientdet_list(things: Sequence[Thing]) -> Placed:
    rows = [[0, t[1], t[0], t[3], t[2], t[4], t[5] + 1] for t in things]
    return Placed([np.array([rows], np.float32)], ("detections",))


def efficientdet(things: Sequence[Thing], *, sigmoided: bool = True) -> Placed:
    count = 9 * (40**2 + 20**2 + 10**2 + 5**2 + 3**2)
    scores = np.full((1, count, 5), 0.001, np.float32)
    deltas = np.zeros((1, count, 4), np.float32)
    ratios = ((1.0, 1.0), (1.4, 0.7), (0.7, 1.4))
    for thing, box, number in zip(things, centred(things), (0, 5, 7, 8), strict=False):
        x, y = (int(c) // 32 for c in box[:2])
        row = 9 * (40**2 + 20**2) + 9 * (10 * y + x) + number
        base = 4 * 32 * 2 ** (number // 3 / 3)
        width, height = (base * r for r in ratios[number % 3])
        deltas[0, row] = [
            (box[1] - (y + 0.5) * 32) / height,
            (box[0] - (x + 0.5) * 32) / width,
            np.log(box[3] / height),
            np.log(box[2] / width),
        ]
        scores[0, row, thing[5]] = thing[4]
    return Placed([deltas, scores if sigmoided else logit(scores)])


def keyworded(build: Callable[..., Placed], **more: object) -> Callable[[Sequence[Thing]], Placed]:
    return lambda things: build(things, **more)


BUILDERS: list[tuple[str, str, Callable[[Sequence[Thing]], Placed]]] = [
    ("yolov8", "yolov8", yolov8),
    ("yolov8 turned", "yolov8", yolov8_turned),
    ("yolov8 tflite", "yolov8", yolov8_shares),
    ("yolov5", "yolov5", yolov5),
    ("yolov5 with raw heads", "yolov5", yolov5_with_heads),
    ("yolov6", "yolov5", yolov6),
    ("yolox", "yolox", yolox),
    ("yolox decoded", "yolox", keyworded(yolox, raw=False)),
    ("yolox p6", "yolox", keyworded(yolox, p6=True)),
    ("fastestdet", "fastestdet", fastestdet),
    ("nanodet plus", "nanodet", nanodet),
    ("nanodet", "nanodet", keyworded(nanodet, plus=False)),
    ("nanodet apart", "nanodet", keyworded(nanodet, plus=False, apart=True)),
    ("nanodet plus apart", "nanodet", keyworded(nanodet, apart=True)),
    ("nanodet reg_max 10", "nanodet", keyworded(nanodet, bins=11)),
    ("end2end", "end2end", end2end),
    ("yolov7 end2end", "end2end", yolov7_end2end),
    ("efficient nms", "end2end", efficient_nms),
    ("rtdetr", "rtdetr", rtdetr),
    ("rtdetr of ultralytics 8.4", "rtdetr", rtdetr_finished),
    ("rtdetr two tables", "rtdetr", rtdetr_two_tables),
    ("rfdetr", "rfdetr", rfdetr),
    ("detr", "detr", detr),
    ("darknet", "darknet", darknet),
    ("yolov1", "yolov1", yolov1),
    ("yolofastest", "yolofastest", yolofastest),
    ("ssd", "ssd", ssd),
    ("ssdvgg", "ssdvgg", ssdvgg),
    ("ssd300", "ssdvgg", ssd300),
    ("ssd300 without softmax", "ssdvgg", keyworded(ssd300, odds=False)),
    ("tensorflow", "ssd", tensorflow),
    ("tflite", "ssd", tflite),
    ("tflite 2", "ssd", keyworded(tflite, order=(2, 0, 3, 1))),
    ("efficientdet list", "efficientdet", efficientdet_list),
    ("efficientdet", "efficientdet", efficientdet),
    ("efficientdet logits", "efficientdet", keyworded(efficientdet, sigmoided=False)),
]
each_layout = pytest.mark.parametrize(
    ("layout", "build"), [b[1:] for b in BUILDERS], ids=[b[0] for b in BUILDERS]
)


def test_every_layout_is_tried() -> None:
    assert {layout for _, layout, _ in BUILDERS} == set(NAMES)


@each_layout
def test_what_was_placed_is_found(layout: str, build: Callable[[Sequence[Thing]], Placed]) -> None:
    placed = build([*THINGS, FAINT])
    found = placed.found(Wanted(score=0.25))
    assert found.labels == ("hen", "cat", "pig")
    assert found.classes is not None
    assert found.scores is not None
    assert found.classes.tolist() == [3, 0, 4]
    np.testing.assert_allclose(found.scores, [0.9, 0.6, 0.3], atol=1e-4)
    np.testing.assert_allclose(found.boxes, [t[:4] for t in THINGS], atol=placed.tolerance)
    assert found.boxes.dtype == np.float32
    assert len(placed.found(Wanted(score=0.05))) == 4
    named = placed.found(Wanted(score=0.25), layout)
    np.testing.assert_array_equal(named.boxes, found.boxes)


@each_layout
def test_the_layout_is_recognised_and_no_other(
    layout: str, build: Callable[[Sequence[Thing]], Placed]
) -> None:
    placed = build([*THINGS, FAINT])
    chosen = placed.decoder().layout
    assert type(chosen).__module__.rpartition(".")[2] in (layout, "ssd")
    assert chosen == placed.decoder(layout).layout


@each_layout
def test_nothing_is_found_where_nothing_scores(
    layout: str, build: Callable[[Sequence[Thing]], Placed]
) -> None:
    decoder = build(THINGS).decoder()
    empty = build([FAINT]).outputs
    (found,) = decoder.decode(empty, build(THINGS).size, Wanted(score=0.5))
    assert len(found) == 0
    assert found.labels == ()


@each_layout
def test_what_is_wanted_counts_for_every_layout(
    layout: str, build: Callable[[Sequence[Thing]], Placed]
) -> None:
    placed = build(THINGS)
    assert placed.found(Wanted(most=2)).labels == ("hen", "cat")
    assert placed.found(Wanted(labels=("pig", "cat"))).labels == ("cat", "pig")
