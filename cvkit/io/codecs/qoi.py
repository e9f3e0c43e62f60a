"""QOI, by FFmpeg, which takes a hundredth of Pillow's time.

Source: https://qoiformat.org/qoi-specification.pdf
"""

from __future__ import annotations

import struct

from cvkit.core.values import Image
from cvkit.io.codecs.asked import Asked
from cvkit.io.codecs.stored import image
from cvkit.io.integrity import bounded, damaged

Bytes = bytes | memoryview

_HEADER = 14
_END = bytes(7) + b"\1"
_MOST_RUN = 62
"""Pixels that one byte can stand for."""


def read(data: Bytes, name: str, asked: Asked) -> Image:
    import av

    if len(data) < _HEADER + len(_END):
        raise damaged(name, "the QOI is cut inside its header")
    width, height, channels = struct.unpack_from(">IIB", data, 4)
    bounded((width, height), asked.max_pixels, name)
    if bytes(data[-len(_END) :]) != _END:
        raise damaged(name, "the QOI is cut: it has no end marker")
    if channels not in (3, 4) or (len(data) - _HEADER - len(_END)) * _MOST_RUN < width * height:
        raise damaged(name, "its QOI header says more than its data can hold")
    decoder = av.CodecContext.create("qoi", "r")
    try:
        frames = [*decoder.decode(av.Packet(bytes(data))), *decoder.decode(None)]
    except av.FFmpegError as error:
        raise damaged(name, f"the QOI decoder says: {error.strerror}") from error
    if not frames or (frames[0].width, frames[0].height) != (width, height):
        raise damaged(name, "its QOI data is broken")
    return image(frames[0].to_ndarray(format="bgra" if channels == 4 else "bgr24"))
