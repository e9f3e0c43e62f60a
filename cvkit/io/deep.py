"""Video frames of more than 8 bits a channel, as pictures of 16."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from cvkit.core import values
from cvkit.core.warp import Array
from cvkit.io.planes import FULL_RANGE, SPACES, full_range_of, matrix_of

if TYPE_CHECKING:
    import av
    from av.video.format import VideoFormat


def bits_of(form: VideoFormat) -> int:
    """Bits of a channel of a pixel format."""
    return max((int(part.bits) for part in form.components), default=8)


def deep_pixels_of(frame: av.VideoFrame) -> tuple[values.Pixels, Array | None]:
    """A decoded frame as uint16, 0 to 65535 from black to white, and its alpha (h, w) where it has
    one: grey as (h, w), else BGR whose grey view is the luma that was stored."""
    form = frame.format
    alpha = any(part.is_alpha for part in form.components)
    if not form.is_rgb and len(form.components) == 1:
        return _gray(frame), None
    picture = _samples(_bgr(frame, "bgra64le" if alpha else "bgr48le"), 4 if alpha else 3)
    colour = np.ascontiguousarray(picture[:, :, :3])
    stored = form.name.startswith("yuv") and form.name.endswith("le")
    luma = _luma(frame) if stored else cv2.cvtColor(colour, cv2.COLOR_BGR2GRAY)
    clear = values.frozen(np.ascontiguousarray(picture[:, :, 3])) if alpha else None
    return values.Decoded(values.frozen(colour), values.frozen(luma)), clear


def _gray(frame: av.VideoFrame) -> values.Pixels:
    name = frame.format.name
    if name.endswith("be"):
        frame = frame.reformat(format=name[:-2] + "le", threads=1)
    return values.Plain(values.frozen(_luma(frame)))


def _luma(frame: av.VideoFrame) -> NDArray[np.uint16]:
    """Full-range luma of a frame whose first plane holds it in the low bits."""
    stored = _samples(frame, 1)[:, :, 0].astype(np.float32)
    bits = bits_of(frame.format)
    if full_range_of(frame):
        black, span = 0, (1 << bits) - 1
    else:
        black, span = 16 << (bits - 8), 219 << (bits - 8)
    scaled = (stored - black) * np.float32(65535 / span)
    return np.clip(np.round(scaled), 0, 65535).astype(np.uint16)


def _bgr(frame: av.VideoFrame, name: str) -> av.VideoFrame:
    from av.video.reformatter import Interpolation

    flags = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.BITEXACT
    yuv = not frame.format.is_rgb
    return frame.reformat(
        format=name,
        interpolation=flags | Interpolation.FULL_CHR_H_INT,
        src_colorspace=SPACES[matrix_of(frame.colorspace, frame.height)] if yuv else None,
        src_color_range=(FULL_RANGE if full_range_of(frame) else 1) if yuv else None,
        dst_color_range=FULL_RANGE if yuv else None,
        threads=1,
    )


def _samples(frame: av.VideoFrame, channels: int) -> NDArray[np.uint16]:
    """The first plane, (h, w, channels)."""
    plane = frame.planes[0]
    rows = np.frombuffer(plane, np.uint16).reshape(-1, plane.line_size // 2)  # type: ignore[call-overload]
    return rows[: plane.height, : plane.width * channels].reshape(  # type: ignore[no-any-return]
        plane.height, plane.width, channels
    )
