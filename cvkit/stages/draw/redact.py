"""Hide what was found, beyond recognition.

What lies under each box is reduced to a few blocks along its shorter side, whatever the box's
size, and cannot be brought back: `pixelate` leaves the blocks, `blur` draws them soft, `fill`
covers them with a colour. The picture beside the boxes stays as it is. Print and number plates are
best hidden by `fill`: who knows the letters can match them with blocks.

Example: cvkit detect samples/astronaut.jpg --model haar-face then redact -o hidden.jpg
"""

from __future__ import annotations

from typing import Annotated, Literal

import cv2
import numpy as np
from pydantic import Field

from cvkit.core.stage import Image, Photo, Stage
from cvkit.core.units import Color
from cvkit.core.values import Objects

_LEAST = 4
"""No block is smaller than so many pixels, or a small face would stay as it is."""


class Redact(Stage):
    method: Literal["blur", "pixelate", "fill"] = "blur"
    """Soft patches, blocks, or plain colour."""
    blocks: Annotated[int, Field(ge=1, le=32)] = 5
    """Blocks left along the shorter side of a box: fewer hide more (blur, pixelate)."""
    shape: Literal["box", "ellipse", "outline"] = "box"
    """Hide the box, the ellipse in it, or the thing's outline or mask where it has one."""
    grow: Annotated[float, Field(ge=0, le=200)] = 10
    """How much wider and higher than found, in percent of the box."""
    fill: Color = Color(0, 0, 0)
    """The colour of fill."""

    def apply(self, photo: Photo, objects: Objects) -> Image:
        if not len(objects):
            return photo
        hidden = photo.copy()
        h, w = photo.shape[:2]
        for row, box in enumerate(objects.boxes.astype(float)):
            more = (box[2:] - box[:2]) * self.grow / 200
            left, top = np.floor(np.maximum(box[:2] - more, 0)).astype(int)
            right, bottom = np.ceil(np.minimum(box[2:] + more, (w, h))).astype(int)
            if right <= left or bottom <= top:
                continue
            part = hidden[top:bottom, left:right]
            where = self._where(objects, row, (left, top, right, bottom), more)
            part[where] = self._hidden(part)[where]
        return hidden

    def _hidden(self, part: Image) -> Image:
        h, w = part.shape[:2]
        if self.method == "fill":
            return np.broadcast_to(np.array(self.fill.bgr, np.uint8), part.shape)
        block = max(_LEAST, min(w, h) / self.blocks)
        few = (max(1, round(w / block)), max(1, round(h / block)))
        blocks = cv2.resize(part, few, interpolation=cv2.INTER_AREA)
        soft = self.method == "blur"
        return cv2.resize(
            blocks, (w, h), interpolation=cv2.INTER_CUBIC if soft else cv2.INTER_NEAREST
        )

    def _where(
        self, objects: Objects, row: int, rect: tuple[int, int, int, int], more: Image
    ) -> Image:
        """(h, w) bool, what of the rectangle is hidden."""
        left, top, right, bottom = rect
        x1, y1, x2, y2 = objects.boxes[row].astype(float)
        if self.shape == "ellipse":
            rows, columns = np.ogrid[top:bottom, left:right]
            across = (columns + 0.5 - (x1 + x2) / 2) / ((x2 - x1) / 2 + more[0] + 1e-6)
            down = (rows + 0.5 - (y1 + y2) / 2) / ((y2 - y1) / 2 + more[1] + 1e-6)
            return np.asarray(across**2 + down**2 <= 1)
        size = (right - left, bottom - top)
        cover = objects.cover(row, (left, top, *size)) if self.shape == "outline" else None
        if cover is None:
            return np.ones(size[::-1], bool)
        reach = round(float(more.max()))
        ring = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
        return np.asarray(cv2.dilate(cover, ring) > 0)
