"""SVG drawings, by resvg (extra svg), at 96 of their pixels an inch; what is not drawn on is clear.

Nothing outside the file is opened: links to files and addresses are taken out first, and pictures
are drawn only where they lie in the file as data of PNG, JPEG, GIF or WebP. Texts are set
in the machine's own fonts.

Source: https://www.w3.org/TR/SVG11/coords.html#Units
"""

from __future__ import annotations

import re
import zlib
from xml.etree import ElementTree

import numpy as np

from cvkit.core.values import Image
from cvkit.core.warp import Size
from cvkit.io.codecs import extras
from cvkit.io.codecs.asked import Asked
from cvkit.io.codecs.stored import decoded, image
from cvkit.io.integrity import bounded, damaged

Bytes = bytes | memoryview

_DRAWN_AT = 96  # pixels an inch, as CSS has it
_UNITS = {
    "": 1,
    "px": 1,
    "in": 96,
    "cm": 96 / 2.54,
    "mm": 9.6 / 2.54,
    "pt": 96 / 72,
    "pc": 16,
    "q": 2.4 / 2.54,
}
_LENGTH = re.compile(r"\s*\+?(\d*\.?\d+(?:[eE][-+]?\d+)?)\s*(px|in|cm|mm|pt|pc|q|Q|)\s*$")
_INWARD = re.compile(r"\s*(#|data:image/(png|jpe?g|gif|webp)[;,])", re.IGNORECASE)
_LINK = re.compile(r"""(?:^\s*|url\(\s*['"]?)#([^'")\s]+)""")
_DEEPEST = 80  # resvg's stack ends between 100 and 150
_MOST_BYTES = 1 << 27
_UNSAID = (300.0, 150.0)  # of a drawing that says no size, as browsers have it


def read(data: Bytes, name: str, asked: Asked) -> Image:
    resvg = extras.load("svg")
    root = _parsed(data, name)
    size = _sized(root, asked.dpi, name, asked.max_pixels)
    _closed(root)
    _checked_depth(root, name)
    text = ElementTree.tostring(root, encoding="unicode")
    try:
        png = bytes(resvg.svg_to_bytes(svg_string=text))
    except (ValueError, RuntimeError, OSError) as error:
        raise damaged(name, f"the SVG cannot be drawn: {error}") from error
    array = decoded(png, name, "SVG", size)
    hidden = array.shape[2] == 4 and array[:, :, 3].min() < 255
    return image(array if hidden else np.ascontiguousarray(array[:, :, :3]))


def _parsed(data: Bytes, name: str) -> ElementTree.Element:
    """Expat opens nothing that entities name, and refuses those that swell without end."""
    try:
        text = bytes(data)
        if text[:2] == b"\x1f\x8b":
            inflate = zlib.decompressobj(wbits=31)
            text = inflate.decompress(text, _MOST_BYTES)
            if not inflate.eof:
                raise damaged(name, "its compressed SVG is cut, or too big")
        root = ElementTree.fromstring(text)
    except (ElementTree.ParseError, zlib.error, ValueError) as error:
        raise damaged(name, f"the SVG is cut or broken: {error}") from error
    if root.tag.rpartition("}")[2] != "svg":
        raise damaged(name, "its XML is no SVG")
    return root


def _sized(root: ElementTree.Element, dpi: float, name: str, max_pixels: int) -> Size:
    """Pixels of the picture, said in the drawing itself, so that it is drawn in just as many."""
    box = [
        float(n) for n in re.findall(r"[-+]?\d*\.?\d+(?:[eE][-+]?\d+)?", root.get("viewBox", ""))
    ]
    seen = (box[2], box[3]) if len(box) == 4 and min(box[2:]) > 0 else None
    wide, high = _length(root.get("width")), _length(root.get("height"))
    if seen and wide is None and high is not None:
        wide = high * seen[0] / seen[1]
    elif seen and high is None and wide is not None:
        high = wide * seen[1] / seen[0]
    natural = (wide or (seen or _UNSAID)[0], high or (seen or _UNSAID)[1])
    scale = dpi / _DRAWN_AT
    size = (max(round(natural[0] * scale), 1), max(round(natural[1] * scale), 1))
    bounded(size, max_pixels, name)
    if seen is None:
        root.set("viewBox", f"0 0 {natural[0]} {natural[1]}")
    root.set("width", str(size[0]))
    root.set("height", str(size[1]))
    return size


def _length(text: str | None) -> float | None:
    """In CSS pixels; None where unsaid, or a share of the page."""
    match = _LENGTH.match(text or "")
    return float(match[1]) * _UNITS[match[2].lower()] or None if match else None


def _closed(root: ElementTree.Element) -> None:
    """Without anything that leads out of the file, or into a drawing within it."""
    for element in root.iter():
        for key, value in list(element.attrib.items()):
            if key.rpartition("}")[2] == "href" and not _INWARD.match(value):
                del element.attrib[key]


def _checked_depth(root: ElementTree.Element, name: str) -> None:
    """Refuse what is nested so deeply, by itself or by what it refers to, that resvg crashes."""
    named = {element.get("id"): element for element in root.iter() if element.get("id")}
    heights: dict[ElementTree.Element, int] = {}
    above: set[ElementTree.Element] = set()

    def height(element: ElementTree.Element, depth: int) -> int:
        if element in heights or element in above:  # resvg leaves circles out by itself
            return heights.get(element, 0)
        if depth > _DEEPEST:
            raise damaged(name, "the SVG is nested too deeply to be drawn")
        above.add(element)
        links = (_LINK.findall(value) for value in element.attrib.values())
        others = [named[link] for one in links for link in one if link in named]
        most = max((height(below, depth + 1) for below in (*element, *others)), default=0)
        above.discard(element)
        heights[element] = most + 1
        return most + 1

    tallest = height(root, 0)
    for style in root.iter():
        if style.tag.rpartition("}")[2] == "style":
            linked = {named[link] for link in _LINK.findall(style.text or "") if link in named}
            solid = (e for e in linked if not e.tag.endswith("Gradient"))
            tallest += sum(height(element, 0) for element in solid)
    if tallest > _DEEPEST:
        raise damaged(name, "the SVG is nested too deeply to be drawn")
