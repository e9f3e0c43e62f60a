"""Video frames as they were decoded: luma and chroma planes, with grey and BGR views on demand.

A chroma sample covers the pixels it was made from (it is repeated, not interpolated), as
OpenCV's and FFmpeg's unscaled converters have it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from cvkit.core import values
from cvkit.core.warp import Array, Size

if TYPE_CHECKING:
    import av

Bytes = NDArray[np.uint8]
Layout = Literal["gray", "420", "422", "440", "444"]
Matrix = Literal["601", "709", "2020"]

# Pixels that one chroma sample covers, across and down.
SUBSAMPLING: dict[Layout, tuple[int, int]] = {
    "420": (2, 2),
    "422": (2, 1),
    "440": (1, 2),
    "444": (1, 1),
}
# Rows converted at once: what lies between two steps then stays in the processor's cache.
_STRIP = 64
# Weights of red and blue in luma: ITU-R BT.601, BT.709, BT.2020.
_WEIGHTS: dict[Matrix, tuple[float, float]] = {
    "601": (0.299, 0.114),
    "709": (0.2126, 0.0722),
    "2020": (0.2627, 0.0593),
}
# H.273 matrix coefficients as FFmpeg numbers them (AVCOL_SPC_*); 2 is "unspecified".
_TAGS: dict[int, Matrix] = {1: "709", 4: "601", 5: "601", 6: "601", 9: "2020", 10: "2020"}
SPACES: dict[Matrix, int] = {"601": 5, "709": 1, "2020": 9}
"""The matrices as FFmpeg's scaler numbers them."""
FULL_RANGE = 2
"""AVCOL_RANGE_JPEG."""
# 8-bit pixel formats that are planes as kept here.
NATIVE: dict[str, Layout] = {
    "gray": "gray",
    "yuv420p": "420",
    "yuvj420p": "420",
    "yuv422p": "422",
    "yuvj422p": "422",
    "yuv440p": "440",
    "yuvj440p": "440",
    "yuv444p": "444",
    "yuvj444p": "444",
}


@dataclass(frozen=True, slots=True, eq=False)
class Planes:
    """An 8-bit YUV picture: Y, U and V one after the other in `buffer`, without padding.

    `buffer` is (n,) uint8. Where a side is odd, the chroma planes are rounded up. Limited range
    has luma in 16 to 235 and chroma in 16 to 240. Make one with `of`.
    """

    buffer: Bytes
    size: Size
    layout: Layout = "420"
    matrix: Matrix = "601"
    full_range: bool = False

    @classmethod
    def of(
        cls,
        buffer: bytes | bytearray | memoryview | Bytes,
        size: Size,
        *,
        layout: Layout = "420",
        matrix: Matrix = "601",
        full_range: bool = False,
    ) -> Planes:
        """From raw planes; the memory is shared. Raises ValueError where its length is wrong."""
        raw = np.frombuffer(buffer, np.uint8) if not isinstance(buffer, np.ndarray) else buffer
        raw = raw.reshape(-1)
        needed = sum(h * w for h, w in plane_shapes(size, layout))
        if raw.dtype != np.uint8 or raw.size != needed:
            raise ValueError(
                f"{size[0]}×{size[1]} {layout} planes take {needed} bytes, got {raw.nbytes}"
            )
        return cls(cast(Bytes, values.frozen(raw)), size, layout, matrix, full_range)

    @classmethod
    def from_planes(
        cls, planes: list[Bytes], *, layout: Layout, matrix: Matrix, full_range: bool
    ) -> Planes:
        """From (h, w) arrays of any strides, copied: one for grey, else three."""
        size = (planes[0].shape[1], planes[0].shape[0])
        buffer = np.empty(sum(h * w for h, w in plane_shapes(size, layout)), np.uint8)
        for plane, view in zip(planes, _views(buffer, size, layout), strict=True):
            view[:] = plane
        return cls.of(buffer, size, layout=layout, matrix=matrix, full_range=full_range)

    @classmethod
    def from_gray(cls, gray: Bytes, *, layout: Layout = "420", matrix: Matrix = "601") -> Planes:
        """Limited-range planes of a full-range (h, w) uint8 picture, with neutral chroma."""
        luma = cast(Bytes, cv2.LUT(gray, _range_table("luma", "limited")))
        size = (gray.shape[1], gray.shape[0])
        neutral = [np.full(shape, 128, np.uint8) for shape in plane_shapes(size, layout)[1:]]
        return cls.from_planes([luma, *neutral], layout=layout, matrix=matrix, full_range=False)

    @classmethod
    def from_bgr(cls, bgr: Bytes, *, layout: Layout = "420", matrix: Matrix = "601") -> Planes:
        """Limited-range planes of a (h, w, 3) uint8 picture; chroma is the mean of its pixels."""
        h, w = bgr.shape[:2]
        size, forward = (w, h), _to_yuv(matrix)
        buffer = np.empty(sum(a * b for a, b in plane_shapes(size, layout)), np.uint8)
        luma, *chroma = _views(buffer, size, layout)
        across, down = SUBSAMPLING.get(layout, (1, 1))
        for top in range(0, h, _STRIP):
            yuv = cv2.transform(bgr[top : top + _STRIP], forward)
            cv2.extractChannel(yuv, 0, luma[top : top + _STRIP])
            if not chroma:
                continue
            right, bottom = -w % across, -yuv.shape[0] % down
            if right or bottom:
                yuv = cv2.copyMakeBorder(yuv, 0, bottom, 0, right, cv2.BORDER_REPLICATE)
            if (across, down) != (1, 1):
                small = (yuv.shape[1] // across, yuv.shape[0] // down)
                yuv = cv2.resize(yuv, small, interpolation=cv2.INTER_AREA)
            rows = slice(top // down, top // down + yuv.shape[0])
            for channel, plane in enumerate(chroma, 1):
                cv2.extractChannel(yuv, channel, plane[rows])
        return cls.of(buffer, size, layout=layout, matrix=matrix)

    @property
    def depth(self) -> str:
        return "uint8"

    @property
    def space(self) -> values.Space:
        return "gray" if self.layout == "gray" else "bgr"

    def planes(self) -> list[Bytes]:
        """Read-only views: Y (h, w) and, unless grey, U and V."""
        return _views(self.buffer, self.size, self.layout)

    def gray(self) -> Array:
        """(h, w) uint8, full-range luma."""
        luma = self.planes()[0]
        return luma if self.full_range else cv2.LUT(luma, _range_table("luma", "full"))

    def bgr(self) -> Array:
        """(h, w, 3) uint8."""
        w, h = self.size
        if self.layout == "gray":
            return cv2.merge([cast(Bytes, self.gray())] * 3)
        if self.layout == "420":
            return self._as_others_see()
        luma, *chroma = self.planes()
        across, down = SUBSAMPLING[self.layout]
        back = to_bgr(self.matrix, full_range=self.full_range)
        out = np.empty((h, w, 3), np.uint8)
        for top in range(0, h, _STRIP):
            strip = luma[top : top + _STRIP]
            parts = [c[top // down : (top + _STRIP) // down] for c in chroma]
            if (across, down) != (1, 1):
                full = (parts[0].shape[1] * across, parts[0].shape[0] * down)
                parts = [
                    cast(Bytes, cv2.resize(c, full, interpolation=cv2.INTER_NEAREST)) for c in parts
                ]
            parts = [c[: strip.shape[0], :w] for c in parts]
            cv2.transform(cv2.merge([strip, *parts]), back, dst=out[top : top + _STRIP])
        return out

    def _as_others_see(self) -> Array:
        """4:2:0 by swscale's default converter, as cv2.VideoCapture shows video.

        Exact equations differ by up to three levels, which moves a network's weak boxes by pixels.
        """
        # One thread, and a scaler of its own for each call, so that threads share none.
        w, h = self.size  # swscale is wrong in the last column of odd pictures
        picture = frame_of(self, (w + w % 2, h + h % 2)).reformat(
            format="bgr24",
            src_colorspace=SPACES[self.matrix],
            src_color_range=FULL_RANGE if self.full_range else 1,
            dst_color_range=FULL_RANGE,
            threads=1,
        )
        return picture.to_ndarray()[:h, :w]

    def limited(self) -> Planes:
        """The same picture in limited range."""
        return self.ranged(full=False)

    def ranged(self, *, full: bool) -> Planes:
        """The same picture in full range, or in limited range."""
        if self.full_range == full:
            return self
        to: Literal["full", "limited"] = "full" if full else "limited"
        luma, *chroma = self.planes()
        moved = [cv2.LUT(luma, _range_table("luma", to))]
        moved += [cv2.LUT(c, _range_table("chroma", to)) for c in chroma]
        planes = cast("list[Bytes]", moved)
        return Planes.from_planes(planes, layout=self.layout, matrix=self.matrix, full_range=full)

    def turned(self, turns: int, *, mirrored: bool = False) -> Planes:
        """Mirrored left to right where asked, then turned by quarter turns, counter-clockwise."""
        if turns % 4 == 0 and not mirrored:
            return self
        turned: dict[Layout, Layout] = {"422": "440", "440": "422"}
        layout = turned.get(self.layout, self.layout) if turns % 2 else self.layout
        planes = [np.rot90(np.fliplr(p) if mirrored else p, turns) for p in self.planes()]
        return Planes.from_planes(
            planes, layout=layout, matrix=self.matrix, full_range=self.full_range
        )


def _views(buffer: Bytes, size: Size, layout: Layout) -> list[Bytes]:
    out, start = [], 0
    for h, w in plane_shapes(size, layout):
        out.append(buffer[start : start + h * w].reshape(h, w))
        start += h * w
    return out


def plane_shapes(size: Size, layout: Layout) -> list[tuple[int, int]]:
    """(height, width) of each plane."""
    w, h = size
    if layout == "gray":
        return [(h, w)]
    across, down = SUBSAMPLING[layout]
    chroma = (-(-h // down), -(-w // across))
    return [(h, w), chroma, chroma]


def matrix_of(tag: int, height: int) -> Matrix:
    """The matrix that FFmpeg's tag names; where it names none, 709 from 720 lines on, else 601."""
    return _TAGS.get(tag, "709" if height >= 720 else "601")


def full_range_of(frame: av.VideoFrame) -> bool:
    """Whether its levels fill the whole range. FFmpeg takes grey of no stated range, and the old
    "yuvj" formats, as such."""
    gray = len(frame.format.components) == 1
    full = frame.color_range == FULL_RANGE or (gray and frame.color_range == 0)
    return full or frame.format.name.startswith("yuvj")


def pixels_of(frame: av.VideoFrame) -> tuple[values.Pixels, Array | None]:
    """An untouched picture of a decoded frame, and its alpha (h, w) uint8 where it has one.

    8-bit YUV is taken as it is; deeper YUV is reduced to 8 bits; RGB, palettes and pictures with
    alpha become BGR.
    """
    form = frame.format
    if form.is_rgb or form.has_palette or any(part.is_alpha for part in form.components):
        return _coloured(frame)
    matrix = matrix_of(frame.colorspace, frame.height)
    full = full_range_of(frame)
    if form.name == "nv12":
        luma, chroma = _plane(frame, 0, 1), _plane(frame, 1, 2)
        planes = [luma, chroma[:, 0::2], chroma[:, 1::2]]
        return Planes.from_planes(planes, layout="420", matrix=matrix, full_range=full), None
    if form.name not in NATIVE:
        frame = reformatted(frame, _nearest_native(form), full_range=full)
    layout = NATIVE[frame.format.name]
    planes = [_plane(frame, i, 1) for i in range(len(frame.planes))]
    return Planes.from_planes(planes, layout=layout, matrix=matrix, full_range=full), None


def frame_of(planes: Planes, size: Size) -> av.VideoFrame:
    """A frame of `size`, its last column and row repeated where it is larger than the planes."""
    name = next(name for name, layout in NATIVE.items() if layout == planes.layout)
    return filled(name, size, planes.planes())


def filled(name: str, size: Size, planes: Sequence[Array]) -> av.VideoFrame:
    """A frame in the planar pixel format `name`, of (h, w) planes of its samples' type; their last
    column and row are repeated where it is larger."""
    import av

    frame = av.VideoFrame(size[0], size[1], name)
    for plane, source in zip(frame.planes, planes, strict=True):
        h, w = source.shape
        rows = np.frombuffer(plane, source.dtype)  # type: ignore[call-overload]
        rows = rows.reshape(-1, plane.line_size // source.itemsize)
        rows[:h, :w] = source
        rows[:h, w : plane.width] = source[:, -1:]
        rows[h : plane.height] = rows[h - 1]
    return frame


def _plane(frame: av.VideoFrame, index: int, channels: int) -> Bytes:
    plane = frame.planes[index]
    rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)  # type: ignore[call-overload]
    return cast(Bytes, rows[: plane.height, : plane.width * channels])


def _nearest_native(form: av.VideoFormat) -> str:
    if len(form.components) == 1:
        return "gray"
    shape = (8 // form.chroma_width(8), 8 // form.chroma_height(8))
    return {(2, 2): "yuv420p", (2, 1): "yuv422p", (1, 2): "yuv440p"}.get(shape, "yuv444p")


def reformatted(frame: av.VideoFrame, name: str, *, full_range: bool) -> av.VideoFrame:
    """A YUV or grey frame in the pixel format `name`, of the same matrix and range."""
    from av.video.reformatter import Interpolation

    # One thread and exact rounding: the same bytes whatever else the machine does. Each call
    # makes its own scaler, so that threads share none.
    flags = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.BITEXACT
    span = FULL_RANGE if full_range else 1
    return frame.reformat(
        format=name, interpolation=flags, src_color_range=span, dst_color_range=span, threads=1
    )


def _coloured(frame: av.VideoFrame) -> tuple[values.Pixels, Array | None]:
    from av.video.reformatter import Interpolation

    yuv = not (frame.format.is_rgb or frame.format.has_palette)
    full = full_range_of(frame)
    flags = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.BITEXACT
    colorspace = SPACES[matrix_of(frame.colorspace, frame.height)]
    picture = frame.reformat(
        format="bgra",
        interpolation=flags | Interpolation.FULL_CHR_H_INT,
        src_colorspace=colorspace if yuv else None,
        src_color_range=(FULL_RANGE if full else 1) if yuv else None,
        dst_color_range=FULL_RANGE if yuv else None,
        threads=1,
    )
    bgra = _plane(picture, 0, 4).reshape(frame.height, frame.width, 4)
    colour = cv2.cvtColor(bgra, cv2.COLOR_BGRA2BGR)
    luma = cv2.cvtColor(colour, cv2.COLOR_BGR2GRAY)
    alpha = values.frozen(np.ascontiguousarray(bgra[:, :, 3]))
    if frame.format.has_palette:
        has_alpha = int(bgra[:, :, 3].min()) < 255
    else:
        has_alpha = any(part.is_alpha for part in frame.format.components)
    pixels = values.Decoded(values.frozen(colour), values.frozen(luma))
    return pixels, alpha if has_alpha else None


@lru_cache(maxsize=8)
def _range_table(part: Literal["luma", "chroma"], to: Literal["full", "limited"]) -> Bytes:
    levels = np.arange(256, dtype=np.float64)
    if part == "luma":
        moved = (levels - 16) * 255 / 219 if to == "full" else levels * 219 / 255 + 16
    else:
        moved = (levels - 128) * (255 / 224 if to == "full" else 224 / 255) + 128
    return np.clip(np.round(moved), 0, 255).astype(np.uint8)


def basis(matrix: Matrix) -> NDArray[np.float64]:
    """3×3 from B, G, R to Y, Pb, Pr (Pb and Pr in -½ to ½)."""
    red, blue = _WEIGHTS[matrix]
    luma = np.array([blue, 1 - red - blue, red])
    return np.array(
        [luma, ([1, 0, 0] - luma) / (2 * (1 - blue)), ([0, 0, 1] - luma) / (2 * (1 - red))]
    )


@lru_cache(maxsize=8)
def _to_yuv(matrix: Matrix) -> NDArray[np.float64]:
    """3×4 from B, G, R (0 to 255) to limited-range Y, U, V."""
    scale = np.diag([219 / 255, 224 / 255, 224 / 255])
    return np.column_stack([scale @ basis(matrix), [16, 128, 128]]).astype(np.float64)


@lru_cache(maxsize=8)
def to_bgr(matrix: Matrix, *, full_range: bool) -> NDArray[np.float64]:
    """3×4 from Y, U, V of 8 bits to B, G, R (0 to 255)."""
    spans = [255, 255, 255] if full_range else [219, 224, 224]
    turn = np.linalg.inv(basis(matrix)) @ np.diag([255 / span for span in spans])
    zero = [0 if full_range else 16, 128, 128]
    return np.column_stack([turn, -turn @ zero]).astype(np.float64)
