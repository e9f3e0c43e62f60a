"""From pictures to a network's input tensor, and the warp that leads back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

from cvkit.core.warp import Array, Pad, Scale, Series, Size, letterbox

Fit = Literal["letterbox", "top-left", "stretch"]
Three = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Preparation:
    """How a family of networks wants its pictures; the defaults are ultralytics'.

    fit    letterbox: whole, in the centre; top-left: whole, there; stretch: over the whole input
    order  of the channels
    scale, mean, std  a level of 0–255 becomes (level · scale - mean) / std, a value a channel in
           their order; a network of uint8 gets the levels as they are
    fill   the level of the border
    """

    fit: Fit = "letterbox"
    order: Literal["rgb", "bgr"] = "rgb"
    scale: float = 1 / 255
    mean: Three = (0.0, 0.0, 0.0)
    std: Three = (1.0, 1.0, 1.0)
    fill: float = 114.0

    def tables(self) -> Array:
        """(3, 256) float32, what each level becomes in each channel."""
        # As the training code divides: a share of 255 is level / 255, not level · (1 / 255).
        inverse = round(1 / self.scale, 6)
        exact = inverse.is_integer()
        levels = np.arange(256, dtype=np.float32)
        shares = levels / np.float32(inverse) if exact else levels * np.float32(self.scale)
        mean, std = (np.array(three, np.float32)[:, None] for three in (self.mean, self.std))
        return np.asarray((shares - mean) / std, np.float32)


ULTRALYTICS = Preparation()
IMAGENET = Preparation("stretch", mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))
"""As networks on torchvision's backbones take their pictures, on shares of 255."""


@dataclass(frozen=True, slots=True)
class Input:
    """One network's input: pictures are fitted into `size` (width, height).

    With a `stride` a letterbox has only the border that makes both sides a multiple of it (for
    networks of free size); without one the picture is filled up to `size`.
    """

    how: Preparation
    size: Size
    stride: int | None = None
    channels_last: bool = False
    levels: bool = False
    """Whether it takes uint8."""

    def warp(self, before: Size) -> Series:
        """The move of a picture of size `before` onto the network's input."""
        fill = (self.how.fill,) * 3
        match self.how.fit:
            case "stretch":
                return Series((Scale(before, self.size, "linear"),))
            case "top-left":
                return _top_left(before, self.size, fill)
        whole = letterbox(before, self.size, fill=fill)
        return whole if self.stride is None else _rectangle(whole, self.size, self.stride, fill)

    def tensor(self, pictures: Sequence[Array]) -> Array:
        """(n, 3, h, w) or (n, h, w, 3) from n (h, w, 3) uint8 BGR pictures of one size.

        float32, or uint8 where that is what the network takes.
        """
        height, width = pictures[0].shape[:2]
        sides = (height, width, 3) if self.channels_last else (3, height, width)
        out = np.empty((len(pictures), *sides), np.uint8 if self.levels else np.float32)
        tables = self.how.tables()
        for target, picture in zip(out, pictures, strict=True):
            self._fill(target, picture.astype(np.uint8, copy=False), tables)
        return out

    def _fill(self, target: Array, picture: Array, tables: Array) -> None:
        reverse = self.how.order == "rgb"
        for channel in range(3):
            source = cv2.extractChannel(picture, 2 - channel if reverse else channel)
            plane = target[..., channel] if self.channels_last else target[channel]
            if self.levels:
                plane[:] = source
            elif self.channels_last:
                plane[:] = cv2.LUT(source, tables[channel])
            else:  # nine times as fast as cv2.dnn.blobFromImages
                cv2.LUT(source, tables[channel], dst=plane)


def _rectangle(whole: Series, size: Size, stride: int, fill: Three) -> Series:
    """LetterBox's `auto=True`: the border is cut down to less than a stride."""
    inner = whole.warps[0].after
    dx, dy = ((side - own) % stride / 2 for side, own in zip(size, inner, strict=True))
    edges = (round(dx - 0.1), round(dy - 0.1), round(dx + 0.1), round(dy + 0.1))
    return Series((whole.warps[0], Pad(inner, *edges, fill)))


def _top_left(before: Size, size: Size, fill: Three) -> Series:
    """As YOLOX's `preproc` fits: sides are rounded down."""
    ratio = min(size[0] / before[0], size[1] / before[1])
    inner = (max(1, int(before[0] * ratio)), max(1, int(before[1] * ratio)))
    pad = Pad(inner, 0, 0, size[0] - inner[0], size[1] - inner[1], fill)
    return Series((Scale(before, inner, "linear"), pad))
