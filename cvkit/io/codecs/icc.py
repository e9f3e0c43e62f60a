"""Colour profiles: pictures whose numbers are not sRGB become it.

Profiles of three primaries with curves, and grey ones, are read here: that tells sRGB itself, by
what it does to colours and not by its name, and converts 16-bit and float pictures, which Pillow's
littlecms does not take. All else is littlecms': perceptual with black point compensation, as
ImageMagick does it.

Source: ICC.1:2022, IEC 61966-2-1.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from cvkit.core.values import DEPTHS
from cvkit.core.warp import Array
from cvkit.io.codecs.asked import Asked

_SRGB = np.array(  # primaries in D50, as sRGB profiles hold them; columns are red, green, blue
    [[0.43607, 0.38515, 0.14307], [0.22249, 0.71687, 0.06061], [0.01392, 0.09708, 0.71410]]
)
_PARAMETERS = {0: 1, 1: 3, 2: 4, 3: 5, 4: 7}
_MOST_TAGS = 200
_MOST_ENTRIES = 65536
Curve = Callable[[Array], Array]


@dataclass(frozen=True, slots=True)
class _Shaper:
    """Curves that make numbers linear, and the matrix from there to XYZ (None: grey)."""

    curves: tuple[Curve, ...]
    matrix: Array | None

    def to_srgb(self, values: Array) -> Array:
        """(…, 3) RGB, or (…) grey, 0 to 1, as sRGB's numbers; colours beyond it are clipped."""
        if self.matrix is None:
            return _encoded(self.curves[0](values))
        linear = np.stack([c(values[..., i]) for i, c in enumerate(self.curves)], axis=-1)
        onto = (np.linalg.inv(_SRGB) @ self.matrix).astype(linear.dtype)
        return _encoded(linear @ onto.T)


def to_srgb(array: Array, profile: bytes, asked: Asked) -> Array:
    """(h, w) or (h, w, 3) BGR as sRGB; the same array where it is that, or cannot be made that.

    What could not be done is said in `asked.notes`; no profile fails a picture.
    """
    if not profile or asked.keep_icc or is_srgb(profile):
        return array
    grey = array.ndim == 2
    space = bytes(profile[16:20])
    if space != (b"GRAY" if grey else b"RGB "):
        asked.notes.append("its ICC profile is for another kind of picture: colours left alone")
        return array
    shaper = _shaper(profile)
    if array.dtype == np.uint8 and not (grey and shaper):
        return _by_littlecms(array, profile, asked)
    if shaper is None:
        asked.notes.append(
            f"its ICC profile holds tables, which cvkit applies to 8-bit pictures only: this"
            f" {array.dtype} one keeps its numbers"
        )
        return array
    return _by_shaper(array, shaper)


def cmyk_to_srgb(cmyk: Array, profile: bytes, asked: Asked) -> Array | None:
    """(h, w, 3) BGR of (h, w, 4) uint8 ink (255 is full); None where the profile does not fit."""
    if bytes(profile[16:20]) != b"CMYK":
        return None
    import PIL.Image

    transform = _transform(profile, "CMYK")
    if transform is None:
        asked.notes.append("its ICC profile is broken: colours by the plain formula")
        return None
    from PIL import ImageCms

    source = PIL.Image.fromarray(np.ascontiguousarray(cmyk), "CMYK")
    made: Any = ImageCms.applyTransform(source, transform)
    return np.ascontiguousarray(np.asarray(made)[:, :, ::-1])


@lru_cache(maxsize=32)
def is_srgb(profile: bytes) -> bool:
    """Whether applying it would change no colour by more than a level of 255."""
    if profile[16:20] not in (b"RGB ", b"GRAY"):
        return False
    shaper = _shaper(profile)
    if shaper is None:
        return b"sRGB" in _description(profile) or b"s\0R\0G\0B" in _description(profile)
    steps = np.linspace(0, 1, 9 if shaper.matrix is not None else 256)
    grid = steps
    if shaper.matrix is not None:
        grid = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(-1, 3)
    return bool(np.abs(shaper.to_srgb(grid) - grid).max() <= 1 / 255)


def fits(profile: bytes, array: Array) -> bool:
    """Whether a file of this array (h, w[, n]) may hold the profile."""
    colour = array.ndim == 3 and array.shape[2] >= 3
    return bytes(profile[16:20]) == (b"RGB " if colour else b"GRAY")


def _by_littlecms(array: Array, profile: bytes, asked: Asked) -> Array:
    import PIL.Image
    from PIL import ImageCms

    grey = array.ndim == 2
    transform = _transform(profile, "L" if grey else "RGB")
    if transform is None:
        asked.notes.append("its ICC profile is broken: colours left alone")
        return array
    source = PIL.Image.fromarray(array if grey else np.ascontiguousarray(array[:, :, ::-1]))
    made = np.asarray(ImageCms.applyTransform(source, transform))
    return np.ascontiguousarray(made[:, :, 1] if grey else made[:, :, ::-1])


@lru_cache(maxsize=8)
def _transform(profile: bytes, mode: str) -> Any | None:  # noqa: ANN401 - Pillow's is untyped
    """From pictures of Pillow's `mode` to its RGB; None for a profile that littlecms refuses."""
    import io

    from PIL import ImageCms

    try:
        return ImageCms.buildTransform(
            ImageCms.ImageCmsProfile(io.BytesIO(profile)),
            ImageCms.createProfile("sRGB"),
            mode,
            "RGB",
            ImageCms.Intent.PERCEPTUAL,
            ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None


def _by_shaper(array: Array, shaper: _Shaper) -> Array:
    """Any depth, by rows, so that a big picture needs little more than itself."""
    top = DEPTHS[array.dtype.name]
    out = np.empty_like(array)
    for start in range(0, array.shape[0], 64):
        part = array[start : start + 64]
        values = (part if part.ndim == 2 else part[:, :, ::-1]).astype(np.float64) / top
        made = shaper.to_srgb(values) * top
        made = np.rint(made) if array.dtype != np.float32 else made
        out[start : start + 64] = made if part.ndim == 2 else made[:, :, ::-1]
    return out


def _encoded(linear: Array) -> Array:
    held = np.clip(linear, 0, 1)
    bent = 1.055 * held ** (1 / 2.4) - 0.055
    encoded: Array = np.where(held <= 0.0031308, held * 12.92, bent)
    return encoded


@lru_cache(maxsize=32)
def _shaper(profile: bytes) -> _Shaper | None:
    """None for profiles with tables, in Lab, or broken."""
    try:
        tags = _tags(profile)
        if profile[20:24] != b"XYZ " or any(t in tags for t in (b"A2B0", b"A2B1", b"A2B2")):
            return None
        if profile[16:20] == b"GRAY":
            return _Shaper((_curve(tags[b"kTRC"]),), None)
        curves = tuple(_curve(tags[t]) for t in (b"rTRC", b"gTRC", b"bTRC"))
        rows = [struct.unpack_from(">3i", tags[t], 8) for t in (b"rXYZ", b"gXYZ", b"bXYZ")]
    except (struct.error, KeyError, ValueError):
        return None
    return _Shaper(curves, np.array(rows, np.float64).T / 65536)


def _tags(profile: bytes) -> dict[bytes, bytes]:
    (count,) = struct.unpack_from(">I", profile, 128)
    if count > _MOST_TAGS:
        raise ValueError("a profile holds too many tags")
    tags = {}
    for index in range(count):
        name, at, size = struct.unpack_from(">4sII", profile, 132 + 12 * index)
        tags[name] = profile[at : at + size]
    return tags


def _description(profile: bytes) -> bytes:
    try:
        return _tags(profile).get(b"desc", b"")
    except (struct.error, ValueError):
        return b""


def _curve(tag: bytes) -> Curve:
    """From 0…1 to linear 0…1. Raises struct.error or ValueError."""
    if tag[:4] == b"curv":
        (count,) = struct.unpack_from(">I", tag, 8)
        if count > _MOST_ENTRIES:
            raise ValueError("a curve is too long")
        if count <= 1:
            power = struct.unpack_from(">H", tag, 12)[0] / 256 if count else 1.0
            return lambda x: np.clip(x, 0, None) ** power
        table = np.frombuffer(tag, ">u2", count, 12).astype(np.float64) / 65535
        return lambda x: np.interp(x, np.linspace(0, 1, count), table)
    if tag[:4] != b"para":
        raise ValueError("a curve of no known kind")
    (kind,) = struct.unpack_from(">H", tag, 8)
    if kind not in _PARAMETERS:
        raise ValueError("a curve of no known kind")
    given = [v / 65536 for v in struct.unpack_from(f">{_PARAMETERS[kind]}i", tag, 12)]
    return _parametric(kind, given)


def _parametric(kind: int, given: list[float]) -> Curve:
    """ICC.1:2022, table 68: a power above `d`, a line below."""
    g, a, b, c, d, e, f = [*given, *[0.0] * (7 - len(given))]
    if kind == 0:
        a, b, d = 1, 0, 0
    elif kind in (1, 2):
        if a == 0:
            raise ValueError("a curve divides by nothing")
        c, d, e, f = 0, -b / a, given[3] if kind == 2 else 0, given[3] if kind == 2 else 0

    def curve(x: Array) -> Array:
        above = np.clip(a * x + b, 0, None) ** g + e
        value: Array = np.where(x >= d, above, c * x + f)
        return value

    return curve
