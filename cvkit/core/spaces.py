"""Colour spaces: their channels, and the way there and back from BGR, as OpenCV converts.

Whole numbers are OpenCV's own; 8 bits hold hue as 0–179 (degrees halved). Floats, which in OpenCV
are degrees, percent and signed numbers, are brought to 0–1 by the ranges that 8 bits stand for:
hue 0–360, L 0–100, a and b −128–127, u −134–220, v −140–122.
CMYK is the plain one without inks' profiles: black is what all three have in common.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import cv2
import numpy as np

from cvkit.core.errors import InputError
from cvkit.core.values import Image, at_depth, eight_bit
from cvkit.core.warp import Array

Name = Literal["bgr", "rgb", "gray", "hsv", "hls", "lab", "luv", "ycrcb", "yuv", "xyz", "cmyk"]
Range = tuple[float, float]
_UNIT: Range = (0.0, 1.0)
_CODES = {
    "rgb": (cv2.COLOR_BGR2RGB, cv2.COLOR_RGB2BGR),
    "hsv": (cv2.COLOR_BGR2HSV, cv2.COLOR_HSV2BGR),
    "hls": (cv2.COLOR_BGR2HLS, cv2.COLOR_HLS2BGR),
    "lab": (cv2.COLOR_BGR2Lab, cv2.COLOR_Lab2BGR),
    "luv": (cv2.COLOR_BGR2Luv, cv2.COLOR_Luv2BGR),
    "ycrcb": (cv2.COLOR_BGR2YCrCb, cv2.COLOR_YCrCb2BGR),
    "yuv": (cv2.COLOR_BGR2YUV, cv2.COLOR_YUV2BGR),
    "xyz": (cv2.COLOR_BGR2XYZ, cv2.COLOR_XYZ2BGR),
}


@dataclass(frozen=True, slots=True)
class Space:
    """Keys of the channels with what they are in words, in the order in which they are stored."""

    channels: dict[str, str]
    ranges: tuple[Range, Range, Range] = (_UNIT, _UNIT, _UNIT)
    """OpenCV's ranges in floats."""
    tints: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    """What the other channels are, in 8 bits, where this one is shown in colours."""

    @property
    def wide(self) -> bool:
        """Whether OpenCV converts 16 bits too."""
        return self.ranges == (_UNIT, _UNIT, _UNIT)


_A: Range = (-128, 127)
_CHROMA = {"a": (160, 0, 128), "b": (160, 128, 0)}
SPACES: dict[str, Space] = {
    "bgr": Space({"b": "blue", "g": "green", "r": "red"}),
    "rgb": Space(
        {"r": "red", "g": "green", "b": "blue"}, tints={"r": (0,) * 3, "g": (0,) * 3, "b": (0,) * 3}
    ),
    "gray": Space({"y": "grey"}),
    "hsv": Space(
        {"h": "hue", "s": "saturation", "v": "value"},
        ((0, 360), _UNIT, _UNIT),
        {"h": (0, 255, 255)},
    ),
    "hls": Space(
        {"h": "hue", "l": "lightness", "s": "saturation"},
        ((0, 360), _UNIT, _UNIT),
        {"h": (0, 128, 255)},
    ),
    "lab": Space(
        {"l": "L lightness", "a": "a green-red", "b": "b blue-yellow"}, ((0, 100), _A, _A), _CHROMA
    ),
    "luv": Space(
        {"l": "L lightness", "u": "u green-red", "v": "v blue-yellow"},
        ((0, 100), (-134, 220), (-140, 122)),
        {"u": (160, 0, 136), "v": (160, 97, 0)},
    ),
    "ycrcb": Space(
        {"y": "Y luma", "cr": "Cr cyan-red", "cb": "Cb yellow-blue"},
        tints={"cr": (140, 0, 128), "cb": (140, 128, 0)},
    ),
    "yuv": Space(
        {"y": "Y luma", "u": "U yellow-blue", "v": "V cyan-red"},
        tints={"u": (140, 0, 128), "v": (140, 128, 0)},
    ),
    "xyz": Space({"x": "X", "y": "Y luminance", "z": "Z"}),
    "cmyk": Space(
        {"c": "cyan", "m": "magenta", "y": "yellow", "k": "black"},
        tints={"c": (0,) * 3, "m": (0,) * 3, "y": (0,) * 3, "k": (0,) * 3},
    ),
}


def into(picture: Array, name: str) -> Array:
    """(h, w) grey or (h, w, 3) BGR → (h, w, channels) in the same depth; `gray` is (h, w).

    Raises InputError where OpenCV does not convert that depth.
    """
    if name == "gray":
        return picture if picture.ndim == 2 else cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    if picture.ndim == 2:
        picture = cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR)
    if name == "bgr":
        return picture
    if name == "cmyk":
        return _cmyk(picture)
    _taken(picture, name)
    converted = cv2.cvtColor(picture, _CODES[name][0])
    if converted.dtype != np.float32 or SPACES[name].wide:
        return converted
    return cv2.transform(converted, _scaling(name, to_one=True))


def planes(picture: Array, name: str) -> list[Array]:
    """The channels of `into`, (h, w) each."""
    if name == "rgb" and picture.ndim == 3:
        return list(cv2.split(picture)[::-1])
    return list(cv2.split(into(picture, name)))


def plane(picture: Array, name: str, key: str) -> Array:
    """The channel of `into` with this key, (h, w)."""
    if name == "rgb":
        name = "bgr"
    return cv2.extractChannel(into(picture, name), list(SPACES[name].channels).index(key))


def back(array: Array, name: str) -> Array:
    """What `into` gave, as (h, w) grey where the space is grey, else (h, w, 3) BGR.

    Raises InputError where the array has not as many channels as the space.
    """
    channels = 1 if array.ndim == 2 else array.shape[2]
    if channels != len(SPACES[name].channels):
        raise InputError(
            f"{name} has {len(SPACES[name].channels)} channels, this picture has {channels}"
        )
    if name in ("gray", "bgr"):
        return array
    if name == "cmyk":
        return _from_cmyk(array)
    _taken(array, name)
    if array.dtype == np.float32 and not SPACES[name].wide:
        array = cv2.transform(array, _scaling(name, to_one=False))
    return cv2.cvtColor(array, _CODES[name][1])


def views(image: Image, name: str) -> dict[str, Array]:
    """The picture and each of its channels, (h, w, 3) BGR uint8, by their names in words."""
    whole = eight_bit(image.bgr)
    found = {"picture": whole}
    channels = SPACES[name].channels.items()
    for (key, words), one in zip(channels, planes(whole, name), strict=True):
        found[words] = tinted(one, name, key)
    if image.alpha is not None:
        found["alpha"] = cv2.cvtColor(eight_bit(image.alpha), cv2.COLOR_GRAY2BGR)
    return found


def tinted(one: Array, name: str, key: str) -> Array:
    """(h, w, 3) BGR of one 8-bit channel: in its colours where it stands for some, else grey."""
    tint = SPACES[name].tints.get(key)
    if tint is None:
        return cv2.cvtColor(one, cv2.COLOR_GRAY2BGR)
    place = list(SPACES[name].channels).index(key)
    levels = (*tint, 0)[: len(SPACES[name].channels)]
    whole = [np.full_like(one, level) for level in levels]
    whole[place] = one
    return back(cv2.merge(whole), name)


def _taken(array: Array, name: str) -> None:
    if array.dtype == np.uint16 and not SPACES[name].wide:
        raise InputError(
            f"{name} is for pictures of 8 bits and of floats, this one has 16 bits",
            remedy="put bit-depth --to float before it",
        )


def _scaling(name: str, *, to_one: bool) -> Array:
    """3×4 for `cv2.transform`: from OpenCV's ranges to 0–1, or from there to OpenCV's."""
    low, high = np.array(SPACES[name].ranges).T
    wide = high - low
    factor, offset = (1 / wide, -low / wide) if to_one else (wide, low)
    return np.column_stack([np.diag(factor), offset])


def _cmyk(picture: Array) -> Array:
    real = at_depth(picture, "float32")
    lightest = real.max(2, keepdims=True)
    inks = np.zeros_like(real)
    np.divide(lightest - real, lightest, out=inks, where=lightest > 0)
    return at_depth(np.concatenate([inks[..., ::-1], 1 - lightest], 2), picture.dtype.name)


def _from_cmyk(array: Array) -> Array:
    real = at_depth(array, "float32")
    light = (1 - real[..., 2::-1]) * (1 - real[..., 3:])
    return at_depth(np.ascontiguousarray(light), array.dtype.name)
