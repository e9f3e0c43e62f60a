"""Drawing values on pictures, and showing rasters that are no pictures.

`paint` draws one value on a BGR canvas; `shown` turns a mask, labels, depth or flow into BGR.
Lines have an edge and words a ground of their own, so that both are legible on anything.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from cvkit.core.color import DISTINCT, distinct, edge_of, ink_on
from cvkit.core.labels import canonical
from cvkit.core.lettering import Lettering, measured
from cvkit.core.objects import Objects, window
from cvkit.core.tags import placed
from cvkit.core.values import (
    Depth,
    Features,
    Flow,
    Image,
    Labels,
    Mask,
    Measures,
    Raster,
    Scores,
    Text,
    eight_bit,
)
from cvkit.core.warp import Array, Size
from cvkit.core.wheel import hue, wheel

Bgr = tuple[int, int, int]

_BITS = 4  # OpenCV draws at sixteenths of a pixel
FAR = 20000
"""Coordinates are held within this, far outside any picture but inside OpenCV's range."""
LEGIBLE = 7
"""Capitals of fewer pixels cannot be read."""
_ROWS = 12
"""Rows of measures that a caption shows."""
_SEEN = 0.3
"""Keypoints less visible than this are a model's guesses."""


_USUAL = (
    *("person", "bus", "car", "bicycle", "truck", "motorcycle", "face", "cat", "dog"),
    *("horse", "eye", "plate", "bird", "train", "boat", "airplane", "sheep", "cow"),
)
"""What is often found together, each with a colour that no other of them has."""
_MOST = 6
"""So many of these share their colour with nothing at all."""


@dataclass(frozen=True, slots=True)
class Style:
    """How values are drawn; sizes in pixels."""

    line: int
    text: int
    """Height of a capital letter."""
    labels: bool = True
    scores: bool = True
    boxes: bool = True
    fill: float = 0.35
    """Opacity of masks."""
    color: Bgr | None = None
    """One colour for all; else one a class or label."""

    @classmethod
    def fitting(cls, size: Size) -> Style:
        """Legible where a picture of this size is looked at whole."""
        mean = math.sqrt(size[0] * size[1])
        # On small pictures letters are larger for their size, since they are looked at so small.
        text = max(LEGIBLE, min(10, round(mean * 0.02)), round(mean * 0.0125))
        return cls(max(1, round(mean * 0.003)), text)


def paint(canvas: Array, value: object, style: Style) -> None:
    """Draw Objects, Features, Text, Scores or Measures on a (h, w, 3) uint8 canvas, in place."""
    if isinstance(value, Objects):
        _objects(canvas, value, style)
    elif isinstance(value, Features):
        _dots(canvas, value.points, style.line, style.color or distinct(1))
    elif isinstance(value, Text):
        Lettering(style.text).panel(canvas, value.text.splitlines(), at_top=False)
    elif isinstance(value, (Scores, Measures)):
        Lettering(style.text).panel(canvas, _caption(value, style))


def shown(raster: Raster) -> Array:
    """(h, w, 3) BGR uint8: a mask in white, labels in colours of their own, depth in Turbo (near
    is red where it is disparity), flow by direction and speed; an Image as it is.
    """
    if isinstance(raster, Image):
        return eight_bit(raster.bgr)
    if isinstance(raster, Mask):
        return np.asarray(cv2.cvtColor(raster.values, cv2.COLOR_GRAY2BGR))
    if isinstance(raster, Labels):
        known, places = np.unique(raster.values, return_inverse=True)
        colours = [(0, 0, 0) if n == 0 else distinct(abs(int(n))) for n in known]
        return np.array(colours, np.uint8)[places.reshape(raster.values.shape)]
    if isinstance(raster, Depth):
        return _turbo(raster.values)
    if isinstance(raster, Flow):
        return wheel(raster.values, raster.top)
    raise TypeError(f"{type(raster).__name__} cannot be shown")


def _turbo(depth: Array) -> Array:
    good = np.isfinite(depth)
    if not good.any():
        return np.zeros((*depth.shape, 3), np.uint8)
    low, high = float(depth[good].min()), float(depth[good].max())
    levels = np.where(good, (depth - low) * (255 / max(high - low, 1e-9)), 0)
    coloured = cv2.applyColorMap(levels.astype(np.uint8), cv2.COLORMAP_TURBO)
    coloured[~good] = 0
    return np.asarray(coloured)


# Objects


def _objects(canvas: Array, objects: Objects, style: Style) -> None:
    if not len(objects):
        return
    colours = [style.color or _colour(objects, i) for i in range(len(objects))]
    sizes = np.prod(objects.boxes[:, 2:] - objects.boxes[:, :2], axis=1)
    order = [int(i) for i in np.argsort(-sizes, kind="stable")]  # small things lie on top
    if objects.masks is not None and style.fill:
        for i in order:
            _cover(canvas, objects.masks[i], objects.boxes[i], colours[i], style.fill)
    shapes = [(_outline(objects, i), colours[i]) for i in order]
    trails = [objects.ids is not None and _trail(objects, i) for i in order]
    for thin in (False, True):
        strokes = [s for s, one in zip(shapes, trails, strict=True) if one is thin]
        line = max(1, style.line // 2) if thin else style.line  # many lie close to each other
        _strokes(canvas, [s for s in strokes if s[0] is not None], line)
    for (path, colour), one in zip(shapes, trails, strict=True):
        if one and path is not None:
            _dots(canvas, path[len(path) // 2][None], max(2, style.line), colour)  # where it is now
    if style.boxes:
        for i in (i for i, s in zip(order, shapes, strict=True) if s[0] is None):
            _box(canvas, objects.boxes[i], colours[i], style.line)
    if objects.keypoints is not None:
        for i in order:
            seen = objects.keypoints[i][objects.keypoints[i][:, 2] >= _SEEN, :2]
            _dots(canvas, seen, style.line + 2, colours[i])
    _tags(canvas, objects, colours, style)


def _colour(objects: Objects, row: int) -> Bgr:
    """Of the label in any spelling, else of the class: the same in every frame, run and network.
    Outlines that have no name of their own are told apart by their number, else by their place;
    paths of what moves have the hue of their direction.
    """
    way = objects.attributes.get("direction")
    known = isinstance(way, np.ndarray) and way.dtype.kind == "f" and math.isfinite(way[row])
    if known and way is not None and _trail(objects, row):
        return hue(float(way[row]))
    if _nameless(objects, row):
        return distinct(row if objects.ids is None else max(0, int(objects.ids[row])))
    if objects.labels is not None and objects.labels[row]:
        return _of_label(objects.labels[row])
    classes = objects.classes
    return distinct(max(0, int(classes[row])) if classes is not None else 0)


@lru_cache(maxsize=4096)
def _of_label(label: str) -> Bgr:
    name = canonical(label)
    if name in _USUAL:
        return distinct(_USUAL.index(name))
    # Not one of the colours of what is found most.
    return distinct(_MOST + zlib.crc32(name.encode()) % (DISTINCT - _MOST))


def _nameless(objects: Objects, row: int) -> bool:
    """Whether it is an outline called nothing, or what its stage calls all it finds."""
    if objects.polygons is None or not len(objects.polygons[row]):
        return False
    label = objects.labels[row] if objects.labels is not None else ""
    return not label or (objects.step is not None and objects.step[row] in (label, label + "s"))


def _trail(objects: Objects, row: int) -> bool:
    """Whether it is nameless and has no area: a line or a path there and back. Many lie close to
    each other, where numbers would hide them."""
    if objects.polygons is None or not _nameless(objects, row):
        return False
    return len(objects.polygons[row]) < 3 or cv2.contourArea(objects.polygons[row]) < 1


def _outline(objects: Objects, row: int) -> Array | None:
    """(k, 2) what is drawn instead of the box, if there is any."""
    if objects.polygons is not None and len(objects.polygons[row]):
        polygon: Array = objects.polygons[row]
        return polygon
    if objects.corners is not None and objects.corners[row].any():
        corners: Array = objects.corners[row]
        return corners
    return None


def _cover(canvas: Array, bitmap: Array, box: Array, colour: Bgr, opacity: float) -> None:
    x, y, _, _ = window(box)
    left, top = max(0, x), max(0, y)
    part = canvas[top : max(top, y + bitmap.shape[0]), left : max(left, x + bitmap.shape[1])]
    inside = bitmap[top - y :, left - x :][: part.shape[0], : part.shape[1]] > 127
    if inside.any():
        tint = np.array(colour, np.float32) * opacity
        part[inside] = np.rint(part[inside] * np.float32(1 - opacity) + tint).astype(np.uint8)


def _strokes(canvas: Array, shapes: Iterable[tuple[Array | None, Bgr]], line: int) -> None:
    """Outlines and lines: every edge first, so that none covers a neighbour's colour."""
    lines = [(_fixed(points), len(points) > 2, c) for points, c in shapes if points is not None]
    for points, closed, colour in lines:
        cv2.polylines(canvas, [points], closed, edge_of(colour), line + 2, cv2.LINE_AA, _BITS)
    for points, closed, colour in lines:
        cv2.polylines(canvas, [points], closed, colour, line, cv2.LINE_AA, _BITS)


def _box(canvas: Array, box: Array, colour: Bgr, line: int) -> None:
    """A frame on the box's edge with an edge of its own; of a small thing thin, and outside it."""
    x1, y1, x2, y2 = np.clip(np.rint(np.nan_to_num(box)), -FAR, FAR).astype(int).tolist()
    x2, y2 = max(x1 + 1, x2), max(y1 + 1, y2)
    side = min(x2 - x1, y2 - y1)
    line = min(line, max(1, side // 12))
    out = line if side < 12 * line + 12 else line // 2
    x1, y1, x2, y2 = x1 - out, y1 - out, x2 + out, y2 + out
    edge = edge_of(colour)
    cv2.rectangle(canvas, (x1 - 1, y1 - 1), (x2, y2), edge, 1)
    if line > 1:
        cv2.rectangle(canvas, (x1 + line, y1 + line), (x2 - line - 1, y2 - line - 1), edge, 1)
    # Filled strips are several times as fast as a thick line, whose corners are round besides.
    for corners in (
        ((x1, y1), (x2 - 1, y1 + line - 1)),
        ((x1, y2 - line), (x2 - 1, y2 - 1)),
        ((x1, y1), (x1 + line - 1, y2 - 1)),
        ((x2 - line, y1), (x2 - 1, y2 - 1)),
    ):
        cv2.rectangle(canvas, *corners, colour, cv2.FILLED)


def _dots(canvas: Array, points: Array, radius: int, colour: Bgr) -> None:
    for x, y in _fixed(points).tolist():
        cv2.circle(canvas, (x, y), (radius + 1) << _BITS, edge_of(colour), -1, cv2.LINE_AA, _BITS)
        cv2.circle(canvas, (x, y), radius << _BITS, colour, -1, cv2.LINE_AA, _BITS)


def _fixed(points: Array) -> Array:
    """Box coordinates as OpenCV's fixed-point pixel centres."""
    centres = np.clip(np.nan_to_num(points), -FAR, FAR) - 0.5
    return np.asarray(np.rint(centres * (1 << _BITS)).astype(np.int32))


# Words


def _tags(canvas: Array, objects: Objects, colours: Sequence[Bgr], style: Style) -> None:
    """Names of things, as many as have room."""
    h, w = canvas.shape[:2]
    texts = _words(objects, style)
    rows = [i for i, words in enumerate(texts) if words]
    if not rows:
        return
    boxes = objects.boxes[rows]
    scores = objects.scores[rows] if objects.scores is not None else np.zeros(len(rows))
    choices = [_choices(texts[i], objects.boxes[i], style.text, w) for i in rows]
    # To a tenth, so that in a video names do not change places with every frame.
    ranks = np.round(np.nan_to_num(scores), 1)
    tags = placed(boxes, choices, ranks, (w, h), measured, style.line)
    for i, tag in zip(rows, tags, strict=True):
        if tag is not None:
            letters = Lettering(tag.height)
            letters.write(canvas, tag.words, tag.at, ink_on(colours[i]), colours[i])


def _choices(words: str, box: Array, height: int, width: int) -> list[tuple[str, int]]:
    """Words and heights to try: of small things smaller; last what the first word says."""
    small = max(min(LEGIBLE, height), round(height * 0.7))
    tall = float(box[3] - box[1]) >= 4 * height or float(box[2] - box[0]) >= 8 * height
    heights = [height, small] if tall else [small]
    fitted = [Lettering(one).within(words, width) for one in heights]
    tried = [(letters.cut(words, width), letters.height) for letters in fitted]
    first = words.rpartition(" ")[0]
    return [*tried, (Lettering(small).cut(first, width), small)] if first else tried


def _words(objects: Objects, style: Style) -> list[str]:
    """What each tag says."""
    labels, scores = objects.labels, objects.scores
    out = []
    for i in range(len(objects)):
        parts = []
        if style.labels:
            text = objects.texts[i] if objects.texts is not None else ""
            named = labels is not None and not _nameless(objects, i)
            parts.append(text or (labels[i] if labels is not None and named else ""))
            if objects.ids is not None and objects.ids[i] >= 0 and not _trail(objects, i):
                parts.append(f"#{objects.ids[i]}")
        if style.scores and scores is not None and np.isfinite(scores[i]):
            parts.append(f"{scores[i]:.2f}")
        out.append(" ".join(p for p in parts if p))
    return out


def _caption(value: Scores | Measures, style: Style) -> list[str]:
    if isinstance(value, Scores):
        pairs = list(zip(value.labels, value.scores, strict=True))[:5]
        return [f"{label} {score:.2f}" if style.scores else label for label, score in pairs]
    rows = value.rows
    lines = ["   ".join(_cells(row)) for row in rows[:_ROWS]]
    return [*lines, f"and {len(rows) - _ROWS} more"] if len(rows) > _ROWS else lines


def _cells(row: Mapping[str, object]) -> list[str]:
    """Each name with its value; of a number that a label has, this label is the name."""
    if tuple(row)[:1] == ("label",) and len(row) == 2:
        label, value = row.values()
        return [f"{label} {_number(value)}"]
    return [f"{name} {_number(value)}" for name, value in row.items()]


def _number(cell: object) -> str:
    return f"{cell:.4g}" if isinstance(cell, float) else str(cell)
