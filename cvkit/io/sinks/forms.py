"""Pixel formats as encoders take them, and pictures brought into them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, cast

import cv2
import numpy as np

from cvkit.core.depths import at_depth
from cvkit.core.errors import ParameterError
from cvkit.core.values import Image, Mask, eight_bit
from cvkit.core.warp import Array, Size
from cvkit.io.codecs.writing import laid_over
from cvkit.io.planes import (
    FULL_RANGE,
    NATIVE,
    SUBSAMPLING,
    Bytes,
    Layout,
    Matrix,
    Planes,
    basis,
    filled,
    frame_of,
    plane_shapes,
    reformatted,
)

if TYPE_CHECKING:
    import av

_PACKED = {"bgr0", "bgra", "gbrp", "gbrap", "rgb48le", "rgba64le", "gbrp16le", "gbrap16le"}
"""RGB formats that hold 8 or 16 bits, so that nothing is lost on the way."""
_TAGS: dict[Matrix, tuple[int, int, int]] = {"601": (6, 1, 1), "709": (1, 1, 1), "2020": (9, 9, 14)}
"""Matrix, primaries and transfer as H.273 numbers them. Pictures are seen as sRGB, whose primaries
and, for video, transfer are BT.709's."""
_RGB_TAGS = (0, 1, 13)


@dataclass(frozen=True, slots=True)
class Form:
    """A pixel format. `layout` is None for RGB; `full` where levels fill the whole range."""

    name: str
    layout: Layout | None
    bits: int
    alpha: bool
    full: bool

    def tags(self, matrix: Matrix) -> tuple[int, int, int]:
        """Matrix, primaries and transfer, as H.273 numbers them."""
        return _RGB_TAGS if self.layout is None else _TAGS[matrix]


@lru_cache(maxsize=64)
def form_of(pix_fmt: str) -> Form:
    """Raises ParameterError for a format that does not exist or is not written."""
    import av

    try:
        form = av.VideoFormat(pix_fmt)
    except ValueError as error:
        raise ParameterError(f"no pixel format {pix_fmt!r}", remedy="try yuv420p") from error
    parts = form.components
    bits = max((int(part.bits) for part in parts), default=0)
    alpha = any(part.is_alpha for part in parts)
    if pix_fmt in _PACKED:
        return Form(pix_fmt, None, bits, alpha, full=True)
    grays = pix_fmt.startswith("gray") and len(parts) == 1 and "f" not in pix_fmt
    if grays and (bits == 8 or pix_fmt.endswith("le")):
        return Form(pix_fmt, "gray", bits, alpha=False, full=True)
    names = {(shape[0], shape[1]): layout for layout, shape in SUBSAMPLING.items()}
    planar = pix_fmt.startswith(("yuv4", "yuvj4", "yuva4")) and not pix_fmt.endswith("be")
    layout = names.get((8 // form.chroma_width(8), 8 // form.chroma_height(8))) if planar else None
    if layout is None:
        raise ParameterError(
            f"pixel format {pix_fmt!r} is not written", remedy="try yuv420p, yuv422p or yuv444p"
        )
    return Form(pix_fmt, layout, bits, alpha, full=pix_fmt.startswith("yuvj"))


def is_written(pix_fmt: str) -> bool:
    """Whether pictures can be brought into it."""
    try:
        form_of(pix_fmt)
    except ParameterError:
        return False
    return True


def pictured(
    picture: Image | Mask,
    form: Form,
    matrix: Matrix,
    size: Size,
    background: tuple[int, int, int],
    say: Callable[[str], None],
) -> av.VideoFrame:
    """A frame of `size`, the last column and row repeated where it is larger than the picture.
    Transparency that the format cannot hold is laid over `background` (B, G, R)."""
    alpha = picture.alpha if isinstance(picture, Image) else None
    if alpha is not None and not form.alpha:
        say("transparency laid over the background: the video has none")
        picture = Image.of(laid_over(cast(Image, picture), background), picture.grid)
        alpha = None
    deep = isinstance(picture, Image) and picture.depth != "uint8"
    if deep and form.bits == 8:
        say("reduced to 8 bits: the video's format holds no more")
    if form.layout is None:
        frame = _rgb(picture, alpha, form)
        frame = frame if form.name == frame.format.name else frame.reformat(format=form.name)
        return _tagged(frame, form, matrix)
    if deep and form.bits > 8:
        planes = _deep(cast(Image, picture), form, matrix)
    else:
        planes = [_raised(p, form) for p in _planes(picture, form, matrix, background)]
    if form.alpha:
        planes.append(_scaled(alpha, picture.size, form.bits))
    return _tagged(filled(form.name, size, planes), form, matrix)


def _tagged(frame: av.VideoFrame, form: Form, matrix: Matrix) -> av.VideoFrame:
    """With its colours said, which ProRes asks of each frame."""
    frame.colorspace, frame.color_primaries, frame.color_trc = form.tags(matrix)
    frame.color_range = FULL_RANGE if form.full else 1
    return frame


def _planes(
    picture: Image | Mask, form: Form, matrix: Matrix, background: tuple[int, int, int]
) -> list[Bytes]:
    """The picture in 8 bits, in the form's layout and range."""
    layout = cast(Layout, form.layout)
    gray = isinstance(picture, Mask) or picture.space == "gray"
    if layout == "gray" or gray:
        level = picture.values if isinstance(picture, Mask) else eight_bit(picture.gray)
        if layout == "gray":
            return [cast(Bytes, level)]
        made = Planes.from_gray(cast(Bytes, level), layout=layout, matrix=matrix)
        return made.ranged(full=form.full).planes()
    assert isinstance(picture, Image)
    pixels = picture.pixels
    if not isinstance(pixels, Planes) or pixels.matrix != matrix:
        bgr = cast(Bytes, eight_bit(picture.bgr))
        made = Planes.from_bgr(bgr, layout=layout, matrix=matrix)
        return made.ranged(full=form.full).planes()
    pixels = pixels.ranged(full=form.full)
    return pixels.planes() if pixels.layout == layout else _relaid(pixels, layout)


def _relaid(pixels: Planes, layout: Layout) -> list[Bytes]:
    """With another sampling of chroma."""
    name = next(name for name, one in NATIVE.items() if one == layout)
    frame = frame_of(pixels, pixels.size)
    frame = reformatted(frame, name, full_range=pixels.full_range)
    return [
        np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[:h, :w]  # type: ignore[call-overload]
        for plane, (h, w) in zip(frame.planes, plane_shapes(pixels.size, layout), strict=True)
    ]


def _raised(plane: Array, form: Form) -> Array:
    """8 bits as the low bits of deeper samples have them."""
    if form.bits == 8:
        return plane
    if form.full:
        return _scaled(plane, (0, 0), form.bits)
    return plane.astype(np.uint16) << np.uint16(form.bits - 8)


def _scaled(plane: Array | None, size: Size, bits: int) -> Array:
    """Full-range samples in `bits` bits; None is opaque everywhere."""
    if plane is None:
        opaque = (1 << bits) - 1
        return np.full((size[1], size[0]), opaque, np.uint8 if bits == 8 else np.uint16)
    if bits == 8:
        return eight_bit(plane)
    if bits == 16:
        return at_depth(plane, "uint16")
    span = np.float32(((1 << bits) - 1) / 65535)
    whole = at_depth(plane, "uint16").astype(np.float32)
    return np.round(whole * span).astype(np.uint16)


def _deep(picture: Image, form: Form, matrix: Matrix) -> list[Array]:
    """Planes of more than 8 bits of a deep picture, exact to a rounding.

    FFmpeg's scaler is off by up to four levels of 1023 here.
    """
    layout = cast(Layout, form.layout)
    if layout == "gray":
        return [_scaled(picture.gray, picture.size, form.bits)]
    top = (1 << form.bits) - 1
    unit = 1 << (form.bits - 8)
    spans = [top, top, top] if form.full else [219 * unit, 224 * unit, 224 * unit]
    zeros = [0 if form.full else 16 * unit, 128 * unit, 128 * unit]
    bgr = at_depth(picture.bgr, "uint16").astype(np.float32) / np.float32(65535)
    yuv = cv2.transform(bgr, np.column_stack([np.diag(spans) @ basis(matrix), zeros]))
    shapes = plane_shapes(picture.size, layout)
    across, down = SUBSAMPLING[layout]
    planes = [yuv[:, :, 0]]
    h, w = yuv.shape[:2]
    chroma = cv2.copyMakeBorder(yuv, 0, -h % down, 0, -w % across, cv2.BORDER_REPLICATE)
    small = cv2.resize(chroma, shapes[1][::-1], interpolation=cv2.INTER_AREA)
    planes += [small[:, :, 1], small[:, :, 2]]
    return [np.clip(np.round(plane), 0, top).astype(np.uint16) for plane in planes]


def _rgb(picture: Image | Mask, alpha: Array | None, form: Form) -> av.VideoFrame:
    """In 8 or 16 bits, with alpha where the form has it."""
    import av

    depth = "uint8" if form.bits == 8 else "uint16"
    bgr = cv2.merge([picture.values] * 3) if isinstance(picture, Mask) else picture.bgr
    colour = at_depth(bgr, depth)
    if not form.alpha:
        name = "bgr24" if form.bits == 8 else "bgr48le"
        return av.VideoFrame.from_ndarray(np.ascontiguousarray(colour), format=name)
    cover = _scaled(alpha, picture.size, form.bits)
    if form.bits == 8:
        return av.VideoFrame.from_ndarray(np.dstack([colour, cover]), format="bgra")
    turned = np.dstack([colour[:, :, ::-1], cover])
    return av.VideoFrame.from_ndarray(np.ascontiguousarray(turned), format="rgba64le")
