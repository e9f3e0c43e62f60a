"""Kinds of picture that Pillow knows: Photoshop, TGA, PCX, SGI, DDS, Sun raster.

Each is opened by its own plugin, whatever its first bytes resemble, and none of Pillow's errors or
warnings gets out. Of a Photoshop file the flattened picture is read, which it holds beside its
layers. Deeper levels than 8 bits are what Pillow makes of them, and that is said.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from cvkit.core.errors import OutputError
from cvkit.core.values import Image
from cvkit.core.warp import Array
from cvkit.io.codecs import icc
from cvkit.io.codecs.asked import Asked
from cvkit.io.codecs.formats import NAMES
from cvkit.io.codecs.sniff import HEAD, told
from cvkit.io.codecs.stored import image
from cvkit.io.integrity import bounded, damaged, unsupported

if TYPE_CHECKING:
    from PIL.Image import Image as Opened

Bytes = bytes | memoryview

_PLUGINS = {
    "psd": ("PsdImagePlugin", "PsdImageFile"),
    "tga": ("TgaImagePlugin", "TgaImageFile"),
    "pcx": ("PcxImagePlugin", "PcxImageFile"),
    "sgi": ("SgiImagePlugin", "SgiImageFile"),
    "dds": ("DdsImagePlugin", "DdsImageFile"),
    "sun": ("SunImagePlugin", "SunImageFile"),
    "jp2": ("Jpeg2KImagePlugin", "Jpeg2KImageFile"),
}
"""Pillow's module and class of each format."""
_SAVED = {"jp2": "JPEG2000"}
_PSD_MODES = {0: "bilevel", 1: "grey", 2: "palette", 3: "RGB", 4: "CMYK", 8: "duotone", 9: "Lab"}
_DDS_BLOCKS = {
    b"DXT1": 8,
    b"ATI1": 8,
    b"BC4U": 8,
    b"DXT3": 16,
    b"DXT5": 16,
    b"ATI2": 16,
    b"BC5U": 16,
}


def read(data: Bytes, name: str, asked: Asked) -> Image:
    return read_as(told(bytes(data[:HEAD]), name) or "", data, name, asked)


def read_as(fmt: str, data: Bytes, name: str, asked: Asked) -> Image:
    """Raises DamagedError, or InputError for a kind that Pillow does not know."""
    if fmt == "psd":
        _psd(data, name)
    if fmt == "dds":
        _dds(data, name)
    opened = guarded(lambda: _open(fmt, data), fmt, name)
    bounded(opened.size, asked.max_pixels, name)
    guarded(opened.load, fmt, name)
    if fmt == "sgi" and data[3] == 2:
        asked.notes.append("its 16 bits a level are read as 8")
    return picture(opened, asked)


def encode(array: Array, fmt: str, *, quality: int | None, binary: bool) -> bytes:
    """TGA with runs, an icon of one size, or JPEG 2000 that is too small to be halved."""
    import PIL.Image

    rgb = array if array.ndim == 2 else array[:, :, [2, 1, 0, 3][: array.shape[2]]]
    out = io.BytesIO()
    options: dict[str, dict[str, Any]] = {
        "tga": {"compression": "tga_rle"},
        "ico": {"sizes": [array.shape[1::-1]]},
        "jp2": {"num_resolutions": 1, "irreversible": False},
    }
    try:
        made = PIL.Image.fromarray(np.ascontiguousarray(rgb))
        made.save(out, _SAVED.get(fmt, fmt.upper()), **options[fmt])
    except (OSError, ValueError) as error:
        raise OutputError(f"{NAMES[fmt]} cannot be encoded", why=str(error)) from error
    return out.getvalue()


def picture(opened: Opened, asked: Asked) -> Image:
    """What Pillow has loaded, its colour profile applied."""
    profile = opened.info.get("icc_profile") or b""
    if opened.mode == "CMYK":
        ink = np.asarray(opened)
        made = None if asked.keep_icc else icc.cmyk_to_srgb(ink, profile, asked)
        return image(np.asarray(opened.convert("RGB"))[:, :, ::-1] if made is None else made)
    if opened.mode == "I;16":
        return image(np.asarray(opened), profile=profile, asked=asked)
    if opened.mode in ("1", "L"):
        return image(np.asarray(opened.convert("L")), profile=profile, asked=asked)
    array = np.asarray(opened.convert("RGBA" if opened.has_transparency_data else "RGB"))
    bgr = np.ascontiguousarray(array[:, :, [2, 1, 0, 3][: array.shape[2]]])
    return image(bgr, gray=opened.mode in ("LA", "La"), profile=profile, asked=asked)


def _psd(data: Bytes, name: str) -> None:
    if len(data) < 26:
        raise damaged(name, "the Photoshop file is cut inside its header")
    bits, mode = struct.unpack_from(">HH", data, 22)
    if data[5] != 1:
        raise unsupported(name, "Photoshop's format for very big pictures (PSB) is not read")
    if mode not in _PSD_MODES or bits not in (1, 8):
        kind = _PSD_MODES.get(mode, "multichannel")
        raise unsupported(name, f"Photoshop files in {kind} of {bits} bits a channel are not read")


def _dds(data: Bytes, name: str) -> None:
    """Every size of the picture that the header promises must be there."""
    if len(data) < 128:
        raise damaged(name, "the DDS is cut inside its header")
    height, width = struct.unpack_from("<II", data, 12)
    (sizes,) = struct.unpack_from("<I", data, 28)
    code, bits = bytes(data[84:88]), int.from_bytes(data[88:92], "little")
    block = _DDS_BLOCKS.get(code)
    if block is None and code != bytes(4):
        return  # Pillow asks for the bytes of the largest
    needed = 128
    for level in range(min(max(sizes, 1), 32)):
        wide, high = max(width >> level, 1), max(height >> level, 1)
        blocks = -(-wide // 4) * -(-high // 4)
        needed += blocks * block if block else -(-wide * bits // 8) * high
    if needed > len(data):
        raise damaged(name, f"the DDS is cut: {needed - len(data)} bytes are missing")


def _open(fmt: str, data: Bytes) -> Any:  # noqa: ANN401 - a class by name
    module, title = _PLUGINS[fmt]
    return getattr(import_module(f"PIL.{module}"), title)(io.BytesIO(data))


def guarded(work: Callable[[], Any], fmt: str, name: str) -> Any:  # noqa: ANN401 - Pillow's own
    """What `work` gives. Plugins raise nearly anything on broken data, and all of it is damage."""
    try:
        return work()
    except MemoryError:
        raise
    except Exception as error:
        said = str(error).partition("\n")[0] or type(error).__name__
        if isinstance(error, RuntimeError) or "nsupported" in said or "nknown" in said:
            raise unsupported(
                name, f"{NAMES[fmt]} pictures of its kind are not read ({said})"
            ) from error
        raise damaged(name, f"the {NAMES[fmt]} decoder says: {said}") from error
