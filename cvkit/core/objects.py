"""Objects: what was found in a picture, as columns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from cvkit.core.grid import Grid
from cvkit.core.warp import Array, Crop, Floats, Warp

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

Column = Array | tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Objects:
    """N found things, one column a property; a column that is None is not known of any.

    boxes       (n, 4) float32, x1 y1 x2 y2; pixel *i* covers [i, i+1)
    scores      (n,) float32, 0–1; classes (n,) int32, -1 unknown; labels n words; ids (n,) int64
    corners     (n, 4, 2) float32, turned boxes
    polygons    n arrays (k, 2) float32 (two points are a line); an empty one is none
    masks       n bitmaps uint8 0/255, local to their box (its size rounded outward)
    keypoints   (n, k, 3) float32: x, y, visibility 0–1
    embeddings  (n, d) float32; texts n words; step n names of the stage that found each
    attributes  further columns by name: (n,) numbers or n words. A pair `name_x`, `name_y` is a
                point in the coordinates of the boxes and moves with them; all else (an area, an
                angle) is of the picture in which the thing was found.
    """

    grid: Grid
    boxes: NDArray[np.float32]
    scores: NDArray[np.float32] | None = None
    classes: NDArray[np.int32] | None = None
    labels: tuple[str, ...] | None = None
    ids: NDArray[np.int64] | None = None
    corners: NDArray[np.float32] | None = None
    polygons: tuple[NDArray[np.float32], ...] | None = None
    masks: tuple[NDArray[np.uint8], ...] | None = None
    keypoints: NDArray[np.float32] | None = None
    embeddings: NDArray[np.float32] | None = None
    texts: tuple[str, ...] | None = None
    step: tuple[str, ...] | None = None
    attributes: Mapping[str, Column] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        boxes: ArrayLike,
        grid: Grid,
        *,
        scores: ArrayLike | None = None,
        classes: ArrayLike | None = None,
        labels: Iterable[str] | None = None,
        ids: ArrayLike | None = None,
        polygons: Iterable[ArrayLike] | None = None,
        attributes: Mapping[str, ArrayLike] | None = None,
    ) -> Objects:
        """From anything array-like; raises ValueError where a column has another length."""
        rows = np.asarray(boxes, np.float32).reshape(-1, 4)
        made = cls(
            grid,
            rows,
            scores=None if scores is None else np.asarray(scores, np.float32).reshape(-1),
            classes=None if classes is None else np.asarray(classes, np.int32).reshape(-1),
            labels=None if labels is None else tuple(labels),
            ids=None if ids is None else np.asarray(ids, np.int64).reshape(-1),
            polygons=None
            if polygons is None
            else tuple(np.asarray(p, np.float32).reshape(-1, 2) for p in polygons),
            attributes={k: _column(v) for k, v in (attributes or {}).items()},
        )
        for name, column in made.columns():
            if len(column) != len(rows):
                raise ValueError(f"{name} has {len(column)} rows, boxes have {len(rows)}")
        return made

    @classmethod
    def none(cls, grid: Grid) -> Objects:
        return cls(grid, np.zeros((0, 4), np.float32))

    def __len__(self) -> int:
        return len(self.boxes)

    def columns(self) -> list[tuple[str, Column]]:
        """Every known column by name, attributes too."""
        own = [(f.name, getattr(self, f.name)) for f in fields(self)]
        known = [(n, c) for n, c in own if n not in ("grid", "attributes") and c is not None]
        return [*known, *self.attributes.items()]

    def take(self, rows: Sequence[int] | Array) -> Objects:
        """These rows, in this order; a boolean array of length n selects."""
        index = np.asarray(rows)
        index = np.flatnonzero(index) if index.dtype == np.bool_ else index.astype(int).reshape(-1)
        return self._each(lambda column: _take(column, index))

    def joined(self, other: Objects) -> Objects:
        """These, then the other's, mapped onto this grid; a column one side lacks is filled."""
        other = other.onto(self.grid)
        n, m = len(self), len(other)
        names = [f.name for f in fields(self) if f.name not in ("grid", "attributes")]
        own: dict[str, Any] = {
            x: _join(x, getattr(self, x), getattr(other, x), n, m) for x in names
        }
        keys = dict.fromkeys([*self.attributes, *other.attributes])
        extra: dict[str, Any] = {
            key: _join(key, self.attributes.get(key), other.attributes.get(key), n, m)
            for key in keys
        }
        return Objects(self.grid, attributes=extra, **own)

    def onto(self, grid: Grid) -> Objects:
        """The same things in the coordinates of another grid of the same source."""
        warp = self.grid.onto(grid)
        return self if warp is None else replace(self._warped(warp), grid=grid)

    def moved(self, warp: Warp) -> Objects:
        """As `warp` moves the picture; a Crop clips, and drops what is left empty."""
        moved = replace(self._warped(warp), grid=self.grid.then(warp))
        steps = getattr(warp, "warps", (warp,))
        return moved.clipped() if any(isinstance(w, Crop) for w in steps) else moved

    def clipped(self) -> Objects:
        """Cut to the grid's rectangle; things left without area are dropped."""
        w, h = self.grid.size
        boxes = np.clip(self.boxes, 0, [w, h, w, h]).astype(np.float32)
        flat = (self.boxes[:, 2] <= self.boxes[:, 0]) | (self.boxes[:, 3] <= self.boxes[:, 1])
        keep = (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])
        inside = (self.boxes[:, :2] < [w, h]).all(1) & (self.boxes[:, 2:] >= 0).all(1)
        keep |= flat & inside  # a line or a point has no area to lose
        out = self
        if self.polygons is not None:
            out = replace(out, polygons=tuple(_clip_polygon(p, w, h) for p in self.polygons))
        if self.masks is not None:
            cut = (_cut(m, a, b) for m, a, b in zip(self.masks, self.boxes, boxes, strict=True))
            out = replace(out, masks=tuple(cut))
        return replace(out, boxes=boxes).take(keep)

    def cover(self, row: int, rectangle: tuple[int, int, int, int]) -> NDArray[np.uint8] | None:
        """(h, w) 0 or 255, what the thing itself covers of the rectangle x, y, width, height: its
        bitmap, else the inside of its outline; None where it has neither.
        """
        x, y, w, h = rectangle
        stencil = np.zeros((h, w), np.uint8)
        if self.masks is not None and self.masks[row].any():
            left, top, _, _ = window(self.boxes[row])
            rows, columns = np.nonzero(self.masks[row])
            rows, columns = rows + top - y, columns + left - x
            inside = (rows >= 0) & (rows < h) & (columns >= 0) & (columns < w)
            stencil[rows[inside], columns[inside]] = 255
            return stencil
        if self.polygons is not None and len(self.polygons[row]) > 2:
            points = np.rint(self.polygons[row] - 0.5 - np.array((x, y))).astype(np.int32)
            cv2.fillPoly(stencil, [points], 255)
            return stencil
        return None

    def fitted(self, boxes: ArrayLike) -> Objects:
        """The same things in these (n, 4) boxes: what lies in each box is stretched along."""
        after = np.asarray(boxes, np.float32).reshape(-1, 4)
        before = self.boxes
        sides = np.maximum(before[:, 2:] - before[:, :2], 1e-6)
        scale, shift = (after[:, 2:] - after[:, :2]) / sides, after[:, :2]

        def points(array: Array, row: int) -> Array:
            moved: Array = (array - before[row, :2]) * scale[row] + shift[row]
            return moved.astype(np.float32)

        polygons, corners, keypoints = self.polygons, self.corners, self.keypoints
        if polygons is not None:
            polygons = tuple(points(p, row) for row, p in enumerate(polygons))
        if corners is not None:
            known = np.ptp(corners, axis=1).any(axis=1)  # zeros stand for what is unknown
            corners = np.stack([points(c, i) if known[i] else c for i, c in enumerate(corners)])
        if keypoints is not None:
            placed = [points(k[:, :2], row) for row, k in enumerate(keypoints)]
            keypoints = np.concatenate([np.stack(placed), keypoints[..., 2:]], -1)
        masks = self.masks
        if masks is not None:
            sizes = (window(box)[2:] for box in after)
            nearest = cv2.INTER_NEAREST
            masks = tuple(
                cv2.resize(m, size, interpolation=nearest).astype(np.uint8, copy=False)
                for m, size in zip(masks, sizes, strict=True)
            )
        return replace(
            self, boxes=after, polygons=polygons, corners=corners, keypoints=keypoints, masks=masks
        )

    def _each(self, change: Callable[[Column], Column]) -> Objects:
        own: dict[str, Any] = {
            f.name: None if (c := getattr(self, f.name)) is None else change(c)
            for f in fields(self)
            if f.name not in ("grid", "attributes")
        }
        more = {key: change(column) for key, column in self.attributes.items()}
        return Objects(self.grid, attributes=more, **own)

    def _warped(self, warp: Warp) -> Objects:
        def points(array: Array) -> NDArray[np.float32]:
            flat = warp.points(array.reshape(-1, 2).astype(np.float64))
            return flat.reshape(array.shape).astype(np.float32)

        boxes, keypoints = move_boxes(self.boxes, warp), self.keypoints
        if keypoints is not None:
            keypoints = np.concatenate([points(keypoints[..., :2]), keypoints[..., 2:]], -1)
        masks = self.masks
        if masks is not None:
            pairs = zip(masks, self.boxes, boxes, strict=True)
            masks = tuple(_move_bitmap(m, a, b, warp) for m, a, b in pairs)
        return replace(
            self,
            boxes=boxes,
            corners=None if self.corners is None else points(self.corners),
            polygons=None if self.polygons is None else tuple(points(p) for p in self.polygons),
            keypoints=keypoints,
            masks=masks,
            attributes=moved_pairs(self.attributes, warp.points),
        )


def moved_pairs(
    attributes: Mapping[str, Column], points: Callable[[Floats], Floats]
) -> Mapping[str, Column]:
    """The attributes with every pair `name_x`, `name_y` moved as the point that it is."""
    moved = dict(attributes)
    for name, xs in attributes.items():
        other = f"{name[:-1]}y"
        ys = attributes.get(other) if name.endswith("_x") else None
        if ys is None or isinstance(xs, tuple) or isinstance(ys, tuple):
            continue
        there = points(np.stack([xs, ys], -1).astype(np.float64))
        moved[name], moved[other] = there[:, 0], there[:, 1]
    return moved


def move_boxes(boxes: NDArray[np.float32], warp: Warp) -> NDArray[np.float32]:
    """(n, 4) boxes around the moved corners."""
    if not len(boxes):
        return boxes
    corners = boxes[:, [0, 1, 2, 1, 2, 3, 0, 3]].reshape(-1, 2).astype(np.float64)
    moved = warp.points(corners).reshape(-1, 4, 2)
    return np.hstack([moved.min(1), moved.max(1)]).astype(np.float32)


def window(box: Array) -> tuple[int, int, int, int]:
    """The pixel rectangle x, y, width, height that a box-local bitmap covers (rounded outward)."""
    x1, y1 = (int(v) for v in np.floor(box[:2] + 1e-3))
    x2, y2 = (int(v) for v in np.ceil(box[2:] - 1e-3))
    return x1, y1, max(1, x2 - x1), max(1, y2 - y1)


def _move_bitmap(bitmap: Array, before: Array, after: Array, warp: Warp) -> NDArray[np.uint8]:
    x, y, w, h = window(after)
    ox, oy, _, _ = window(before)
    corners = np.array([[0, 0], [1, 0], [0, 1]], float) * bitmap.shape[1::-1] + [ox, oy]
    start = (corners - [ox, oy]).astype(np.float32)
    end = (warp.points(corners) - [x, y]).astype(np.float32)
    affine = cv2.getAffineTransform(start - np.float32(0.5), end - np.float32(0.5))
    moved = cv2.warpAffine(bitmap, affine, (w, h), flags=cv2.INTER_NEAREST)
    return moved.astype(np.uint8, copy=False)


def _cut(bitmap: Array, before: Array, after: Array) -> NDArray[np.uint8]:
    if (after[2:] <= after[:2]).any():
        return np.zeros((1, 1), np.uint8)
    x, y, w, h = window(after)
    ox, oy, _, _ = window(before)
    return bitmap[y - oy : y - oy + h, x - ox : x - ox + w].astype(np.uint8, copy=False)


def _clip_polygon(polygon: NDArray[np.float32], w: int, h: int) -> NDArray[np.float32]:
    """Sutherland and Hodgman (1974) against the rectangle 0 0 w h."""
    points: Floats = polygon.astype(np.float64)
    if len(points) < 3:
        return np.clip(polygon, 0, [w, h]).astype(np.float32)
    for axis, limit, sign in ((0, 0.0, 1), (0, float(w), -1), (1, 0.0, 1), (1, float(h), -1)):
        if not len(points):
            break
        inside = sign * (points[:, axis] - limit) >= 0
        out: list[Floats] = []
        for i, b in enumerate(points):
            a = points[i - 1]
            if inside[i] != inside[i - 1]:
                t = (limit - a[axis]) / (b[axis] - a[axis])
                out.append(a + t * (b - a))
            if inside[i]:
                out.append(b)
        points = np.array(out).reshape(-1, 2)
    return points.astype(np.float32)


def _column(values: ArrayLike) -> Column:
    array = np.asarray(values)
    return tuple(str(v) for v in array) if array.dtype.kind in "US" else array


def _take(column: Column, index: NDArray[np.int_]) -> Column:
    return tuple(column[i] for i in index) if isinstance(column, tuple) else column[index]


def _join(name: str, a: Column | None, b: Column | None, n: int, m: int) -> Column | None:
    if a is None and b is None:
        return None
    known = a if a is not None else b
    left, right = (_filled(name, c, k, known) for c, k in ((a, n), (b, m)))
    if isinstance(left, tuple) or isinstance(right, tuple):
        return (*left, *right)
    if left.dtype.kind in "iu" and right.dtype.kind == "f":
        left = left.astype(right.dtype)
    if left.ndim == 3 and left.shape[1] != right.shape[1]:  # keypoints of two skeletons
        k = max(left.shape[1], right.shape[1])
        left, right = (np.pad(c, [(0, 0), (0, k - c.shape[1]), (0, 0)]) for c in (left, right))
    return np.concatenate([left, right])


def _filled(name: str, column: Column | None, n: int, like: Column | None) -> Column:
    if column is not None and (len(column) or isinstance(column, tuple) == isinstance(like, tuple)):
        return column
    if isinstance(like, tuple):
        empty: dict[str, object] = {
            "polygons": np.zeros((0, 2), np.float32),
            "masks": np.zeros((1, 1), np.uint8),
        }
        return (empty.get(name, ""),) * n  # type: ignore[return-value]
    assert like is not None
    if name in ("classes", "ids"):
        return np.full(n, -1, like.dtype)
    dtype = like.dtype if like.dtype.kind == "f" else np.dtype(np.float64)
    fill = np.nan if name not in ("corners", "keypoints", "embeddings") else 0
    return np.full((n, *like.shape[1:]), fill, dtype)
