"""Video frames of more than 8 bits a channel, as pictures of 16."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from cvkit.core import values
from cvkit.core.warp import Array
from cvkit.io.planes import Matrix, full_range_of, matrix_of, to_bgr

if TYPE_CHECKING:
    import av
    from av.video.format import VideoFormat

Floats = NDArray[np.float32]

_WHITE = 65535
_PLANAR = re.compile(r"(yuva?4\d\dp|gbra?p|gray)(9|1\d)le")
# What packs its samples, in planes that hold the same numbers.
_UNPACKED = {"p0": "yuv420p", "p2": "yuv422p", "p4": "yuv444p", "y2": "yuv422p", "x2": "gbrp"}


def bits_of(form: VideoFormat) -> int:
    """Bits of a channel of a pixel format."""
    return max((int(part.bits) for part in form.components), default=8)


def deep_pixels_of(frame: av.VideoFrame) -> tuple[values.Pixels, Array | None]:
    """A decoded frame as uint16, 0 to 65535 from black to white, and its alpha (h, w) where it has
    one: grey as (h, w), else BGR whose grey view is the luma that was stored."""
    frame = _in_planes(frame)
    name, planes = frame.format.name, _planes(frame)
    bits = bits_of(frame.format)
    if name.startswith("gbr"):
        green, blue, red, *more = (_whole(p * np.float32(_WHITE / _most(bits))) for p in planes)
        colour = np.dstack([blue, green, red])
        return _pixels(colour, cv2.cvtColor(colour, cv2.COLOR_BGR2GRAY)), _alpha(more)
    full = full_range_of(frame)
    black, span = (0, _most(bits)) if full else (16 << (bits - 8), 219 << (bits - 8))
    luma = _whole((planes[0] - np.float32(black)) * np.float32(_WHITE / span))
    if len(planes) == 1:
        return values.Plain(values.frozen(luma)), None
    colour = _colour(planes[:3], 2.0 ** (bits - 8), to_bgr(_matrix(frame), full_range=full))
    clear = [_whole(p * np.float32(_WHITE / _most(bits))) for p in planes[3:]]
    return _pixels(colour, luma), _alpha(clear)


def _matrix(frame: av.VideoFrame) -> Matrix:
    return matrix_of(frame.colorspace, frame.height)


def _most(bits: int) -> int:
    return (1 << bits) - 1


def _in_planes(frame: av.VideoFrame) -> av.VideoFrame:
    """The same numbers, one channel a plane."""
    form = frame.format
    if _PLANAR.fullmatch(form.name):
        return frame
    alpha = any(part.is_alpha for part in form.components)
    bits = bits_of(form)
    name = _UNPACKED.get(form.name[:2], "")
    if name:
        name += f"{bits}le"
    elif form.name.endswith("be") and _PLANAR.fullmatch(form.name[:-2] + "le"):
        name = form.name[:-2] + "le"
    else:
        name = "gbrap16le" if alpha else "gbrp16le"
    return frame.reformat(format=name, threads=1)


def _planes(frame: av.VideoFrame) -> list[Floats]:
    """Each plane (h, w)."""
    out = []
    for plane in frame.planes:
        rows = np.frombuffer(plane, np.uint16)  # type: ignore[call-overload]
        rows = rows.reshape(-1, plane.line_size // 2)
        out.append(rows[: plane.height, : plane.width].astype(np.float32))
    return out


def _colour(yuv: list[Floats], scale: float, back: NDArray[np.float64]) -> NDArray[np.uint16]:
    """BGR by the standard's equations; a chroma sample covers the pixels it was made from."""
    h, w = yuv[0].shape
    matrix = back * (_WHITE / 255)
    matrix[:, :3] /= scale
    whole = []
    for plane in yuv:
        down, across = -(-h // plane.shape[0]), -(-w // plane.shape[1])
        if (down, across) != (1, 1):
            size = (plane.shape[1] * across, plane.shape[0] * down)
            plane = cast(Floats, cv2.resize(plane, size, interpolation=cv2.INTER_NEAREST)[:h, :w])
        whole.append(plane)
    return _whole(cast(Floats, cv2.transform(cv2.merge(whole), matrix)))


def _whole(plane: Floats) -> NDArray[np.uint16]:
    return np.clip(np.rint(plane), 0, _WHITE).astype(np.uint16)


def _pixels(colour: Array, luma: Array) -> values.Pixels:
    return values.Decoded(values.frozen(colour), values.frozen(luma))


def _alpha(more: list[NDArray[np.uint16]]) -> Array | None:
    return values.frozen(more[0]) if more else None
